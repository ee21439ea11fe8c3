import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../features/manifest/fingerprint.ts';
import { isRecord } from '../../../system/at.ts';
import { messageOf, UserError } from '../../../system/errors.ts';
import { type Architecture, isArchitecture, planResNet } from '../../weights/resnet.ts';
import { type ActivationRanges, convInputs, observedTensors } from './activation-ranges.ts';

/** SHA-256 of activation ranges, lower-case hex; part of a feature set's fingerprint. */
export function activationRangesSha256(activationRanges: ActivationRanges): string {
  return createHash('sha256').update(canonicalJson(activationRanges)).digest('hex');
}

export function encodeActivationRanges(activationRanges: ActivationRanges): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(activationRanges)}\n`);
}

/**
 * Reads a file of activation ranges, and checks that it holds all that its network needs.
 *
 * @throws UserError naming what is missing
 */
export function decodeActivationRanges(bytes: Uint8Array, where: string): ActivationRanges {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(where, messageOf(error), 'JSON');
  }
  if (!isRecord(value)) throw damaged(where, 'no object', 'an object');
  const { architecture, weightsSha256, preprocessing, images, seed, agreement, ranges, means } = value;
  if (typeof architecture !== 'string' || (architecture !== 'onnx' && !isArchitecture(architecture))) {
    throw damaged(where, `architecture ${JSON.stringify(architecture)}`, 'a known ResNet, or onnx');
  }
  if (typeof weightsSha256 !== 'string') throw damaged(where, 'no weightsSha256', 'the sha256 of the weights');
  if (!isRecord(preprocessing)) throw damaged(where, 'no preprocessing', 'the recipe of the sample images');
  const sampled = Array.isArray(images) && images.every((image) => typeof image === 'string');
  if (!sampled || !Number.isSafeInteger(seed)) throw damaged(where, 'no images or no seed', 'both');
  if (!isRecord(agreement)) throw damaged(where, 'no agreement', 'what was measured');
  // For a user's own graph, the required tensors are checked when it is quantized.
  const plan = architecture === 'onnx' ? undefined : planResNet(architecture as Architecture);
  const names =
    plan === undefined ? Object.keys(isRecord(ranges) ? ranges : {}) : observedTensors(plan).map(({ name }) => name);
  if (names.length === 0) throw damaged(where, 'no ranges', 'some');
  for (const name of names) {
    const range = isRecord(ranges) ? ranges[name] : undefined;
    const { low, high } = isRecord(range) ? range : {};
    const fits = typeof low === 'number' && typeof high === 'number' && low <= 0 && high >= 0 && high > low;
    if (!fits || !Number.isFinite(high - low)) throw damaged(where, `no usable range of ${name}`, 'low <= 0 < high');
  }
  for (const { layer, input } of plan === undefined ? [] : convInputs(plan)) {
    const list = isRecord(means) ? means[input] : undefined;
    const fits = Array.isArray(list) && list.length === layer.inChannels && list.every(Number.isFinite);
    if (!fits) throw damaged(where, `no usable means of ${input}`, `${layer.inChannels} numbers`);
  }
  return value as unknown as ActivationRanges;
}

function damaged(where: string, found: string, expected: string): UserError {
  return new UserError({
    what: 'the activation ranges of int8 are damaged',
    where,
    found,
    expected,
    fix: "featuretap verify --features FOLDER --repair restores a feature set's own; extract with --replace calibrates again",
  });
}
