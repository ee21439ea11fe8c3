import { compareReports } from '../report/comparison.ts';
import { summarize } from '../report/summary.ts';
import { terminalComparison } from '../report/terminal.ts';
import type { Options, Session, Verb } from './verb.ts';

export const compareVerb: Verb = {
  command: 'compare [reports..]',
  describe: 'put the reports of classify side by side',
  options: (yargs) =>
    yargs.positional('reports', {
      type: 'string',
      array: true,
      describe: 'report.json files, or folders that hold them (default: reports)',
    }),
  run: async (options: Options, session: Session): Promise<number> => {
    const given = (options['reports'] as readonly string[] | undefined) ?? [];
    const comparison = await compareReports(given.length === 0 ? ['reports'] : given);
    for (const { message } of comparison.unreadable) session.warn(`left out: ${message}`);
    session.print(terminalComparison(comparison));
    session.printJson(summarize(comparison));
    return 0;
  },
};
