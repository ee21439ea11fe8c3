import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { encodeNpyText, npyHeader } from '../formats/npy/npy-write.ts';
import { transpose } from '../numerics/arrays.kernel.ts';
import type { ConvertedRows } from './converted-rows.ts';

interface Sink {
  write(bytes: Uint8Array): Promise<void>;
}

export const formatNames = ['npz', 'parquet', 'csv', 'safetensors', 'webdataset'] as const;
export type FormatName = (typeof formatNames)[number];

interface Format {
  readonly extension: string;
  /** How to open it, in Python. */
  readonly opened: (file: string) => string;
  readonly write: (rows: ConvertedRows, sink: Sink) => Promise<void>;
}

export const formats: Readonly<Record<FormatName, Format>> = {
  npz: {
    extension: '.npz',
    opened: (file) => `d = np.load('${file}'); X, y, ids = d['features'], d['labels'], d['ids']`,
    write: writeNpz,
  },
  parquet: {
    extension: '.parquet',
    opened: (file) => `pandas.read_parquet('${file}'), or in DuckDB: SELECT * FROM '${file}'`,
    write: writeParquet,
  },
  csv: { extension: '.csv', opened: (file) => `pandas.read_csv('${file}')`, write: writeCsv },
  safetensors: {
    extension: '.safetensors',
    opened: (file) => `safetensors.numpy.load_file('${file}')['features']`,
    write: writeSafetensors,
  },
  webdataset: {
    extension: '.tar',
    opened: (file) => `webdataset.WebDataset('${file}').decode().to_tuple('npy', 'cls')`,
    write: writeTar,
  },
};

/** Fixed time stamp in archives, so that equal rows give equal bytes. */
const noTime = new Date(Date.UTC(1980, 0, 1));

/** `features`, `labels` and `ids`, stored without compression; NumPy's text type for the last two. */
async function writeNpz(rows: ConvertedRows, sink: Sink): Promise<void> {
  const { ZipFile } = await import('yazl');
  const zip = new ZipFile();
  const options = { mtime: noTime, mode: 0o644, compress: false };
  zip.addBuffer(Buffer.from(encodeNpyText(rows.ids)), 'ids.npy', options);
  zip.addBuffer(Buffer.from(encodeNpyText(rows.labels)), 'labels.npy', options);
  const features = Readable.from(npyOf(rows), { objectMode: false });
  // A read error must end the archive instead of blocking it.
  features.on('error', (error) => (zip.outputStream as Readable).destroy(error));
  zip.addReadStream(features, 'features.npy', options);
  zip.end();
  for await (const chunk of zip.outputStream as AsyncIterable<Uint8Array>) await sink.write(chunk);
}

async function* npyOf({ rowCount, rowShape, blocks }: ConvertedRows): AsyncGenerator<Uint8Array> {
  yield npyHeader('<f4', [rowCount, ...rowShape]);
  for await (const block of blocks()) yield bytesOf(block);
}

/** Rows of a row group: some tens of megabytes of numbers. */
const groupBytes = 64 << 20;

/** `id`, `label` and one column per feature, `f0` and on, which every reader of tables takes. */
async function writeParquet(rows: ConvertedRows, sink: Sink): Promise<void> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer');
  const { columnCount, ids, labels } = rows;
  const bytes = new ByteWriter();
  const flush = async (): Promise<void> => {
    const whole = new Uint8Array(bytes.buffer, 0, bytes.index).slice();
    bytes.index = 0;
    await sink.write(whole);
  };
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  const names = Array.from({ length: columnCount }, (_, c) => `f${c}`);
  const writer = new ParquetWriter({
    writer: Object.assign(bytes, { flush, finish: flush }),
    createdBy: 'featuretap',
    schema: [
      { name: 'root', num_children: 2 + columnCount },
      { name: 'id', repetition_type: 'REQUIRED', ...text },
      { name: 'label', repetition_type: 'OPTIONAL', ...text },
      ...names.map((name) => ({ name, type: 'FLOAT', repetition_type: 'REQUIRED' }) as const),
    ],
  });
  const groupRows = Math.max(1, Math.floor(groupBytes / (4 * columnCount)));
  for await (const { start, data } of regrouped(rows, groupRows)) {
    const count = data.length / columnCount;
    const columns = transpose(data, count, columnCount, new Float32Array(data.length));
    await writer.write({
      columnData: [
        { name: 'id', data: ids.slice(start, start + count) },
        { name: 'label', data: labels.slice(start, start + count).map((label) => (label === '' ? null : label)) },
        ...names.map((name, c) => ({
          name,
          data: columns.subarray(c * count, (c + 1) * count),
          encoding: 'PLAIN' as const,
        })),
      ],
      rowGroupSize: count,
    });
  }
  await writer.finish();
}

