import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { headFile } from '../../models/saved-head.ts';
import { usageError } from '../../system/errors.ts';
import { retyped, withOption } from '../retyped.ts';

/** @throws a usage UserError if the folder of a report is among the images, where no head was given */
export function refuseHeadAmongImages(images: readonly string[], args: readonly string[]): void {
  const head = images.find((path) => existsSync(join(path, headFile)));
  if (head === undefined) return;
  const others = args.filter((arg) => arg !== head);
  const fix = retyped(withOption(others, 'head', head));
  throw usageError('--head', 'nothing', `--head before the folder of the report, ${head}`, fix);
}
