import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainLoops, type SmoLoops, type SmoProblem, smoSolver } from '../../../../src/models/svm/smo/smo.kernel.ts';
import { wasmLoops } from '../../../../src/models/svm/smo/smo-loops.ts';
import { randomState } from '../../../../src/numerics/mt19937.kernel.ts';

/** Rows 3, 5, 7 … of a Gram matrix of noise; some twice, so that candidates tie. */
function drawnProblem(count: number, cap: number): SmoProblem {
  const random = randomState(count);
  const dims = 5;
  const stride = 2 * count + 4;
  const data = Float32Array.from({ length: stride * dims }, () => random.double() - 0.5);
  for (let k = 0; k + 4 < count; k += 4) data.copyWithin((2 * k + 5) * dims, (2 * k + 3) * dims, (2 * k + 4) * dims);
  const gram = new Float32Array(stride * stride);
  for (let a = 0; a < stride; a++) {
    for (let b = 0; b < stride; b++) {
      let sum = 0;
      for (let d = 0; d < dims; d++) sum += (data[a * dims + d] as number) * (data[b * dims + d] as number);
      // Nothing may be read above the diagonal.
      gram[a * stride + b] = a >= b ? sum : Number.NaN;
    }
  }
  return {
    gram,
    stride,
    rows: Int32Array.from({ length: count }, (_, k) => 2 * k + 3),
    count,
    positives: Math.ceil(count / 3),
    caps: new Float64Array(count).fill(cap),
    epsilon: 1e-6,
  };
}

function solve(loops: SmoLoops, problem: SmoProblem) {
  const solver = smoSolver(loops, 100_000);
  solver.start(problem, 0);
  while (!solver.advance(17));
  const whole = { alpha: solver.alpha.slice(0, problem.count), rho: solver.rho(), steps: solver.iterations() };
  const held = Uint8Array.from({ length: problem.count }, (_, k) => (k % 4 === 1 ? 1 : 0));
  solver.holdOut(held);
  while (!solver.advance(1000));
  const values = Array.from({ length: problem.count }, (_, k) => solver.decision(k));
  return { whole, values, gap: solver.gap(), alpha: solver.alpha.slice(0, problem.count) };
}

for (const count of [2, 3, 4, 5, 30, 61]) {
  test(`WebAssembly takes the JavaScript loops' steps to the bit: ${count} rows`, () => {
    const problem = drawnProblem(count, 10);
    const plain = solve(plainLoops(count), problem);
    // Cache for all rows, for a few and for two: evicted rows are copied again.
    for (const bytes of [1 << 20, 2000, 1]) assert.deepEqual(solve(wasmLoops(count, bytes), problem), plain);
    assert.ok(plain.whole.steps > 0);
    assert.ok(plain.gap < problem.epsilon);
  });
}

test('one instance solves several problems, each independently of those before', () => {
  const loops = wasmLoops(61, 5000);
  solve(loops, drawnProblem(61, 1));
  assert.deepEqual(solve(loops, drawnProblem(9, 3)), solve(plainLoops(9), drawnProblem(9, 3)));
});

test('the solution of a classifier with held-out rows balances the classes and gives those rows no weight', () => {
  const problem = drawnProblem(40, 2);
  const { alpha } = solve(wasmLoops(40), problem);
  let sum = 0;
  alpha.forEach((value, k) => {
    if (k % 4 === 1) assert.equal(value, 0);
    assert.ok(value >= 0 && value <= 2);
    sum += k < problem.positives ? value : -value;
  });
  assert.ok(Math.abs(sum) < 1e-9);
});
