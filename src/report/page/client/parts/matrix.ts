import { arrowSteps, colour, count, element, fitCanvas, one, percent } from '../dom.ts';
import type { Explorer } from '../explorer.ts';
import { classesNamed } from '../filters.ts';
import type { Answer } from '../model.ts';
import { whenSeen } from '../when-seen.ts';
import type { OpenViewer } from './viewer.ts';

interface Pair {
  readonly t: number;
  readonly p: number;
  readonly count: number;
}

/** More classes than this open with those alone that are confused. */
const manyClasses = 40;
const listed = 15;
/** Cells smaller than this have no room for a name beside them. */
const leastNamed = 11;
const sizes = [6, 8, 11, 14, 18, 24, 32, 42] as const;

/**
 * The confusion matrix of the run in sight, of the photos that pass the filters: a canvas of the size of its window over
 * a place as large as the matrix, so that the browser scrolls it and names stay at its edges.
 */
export function startMatrix(explorer: Explorer, openViewer: OpenViewer): void {
  const part = one('[data-part=matrix]', explorer.root);
  const scroll = one('.matrix-scroll', part);
  const space = one('.matrix-space', scroll);
  const canvas = one<HTMLCanvasElement>('canvas', scroll);
  const status = one('[data-control=cell]', part);
  const note = one('[data-control=classes]', part);
  const confusedOnly = one<HTMLInputElement>('[data-control=confused]', part);
  const pairsList = one<HTMLOListElement>('ol', part);
  const allPairs = one<HTMLButtonElement>('[data-control=all-pairs]', part);
  const { group } = explorer;
  confusedOnly.checked = group.classes.length > manyClasses;

  let pairs: readonly Pair[] = [];
  let cells = new Map<number, Pair>();
  let totals = new Map<number, number>();
  let order: readonly number[] = [];
  let side: number = sizes[3];
  let chosenSide: number | undefined;
  let margin = { left: 0, top: 0 };
  /** Row and column under the pointer or the keyboard's own. */
  let cursor: { row: number; column: number } | undefined;

  const key = (t: number, p: number): number => t * group.classes.length + p;

  function countCells(): void {
    const found = new Map<number, number>();
    if (explorer.filterCount === 0) {
      const { cells: all } = explorer.run;
      for (let i = 0; i < all.length; i += 3) found.set(key(all[i] ?? 0, all[i + 1] ?? 0), all[i + 2] ?? 0);
    } else {
      const passes = explorer.passes();
      for (const { place, predicted } of explorer.run.answers) {
        const at = key(group.labels[place] ?? 0, predicted);
        if (passes(place) && isAsked(group.labels[place] ?? 0, predicted)) found.set(at, (found.get(at) ?? 0) + 1);
      }
    }
    const all = [...found].map(([at, number]): [number, Pair] => [
      at,
      { t: Math.floor(at / group.classes.length), p: at % group.classes.length, count: number },
    ]);
    cells = new Map(all);
    totals = new Map();
    for (const [, cell] of all) totals.set(cell.t, (totals.get(cell.t) ?? 0) + cell.count);
    pairs = all
      .map(([, cell]) => cell)
      .filter(({ t, p }) => t !== p)
      .sort((a, b) => b.count - a.count || shareOf(b) - shareOf(a) || a.t - b.t || a.p - b.p);
    const shown = new Set<number>();
    for (const { t, p } of confusedOnly.checked ? pairs : cells.values()) shown.add(t).add(p);
    if (!confusedOnly.checked && explorer.filterCount === 0) for (const c of group.classes.keys()) shown.add(c);
    order = Array.from(explorer.run.order).filter((c) => shown.has(c));
  }

  /** Of an image that several repeats tested only the answers count that the filters ask for. */
  function isAsked(t: number, p: number): boolean {
    const { answer, className } = explorer.view.filters;
    if (answer !== 'all' && (answer === 'right') !== (t === p)) return false;
    if (className === '') return true;
    const named = classesNamed(className, group.classes);
    return named.has(t) || named.has(p);
  }

  function shareOf({ t, count: number }: Pair): number {
    return number / Math.max(1, totals.get(t) ?? 1);
  }

  function update(): void {
    countCells();
    cursor = undefined;
    note.textContent =
      order.length === group.classes.length
        ? `${count(order.length)} classes`
        : `${count(order.length)} of ${count(group.classes.length)} classes${confusedOnly.checked ? ', those that are confused' : ''}`;
    listPairs(listed);
    layOut();
    say();
  }

  function listPairs(most: number): void {
    pairsList.replaceChildren(
      ...pairs.slice(0, most).map((pair) => {
        const button = element(
          'button',
          { type: 'button', class: 'pair' },
          element('b', {}, group.className(pair.t)),
          ' taken for ',
          element('b', {}, group.className(pair.p)),
          ' ',
          element('span', { class: 'count' }, `${count(pair.count)}× · ${percent(shareOf(pair))}`),
        );
        button.addEventListener('click', () => open(pair));
        return element('li', {}, button);
      }),
    );
    one('[data-control=no-pairs]', part).hidden = pairs.length > 0;
    one('[data-control=once]', part).hidden = pairs.length === 0 || pairs.some((pair) => pair.count > 1);
    allPairs.hidden = pairs.length <= most;
    allPairs.textContent = `Show all ${count(pairs.length)} pairs`;
  }

  function layOut(): void {
    const room = scroll.clientWidth;
    const names = order.map((c) => group.className(c));
    const context = canvas.getContext('2d') as CanvasRenderingContext2D;
    context.font = font(12);
    const longest = Math.max(0, ...names.map((name) => context.measureText(name).width));
    const most = Math.min(190, room * 0.36);
    const fitting = Math.floor((room - Math.min(most, longest + 14) - 16) / Math.max(1, order.length));
    // Names beside small cells would lie on each other: a matrix that fits only so is scrolled instead.
    side = chosenSide ?? Math.min(34, Math.max(14, fitting));
    const named = side >= leastNamed;
    margin = named ? { left: Math.min(most, longest + 14), top: Math.min(150, longest + 14) } : { left: 10, top: 10 };
    space.style.width = `${margin.left + side * order.length + 16}px`;
    space.style.height = `${margin.top + side * order.length + 16}px`;
    draw();
  }

  const font = (size: number, weight = 400): string =>
    `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;

  function draw(): void {
    const width = Math.min(scroll.clientWidth, margin.left + side * order.length + 16);
    const height = Math.min(scroll.clientHeight, margin.top + side * order.length + 16);
    const context = fitCanvas(canvas, Math.max(1, width), Math.max(1, height));
    const [left, top] = [scroll.scrollLeft, scroll.scrollTop];
    const x = (column: number): number => margin.left + column * side - left;
    const y = (row: number): number => margin.top + row * side - top;
    const paint = {
      right: colour('--right'),
      wrong: colour('--wrong'),
      ink: colour('--ink'),
      soft: colour('--soft'),
      line: colour('--line'),
      sheet: colour('--sheet'),
    };
    context.save();
    context.beginPath();
    context.rect(margin.left, margin.top, width - margin.left, height - margin.top);
    context.clip();
    if (cursor !== undefined) {
      context.fillStyle = paint.line;
      context.globalAlpha = 0.55;
      context.fillRect(margin.left, y(cursor.row), width, side);
      context.fillRect(x(cursor.column), margin.top, side, height);
      context.globalAlpha = 1;
    }
    const place = new Map(order.map((c, i) => [c, i]));
    const gap = side > 12 ? 0.75 : 0.25;
    for (const cell of cells.values()) {
      const [row, column] = [place.get(cell.t), place.get(cell.p)];
      if (row === undefined || column === undefined) continue;
      if (y(row) < margin.top - side || y(row) > height || x(column) < margin.left - side || x(column) > width)
        continue;
      context.fillStyle = cell.t === cell.p ? paint.right : paint.wrong;
      context.globalAlpha = 0.22 + 0.78 * Math.sqrt(shareOf(cell));
      context.fillRect(x(column) + gap, y(row) + gap, side - 2 * gap, side - 2 * gap);
      context.globalAlpha = 1;
    }
    if (cursor !== undefined) {
      context.strokeStyle = paint.ink;
      context.lineWidth = 1.5;
      context.strokeRect(x(cursor.column) + 0.5, y(cursor.row) + 0.5, side - 1, side - 1);
    }
    context.restore();
    context.strokeStyle = paint.line;
    context.strokeRect(
      margin.left - 0.5,
      margin.top - 0.5,
      Math.min(width - margin.left, x(order.length) - margin.left) + 0.5,
      Math.min(height - margin.top, y(order.length) - margin.top) + 0.5,
    );
    if (side < leastNamed) return;
    context.textBaseline = 'middle';
    const fit = (text: string, room: number): string => {
      if (context.measureText(text).width <= room) return text;
      let cut = text;
      while (cut.length > 1 && context.measureText(`${cut}…`).width > room) cut = cut.slice(0, -1);
      return `${cut}…`;
    };
    for (const [i, c] of order.entries()) {
      const name = group.className(c);
      context.font = font(Math.min(12, side - 1), cursor?.row === i ? 700 : 400);
      context.fillStyle = cursor?.row === i ? paint.ink : paint.soft;
      if (y(i) + side / 2 > margin.top && y(i) < height) {
        context.textAlign = 'right';
        context.fillText(fit(name, margin.left - 12), margin.left - 6, y(i) + side / 2);
      }
      context.font = font(Math.min(12, side - 1), cursor?.column === i ? 700 : 400);
      context.fillStyle = cursor?.column === i ? paint.ink : paint.soft;
      if (x(i) + side / 2 > margin.left && x(i) < width) {
        context.save();
        context.translate(x(i) + side / 2, margin.top - 6);
        context.rotate(-Math.PI / 2);
        context.textAlign = 'left';
        context.fillText(fit(name, margin.top - 12), 0, 0);
        context.restore();
      }
    }
  }

  function cellAt({ row, column }: { row: number; column: number }): Pair {
    const [t, p] = [order[row] ?? 0, order[column] ?? 0];
    return cells.get(key(t, p)) ?? { t, p, count: 0 };
  }

  function say(): void {
    if (cursor === undefined) {
      status.textContent =
        'Point at a cell, or go through them with the arrow keys; Enter or a click shows its photos.';
      return;
    }
    const cell = cellAt(cursor);
    const name = group.className(cell.t);
    const of = `${count(cell.count)} of ${count(totals.get(cell.t) ?? 0)} (${percent(shareOf(cell))})`;
    status.textContent =
      cell.t === cell.p ? `${name}: ${of} right` : `${name} taken for ${group.className(cell.p)}: ${of}`;
  }

  function open({ t, p }: Pair): void {
    const passes = explorer.passes();
    const chosen = explorer.run.answers.filter(
      ({ place, predicted }) => group.labels[place] === t && predicted === p && passes(place),
    );
    // Mistakes by confidence; of right answers those say most that were nearly wrong.
    const sign = t === p ? 1 : -1;
    chosen.sort((a: Answer, b: Answer) => sign * (a.probability - b.probability));
    const places = [...new Set(chosen.map(({ place }) => place))];
    if (places.length > 0) openViewer(explorer, places, 0);
    else status.textContent = 'Which photos these are is not known: the report has no predictions.csv.';
  }

  function pointed(event: MouseEvent): { row: number; column: number } | undefined {
    const box = canvas.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - margin.left + scroll.scrollLeft) / side);
    const row = Math.floor((event.clientY - box.top - margin.top + scroll.scrollTop) / side);
    const inside = row >= 0 && column >= 0 && row < order.length && column < order.length;
    return inside && event.clientX - box.left > margin.left && event.clientY - box.top > margin.top
      ? { row, column }
      : undefined;
  }

  function move(to: { row: number; column: number } | undefined): void {
    if (to?.row === cursor?.row && to?.column === cursor?.column) return;
    cursor = to;
    draw();
    say();
  }

  canvas.addEventListener('pointermove', (event) => move(pointed(event)));
  canvas.addEventListener('pointerleave', () => move(undefined));
  canvas.addEventListener('click', (event) => {
    const found = pointed(event);
    if (found === undefined) return;
    move(found);
    if (cellAt(found).count > 0) open(cellAt(found));
  });
  scroll.addEventListener('scroll', draw);
  scroll.addEventListener('keydown', (event) => {
    const step = arrowSteps[event.key];
    if (event.key === 'Enter' && cursor !== undefined && cellAt(cursor).count > 0) {
      // The viewer takes the focus: the same key must not press its first button.
      event.preventDefault();
      open(cellAt(cursor));
    }
    if (step === undefined || order.length === 0) return;
    event.preventDefault();
    const limit = (value: number): number => Math.min(order.length - 1, Math.max(0, value));
    move(
      cursor === undefined
        ? { row: 0, column: 0 }
        : { row: limit(cursor.row + step[1]), column: limit(cursor.column + step[0]) },
    );
    keepInSight();
  });

  function keepInSight(): void {
    if (cursor === undefined) return;
    const [left, top] = [cursor.column * side, cursor.row * side];
    if (left < scroll.scrollLeft) scroll.scrollLeft = left;
    if (top < scroll.scrollTop) scroll.scrollTop = top;
    scroll.scrollLeft = Math.max(scroll.scrollLeft, left + side + margin.left + 16 - scroll.clientWidth);
    scroll.scrollTop = Math.max(scroll.scrollTop, top + side + margin.top + 16 - scroll.clientHeight);
  }

  const zoom = (by: number): void => {
    const next = by > 0 ? sizes.find((size) => size > side) : sizes.findLast((size) => size < side);
    chosenSide = next ?? side;
    layOut();
  };
  one('[data-control=larger]', part).addEventListener('click', () => zoom(1));
  one('[data-control=smaller]', part).addEventListener('click', () => zoom(-1));
  allPairs.addEventListener('click', () => listPairs(pairs.length));
  const again = whenSeen(part, update);
  confusedOnly.addEventListener('change', again);
  explorer.onView(again);
  window.addEventListener('resize', again);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
  // Paper has no scroll bar: the whole matrix is drawn as far as a canvas goes.
  window.addEventListener('beforeprint', () => {
    chosenSide = Math.max(4, Math.floor((640 - margin.left) / Math.max(1, order.length)));
    scroll.classList.add('whole');
    layOut();
  });
  window.addEventListener('afterprint', () => {
    chosenSide = undefined;
    scroll.classList.remove('whole');
    layOut();
  });
}
