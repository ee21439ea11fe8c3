/**
 * Bytes per image of the folder: every task reads the whole list. Measured: 640 of heap with paths of 60 characters.
 */
const bytesPerListedImage = 700;
/** GB for the network (ResNet50 in float32 at batch 8), queued images, one shard and Node: 0.9 measured. */
const extractGB = 2;
/** GB per four threads, which share one decoded image of the largest size (89 million pixels). */
const gbPerFourThreads = 0.6;
/** GB for CUDA's libraries and buffers in host memory. */
const gpuGB = 2;

/** Whole GB that a task needs. */
export function taskMemoryGB(imageCount: number, cpus: number, gpus: number): number {
  return Math.ceil(extractGB + gbPerFourThreads * Math.ceil(cpus / 4) + gpuGB * gpus + listGB(imageCount));
}

/** GB for the list of images. */
export function listGB(imageCount: number): number {
  return (imageCount * bytesPerListedImage) / 1e9;
}
