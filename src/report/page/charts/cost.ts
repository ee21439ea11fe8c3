import { valueAt } from '../../../system/at.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { percent, seconds } from '../../figures.ts';
import { type Html, html } from '../html.ts';
import { axis, chart, type Frame, xAxis, yAxis } from './frame.ts';
import { runClass } from './intervals.ts';

const frame: Frame = { width: 460, height: 300, left: 48, right: 24, top: 26, bottom: 44 };
const radius = 6;
/** Height and average letter width of a label in the page's font, in pixels. */
const lineHeight = 14;
const letterWidth = 7;

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface Label {
  readonly x: number;
  readonly y: number;
  readonly anchor: 'start' | 'middle' | 'end';
}

const boxAround = (left: number, right: number, y: number, height: number): Box => ({
  left,
  right,
  top: y - height / 2,
  bottom: y + height / 2,
});

function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}

/** A label for each dot: right of it, left of it, above, below or further off, where it overlaps least. */
function placeLabels(dots: readonly { readonly name: string; readonly x: number; readonly y: number }[]): Label[] {
  const inside = {
    left: frame.left,
    right: frame.width,
    top: frame.top - lineHeight,
    bottom: frame.height - frame.bottom,
  };
  const taken = dots.map(({ x, y }) => boxAround(x - radius - 1, x + radius + 1, y, 2 * radius + 2));
  const gap = radius + 4;
  return dots.map(({ name, x, y }) => {
    const width = letterWidth * name.length;
    const candidates = [0, 1, -1, 2, -2, 3, -3].flatMap((lines) =>
      (
        [
          { x: x + gap, anchor: 'start', left: x + gap },
          { x: x - gap, anchor: 'end', left: x - gap - width },
          { x, anchor: 'middle', left: x - width / 2 },
        ] as const
      ).map((side) => {
        const middle = y + lines * lineHeight;
        const box = boxAround(side.left, side.left + width, middle, lineHeight);
        const outside = width * lineHeight - overlap(box, inside);
        const cost = outside + taken.reduce((sum, other) => sum + overlap(box, other), 0);
        return { ...side, y: middle + 4, box, cost };
      }),
    );
    const best = candidates.reduce((least, candidate) => (candidate.cost < least.cost ? candidate : least));
    taken.push(best.box);
    return best;
  });
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
  const dots = runs.map(({ run }, i) => ({
    name: run.name,
    x: x.at(valueAt(times, i)),
    y: y.at(valueAt(accuracies, i)),
  }));
  const labels = placeLabels(dots);
  const label = `Accuracy against fit time: ${runs
    .map(({ run }) => `${run.name} ${percent(run.report.accuracy)} in ${seconds(run.report.fitSeconds)} s`)
    .join(', ')}`;
  return chart(
    label,
    frame,
    xAxis(x, frame, 'seconds to fit (logarithmic)'),
    yAxis(y, frame, 'accuracy, per cent'),
    // All labels come after all dots: none is covered where there is no free place.
    ...dots.map((dot, i) => html`<g class="${runClass(i)}"><circle cx="${dot.x}" cy="${dot.y}" r="${radius}"/></g>`),
    ...labels.map(
      (place, i) =>
        html`<g class="${runClass(i)}"><text x="${place.x}" y="${place.y}" text-anchor="${place.anchor}">${valueAt(dots, i).name}</text></g>`,
    ),
  );
}
