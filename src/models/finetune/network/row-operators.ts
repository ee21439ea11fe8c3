import type { GraphBuilder } from '../../../formats/onnx/graph-builder.ts';

/** A side of a product: fixed, or so many for each image of the batch. */
export type Side = number | { readonly perImage: number };

/** A product that a graph computes: ONNX Runtime cuts it among threads by its sides. */
export interface Product {
  readonly rows: Side;
  readonly columns: Side;
}

/**
 * Operators on rows of numbers: a map is [batch x positions, channels], so that a convolution is one matrix product
 * over the whole batch.
 */
export class RowOperators {
  readonly graph: GraphBuilder;
  readonly products: Product[] = [];
  readonly #constants = new Map<string, string>();

  constructor(graph: GraphBuilder) {
    this.graph = graph;
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

  /** Rows per image at the named places; the number of positions names a row of zeros. */
  gather(
    rows: string,
    positions: number,
    channels: number,
    places: { readonly name: string; readonly data: Int32Array },
    columns: number,
  ): string {
    let images = this.reshape(rows, [-1, positions, channels]);
    if (places.data.includes(positions)) {
      images = this.node('Pad', [images, this.ints([0, 0, 0, 0, 1, 0])]);
    }
    const gathered = this.node('Gather', [images, this.places(places.name, places.data)], { axis: 1 });
    return this.reshape(gathered, [-1, columns]);
  }

  /** The gradient of a relu's input: that of its output where the output is above 0. */
  throughRelu(gradient: string, output: string): string {
    return this.multiply(gradient, this.node('Sign', [output]));
  }
}
