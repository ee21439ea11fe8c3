import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';
import { valueAt } from '../../../system/at.ts';
import type { ConstantMatrix } from './winograd.ts';

/** Extent of a product: fixed, or per image of the batch. */
export type Side = number | { readonly perImage: number };

/** Extents of a product, by which ONNX Runtime divides it among threads. */
export interface Product {
  readonly rows: Side;
  readonly columns: Side;
}

interface Places {
  readonly name: string;
  readonly data: Int32Array;
}

export interface GraphRuns {
  /** Images per run: this many or one less. */
  readonly batch: number;
  /** Upper bound; products are divided for it, with results independent of the actual number. */
  readonly threads: number;
  /** Approximate rows of a product per thread. */
  readonly rowsPerThread?: number;
  /** Whether 3 x 3 convolutions use Winograd's algorithm; default: if it clearly saves products. */
  readonly winograd?: boolean | undefined;
}

/**
 * MLAS iterates over all rows for every few columns; more would not fit in the cache. The fastest of 196, 392, 784 and
 * 1568 for ResNet50's layer4, by 10 to 20 %.
 */
const defaultRowsPerThread = 392;

/** Transforms are more memory-bound than products. */
const worthwhile = 0.75;

/** Domain of ONNX Runtime's own operators. */
const fusedDomain = 'com.microsoft';

/**
 * Operators on maps as rows, [positions x images, channels]: a convolution is one matrix product over the whole batch,
 * and the images of a position are contiguous.
 */
export class RowOperators {
  readonly graph: GraphBuilder;
  readonly products: Product[] = [];
  readonly #constants = new Map<string, string>();
  readonly #runs: GraphRuns | undefined;
  #images: { readonly count: string; readonly each: string } | undefined;

  /** @param runs if undefined, batches may have any size */
  constructor(graph: GraphBuilder, runs?: GraphRuns) {
    this.graph = graph;
    this.#runs = runs;
  }

  /** Whether a suitable convolution uses Winograd's algorithm. @param rows of each product per image */
  takesWinograd(products: number, winogradProducts: number, rows: number): boolean {
    // A product of one row is summed in another order, and without `runs` a batch may have one image.
    return this.#runs?.winograd ?? ((this.#runs !== undefined || rows > 1) && winogradProducts < worthwhile * products);
  }

  /** @param output name of its output; default: generated */
  node(opType: string, inputs: readonly string[], attributes = {}, output?: string): string {
    return this.graph.node(opType, inputs, attributes, output === undefined ? {} : { outputs: [output] });
  }

  /** A constant list of integers, shared between equal lists. */
  ints(values: readonly number[]): string {
    const name = `ints:${values.join(',')}`;
    const data = BigInt64Array.from(values, BigInt);
    return this.#constant(name, () => this.graph.constant(name, data));
  }

  scalar(value: number): string {
    return this.places(`scalar:${value}`, Int32Array.of(value), []);
  }

  number(value: number): string {
    const name = `number:${value}`;
    const data = Float32Array.of(value);
    return this.#constant(name, () => this.graph.constant(name, data, []));
  }

  places(name: string, data: Int32Array, shape: readonly number[] = [data.length]): string {
    return this.#constant(name, () => this.graph.constant(name, data, shape));
  }

  #constant(name: string, make: () => string): string {
    const known = this.#constants.get(name) ?? make();
    this.#constants.set(name, known);
    return known;
  }

  /** One extent may be -1, as in NumPy. */
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

  /** Sums over one axis and removes it. */
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

  /** Batched products: [count, rows, depth] · [count, depth, columns], optionally with transposed operands. */
  batched(a: string, b: string, turned: { readonly transA?: 1; readonly transB?: 1 } = {}): string {
    return this.graph.node('FusedMatMul', [a, b], turned, { domain: fusedDomain });
  }

  /** A float32 constant, shared by name. */
  matrix(name: string, { shape, data }: ConstantMatrix): string {
    return this.#constant(name, () => this.graph.constant(name, data, shape));
  }

  /** Determines the number of images of a run. @param maps [images, ...] */
  countImages(maps: string): void {
    const count = this.node('Cast', [this.node('Gather', [this.node('Shape', [maps]), this.scalar(0)])], { to: 6 });
    this.#images = { count, each: this.node('Range', [this.scalar(0), count, this.scalar(1)]) };
  }

  /** Rows of a range of positions of all images: [positions x images, channels]. */
  between(rows: string, positions: number, channels: number, from: number, to: number): string {
    if (from === 0 && to === positions) return rows;
    const blocks = this.reshape(rows, [positions, -1, channels]);
    const own = this.node('Slice', [blocks, this.ints([from]), this.ints([to]), this.ints([0])]);
    return this.reshape(own, [-1, channels]);
  }

  /**
   * Gathers rows, several side by side: [places / sideBySide x images, sideBySide x channels]. The number of positions
   * means zeros.
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

  #withZeros(rows: string): string {
    return this.#constant(`zeros behind ${rows}`, () => this.node('Pad', [rows, this.ints([0, 0, 1, 0])]));
  }

  /** Row indices [places / sideBySide, images, sideBySide]; rows of zeros come last. */
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
   * A product with rows per position, computed in parts that fit in the cache.
   *
   * @param columns of the product
   * @param product of a range of positions
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

  /** First positions of the parts of a product. */
  #starts(positions: number, columns: number): readonly number[] {
    if (this.#runs === undefined) return [0];
    const { batch, threads, rowsPerThread = defaultRowsPerThread } = this.#runs;
    // ONNX Runtime divides the longer side among the threads.
    const rows = columns > rowsPerThread * threads ? rowsPerThread : rowsPerThread * threads;
    const pieces = Math.max(1, Math.min(Math.round((batch * positions) / rows), positions));
    return Array.from({ length: pieces }, (_, index) => Math.floor((index * positions) / pieces));
  }

  /** The gradient of a relu's input: that of its output where the output is above 0. */
  throughRelu(gradient: string, output: string): string {
    return this.multiply(gradient, this.node('Sign', [output]));
  }
}
