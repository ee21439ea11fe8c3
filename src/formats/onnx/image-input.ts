import type { OnnxGraph, OnnxModel, OnnxValueInfo } from './schema.ts';

/**
 * Layout of an image input: the channel axis has 1 or 3 entries, or is the one besides two equal or dynamic sides.
 *
 * @returns undefined if the shape is ambiguous
 */
export function imageLayout(input: OnnxValueInfo): 'NCHW' | 'NHWC' | undefined {
  const [, second, third, fourth, ...more] = inputShape(input);
  if (more.length > 0) return undefined;
  // Exporters of the model hub leave the number of channels open, but say by a name that they come first.
  const name = input.type?.tensorType?.shape?.dim[1]?.dimParam ?? '';
  const isNamed = input.name === 'pixel_values' || /channel/i.test(name);
  if (second === 3 || (isNamed && second === undefined && fourth !== 3)) return 'NCHW';
  if (fourth === 3) return 'NHWC';
  if (second !== undefined && third === fourth && second !== third) return 'NCHW';
  return fourth !== undefined && second === third && fourth !== third ? 'NHWC' : undefined;
}

/** Channels of a graph's input images; undefined if unknown, or if it takes no images. */
export function imageChannels(model: OnnxModel): number | undefined {
  const [input, ...more] = fedInputs(model.graph);
  if (input === undefined || more.length > 0) return undefined;
  const shape = inputShape(input);
  const layout = shape.length === 4 ? imageLayout(input) : undefined;
  return layout === undefined ? undefined : shape[layout === 'NCHW' ? 1 : 3];
}

/** Extents of an input; undefined for dynamic ones, which some exporters write as 0 or -1. */
export function inputShape(input: OnnxValueInfo): readonly (number | undefined)[] {
  const dims = input.type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ dimValue }) => (dimValue === undefined || dimValue <= 0 ? undefined : Number(dimValue)));
}

/** The inputs that a run must be given: before IR version 4, graphs list initializers as inputs too. */
export function fedInputs({ input, initializer }: OnnxGraph): readonly OnnxValueInfo[] {
  const initialized = new Set(initializer.map((tensor) => tensor.name));
  return input.filter(({ name }) => !initialized.has(name));
}
