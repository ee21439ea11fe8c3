import assert from 'node:assert/strict';
import { UserError } from '../../../../src/system/errors.ts';

/** Checks that the message of a UserError contains every text. */
export function tells(...parts: readonly (string | RegExp)[]): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof UserError, `a raw error: ${String(error)}`);
    for (const part of parts) {
      if (part instanceof RegExp) assert.match(error.message, part);
      else assert.ok(error.message.includes(part), `${JSON.stringify(part)} is not in: ${error.message}`);
    }
    return true;
  };
}
