import { measure } from './gpu/measure.ts';
import { measureUsage, readOptions } from './gpu/options.ts';
import { pack, packUsage, readPackOptions } from './gpu/pack.ts';

const usage = `npm run bench -- gpu [options]: ResNet50 on CUDA and WebGPU, compared with the CPU and PyTorch on the same GPU
${measureUsage}

npm run bench -- gpu --pack FOLDER [options]: everything for a machine with an NVIDIA GPU and no network
${packUsage}`;

/** Measures a GPU, or packs the files for a machine that has one. */
export async function run(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return console.log(usage);
  if (args.includes('--pack')) return pack(readPackOptions(args));
  await measure(readOptions(args), `npm run bench -- gpu ${args.join(' ')}`.trim());
}
