import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';

/** A side of a product: fixed, or so many for each image of the batch, from an image on (default: the first). */
export type Side = number | { readonly perImage: number; readonly from?: number };

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
}

/**
 * MLAS goes through all of them for every few columns, and with more they no longer lie
 * near the processor. The fastest of 196, 392, 784 and 1568 for ResNet50's layer4, by 10 to 20 %.
 */
const defaultRowsPerThread = 392;

/** An end behind all images. */
const end = 2 ** 31 - 1;

/**
 * Operators on rows of numbers: a map is [batch x positions, channels], so that a convolution is one matrix product
 * over the whole batch.
 */
export class RowOperators {
  readonly graph: GraphBuilder;
  readonly products: Product[] = [];
  readonly #constants = new Map<string, string>();
  readonly #runs: GraphRuns | undefined;

  /** @param runs without it, batches are of any size */
  constructor(graph: GraphBuilder, runs?: GraphRuns) {
    this.graph = graph;
    this.#runs = runs;
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

  number(value: number): string {
    const name = `number:${value}`;
    const data = Float32Array.of(value);
    return this.#constant(name, () => this.graph.initializer(name, { type: 'float32', shape: [], data }));
  }

  /** A constant list of places, for Gather. */
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

  /** Rows as [images, positions, channels], with a row of zeros behind those of each image where the places name it. */
  images(rows: string, positions: number, channels: number, { data }: Places): string {
    const images = this.reshape(rows, [-1, positions, channels]);
    return data.includes(positions) ? this.node('Pad', [images, this.ints([0, 0, 0, 0, 1, 0])]) : images;
  }

  /** Rows of each image at the places: [images x places / rows of `columns` numbers, columns]. */
  pick(images: string, { name, data }: Places, columns: number): string {
    return this.reshape(this.node('Gather', [images, this.places(name, data)], { axis: 1 }), [-1, columns]);
  }

  /** Rows per image at the named places; the number of positions names a row of zeros. */
  gather(rows: string, positions: number, channels: number, places: Places, columns: number): string {
    return this.pick(this.images(rows, positions, channels, places), places, columns);
  }

  /**
   * A product that has rows of each image, in pieces of the batch that the processor goes through faster than through all.
   *
   * @param images [images, ...]
   * @param size of the whole product: its rows per image, and its columns
   * @param product of some of the images
   */
  byImages(
    images: string,
    { perImage, columns }: { readonly perImage: number; readonly columns: number },
    product: (images: string, size: Product) => string,
  ): string {
    const starts = this.#starts(perImage, columns);
    if (starts.length === 1) return product(images, { rows: { perImage }, columns });
    const parts = starts.map((from, index) => {
      const next = starts[index + 1];
      const own = this.node('Slice', [images, this.ints([from]), this.ints([next ?? end]), this.ints([0])]);
      // The last piece has what there is: the batch may be one image short.
      const rows = next === undefined ? { perImage, from } : (next - from) * perImage;
      return product(own, { rows, columns });
    });
    return this.node('Concat', parts, { axis: 0 });
  }

  /** First images of the pieces of a product. */
  #starts(perImage: number, columns: number): readonly number[] {
    if (this.#runs === undefined) return [0];
    const { batch, threads, rowsPerThread = defaultRowsPerThread } = this.#runs;
    // ONNX Runtime cuts the longer side among the threads.
    const rows = columns > rowsPerThread * threads ? rowsPerThread : rowsPerThread * threads;
    const pieces = Math.max(1, Math.min(Math.round((batch * perImage) / rows), Math.floor(batch / 2)));
    return Array.from({ length: pieces }, (_, index) => Math.floor((index * batch) / pieces));
  }

  /** The gradient of a relu's input: that of its output where the output is above 0. */
  throughRelu(gradient: string, output: string): string {
    return this.multiply(gradient, this.node('Sign', [output]));
  }
}
