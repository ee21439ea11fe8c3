import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import { valueAt } from '../../../system/at.ts';
import type { ConstantMatrix } from './winograd.ts';

/** A side of a product: fixed, or so many for each image of the batch. */
export type Side = number | { readonly perImage: number };

/** A product that a graph computes: ONNX Runtime cuts it among threads by its sides. */
export interface Product {
  readonly rows: Side;
  readonly columns: Side;
}

/** A list of positions of an image, by a name of its own. */
interface Places {
  readonly name: string;
  readonly data: Int32Array;
}

/** How a graph is going to be run. */
export interface GraphRuns {
  /** Images of a run at most, and one less at least. */
  readonly batch: number;
  /** At most: products are cut for them, and give the same bits on any number. */
  readonly threads: number;
  /** Rows of a product per thread, about. */
  readonly rowsPerThread?: number;
  /** Whether convolutions of 3 x 3 taps go by Winograd's products; default: where they are clearly fewer. */
  readonly winograd?: boolean | undefined;
}

/**
 * MLAS goes through all of them for every few columns, and with more they no longer lie
 * near the processor. The fastest of 196, 392, 784 and 1568 for ResNet50's layer4, by 10 to 20 %.
 */
const defaultRowsPerThread = 392;

/** Transforms wait for the memory more than products do. */
const worthwhile = 0.75;

/** Of ONNX Runtime's own operators. */
const fusedDomain = 'com.microsoft';

/**
 * Operators on rows of numbers: a map is [positions x images, channels], so that a convolution is one matrix product
 * over the whole batch, and positions together are neighbours in memory.
 */
export class RowOperators {
  readonly graph: GraphBuilder;
  readonly products: Product[] = [];
  readonly #constants = new Map<string, string>();
  readonly #runs: GraphRuns | undefined;
  #images: { readonly count: string; readonly each: string } | undefined;

  /** @param runs without it, batches are of any size */
  constructor(graph: GraphBuilder, runs?: GraphRuns) {
    this.graph = graph;
    this.#runs = runs;
  }

  /** Whether a convolution that may go by Winograd's products does. @param rows of each of them for one image */
  takesWinograd(products: number, winogradProducts: number, rows: number): boolean {
    // A product of one row is summed in another order, and without a plan a run may have one image.
    return this.#runs?.winograd ?? ((this.#runs !== undefined || rows > 1) && winogradProducts < worthwhile * products);
  }

  /** @param output name of its output; default: one of its own */
  node(opType: string, inputs: readonly string[], attributes = {}, output?: string): string {
    return this.graph.node(opType, inputs, attributes, output === undefined ? {} : { outputs: [output] });
  }

  /** A constant list of whole numbers, one for all that ask for the same. */
  ints(values: readonly number[]): string {
    const name = `ints:${values.join(',')}`;
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(name, () => this.graph.initializer(name, { type: 'int64', shape: [values.length], data }));
  }

  /** A constant whole number of 32 bits. */
  scalar(value: number): string {
    return this.places(`scalar:${value}`, Int32Array.of(value), []);
  }

  number(value: number): string {
    const name = `number:${value}`;
    const data = Float32Array.of(value);
    return this.#constant(name, () => this.graph.initializer(name, { type: 'float32', shape: [], data }));
  }

  /** A constant array of places, for Gather. */
  places(name: string, data: Int32Array, shape: readonly number[] = [data.length]): string {
    return this.#constant(name, () => this.graph.initializer(name, { type: 'int32', shape, data }));
  }

