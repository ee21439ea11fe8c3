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

/** Result of a device on a small batch. */
export type DeviceReport =
  | {
      readonly device: DeviceName;
      readonly works: true;
      readonly firstSeconds: number;
      readonly seconds: number;
      readonly values: readonly number[];
    }
  | ({ readonly device: DeviceName; readonly works: false } & Absence);

/** Tolerated relative difference between devices on the probe; GPUs sum in another order. */
const tolerance = 1e-3;

/** Tries a device by running the probe on it, unless it is known to be missing. */
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

/** Folder of ONNX Runtime's libraries for this platform, where its installer also puts CUDA's. */
export function nativeFolder(): string {
  const main = createRequire(import.meta.url).resolve('onnxruntime-node');
  return join(dirname(main), '..', 'bin', 'napi-v6', process.platform, process.arch);
}

interface ChosenDevice {
  readonly device: DeviceName;
  readonly passedOver: readonly string[];
}

/** Device files of GPUs on Linux: DRM drivers, WSL, NVIDIA in a container, Tegra, Adreno, Mali. */
const gpuFiles = ['dri', 'dxg', 'nvidiactl', 'nvhost-gpu', 'nvgpu', 'kgsl-3d0', 'mali0'];

/** Whether the system has a device file of a GPU; true on systems other than Linux, which have none to look for. */
function mayHaveGpu(): boolean {
  return process.platform !== 'linux' || gpuFiles.some((name) => existsSync(`/dev/${name}`));
}

/**
 * The device to run on: the given one, or the first that works and is not slower than the CPU (as software drivers
 * are). Without a GPU, `auto` starts no process to find out.
 *
 * @throws UserError if the given device does not work; never falls back to the CPU
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

/** Why a working device is not preferred over the CPU; undefined if it is. */
export function whyNot(report: WorkingDevice, cpu: WorkingDevice): string | undefined {
  const difference = relativeDifference(report.values, cpu.values);
  // Not `>`: also true for NaN.
  if (!(difference <= tolerance)) return `its results differ by ${difference.toExponential(1)}`;
  if (report.seconds <= cpu.seconds) return undefined;
  const [slow, fast] = [report.seconds, cpu.seconds].map((seconds) => `${(seconds * 1000).toFixed(1)} ms`);
  return `slower than the CPU here: ${slow} against ${fast} for a small batch`;
}

function relativeDifference(a: readonly number[], b: readonly number[]): number {
  const largest = b.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // Math.max propagates NaN.
  return b.reduce((most, value, at) => Math.max(most, Math.abs(value - (a[at] ?? Number.NaN)) / largest), 0);
}
