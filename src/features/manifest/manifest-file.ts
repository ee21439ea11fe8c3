import { dirname } from 'node:path';
import { messageOf, UserError } from '../../system/errors.ts';
import { repairCommand } from '../../system/own-command.ts';
import { fingerprintOf, hashOfJson } from './fingerprint.ts';
import { engineNames, interpolations, type Manifest, pools, rowLength, rowsPerImage } from './manifest.ts';

/** The format that this version writes, and the newest it can read. */
const formatVersion = 1;

/** The set is intact: a program that does not know its format must not repair it. */
export class NewerFormatError extends UserError {
  constructor(path: string, version: number) {
    super({
      what: 'a feature set was made by a newer featuretap',
      where: path,
      found: `format version ${version}`,
      expected: `format version ${formatVersion}`,
      fix: 'update featuretap',
    });
  }
}

/** Adds a manifest's own sha256. */
export function sealManifest(manifest: Omit<Manifest, 'sha256'>): Manifest {
  return { ...manifest, sha256: hashOfJson(manifest) };
}

/** manifest.json as text: indented, with a trailing newline; equal content gives equal bytes. */
export function formatManifest(manifest: Manifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/**
 * Parses a manifest and checks every field and their consistency.
 *
 * @throws UserError naming the file and the field, found and expected; NewerFormatError before any other check
 */
export function parseManifest(bytes: Uint8Array, path: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new UserError({
      what: 'a manifest is damaged: it is not JSON',
      where: path,
      found: messageOf(error),
      fix: repairCommand(dirname(path)),
    });
  }
  const check = new Checker(path);
  check.record('', value);
  const version = (value as { formatVersion?: unknown }).formatVersion;
  if (typeof version === 'number' && Number.isInteger(version) && version > formatVersion) {
    throw new NewerFormatError(path, version);
  }
  if (version !== formatVersion) check.fail('formatVersion', version, String(formatVersion));
  const manifest = value as Manifest;
  checkFields(check, manifest);
  checkShards(check, manifest);
  const { sha256, ...rest } = manifest;
  const actual = hashOfJson(rest);
  if (sha256 !== actual) check.fail('sha256', sha256, `${actual}, from the other fields`);
  return manifest;
}

function checkFields(check: Checker, manifest: Manifest): void {
  check.record('fields', manifest.fields);
  const { fields } = manifest;
  check.text('fields.architecture', fields.architecture);
  check.sha256('fields.weightsSha256', fields.weightsSha256);
  check.text('fields.tap', fields.tap);
  check.oneOf('fields.pool', fields.pool, pools);
  if (fields.prefixTokens !== undefined) check.count('fields.prefixTokens', fields.prefixTokens, 0);
  check.oneOf('fields.dtype', fields.dtype, ['float32', 'float16']);
  check.oneOf('fields.precision', fields.precision, ['float32', 'int8']);
  check.record('fields.preprocessing', fields.preprocessing);
  const { resize, crop, centerCrop, interpolation, resizeIn, channels, mean, std, autoOrient, sixteenBit } =
    fields.preprocessing;
  for (const side of Array.isArray(resize) ? resize : [resize]) check.count('fields.preprocessing.resize', side, 1);
  if (Array.isArray(resize) && resize.length !== 2)
    check.fail('fields.preprocessing.resize', resize, 'height and width');
  check.count('fields.preprocessing.crop', crop, 1);
  check.oneOf('fields.preprocessing.centerCrop', centerCrop, [undefined, 'transformers']);
  check.oneOf('fields.preprocessing.interpolation', interpolation, interpolations);
  check.oneOf('fields.preprocessing.resizeIn', resizeIn, [undefined, 'float32']);
  if (channels !== undefined) check.count('fields.preprocessing.channels', channels, 1);
  check.oneOf('fields.preprocessing.autoOrient', autoOrient, [true, false]);
  check.oneOf('fields.preprocessing.sixteenBit', sixteenBit, [undefined, 'scale']);
  for (const [name, triple] of [['mean', mean] as const, ['std', std] as const]) {
    const fits = Array.isArray(triple) && triple.length === (channels ?? 3) && triple.every((v) => Number.isFinite(v));
    if (!fits) check.fail(`fields.preprocessing.${name}`, triple, `${channels ?? 'three'} numbers`);
  }
  if (fields.calibration !== undefined) {
    const { calibration } = fields;
    check.record('fields.calibration', calibration);
    check.count('fields.calibration.seed', calibration.seed, 0);
    check.sha256('fields.calibration.sha256', calibration.sha256);
    if (!Array.isArray(calibration.images)) check.fail('fields.calibration.images', calibration.images, 'a list');
    for (const image of calibration.images) check.sha256('fields.calibration.images', image);
  }
  if ((fields.precision === 'int8') !== (fields.calibration !== undefined)) {
    check.fail('fields.calibration', fields.calibration, 'one with precision int8, none with float32');
  }
  if (fields.views !== undefined) {
    check.record('fields.views', fields.views);
    check.count('fields.views.count', fields.views.count, 1);
    check.count('fields.views.seed', fields.views.seed, 0);
  }
  check.sha256('fingerprint', manifest.fingerprint);
  const fingerprint = fingerprintOf(fields);
  if (fingerprint !== manifest.fingerprint) {
    check.fail('fingerprint', manifest.fingerprint, `${fingerprint}, from the fields beside it`);
  }
  check.text('canary', manifest.canary);
  check.record('madeBy', manifest.madeBy);
  check.oneOf('madeBy.engine', manifest.madeBy.engine, engineNames);
  check.oneOf('madeBy.device', manifest.madeBy.device, ['cpu', 'cuda', 'webgpu']);
  for (const name of ['featuretap', 'engineVersion', 'weights', 'data'] as const) {
    check.text(`madeBy.${name}`, manifest.madeBy[name]);
  }
  if (manifest.madeBy.weightsSeed !== undefined) check.count('madeBy.weightsSeed', manifest.madeBy.weightsSeed, 0);
  if (manifest.madeBy.weightsKey !== undefined) check.text('madeBy.weightsKey', manifest.madeBy.weightsKey);
  if (manifest.madeBy.weightsVariant !== undefined) check.text('madeBy.weightsVariant', manifest.madeBy.weightsVariant);
  if (manifest.madeBy.weightsFile !== undefined) check.text('madeBy.weightsFile', manifest.madeBy.weightsFile);
}

