import type { RiskPoint } from '../../../metrics/conformal.kernel.ts';
import { counted } from '../../../system/printable.ts';
import type { LearningCurve } from '../../analysis/learning.ts';
import type { Reliability } from '../../analysis/reliability.ts';
import { percent } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis, yAxis } from './frame.ts';
import { runClass } from './intervals.ts';

const frame: Frame = { width: 420, height: 300, left: 48, right: 20, top: 26, bottom: 44 };
const xRange = [frame.left, frame.width - frame.right] as const;
const yRange = [frame.height - frame.bottom, frame.top] as const;

/** Accuracy against the number of training images, with one standard deviation over the repeats. */
export function learningChart(curve: LearningCurve, colour: string): Html {
  const rows = curve.points.map((point) => ({
    size: point.trainSize,
    mean: point.accuracy * 100,
    low: (point.accuracy - point.deviation) * 100,
    high: (point.accuracy + point.deviation) * 100,
  }));
  const x = axis({ domain: [0, Math.max(...rows.map(({ size }) => size))], range: xRange, nice: true });
  const lowest = Math.min(...rows.map(({ low }) => low));
  const y = axis({ domain: [lowest, Math.max(...rows.map(({ high }) => high))], range: yRange, nice: true });
  const label = `Learning curve: ${curve.points
    .map((point) => `${percent(point.accuracy)} with ${counted(point.trainSize, 'training image')}`)
    .join(', ')}`;
  const line = rows.map(({ size, mean }) => `${x.at(size)},${y.at(mean)}`).join(' ');
  return chart(
    label,
    frame,
    xAxis(x, frame, 'training images'),
    yAxis(y, frame, 'accuracy, per cent'),
    html`<g class="${colour}">${rows.map(({ size, low, high }) => html`<line class="thin" x1="${x.at(size)}" x2="${x.at(size)}" y1="${y.at(low)}" y2="${y.at(high)}"/>`)}
      <polyline points="${line}"/>${rows.map(({ size, mean }) => html`<circle cx="${x.at(size)}" cy="${y.at(mean)}" r="5"/>`)}</g>`,
  );
}

/** Accuracy against confidence; calibrated probabilities lie on the dashed line. */
export function reliabilityChart({ bins, expectedError }: Reliability, colour: string): Html {
  const label = `Reliability: ${bins
    .map((bin) => `at a confidence of ${percent(bin.meanConfidence)}, ${percent(bin.accuracy)} of ${bin.count} right`)
    .join('; ')}. Expected calibration error ${percent(expectedError)}`;
  const most = Math.max(...bins.map((bin) => bin.count));
  const x = axis({ domain: [0, 100], range: xRange });
  const y = axis({ domain: [0, 100], range: yRange });
  const points = bins.map((bin) => ({
    x: x.at(bin.meanConfidence * 100),
    y: y.at(bin.accuracy * 100),
    // The area is proportional to the number of predictions.
    r: Math.max(3, 9 * Math.sqrt(bin.count / most)),
    bin,
  }));
  return chart(
    label,
    frame,
    xAxis(x, frame, 'confidence, per cent'),
    yAxis(y, frame, 'right, per cent'),
    html`<line class="ideal" x1="${x.at(0)}" y1="${y.at(0)}" x2="${x.at(100)}" y2="${y.at(100)}"/>
      <g class="${colour}"><polyline points="${points.map((p) => `${p.x},${p.y}`).join(' ')}"/>
      ${points.map((p) => html`<circle cx="${p.x}" cy="${p.y}" r="${p.r}"><title>${`${counted(p.bin.count, 'answer')}: confidence ${percent(p.bin.meanConfidence)}, right ${percent(p.bin.accuracy)}`}</title></circle>`)}</g>`,
  );
}

interface RiskCurve {
  readonly name: string;
  /** Index of the run in its group, which determines the colour. */
  readonly place: number;
  readonly points: readonly RiskPoint[];
}

/** Accuracy against the share of photos answered, most confident first: a line per run. */
export function riskChart(curves: readonly RiskCurve[]): Html {
  const accuracies = curves.flatMap(({ points }) => points.map(({ accuracy }) => accuracy * 100));
  const x = axis({ domain: [0, 100], range: xRange });
  const y = axis({ domain: [Math.min(...accuracies, 99), 100], range: yRange, nice: true });
  const each = ({ answered, accuracy }: RiskPoint): string =>
    `${percent(accuracy)} right of ${percent(answered)} answered`;
  const label = `Risk and coverage: ${curves
    .map(({ name, points }) => `${name}: ${points.map(each).join(', ')}`)
    .join('; ')}`;
  return chart(
    label,
    frame,
    xAxis(x, frame, 'photos answered, per cent'),
    yAxis(y, frame, 'right, per cent'),
    ...curves.map(({ place, points }) => {
      const at = points.map(({ answered, accuracy }) => ({ x: x.at(answered * 100), y: y.at(accuracy * 100) }));
      return html`<g class="${runClass(place)}"><polyline points="${at.map((p) => `${p.x},${p.y}`).join(' ')}"/>
        ${at.map((p) => html`<circle cx="${p.x}" cy="${p.y}" r="3"/>`)}</g>`;
    }),
  );
}
