import type { Reliability, ReliabilityBin } from '../../analysis/reliability.ts';
import { percent } from '../../figures.ts';
import type { Html } from '../html.ts';
import { drawChart, Plot } from './draw.ts';

/** Share of right answers against confidence; on the dashed line the probabilities mean what they say. */
export function reliabilityChart(found: Reliability, colour: string): Html {
  const { bins, expectedError } = found;
  const label = `Reliability: ${bins
    .map((bin) => `at a confidence of ${percent(bin.meanConfidence)}, ${percent(bin.accuracy)} of ${bin.count} right`)
    .join('; ')}. Expected calibration error ${percent(expectedError)}`;
  const most = Math.max(...bins.map((bin) => bin.count));
  return drawChart(label, {
    width: 420,
    height: 320,
    marginLeft: 48,
    marginBottom: 44,
    style: { fontSize: '12px' },
    x: { domain: [0, 100], label: 'confidence, per cent', labelAnchor: 'center', grid: true },
    y: { domain: [0, 100], label: 'right, per cent', grid: true },
    r: { domain: [0, most], range: [2, 9] },
    marks: [
      Plot.line(
        [
          [0, 0],
          [100, 100],
        ],
        { stroke: 'currentColor', strokeDasharray: '4 4', strokeOpacity: 0.6 },
      ),
      Plot.line(bins, {
        x: (bin: ReliabilityBin) => bin.meanConfidence * 100,
        y: (bin: ReliabilityBin) => bin.accuracy * 100,
        stroke: colour,
        strokeWidth: 2,
      }),
      Plot.dot(bins, {
        x: (bin: ReliabilityBin) => bin.meanConfidence * 100,
        y: (bin: ReliabilityBin) => bin.accuracy * 100,
        r: 'count',
        fill: colour,
        stroke: 'var(--paper)',
        title: (bin: ReliabilityBin) =>
          `${bin.count} answers: confidence ${percent(bin.meanConfidence)}, right ${percent(bin.accuracy)}`,
      }),
    ],
  });
}
