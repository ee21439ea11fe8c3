import type { GroupData } from '../../analysis/group-data.ts';
import { accuracyInterval, percent } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis } from './frame.ts';

const rowHeight = 32;

/** Accuracy of each run with its 95 % interval, one line per run. */
export function intervalChart({ runs }: GroupData): Html {
  const longest = Math.max(...runs.map(({ run }) => run.name.length));
  const frame: Frame = {
    width: 460,
    height: 52 + rowHeight * runs.length,
    left: Math.min(200, 16 + 6.6 * longest),
    right: 60,
    top: 6,
    bottom: 40,
  };
  const rows = runs.map(({ run }, i) => {
    const { low, high } = accuracyInterval(run.report);
    const y = frame.top + rowHeight * (i + 0.5);
    return { name: run.name, value: run.report.accuracy * 100, low: low * 100, high: high * 100, y, i };
  });
  const x = axis({
    domain: [Math.min(...rows.map(({ low }) => low)), Math.max(...rows.map(({ high }) => high))],
    range: [frame.left, frame.width - frame.right],
    nice: true,
  });
  const label = `Accuracy with 95 % intervals: ${runs.map(({ run }) => `${run.name} ${percent(run.report.accuracy)}`).join(', ')}`;
  return chart(
    label,
    frame,
    xAxis(x, frame, 'accuracy, per cent'),
    ...rows.map(
      ({
        name,
        value,
        low,
        high,
        y,
        i,
      }) => html`<g class="${runClass(i)}"><text x="${frame.left - 10}" y="${y + 4}" text-anchor="end">${name}</text>
        <line class="bar" x1="${x.at(low)}" x2="${x.at(high)}" y1="${y}" y2="${y}"/><circle cx="${x.at(value)}" cy="${y}" r="6"/>
        <text x="${x.at(high) + 10}" y="${y + 4}">${value.toFixed(1)} %</text></g>`,
    ),
  );
}

/** CSS class with a run's colour. */
export function runClass(index: number): string {
  return `run-${index % 8}`;
}
