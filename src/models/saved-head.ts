import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors, typedTensor } from '../formats/safetensors.ts';
import { writeDurably } from '../system/durable.ts';
import { UserError } from '../system/errors.ts';
import { nodeFiles, readIfThere } from '../system/files.ts';
import { checkSavedNumbers } from './checks.ts';
import type { Json, NamedArray, SavedHead } from './model.ts';

/** File of a saved head in its report's folder: arrays as safetensors, everything else as JSON in the metadata. */
export const headFile = 'head.safetensors';

const format = 'featuretap head, version 1';

/** Writes a head into a report's folder. Equal heads give equal bytes. @returns their sha256, lower-case hex */
export async function writeSavedHead(folder: string, head: SavedHead): Promise<string> {
  checkSavedNumbers(head, join(folder, headFile));
  const { arrays, ...rest } = head;
  const bytes = encodeSafetensors(arrays, { format, head: JSON.stringify(rest) });
  return writeDurably(nodeFiles, join(folder, headFile), [bytes]);
}

/**
 * Reads a head from a report's folder; restore it with `loadHead`.
 *
 * @param sha256 of its file from the report, to detect damage
 * @throws UserError if there is none, or it is damaged
 */
export async function readSavedHead(folder: string, sha256?: string): Promise<SavedHead> {
  const path = join(folder, headFile);
  const bytes = await readIfThere(nodeFiles, path);
  if (bytes === undefined) {
    throw new UserError({
      what: 'there is no saved head here',
      where: path,
      expected: `${headFile} in the folder of a report, as classify writes it`,
      fix: 'featuretap classify makes a report with a head; its last line names the folder',
    });
  }
  if (sha256 !== undefined) checkBytes(bytes, sha256, path);
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  if (metadata.get('format') !== format) {
    throw new UserError({
      what: 'the saved head is in a format that is not known here',
      where: path,
      found: metadata.get('format') ?? 'no format',
      expected: format,
      fix: 'use the version of featuretap that wrote it, or run its classify command again',
    });
  }
  const arrays: Record<string, NamedArray> = {};
  for (const [name, tensor] of tensors) arrays[name] = typedTensor(tensor, name, path);
  const saved = { ...checkedFields(metadata.get('head') ?? '', path), arrays };
  checkSavedNumbers(saved, path);
  return saved;
}

function checkBytes(bytes: Uint8Array, sha256: string, path: string): void {
  const found = createHash('sha256').update(bytes).digest('hex');
  if (found === sha256) return;
  throw new UserError({
    what: 'the saved head is not the one that its report was written with',
    where: path,
    found: `bytes with sha256 ${found}`,
    expected: `${sha256}, as report.json says`,
    fix: 'copy the whole folder of the report again, or run its classify command again',
  });
}

function checkedFields(text: string, path: string): Omit<SavedHead, 'arrays'> {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (cause) {
    throw broken(path, 'head', 'no JSON', 'a JSON object', cause);
  }
  if (!isObject(fields)) throw broken(path, 'head', JSON.stringify(fields), 'a JSON object');
  const { model, solver, params, classes, dims, details } = fields;
  if (typeof model !== 'string') throw broken(path, 'model', JSON.stringify(model), 'a name');
  if (typeof solver !== 'string') throw broken(path, 'solver', JSON.stringify(solver), 'a name');
  if (!isObject(params)) throw broken(path, 'params', JSON.stringify(params), 'an object');
  if (!isObject(details)) throw broken(path, 'details', JSON.stringify(details), 'an object');
  if (typeof dims !== 'number' || !Number.isSafeInteger(dims) || dims < 1) {
    throw broken(path, 'dims', JSON.stringify(dims), 'a whole number from 1');
  }
  if (!Array.isArray(classes) || classes.length === 0 || !classes.every((name) => typeof name === 'string')) {
    throw broken(path, 'classes', JSON.stringify(classes), 'a list of names');
  }
  return { model, solver, params, classes, dims, details };
}

function isObject(value: unknown): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function broken(path: string, field: string, found: string, expected: string, cause?: unknown): UserError {
  return new UserError({
    what: 'the saved head is damaged',
    where: `${path}, ${field}`,
    found: String(found).slice(0, 80),
    expected,
    cause,
  });
}
