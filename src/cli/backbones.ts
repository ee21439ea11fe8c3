import { dirname } from 'node:path';
import { type KnownBackbone, listBackbones, type Measured } from '../extract/backbones.ts';
import { textTable } from '../report/text-table.ts';
import { valueAt } from '../system/at.ts';
import { nodeFiles } from '../system/files.ts';
import { defineVerb, type Verb } from './verb.ts';

export const backbonesVerb: Verb = defineVerb({
  options: {
    cache: { describe: 'folder of the feature sets, for the speeds measured here', text: true, default: 'cache' },
  },
  run: async ({ cache }, session) => {
    const backbones = await listBackbones(nodeFiles, cache);
    session.printJson({ cache, backbones });
    const columns = [
      { title: '--weights', align: 'left' },
      { title: 'parameters', align: 'right' },
      { title: 'resize, crop', align: 'right' },
      { title: 'features', align: 'right' },
      { title: 'download', align: 'right' },
      { title: 'here', align: 'left' },
      { title: `images/s in ${cache}`, align: 'left' },
    ] as const;
    for (const line of textTable(columns, backbones.map(row))) session.print(line);
    session.print(
      `here: downloaded, in ${dirname(valueAt(backbones, 0).file)}; demo-net is part of the program, and for trying it out`,
    );
    session.print(
      'licence: demo-net is MIT; torchvision is BSD-3-Clause and names no licence for its weights, which "may have their own licenses or ' +
        'terms and conditions derived from the dataset used for training": ImageNet-1k',
    );
    return 0;
  },
});

function row(backbone: KnownBackbone): readonly string[] {
  const { name, parameters, resize, crop, features, downloadMebibytes, downloaded, measured } = backbone;
  return [
    name,
    `${(parameters / 1e6).toFixed(1)} M`,
    `${resize}, ${crop}`,
    String(features),
    downloadMebibytes === 0 ? 'none' : `${downloadMebibytes.toFixed(1)} MiB`,
    downloaded ? 'yes' : 'no',
    measured.map((speed) => describe(speed, crop)).join('; '),
  ];
}

/** `14.7 (cpu, 2 cores, int8)`: names what differs from the defaults. */
function describe(speed: Measured, defaultCrop: number): string {
  const { imagesPerSecond, device, cores, precision, crop, rowsPerImage } = speed;
  const parts = [device, `${cores} ${cores === 1 ? 'core' : 'cores'}`];
  if (precision !== 'float32') parts.push(precision);
  if (crop !== defaultCrop) parts.push(`crop ${crop}`);
  if (rowsPerImage > 1) parts.push(`${rowsPerImage - 1} ${rowsPerImage === 2 ? 'view' : 'views'}`);
  return `${imagesPerSecond.toFixed(1)} (${parts.join(', ')})`;
}
