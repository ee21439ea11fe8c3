import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import yargs from 'yargs';
import { describeLeftOut } from '../src/cli/extract/extract-output.ts';
import { askedExtract } from '../src/extract/asked-extract.ts';
import { countLeftOut } from '../src/extract/images/list/left-out.ts';
import { listInputs } from '../src/extract/open-run.ts';
import { extractOptions } from '../src/extract/options.ts';
import { UserError } from '../src/system/errors.ts';
import { readOptions } from '../src/system/options.ts';
import { drawTar, drawZip } from './formats/draw-archive.ts';
import { projectRoot } from './reference.ts';

interface Layout {
  /** Path below the test's folder → contents. */
  readonly files: Record<string, string>;
  readonly runs: { command: string; prints?: readonly string[]; error?: readonly string[] }[];
}

/** Every layout of docs/data.md: its tree, its tables, and what each command prints of it. */
function layouts(): readonly Layout[] {
  const text = readFileSync(join(projectRoot, 'docs', 'data.md'), 'utf8');
  const found: Layout[] = [];
  let command = '';
  for (const [, info = '', body = ''] of text.matchAll(/^```(\S+(?: [^\n]+)?)\n(.*?)^```$/gms)) {
    const lines = body.trimEnd().split('\n');
    if (info === 'tree') {
      found.push({ files: filesOf(lines), runs: [] });
      command = 'featuretap extract --data data';
      continue;
    }
    const layout = found.at(-1) as Layout;
    if (info.startsWith('table ')) {
      const path = `data/${info.slice('table '.length)}`;
      assert.ok(path in layout.files, `${path} is not in its tree`);
      layout.files[path] = body;
    } else if (info === 'sh') command = body.trim();
    else if (info === 'prints') layout.runs.push({ command, prints: lines });
    else if (info === 'error') layout.runs.push({ command, error: lines });
    else assert.fail(`an unknown block: ${info}`);
  }
  return found;
}

/** Indented names: folders end in a slash; `NAME = CONTENTS` for a file whose contents matter. */
function filesOf(lines: readonly string[]): Record<string, string> {
  const files: Record<string, string> = {};
  const folders: string[] = [];
  for (const line of lines) {
    const depth = line.search(/\S/) / 2;
    const [name = '', contents = 'x'] = line.trim().split(' = ');
    folders.length = depth;
    if (name.endsWith('/')) folders.push(name);
    else files[folders.join('') + name] = contents;
  }
  return files;
}

/** Writes a layout's files; those below NAME.zip/ and NAME.tar/ into such an archive. */
function write(root: string, files: Record<string, string>): void {
  const archives = new Map<string, Record<string, Buffer>>();
  for (const [path, contents] of Object.entries(files)) {
    const [, archive, inner] = /^(.*?\.(?:zip|tar))\/(.*)$/.exec(path) ?? [];
    if (archive !== undefined && inner !== undefined) {
      archives.set(archive, { ...archives.get(archive), [inner]: Buffer.from(contents) });
      continue;
    }
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), contents);
  }
  for (const [archive, inner] of archives) {
    mkdirSync(dirname(join(root, archive)), { recursive: true });
    writeFileSync(join(root, archive), archive.endsWith('.zip') ? drawZip(inner, { deflate: true }) : drawTar(inner));
  }
}

describe('docs/data.md shows what a run prints', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'featuretap-docs-'));
  const from = process.cwd();
  before(() => process.chdir(scratch));
  after(() => {
    process.chdir(from);
    rmSync(scratch, { recursive: true });
  });

  const all = layouts();
  test('for at least twenty layouts', () => assert.ok(all.length >= 20, String(all.length)));

  for (const { files, runs } of all) {
    for (const { command, prints, error } of runs) {
      const seen = (prints ?? error ?? []).join(' / ');
      test(`${Object.keys(files)[0]} …: ${seen.slice(0, 100)}`, async () => {
        rmSync(join(scratch, 'data'), { recursive: true, force: true });
        write(scratch, files);
        const words = command.match(/'[^']*'|\S+/g)?.map((word) => word.replaceAll("'", '')) ?? [];
        const options = await yargs(words.slice(2))
          .parserConfiguration({ 'parse-numbers': false })
          .string(['depth'])
          .parse();
        const { plan, policy } = askedExtract(readOptions(extractOptions, options));
        if (error !== undefined) {
          await assert.rejects(listInputs(plan, policy), (thrown) => {
            assert.ok(thrown instanceof UserError, String(thrown));
            for (const line of error) assert.ok(thrown.message.includes(line), `${line} is not in: ${thrown.message}`);
            return true;
          });
          return;
        }
        const list = await listInputs(plan, policy);
        assert.deepEqual([...list.reading, ...describeLeftOut(countLeftOut(list.leftOut))], prints);
      });
    }
  }
});
