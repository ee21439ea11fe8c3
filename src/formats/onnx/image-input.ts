import type { OnnxModel, OnnxValueInfo } from './schema.ts';

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
  const initialized = new Set(model.graph.initializer.map((tensor) => tensor.name));
  const [input, ...more] = model.graph.input.filter(({ name }) => !initialized.has(name));
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
