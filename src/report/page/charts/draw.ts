import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { type Html, raw } from '../html.ts';

export { Plot };

/**
 * Draws a chart on the server: an SVG with a text alternative, whose colours follow the page's.
 *
 * @param label what a reader who cannot see the chart is told
 * @param mark called on the SVG before it is written, to tie marks to data
 */
export function drawChart(label: string, options: Plot.PlotOptions, mark?: (svg: ChartElement) => void): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const svg = Plot.plot({
    ...options,
    document: document as unknown as NonNullable<Plot.PlotOptions['document']>,
  }) as unknown as ChartElement;
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  // Plot's own labels repeat the chart's part by part; the one above is the whole.
  for (const group of svg.querySelectorAll('[aria-label]')) group.removeAttribute('aria-label');
  mark?.(svg);
  return raw(svg.outerHTML);
}

/** The part of the DOM that charts are finished with; the project's types leave the DOM out. */
export interface ChartElement {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  querySelectorAll(selector: string): Iterable<ChartElement>;
}
