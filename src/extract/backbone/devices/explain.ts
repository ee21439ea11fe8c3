import type { DeviceName } from '../../../features/manifest/manifest.ts';
import { isCheckout, setupCommand } from '../../../system/own-command.ts';

/** Why a device is unavailable, and what would make it available. */
export interface Absence {
  readonly reason: string;
  readonly fix: string;
}

/** ONNX Runtime's library for CUDA on Linux. */
export const cudaLibrary = 'libonnxruntime_providers_cuda.so';

/**
 * Requirements of CUDA besides ONNX Runtime's own files (onnxruntime.ai, "CUDA Execution Provider").
 *
 * @param major of CUDA; default: that of the build which npm's package downloads
 */
export function cudaNeeds(major = 12): string {
  return `an NVIDIA driver, CUDA ${major} and cuDNN 9`;
}

export function notInstalled(): Absence {
  return { reason: `${cudaLibrary} is not installed`, fix: setupCommand('cuda') };
}

/** ONNX Runtime's package for this platform was built without it. */
export function notOffered(device: DeviceName): Absence {
  return {
    reason: `ONNX Runtime's npm package has no ${device} on ${process.platform}/${process.arch}`,
    fix: '--device cpu',
  };
}

/** Finds a cause that the user can fix in the messages of ONNX Runtime and its libraries. */
export function explainFailure(device: DeviceName, message: string): Absence {
  const missing = /(lib[\w.+-]+\.so[\w.]*): cannot open shared object file/.exec(message)?.[1];
  if (device === 'webgpu') {
    if (missing?.startsWith('libvulkan') === true) {
      return {
        reason: `the Vulkan loader ${missing} is not installed`,
        fix: "apt-get install libvulkan1, and the GPU's own Vulkan driver",
      };
    }
    if (/No supported adapters|Failed to get a WebGPU adapter/.test(message)) {
      return { reason: 'no GPU driver offers WebGPU an adapter', fix: "install the GPU's Vulkan driver" };
    }
  }
  if (device === 'cuda') {
    if (missing !== undefined) return notFound(missing);
    if (/no CUDA-capable device|CUDA driver version|cudaErrorNoDevice|CUDA failure 100/.test(message)) {
      return { reason: 'no NVIDIA GPU or driver was found', fix: 'install an NVIDIA driver' };
    }
  }
  const line = message.split('\n').find((text) => text.trim() !== '') ?? 'no answer';
  return { reason: line.trim().slice(0, 300), fix: '--device cpu' };
}

/** A missing library of CUDA: its name tells the required CUDA version; another one may be installed. */
function notFound(library: string): Absence {
  const major = Number(/^lib(?:cudart|cublas|cublasLt)\.so\.(\d+)$/.exec(library)?.[1] ?? Number.NaN);
  const needs = Number.isNaN(major) ? library : cudaNeeds(major);
  const elsewhere = "where they are, name their folders in LD_LIBRARY_PATH (PyTorch's: site-packages/nvidia/*/lib)";
  const another =
    Number.isNaN(major) || !isCheckout() ? '' : `; for another CUDA: ${setupCommand('cuda')} -- --wheel FILE`;
  return { reason: `${library} was not found`, fix: `install ${needs}; ${elsewhere}${another}` };
}
