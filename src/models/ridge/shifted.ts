import { float64Tensor, type Matrix64 } from '../../numerics/gemm64.ts';
import { graphSession } from '../../numerics/graph-session.ts';
import { factorBlock } from './block-tridiagonal.kernel.ts';
import { type BlockTridiagonalForm, blockSide } from './block-tridiagonal.ts';

/** Block Cholesky factors of B + shift I for several shifts at once. */
export interface ShiftedFactors {
  readonly shifts: number;
  readonly blocks: readonly ShiftedBlock[];
}

interface ShiftedBlock {
  readonly width: number;
  /** Of the block before; 1 for the first. */
  readonly before: number;
  /** [shifts, width, width] */
  readonly inverses: Float64Array;
  /** [shifts, width, before]; zeros for the first. */
  readonly carries: Float64Array;
}

/** What the solution of a block needs of the one behind it. */
interface BehindBlock {
  readonly width: number;
  readonly carries: Float64Array;
  /** [shifts, width, columns] */
  readonly scaled: Float64Array;
}

/** B + shift I must be positive definite for each of the shifts. */
export function factorShifted(
  { diagonal, below }: Pick<BlockTridiagonalForm, 'diagonal' | 'below'>,
  shifts: readonly number[],
): ShiftedFactors {
  const blocks: ShiftedBlock[] = [];
  for (const [k, own] of diagonal.entries()) {
    const width = Math.sqrt(own.length);
    const last = blocks.at(-1);
    const before = last?.width ?? 1;
    const inverses = new Float64Array(shifts.length * width * width);
    const carries = new Float64Array(shifts.length * width * before);
    for (const [s, shift] of shifts.entries()) {
      const square = before * before;
      factorBlock(
        own,
        below[k - 1] ?? null,
        last === undefined ? new Float64Array(1) : last.inverses.subarray(s * square, (s + 1) * square),
        shift,
        inverses.subarray(s * width * width, (s + 1) * width * width),
        carries.subarray(s * width * before, (s + 1) * width * before),
      );
    }
    blocks.push({ width, before, inverses, carries });
  }
  return { shifts: shifts.length, blocks };
}

/** zᵀ (B + shift I)⁻¹ z for each column z of [size, columns]: [shifts, columns]. */
export async function inverseForms(factors: ShiftedFactors, columns: Matrix64, threads: number): Promise<Float64Array> {
  const { shifts } = factors;
  const count = columns.columnCount;
  const session = await graphSession('shifted-forms', threads, (graph) => {
    const own = graph.input('own', 'float64', ['width', 'columns']);
    const inverses = graph.input('inverses', 'float64', ['shifts', 'width', 'width']);
    const carries = graph.input('carries', 'float64', ['shifts', 'width', 'before']);
    const previous = graph.input('previous', 'float64', ['shifts', 'before', 'columns']);
    const sums = graph.input('sums', 'float64', ['shifts', 1, 'columns']);
    const solved = graph.node(
      'Sub',
      [graph.node('MatMul', [inverses, own]), graph.node('MatMul', [carries, previous])],
      {},
      { outputs: ['solved'] },
    );
    const axis = graph.initializer('axis', { type: 'int64', shape: [1], data: BigInt64Array.of(1n) });
    const squares = graph.node('ReduceSum', [graph.node('Mul', [solved, solved]), axis], { keepdims: 1 });
    graph.node('Add', [sums, squares], {}, { outputs: ['summed'] });
    graph.output('solved', 'float64', ['shifts', 'width', 'columns']);
    graph.output('summed', 'float64', ['shifts', 1, 'columns']);
  });
  let previous = new Float64Array(shifts * count);
  let next = new Float64Array(shifts * blockSide * count);
  let spare = new Float64Array(shifts * blockSide * count);
  let sums = new Float64Array(shifts * count);
  let summed = new Float64Array(shifts * count);
  let row = 0;
  for (const { width, before, inverses, carries } of factors.blocks) {
    const solved = next.subarray(0, shifts * width * count);
    await session.run(
      {
        own: float64Tensor(columns.data.subarray(row * count, (row + width) * count), [width, count]),
        inverses: float64Tensor(inverses, [shifts, width, width]),
        carries: float64Tensor(carries, [shifts, width, before]),
        previous: float64Tensor(previous, [shifts, before, count]),
        sums: float64Tensor(sums, [shifts, 1, count]),
      },
      {
        solved: float64Tensor(solved, [shifts, width, count]),
        summed: float64Tensor(summed, [shifts, 1, count]),
      },
    );
    [sums, summed] = [summed, sums];
    [next, spare, previous] = [spare, next, solved];
    row += width;
  }
  return sums;
}

