import type { Report } from '../classify/result/report.ts';
import { isGeneralCommand, ownCommand, withOwnCommands } from '../system/own-command.ts';
import { shortPath } from '../system/short-path.ts';

/**
 * The command that reproduces a report, ready to copy; undefined if report.json holds anything else, so that a file
 * from elsewhere cannot suggest arbitrary commands.
 */
export function reportCommand({ command }: Pick<Report, 'command'>): string | undefined {
  return isGeneralCommand(command, 'classify') ? withOwnCommands(command) : undefined;
}

/** Shown instead of such a command. */
export const hiddenCommand = 'not shown: report.json holds another command than one of featuretap classify';

/** The command that applies a list of corrections to the labels that a report was trained on. */
export function relabelCommand({ command, featureSet }: Report, list: string): string {
  const labels = reportCommand({ command }) && / (--labels (?:'[^']*'|"[^"]*"|\S+))/.exec(command)?.[1];
  return labels === undefined
    ? ownCommand('relabel', [list, '--features', shortPath(featureSet.parts?.[0]?.folder ?? featureSet.folder)])
    : `${ownCommand('relabel', [list])} ${labels}`;
}
