import type { MapData } from '../../analysis/group-data.ts';
import type { Point } from '../../map/feature-map.ts';
import type { Html } from '../html.ts';
import { drawChart, Plot } from './draw.ts';

/** Feature rows in the plane, coloured by class; each dot carries its class number as `data-class`. */
export function mapChart(
  data: MapData,
  points: readonly Point[],
  order: readonly string[],
  axes: { readonly x: string; readonly y: string },
  what: string,
): Html {
  const place = new Map(order.map((name, i) => [name, i]));
  const rows = points.map((point, i) => {
    const name = data.labels[i] as string;
    return { ...point, name, id: data.ids[i] as string, hue: ((place.get(name) ?? 0) / order.length) * 360 };
  });
  const label = `${what} of ${rows.length} images' features, one dot each, coloured by class`;
  return drawChart(
    label,
    {
      width: 720,
      height: 560,
      marginBottom: 40,
      style: { fontSize: '12px' },
      x: { label: axes.x, ticks: 0, labelAnchor: 'center', inset: 8 },
      y: { label: axes.y, ticks: 0, inset: 8 },
      color: { type: 'identity' },
      marks: [
        Plot.frame({ stroke: 'currentColor', strokeOpacity: 0.15, rx: 6 }),
        Plot.dot(rows, {
          x: 'x',
          y: 'y',
          r: rows.length > 800 ? 3 : 4,
          fill: (row: { hue: number }) => `hsl(${row.hue.toFixed(0)} 62% 52%)`,
          fillOpacity: 0.85,
          title: (row: { name: string; id: string }) => `${row.name}\n${row.id}`,
          sort: null,
        }),
      ],
    },
    (svg) => {
      for (const [i, dot] of [...svg.querySelectorAll('circle')].entries()) {
        dot.setAttribute('data-class', String(place.get(rows[i]?.name ?? '') ?? -1));
      }
    },
  );
}
