/** Weights that are known by name. */
export interface KnownWeights {
  /** The file's name under `weightsUrl`; the eight digits are the first of its sha256. */
  readonly file: string;
  /** The shorter side after Resize that its accuracy was measured with. */
  readonly resize: number;
  /** Size of the file, as torchvision publishes it (`_file_size`). */
  readonly mebibytes: number;
}

/** https://download.pytorch.org/models/, the server of torchvision's own weights. */
export const defaultWeightsUrl: string = 'https://download.pytorch.org/models/';

/** torchvision's ImageNet weights: IMAGENET1K_V1, and with `-v2` IMAGENET1K_V2 (torchvision/models/resnet.py, 0.14). */
export const knownWeights: Readonly<Record<string, KnownWeights>> = {
  resnet50: { file: 'resnet50-0676ba61.pth', resize: 256, mebibytes: 97.781 },
  'resnet50-v2': { file: 'resnet50-11ad3fa6.pth', resize: 232, mebibytes: 97.79 },
  resnet18: { file: 'resnet18-f37072fd.pth', resize: 256, mebibytes: 44.661 },
  resnet34: { file: 'resnet34-b627a593.pth', resize: 256, mebibytes: 83.275 },
  resnet101: { file: 'resnet101-63fe2227.pth', resize: 256, mebibytes: 170.511 },
  'resnet101-v2': { file: 'resnet101-cd907fc2.pth', resize: 232, mebibytes: 170.53 },
  resnet152: { file: 'resnet152-394f9c45.pth', resize: 256, mebibytes: 230.434 },
  'resnet152-v2': { file: 'resnet152-f82ba261.pth', resize: 232, mebibytes: 230.474 },
  resnext50_32x4d: { file: 'resnext50_32x4d-7cdf4587.pth', resize: 256, mebibytes: 95.789 },
  'resnext50_32x4d-v2': { file: 'resnext50_32x4d-1a0047aa.pth', resize: 232, mebibytes: 95.833 },
  resnext101_32x8d: { file: 'resnext101_32x8d-8ba56ff5.pth', resize: 256, mebibytes: 339.586 },
  'resnext101_32x8d-v2': { file: 'resnext101_32x8d-110c445d.pth', resize: 232, mebibytes: 339.673 },
  resnext101_64x4d: { file: 'resnext101_64x4d-173b62eb.pth', resize: 232, mebibytes: 319.318 },
  wide_resnet50_2: { file: 'wide_resnet50_2-95faca4d.pth', resize: 256, mebibytes: 131.82 },
  'wide_resnet50_2-v2': { file: 'wide_resnet50_2-9ba9bcbe.pth', resize: 232, mebibytes: 263.124 },
  wide_resnet101_2: { file: 'wide_resnet101_2-32ee1156.pth', resize: 256, mebibytes: 242.896 },
  'wide_resnet101_2-v2': { file: 'wide_resnet101_2-d733dc28.pth', resize: 232, mebibytes: 484.747 },
};

/** The sha256 prefix in a file's name, lower-case hex. */
export function sha256PrefixOf(file: string): string {
  return /-([0-9a-f]{8})\.pth$/.exec(file)?.[1] ?? '';
}
