import type { Verb } from './verb.ts';

/** A verb as `--help` lists it; what it needs is loaded when it is asked for. */
export interface VerbEntry {
  /** As yargs takes it: `predict [images..]`. */
  readonly command: string;
  readonly describe: string;
  readonly load: () => Promise<Verb>;
}

/** Every verb, in the order in which `--help` lists them. */
export const verbs: readonly VerbEntry[] = [
  {
    command: 'extract',
    describe: 'run a frozen network over a folder of images and keep its features',
    load: async () => (await import('./extract/extract.ts')).extractVerb,
  },
  {
    command: 'classify',
    describe: 'train heads on a feature set, test them, write a report for each',
    load: async () => (await import('./classify/classify.ts')).classifyVerb,
  },
  {
    command: 'compare [reports..]',
    describe: 'put the reports of classify side by side, and write them as one page',
    load: async () => (await import('./compare.ts')).compareVerb,
  },
  {
    command: 'predict [images..]',
    describe: 'classify images with the head of a report',
    load: async () => (await import('./predict.ts')).predictVerb,
  },
  {
    command: 'export',
    describe: 'write the head of a report as an ONNX model, alone or behind its backbone',
    load: async () => (await import('./export.ts')).exportVerb,
  },
  {
    command: 'verify',
    describe: 'check every byte of a feature set, and mend it with --repair',
    load: async () => (await import('./verify.ts')).verifyVerb,
  },
  {
    command: 'plan',
    describe: 'write the jobs that make a feature set in parts on Slurm or Kubernetes, and submit them',
    load: async () => (await import('./cluster/plan.ts')).planVerb,
  },
  {
    command: 'merge',
    describe: 'check the parts of a feature set and put them together',
    load: async () => (await import('./cluster/merge.ts')).mergeVerb,
  },
  {
    command: 'status',
    describe: 'say how far the parts of a feature set are',
    load: async () => (await import('./cluster/status.ts')).statusVerb,
  },
  {
    command: 'taps',
    describe: 'list the tensors of a network that extract can keep, with their shapes',
    load: async () => (await import('./taps.ts')).tapsVerb,
  },
  {
    command: 'devices',
    describe: 'try every engine and device on one small batch, and say what is missing where one does not work',
    load: async () => (await import('./devices.ts')).devicesVerb,
  },
];
