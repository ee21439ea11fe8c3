import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { Network } from '../network.ts';
import { resolveTap } from '../taps.ts';

/** Operators that give a map [batch, channels, height, width] in a ResNet's graph. */
const mapOperators: readonly (string | undefined)[] = ['Conv', 'Relu', 'Add', 'MaxPool'];

/**
 * The network with the mean over a tap's map behind it, which the tap's name then stands for: [batch, channels]. A GPU
 * so gives back one number for the 49 of a ResNet's last map. As it was where the tap is not a map.
 *
 * @param network a ResNet as `buildResNet` gives it
 */
export function averageMap(network: Network, tap: string): Network {
  const { graph } = network.model;
  const tensor = resolveTap(network, tap);
  const maker = graph.node.find(({ output }) => output.includes(tensor));
  if (!mapOperators.includes(maker?.opType)) return network;
  const mean = `${tensor}/mean`;
  const stages = [{ name: tap, tensor: mean }, ...network.stages.filter(({ name }) => name !== tap)];
  // Two taps may be one tensor.
  if (graph.node.some(({ output }) => output.includes(mean))) return { ...network, stages };
  const builder = new GraphBuilder('mean');
  const pooled = builder.node('GlobalAveragePool', [tensor], {}, { outputs: [`${tensor}/pooled`] });
  builder.node('Flatten', [pooled], { axis: 1 }, { outputs: [mean] });
  const node = [...graph.node, ...builder.graph().node];
  return { ...network, model: { ...network.model, graph: { ...graph, node } }, stages };
}
