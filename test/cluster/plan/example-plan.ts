import type { KubernetesOptions } from '../../../src/cluster/plan/kubernetes.ts';
import type { ClusterPlan } from '../../../src/cluster/plan/plan.ts';

/** Names with special characters of the shell, sbatch and Kubernetes. */
export const awkward = `it's "50%" of $(HOME) & Zoë's 图片 #1`;

/** A plan as returned by `plan`, with the given changes. */
export function examplePlan(change: Partial<ClusterPlan> = {}): ClusterPlan {
  const [data, cache] = ['/data/dogs', '/scratch/features'];
  const shared = ['--data', data, '--name', 'dogs', '--cache', cache, '--weights', 'resnet50', '--threads', '4'];
  return {
    name: 'dogs',
    partCount: 8,
    imageCount: 10_000,
    listSeconds: 0.1,
    rate: 50,
    rateSource: 'measured by the last run on 4 cores',
    cpusPerTask: 4,
    gpusPerTask: 0,
    memoryGB: 3,
    program: ['featuretap'],
    extractArguments: shared,
    mergeArguments: shared,
    data,
    cache,
    weightsHome: `${cache}/.featuretap`,
    ...change,
  };
}

export const exampleOptions: KubernetesOptions = {
  image: 'registry.example/featuretap:1',
  dataClaim: { name: 'images', subPath: 'pets/dogs' },
  cacheClaim: { name: 'features' },
};
