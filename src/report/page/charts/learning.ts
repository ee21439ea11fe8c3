import type { LearningCurve } from '../../analysis/learning.ts';
import { percent } from '../../figures.ts';
import type { Html } from '../html.ts';
import { drawChart, Plot } from './draw.ts';

/** Accuracy against the number of training images, with one standard deviation over the repeats. */
export function learningChart(curve: LearningCurve, colour: string): Html {
  const rows = curve.points.map((point) => ({
    size: point.trainSize,
    mean: point.accuracy * 100,
    low: (point.accuracy - point.deviation) * 100,
    high: (point.accuracy + point.deviation) * 100,
  }));
  const label = `Learning curve: ${curve.points
    .map((point) => `${percent(point.accuracy)} with ${point.trainSize} training images`)
    .join(', ')}`;
  return drawChart(label, {
    width: 420,
    height: 320,
    marginLeft: 48,
    marginBottom: 44,
    style: { fontSize: '12px' },
    x: { label: 'training images', labelAnchor: 'center', grid: true, nice: true },
    y: { label: 'accuracy, per cent', grid: true, nice: true },
    marks: [
      Plot.ruleX(rows, { x: 'size', y1: 'low', y2: 'high', stroke: colour, strokeWidth: 2, strokeOpacity: 0.5 }),
      Plot.line(rows, { x: 'size', y: 'mean', stroke: colour, strokeWidth: 2 }),
      Plot.dot(rows, { x: 'size', y: 'mean', fill: colour, r: 5, stroke: 'var(--paper)' }),
    ],
  });
}
