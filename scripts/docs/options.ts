import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commandDefaults } from '../../src/classify/choose-heads.ts';
import { headOptions } from '../../src/cli/classify/head-options.ts';
import { verbs } from '../../src/cli/verbs.ts';
import { describeDefault, type HeadOption } from '../../src/models/parameters.ts';
import { headKinds } from '../../src/models/registry.ts';
import { preparationOptions } from '../../src/models/scaling.ts';
import { describeUsual, describeValues, type OptionSpec, optionName } from '../../src/system/options.ts';
import { verbNames } from '../../src/system/own-command.ts';

const inDocs = (page: string): string => fileURLToPath(new URL(`../../docs/${page}`, import.meta.url));

const begin = '<!-- options: npm run docs:options writes this table from the code -->';
const end = '<!-- end of options -->';

/** Pages with generated options, and the contents of each. */
export const pages: readonly { readonly file: string; readonly write: () => string | Promise<string> }[] = [
  { file: inDocs('heads.md'), write: headsTable },
  { file: inDocs('options.md'), write: verbTables },
];

/** Returns a page with its options as declared. @throws RangeError if it has no place for them */
export function withOptions(page: string, options: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new RangeError(`no place between ${begin} and ${end}`);
  return `${page.slice(0, from + begin.length)}\n${options}\n${page.slice(to)}`;
}

function headsTable(): string {
  const rows = headKinds.flatMap(({ model, solvers, options }) => [
    ...(solvers.length > 1 ? [headRow(model, 'solver', solverOption(solvers))] : []),
    ...Object.entries(options).map(([name, option]) => headRow(model, name, option)),
  ]);
  const shared = Object.entries<HeadOption>(preparationOptions).map(([name, option]) =>
    headRow('every head', name, { ...option, ...commandDefaults[name] }),
  );
  return table(['head', 'option', 'meaning', 'takes', 'default'], [...rows, ...shared]);
}

function headRow(head: string, name: string, option: HeadOption): readonly string[] {
  const { describe, solvers, flag } = option;
  const only = solvers === undefined || flag === true ? '' : `, ${solvers.join(' and ')} only`;
  return [head, `\`--${optionName(name)}\``, `${describe}${only}`, describeValues(option), describeDefault(option)];
}

function solverOption(solvers: readonly string[]): HeadOption {
  return { describe: 'what fits it', words: solvers, default: solvers[0] ?? null };
}

async function verbTables(): Promise<string> {
  const sections: string[] = [];
  for (const name of verbNames) {
    const { options, hidden = [] } = await verbs[name].load();
    const own = Object.entries(options).filter(
      ([option]) => !hidden.includes(option) && !(name === 'classify' && Object.hasOwn(headOptions, option)),
    );
    if (own.length === 0) continue;
    const rows = own.map(([option, spec]) => verbRow(option, spec));
    sections.push(`\n## ${name}\n\n${table(['option', 'meaning', 'takes', 'default'], rows)}\n`);
  }
  return sections.join('');
}

function verbRow(name: string, spec: OptionSpec): readonly string[] {
  const typed = spec.positional === true ? name.toUpperCase() : `--${optionName(name)}`;
  const takes = spec.flag === true ? '' : spec.parse === undefined ? describeValues(spec) : 'text';
  return [`\`${typed}\``, spec.describe, takes, describeUsual(spec)];
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [titles, titles.map(() => '---'), ...rows].map((cells) => {
    const escaped = cells.map((cell) => cell.replaceAll('|', '\\|'));
    return cells[0] === '---' ? `|${escaped.join('|')}|` : `| ${escaped.join(' | ')} |`;
  });
  return lines.join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { file, write } of pages) writeFileSync(file, withOptions(readFileSync(file, 'utf8'), await write()));
}
