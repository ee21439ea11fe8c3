import type { OnnxModel, OnnxValueInfo } from './schema.ts';

/**
 * Where the channels stand: as many as colours, else those beside two sides that are equal, or both open.
 *
 * @returns undefined if the shape does not tell
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

/** Channels of the images that a graph takes; undefined if that is unknown, or the graph takes no images. */
export function imageChannels(model: OnnxModel): number | undefined {
  const initialized = new Set(model.graph.initializer.map((tensor) => tensor.name));
  const [input, ...more] = model.graph.input.filter(({ name }) => !initialized.has(name));
  if (input === undefined || more.length > 0) return undefined;
  const shape = inputShape(input);
  const layout = shape.length === 4 ? imageLayout(input) : undefined;
  return layout === undefined ? undefined : shape[layout === 'NCHW' ? 1 : 3];
}

/** Extents of an input; undefined if any goes. Exporters write 0 or -1 for that at times. */
export function inputShape(input: OnnxValueInfo): readonly (number | undefined)[] {
  const dims = input.type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ dimValue }) => (dimValue === undefined || dimValue <= 0 ? undefined : Number(dimValue)));
}
