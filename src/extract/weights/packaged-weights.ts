import { fileURLToPath } from 'node:url';
import { program } from '../../system/version.ts';
import type { Architecture } from './resnet.ts';

/** A network whose weights come with the program. */
export interface PackagedWeights {
  /** Below the program's own folder, slashes between folders. */
  readonly file: string;
  /** Lower-case hex, of the file's bytes. */
  readonly sha256: string;
  readonly architecture: Architecture;
  /** The shorter side after Resize, and the side of the square that is cut from its middle, in pixels. */
  readonly resize: number;
  readonly crop: number;
  readonly licence: string;
  /** What its user has to know, in one line. */
  readonly note: string;
}

/** Our own: scripts/demo-net/ draws its training images and trains it; docs/demo-net.md describes how. */
const packagedWeights: Readonly<Record<string, PackagedWeights>> = {
  'demo-net': {
    file: 'weights/demo-net.safetensors',
    sha256: '192a57168053bd893186b998ed5b8c7ba291037eec38f032248dd377afabcb19',
    architecture: 'resnet(basic 2-2-2-1, stem 16, width 16)',
    resize: 128,
    crop: 112,
    licence: 'MIT',
    note: 'demo-net was trained on synthetic patterns, never on a photo: for your own photos use resnet50',
  },
};

export const packagedNames: readonly string[] = Object.keys(packagedWeights);

/** Undefined for any other name. */
export function packagedWeightsOf(name: string): PackagedWeights | undefined {
  return Object.hasOwn(packagedWeights, name) ? packagedWeights[name] : undefined;
}

export function packagedFile({ file }: PackagedWeights): string {
  return fileURLToPath(new URL(file, program().folder));
}