  #constant(name: string, make: () => string): string {
    const known = this.#constants.get(name) ?? make();
    this.#constants.set(name, known);
    return known;
  }

  /** -1 once: what is left. */
  reshape(value: string, shape: readonly number[]): string {
    return this.node('Reshape', [value, this.ints(shape)]);
  }

  add(one: string, other: string): string {
    return this.node('Add', [one, other]);
  }

  multiply(one: string, other: string, output?: string): string {
    return this.node('Mul', [one, other], {}, output);
  }

  subtract(one: string, other: string): string {
    return this.node('Sub', [one, other]);
  }

  /** Sums over one axis, which goes away. */
  sum(value: string, axis: number, output?: string): string {
    return this.node('ReduceSum', [value, this.ints([axis])], { keepdims: 0 }, output);
  }

  /** a · bᵀ (+ bias), by rows of both: [rows, depth], [columns, depth] -> [rows, columns]. */
  rowsByRows(a: string, b: string, size: Product, bias: string[] = []): string {
    this.products.push(size);
    return this.node('Gemm', [a, b, ...bias], { transB: 1 });
  }

  /** a · b: [rows, depth], [depth, columns] -> [rows, columns]. */
  rowsByColumns(a: string, b: string, size: Product): string {
    this.products.push(size);
    return this.node('Gemm', [a, b]);
  }

  /** aᵀ · b: [depth, rows], [depth, columns] -> [rows, columns]. */
  columnsByColumns(a: string, b: string, size: Product, output?: string): string {
    this.products.push(size);
    return this.node('Gemm', [a, b], { transA: 1 }, output);
  }

  /** Products side by side: [count, rows, depth] · [count, depth, columns], either one turned round first where it says so. */
  batched(a: string, b: string, turned: { readonly transA?: 1; readonly transB?: 1 } = {}): string {
    return this.graph.node('FusedMatMul', [a, b], turned, { domain: fusedDomain });
  }

  /** A constant of float32, one for all that ask for the same name. */
  matrix(name: string, { shape, data }: ConstantMatrix): string {
    return this.#constant(name, () => this.graph.initializer(name, { type: 'float32', shape, data }));
  }

  /** Tells how many images a run has. @param maps [images, ...] */
  countImages(maps: string): void {
    const count = this.node('Cast', [this.node('Gather', [this.node('Shape', [maps]), this.scalar(0)])], { to: 6 });
    this.#images = { count, each: this.node('Range', [this.scalar(0), count, this.scalar(1)]) };
  }

  /** Rows of positions from one to another, of all images: [positions x images, channels]. */
  between(rows: string, positions: number, channels: number, from: number, to: number): string {
    if (from === 0 && to === positions) return rows;
    const blocks = this.reshape(rows, [positions, -1, channels]);
    const own = this.node('Slice', [blocks, this.ints([from]), this.ints([to]), this.ints([0])]);
    return this.reshape(own, [-1, channels]);
  }

  /**
   * Rows at places, so many side by side: [places / side by side x images, side by side x channels]. The number of
   * positions stands for zeros.
   *
   * @param rows [positions x images, channels]
   */
  pick(rows: string, positions: number, channels: number, places: Places, sideBySide: number): string {
    const hasZeros = places.data.includes(positions);
    if (sideBySide === 1) {
      const blocks = this.reshape(rows, [positions, -1, channels]);
      const padded = hasZeros ? this.node('Pad', [blocks, this.ints([0, 0, 0, 1, 0, 0])]) : blocks;
      const found = this.node('Gather', [padded, this.places(places.name, places.data)], { axis: 0 });
      return this.reshape(found, [-1, channels]);
    }
    const padded = hasZeros ? this.#withZeros(rows) : rows;
    const found = this.node('Gather', [padded, this.#rowsAt(places, positions, sideBySide)], { axis: 0 });
    return this.reshape(found, [-1, sideBySide * channels]);
  }

  /** Rows and one of zeros behind them. */
  #withZeros(rows: string): string {
    return this.#constant(`zeros behind ${rows}`, () => this.node('Pad', [rows, this.ints([0, 0, 1, 0])]));
  }

  /** [places / side by side, images, side by side]: rows of the places, those of zeros behind all others. */
  #rowsAt({ name, data }: Places, positions: number, sideBySide: number): string {
    return this.#constant(`rows at ${name}`, () => {
      if (this.#images === undefined) throw new RangeError('nobody knows how many images there are');
      const { count, each } = this.#images;
      const blocks = this.node('Mul', [this.places(name, data, [data.length / sideBySide, 1, sideBySide]), count]);
      const rows = this.node('Add', [blocks, this.reshape(each, [1, -1, 1])]);
      const zeros = this.node('Mul', [this.scalar(positions), count]);
      return data.includes(positions) ? this.node('Min', [rows, zeros]) : rows;
    });
  }

  /**
   * A product that has rows of each position, in pieces that the processor goes through faster than through all.
   *
   * @param columns of the product
   * @param product of the positions from one to another
   */
  byPositions(
    positions: number,
    columns: number,
    product: (from: number, to: number, size: Product) => string,
  ): string {
    const starts = this.#starts(positions, columns);
    const parts = starts.map((from, index) => {
      const to = starts[index + 1] ?? positions;
      return product(from, to, { rows: { perImage: to - from }, columns });
    });
    return parts.length === 1 ? valueAt(parts, 0) : this.node('Concat', parts, { axis: 0 });
  }

  /** First positions of the pieces of a product. */
  #starts(positions: number, columns: number): readonly number[] {
    if (this.#runs === undefined) return [0];
    const { batch, threads, rowsPerThread = defaultRowsPerThread } = this.#runs;
    // ONNX Runtime cuts the longer side among the threads.
    const rows = columns > rowsPerThread * threads ? rowsPerThread : rowsPerThread * threads;
    const pieces = Math.max(1, Math.min(Math.round((batch * positions) / rows), positions));
    return Array.from({ length: pieces }, (_, index) => Math.floor((index * positions) / pieces));
  }

  /** The gradient of a relu's input: that of its output where the output is above 0. */
  throughRelu(gradient: string, output: string): string {
    return this.multiply(gradient, this.node('Sign', [output]));
  }
}
