import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import type { Range } from './activation-ranges.ts';

/** A tensor stored as bytes: real value = (byte - zero) * scale. */
export interface Bytes {
  readonly tensor: string;
  readonly scale: string;
  readonly zero: string;
  readonly scaleValue: number;
}

/** Adds the scale and the zero of a range's 256 levels. */
export function byteLevels(builder: GraphBuilder, name: string, { low, high }: Range): Omit<Bytes, 'tensor'> {
  const scaleValue = Math.fround((high - low) / 255);
  const zero = Uint8Array.of(Math.round(-low / scaleValue));
  return {
    scale: builder.constant(`${name}.scale`, Float32Array.of(scaleValue), []),
    zero: builder.constant(`${name}.zero`, zero, []),
    scaleValue,
  };
}
