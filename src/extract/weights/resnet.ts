/**
 * The ResNets that are known here, as torchvision defines them (torchvision/models/resnet.py; v1.5: a bottleneck's
 * stride sits in its 3 x 3 convolution). One plan serves every engine, the check of a state dict and the random weights.
 */

export type Architecture = 'resnet18' | 'resnet34' | 'resnet50' | 'resnet101' | 'resnet152' | 'resnet-tiny';

export interface ResNetShape {
  readonly block: 'basic' | 'bottleneck';
  /** Blocks in layer1 to layer4. */
  readonly blocks: readonly [number, number, number, number];
  /** Output channels of the stem. */
  readonly stemWidth: number;
  /** Inner channels of layer1's blocks; they double from layer to layer. */
  readonly width: number;
}

export const architectures: Readonly<Record<Architecture, ResNetShape>> = {
  resnet18: { block: 'basic', blocks: [2, 2, 2, 2], stemWidth: 64, width: 64 },
  resnet34: { block: 'basic', blocks: [3, 4, 6, 3], stemWidth: 64, width: 64 },
  resnet50: { block: 'bottleneck', blocks: [3, 4, 6, 3], stemWidth: 64, width: 64 },
  resnet101: { block: 'bottleneck', blocks: [3, 4, 23, 3], stemWidth: 64, width: 64 },
  resnet152: { block: 'bottleneck', blocks: [3, 8, 36, 3], stemWidth: 64, width: 64 },
  // Ours, for tests and trials: every kind of block a ResNet50 has, with 8 channels where that has 64.
  'resnet-tiny': { block: 'bottleneck', blocks: [2, 1, 1, 1], stemWidth: 8, width: 8 },
};

export function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(architectures, name);
}

/** A convolution without bias and the batch norm behind it. */
export interface ConvNorm {
  /** `layer1.0.conv1`: its kernel is `layer1.0.conv1.weight`, [outChannels, inChannels, kernel, kernel]. */
  readonly conv: string;
  /** `layer1.0.bn1`: `.weight`, `.bias`, `.running_mean`, `.running_var`, each [outChannels]. */
  readonly norm: string;
  readonly inChannels: number;
  readonly outChannels: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** relu(main path + shortcut). Between the main path's convolutions stands a relu, after the last one none. */
export interface ResidualBlock {
  readonly name: string;
  readonly main: readonly ConvNorm[];
  /** Absent where the shortcut is the block's input itself. */
  readonly shortcut?: ConvNorm;
}

export interface ResNetPlan {
  readonly architecture: Architecture;
  /** Followed by relu and a 3 x 3 max pool of stride 2, padding 1. */
  readonly stem: ConvNorm;
  readonly layers: readonly { readonly name: string; readonly blocks: readonly ResidualBlock[] }[];
  /** Channels of the last layer: what the average pool takes and `fc` reads. */
  readonly featureCount: number;
}

/** torch.nn.BatchNorm2d's default `eps`; torchvision keeps it in every ResNet. */
export const batchNormEpsilon: number = 1e-5;

export function planResNet(architecture: Architecture): ResNetPlan {
  const { block, blocks, stemWidth, width } = architectures[architecture];
  const expansion = block === 'bottleneck' ? 4 : 1;
  let channels = stemWidth;
  const layers = blocks.map((count, index) => {
    const inner = width * 2 ** index;
    const outer = inner * expansion;
    const name = `layer${index + 1}`;
    const members = Array.from({ length: count }, (_, i): ResidualBlock => {
      const at = `${name}.${i}`;
      const stride = index > 0 && i === 0 ? 2 : 1;
      const main =
        block === 'bottleneck'
          ? [
              convNorm(`${at}.conv1`, `${at}.bn1`, channels, inner, 1, 1),
              convNorm(`${at}.conv2`, `${at}.bn2`, inner, inner, 3, stride),
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
  return { architecture, stem: convNorm('conv1', 'bn1', 3, stemWidth, 7, 2), layers, featureCount: channels };
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
  for (const { conv, norm, inChannels, outChannels, kernel } of convolutions(plan)) {
    shapes.set(`${conv}.weight`, [outChannels, inChannels, kernel, kernel]);
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
): ConvNorm {
  return { conv, norm, inChannels, outChannels, kernel, stride, padding: (kernel - 1) / 2 };
}
