import type { Argv } from 'yargs';
import { arrayExpression } from '../../cluster/plan/array-expression.ts';
import { mostParts } from '../../cluster/records/part.ts';
import { type PartsStatus, readStatus } from '../../cluster/status/status.ts';
import { featureFolder } from '../../extract/plan.ts';
import { shortPath } from '../../system/short-path.ts';
import { number, text } from '../options.ts';
import { formatSeconds } from '../progress-bar.ts';
import type { Session, Verb } from '../verb.ts';

/** Status: how far the parts of a feature set are. */
export const statusVerb: Verb = {
  options: (yargs: Argv): Argv =>
    yargs
      .option('data', { type: 'string', describe: 'the data folder, where it names the set [data]' })
      .option('name', { type: 'string', describe: "name of the feature set [the data folder's]" })
      .option('cache', { type: 'string', describe: 'where feature sets live [cache]' })
      .option('parts', { type: 'string', describe: 'how many there are [as the folder says]' }),
  run: async (options, session) => {
    const set = featureFolder(text(options, 'data', 'data'), text(options, 'cache', 'cache'), text(options, 'name'));
    const status = await readStatus(set, number(options, 'parts', { whole: true, min: 1, max: mostParts }));
    print(status, session);
    return 0;
  },
};

function print(status: PartsStatus, session: Session): void {
  const { folder, partCount, done, inputs, inputsDone, rows, imagesPerSecond, secondsLeft, failures, array } = status;
  session.printJson({ featureSet: folder, ...status });
  session.print(`${shortPath(folder)}: ${done} of ${partCount} parts done, ${rows} rows`);
  for (const state of ['running', 'failed', 'stopped', 'waiting'] as const) {
    if (status[state].length > 0)
      session.print(`  ${state}: ${status[state].length} (${arrayExpression(status[state])})`);
  }
  if (inputs !== undefined) {
    const rate = imagesPerSecond === 0 ? '' : `, ${imagesPerSecond.toFixed(1)} images/s`;
    const left = secondsLeft === undefined ? '' : `, about ${formatSeconds(secondsLeft)} left`;
    session.print(`  ${inputsDone} of ${inputs} inputs${rate}${left}`);
  }
  for (const { reason, inputs: count, parts } of failures) {
    const where = parts.length === 0 ? '' : `; parts ${arrayExpression(parts)} stopped at it`;
    session.print(`  ${count === 0 ? '' : `${count} inputs: `}${reason}${where}`);
  }
  if (array !== '') session.print(`  not under way: --array=${array}`);
}
