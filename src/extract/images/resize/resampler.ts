import { growTo, runsModule, startModule } from '../../../numerics/web-assembly.ts';
import { valueAt } from '../../../system/at.ts';
import { copyRGB, packTaps } from './pack-taps.kernel.ts';
import {
  end,
  plainResampler,
  type Resampler,
  type SourcePixels,
  type Taps,
  type TargetPixels,
} from './resize.kernel.ts';
import { resizeModule } from './resize-wasm.ts';

/** Source rows are passed in bands of about this size, which bounds the memory for large images. */
const bandBytes = 1 << 20;

/** The fast resampler, or the plain one on processors whose WebAssembly has no SIMD (x64 before SSE 4.1). */
export function openResampler(): Resampler {
  return runsModule(resizeModule) ? wasmResampler() : plainResampler();
}

/** Pillow's two passes in WebAssembly SIMD (resize.wat), exact; owns the memory that they work in. */
export function wasmResampler(): Resampler {
  const kernel = startModule<'horizontal' | 'vertical'>(resizeModule);
  return {
    resample(source: SourcePixels, columns: Taps, rows: Taps, target: TargetPixels): void {
      if (rows.count === 0 || columns.count === 0) return;
      const firstColumn = valueAt(columns.start, 0);
      const firstRow = valueAt(rows.start, 0);
      const usedColumns = end(columns) - firstColumn;
      const usedRows = end(rows) - firstRow;
      const rowBytes = columns.count * 3;
      // One byte more than the row, because the horizontal pass writes four bytes per pixel; whole steps of 8.
      const stride = (rowBytes + 8) & ~7;
      const sourceStride = usedColumns * 3;
      const across = packTaps(columns, 3);
      const down = packTaps(rows, stride);
      const bandRows = Math.max(1, Math.min(usedRows, Math.floor(bandBytes / sourceStride)));

      let size = 0;
      const place = (bytes: number): number => {
        const at = size;
        size += (bytes + 15) & ~15;
        return at;
      };
      const acrossAt = place(across.words.byteLength);
      const downAt = place(down.words.byteLength);
      // Taps of weight 0 read on: behind a band, and behind the last row between the passes.
      const bandAt = place(bandRows * sourceStride + across.pairs * 6 + 8);
      const betweenAt = place((usedRows + down.pairs * 2) * stride + 8);
      const outAt = place(rows.count * stride);
      growTo(kernel.memory, size);
      const memory = new Uint8Array(kernel.memory.buffer);
      new Int32Array(memory.buffer, acrossAt, across.words.length).set(across.words);
      new Int32Array(memory.buffer, downAt, down.words.length).set(down.words);

      for (let y = 0; y < usedRows; y += bandRows) {
        const count = Math.min(bandRows, usedRows - y);
        copyBand(source, firstColumn, usedColumns, firstRow + y, count, memory, bandAt);
        const to = betweenAt + y * stride;
        kernel.horizontal(bandAt, sourceStride, count, acrossAt, columns.count, across.pairs, to, stride);
      }
      kernel.vertical(betweenAt, stride, rowBytes, downAt, rows.count, down.pairs, outAt);
      for (let y = 0; y < rows.count; y++) {
        const from = outAt + y * stride;
        target.data.set(memory.subarray(from, from + rowBytes), target.offset + y * target.stride);
      }
    },
  };
}

/** Copies a rectangle of the source as RGB, rows one after the other. */
function copyBand(
  source: SourcePixels,
  firstColumn: number,
  columnCount: number,
  firstRow: number,
  rowCount: number,
  memory: Uint8Array,
  at: number,
): void {
  const { data, width, channels } = source;
  for (let y = 0; y < rowCount; y++) {
    const from = ((firstRow + y) * width + firstColumn) * channels;
    const to = at + y * columnCount * 3;
    if (channels === 3) memory.set(data.subarray(from, from + columnCount * 3), to);
    else copyRGB(data, from, columnCount, memory, to);
  }
}