function checkShards(check: Checker, manifest: Manifest): void {
  const { rowShape, shards, rowCount, imageCount, counts } = manifest;
  if (!Array.isArray(rowShape) || rowShape.length === 0) check.fail('rowShape', rowShape, 'a shape');
  for (const side of rowShape) check.count('rowShape', side, 1);
  if (manifest.dims !== rowLength(rowShape)) check.fail('dims', manifest.dims, `${rowLength(rowShape)}, from rowShape`);
  if (!Array.isArray(shards)) check.fail('shards', shards, 'a list');
  let rows = 0;
  for (const [i, shard] of shards.entries()) {
    check.record(`shards[${i}]`, shard);
    if (typeof shard.file !== 'string' || !/^features-\d{5,}\.npy$/.test(shard.file)) {
      check.fail(`shards[${i}].file`, shard.file, 'features-NNNNN.npy');
    }
    check.count(`shards[${i}].rowCount`, shard.rowCount, 1);
    check.sha256(`shards[${i}].sha256`, shard.sha256);
    rows += shard.rowCount;
  }
  if (new Set(shards.map((shard) => shard.file)).size !== shards.length) {
    check.fail('shards', 'a file named twice', 'each file once');
  }
  if (rows !== rowCount) check.fail('rowCount', rowCount, `${rows}, the sum of its shards`);
  check.count('imageCount', imageCount, 0);
  if (imageCount * rowsPerImage(manifest.fields) > rowCount) {
    check.fail('imageCount', imageCount, `at most ${Math.floor(rowCount / rowsPerImage(manifest.fields))}`);
  }
  for (const name of ['indexSha256', 'labelsSha256', 'outcomesSha256'] as const) check.sha256(name, manifest[name]);
  check.record('counts', counts);
  const { kept, duplicate, missing, unreadable, failed, total } = counts;
  for (const [name, count] of Object.entries({ kept, duplicate, missing, unreadable, failed, total })) {
    check.count(`counts.${name}`, count, 0);
  }
  if (counts.leftOut !== undefined) check.count('counts.leftOut', counts.leftOut, 1);
  const sum = kept + duplicate + missing + unreadable + failed;
  if (sum !== total) check.fail('counts.total', total, `${sum}, the sum of the others`);
  if (kept !== imageCount) check.fail('counts.kept', kept, `${imageCount}, as imageCount`);
}

class Checker {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  fail(field: string, found: unknown, expected: string): never {
    const shown = JSON.stringify(found) ?? 'nothing';
    throw new UserError({
      what: 'a manifest is damaged',
      where: field === '' ? this.#path : `${this.#path}, ${field}`,
      found: shown.length <= 80 ? shown : `${shown.slice(0, 77)}...`,
      expected,
      fix: repairCommand(dirname(this.#path)),
    });
  }

  record(field: string, value: unknown): void {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(field, value, 'an object');
  }

  text(field: string, value: unknown): void {
    if (typeof value !== 'string' || value === '') this.fail(field, value, 'a text');
  }

  sha256(field: string, value: unknown): void {
    if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) this.fail(field, value, '64 hex digits');
  }

  count(field: string, value: unknown, min: number): void {
    const fits = typeof value === 'number' && Number.isSafeInteger(value) && value >= min;
    if (!fits) this.fail(field, value, `a whole number from ${min}`);
  }

  oneOf(field: string, value: unknown, choices: readonly unknown[]): void {
    if (!choices.includes(value)) this.fail(field, value, choices.join(' | '));
  }
}
