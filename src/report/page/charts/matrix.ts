import type { Report } from '../../../classify/result/report.ts';
import { clusteredOrder } from '../../analysis/confusion.ts';
import type { Html } from '../html.ts';
import { drawChart, Plot } from './draw.ts';

interface Cell {
  readonly t: number;
  readonly p: number;
  readonly trueClass: string;
  readonly predictedClass: string;
  readonly count: number;
  readonly share: number;
}

/**
 * The confusion matrix with classes in clustered order: right answers on the diagonal in one colour, mistakes in the
 * other, stronger for a larger share of the true class. Cells that are empty are not drawn; the others carry
 * `data-cell="TRUE,PREDICTED"` (class numbers).
 */
export function matrixChart(report: Report): Html {
  const { classes, confusion } = report;
  const order = clusteredOrder(confusion).map((c) => classes[c] as string);
  const cells: Cell[] = confusion.flatMap((row, t) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.flatMap((count, p) =>
      count === 0
        ? []
        : [
            {
              t,
              p,
              trueClass: classes[t] as string,
              predictedClass: classes[p] as string,
              count,
              share: count / total,
            },
          ],
    );
  });
  const longest = Math.max(...classes.map((name) => name.length));
  // 120 classes fill the page's width; fewer are drawn larger, more are scrolled.
  const side = Math.min(40, Math.max(8.5, Math.floor(1050 / classes.length)));
  const fontSize = Math.min(12, side - 0.5);
  const margin = Math.round(12 + 0.56 * fontSize * longest);
  const right = confusion.reduce((sum, row, c) => sum + (row[c] ?? 0), 0);
  const all = confusion.flat().reduce((sum, count) => sum + count, 0);
  const label = `Confusion matrix of ${classes.length} classes: ${right} of ${all} answers on the diagonal. The pairs that are confused most are listed beside it.`;
  return drawChart(
    label,
    {
      width: margin + side * classes.length + 20,
      height: margin + side * classes.length + 20,
      marginLeft: margin,
      marginTop: margin,
      marginRight: 20,
      marginBottom: 20,
      padding: 0,
      style: { fontSize: `${fontSize}px`, maxWidth: 'none' },
      x: { domain: order, axis: 'top', label: null, tickRotate: -90, tickSize: 0 },
      y: { domain: order, label: null, tickSize: 0 },
      marks: [
        Plot.frame({ stroke: 'currentColor', strokeOpacity: 0.25 }),
        Plot.cell(cells, {
          x: 'predictedClass',
          y: 'trueClass',
          inset: side > 12 ? 0.75 : 0.25,
          rx: 2,
          fill: (cell: Cell) => (cell.t === cell.p ? 'var(--right)' : 'var(--wrong)'),
          fillOpacity: (cell: Cell) => 0.2 + 0.8 * Math.sqrt(cell.share),
          title: (cell: Cell) =>
            cell.t === cell.p
              ? `${cell.trueClass}: ${cell.count} right (${Math.round(cell.share * 100)} %)`
              : `${cell.trueClass} taken for ${cell.predictedClass}: ${cell.count} (${Math.round(cell.share * 100)} %)`,
        }),
      ],
      color: { type: 'identity' },
      opacity: { type: 'identity' },
    },
    (svg) => {
      svg.setAttribute('class', 'matrix');
      const drawn = [...svg.querySelectorAll('rect')].slice(-cells.length);
      for (const [i, cell] of cells.entries()) {
        drawn[i]?.setAttribute('data-cell', `${cell.t},${cell.p}`);
      }
    },
  );
}
