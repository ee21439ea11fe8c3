import { valueAt } from '../../../system/at.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { percent, seconds } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis, yAxis } from './frame.ts';
import { runClass } from './intervals.ts';

const frame: Frame = { width: 460, height: 300, left: 48, right: 24, top: 26, bottom: 44 };
/** A line of labels, in pixels. */
const lineHeight = 14;
/** Labels closer than this along the time axis would run into each other, in pixels. */
const labelWidth = 110;
/** Of the page's font at the size of labels, about, in pixels. */
const letterWidth = 7;

interface Place {
  readonly name: string;
  readonly x: number;
  readonly y: number;
  readonly i: number;
}

/** How far below its dot each label goes: beside it, or as far below as the labels above it need. */
function placeLabels(points: readonly Place[]): readonly (Place & { readonly labelY: number })[] {
  const placed: (Place & { labelY: number })[] = [];
  for (const point of [...points].sort((a, b) => a.y - b.y)) {
    let labelY = point.y;
    for (const above of placed) {
      if (Math.abs(above.x - point.x) < labelWidth && labelY - above.labelY < lineHeight)
        labelY = above.labelY + lineHeight;
    }
    placed.push({ ...point, labelY });
  }
  return placed;
}

/** Beside the dot: on its left where the right has no room. */
function besideDot({ name, x, labelY }: ReturnType<typeof placeLabels>[number]): Html {
  const isLeft = x + 10 + letterWidth * name.length > frame.width;
  const place = isLeft ? html`x="${x - 10}" text-anchor="end"` : html`x="${x + 10}"`;
  return html`<text ${place} y="${labelY + 4}">${name}</text>`;
}

/** Accuracy against fit time on a logarithmic axis. */
export function costChart({ runs }: GroupData): Html {
  // A fit of zero seconds (a clock too coarse) has no place on a logarithmic axis.
  const times = runs.map(({ run }) => Math.max(0.001, run.report.fitSeconds));
  const accuracies = runs.map(({ run }) => run.report.accuracy * 100);
  const [least, most] = [Math.min(...accuracies), Math.max(...accuracies)];
  const room = Math.max(1, (most - least) * 0.08);
  const x = axis({
    domain: [Math.min(...times) / 2, Math.max(...times) * 3.5],
    range: [frame.left, frame.width - frame.right],
    logarithmic: true,
  });
  const y = axis({ domain: [least - room, most + room], range: [frame.height - frame.bottom, frame.top] });
  const points = placeLabels(
    runs.map(({ run }, i) => ({ name: run.name, x: x.at(valueAt(times, i)), y: y.at(valueAt(accuracies, i)), i })),
  );
  const label = `Accuracy against fit time: ${runs
    .map(({ run }) => `${run.name} ${percent(run.report.accuracy)} in ${seconds(run.report.fitSeconds)} s`)
    .join(', ')}`;
  return chart(
    label,
    frame,
    xAxis(x, frame, 'seconds to fit (logarithmic)'),
    yAxis(y, frame, 'accuracy, per cent'),
    ...points.map(
      (point) =>
        html`<g class="${runClass(point.i)}"><circle cx="${point.x}" cy="${point.y}" r="6"/>${besideDot(point)}</g>`,
    ),
  );
}
