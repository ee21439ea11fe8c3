import { copies } from '../copy.ts';
import { breakable, count, element, one, percent } from '../dom.ts';
import type { Seen } from '../explorer.ts';
import { picture } from './tile.ts';

/** Opens a photo of a list; the arrow keys go through it. */
export type OpenViewer = (seen: Seen, places: readonly number[], at: number) => void;

const nearestShown = 6;

/** The page's only viewer: all data of a photo, for any head. */
export function startViewer(): OpenViewer {
  const dialog = one<HTMLDialogElement>('#viewer');
  const part = <E extends HTMLElement>(name: string): E => one<E>(`[data-viewer=${name}]`, dialog);
  const path = part('path');
  const select = part<HTMLInputElement>('select');
  const link = part<HTMLAnchorElement>('link');
  let seen: Seen | undefined;
  let places: readonly number[] = [];
  let at = 0;
  /** In sight: a photo of the list, or one that was opened from it. */
  let place = 0;

  const step = (by: number): void => {
    if (places.length === 0) return;
    at = Math.min(places.length - 1, Math.max(0, at + by));
    show(places[at] ?? 0);
  };
  part('previous').addEventListener('click', () => step(-1));
  part('next').addEventListener('click', () => step(1));
  part('close').addEventListener('click', () => dialog.close());
  copies(part<HTMLButtonElement>('copy'), () => seen?.group.filePath(place) ?? seen?.group.ids[place] ?? '');
  select.addEventListener('change', () => seen?.select([place], select.checked));
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('keydown', (event) => {
    const steps: Readonly<Record<string, number>> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      Home: -places.length,
      End: places.length,
    };
    const by = steps[event.key];
    if (event.key === 'x' && event.target !== select) select.click();
    if (by === undefined) return;
    event.preventDefault();
    step(by);
  });

  function show(next: number): void {
    if (seen === undefined) return;
    place = next;
    const { group, run } = seen;
    const [label, verdict] = [group.labels[place], run.verdict(place)];
    const suspicion = run.suspicions.get(place);
    const name = group.className(label);
    const right = verdict?.predicted === label;
    part('title').textContent =
      verdict === undefined || right ? name : `${name} taken for ${group.className(verdict.predicted)}`;
    part('position').textContent =
      places[at] === place ? `${count(at + 1)} of ${count(places.length)}` : 'opened from the list';
    part('photo').replaceChildren(picture(seen, place, 320));
    path.textContent = group.pathOf(place) ?? group.ids[place] ?? '';
    const href = group.fileLink(place);
    link.hidden = href === undefined;
    if (href !== undefined) link.href = href;
    select.checked = seen.selected.has(place);
    const times = run.answersOf.get(place)?.length ?? 0;
    const wrong = run.answersOf.get(place)?.filter(({ predicted }) => predicted !== label).length ?? 0;
    const facts: (readonly [string, string])[] = [
      ['label', name],
      [
        `${run.name} says`,
        verdict === undefined
          ? 'nothing: it was in training'
          : `${group.className(verdict.predicted)}, ${percent(verdict.probability)}${right ? ', right' : ''}`,
      ],
    ];
    if (times > 1) facts.push(['tested', `${times} times, ${wrong} of them wrong`]);
    if (suspicion !== undefined) {
      facts.push([
        'label may be wrong',
        `perhaps ${group.className(suspicion.suggestion)} (${percent(suspicion.suggestionProbability)}; the label ${percent(suspicion.labelProbability)})`,
      ]);
    }
    const twins = group.twinsOf.get(place) ?? [];
    if (twins.length > 0) facts.push(['nearly the same', twins.map((twin) => group.ids[twin] ?? '').join(', ')]);
    part('facts').replaceChildren(
      ...facts.flatMap(([term, text]) => [element('dt', {}, term), element('dd', {}, text)]),
    );
    showTop(seen);
    showOthers(seen);
    showNearest(seen);
  }

  function showTop({ group, run }: Seen): void {
    const verdict = run.verdict(place);
    const top = verdict === undefined ? [] : run.topOf(verdict);
    part('top-title').hidden = verdict === undefined;
    part('top').replaceChildren(
      ...top.map(({ c, probability }) => {
        const bar = element('span', { class: c === group.labels[place] ? 'bar right' : 'bar' });
        bar.style.width = `${Math.max(0.5, probability * 100)}%`;
        return element(
          'li',
          {},
          element('span', { class: 'bar-name' }, breakable(group.className(c))),
          element('span', { class: 'bar-track' }, bar),
          element('span', { class: 'number' }, percent(probability)),
        );
      }),
    );
    part('top-none').hidden = verdict === undefined || top.length > 0;
  }

  function showOthers({ group, run }: Seen): void {
    const others = group.runs.filter((other) => other !== run && other.verdict(place) !== undefined);
    part('others-title').hidden = others.length === 0;
    part('others').replaceChildren(
      ...others.map((other) => {
        const verdict = other.verdict(place);
        const right = verdict?.predicted === group.labels[place];
        return element(
          'li',
          {},
          `${other.name}: `,
          element(
            'span',
            { class: right ? 'recognized' : 'taken' },
            `${group.className(verdict?.predicted)}, ${percent(verdict?.probability ?? 0)}`,
          ),
        );
      }),
    );
  }

  function showNearest(own: Seen): void {
    const { group } = own;
    const nearest = group.nearestTraining(place).slice(0, nearestShown);
    part('nearest-title').hidden = nearest.length === 0;
    part('nearest').replaceChildren(
      ...nearest.map(({ place: other, similarity }) => {
        const button = element('button', { type: 'button', class: 'open' }, picture(own, other, 96));
        button.addEventListener('click', () => show(other));
        const same = group.labels[other] === group.labels[place];
        return element(
          'li',
          {},
          button,
          element('span', { class: same ? 'recognized' : 'taken' }, breakable(group.className(group.labels[other]))),
          element('span', { class: 'soft' }, `cosine ${similarity.toFixed(2)}`),
        );
      }),
    );
  }

  return (of, list, from) => {
    seen = of;
    places = list;
    at = from;
    show(list[from] ?? 0);
    if (!dialog.open) dialog.showModal();
  };
}
