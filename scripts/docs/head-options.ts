import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandDefaults, optionName } from '../../src/classify/choose-heads.ts';
import { describeDefault, describeValues, type HeadOption } from '../../src/models/parameters.ts';
import { headKinds } from '../../src/models/registry.ts';
import { preparationOptions } from '../../src/models/scaling.ts';

/** Where the table of the heads' options lies, and what encloses it there. */
export const headsPage: string = fileURLToPath(new URL('../../docs/heads.md', import.meta.url));
const begin = '<!-- options: npm run docs:heads writes this table from what the heads declare -->';
const end = '<!-- end of options -->';

/** A page with its table of options as the heads declare them. @throws RangeError when it has no place for one */
export function withOptionsTable(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`no place between ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n${optionsTable()}\n${page.slice(to)}`;
}

function optionsTable(): string {
  const rows = headKinds.flatMap(({ model, solvers, options }) => [
    ...(solvers.length > 1 ? [row(model, 'solver', solverOption(solvers))] : []),
    ...Object.entries(options).map(([name, option]) => row(model, name, option)),
  ]);
  const shared = Object.entries<HeadOption>(preparationOptions).map(([name, option]) =>
    row('every head', name, { ...option, ...commandDefaults[name] }),
  );
  return ['| head | option | what it is | takes | default |', '|---|---|---|---|---|', ...rows, ...shared].join('\n');
}

function row(head: string, name: string, option: HeadOption): string {
  const { describe, solvers, flag } = option;
  const only = solvers === undefined || flag === true ? '' : `, ${solvers.join(' and ')} only`;
  const cells = [
    head,
    `\`--${optionName(name)}\``,
    `${describe}${only}`,
    describeValues(option),
    describeDefault(option),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function solverOption(solvers: readonly string[]): HeadOption {
  return { describe: 'what fits it', words: solvers, default: solvers[0] ?? null };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(headsPage, withOptionsTable(readFileSync(headsPage, 'utf8')));
}
