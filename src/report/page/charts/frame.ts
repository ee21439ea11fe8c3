import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale';
import { type Html, html } from '../html.ts';

/** Maps values to pixels, and has the tick labels. */
interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

interface AxisOptions {
  readonly domain: readonly [number, number];
  readonly range: readonly [number, number];
  readonly logarithmic?: boolean;
  /** Widen the domain to round numbers. */
  readonly nice?: boolean;
  readonly tickCount?: number;
}

export function axis({ domain, range, logarithmic = false, nice = false, tickCount = 5 }: AxisOptions): Axis {
  const scale: ScaleContinuousNumeric<number, number> = logarithmic ? scaleLog() : scaleLinear();
  scale.domain(domain).range(range);
  if (nice) scale.nice(tickCount);
  const format = (value: number): string => (logarithmic ? String(Number(value.toPrecision(1))) : String(value));
  // Of a logarithmic axis, label only 1, 2 and 5 times a power of ten.
  const ticks = scale
    .ticks(tickCount)
    .filter((value) => !logarithmic || /^[125]/.test(value.toExponential()))
    .map((value) => ({ at: scale(value), label: format(Number(value.toPrecision(12))) }));
  return { at: (value) => scale(value), ticks };
}

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** An SVG with a text alternative, in the page's colours. */
export function chart(label: string, { width, height }: Frame, ...parts: readonly Html[]): Html {
  return html`<svg role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${parts}</svg>`;
}

/** Grid lines, tick labels and title of the x axis. */
export function xAxis({ ticks }: Axis, frame: Frame, title: string): Html {
  const { width, height, left, right, top, bottom } = frame;
  return html`<g class="axis">${ticks.map(
    ({ at, label }) =>
      html`<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}"/><text x="${at}" y="${height - bottom + 16}" text-anchor="middle">${label}</text>`,
  )}<text class="title" x="${left + (width - left - right) / 2}" y="${height - 6}" text-anchor="middle">${title}</text></g>`;
}

/** Grid lines and tick labels of the y axis; its title is above it. */
export function yAxis({ ticks }: Axis, frame: Frame, title: string): Html {
  const { width, left, right } = frame;
  return html`<g class="axis">${ticks.map(
    ({ at, label }) =>
      html`<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text x="${left - 8}" y="${at + 4}" text-anchor="end">${label}</text>`,
  )}<text class="title" x="${4}" y="${12}">${title}</text></g>`;
}
