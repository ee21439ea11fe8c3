import { firstView, type View } from './address.ts';
import { countFilters, type Filters, imageFilter, noFilters, sorted } from './filters.ts';
import type { Group, Run } from './model.ts';
import { isWithin } from './region.ts';

/** The photos with one run's answers, and the selection. */
export interface Seen {
  readonly group: Group;
  readonly run: Run;
  readonly selected: ReadonlySet<number>;
  select(places: readonly number[], selected: boolean): void;
}

/** State of one group's page: the view, the photos shown, and the selection. All parts listen to it. */
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

  /** Positions of the images on the map, for regions. */
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

  /** The photos and the selection by another run, for tiles and the viewer. */
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
