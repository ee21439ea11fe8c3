import { all, arrowSteps, colour, counted, element, fitCanvas, one } from '../dom.ts';
import type { Explorer } from '../explorer.ts';
import { classesNamed } from '../filters.ts';
import type { MapView } from '../model.ts';
import { fewerCorners } from '../region.ts';
import { whenSeen } from '../when-seen.ts';
import { markSelected, picture, tile, verdictOf, walkable } from './tile.ts';
import type { OpenViewer } from './viewer.ts';

/** Colours that are distinguishable; with more classes colour says right or wrong instead. */
const mostColours = 12;
const pad = 14;
const mostListed = 24;
/** Largest distance in pixels at which the pointer hits a dot. */
const reach = 9;

/** Every image as a dot: photos on hover, a region to draw, a dot to open. */
export function startMap(explorer: Explorer, openViewer: OpenViewer): void {
  const { group } = explorer;
  const part = explorer.root.querySelector<HTMLElement>('[data-part=map]');
  const data = group.map;
  if (part === null || data === undefined) return;
  const frame = one('.map-frame', part);
  const canvas = one<HTMLCanvasElement>('canvas', frame);
  const tip = one('.tip', frame);
  const status = one('[data-control=dot]', part);
  const legend = one('[data-control=legend]', part);
  const draw = one<HTMLInputElement>('[data-control=draw]', part);
  const axes = one('[data-control=axes]', part);
  const listed = one('[data-control=listed]', part);
  const dotAt = new Map(Array.from(data.image, (place, i) => [place, i]));
  let view = data.views[0] as MapView;
  let side = 0;
  let cursor: number | undefined;
  let line: number[] = [];
  let drawing = false;

  const position = (i: number): readonly [number, number] => [
    (view.points[2 * i] ?? 0) / 65_535,
    1 - (view.points[2 * i + 1] ?? 0) / 65_535,
  ];
  explorer.placeDots((place) => {
    const i = dotAt.get(place);
    return i === undefined ? undefined : position(i);
  });
  const screen = ([x, y]: readonly [number, number]): [number, number] => [
    pad + x * (side - 2 * pad),
    pad + y * (side - 2 * pad),
  ];

  function kindOf(place: number): 'right' | 'wrong' | 'untested' {
    const verdict = explorer.run.verdict(place);
    if (verdict === undefined) return 'untested';
    return verdict.predicted === group.labels[place] ? 'right' : 'wrong';
  }

  function paint(): void {
    side = Math.min(frame.clientWidth, 640);
    const context = fitCanvas(canvas, side, side);
    const passes = explorer.passes();
    const { className } = explorer.view.filters;
    const picked = className === '' ? undefined : classesNamed(className, group.classes);
    const byClass = group.classes.length <= mostColours;
    const colours = { right: colour('--right'), wrong: colour('--wrong'), untested: colour('--soft') } as const;
    const classColours = group.classes.map((_, c) => colour(`--class-${c % mostColours}`));
    const radius = data !== undefined && data.image.length > 800 ? 3 : 4.5;
    const dots = Array.from(data?.image ?? [], (place, i) => ({ place, i, passes: passes(place) }));
    // Dots that pass the filters are drawn above the others, and mistakes above right answers.
    const rank = ({ place, passes }: { place: number; passes: boolean }): number =>
      (passes ? 10 : 0) + { untested: 0, right: 1, wrong: 2 }[kindOf(place)];
    dots.sort((a, b) => rank(a) - rank(b));
    for (const { place, i, passes: own } of dots) {
      const [x, y] = screen(position(i));
      const label = group.labels[place] ?? 0;
      context.beginPath();
      context.arc(x, y, own && picked !== undefined ? radius + 1.5 : radius, 0, 2 * Math.PI);
      context.fillStyle = (byClass ? classColours[label] : colours[kindOf(place)]) ?? colours.untested;
      context.globalAlpha = own ? (byClass || kindOf(place) !== 'untested' ? 0.85 : 0.5) : 0.1;
      context.fill();
      context.globalAlpha = 1;
      if (own && picked?.has(label) === true) {
        context.strokeStyle = colour('--ink');
        context.lineWidth = 1.5;
        context.stroke();
      }
    }
    if (cursor !== undefined) {
      const [x, y] = screen(position(cursor));
      context.beginPath();
      context.arc(x, y, radius + 4, 0, 2 * Math.PI);
      context.strokeStyle = colour('--ink');
      context.lineWidth = 2;
      context.stroke();
    }
    const region = drawing ? line : explorer.view.filters.region;
    if (region.length >= 4) {
      context.beginPath();
      for (let i = 0; i < region.length; i += 2) context.lineTo(...screen([region[i] ?? 0, region[i + 1] ?? 0]));
      context.closePath();
      context.strokeStyle = colour('--accent');
      context.lineWidth = 2;
      context.setLineDash([5, 4]);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 0.08;
      context.fillStyle = colour('--accent');
      context.fill();
      context.globalAlpha = 1;
    }
    axes.textContent = `Across ${view.x}, up ${view.y}.`;
    explain(byClass);
  }

  function explain(byClass: boolean): void {
    const item = (name: string, text: string): HTMLElement => {
      const swatch = element('span', { class: 'swatch' });
      swatch.style.background = `var(${name})`;
      return element('li', {}, swatch, text);
    };
    legend.replaceChildren(
      ...(byClass
        ? group.classes.map((name, c) => item(`--class-${c}`, name))
        : [item('--right', `right by ${explorer.run.name}`), item('--wrong', 'wrong'), item('--soft', 'in training')]),
    );
  }

  function nearestDot(x: number, y: number, within: number): number | undefined {
    const passes = explorer.passes();
    let best: number | undefined;
    let least = within;
    for (const [i, place] of (data?.image ?? new Uint32Array()).entries()) {
      const [dx, dy] = screen(position(i));
      const distance = Math.hypot(dx - x, dy - y);
      if (distance >= least || !passes(place)) continue;
      [best, least] = [i, distance];
    }
    return best;
  }

  function point(i: number | undefined): void {
    if (i === cursor) return;
    cursor = i;
    paint();
    const place = i === undefined ? undefined : data?.image[i];
    tip.hidden = i === undefined;
    if (i === undefined || place === undefined) {
      say();
      return;
    }
    const name = group.className(group.labels[place]);
    const { text } = verdictOf(explorer, place);
    status.textContent = `${name}, ${text}; Enter or a click opens it`;
    tip.replaceChildren(picture(explorer, place, 96), element('b', {}, name), element('span', {}, text));
    const [x, y] = screen(position(i));
    tip.style.left = `${Math.min(x + 12, Math.max(0, side - 150))}px`;
    tip.style.top = `${y + 14}px`;
  }

  function list(): void {
    const places = explorer.view.filters.region.length === 0 ? [] : explorer.shown.slice(0, mostListed);
    listed.replaceChildren(
      ...places.map((place, i) => tile(explorer, place, () => openViewer(explorer, explorer.shown, i))),
    );
    walkable(listed);
  }

  function say(): void {
    const { region } = explorer.view.filters;
    const { length } = explorer.shown;
    status.textContent =
      region.length > 0
        ? `${counted(length, 'photo')} in the region that was drawn${length > mostListed ? `, the first ${mostListed} of them here, all above` : ''}.`
        : 'Point at a dot to see its photo. Drag around some to list them.';
  }

  function open(i: number): void {
    const place = data?.image[i] ?? 0;
    const at = explorer.shown.indexOf(place);
    openViewer(explorer, at < 0 ? [place] : explorer.shown, Math.max(0, at));
  }

  const at = (event: PointerEvent): [number, number] => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const share = ([x, y]: [number, number]): [number, number] => [
    (x - pad) / (side - 2 * pad),
    (y - pad) / (side - 2 * pad),
  ];
  let started: [number, number] | undefined;
  canvas.addEventListener('pointerdown', (event) => {
    // A finger scrolls the page unless drawing is switched on.
    if (event.button !== 0 || (event.pointerType === 'touch' && !draw.checked)) return;
    started = at(event);
    line = [...share(started)];
    canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener('pointermove', (event) => {
    const now = at(event);
    if (started === undefined) {
      point(nearestDot(...now, reach));
      return;
    }
    if (!drawing && Math.hypot(now[0] - started[0], now[1] - started[1]) < 6) return;
    drawing = true;
    tip.hidden = true;
    line.push(...share(now));
    paint();
  });
  canvas.addEventListener('pointerup', (event) => {
    const wasDrawing = drawing;
    started = undefined;
    drawing = false;
    if (wasDrawing) {
      explorer.filter({ region: fewerCorners(line).map((value) => Number(value.toFixed(3))) });
      return;
    }
    const found = nearestDot(...at(event), reach + (event.pointerType === 'touch' ? 8 : 0));
    if (found !== undefined && !draw.checked) open(found);
  });
  canvas.addEventListener('pointercancel', () => {
    started = undefined;
    drawing = false;
    paint();
  });
  canvas.addEventListener('pointerleave', () => {
    if (!drawing) point(undefined);
  });
  canvas.addEventListener('keydown', (event) => {
    const step = arrowSteps[event.key];
    if (event.key === 'Enter' && cursor !== undefined) {
      // The viewer takes the focus: the same key must not press its first button.
      event.preventDefault();
      open(cursor);
    }
    if (event.key === 'x' && cursor !== undefined) {
      const place = data?.image[cursor] ?? 0;
      explorer.select([place], !explorer.selected.has(place));
    }
    if (event.key === 'Escape') point(undefined);
    if (step === undefined) return;
    event.preventDefault();
    point(cursor === undefined ? nearestDot(side / 2, side / 2, Number.POSITIVE_INFINITY) : towards(cursor, step));
  });
  canvas.addEventListener('blur', () => point(undefined));

  /** The nearest dot on the side that an arrow points to. */
  function towards(from: number, [dx, dy]: readonly [number, number]): number {
    const passes = explorer.passes();
    const [x, y] = screen(position(from));
    let best = from;
    let least = Number.POSITIVE_INFINITY;
    for (const [i, place] of (data?.image ?? new Uint32Array()).entries()) {
      const [ox, oy] = screen(position(i));
      const along = (ox - x) * dx + (oy - y) * dy;
      const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      const distance = along + 2 * aside;
      if (i === from || along <= 0 || aside > 2 * along || distance >= least || !passes(place)) continue;
      [best, least] = [i, distance];
    }
    return best;
  }

  for (const radio of all<HTMLInputElement>('[data-control=projection]', part)) {
    radio.addEventListener('change', () => {
      view = data.views[Number(radio.value)] ?? view;
      // A region belongs to the view on which it was drawn.
      explorer.filter({ region: [] });
    });
  }
  draw.addEventListener('change', () => frame.classList.toggle('drawing', draw.checked));
  const again = whenSeen(part, () => {
    paint();
    say();
    list();
  });
  explorer.onView(again);
  explorer.onSelection(() => markSelected(listed, explorer.selected));
  window.addEventListener('resize', again);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
}
