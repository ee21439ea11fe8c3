import { firstView, type View } from './address.ts';
import { countFilters, type Filters, imageFilter, noFilters, sorted } from './filters.ts';
import type { Group, Run } from './model.ts';
import { isWithin } from './region.ts';

/** Photos as one run answered them, and what is selected of them. */
export interface Seen {
  readonly group: Group;
  readonly run: Run;
  readonly selected: ReadonlySet<number>;
  select(places: readonly number[], selected: boolean): void;
}

/** What the reader sees of one group: its view, what it shows, and what is selected. All parts listen to it. */
export class Explorer implements Seen {
  readonly group: Group;
  /** The part of the page that shows it. */
  readonly root: HTMLElement;
  readonly selected: Set<number> = new Set();
  #view: View;
  #shown: readonly number[] | undefined;
  readonly #parts: (() => void)[] = [];
  readonly #selectionParts: (() => void)[] = [];
  /** Dot of each image on the map, x and y from 0 to 1 by the view in sight. */
  #dotOf: (place: number) => readonly [number, number] | undefined = () => undefined;

  constructor(group: Group, root: HTMLElement) {
    this.group = group;
    this.root = root;
    this.#view = firstView(group.runs.length);
  }

  get view(): View {
    return this.#view;
  }

  get run(): Run {
    return this.group.runs[this.#view.run] as Run;
  }

  get filterCount(): number {
    return countFilters(this.#view.filters);
  }

  /** Where images lie on the map, which decides what a region holds. */
  placeDots(dotOf: (place: number) => readonly [number, number] | undefined): void {
    this.#dotOf = dotOf;
    this.#shown = undefined;
  }

  /** Called whenever another view is shown. */
  onView(part: () => void): void {
    this.#parts.push(part);
  }

  onSelection(part: () => void): void {
    this.#selectionParts.push(part);
  }

  show(change: Partial<View>): void {
    this.#view = { ...this.#view, ...change };
    this.#shown = undefined;
    for (const part of this.#parts) part();
  }

  filter(change: Partial<Filters>): void {
    this.show({ filters: { ...this.#view.filters, ...change } });
  }

  clearFilters(): void {
    this.show({ filters: noFilters });
  }

  select(places: readonly number[], selected: boolean): void {
    for (const place of places) {
      if (selected) this.selected.add(place);
      else this.selected.delete(place);
    }
    for (const part of this.#selectionParts) part();
  }

  /** The photos and the selection by another run: what a tile and the viewer ask for. */
  by(run: Run): Seen {
    const { group, selected } = this;
    return { group, run, selected, select: (places, chosen) => this.select(places, chosen) };
  }

  /** Tells whether an image passes filters, those in sight unless others are given. */
  passes(filters: Filters = this.#view.filters): (place: number) => boolean {
    const { region } = filters;
    return imageFilter(filters, this.group, this.run, (place) => {
      const dot = this.#dotOf(place);
      return dot !== undefined && isWithin(region, dot[0], dot[1]);
    });
  }

  /** Places of the images that pass, in the order asked for. */
  get shown(): readonly number[] {
    this.#shown ??= sorted([...this.group.ids.keys()].filter(this.passes()), this.#view.order, this.group, this.run);
    return this.#shown;
  }
}
