import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const projectRoot: string = fileURLToPath(new URL('..', import.meta.url));

/** Parses a JSON file of test/fixtures. */
export function jsonFixture<T>(file: string): T {
  return JSON.parse(readFileSync(join(projectRoot, 'test/fixtures', file), 'utf8'));
}

/**
 * Folder of photos, weights and reference values that are not part of the project: $FEATURETAP_REFERENCE, or
 * `../shared` beside the checkout. Tests that need it report 'skipped' without it.
 */
export const referenceFolder: string = process.env['FEATURETAP_REFERENCE'] ?? join(projectRoot, '..', 'shared');

/** `skip` option of a test that needs the given files of the reference folder: false, or the reason. */
export function needsReference(...files: readonly string[]): string | false {
  const missing = files.find((file) => !existsSync(join(referenceFolder, file)));
  return missing === undefined ? false : `skipped: ${missing} is not in ${referenceFolder}`;
}

export function reference(file: string): string {
  return join(referenceFolder, file);
}
