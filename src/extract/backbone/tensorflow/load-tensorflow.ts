import util from 'node:util';
import { UserError } from '../../../system/errors.ts';
import { isCheckout, setupCommand } from '../../../system/own-command.ts';

/** The TensorFlow.js API of @tensorflow/tfjs-node-gpu and @tensorflow/tfjs, which have different backends. */
export type TensorFlow = typeof import('@tensorflow/tfjs');

/** The package with the native library; an optional dependency. */
const packageName = '@tensorflow/tfjs-node-gpu';

/** Loads TensorFlow.js with its native library. @throws UserError that says what is missing and how to set it up */
export async function loadTensorFlow(): Promise<TensorFlow> {
  restoreRemovedUtilities();
  // Silences the library's list of instruction sets on stderr, but not its warnings.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '1';
  try {
    // A variable, so that type checking does not need the optional package.
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
 * tfjs-node 4.22 calls two functions of node:util that Node 23 removed; the fix is merged but unreleased
 * (https://github.com/tensorflow/tfjs/pull/8425). Earlier versions of Node warn about them.
 */
function restoreRemovedUtilities(): void {
  const utilities = util as unknown as Record<string, unknown>;
  utilities['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  utilities['isArray'] = Array.isArray;
}
