import '../../../system/no-telemetry.ts';
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import type { DeviceName } from '../../../features/manifest/manifest.ts';
import { encodeModel } from '../../../formats/onnx/encode.ts';
import { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';

/** Result of a small batch on a device. */
export type ProbeResult =
  | {
      readonly works: true;
      readonly values: readonly number[];
      /** Seconds of the first run, including compilation. */
      readonly firstSeconds: number;
      /** Seconds of the fastest later run. */
      readonly seconds: number;
    }
  | {
      readonly works: false;
      readonly message: string;
    };

/** Timeout of the probe; compiling shaders for a software GPU takes 10 s. */
const timeoutSeconds = 120;

/** Runs a small batch on a device in a separate process, because drivers may crash or write to stderr. */
export async function probeDevice(
  device: DeviceName,
  environment: Readonly<Record<string, string>> = {},
): Promise<ProbeResult> {
  const runtime = createRequire(import.meta.url).resolve('onnxruntime-node');
  const child = spawn(process.execPath, ['-e', probeScript, runtime, device, JSON.stringify(probeShape)], {
    env: { ...process.env, ...environment },
    stdio: 'pipe',
    timeout: timeoutSeconds * 1000,
  });
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  // If the child dies early, its input closes; the exit status tells what happened.
  child.stdin.on('error', () => undefined);
  child.stdin.end(Buffer.concat([bytesOf(probeInput()), probeModel()]));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.on('error', (error) => {
      errors.push(error.message);
      resolve([null, null]);
    });
    child.on('close', (...ending) => resolve(ending));
  });
  const answer = parseAnswer(output.join(''));
  if (answer?.works === true) return answer;
  const ending =
    code === 0 ? '' : signal === null ? `the process ended with code ${code}` : `the process ended by ${signal}`;
  const said = [answer?.message ?? ending, errors.join('').trim()].filter((text) => text !== '');
  return { works: false, message: said.join('\n') };
}

function collect(stream: NodeJS.ReadableStream): string[] {
  const parts: string[] = [];
  stream.setEncoding('utf8');
  stream.on('data', (part: string) => parts.push(part));
  return parts;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function parseAnswer(text: string): ProbeResult | undefined {
  // Libraries may write to stdout too: the answer is the last line.
  const line = text.trimEnd().split('\n').at(-1) ?? '';
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Plain JavaScript, which starts fast from sources and build alike. */
const probeScript = `
const [, runtime, device, shapeText] = process.argv;
const shape = JSON.parse(shapeText);
const parts = [];
process.stdin.on('data', (part) => parts.push(part));
process.stdin.on('end', async () => {
  let answer;
  try {
    const bytes = new Uint8Array(Buffer.concat(parts));
    const inputBytes = 4 * shape.reduce((product, extent) => product * extent, 1);
    const ort = require(runtime);
    const input = new ort.Tensor('float32', new Float32Array(bytes.slice(0, inputBytes).buffer), shape);
    const options = { executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'], interOpNumThreads: 1 };
    const session = await ort.InferenceSession.create(bytes.slice(inputBytes), options);
    const seconds = [];
    let values;
    for (let run = 0; run < 4; run++) {
      const started = performance.now();
      values = [...(await session.run({ x: input })).y.data];
      seconds.push((performance.now() - started) / 1000);
    }
    answer = { works: true, values, firstSeconds: seconds[0], seconds: Math.min(...seconds.slice(1)) };
  } catch (error) {
    answer = { works: false, message: String(error && error.message) };
  }
  process.stdout.write('\\n' + JSON.stringify(answer) + '\\n', () => process.exit(0));
});
`;

/** Input of the probe: [batch, channels, side, side]. */
const probeShape = [2, 32, 56, 56] as const;

/**
 * A small network to try a device: two convolutions as in a ResNet's first layer, a sum, a relu and an average pool;
 * output [2, 32]. About 120 million multiplications.
 */
function probeModel(): Uint8Array {
  const [batch, channels, side] = probeShape;
  const builder = new GraphBuilder('probe');
  const image = builder.input('x', 'float32', [batch, channels, side, side]);
  const convolve = (input: string, name: string, phase: number): string => {
    const shape = [channels, channels, 3, 3];
    // Arbitrary numbers of both signs.
    const data = Float32Array.from({ length: channels * channels * 9 }, (_, i) => Math.sin(i * 0.37 + phase) / 12);
    const kernels = builder.initializer(name, { type: 'float32', shape, data });
    return builder.node('Conv', [input, kernels], { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  };
  const first = builder.node('Relu', [convolve(image, 'first', 0)]);
  const sum = builder.node('Relu', [builder.node('Add', [convolve(first, 'second', 1), image])]);
  const pooled = builder.node('GlobalAveragePool', [sum]);
  builder.output(builder.node('Flatten', [pooled], { axis: 1 }, { outputs: ['y'] }), 'float32', [batch, channels]);
  return encodeModel(builder.model());
}

function probeInput(): Float32Array {
  const length = probeShape.reduce((product, extent) => product * extent, 1);
  // `Float32Array.from` would take more than twice as long.
  return new Float32Array(length).map((_, i) => Math.sin(i * 0.011) * 2);
}
