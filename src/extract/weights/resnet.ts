/**
 * The ResNets that run here, as torchvision defines them (torchvision/models/resnet.py; v1.5: a bottleneck's stride sits
 * in its 3 x 3 convolution). One plan serves every engine, the check of a state dict and the random weights.
 */

/** A name of `architectures`, or the shape of a ResNet that has no name, written by `architectureOf`. */
export type Architecture = KnownArchitecture | `resnet(${string})`;

// biome-ignore format: as many on a line as fit
type KnownArchitecture =
  | 'resnet18' | 'resnet34' | 'resnet50' | 'resnet101' | 'resnet152' | 'resnext50_32x4d' | 'resnext101_32x8d'
  | 'resnext101_64x4d' | 'wide_resnet50_2' | 'wide_resnet101_2' | 'resnet-tiny';

interface ResNetShape {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in layer1 to layer4. */
  readonly blocks: readonly [number, number, number, number];
  /** Output channels of the stem. */
  readonly stemWidth: number;
  /** Planes of layer1's blocks, as torchvision counts them; they double from layer to layer. */
  readonly width: number;
  /** Groups of a bottleneck's 3 x 3 convolution; default 1. */
  readonly groups?: number;
  /** Channels of a group for every 64 planes, torchvision's `width_per_group`; default 64. */
  readonly groupWidth?: number;
  /** Side of the stem's kernel, default 7. With 3 it is CIFAR's stem: stride 1 and no max pool. */
  readonly stemKernel?: 3 | 7;
  /** Of the images, default 3. */
  readonly channels?: number;
}

export const architectures: Readonly<Record<KnownArchitecture, ResNetShape>> = {
  resnet18: { block: 'basic', blocks: [2, 2, 2, 2], stemWidth: 64, width: 64 },
  resnet34: { block: 'basic', blocks: [3, 4, 6, 3], stemWidth: 64, width: 64 },
  resnet50: { block: 'bottleneck', blocks: [3, 4, 6, 3], stemWidth: 64, width: 64 },
  resnet101: { block: 'bottleneck', blocks: [3, 4, 23, 3], stemWidth: 64, width: 64 },
  resnet152: { block: 'bottleneck', blocks: [3, 8, 36, 3], stemWidth: 64, width: 64 },
  // Xie et al. 2016 (https://arxiv.org/abs/1611.05431): groups x channels of a group.
  resnext50_32x4d: { block: 'bottleneck', blocks: [3, 4, 6, 3], stemWidth: 64, width: 64, groups: 32, groupWidth: 4 },
  resnext101_32x8d: { block: 'bottleneck', blocks: [3, 4, 23, 3], stemWidth: 64, width: 64, groups: 32, groupWidth: 8 },
  resnext101_64x4d: { block: 'bottleneck', blocks: [3, 4, 23, 3], stemWidth: 64, width: 64, groups: 64, groupWidth: 4 },
  // Zagoruyko and Komodakis 2016 (https://arxiv.org/abs/1605.07146): twice the channels inside a bottleneck.
  wide_resnet50_2: { block: 'bottleneck', blocks: [3, 4, 6, 3], stemWidth: 64, width: 64, groupWidth: 128 },
  wide_resnet101_2: { block: 'bottleneck', blocks: [3, 4, 23, 3], stemWidth: 64, width: 64, groupWidth: 128 },
  // Our own, for tests and trials: all kinds of blocks of a ResNet50, with 8 channels instead of 64.
  'resnet-tiny': { block: 'bottleneck', blocks: [2, 1, 1, 1], stemWidth: 8, width: 8 },
};

export function isArchitecture(name: string): name is Architecture {
  return shapeOf(name) !== undefined;
}

/** The known name of a shape, or its description: `resnet(bottleneck 2-1-1-1, stem 8, width 8, groups 4x64)`. */
export function architectureOf(shape: ResNetShape): Architecture {
  const description = describe(shape);
  const names = Object.keys(architectures) as KnownArchitecture[];
  return names.find((name) => describe(architectures[name]) === description) ?? description;
}

function describe(shape: ResNetShape): `resnet(${string})` {
  const { block, blocks, stemWidth, width, groups = 1, groupWidth = 64, stemKernel = 7, channels = 3 } = shape;
  const grouped = groups === 1 && groupWidth === 64 ? '' : `, groups ${groups}x${groupWidth}`;
  const stem = stemKernel === 7 ? '' : ', stem kernel 3';
  const images = channels === 3 ? '' : `, channels ${channels}`;
  return `resnet(${block} ${blocks.join('-')}, stem ${stemWidth}, width ${width}${grouped}${stem}${images})`;
}

const description =
  /^resnet\((basic|bottleneck) (\d+)-(\d+)-(\d+)-(\d+), stem (\d+), width (\d+)(?:, groups (\d+)x([\d.]+))?(, stem kernel 3)?(?:, channels (\d+))?\)$/;

