import { firstNonFinite } from '../../numerics/finite.kernel.ts';
import { lookUp } from '../../system/at.ts';
import { UserError } from '../../system/errors.ts';
import { type Architecture, architectureOf, architectures, neededTensors, planResNet } from './resnet.ts';
import { recognizeSpelling } from './spellings.ts';
import type { WeightTensor } from './state-dict.ts';

/** A tensor of a file before conversion: `read` allocates memory. */
export interface UnreadTensor {
  readonly shape: readonly number[];
  readonly read: () => Float32Array;
}

interface CheckedTensors {
  readonly architecture: Architecture;
  readonly classCount: number | undefined;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  readonly warnings: readonly string[];
}

/** Fix for a file of a known network with an invalid tensor. */
const saveAgain = 'save or download the file again; torch.save(model.state_dict(), "weights.pth") saves it whole';
/** Fix for an unknown network. */
const ownNetwork = 'another network runs as an ONNX file: torch.onnx.export it, then --weights FILE.onnx';

/**
 * Identifies the ResNet of a file's tensors and checks them: all needed tensors must be present, with the right shape
 * and finite. Only those are converted, which bounds memory.
 *
 * @throws UserError naming the first tensor that is missing, has a wrong shape, or holds NaN or infinity
 */
export function checkStateDict(found: ReadonlyMap<string, UnreadTensor>, where: string): CheckedTensors {
  const spelled = recognizeSpelling(found.keys());
  const named = spelled === undefined ? found : new Map(mapped(spelled.names, found));
  checkStem(named, where);
  const architecture = inferArchitecture(named) ?? closestArchitecture(named);
  const plan = planResNet(architecture);
  const needed = new Map(neededTensors(plan));
  const warnings: string[] = [];
  const fc = named.get('fc.weight') ?? named.get('fc.bias');
  const otherFc = fc?.shape.length === 2 && fc.shape[1] !== plan.featureCount;
  if (otherFc) warnings.push(`${where}: fc is not one layer over ${plan.featureCount} features: it was left out`);
  const classCount = otherFc ? undefined : fc?.shape[0];
  if (classCount !== undefined) {
    needed.set('fc.weight', [classCount, plan.featureCount]);
    needed.set('fc.bias', [classCount]);
  }

  for (const [name, shape] of needed) {
    const tensor = named.get(name);
    if (tensor === undefined) throw missing(name, shape, { where, architecture, named, needed });
    if (tensor.shape.join() !== shape.join())
      throw new UserError({
        what: `The tensor ${name} has the wrong shape for ${architecture}`,
        where,
        found: `[${tensor.shape.join(', ')}]`,
        expected: `[${shape.join(', ')}]`,
        fix: ownNetwork,
      });
  }
  const tensors = new Map<string, WeightTensor>();
  for (const [name, shape] of needed) {
    const data = lookUp(named, name).read();
    checkValues(name, data, where);
    tensors.set(name, { shape, data });
  }

  if (spelled?.spelling !== undefined) warnings.push(`${where}: read by ${spelled.spelling}`);
  if (!plan.stemPool) warnings.push(`${where}: a 3 x 3 stem, taken as CIFAR's: stride 1, no max pool behind it`);
  if (spelled !== undefined && spelled.others.length > 0) {
    const others = spelled.others.map((prefix) => `${prefix}*`).join(', ');
    const taken = spelled.names.get('conv1.weight')?.replace(/[^.]+\.weight$/, '*');
    warnings.push(`${where} holds several networks: ${taken} was used, not ${others}`);
  }
  if (classCount === undefined && !otherFc) warnings.push(`${where} holds no fc: the tap fc is not available`);
  const taken = new Set([...needed.keys()].map((name) => spelled?.names.get(name) ?? name));
  const extra = [...found.keys()].filter((name) => !taken.has(name) && !name.endsWith('.num_batches_tracked'));
  if (extra.length > 0) warnings.push(`${where} holds ${describeExtra(extra)} that ${architecture} does not use`);
  return { architecture, classCount, tensors, warnings };
}

function checkValues(name: string, data: Float32Array, where: string): void {
  const at = firstNonFinite(data);
  if (at >= 0)
    throw new UserError({
      what: `The tensor ${name} holds ${Number.isNaN(data[at]) ? 'NaN' : 'infinity'}`,
      where,
      found: `${data[at]} at element ${at} of ${data.length}`,
      expected: 'finite float32 numbers',
      fix: saveAgain,
    });
  const negative = name.endsWith('.running_var') ? data.findIndex((variance) => variance < 0) : -1;
  if (negative >= 0)
    throw new UserError({
      what: `The tensor ${name} holds a negative variance`,
      where,
      found: `${data[negative]} at element ${negative}`,
      expected: 'numbers from 0',
      fix: saveAgain,
    });
}

