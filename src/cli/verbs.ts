import type { VerbName } from '../system/own-command.ts';
import type { Verb } from './verb.ts';

/** A verb as `--help` lists it; its module is loaded on demand. */
interface VerbEntry {
  /** Positional arguments in yargs' syntax: `[images..]`. */
  readonly positionals?: string;
  /** Without positionals: the option that a stray word was probably meant for. */
  readonly wordOption?: string;
  readonly describe: string;
  readonly load: () => Promise<Verb>;
}

export const verbs: Readonly<Record<VerbName, VerbEntry>> = {
  extract: {
    wordOption: 'data',
    describe: 'run a frozen network over a folder of images and keep its features',
    load: async () => (await import('./extract/extract.ts')).extractVerb,
  },
  classify: {
    wordOption: 'features',
    describe: 'train heads on a feature set, test them, write a report for each',
    load: async () => (await import('./classify/classify.ts')).classifyVerb,
  },
  compare: {
    positionals: '[reports..]',
    describe: 'put the reports of classify side by side, and write them as one page',
    load: async () => (await import('./compare.ts')).compareVerb,
  },
  predict: {
    positionals: '[images..]',
    describe: 'classify images with the head of a report',
    load: async () => (await import('./predict.ts')).predictVerb,
  },
  serve: {
    wordOption: 'head',
    describe: 'classify photos over HTTP, and on a page to drop them on',
    load: async () => (await import('./serve.ts')).serveVerb,
  },
  find: {
    positionals: '[query]',
    describe: 'list the photos of a feature set that are nearest to words, or to a photo',
    load: async () => (await import('./find/find.ts')).findVerb,
  },
  suggest: {
    wordOption: 'from',
    describe: 'say which photos without labels a head learns most from, as a list and a page',
    load: async () => (await import('./suggest/suggest.ts')).suggestVerb,
  },
  relabel: {
    positionals: '[corrections]',
    describe: 'correct labels by a list that was looked through: says what would change, and changes it with --write',
    load: async () => (await import('./relabel/relabel.ts')).relabelVerb,
  },
  export: {
    wordOption: 'head',
    describe: 'write the head of a report as an ONNX model, alone or behind its backbone',
    load: async () => (await import('./export.ts')).exportVerb,
  },
  convert: {
    positionals: '[features..]',
    describe: 'write a feature set as one file that pandas, R, Orange or DuckDB open',
    load: async () => (await import('./convert.ts')).convertVerb,
  },
  verify: {
    positionals: '[features..]',
    describe: 'check every byte of a feature set, and repair it with --repair',
    load: async () => (await import('./verify.ts')).verifyVerb,
  },
  plan: {
    wordOption: 'data',
    describe: 'write the jobs that make a feature set in parts on Slurm or Kubernetes, and submit them',
    load: async () => (await import('./cluster/plan.ts')).planVerb,
  },
  merge: {
    wordOption: 'name',
    describe: 'check the parts of a feature set and put them together',
    load: async () => (await import('./cluster/merge.ts')).mergeVerb,
  },
  status: {
    wordOption: 'name',
    describe: 'show the progress of the parts of a feature set',
    load: async () => (await import('./cluster/status.ts')).statusVerb,
  },
  taps: {
    wordOption: 'weights',
    describe: 'list the tensors of a network that extract can keep, with their shapes',
    load: async () => (await import('./taps.ts')).tapsVerb,
  },
  backbones: {
    wordOption: 'cache',
    describe: 'list the networks that --weights knows by name: size, features, licence, and their speed here',
    load: async () => (await import('./backbones.ts')).backbonesVerb,
  },
  devices: {
    describe: 'try every engine and device on one small batch, and say what is missing where one does not work',
    load: async () => (await import('./devices.ts')).devicesVerb,
  },
};
