import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { inputsHeader } from '../../src/cluster/records/input-table.ts';
import { inputsFile, recordFile } from '../../src/cluster/records/layout.ts';
import { formatRecord, type PartRecord, sealRecord } from '../../src/cluster/records/part-record.ts';
import { fingerprintOf } from '../../src/features/manifest/fingerprint.ts';
import { manifestFile } from '../../src/features/manifest/layout.ts';
import type { Manifest } from '../../src/features/manifest/manifest.ts';
import { formatManifest, sealManifest } from '../../src/features/manifest/manifest-file.ts';
import { aboutRun, writeDocument } from './shared/document.ts';
import { drawnFields } from './shared/drawn-fields.ts';
import { benchOptions } from './shared/options.ts';

const purpose = `Measures time and memory of merging the records and tables of many parts.
10000 parts of 100000 rows are --parts 10000 --rows 100000: about 170 bytes of record and 400 of tables for each row.`;

const root = fileURLToPath(new URL('../..', import.meta.url));

interface ScaleFigures {
  readonly parts: number;
  readonly rowsPerPart: number;
  readonly rows: number;
  readonly duplicates: number;
  /** Records and tables of the parts, in bytes. */
  readonly recordBytes: number;
  readonly drawSeconds: number;
  readonly mergeSeconds: number;
  readonly processorSeconds: number;
  /** Peak resident memory of the merging process, and of an idle one with the same code. */
  readonly peakMB: number;
  readonly idleMB: number;
}

export async function run(args: readonly string[]): Promise<void> {
  const values = benchOptions(args, 'scale', purpose, {
    parts: ['number of parts', 'N', '10000'],
    rows: ['rows of a part; one merge for each', 'N,N,…', '100,200,400'],
    copies: ['percentage of images with the bytes of an earlier one', 'P', '1'],
    folder: ['where the records are written', 'FOLDER', tmpdir()],
    out: ['write the results as JSON', 'FILE'],
  });
  if (values === undefined) return;
  const parts = Number(values.parts);
  const figures: ScaleFigures[] = [];
  console.log('     parts   rows each         rows   duplicates   seconds   processor   us/row   peak MB   (idle)');
  for (const rowsPerPart of values.rows.split(',').map(Number)) {
    const folder = await mkdtemp(join(values.folder, 'featuretap-scale-'));
    try {
      const figure = await measure(folder, parts, rowsPerPart, Number(values.copies) / 100);
      figures.push(figure);
      print(figure);
    } finally {
      await rm(folder, { recursive: true });
    }
  }
  if (values.out !== undefined) writeDocument(values.out, { ...aboutRun('scale', args), figures });
}

function print({
  parts,
  rowsPerPart,
  rows,
  duplicates,
  mergeSeconds,
  processorSeconds,
  peakMB,
  idleMB,
}: ScaleFigures): void {
  const cells: readonly (readonly [string | number, number])[] = [
    [parts, 10],
    [rowsPerPart, 12],
    [rows, 13],
    [duplicates, 13],
    [mergeSeconds.toFixed(1), 10],
    [processorSeconds.toFixed(1), 12],
    [((processorSeconds / rows) * 1e6).toFixed(1), 9],
    [peakMB.toFixed(0), 10],
    [`(${idleMB.toFixed(0)})`, 9],
  ];
  console.log(cells.map(([cell, width]) => String(cell).padStart(width)).join(''));
}

async function measure(folder: string, parts: number, rowsPerPart: number, copies: number): Promise<ScaleFigures> {
  let started = performance.now();
  const recordBytes = await drawParts(folder, parts, rowsPerPart, copies);
  const drawSeconds = (performance.now() - started) / 1000;
  started = performance.now();
  // In a new process with unused memory.
  const source = `
    import { mergeTablesOfParts } from './scripts/bench/scale/merge-drawn.ts';
    const idleMB = process.resourceUsage().maxRSS / 1024;
    const { counts } = await mergeTablesOfParts(${JSON.stringify(folder)}, ${parts});
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    console.log(JSON.stringify({ counts, idleMB, peakMB: maxRSS / 1024, processorSeconds: (userCPUTime + systemCPUTime) / 1e6 }));`;
  const command = ['--import', 'tsx', '--input-type=module', '-e', source];
  const { stdout, stderr, status } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  const mergeSeconds = (performance.now() - started) / 1000;
  const { counts, ...resources } = JSON.parse(stdout) as {
    counts: { kept: number; duplicate: number; total: number };
  } & Pick<ScaleFigures, 'peakMB' | 'idleMB' | 'processorSeconds'>;
  const rows = parts * rowsPerPart;
  if (counts.total !== rows) throw new Error(`${counts.total} inputs of ${rows}`);
  return {
    parts,
    rowsPerPart,
    rows,
    duplicates: counts.duplicate,
    recordBytes,
    drawSeconds,
    mergeSeconds,
    ...resources,
  };
}

