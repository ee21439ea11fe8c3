import '../../../system/no-telemetry.ts';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import * as ort from 'onnxruntime-node';
import type { DeviceName } from '../../../features/manifest/manifest.ts';
import { UserError } from '../../../system/errors.ts';
import { type Absence, cudaLibrary, explainFailure, notInstalled, notOffered } from './explain.ts';
import { type ProbeResult, probeDevice } from './probe.ts';

/** Devices in the order in which `--device auto` prefers them. */
export const devicePreference: readonly DeviceName[] = ['cuda', 'webgpu', 'cpu'];

/** How a device did on one small batch. */
export type DeviceReport =
  | {
      readonly device: DeviceName;
      readonly works: true;
      /** The first run, with what the device compiles for it. */
      readonly firstSeconds: number;
      readonly seconds: number;
      readonly values: readonly number[];
    }
  | ({ readonly device: DeviceName; readonly works: false } & Absence);

/** Largest relative difference between devices on the probe; GPUs sum in another order. */
const tolerance = 1e-3;

/** Tries a device for real. What is known to be missing is not tried. */
export async function tryDevice(device: DeviceName, probe: typeof probeDevice = probeDevice): Promise<DeviceReport> {
  const absence = knownAbsence(device);
  if (absence !== undefined) return { device, works: false, ...absence };
  const result: ProbeResult = await probe(device);
  if (!result.works) return { device, works: false, ...explainFailure(device, result.message) };
  return { device, ...result };
}

function knownAbsence(device: DeviceName): Absence | undefined {
  if (device === 'cpu') return undefined;
  if (!ort.listSupportedBackends().some(({ name }) => name === device)) return notOffered(device);
  if (device === 'cuda' && !existsSync(join(nativeFolder(), cudaLibrary))) return notInstalled();
  return undefined;
}

/** Where ONNX Runtime's package keeps this platform's libraries; its installer puts CUDA's there. */
export function nativeFolder(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

interface ChosenDevice {
  readonly device: DeviceName;
  /** Why the devices before it in the preference were not taken. */
  readonly passedOver: readonly string[];
}

/** Device files of GPUs on Linux: DRM drivers, WSL, NVIDIA in a container, Tegra, Adreno, Mali. */
const gpuFiles = ['dri', 'dxg', 'nvidiactl', 'nvhost-gpu', 'nvgpu', 'kgsl-3d0', 'mali0'];

/** Whether the system has a device file of a GPU; true on systems other than Linux, which have none to look for. */
function mayHaveGpu(): boolean {
  return process.platform !== 'linux' || gpuFiles.some((name) => existsSync(`/dev/${name}`));
}

/**
 * The device to run on: the one that was named, else the first that works and is no slower than the CPU (a driver in
 * software works, and is slow). Where there is no GPU, `auto` starts no process to find that out.
 *
 * @throws UserError if a named device does not work: never a silent CPU
 */
export async function chooseDevice(
  wanted: DeviceName | 'auto',
  probe: typeof probeDevice = probeDevice,
  isGpuPossible: () => boolean = mayHaveGpu,
): Promise<ChosenDevice> {
  // The CPU always works.
  if (wanted === 'cpu') return { device: 'cpu', passedOver: [] };
  if (wanted !== 'auto') {
    const report = await tryDevice(wanted, probe);
    if (report.works) return { device: wanted, passedOver: [] };
    throw new UserError({
      what: `--device ${wanted} is not available`,
      found: report.reason,
      expected: 'a device that runs a small batch',
      fix: `${report.fix}; featuretap devices lists what works`,
    });
  }
  if (!isGpuPossible()) return { device: 'cpu', passedOver: ['cuda, webgpu: there is no GPU'] };
  const passedOver: string[] = [];
  for (const device of devicePreference) {
    if (device === 'cpu') break;
    const report = await tryDevice(device, probe);
    if (!report.works) {
      passedOver.push(`${device}: ${report.reason}: ${report.fix}`);
      continue;
    }
    const cpu = await tryDevice('cpu', probe);
    const reason = cpu.works ? whyNot(report, cpu) : undefined;
    if (reason === undefined) return { device, passedOver };
    passedOver.push(`${device}: ${reason}`);
  }
  return { device: 'cpu', passedOver };
}

type WorkingDevice = Extract<DeviceReport, { works: true }>;

/** Why a device that runs is not taken beside the CPU; undefined if it is good. */
export function whyNot(report: WorkingDevice, cpu: WorkingDevice): string | undefined {
  const difference = relativeDifference(report.values, cpu.values);
  // Not `>`: NaN is off too.
  if (!(difference <= tolerance)) return `its results differ by ${difference.toExponential(1)}`;
  if (report.seconds <= cpu.seconds) return undefined;
  const [slow, fast] = [report.seconds, cpu.seconds].map((seconds) => `${(seconds * 1000).toFixed(1)} ms`);
  return `slower than the CPU here: ${slow} against ${fast} for a small batch`;
}

function relativeDifference(a: readonly number[], b: readonly number[]): number {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // Math.max keeps a NaN once it has met one.
  return b.reduce((most, value, at) => Math.max(most, Math.abs(value - (a[at] ?? Number.NaN)) / largest), 0);
}