async function* regrouped(
  { blocks, columnCount }: ConvertedRows,
  rowsAtOnce: number,
): AsyncGenerator<{ readonly start: number; readonly data: Float32Array }> {
  let start = 0;
  let parts: Float32Array[] = [];
  let held = 0;
  const joined = (): Float32Array => {
    const data = new Float32Array(held * columnCount);
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    return data;
  };
  for await (const block of blocks()) {
    parts.push(block);
    held += block.length / columnCount;
    if (held < rowsAtOnce) continue;
    yield { start, data: joined() };
    start += held;
    parts = [];
    held = 0;
  }
  if (held > 0) yield { start, data: joined() };
}

/** `id,label,f0,f1 …`: numbers with the nine digits that give the same float32 back. */
async function writeCsv(rows: ConvertedRows, sink: Sink): Promise<void> {
  const { columnCount, ids, labels, blocks } = rows;
  const header = ['id', 'label', ...Array.from({ length: columnCount }, (_, c) => `f${c}`)];
  await sink.write(Buffer.from(stringify([header])));
  let row = 0;
  for await (const block of blocks()) {
    const lines: string[] = [];
    for (let at = 0; at < block.length; at += columnCount, row++) {
      const head = stringify([[ids[row], labels[row]]]).trimEnd();
      const numbers = Array.from(block.subarray(at, at + columnCount), (value) => String(Number(value.toPrecision(9))));
      lines.push(`${head},${numbers.join(',')}\n`);
    }
    await sink.write(Buffer.from(lines.join('')));
  }
}

/** `features` (float32) and `labels` (int32, -1 for none); ids, labels and classes as JSON in the metadata. */
async function writeSafetensors(rows: ConvertedRows, sink: Sink): Promise<void> {
  const { rowCount, rowShape, columnCount, ids, labels, classes, blocks } = rows;
  const featureBytes = rowCount * columnCount * 4;
  const header = JSON.stringify({
    __metadata__: { ids: JSON.stringify(ids), labels: JSON.stringify(labels), classes: JSON.stringify(classes) },
    features: { dtype: 'F32', shape: [rowCount, ...rowShape], data_offsets: [0, featureBytes] },
    labels: { dtype: 'I32', shape: [rowCount], data_offsets: [featureBytes, featureBytes + rowCount * 4] },
  });
  const text = Buffer.from(header);
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  await sink.write(Buffer.concat([length, padded]));
  for await (const block of blocks()) await sink.write(bytesOf(block));
  await sink.write(bytesOf(Int32Array.from(classNumbers(labels, classes))));
}

/** One sample per image: KEY.npy, KEY.cls (the class's number; none without a label) and KEY.json with id and label. */
async function writeTar(rows: ConvertedRows, sink: Sink): Promise<void> {
  const { pack } = await import('tar-stream');
  const tar = pack();
  const written = (async () => {
    for await (const chunk of tar as AsyncIterable<Uint8Array>) await sink.write(chunk);
  })();
  // Awaited at the end; until then, a failure appears at the next entry.
  written.catch((error: Error) => tar.destroy(error));
  const entry = (name: string, bytes: Uint8Array): Promise<void> =>
    new Promise((resolve, reject) => {
      tar.once('error', reject);
      tar.entry({ name, mtime: noTime, mode: 0o644 }, Buffer.from(bytes), (error) => {
        tar.off('error', reject);
        if (error) reject(error);
        else resolve();
      });
    });
  const { rowShape, columnCount, ids, labels, classes, rowCount } = rows;
  const numbers = classNumbers(labels, classes);
  const digits = String(rowCount - 1).length;
  let row = 0;
  for await (const block of rows.blocks()) {
    for (let at = 0; at < block.length; at += columnCount, row++) {
      const key = String(row).padStart(digits, '0');
      const [id, label] = [ids[row], labels[row]];
      const features = bytesOf(block.subarray(at, at + columnCount));
      await entry(`${key}.npy`, Buffer.concat([npyHeader('<f4', rowShape), features]));
      if (label !== '') await entry(`${key}.cls`, Buffer.from(String(numbers[row])));
      await entry(`${key}.json`, Buffer.from(JSON.stringify(label === '' ? { id } : { id, label })));
    }
  }
  tar.finalize();
  await written;
}

/** -1 if there is no label. */
function classNumbers(labels: readonly string[], classes: readonly string[]): readonly number[] {
  const numberOf = new Map(classes.map((name, number) => [name, number]));
  return labels.map((label) => numberOf.get(label) ?? -1);
}

function bytesOf(numbers: Float32Array | Int32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength).slice();
}
