import { readFileSync, writeFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { openNetwork, openBackbone } from '../src/extract/backbone/open-backbone.ts';
import { pruneTo } from '../src/extract/backbone/prune.ts';
import { encodeModel } from '../src/formats/onnx/encode.ts';
import { decodeModel } from '../src/formats/onnx/decode.ts';
import { calibrate } from '../src/extract/backbone/quantize/calibrate.ts';
import { buildInt8ResNet } from '../src/extract/backbone/quantize/int8-graph.ts';
import { openSession } from '../src/extract/backbone/ort-session.ts';
import { poolRows } from '../src/extract/pool.ts';
import { preprocessing, readStateDict } from './extract/backbone/fixtures.ts';
const stateDict = readStateDict('/work/shared/weights/resnet50-pqf.safetensors', 'resnet50');
const w = { kind: 'state-dict', stateDict } as const;
const pre = preprocessing(224, 256);
const net = openNetwork(w, 224);
const px = readFileSync('/tmp/bb_dogs100.u8');
const nCal = Number(process.argv[2] ?? 16);
let t = performance.now();
const stepI = Math.floor(100 / nCal);
const cal = new Uint8Array(nCal * 150528); for (let i = 0; i < nCal; i++) cal.set(px.subarray((99 - i) * 150528, (100 - i) * 150528), i * 150528);
const c = await calibrate(net, stateDict, pre, { seed: 0, images: [], pixels: { rowCount: nCal, crop: 224, bytesNHWC: cal } });
console.log('calibrate', performance.now() - t, 'json', JSON.stringify(c).length, 'rss', process.memoryUsage().rss / 1e6); t = performance.now();
const q = buildInt8ResNet(stateDict, pre, c);
console.log('build', performance.now() - t); t = performance.now();
const bytes = encodeModel(pruneTo(q.model, ['layer4.2']));
const s = await openSession(bytes, { device: 'cpu', optimizedModelPath: '/tmp/bb/opt.onnx' });
console.log('session', performance.now() - t, bytes.length);
const opt = decodeModel(readFileSync('/tmp/bb/opt.onnx'));
const counts: Record<string, number> = {}; for (const n of opt.graph.node) counts[`${n.domain ?? ''}:${n.opType}`] = (counts[`${n.domain ?? ''}:${n.opType}`] ?? 0) + 1;
console.log(counts);
const ref = new Float32Array(new Uint8Array(readFileSync('/work/shared/reference/dogs-first-100-features.npy').subarray(128)).buffer);
const B = Number(process.argv[3] ?? 8), N = Number(process.argv[4] ?? 64);
const P = 230; const buf = new Uint8Array(B * P * P * 3);
for (let i = 0; i < buf.length; i += 3) { buf[i] = 124; buf[i + 1] = 116; buf[i + 2] = 104; }
const cos: number[] = [];
t = performance.now(); const c0 = process.cpuUsage();
for (let i = 0; i + B <= N; i += B) {
  for (let r = 0; r < B; r++) for (let y = 0; y < 224; y++) { const from = (i + r) * 150528 + y * 672; buf.set(px.subarray(from, from + 672), ((r * P + y + 3) * P + 3) * 3); }
  const o = await s.run({ bytes: new ort.Tensor('uint8', buf, [B, P, P, 3]) });
  const f = poolRows({ rowCount: B, rowShape: [2048, 7, 7], data: o['layer4.2']!.data as Float32Array }, 'mean').data;
  for (let r = 0; r < B; r++) { let ab = 0, aa = 0, bb = 0; for (let k = 0; k < 2048; k++) { const a = f[r * 2048 + k]!, b = ref[(i + r) * 2048 + k]!; ab += a * b; aa += a * a; bb += b * b; } cos.push(ab / Math.sqrt(aa * bb)); }
}
const sec = (performance.now() - t) / 1000, cu = process.cpuUsage(c0);
console.log('img/s', (cos.length / sec).toFixed(1), 'cpu ms/img', ((cu.user + cu.system) / 1000 / cos.length).toFixed(2), 'cos mean', cos.reduce((a, b) => a + b) / cos.length, 'worst', Math.min(...cos), 'rss', process.memoryUsage().rss / 1e6);