function mapped(
  names: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, UnreadTensor>,
): [name: string, tensor: UnreadTensor][] {
  return [...names].map(([name, own]) => [name, lookUp(found, own)]);
}

/** @throws UserError if the stem is a ResNet's, but not one convolution */
function checkStem(named: ReadonlyMap<string, UnreadTensor>, where: string): void {
  const stem = named.get('conv1.weight');
  if (stem === undefined && named.has('conv1.0.weight') && named.has('layer1.0.conv1.weight'))
    throw new UserError({
      what: 'This ResNet has a deep stem of three convolutions (ResNet-C or -D), which is not built here',
      where,
      found: 'conv1.0.weight',
      expected: "torchvision's stem: conv1.weight of shape [64, 3, 7, 7]",
      fix: ownNetwork,
    });
}

/** The ResNet with these names and shapes, of any width; undefined if there is none. */
function inferArchitecture(named: ReadonlyMap<string, UnreadTensor>): Architecture | undefined {
  const shape = (name: string): readonly number[] => named.get(`${name}.weight`)?.shape ?? [];
  const blocksOf = (layer: number): number => {
    let count = 0;
    while (named.has(`layer${layer}.${count}.conv1.weight`)) count++;
    return count;
  };
  const [stemWidth = 0, channels = 0, stemKernel] = shape('conv1');
  const isBottleneck = named.has('layer1.0.conv3.weight');
  const [outer = 0] = shape(isBottleneck ? 'layer1.0.conv3' : 'layer1.0.conv2');
  const [inner = 0, perGroup = 0] = shape('layer1.0.conv2');
  const width = isBottleneck ? outer / 4 : outer;
  const groups = isBottleneck ? inner / perGroup : 1;
  const groupWidth = isBottleneck ? (perGroup * 64) / width : 64;
  const blocks = [blocksOf(1), blocksOf(2), blocksOf(3), blocksOf(4)] as const;
  const counts = [stemWidth, channels, width, groups, ...blocks];
  const isWhole = counts.every((count) => Number.isSafeInteger(count) && count > 0) && Number.isFinite(groupWidth);
  if (!isWhole || (stemKernel !== 7 && stemKernel !== 3)) return undefined;
  const block = isBottleneck ? 'bottleneck' : 'basic';
  return architectureOf({ block, blocks, stemWidth, width, groups, groupWidth, stemKernel, channels });
}

/** The architecture whose names and shapes differ least from the file's. */
function closestArchitecture(named: ReadonlyMap<string, UnreadTensor>): Architecture {
  let closest: Architecture = 'resnet50';
  let smallest = Number.POSITIVE_INFINITY;
  for (const architecture of Object.keys(architectures) as Architecture[]) {
    const needed = neededTensors(planResNet(architecture));
    let same = 0;
    for (const [name, shape] of needed) if (named.get(name)?.shape.join() === shape.join()) same++;
    const different = needed.size + named.size - 2 * same;
    if (same > 0 && different < smallest) {
      smallest = different;
      closest = architecture;
    }
  }
  return closest;
}

interface Comparison {
  readonly where: string;
  readonly architecture: Architecture;
  readonly named: ReadonlyMap<string, UnreadTensor>;
  readonly needed: ReadonlyMap<string, readonly number[]>;
}

function missing(
  name: string,
  shape: readonly number[],
  { where, architecture, named, needed }: Comparison,
): UserError {
  const present = [...needed.keys()].filter((key) => named.has(key)).length;
  const first = [...named.keys()].slice(0, 3).join(', ');
  return new UserError({
    what: `The tensor ${name} is missing`,
    where,
    found: `${present} of the ${needed.size} tensors of ${architecture}${first === '' ? '' : ` (the file starts with ${first})`}`,
    expected: `${name} of shape [${shape.join(', ')}]: torchvision's names, one of ${Object.keys(architectures).join(', ')}`,
    fix: present * 2 < needed.size ? ownNetwork : saveAgain,
  });
}

function describeExtra(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.length === 1 ? 'a tensor' : `${names.length} tensors`} (${shown}${more})`;
}
