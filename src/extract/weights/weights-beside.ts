import { basename, dirname, join } from 'node:path';
import { valueAt } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { listIfThere, nodeFiles, statIfThere } from '../../system/files.ts';
import { nearestName } from '../../system/nearest.ts';

const mostNamed = 10;

/**
 * Suggests weights files near a path that has none.
 *
 * @throws UserError if a folder is not a published network but has weights files, or if a file is missing but others
 *   exist
 */
export async function checkPlace(spec: string, isFolder: boolean): Promise<void> {
  const folder = isFolder ? spec : dirname(spec);
  const isThere = (await statIfThere(nodeFiles, isFolder ? join(spec, 'config.json') : spec)) !== undefined;
  if (isThere) return;
  // A report's own head is no network.
  const names = (await listIfThere(nodeFiles, folder)).filter(
    (name) => /\.(?:safetensors|pth|pt|ckpt|onnx)$/i.test(name) && name !== 'head.safetensors',
  );
  if (names.length === 0) return;
  const paths = names.sort().map((name) => join(folder, name));
  const near = isFolder
    ? paths.length === 1
      ? paths[0]
      : undefined
    : nearestName(join(folder, basename(spec)), paths);
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : '';
  throw new UserError({
    what: isFolder ? 'the folder is no published network: it has no config.json' : 'there is no such weights file',
    where: '--weights',
    found: spec,
    expected: `${isFolder ? 'one of its weights files' : 'a file that is there'}: ${paths.slice(0, mostNamed).join(' | ')}${more}`,
    ...(near === undefined ? { option: { name: 'weights', value: valueAt(paths, 0) } } : { instead: near }),
  });
}
