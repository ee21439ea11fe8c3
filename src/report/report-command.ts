import type { Report } from '../classify/result/report.ts';
import { isGeneralCommand, withOwnCommands } from '../system/own-command.ts';

/**
 * The command that reproduces a report, ready to copy; undefined if report.json holds anything else, so that a file
 * from elsewhere cannot suggest arbitrary commands.
 */
export function reportCommand({ command }: Pick<Report, 'command'>): string | undefined {
  return isGeneralCommand(command, 'classify') ? withOwnCommands(command) : undefined;
}

/** Shown instead of such a command. */
export const hiddenCommand = 'not shown: report.json holds another command than one of featuretap classify';
