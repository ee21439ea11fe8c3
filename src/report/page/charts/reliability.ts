import type { Reliability } from '../../analysis/reliability.ts';
import { percent } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis, yAxis } from './frame.ts';

const frame: Frame = { width: 420, height: 300, left: 48, right: 20, top: 26, bottom: 44 };

/** Share of right answers against confidence; on the dashed line the probabilities mean what they say. */
export function reliabilityChart({ bins, expectedError }: Reliability, colour: string): Html {
  const label = `Reliability: ${bins
    .map((bin) => `at a confidence of ${percent(bin.meanConfidence)}, ${percent(bin.accuracy)} of ${bin.count} right`)
    .join('; ')}. Expected calibration error ${percent(expectedError)}`;
  const most = Math.max(...bins.map((bin) => bin.count));
  const x = axis({ domain: [0, 100], range: [frame.left, frame.width - frame.right] });
  const y = axis({ domain: [0, 100], range: [frame.height - frame.bottom, frame.top] });
  const points = bins.map((bin) => ({
    x: x.at(bin.meanConfidence * 100),
    y: y.at(bin.accuracy * 100),
    // Area counts answers.
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
      ${points.map((p) => html`<circle cx="${p.x}" cy="${p.y}" r="${p.r}"><title>${`${p.bin.count} answers: confidence ${percent(p.bin.meanConfidence)}, right ${percent(p.bin.accuracy)}`}</title></circle>`)}</g>`,
  );
}
