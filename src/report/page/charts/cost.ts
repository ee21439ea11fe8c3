import type { GroupData } from '../../analysis/group-data.ts';
import { percent, seconds } from '../../figures.ts';
import type { Html } from '../html.ts';
import { drawChart, Plot } from './draw.ts';
import { colourOf } from './intervals.ts';

const size = { width: 440, height: 300, marginTop: 24, marginLeft: 48, marginRight: 24, marginBottom: 44 } as const;
/** A line of labels, in pixels. */
const lineHeight = 14;
/** Labels closer than this along the time axis would run into each other, in pixels. */
const labelWidth = 110;

interface Place {
  readonly name: string;
  readonly seconds: number;
  readonly accuracy: number;
}

/** Where each label goes on the accuracy axis: beside its dot, or as far below as the labels above it need. */
function placeLabels(
  points: readonly Place[],
  axes: { readonly x: readonly [number, number]; readonly y: readonly [number, number] },
): readonly (Place & { readonly labelled: number })[] {
  const height = size.height - size.marginTop - size.marginBottom;
  const width = size.width - size.marginLeft - size.marginRight;
  const perPixel = (axes.y[1] - axes.y[0]) / height;
  const across = (seconds: number): number => (Math.log(seconds / axes.x[0]) / Math.log(axes.x[1] / axes.x[0])) * width;
  const placed: (Place & { labelled: number })[] = [];
  for (const point of [...points].sort((a, b) => b.accuracy - a.accuracy)) {
    let labelled = point.accuracy;
    for (const above of placed) {
      const near = Math.abs(across(above.seconds) - across(point.seconds)) < labelWidth;
      if (near && above.labelled - labelled < lineHeight * perPixel) labelled = above.labelled - lineHeight * perPixel;
    }
    placed.push({ ...point, labelled });
  }
  return placed;
}

/** Accuracy against fit time on a logarithmic axis. */
export function costChart({ runs }: GroupData): Html {
  // A fit of zero seconds (a clock too coarse) has no place on a logarithmic axis.
  const points = runs.map(({ run }, i) => ({
    name: run.name,
    seconds: Math.max(0.001, run.report.fitSeconds),
    accuracy: run.report.accuracy * 100,
    colour: colourOf(i),
  }));
  const times = points.map((point) => point.seconds);
  const accuracies = points.map((point) => point.accuracy);
  const [least, most] = [Math.min(...accuracies), Math.max(...accuracies)];
  const room = Math.max(1, (most - least) * 0.08);
  const axes = {
    x: [Math.min(...times) / 2, Math.max(...times) * 3.5],
    y: [least - room, most + room],
  } as const;
  const labels = placeLabels(points, axes);
  const label = `Accuracy against fit time: ${runs
    .map(({ run }) => `${run.name} ${percent(run.report.accuracy)} in ${seconds(run.report.fitSeconds)} s`)
    .join(', ')}`;
  return drawChart(label, {
    ...size,
    style: { fontSize: '12px' },
    x: {
      type: 'log',
      label: 'seconds to fit (logarithmic)',
      labelAnchor: 'center',
      domain: axes.x,
      ticks: 5,
      tickFormat: (value: number) => String(Number(value.toPrecision(1))),
      grid: true,
    },
    y: { label: 'accuracy, per cent', grid: true, domain: axes.y },
    marks: [
      Plot.dot(points, { x: 'seconds', y: 'accuracy', fill: 'colour', r: 6, title: 'name' }),
      Plot.text(labels, {
        x: 'seconds',
        y: 'labelled',
        text: 'name',
        dx: 10,
        textAnchor: 'start',
        fill: 'currentColor',
      }),
    ],
  });
}
