import type { LearningCurve } from '../../analysis/learning.ts';
import { percent } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis, yAxis } from './frame.ts';

const frame: Frame = { width: 420, height: 300, left: 48, right: 20, top: 26, bottom: 44 };

/** Accuracy against the number of training images, with one standard deviation over the repeats. */
export function learningChart(curve: LearningCurve, colour: string): Html {
  const rows = curve.points.map((point) => ({
    size: point.trainSize,
    mean: point.accuracy * 100,
    low: (point.accuracy - point.deviation) * 100,
    high: (point.accuracy + point.deviation) * 100,
  }));
  const x = axis({
    domain: [0, Math.max(...rows.map(({ size }) => size))],
    range: [frame.left, frame.width - frame.right],
    nice: true,
  });
  const y = axis({
    domain: [Math.min(...rows.map(({ low }) => low)), Math.max(...rows.map(({ high }) => high))],
    range: [frame.height - frame.bottom, frame.top],
    nice: true,
  });
  const label = `Learning curve: ${curve.points
    .map((point) => `${percent(point.accuracy)} with ${point.trainSize} training images`)
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
