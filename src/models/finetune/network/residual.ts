import type { MapRows } from './convolution.ts';
import type { RowOperators } from './row-operators.ts';
import type { TailBlock, TailConv, TailShape } from './tail.ts';

/** A residual block in a graph; `L` represents a convolution with its norm. */
export interface ResidualRows<L> {
  readonly output: MapRows;
  readonly layers: readonly L[];
  readonly between: readonly string[];
  /** The shortcut, if it is not the identity. */
  readonly side: L | undefined;
}

export const mapsInput = 'maps';

/** The input `maps` [batch, channels, height, width] as rows. */
export function inputRows(on: RowOperators, { mapShape: [channels, height, width] }: TailShape): MapRows {
  const maps = on.graph.input(mapsInput, 'float32', ['batch', channels, height, width]);
  on.countImages(maps);
  const flat = on.reshape(maps, [-1, channels, height * width]);
  const byPosition = on.node('Transpose', [flat], { perm: [2, 0, 1] });
  return { rows: on.reshape(byPosition, [-1, channels]), sides: { height, width }, channels };
}

/** relu(main path + shortcut). */
export function residual<L extends { readonly output: MapRows }>(
  on: RowOperators,
  input: MapRows,
  { main, shortcut }: TailBlock,
  normed: (input: MapRows, conv: TailConv) => L,
): ResidualRows<L> {
  const layers: L[] = [];
  const between: string[] = [];
  let map = input;
  for (const [index, conv] of main.entries()) {
    const layer = normed(map, conv);
    layers.push(layer);
    map = layer.output;
    if (index === main.length - 1) break;
    map = { ...map, rows: on.node('Relu', [map.rows]) };
    between.push(map.rows);
  }
  const side = shortcut === undefined ? undefined : normed(input, shortcut);
  const sum = on.add(map.rows, side === undefined ? input.rows : side.output.rows);
  return { output: { ...map, rows: on.node('Relu', [sum]) }, layers, between, side };
}

/** The average pool: [positions, batch, channels] -> [batch, channels]. */
export function meanOfPositions(on: RowOperators, positions: string): string {
  return on.node('ReduceMean', [positions], { axes: [0], keepdims: 0 });
}
