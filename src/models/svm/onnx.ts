import type { GraphBuilder } from '../../formats/onnx/graph-builder.ts';
import { valueAt } from '../../system/at.ts';
import { savedArray } from '../checks.ts';
import type { OnnxAnswer, SavedHead } from '../model.ts';
import { axes, largestPerRow, toDouble, toFloat } from '../onnx-parts.ts';
import type { BinaryClassifiers } from './binary-classifiers.ts';
import { savedCalibration, savedClassifiers } from './fitted.ts';

/** Exponents beyond this are cut off, as in `couple`: no probability becomes exactly 0. */
const largestExponent = 300;

/**
 * The one-vs-one classifiers, the coupling of their values to float32 [rows, classes], and the class with the most votes. In
 * float64, since the calibration multiplies errors by its slope; support vectors stay float32 in the file.
 */
export function addSvm(graph: GraphBuilder, features: string, saved: SavedHead): OnnxAnswer {
  const present = savedArray(saved, 'present', Int32Array, [null]);
  const classifiers = savedClassifiers(saved);
  const values = classifierValues(graph, kernelValues(graph, features, classifiers), classifiers);
  const { slope, offset } = savedCalibration(saved);
  const probabilities =
    present.length === 2 ? platt(graph, values, slope, offset) : couple(graph, values, slope, present.length);
  return {
    probabilities: toFloat(graph, spread(graph, probabilities, present, saved.classes.length)),
    predicted: voteWinners(graph, values, present),
  };
}

/** Kernel values of the rows with every support vector: [rows, vectors]. */
function kernelValues(graph: GraphBuilder, features: string, classifiers: BinaryClassifiers): string {
  const { kernel, centre, vectors } = classifiers;
  const { rowCount: vectorCount, columnCount: dims } = vectors;
  const stored = graph.constant('vectors', vectors.data, [vectorCount, dims]);
  const centred = graph.node('Sub', [toDouble(graph, features), graph.constant('centre', centre)]);
  const products = graph.node('MatMul', [
    centred,
    graph.node('Transpose', [toDouble(graph, stored)], { perm: [1, 0] }),
  ]);
  if (kernel.name === 'linear') return products;
  const squares = graph.node('ReduceSum', [graph.node('Mul', [centred, centred]), axes(graph, 'rbf.axes', [1])]);
  const both = graph.node('Add', [squares, graph.constant('rbf.norms', vectors.squaredNorms)]);
  const distances = graph.node('Sub', [both, graph.node('Mul', [products, scalar(graph, 'rbf.two', 2)])]);
  return graph.node('Exp', [graph.node('Mul', [distances, scalar(graph, 'rbf.gamma', -kernel.gamma)])]);
}

/** value(c, o) of every classifier, positive for c, as [rows, classes, classes]; 0 on the diagonal. */
function classifierValues(graph: GraphBuilder, kernel: string, classifiers: BinaryClassifiers): string {
  const { vectorStart: starts, coefficients, rho } = classifiers;
  const classCount = starts.length - 1;
  const slots = classCount - 1;
  const one = axes(graph, 'machines.axis', [1]);
  const parts = Array.from({ length: classCount }, (_, c) => {
    const start = valueAt(starts, c);
    // A class without support vectors takes any vector, with coefficients of 0.
    const count = Math.max(1, valueAt(starts, c + 1) - start);
    const from = Math.min(start, coefficients.length / slots - 1);
    const square = new Float64Array(count * classCount);
    for (let v = 0; v < valueAt(starts, c + 1) - start; v++) {
      for (let o = 0; o < classCount; o++) {
        if (o !== c) square[v * classCount + o] = valueAt(coefficients, (start + v) * slots + (o < c ? o : o - 1));
      }
    }
    const own = graph.node('Slice', [
      kernel,
      axes(graph, `machines.from${c}`, [from]),
      axes(graph, `machines.to${c}`, [from + count]),
      one,
    ]);
    const weights = graph.constant(`machines.coefficients${c}`, square, [count, classCount]);
    const added = graph.node('MatMul', [own, weights]);
    return graph.node('Unsqueeze', [added, one]);
  });
  const all = graph.node('Concat', parts, { axis: 1 });
  const sums = graph.node('Add', [all, graph.node('Transpose', [all], { perm: [0, 2, 1] })]);
  const offsets = new Float64Array(classCount * classCount);
  const signs = new Float64Array(classCount * classCount);
  for (let low = 0, pair = 0; low < classCount; low++) {
    for (let high = low + 1; high < classCount; high++, pair++) {
      offsets[low * classCount + high] = valueAt(rho, pair);
      offsets[high * classCount + low] = valueAt(rho, pair);
      signs[low * classCount + high] = 1;
      signs[high * classCount + low] = -1;
    }
  }
  const shape = [classCount, classCount];
  const moved = graph.node('Sub', [sums, graph.constant('machines.rho', offsets, shape)]);
  return graph.node('Mul', [moved, graph.constant('machines.signs', signs, shape)]);
}

