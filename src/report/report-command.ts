import type { Report } from '../classify/result/report.ts';
import { isGeneralCommand, withOwnCommands } from '../system/own-command.ts';

/**
 * The command that makes a report again, to be typed as it stands; undefined if report.json holds something else: a
 * file that came from elsewhere cannot make its reader run what it likes.
 */
export function reportCommand({ command }: Pick<Report, 'command'>): string | undefined {
  return isGeneralCommand(command, 'classify') ? withOwnCommands(command) : undefined;
}

/** What stands in a card or page for a command that is not shown. */
export const hiddenCommand = 'not shown: report.json holds another command than one of featuretap classify';
