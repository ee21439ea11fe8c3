/**
 * Bytes of a task's memory for each image of the folder: every task reads the whole list, whose names decide its part.
 * Measured: 640 of heap with paths of 60 characters.
 */
const bytesPerListedImage = 700;
/** The network (ResNet50 in float32 at batch 8), what waits for it, one shard and Node: 0.9 GB measured. */
const extractGB = 2;
/** Of every four threads one may hold an image of the largest size that is read (89 million pixels), decoded. */
const gbPerFourThreads = 0.6;
/** CUDA's libraries and buffers in the memory of the host. */
const gpuGB = 2;

/** Whole GB that a task needs. */
export function taskMemoryGB(imageCount: number, cpus: number, gpus: number): number {
  return Math.ceil(extractGB + gbPerFourThreads * Math.ceil(cpus / 4) + gpuGB * gpus + listGB(imageCount));
}

/** GB that the list of images takes. */
export function listGB(imageCount: number): number {
  return (imageCount * bytesPerListedImage) / 1e9;
}
