import { percent, seconds } from '../../figures.ts';
import type { Html } from '../html.ts';
import type { GroupData } from '../page-data.ts';
import { drawChart, Plot } from './draw.ts';
import { colourOf } from './intervals.ts';

/** Accuracy against fit time on a logarithmic axis. */
export function costChart({ runs }: GroupData): Html {
  // A fit of zero seconds (a clock too coarse) has no place on a logarithmic axis.
  const points = runs.map(({ run }, i) => ({
    name: run.name,
    seconds: Math.max(0.001, run.report.fitSeconds),
    accuracy: run.report.accuracy * 100,
    colour: colourOf(i),
  }));
  const label = `Accuracy against fit time: ${runs
    .map(({ run }) => `${run.name} ${percent(run.report.accuracy)} in ${seconds(run.report.fitSeconds)} s`)
    .join(', ')}`;
  const times = points.map((point) => point.seconds);
  return drawChart(label, {
    width: 480,
    height: 300,
    marginLeft: 48,
    marginRight: 24,
    marginBottom: 44,
    style: { fontSize: '12px' },
    x: {
      type: 'log',
      label: 'seconds to fit (logarithmic)',
      labelAnchor: 'center',
      domain: [Math.min(...times) / 2, Math.max(...times) * 3],
      ticks: 5,
      tickFormat: (value: number) => String(Number(value.toPrecision(1))),
      grid: true,
    },
    y: { label: 'accuracy, per cent', grid: true, nice: true, inset: 14 },
    marks: [
      Plot.dot(points, { x: 'seconds', y: 'accuracy', fill: 'colour', r: 6, title: 'name' }),
      Plot.text(points, {
        x: 'seconds',
        y: 'accuracy',
        text: 'name',
        dx: 10,
        textAnchor: 'start',
        fill: 'currentColor',
      }),
    ],
  });
}
