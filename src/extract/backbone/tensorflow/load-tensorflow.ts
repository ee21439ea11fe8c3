import util from 'node:util';
import { UserError } from '../../../system/errors.ts';
import { isCheckout, setupCommand } from '../../../system/own-command.ts';

/** The TensorFlow.js API. @tensorflow/tfjs-node-gpu and @tensorflow/tfjs both give it, on different backends. */
export type TensorFlow = typeof import('@tensorflow/tfjs');

/** The package whose native library the engine runs on; an optional dependency. */
const packageName = '@tensorflow/tfjs-node-gpu';

/**
 * TensorFlow.js on its native library.
 *
 * @throws UserError that says what is missing and how to set it up
 */
export async function loadTensorFlow(): Promise<TensorFlow> {
  restoreRemovedUtilities();
  // The library tells the instruction sets it was built for on stderr; its warnings stay.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
  try {
    // A variable, so that the type check does not ask for an optional package.
    const loaded = await import(packageName);
    return loaded.default ?? loaded;
  } catch (error) {
    throw notSetUp(error as NodeJS.ErrnoException);
  }
}

function notSetUp(error: NodeJS.ErrnoException): UserError {
  const message = error.message.split('\n')[0] ?? '';
  const isMissing = error.code === 'ERR_MODULE_NOT_FOUND' && message.includes(packageName);
  return new UserError({
    what: 'The tensorflow engine is not set up',
    where: packageName,
    found: isMissing ? 'the package is not installed' : message.trim().replace(/\.$/, ''),
    expected: 'the package with its native library (npm ci does not download the library)',
    fix: `${isMissing && isCheckout() ? `npm install ${packageName} && ` : ''}${setupCommand('tensorflow')}, or --engine onnx`,
    cause: error,
  });
}

/**
 * tfjs-node 4.22 calls two functions of node:util that Node 23 took away; the fix is merged and not released
 * (https://github.com/tensorflow/tfjs/pull/8425). Before that Node warns about them.
 */
function restoreRemovedUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  utilities['isArray'] = Array.isArray;
}