/** (B + shift I)⁻¹ R for R [size, columns]: for each shift `columns` columns side by side, [size, shifts * columns]. */
export async function solveShifted(factors: ShiftedFactors, right: Matrix64, threads: number): Promise<Matrix64> {
  const { shifts, blocks } = factors;
  const { rowCount: size, columnCount: count } = right;
  const forward = await graphSession('shifted-forward', threads, (graph) => {
    const own = graph.input('own', 'float64', ['width', 'columns']);
    const inverses = graph.input('inverses', 'float64', ['shifts', 'width', 'width']);
    const carries = graph.input('carries', 'float64', ['shifts', 'width', 'before']);
    const previous = graph.input('previous', 'float64', ['shifts', 'before', 'columns']);
    const terms = [graph.node('MatMul', [inverses, own]), graph.node('MatMul', [carries, previous])];
    graph.node('Sub', terms, {}, { outputs: ['solved'] });
    graph.output('solved', 'float64', ['shifts', 'width', 'columns']);
  });
  const solved: Float64Array[] = [];
  let previous = new Float64Array(shifts * count);
  let row = 0;
  for (const { width, before, inverses, carries } of blocks) {
    const own = new Float64Array(shifts * width * count);
    await forward.run(
      {
        own: float64Tensor(right.data.subarray(row * count, (row + width) * count), [width, count]),
        inverses: float64Tensor(inverses, [shifts, width, width]),
        carries: float64Tensor(carries, [shifts, width, before]),
        previous: float64Tensor(previous, [shifts, before, count]),
      },
      { solved: float64Tensor(own, [shifts, width, count]) },
    );
    solved.push(own);
    previous = own;
    row += width;
  }
  const backward = await graphSession('shifted-backward', threads, (graph) => {
    const own = graph.input('own', 'float64', ['shifts', 'width', 'columns']);
    const carries = graph.input('carries', 'float64', ['shifts', 'behind', 'width']);
    const behind = graph.input('behindThat', 'float64', ['shifts', 'behind', 'columns']);
    const inverses = graph.input('inverses', 'float64', ['shifts', 'width', 'width']);
    const turned = (matrices: string): string => graph.node('Transpose', [matrices], { perm: [0, 2, 1] });
    const scaled = graph.node(
      'Sub',
      [own, graph.node('MatMul', [turned(carries), behind])],
      {},
      { outputs: ['scaled'] },
    );
    const solution = graph.node('MatMul', [turned(inverses), scaled]);
    graph.node('Transpose', [solution], { perm: [1, 0, 2] }, { outputs: ['solution'] });
    graph.output('scaled', 'float64', ['shifts', 'width', 'columns']);
    graph.output('solution', 'float64', ['width', 'shifts', 'columns']);
  });
  const data = new Float64Array(size * shifts * count);
  let behind: BehindBlock = { width: 1, carries: new Float64Array(0), scaled: new Float64Array(shifts * count) };
  for (const [k, { width, inverses, carries }] of [...blocks.entries()].reverse()) {
    row -= width;
    const scaled = new Float64Array(shifts * width * count);
    const coupling = k === blocks.length - 1 ? new Float64Array(shifts * width) : behind.carries;
    await backward.run(
      {
        own: float64Tensor(solved[k] as Float64Array, [shifts, width, count]),
        carries: float64Tensor(coupling, [shifts, behind.width, width]),
        behindThat: float64Tensor(behind.scaled, [shifts, behind.width, count]),
        inverses: float64Tensor(inverses, [shifts, width, width]),
      },
      {
        scaled: float64Tensor(scaled, [shifts, width, count]),
        solution: float64Tensor(data.subarray(row * shifts * count, (row + width) * shifts * count), [
          width,
          shifts,
          count,
        ]),
      },
    );
    behind = { width, carries, scaled };
  }
  return { rowCount: size, columnCount: shifts * count, data };
}