function shapeOf(architecture: string): ResNetShape | undefined {
  if (Object.hasOwn(architectures, architecture)) return architectures[architecture as KnownArchitecture];
  const found = description.exec(architecture);
  if (found === null) return undefined;
  const [, block, first, second, third, fourth, stemWidth, width, groups = 1, groupWidth = 64, small, channels = 3] =
    found;
  return {
    block: block as ResNetShape['block'],
    blocks: [Number(first), Number(second), Number(third), Number(fourth)],
    stemWidth: Number(stemWidth),
    width: Number(width),
    groups: Number(groups),
    groupWidth: Number(groupWidth),
    stemKernel: small === undefined ? 7 : 3,
    channels: Number(channels),
  };
}

/** A convolution without bias, followed by batch norm. */
export interface ConvNorm {
  /** `layer1.0.conv1`: its kernel is `layer1.0.conv1.weight`, [outChannels, inChannels / groups, kernel, kernel]. */
  readonly conv: string;
  /** `layer1.0.bn1`: `.weight`, `.bias`, `.running_mean`, `.running_var`, each [outChannels]. */
  readonly norm: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
  readonly groups: number;
}

/** relu(main path + shortcut). A ReLU follows each convolution of the main path except the last. */
export interface ResidualBlock {
  readonly name: string;
  readonly main: readonly ConvNorm[];
  /** Absent if the shortcut is the block's input itself. */
  readonly shortcut?: ConvNorm;
}

export interface ResNetPlan {
  readonly architecture: Architecture;
  /** Followed by relu. */
  readonly stem: ConvNorm;
  /** Whether a 3 x 3 max pool of stride 2, padding 1 follows the stem. */
  readonly stemPool: boolean;
  readonly layers: readonly { readonly name: string; readonly blocks: readonly ResidualBlock[] }[];
  /** Channels of the last layer, which are also the inputs of `fc`. */
  readonly featureCount: number;
}

/** torch.nn.BatchNorm2d's default `eps`; torchvision keeps it in every ResNet. */
export const batchNormEpsilon: number = 1e-5;

export function planResNet(architecture: Architecture): ResNetPlan {
  const shape = shapeOf(architecture);
  if (shape === undefined) throw new RangeError(`no such architecture: ${architecture}`);
  const {
    block,
    blocks,
    stemWidth,
    width,
    groups = 1,
    groupWidth = 64,
    stemKernel = 7,
    channels: imageChannels = 3,
  } = shape;
  const expansion = block === 'bottleneck' ? 4 : 1;
  let channels = stemWidth;
  const layers = blocks.map((count, index) => {
    const planes = width * 2 ** index;
    const inner = block === 'bottleneck' ? Math.floor((planes * groupWidth) / 64) * groups : planes;
    const outer = planes * expansion;
    const name = `layer${index + 1}`;
    const members = Array.from({ length: count }, (_, i): ResidualBlock => {
      const at = `${name}.${i}`;
      const stride = index > 0 && i === 0 ? 2 : 1;
      const main =
        block === 'bottleneck'
          ? [
              convNorm(`${at}.conv1`, `${at}.bn1`, channels, inner, 1, 1),
              convNorm(`${at}.conv2`, `${at}.bn2`, inner, inner, 3, stride, groups),
              convNorm(`${at}.conv3`, `${at}.bn3`, inner, outer, 1, 1),
            ]
          : [
              convNorm(`${at}.conv1`, `${at}.bn1`, channels, outer, 3, stride),
              convNorm(`${at}.conv2`, `${at}.bn2`, outer, outer, 3, 1),
            ];
      const changes = stride !== 1 || channels !== outer;
      const shortcut = changes
        ? { shortcut: convNorm(`${at}.downsample.0`, `${at}.downsample.1`, channels, outer, 1, stride) }
        : {};
      channels = outer;
      return { name: at, main, ...shortcut };
    });
    return { name, blocks: members };
  });
  const stem = convNorm('conv1', 'bn1', imageChannels, stemWidth, stemKernel, stemKernel === 7 ? 2 : 1);
  return { architecture, stem, stemPool: stemKernel === 7, layers, featureCount: channels };
}

/** Every convolution of the network, in the order in which it runs (a block's main path before its shortcut). */
export function convolutions(plan: ResNetPlan): readonly ConvNorm[] {
  const blocks = plan.layers.flatMap((layer) => layer.blocks);
  return [plan.stem, ...blocks.flatMap((block) => [...block.main, ...(block.shortcut ? [block.shortcut] : [])])];
}

/**
 * Names and shapes of the tensors that the network needs, torchvision's names, without `fc` (its class count is the
 * file's own) and without the `num_batches_tracked` counters (they are of no use after training).
 */
export function neededTensors(plan: ResNetPlan): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const { conv, norm, inChannels, outChannels, kernel, groups } of convolutions(plan)) {
    shapes.set(`${conv}.weight`, [outChannels, inChannels / groups, kernel, kernel]);
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes.set(`${norm}.${part}`, [outChannels]);
  }
  return shapes;
}

function convNorm(
  conv: string,
  norm: string,
  inChannels: number,
  outChannels: number,
  kernel: number,
  stride: number,
  groups = 1,
): ConvNorm {
  return { conv, norm, inChannels, outChannels, kernel, stride, padding: (kernel - 1) / 2, groups };
}
