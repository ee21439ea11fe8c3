import type { StateDict } from '../../../src/extract/weights/state-dict.ts';
import { toFloat16 } from '../../../src/formats/half.kernel.ts';

/** Encodes a state dict as a .safetensors file of float16 tensors, to halve its size. */
export function encodeHalves({ tensors }: StateDict): Uint8Array {
  const header: Record<string, object> = {};
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    const { buffer, byteLength } = toFloat16(data);
    header[name] = { dtype: 'F16', shape, data_offsets: [end, end + byteLength] };
    parts.push(new Uint8Array(buffer, 0, byteLength));
    end += byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(json.length), true);
  return Buffer.concat([length, json, ...parts]);
}