/** p(c) proportional to 1 / sum over o of exp(-slope value(c, o)); the diagonal's exp(0) is the 1 of `couple`. */
function couple(graph: GraphBuilder, values: string, slope: number, classCount: number): string {
  const exponents = graph.node('Clip', [
    graph.node('Mul', [values, scalar(graph, 'coupling.slope', -slope)]),
    scalar(graph, 'coupling.least', -largestExponent),
    scalar(graph, 'coupling.most', largestExponent),
  ]);
  const last = axes(graph, 'coupling.axes', [2]);
  const sums = graph.node('ReduceSum', [graph.node('Exp', [exponents]), last], { keepdims: 0 });
  const shares = graph.node('Div', [scalar(graph, 'coupling.one', 1), sums]);
  const total = graph.node('ReduceSum', [shares, axes(graph, 'coupling.row', [1])]);
  return graph.node('Div', [shares, total], {}, { name: `coupling of ${classCount} classes` });
}

/**
 * The class with the most votes, the lowest number among ties: int64 [rows]. A classifier with a value above zero votes for
 * its lower class. With w(c, o) = 1 if lower c beats o, the votes of c are the sum over o of w(c, o) - w(o, c), plus c.
 */
function voteWinners(graph: GraphBuilder, values: string, present: Int32Array): string {
  const { length } = present;
  const upper = Float64Array.from({ length: length ** 2 }, (_, at) => (Math.floor(at / length) < at % length ? 1 : 0));
  const lower = graph.constant('votes.lower', upper, [length, length]);
  const above = toDouble(graph, graph.node('Greater', [values, scalar(graph, 'votes.zero', 0)]));
  const won = graph.node('Mul', [above, lower]);
  const sumOver = (name: string, axis: number): string =>
    graph.node('ReduceSum', [won, axes(graph, name, [axis])], { keepdims: 0 });
  const balance = graph.node('Sub', [sumOver('votes.asLower', 2), sumOver('votes.asHigher', 1)]);
  const data = Float64Array.from(present.keys());
  const votes = graph.node('Add', [balance, graph.constant('votes.own', data)]);
  return graph.node('Gather', [axes(graph, 'votes.classes', [...present]), largestPerRow(graph, votes)], { axis: 0 });
}

/** Two classes: sigmoid(slope value + offset) and its complement. */
function platt(graph: GraphBuilder, values: string, slope: number, offset: number): string {
  const first = graph.node('Slice', [
    values,
    axes(graph, 'platt.from', [0]),
    axes(graph, 'platt.to', [1]),
    axes(graph, 'platt.axis', [1]),
  ]);
  // Row 0 holds 0 and value(0, 1).
  const value = graph.node('ReduceSum', [first, axes(graph, 'platt.axes', [1, 2])], { keepdims: 0 });
  const scaled = graph.node('Mul', [value, scalar(graph, 'platt.slope', slope)]);
  const score = graph.node('Unsqueeze', [
    graph.node('Add', [scaled, scalar(graph, 'platt.offset', offset)]),
    axes(graph, 'platt.column', [1]),
  ]);
  const both = graph.node('Concat', [score, graph.node('Neg', [score])], { axis: 1 });
  return graph.node('Softmax', [graph.node('Mul', [both, scalar(graph, 'platt.half', 0.5)])], { axis: -1 });
}

/** Probabilities of the present classes as columns among all classes; the others are 0. */
function spread(graph: GraphBuilder, probabilities: string, present: Int32Array, classCount: number): string {
  if (present.length === classCount) return probabilities;
  const places = new Float64Array(present.length * classCount);
  for (const [i, c] of present.entries()) places[i * classCount + c] = 1;
  const shape = [present.length, classCount];
  return graph.node('MatMul', [probabilities, graph.constant('classes.places', places, shape)]);
}

function scalar(graph: GraphBuilder, name: string, value: number): string {
  return graph.constant(name, Float64Array.of(value), []);
}
