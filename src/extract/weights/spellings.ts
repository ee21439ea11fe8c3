/**
 * Other naming schemes of a ResNet's tensors than torchvision's (`layer1.0.conv1.weight`). A scheme is recognized by
 * its stem and mapped to torchvision's names; unknown tensors keep their names.
 */

interface Spelled {
  /** Description of the naming scheme if it is not torchvision's, for messages. */
  readonly spelling: string | undefined;
  readonly names: ReadonlyMap<string, string>;
  readonly others: readonly string[];
}

interface Spelling {
  readonly name: string;
  /** The stem's kernel, after any prefix; the dot before it, if any, is part of the prefix. */
  readonly stem: string;
  /** Must also be present, with the same prefix. */
  readonly beside: string;
  /** torchvision's name of a tensor without its prefix; undefined if unknown. */
  readonly rename: (name: string, stages: readonly string[]) => string | undefined;
  /** For numbered stages: matches the first convolution of a stage. There must be four. */
  readonly stages?: RegExp;
}

const spellings: readonly Spelling[] = [
  {
    // timm's and torchvision's; kuangliu's pytorch-cifar says shortcut and linear.
    name: "torchvision's names",
    stem: 'conv1.weight',
    beside: 'layer1.0.conv1.weight',
    rename: (name) => name.replace(/\.shortcut\.([01])\./, '.downsample.$1.').replace(/^linear\./, 'fc.'),
  },
  {
    // transformers/models/resnet/modeling_resnet.py
    name: "Hugging Face's names",
    stem: 'embedder.embedder.convolution.weight',
    beside: 'encoder.stages.0.layers.0.layer.0.convolution.weight',
    rename: (name) => {
      const part = (kind: string | undefined): string => (kind === 'convolution' ? 'conv' : 'bn');
      const stem = /^embedder\.embedder\.(convolution|normalization)\.(.+)$/.exec(name);
      if (stem !== null) return `${part(stem[1])}1.${stem[2]}`;
      const found =
        /^encoder\.stages\.(\d+)\.layers\.(\d+)\.(?:layer\.(\d+)|(shortcut))\.(convolution|normalization)\.(.+)$/.exec(
          name,
        );
      if (found === null) return undefined;
      const [, stage, block, layer, shortcut, kind, rest] = found;
      const at = `layer${Number(stage) + 1}.${block}`;
      if (shortcut !== undefined) return `${at}.downsample.${kind === 'convolution' ? 0 : 1}.${rest}`;
      return `${at}.${part(kind)}${Number(layer) + 1}.${rest}`;
    },
  },
  {
    // nn.Sequential(*list(resnet.children())[:-1]), as lightly's tutorials take a backbone: stages are 4 to 7, or 2 to 5
    // without relu and pool between.
    name: 'numbered modules of nn.Sequential',
    stem: '0.weight',
    beside: '1.running_mean',
    stages: /^(\d+)\.0\.conv1\.weight$/,
    rename: (name, stages) => {
      const [, first = '', rest = ''] = /^(\d+)\.(.+)$/.exec(name) ?? [];
      if (first === '0') return `conv1.${rest}`;
      if (first === '1') return `bn1.${rest}`;
      const stage = stages.indexOf(first);
      return stage < 0 ? undefined : `layer${stage + 1}.${rest}`;
    },
  },
];

/** Which of several networks in a file to use: e.g. the student or the query network first. */
const preferred = ['', 'module.', 'model.', 'backbone.', 'encoder.', 'encoder_q.', 'module.encoder_q.', 'student.'];

/** Undefined if no scheme is recognized. */
export function recognizeSpelling(names: Iterable<string>): Spelled | undefined {
  const all = new Set(names);
  for (const spelling of spellings) {
    const prefixes = [...all]
      .filter((name) => name === spelling.stem || name.endsWith(`.${spelling.stem}`))
      .map((name) => name.slice(0, -spelling.stem.length))
      .filter((prefix) => all.has(`${prefix}${spelling.beside}`))
      .filter((prefix) => spelling.stages === undefined || stagesOf(spelling.stages, prefix, all).length === 4);
    if (prefixes.length === 0) continue;
    const rank = (prefix: string): number =>
      preferred.includes(prefix) ? preferred.indexOf(prefix) : preferred.length;
    prefixes.sort((a, b) => rank(a) - rank(b) || a.length - b.length || (a < b ? -1 : 1));
    const [prefix = '', ...others] = prefixes;
    const inside = [...all].filter((name) => name.startsWith(prefix));
    const stages = spelling.stages === undefined ? [] : stagesOf(spelling.stages, prefix, all);
    const renamed = new Map<string, string>();
    for (const name of inside) {
      const own = name.slice(prefix.length);
      renamed.set(spelling.rename(own, stages) ?? own, name);
    }
    return { spelling: spelling === spellings[0] ? undefined : spelling.name, names: renamed, others };
  }
  return undefined;
}

function stagesOf(stage: RegExp, prefix: string, names: ReadonlySet<string>): string[] {
  return [...names]
    .flatMap((name) => (name.startsWith(prefix) ? (stage.exec(name.slice(prefix.length))?.[1] ?? []) : []))
    .sort((a, b) => Number(a) - Number(b));
}
