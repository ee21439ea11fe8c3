import { UserError } from '../../system/errors.ts';
import { firstNonFinite } from './finite.kernel.ts';
import { type Architecture, architectures, neededTensors, planResNet } from './resnet.ts';
import type { WeightTensor } from './state-dict.ts';

/** A tensor of a file before it is converted: `read` may cost memory, `shape` does not. */
export interface UnreadTensor {
  readonly shape: readonly number[];
  readonly read: () => Float32Array;
}

export interface CheckedTensors {
  readonly architecture: Architecture;
  readonly classCount?: number;
  readonly tensors: ReadonlyMap<string, WeightTensor>;
  readonly warnings: readonly string[];
}

/** What to do about a file that holds such a network, and one tensor is not as it should be. */
const savedAnew = 'save or download the file again; torch.save(model.state_dict(), "weights.pth") saves it whole';
/** What to do about another network than those. */
const ownNetwork = 'another network runs as an ONNX file: torch.onnx.export it, then --weights FILE.onnx';

/** Wrappers around a network that put their own name before each tensor's. */
const wrapperPrefix = /^(?:(?:module|model|_orig_mod|backbone|encoder)\.)+(?=conv1\.weight$)/;

/**
 * Finds out which ResNet a file's tensors are, and checks them: each that the network needs must be there, in its shape
 * and finite. Only those are converted, so that a file cannot ask for more memory than the network has parameters.
 *
 * @param where the file's name, for messages
 * @throws UserError naming the first tensor that is missing, has a wrong shape, or holds NaN or infinity
 */
export function checkStateDict(found: ReadonlyMap<string, UnreadTensor>, where: string): CheckedTensors {
  const { prefix, named } = withoutPrefix(found);
  const architecture = closestArchitecture(named);
  const plan = planResNet(architecture);
  const needed = new Map(neededTensors(plan));
  const fc = named.get('fc.weight') ?? named.get('fc.bias');
  const classCount = fc?.shape[0];
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
    const data = (named.get(name) as UnreadTensor).read();
    checkValues(name, data, where);
    tensors.set(name, { shape, data });
  }

  const warnings: string[] = [];
  if (classCount === undefined) warnings.push(`${where} holds no fc: the tap fc is not available`);
  const extra = [...named.keys()].filter((name) => !needed.has(name) && !name.endsWith('.num_batches_tracked'));
  for (const name of found.keys()) if (!name.startsWith(prefix)) extra.push(name);
  if (extra.length > 0) warnings.push(`${where} holds ${describeExtra(extra)} that ${architecture} does not use`);
  return { architecture, ...(classCount === undefined ? {} : { classCount }), tensors, warnings };
}

function checkValues(name: string, data: Float32Array, where: string): void {
  const at = firstNonFinite(data);
  if (at >= 0)
    throw new UserError({
      what: `The tensor ${name} holds ${Number.isNaN(data[at]) ? 'NaN' : 'infinity'}`,
      where,
      found: `${data[at]} at element ${at} of ${data.length}`,
      expected: 'finite float32 numbers',
      fix: savedAnew,
    });
  const negative = name.endsWith('.running_var') ? data.findIndex((variance) => variance < 0) : -1;
  if (negative >= 0)
    throw new UserError({
      what: `The tensor ${name} holds a negative variance`,
      where,
      found: `${data[negative]} at element ${negative}`,
      expected: 'numbers from 0',
      fix: savedAnew,
    });
}

/** Names without a wrapper's prefix (`module.`, `model.`): the shortest one under which `conv1.weight` is. */
function withoutPrefix(found: ReadonlyMap<string, UnreadTensor>): {
  prefix: string;
  named: ReadonlyMap<string, UnreadTensor>;
} {
  if (found.has('conv1.weight')) return { prefix: '', named: found };
  const prefixes = [...found.keys()].flatMap((name) => wrapperPrefix.exec(name)?.[0] ?? []);
  const prefix = prefixes.sort((a, b) => a.length - b.length)[0] ?? '';
  const inside = [...found].filter(([name]) => name.startsWith(prefix));
  return { prefix, named: new Map(inside.map(([name, tensor]) => [name.slice(prefix.length), tensor])) };
}

/** The architecture whose list of names and shapes differs least from the file's. */
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
    fix: present * 2 < needed.size ? ownNetwork : savedAnew,
  });
}

function describeExtra(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(', ');
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.length === 1 ? 'a tensor' : `${names.length} tensors`} (${shown}${more})`;
}
