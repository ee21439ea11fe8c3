import type { Pool } from '../../../features/manifest/manifest.ts';
import type { OnnxModel } from '../../../formats/onnx/schema.ts';
import { isRecord } from '../../../system/at.ts';
import { UserError } from '../../../system/errors.ts';
import type { Config } from './config-file.ts';

/** The tensor to extract, and how it is pooled. */
export interface Reading {
  readonly tap: string;
  readonly pool: Pool;
  /** Number of tokens before a transformer's patches; absent if irrelevant. */
  readonly prefixTokens?: number;
}

/** The user's options. */
export interface AskedReading {
  readonly tap?: string | undefined;
  readonly pool?: Pool | undefined;
}

/** Outputs of a published network, with its config. */
export interface Outputs {
  /** `model_type` of config.json; `timm` for timm's. */
  readonly architecture: string;
  /** Outputs of the graph with their number of axes, if known. */
  readonly outputs: ReadonlyMap<string, number | undefined>;
  /** Number of class and register tokens before the patches; undefined for an unknown architecture. */
  readonly prefixTokens: number | undefined;
  readonly path: string;
}

const hidden = 'last_hidden_state';

/** The usual image embedding of each architecture: the first that the graph has. */
const usualReadings: Readonly<Record<string, readonly Reading[]>> = {
  ...forEach(
    ['dinov2', 'dinov2_with_registers', 'dinov3_vit', 'vit', 'deit', 'vit_mae', 'vit_msn', 'beit'],
    [{ tap: hidden, pool: 'cls' }],
  ),
  ijepa: [{ tap: hidden, pool: 'mean' }],
  clip: [{ tap: 'image_embeds', pool: 'none' }],
  clip_vision_model: [{ tap: 'image_embeds', pool: 'none' }],
  ...forEach(
    ['siglip', 'siglip_vision_model', 'siglip2', 'convnext', 'convnextv2', 'swin', 'swinv2', 'regnet'],
    [{ tap: 'pooler_output', pool: 'none' }],
  ),
  // The pooler of a ResNet is the mean over its map.
  resnet: [
    { tap: 'pooler_output', pool: 'none' },
    { tap: hidden, pool: 'mean' },
  ],
};

function forEach(names: readonly string[], readings: readonly Reading[]): Record<string, readonly Reading[]> {
  return Object.fromEntries(names.map((name) => [name, readings]));
}

/** Tokens before the patches in last_hidden_state; DeiT has a class and a distillation token. */
const prefixTokensOf: Readonly<Record<string, number>> = {
  ...{ dinov2: 1, vit: 1, vit_mae: 1, vit_msn: 1, beit: 1, clip: 1, clip_vision_model: 1, deit: 2 },
  ...{ siglip: 0, siglip_vision_model: 0, siglip2: 0, ijepa: 0 },
};

function countPrefixTokens(architecture: string, config: Config): number | undefined {
  if (Object.hasOwn(prefixTokensOf, architecture)) return prefixTokensOf[architecture];
  if (architecture !== 'dinov2_with_registers' && architecture !== 'dinov3_vit') return undefined;
  const registers = config['num_register_tokens'] ?? 0;
  return Number.isSafeInteger(registers) && Number(registers) >= 0 ? 1 + Number(registers) : undefined;
}

/** Describes the outputs from config.json and the graph. */
export function describeOutputs(config: Config, path: string, model: OnnxModel): Outputs {
  const type = config['model_type'];
  const architecture = typeof type === 'string' ? type : typeof config['architecture'] === 'string' ? 'timm' : '';
  if (architecture === '')
    throw new UserError({
      what: "config.json does not say what the network's architecture is",
      where: path,
      found: 'neither model_type nor architecture',
      expected: 'a config.json of transformers or timm',
    });
  const tower = isRecord(config['vision_config']) ? config['vision_config'] : config;
  const outputs = model.graph.output.map(
    ({ name, type: kind }) => [name, kind?.tensorType?.shape?.dim.length] as const,
  );
  return { architecture, outputs: new Map(outputs), prefixTokens: countPrefixTokens(architecture, tower), path };
}

