import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { test } from 'node:test';
import { projectRoot } from './reference.ts';

/** The rooms of src/ from the ground up: a file imports from its own room and from those named before it. */
const floors = [
  'system',
  'formats',
  'numerics',
  'rows',
  'metrics',
  'split',
  'features',
  'convert',
  'models',
  'classify',
  'extract',
  'report',
  'relabel',
  'export',
  'predict',
  'suggest',
  'library',
  'serve',
  'cluster',
  'cli',
];
/** `extract` and `classify` share only the feature set. */
const strangers = [['extract', 'classify', 'models', 'split', 'metrics']];
const mostFiles = 20;

const source = join(projectRoot, 'src');
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => /\.(ts|wat)$/.test(file));
const imports: readonly (readonly [from: string, to: string])[] = files
  .filter((file) => file.endsWith('.ts'))
  .flatMap((file) =>
    [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(
      ([, to]) => [file, posix.join(posix.dirname(file), to as string)] as const,
    ),
  );

test('a folder imports only from the floors below it', () => {
  const found = imports.filter(([from, to]) => {
    const [above, below] = [roomOf(from), roomOf(to)];
    return above !== undefined && above !== below && !floors.slice(0, floors.indexOf(above)).includes(below ?? '');
  });
  assert.deepEqual(found, []);
  const rooms = new Set(files.map(roomOf).filter((room) => room !== undefined));
  assert.deepEqual([...rooms].sort(), [...floors].sort(), 'every folder of src/ is a floor, and every floor a folder');
});

test('docs/architecture.md names every floor, in their order', () => {
  const text = readFileSync(join(projectRoot, 'docs', 'architecture.md'), 'utf8');
  const named = [...text.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, room]) => room);
  assert.deepEqual(named, floors);
});

test('the files and folders that the docs name are there', () => {
  // CONTRIBUTING.md walks through additions: these do not exist.
  const examples = /NAME|centroid|wasm-backbone|decode-sgi|libImaging/;
  for (const page of ['README.md', 'CONTRIBUTING.md', 'docs/architecture.md', 'docs/feature-set.md']) {
    const text = readFileSync(join(projectRoot, page), 'utf8');
    const named = [...text.matchAll(/`((?:src|scripts|test)\/[\w./-]+)`/g)].map(([, path = '']) => path);
    assert.deepEqual(
      named.filter((path) => !examples.test(path) && !existsSync(join(projectRoot, path))),
      [],
      page,
    );
  }
});

test('extract imports nothing of classify and its models, nor they of it', () => {
  for (const [one, ...others] of strangers) {
    const found = imports.filter(([from, to]) => roomOf(from) === one && others.includes(roomOf(to) as string));
    assert.deepEqual(found, []);
  }
});

/** `calibration` is the floor that they share. */
test('no model imports from another one', () => {
  const modelOf = (file: string): string | undefined => /^models\/(?!calibration\/)([^/]+)\//.exec(file)?.[1];
  const found = imports.filter(([from, to]) => {
    const [one, other] = [modelOf(from), modelOf(to)];
    return one !== undefined && other !== undefined && one !== other;
  });
  assert.deepEqual(found, []);
});

test('folders side by side import from each other in one direction', () => {
  const edges = new Map<string, Map<string, string>>();
  for (const [from, to] of imports) {
    const [above, below] = [dirname(from).split('/'), dirname(to).split('/')];
    const common = above.findIndex((folder, i) => folder !== below[i]);
    if (common < 0 || below[common] === undefined) continue;
    const [one, other] = [above.slice(0, common + 1).join('/'), below.slice(0, common + 1).join('/')];
    edges.set(one, (edges.get(one) ?? new Map<string, string>()).set(other, `${from} -> ${to}`));
  }
  for (const folder of edges.keys()) assert.equal(wayBack(edges, folder), undefined);
});

test(`no folder of src/, test/ and scripts/ has more than ${mostFiles} files`, () => {
  const counts = new Map<string, number>();
  for (const top of ['src', 'test', 'scripts']) {
    for (const entry of readdirSync(join(projectRoot, top), { recursive: true, withFileTypes: true })) {
      const folder = relative(projectRoot, entry.parentPath);
      // Folders of golden files and of Python's bytecode are data.
      if (!entry.isFile() || /^test.fixtures|__pycache__/.test(folder)) continue;
      counts.set(folder, (counts.get(folder) ?? 0) + 1);
    }
  }
  assert.deepEqual(
    [...counts].filter(([, count]) => count > mostFiles),
    [],
  );
});

function roomOf(file: string): string | undefined {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : undefined;
}

/** The imports that lead from a folder back to itself. */
function wayBack(edges: ReadonlyMap<string, ReadonlyMap<string, string>>, start: string): string | undefined {
  const ways: (readonly [folder: string, way: string])[] = [[start, '']];
  const seen = new Set<string>();
  for (const [folder, way] of ways) {
    for (const [next, step] of edges.get(folder) ?? []) {
      if (next === start) return `${way}${step}`;
      if (!seen.has(next)) ways.push([next, `${way}${step}, `]);
      seen.add(next);
    }
  }
  return undefined;
}