/**
 * Writes the records and the table of every part; input i is in part i modulo N, as even as a hash.
 *
 * @returns bytes written
 */
async function drawParts(folder: string, count: number, rowsPerPart: number, copies: number): Promise<number> {
  const total = count * rowsPerPart;
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const state = join(folder, '.parts', `${index}-of-${count}`, '0001');
    await mkdir(state, { recursive: true });
    const hash = createHash('sha256');
    const stream = createWriteStream(join(state, inputsFile));
    let block = `${inputsHeader(false)}\n`;
    for (let row = 0; row < rowsPerPart; row++) {
      const place = row * count + index;
      block += drawnLine(place, row, copies);
      if (block.length < 1 << 18 && row < rowsPerPart - 1) continue;
      hash.update(block);
      bytes += block.length;
      stream.write(block);
      block = '';
    }
    stream.end();
    await finished(stream);
    const manifest = drawnManifest(rowsPerPart);
    await writeFile(join(state, manifestFile), formatManifest(manifest));
    const record: PartRecord = sealRecord({
      formatVersion: 2,
      part: { index, count },
      fingerprint: manifest.fingerprint,
      fields: drawnFields,
      manifestSha256: manifest.sha256,
      inputsSha256: hash.digest('hex'),
      list: { sha256: '1'.repeat(64), ownSha256: '2'.repeat(64), imageCount: total, missingCount: 0 },
      data: '/data/drawn',
      counts: { kept: rowsPerPart, missing: 0, unreadable: 0, failed: 0 },
      reasons: [],
      run: { host: 'drawn', seconds: 1, images: rowsPerPart, finished: '2026-01-01T00:00:00.000Z' },
    });
    await writeFile(join(state, recordFile), formatRecord(record));
  }
  return bytes;
}

/** Manifest of a part with one shard, as far as a merge of its tables reads it. */
function drawnManifest(rowCount: number): Manifest {
  const sha256 = '3'.repeat(64);
  return sealManifest({
    formatVersion: 1,
    fingerprint: fingerprintOf(drawnFields),
    fields: drawnFields,
    rowCount,
    imageCount: rowCount,
    rowShape: [2048],
    dims: 2048,
    shards: [{ file: 'features-00000.npy', rowCount, sha256 }],
    indexSha256: sha256,
    labelsSha256: sha256,
    outcomesSha256: sha256,
    counts: { kept: rowCount, duplicate: 0, missing: 0, unreadable: 0, failed: 0, total: rowCount },
    madeBy: {
      featuretap: 'bench',
      engine: 'onnx',
      engineVersion: '0',
      device: 'cpu',
      weights: 'drawn',
      data: '/data/drawn',
    },
    canary: Buffer.from(new Float32Array(2048).buffer).toString('base64'),
  });
}

/** A line as long as in a folder of a thousand classes; some images have another one's bytes. */
function drawnLine(place: number, row: number, copies: number): string {
  const isCopy = place > 0 && Math.floor(place * copies) !== Math.floor((place - 1) * copies);
  const owner = isCopy ? Math.floor(place * 0.618) : place;
  const sha256 = createHash('sha256').update(String(owner)).digest('hex');
  const id = `class-${String(place % 1000).padStart(4, '0')}/photo-${String(place).padStart(10, '0')}`;
  const times = '1795646643062536388,1795646643062536388';
  return `${place},${row},${id},${id}.jpg,${sha256},class-${String(place % 1000).padStart(4, '0')},${100_000 + (place % 50_000)},${times},kept,\n`;
}