/**
 * Chooses tap and pool: as given, else the architecture's usual ones.
 *
 * @throws UserError that lists the alternatives if the choice is ambiguous or impossible
 */
export function chooseReading(from: Outputs, asked: AskedReading): Reading {
  return withPrefix(from, complete(from, asked));
}

function complete(from: Outputs, { tap, pool }: AskedReading): Reading {
  const { architecture, outputs } = from;
  const usual = Object.hasOwn(usualReadings, architecture) ? usualReadings[architecture] : undefined;
  const fit = (usual ?? []).find((reading) => outputs.has(reading.tap));
  if (tap !== undefined && pool !== undefined) return { tap, pool };
  if (tap !== undefined) {
    const same = (usual ?? []).find((reading) => reading.tap === tap);
    if (same !== undefined) return same;
    const axes = outputs.get(tap);
    if (axes === 2) return { tap, pool: 'none' };
    if (axes === 4) return { tap, pool: 'mean' };
    // An inner tensor: treated like the last one.
    if (!outputs.has(tap)) return { tap, pool: fit?.tap === hidden ? fit.pool : 'mean' };
    throw several(from, readingsOf(from, tap));
  }
  if (pool !== undefined) {
    if (fit !== undefined && outputs.get(fit.tap) !== 2) return { tap: fit.tap, pool };
    if (outputs.has(hidden)) return { tap: hidden, pool };
    throw several(from, readingsOf(from));
  }
  if (fit !== undefined) return fit;
  const readings = readingsOf(from);
  const [only] = readings;
  if (only !== undefined && readings.length === 1 && only.tap !== 'logits') return only;
  throw several(from, readings);
}

/** All possible readings of the graph's outputs. */
function readingsOf({ outputs, prefixTokens }: Outputs, only?: string): readonly Reading[] {
  return [...outputs].flatMap(([tap, axes]): readonly Reading[] => {
    if (only !== undefined && tap !== only) return [];
    if (axes === 2 || axes === undefined) return [{ tap, pool: 'none' }];
    if (axes === 4) return [{ tap, pool: 'mean' }];
    if (axes !== 3) return [];
    const cls: readonly Reading[] = prefixTokens === 0 ? [] : [{ tap, pool: 'cls' }];
    if (prefixTokens === undefined) return cls;
    return [...cls, { tap, pool: 'mean' }, ...(prefixTokens === 0 ? [] : [{ tap, pool: 'cls+mean' } as const])];
  });
}

function withPrefix(from: Outputs, reading: Reading): Reading {
  const { prefixTokens, outputs, path, architecture } = from;
  const { tap, pool } = reading;
  if (outputs.get(tap) === 2 || outputs.get(tap) === 4) return reading;
  if (prefixTokens === 0 && (pool === 'cls' || pool === 'cls+mean')) {
    throw new UserError({
      what: `--pool ${pool} is not usable: the network has no class token`,
      where: path,
      found: architecture,
      expected: describe(readingsOf(from)),
      exitCode: 2,
    });
  }
  return (pool === 'mean' || pool === 'cls+mean') && prefixTokens !== undefined
    ? { ...reading, prefixTokens }
    : reading;
}

function several({ architecture, outputs, path }: Outputs, readings: readonly Reading[]): UserError {
  const found = [...outputs.keys()].join(', ');
  return new UserError({
    what: `the tensor that is the image embedding must be named: there is no default for ${architecture}`,
    where: path,
    found: `outputs ${found}`,
    expected: 'one of them, and a pool where it has one vector for each token or place',
    ...(readings.length === 0 ? {} : { fix: describe(readings) }),
    exitCode: 2,
  });
}

function describe(readings: readonly Reading[]): string {
  return readings.map(({ tap, pool }) => `--tap ${tap}${pool === 'none' ? '' : ` --pool ${pool}`}`).join(' or ');
}
