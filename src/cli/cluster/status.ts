import { arrayExpression } from '../../cluster/plan/array-expression.ts';
import { mostParts } from '../../cluster/records/part.ts';
import { type PartsStatus, readStatus } from '../../cluster/status/status.ts';
import { extractOptions } from '../../extract/options.ts';
import { featureFolder } from '../../extract/plan.ts';
import { counted } from '../../system/printable.ts';
import { shortPath } from '../../system/short-path.ts';
import { formatSeconds } from '../progress-bar.ts';
import { asVerb, retyped, withOption, withoutOption } from '../retyped.ts';
import { defineVerb, type Session, type Verb } from '../verb.ts';

/** Shows the progress of the parts of a feature set. */
export const statusVerb: Verb = defineVerb({
  options: {
    data: { describe: 'the data folder, where it names the set', text: true, default: 'data' },
    name: extractOptions.name,
    cache: extractOptions.cache,
    parts: {
      describe: 'how many there are',
      numbers: { whole: true, min: 1, max: mostParts },
      unset: 'as the folder says',
    },
  },
  run: async ({ data, name, cache, parts }, session) => {
    print(await readStatus(featureFolder(data, cache, name), parts, firstPart(session.args)), session);
    return 0;
  },
});

/** The command that makes the first of eight parts, with the data folder, name and cache of this one. */
export function firstPart(args: readonly string[]): string {
  const others = ['parts', 'wait', 'keep-parts'].reduce(withoutOption, asVerb(args, 'extract'));
  return retyped(withOption(others, 'part', '0/8'));
}

function print(status: PartsStatus, session: Session): void {
  const { folder, partCount, done, inputs, inputsDone, rows, imagesPerSecond, secondsLeft, failures, array } = status;
  session.printJson({ featureSet: folder, ...status });
  session.print(`${shortPath(folder)}: ${done} of ${counted(partCount, 'part')} done, ${counted(rows, 'row')}`);
  for (const state of ['running', 'failed', 'stopped', 'waiting'] as const) {
    if (status[state].length > 0)
      session.print(`  ${state}: ${status[state].length} (${arrayExpression(status[state])})`);
  }
  if (inputs !== undefined) {
    const rate = imagesPerSecond === 0 ? '' : `, ${imagesPerSecond.toFixed(1)} images/s`;
    const left = secondsLeft === undefined ? '' : `, about ${formatSeconds(secondsLeft)} left`;
    session.print(`  ${inputsDone} of ${counted(inputs, 'input')}${rate}${left}`);
  }
  for (const { reason, inputs: count, parts } of failures) {
    const where = parts.length === 0 ? '' : `; parts ${arrayExpression(parts)} stopped at it`;
    session.print(`  ${count === 0 ? '' : `${counted(count, 'input')}: `}${reason}${where}`);
  }
  if (array !== '') session.print(`  not under way: --array=${array}`);
}
