import { type ScaleContinuousNumeric, scaleLinear, scaleLog } from 'd3-scale';
import { type Html, html } from '../html.ts';

/** Where a value lies on an axis, in pixels, and which values are written beside it. */
interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

interface AxisOptions {
  readonly domain: readonly [number, number];
  /** Pixels from the first to the last. */
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
  // A logarithmic axis offers every digit of each power of ten: those that start with 1, 2 and 5 are enough.
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

/** A chart: an SVG with one text for those who cannot see it, whose colours follow the page's. */
export function chart(label: string, { width, height }: Frame, ...parts: readonly Html[]): Html {
  return html`<svg role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${parts}</svg>`;
}

/** The grid and its figures along the lower edge, with what they mean. */
export function xAxis({ ticks }: Axis, frame: Frame, title: string): Html {
  const { width, height, left, right, top, bottom } = frame;
  return html`<g class="axis">${ticks.map(
    ({ at, label }) =>
      html`<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}"/><text x="${at}" y="${height - bottom + 16}" text-anchor="middle">${label}</text>`,
  )}<text class="title" x="${left + (width - left - right) / 2}" y="${height - 6}" text-anchor="middle">${title}</text></g>`;
}

/** The same along the left edge; its title stands above it. */
export function yAxis({ ticks }: Axis, frame: Frame, title: string): Html {
  const { width, left, right } = frame;
  return html`<g class="axis">${ticks.map(
    ({ at, label }) =>
      html`<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/><text x="${left - 8}" y="${at + 4}" text-anchor="end">${label}</text>`,
  )}<text class="title" x="${4}" y="${12}">${title}</text></g>`;
}
