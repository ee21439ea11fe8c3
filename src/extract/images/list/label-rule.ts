import { valueAt } from '../../../system/at.ts';
import { messageOf, UserError, usageError } from '../../../system/errors.ts';
import { counted } from '../../../system/printable.ts';
import type { LayoutOptions } from './image-file.ts';

/** Derives the class from an image's path. */
export interface LabelRule {
  /** Description as printed: `the parent folder`. */
  readonly text: string;
  /** Undefined if the path has none. */
  readonly labelOf: (path: string) => string | undefined;
}

/** `--label-from none`: no labels. */
export const noLabels = 'none';

const parent: LabelRule = { text: 'the parent folder', labelOf: parentOf };
const top: LabelRule = { text: 'the top folder', labelOf: topOf };
const whole: LabelRule = { text: 'the folders of the path', labelOf: (path) => foldersOf(path).join('/') || undefined };

function atDepth(depth: number): LabelRule {
  return { text: `the folder at depth ${depth}`, labelOf: (path) => foldersOf(path)[depth - 1] };
}

/** Without splitting the path, for speed with a million paths. */
function parentOf(path: string): string | undefined {
  const end = path.lastIndexOf('/');
  return end === -1 ? undefined : path.slice(path.lastIndexOf('/', end - 1) + 1, end);
}

function topOf(path: string): string | undefined {
  const end = path.indexOf('/');
  return end === -1 ? undefined : path.slice(0, end);
}

function foldersOf(path: string): readonly string[] {
  return path.split('/').slice(0, -1);
}

/**
 * The rule given by the user; undefined if none is.
 *
 * @throws a usage UserError for two rules, or an invalid expression
 */
export function askedRule({ depth, labelFrom }: LayoutOptions): LabelRule | undefined {
  if (depth !== undefined && labelFrom !== undefined) {
    throw usageError('--depth', `${depth}, with --label-from ${labelFrom}`, 'one of the two');
  }
  if (depth !== undefined) return atDepth(depth);
  if (labelFrom === undefined) return undefined;
  if (labelFrom === 'parent') return parent;
  if (labelFrom === 'top') return top;
  if (labelFrom === 'path') return whole;
  return fromExpression(labelFrom);
}

function fromExpression(text: string): LabelRule {
  let expression: RegExp;
  try {
    expression = new RegExp(text, 'u');
  } catch (error) {
    throw usageError(
      '--label-from',
      `${text}: ${messageOf(error)}`,
      'parent, top, path, none, or a regular expression whose first group is the class',
      "--label-from '^([a-z]+)[._-]' takes cat from cat.12.jpg",
    );
  }
  if (!/[^a-z]/.test(text)) {
    throw usageError('--label-from', text, 'parent, top, path, none, or a regular expression such as ^([a-z]+)[._-]');
  }
  return {
    text: `what ${text} finds in the path`,
    labelOf: (path) => {
      const name = path.slice(path.lastIndexOf('/') + 1);
      // An expression without a slash applies to the name, one with a slash to the path.
      const match = text.includes('/') ? expression.exec(path) : expression.exec(name);
      const label = match?.[1] ?? match?.[0];
      return label === '' ? undefined : label;
    },
  };
}

/** The default rule: the first that gives two classes, starting with the parent folder. */
export function usualRule(paths: readonly string[]): LabelRule {
  const simple = [parent, top].find((rule) => hasTwoClasses(paths, rule));
  if (simple !== undefined) return simple;
  const deepest = paths.reduce((depth, path) => Math.max(depth, foldersOf(path).length), 0);
  const others = Array.from({ length: Math.min(deepest, 20) }, (_, i) => atDepth(deepest - i));
  return others.find((rule) => hasTwoClasses(paths, rule)) ?? parent;
}

function hasTwoClasses(paths: readonly string[], rule: LabelRule): boolean {
  let first: string | undefined;
  for (const path of paths) {
    const label = rule.labelOf(path);
    if (label === undefined) return false;
    first ??= label;
    if (label !== first) return true;
  }
  return false;
}

/** What the top folder would give if it differs from the rule in use, for display. */
export function otherReading(paths: readonly string[], rule: LabelRule): string {
  if (rule !== parent) return '';
  if (paths.every((path) => topOf(path) === parentOf(path))) return '';
  const tops = new Set(paths.map(topOf));
  if (tops.size < 2) return '';
  return ` (--label-from top: ${counted(tops.size, 'class')})`;
}

/** @throws UserError if the rule finds no class in a path */
export function labelsOf(root: string, paths: readonly string[], rule: LabelRule, shown: readonly string[]): string[] {
  const labels = paths.map((path) => rule.labelOf(path));
  const without = labels.flatMap((label, i) => (label === undefined ? [valueAt(shown, i)] : []));
  if (without.length > 0) {
    throw new UserError({
      what: `${without.length} of ${counted(paths.length, 'image')} ${without.length === 1 ? 'has' : 'have'} no class`,
      where: root,
      found: `${without.slice(0, 3).join(', ')}${without.length > 3 ? ', …' : ''}: not ${rule.text}`,
      expected: `every image's class as ${rule.text}`,
      fix: 'move them, or --label-from parent|top|path|REGEX, or --labels FILE with a line for each image',
    });
  }
  return labels.flatMap((label) => label?.normalize('NFC') ?? []);
}
