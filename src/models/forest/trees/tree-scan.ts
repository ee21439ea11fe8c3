import { growTo, runsModule, startModule } from '../../../numerics/web-assembly.ts';
import { maxBins } from './bins.kernel.ts';
import {
  type CutScan,
  featureGroup,
  fewBits,
  laneStart,
  lanes,
  manyBits,
  panelKeys,
  plainScan,
} from './tree-scan.kernel.ts';
import { treeScanModule } from './tree-scan-wasm.ts';

const PANEL_BYTES = 2 * panelKeys;

/** The WebAssembly scan, or the plain one without WebAssembly SIMD (x64 before SSE 4.1). */
export function openScan(rowCount: number, classCount: number): CutScan {
  return runsModule(treeScanModule) ? wasmScan(rowCount, classCount) : plainScan(rowCount, classCount);
}

/** The scan in WebAssembly SIMD (tree-scan.wat), with bitwise equal results. */
export function wasmScan(rowCount: number, classCount: number): CutScan {
  const wasm = startModule<'sortFew' | 'sortMany' | 'scan'>(treeScanModule);
  const startsAt = 16;
  const fewKeysAt = startsAt + 4 * maxBins;
  const tableAt = fewKeysAt + (featureGroup / lanes) * PANEL_BYTES;
  const weightsAt = tableAt + 16 * classCount;
  const classesAt = weightsAt + 8 * rowCount;
  const keysAt = classesAt + 4 * rowCount;
  const binsAt = keysAt + 4 * rowCount;
  growTo(wasm.memory, binsAt + rowCount);
  const { buffer } = wasm.memory;
  const found = new Float64Array(buffer, 0, 1);
  return {
    nodeWeight: new Float64Array(buffer, weightsAt, rowCount),
    nodeClass: new Int32Array(buffer, classesAt, rowCount),
    table: new Float64Array(buffer, tableAt, 2 * classCount),
    bins: new Uint8Array(buffer, binsAt, rowCount),
    fewKeys: new Uint16Array(buffer, fewKeysAt, (featureGroup / lanes) * panelKeys),
    weightSum: 0,
    squareSum: 0,
    classCount: 0,
    gain: 0,
    sortFew(featureCount, size) {
      for (let from = 0; from < featureCount; from += lanes) wasm.sortFew(fewKeysAt + 2 * laneStart(from), size);
    },
    cutFew(feature, size, minLeaf, floor) {
      const keys = fewKeysAt + 2 * laneStart(feature);
      return cut(this, keys, 2 * lanes, 0xffff, fewBits, size, minLeaf, floor);
    },
    cutMany(size, minLeaf, floor) {
      wasm.sortMany(binsAt, size, keysAt, startsAt);
      return cut(this, keysAt, 4, -1, manyBits, size, minLeaf, floor);
    },
  };

  function cut(
    scan: CutScan,
    keys: number,
    stride: number,
    mask: number,
    shift: number,
    size: number,
    minLeaf: number,
    floor: number,
  ): number {
    const { weightSum, squareSum, classCount: classes } = scan;
    const bin = wasm.scan(
      keys,
      stride,
      mask,
      shift,
      size,
      minLeaf,
      weightSum,
      squareSum,
      floor,
      weightsAt,
      classesAt,
      tableAt,
      classes,
    );
    if (bin >= 0) scan.gain = found[0] as number;
    return bin;
  }
}
