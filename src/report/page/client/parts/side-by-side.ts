import { count, one } from '../dom.ts';
import type { Explorer } from '../explorer.ts';
import type { Run } from '../model.ts';
import { whenSeen } from '../when-seen.ts';
import { markSelected, tile, walkable } from './tile.ts';
import type { OpenViewer } from './viewer.ts';

const atOnce = 24;

/** Two runs: the photos that the one has right and the other has not, of those that pass the filters. */
export function startSideBySide(explorer: Explorer, openViewer: OpenViewer): void {
  const part = explorer.root.querySelector<HTMLElement>('[data-part=sides]');
  if (part === null) return;
  const { group } = explorer;
  const left = one<HTMLSelectElement>('[data-control=left]', part);
  const right = one<HTMLSelectElement>('[data-control=right]', part);
  const summary = one('[data-control=summary]', part);

  const isRight = (run: Run, place: number): boolean => run.verdict(place)?.predicted === group.labels[place];

  function draw(): void {
    const [a, b] = [group.runs[explorer.view.left] as Run, group.runs[explorer.view.right] as Run];
    left.value = String(explorer.view.left);
    right.value = String(explorer.view.right);
    // Filters by correctness and confidence apply to one run: the two runs differ in them.
    const passes = explorer.passes({ ...explorer.view.filters, answer: 'all', least: 0, most: 100 });
    const tested = [...group.ids.keys()].filter(
      (place) => a.verdict(place) !== undefined && b.verdict(place) !== undefined && passes(place),
    );
    const onlyLeft = tested.filter((place) => isRight(a, place) && !isRight(b, place));
    const onlyRight = tested.filter((place) => isRight(b, place) && !isRight(a, place));
    const both = tested.filter((place) => isRight(a, place) && isRight(b, place)).length;
    const none = tested.length - both - onlyLeft.length - onlyRight.length;
    summary.textContent = `Of ${count(tested.length)} test photos both have ${count(both)} right and ${count(none)} wrong.`;
    fill('only-left', a, b, onlyLeft);
    fill('only-right', b, a, onlyRight);
  }

  function fill(name: string, winner: Run, loser: Run, places: readonly number[]): void {
    const column = one(`[data-control=${name}]`, part as HTMLElement);
    // The surest mistakes of the other run say most.
    const sorted = [...places].sort(
      (a, b) => (loser.verdict(b)?.probability ?? 0) - (loser.verdict(a)?.probability ?? 0),
    );
    one('h3', column).textContent = `Only ${winner.name} is right: ${count(places.length)}`;
    const list = one<HTMLUListElement>('ul', column);
    const byLoser = explorer.by(loser);
    list.replaceChildren(
      ...sorted.slice(0, atOnce).map((place, i) => tile(byLoser, place, () => openViewer(byLoser, sorted, i))),
    );
    walkable(list);
    one('[data-control=rest]', column).textContent =
      sorted.length > atOnce ? `${count(sorted.length - atOnce)} more: open one and go on with the arrow keys.` : '';
  }

  left.addEventListener('change', () => explorer.show({ left: Number(left.value) }));
  right.addEventListener('change', () => explorer.show({ right: Number(right.value) }));
  explorer.onView(whenSeen(part, draw));
  explorer.onSelection(() => markSelected(part, explorer.selected));
}
