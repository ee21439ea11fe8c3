import type { RiskPoint } from '../../../metrics/conformal.kernel.ts';
import { percent } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis, yAxis } from './frame.ts';
import { runClass } from './intervals.ts';

const frame: Frame = { width: 420, height: 300, left: 48, right: 20, top: 26, bottom: 44 };

interface RiskCurve {
  readonly name: string;
  /** Of the run in its group, which gives the colour. */
  readonly place: number;
  readonly points: readonly RiskPoint[];
}

/** Share of right answers where a head answers only the photos that it is surest of: one line for each run. */
export function riskChart(curves: readonly RiskCurve[]): Html {
  const accuracies = curves.flatMap(({ points }) => points.map(({ accuracy }) => accuracy * 100));
  const x = axis({ domain: [0, 100], range: [frame.left, frame.width - frame.right] });
  const y = axis({
    domain: [Math.min(...accuracies, 99), 100],
    range: [frame.height - frame.bottom, frame.top],
    nice: true,
  });
  const label = `Risk and coverage: ${curves
    .map(({ name, points }) => {
      const each = points.map(
        ({ answered, accuracy }) => `${percent(accuracy)} right of ${percent(answered)} answered`,
      );
      return `${name}: ${each.join(', ')}`;
    })
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
