import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Input of all verbs, created once. */
export interface World {
  readonly root: string;
  /** Generated photos, one folder per class. */
  readonly data: string;
  /** A weights file of a tiny network. */
  readonly weights: string;
  /** Their feature set, the report of a head on it, and the same set in two unmerged parts. */
  readonly set: string;
  readonly report: string;
  readonly parts: string;
  /** Additional milliseconds of a program's first run. */
  readonly startMs: number;
}

/** A verb to be disturbed. Every new verb has an entry here. */
export interface TorturedVerb {
  readonly verb: string;
  /** Writes the verb's input files into an empty folder. */
  readonly prepare?: (world: World, place: string) => Promise<void>;
  readonly args: (world: World, place: string) => readonly string[];
  /** Files below the folder that have the same bytes after every successful run. */
  readonly same: RegExp;
  /** Suffix of files that must be complete whenever they exist, even if their bytes differ. */
  readonly ends?: Readonly<Record<string, RegExp>>;
  /** Whether files of `same` may be of an unfinished run, if a manifest says which of them count. */
  readonly goesOn?: boolean;
  /** Killed so many times as often as the others. Default: 1. */
  readonly timesAsManyKills?: number;
  /** Removes an input of the verb while it runs. @returns a function that restores it */
  readonly disturb: (world: World, place: string) => Promise<() => Promise<void>>;
}

/** More threads of the tiny network would wait for each other longer than they compute. */
const oneThread = ['--threads', '1'];
const recipe = ['--resize', '40', '--crop', '32', '--batch', '4'];
/** Small shards and a checkpoint after every batch, so that many files are being written at any moment. */
const often = ['--shard-mb', '0.02', '--checkpoint', '0'];

export function extractArgs({ data, weights }: Pick<World, 'data' | 'weights'>, cache: string): readonly string[] {
  const inputs = ['--data', data, '--weights', weights];
  return ['extract', ...inputs, '--cache', cache, '--name', 'set', ...recipe, ...often];
}

async function away(path: string): Promise<() => Promise<void>> {
  await rename(path, `${path}.away`);
  return () => rename(`${path}.away`, path);
}

export const torturedVerbs: readonly TorturedVerb[] = [
  {
    verb: 'extract',
    args: extractArgs,
    same: /(?:features-\d+\.npy|\.csv|manifest\.json)$/,
    goesOn: true,
    timesAsManyKills: 2,
    disturb: ({ data }) => away(join(data, 'class-1', 'photo-0001.jpg')),
  },
  {
    verb: 'classify',
    args: ({ set }, place) => [
      ...['classify', '--features', set, '--model', 'ridge,knn', '--test-size', '0.3', '--out', join(place, 'reports')],
    ],
    same: /(?:head\.safetensors|predictions\.csv)$/,
    ends: { 'report.json': /\n\}\n$/ },
    disturb: ({ set }) => away(join(set, 'labels.csv')),
  },
  {
    verb: 'compare',
    prepare: ({ report }, place) => cp(report, join(place, 'reports', 'one'), { recursive: true }),
    args: (_world, place) => ['compare', join(place, 'reports'), '--html', join(place, 'page.html')],
    same: /(?:model-card\.md|labels-to-check\.csv)$/,
    ends: { 'page.html': /<\/html>\s*$/ },
    disturb: (_world, place) => away(join(place, 'reports', 'one', 'predictions.csv')),
  },
  {
    verb: 'predict',
    args: ({ data, report }, place) => [
      ...['predict', '--head', report, '--submission', join(place, 'submission.csv'), join(data, 'class-0')],
      ...oneThread,
    ],
    same: /submission\.csv$/,
    disturb: ({ data }) => away(join(data, 'class-0', 'photo-0003.jpg')),
  },
  {
    verb: 'evidence',
    args: ({ data, report }, place) => [
      ...['predict', '--head', report, '--evidence', join(place, 'maps'), join(data, 'class-0')],
      ...oneThread,
    ],
    same: /\.evidence\.png$/,
    disturb: ({ report }) => away(join(report, 'head.safetensors')),
  },
  {
    verb: 'suggest',
    prepare: async ({ data }, place) => {
      await mkdir(join(place, 'new'));
      for (const name of (await readdir(join(data, 'class-2'))).sort().slice(0, 12)) {
        // An extra byte at the end makes it a different, unlabelled file.
        const bytes = Buffer.concat([await readFile(join(data, 'class-2', name)), Buffer.from([0])]);
        await writeFile(join(place, 'new', name), bytes);
      }
    },
    args: ({ report }, place) => [
      ...['suggest', '--head', report, '--from', join(place, 'new'), '--count', '5'],
      ...['--cache', join(place, 'cache'), '--out', join(place, 'suggestions'), '--batch', '4'],
      ...oneThread,
    ],
    same: /suggestions\.csv$/,
    ends: { 'suggestions/index.html': /<\/html>\s*$/ },
    disturb: (_world, place) => away(join(place, 'new', 'photo-0005.jpg')),
  },
  {
    verb: 'find',
    args: ({ data, set }, place) => [
      ...['find', join(data, 'class-1', 'photo-0001.jpg'), '--features', set, '--count', '5'],
      ...['--page', join(place, 'found', 'index.html')],
    ],
    same: /found\/index\.html$/,
    ends: { 'found/index.html': /<\/html>\s*$/ },
    disturb: ({ data }) => away(join(data, 'class-1', 'photo-0001.jpg')),
  },
  {
    verb: 'relabel',
    prepare: async ({ set }, place) => {
      const [, first = ''] = (await readFile(join(set, 'labels.csv'), 'utf8')).split('\n');
      const [id, label] = first.split(',');
      await writeFile(join(place, 'list.csv'), `id,correction\n${id},${label === 'class-0' ? 'class-1' : 'class-0'}\n`);
    },
    args: ({ set }, place) => [
      ...['relabel', join(place, 'list.csv'), '--features', set, '--to', join(place, 'own', 'labels.csv'), '--write'],
    ],
    same: /labels\.csv$/,
    disturb: ({ set }) => away(join(set, 'labels.csv')),
  },
  {
    verb: 'export',
    args: ({ report }, place) => ['export', '--head', report, '--to', join(place, 'head.onnx')],
    same: /head\.onnx$/,
    disturb: ({ report }) => away(join(report, 'head.safetensors')),
  },
  {
    verb: 'convert',
    args: ({ set }, place) => ['convert', set, '--to', 'npz', '--out', join(place, 'set.npz'), '--replace'],
    same: /set\.npz$/,
    disturb: ({ set }) => away(join(set, 'index.csv')),
  },
  {
    verb: 'merge',
    prepare: async ({ parts }, place) => {
      await mkdir(place, { recursive: true });
      await cp(parts, place, { recursive: true });
    },
    args: ({ data, weights }, place) => [
      ...['merge', '--data', data, '--weights', weights, '--cache', place, '--name', 'set', '--parts', '2'],
      ...recipe,
    ],
    same: /^set\/(?:features-\d+\.npy|(?:index|labels)\.csv)$/,
    goesOn: true,
    disturb: async ({ data }) => away(join(data, 'class-1', 'photo-0001.jpg')),
  },
];

/** Restores a folder to the verb's input. */
export async function startOver(verb: TorturedVerb, world: World, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  await verb.prepare?.(world, place);
}
