import { basename, dirname, join } from 'node:path';
import type { FingerprintFields, MadeBy } from '../features/manifest/manifest.ts';
import { ownCommand } from '../system/own-command.ts';
import { shortPath } from '../system/short-path.ts';
import { isTrainable } from './backbone/resnet-tail.ts';

/** What a feature set records of how it was made, and where it is. */
export interface MadeFeatures {
  readonly folder: string;
  readonly fields: Pick<FingerprintFields, 'architecture' | 'preprocessing'>;
  readonly madeBy: MadeBy;
}

/**
 * Command for a feature set with the maps that fine-tuning starts from, of the same images in the same cache: by the same
 * network if it can be trained, else by resnet50.
 */
export function mapsCommand({ folder, fields, madeBy }: MadeFeatures, flags: readonly string[] = []): string {
  const network = isTrainable(fields.architecture, 'layer3')
    ? [...weightsOptions(madeBy), ...mapOptions, ...preprocessingOptions(fields.preprocessing)]
    : ['--weights', 'resnet50', ...mapOptions];
  const data = ['--data', shortPath(madeBy.data)];
  return ownCommand('extract', [...data, ...network, ...flags, ...mapsBeside(folder).options]);
}

const mapOptions = ['--tap', 'layer3', '--pool', 'none', '--dtype', 'float16'];

/** A feature set beside another one, `dogs-clip` beside `dogs`: its folder, and the options of extract that place it there. */
export function setBeside(
  folder: string,
  suffix: string,
): { readonly folder: string; readonly options: readonly string[] } {
  const [name, cache] = [`${basename(folder)}-${suffix}`, shortPath(dirname(folder))];
  return { folder: join(cache, name), options: ['--name', name, '--cache', cache] };
}

/** The set that `mapsCommand` makes. */
export function mapsBeside(folder: string): ReturnType<typeof setBeside> {
  return setBeside(folder, 'layer3');
}

/** A known name as it is; a file by its path, whatever folder the command is typed in. */
function weightsOptions({ weights, weightsFile, weightsKey, weightsSeed = 0 }: MadeBy): readonly string[] {
  const isFile = weightsFile !== undefined && /[./\\]/.test(weights) && !weights.startsWith('hf:');
  return [
    ...['--weights', isFile ? shortPath(weightsFile) : weights],
    ...(weightsKey === undefined ? [] : ['--weights-key', weightsKey]),
    ...(weightsSeed === 0 ? [] : ['--seed', String(weightsSeed)]),
  ];
}

function preprocessingOptions(preprocessing: FingerprintFields['preprocessing']): readonly string[] {
  const { resize, crop, interpolation, mean, std, autoOrient } = preprocessing;
  return [
    ...['--resize', typeof resize === 'number' ? String(resize) : resize.join('x'), '--crop', String(crop)],
    ...['--interpolation', interpolation, '--mean', mean.join(), '--std', std.join()],
    ...(autoOrient ? ['--auto-orient'] : []),
  ];
}
