import type { GroupData } from '../../analysis/group-data.ts';
import { accuracyInterval, percent } from '../../figures.ts';
import type { Html } from '../html.ts';
import { drawChart, Plot } from './draw.ts';

/** Accuracy of each run with its 95 % interval, one line per run. */
export function intervalChart({ runs }: GroupData): Html {
  const rows = runs.map(({ run }, i) => {
    const { low, high } = accuracyInterval(run.report);
    return {
      name: run.name,
      accuracy: run.report.accuracy * 100,
      low: low * 100,
      high: high * 100,
      colour: colourOf(i),
    };
  });
  const longest = Math.max(...rows.map(({ name }) => name.length));
  const label = `Accuracy with 95 % intervals: ${runs.map(({ run }) => `${run.name} ${percent(run.report.accuracy)}`).join(', ')}`;
  return drawChart(label, {
    width: 460,
    height: 76 + 34 * rows.length,
    marginBottom: 44,
    marginLeft: Math.min(200, 16 + 6.4 * longest),
    marginRight: 60,
    style: { fontSize: '12px' },
    x: { label: 'accuracy, per cent', grid: true, nice: true, labelAnchor: 'center' },
    y: { label: null, domain: rows.map(({ name }) => name), tickSize: 0, padding: 0.5 },
    marks: [
      Plot.ruleY(rows, { y: 'name', x1: 'low', x2: 'high', stroke: 'colour', strokeWidth: 3, strokeLinecap: 'round' }),
      Plot.dot(rows, { y: 'name', x: 'accuracy', fill: 'colour', r: 6, stroke: 'var(--paper)', strokeWidth: 2 }),
      Plot.text(rows, {
        y: 'name',
        x: 'high',
        text: (row: { accuracy: number }) => `${row.accuracy.toFixed(1)} %`,
        textAnchor: 'start',
        dx: 10,
        fill: 'currentColor',
      }),
    ],
  });
}

/** A run's colour in every chart of its group. */
export function colourOf(index: number): string {
  return `var(--run-${index % 8})`;
}
