import { float64Tensor, type Matrix64 } from '../../numerics/gemm64.ts';
import { graphSession } from '../../numerics/graph-session.ts';
import { valueAt } from '../../system/at.ts';
import { addSquares, factorBlock } from './block-tridiagonal.kernel.ts';
import type { BlockTridiagonalForm } from './block-tridiagonal.ts';

/** Block Cholesky factors of B + shift I for several shifts at once. */
export interface ShiftedFactors {
  readonly shifts: number;
  readonly blocks: readonly ShiftedBlock[];
}

interface ShiftedBlock {
  readonly width: number;
  /** Width of the previous block; 1 for the first. */
  readonly before: number;
  /** [shifts, width, width] */
  readonly inverses: Float64Array;
  /** [shifts, width, before]; zeros for the first. */
  readonly carries: Float64Array;
}

/** @param shifts such that B + shift I is positive definite */
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
  const count = columns.columnCount;
  const forms = new Float64Array(factors.shifts * count);
  // With the block Cholesky factor L the form is the squared length of L⁻¹ z.
  await solveForward(factors, columns, threads, (solved, width) => addSquares(solved, width, forms, count));
  return forms;
}

/** L⁻¹ R block by block, [shifts, width, columns], each valid until the next. */
async function solveForward(
  { shifts, blocks }: ShiftedFactors,
  { columnCount: count, data }: Matrix64,
  threads: number,
  take: (solved: Float64Array, width: number) => unknown,
): Promise<void> {
  const session = await graphSession('shifted-forward', threads, (graph) => {
    const own = graph.input('own', 'float64', ['width', 'columns']);
    const inverses = graph.input('inverses', 'float64', ['shifts', 'width', 'width']);
    const carries = graph.input('carries', 'float64', ['shifts', 'width', 'before']);
    const previous = graph.input('previous', 'float64', ['shifts', 'before', 'columns']);
    const terms = [graph.node('MatMul', [inverses, own]), graph.node('MatMul', [carries, previous])];
    graph.node('Sub', terms, {}, { outputs: ['solved'] });
    graph.output('solved', 'float64', ['shifts', 'width', 'columns']);
  });
  const widest = Math.max(...blocks.map(({ width }) => width));
  let room = new Float64Array(shifts * widest * count);
  let spare = new Float64Array(room.length);
  let previous = spare.subarray(0, shifts * count);
  let row = 0;
  for (const { width, before, inverses, carries } of blocks) {
    const solved = room.subarray(0, shifts * width * count);
    await session.run(
      {
        own: float64Tensor(data.subarray(row * count, (row + width) * count), [width, count]),
        inverses: float64Tensor(inverses, [shifts, width, width]),
        carries: float64Tensor(carries, [shifts, width, before]),
        previous: float64Tensor(previous, [shifts, before, count]),
      },
      { solved: float64Tensor(solved, [shifts, width, count]) },
    );
    take(solved, width);
    previous = solved;
    [room, spare] = [spare, room];
    row += width;
  }
}

/** (B + shift I)⁻¹ R for R [size, columns], with the columns of all shifts side by side: [size, shifts * columns]. */
export async function solveShifted(factors: ShiftedFactors, right: Matrix64, threads: number): Promise<Matrix64> {
  const { shifts, blocks } = factors;
  const { rowCount: size, columnCount: count } = right;
  const solved: Float64Array[] = [];
  await solveForward(factors, right, threads, (own) => solved.push(own.slice()));
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
  let row = size;
  let behind: { width: number; carries: Float64Array; scaled: Float64Array } = {
    width: 1,
    carries: new Float64Array(0),
    scaled: new Float64Array(shifts * count),
  };
  for (const [k, { width, inverses, carries }] of [...blocks.entries()].reverse()) {
    row -= width;
    const scaled = new Float64Array(shifts * width * count);
    const coupling = k === blocks.length - 1 ? new Float64Array(shifts * width) : behind.carries;
    await backward.run(
      {
        own: float64Tensor(valueAt(solved, k), [shifts, width, count]),
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
