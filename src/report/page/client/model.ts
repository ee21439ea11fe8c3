import { noClass, noPlace, share, u16, u32 } from './decode.ts';
import type { GroupJson, MapViewJson, RunJson } from './json.ts';

export interface Answer {
  /** Number of the answer in its run. */
  readonly number: number;
  readonly place: number;
  readonly repeat: number;
  readonly predicted: number;
  readonly probability: number;
  readonly trueProbability: number;
}

interface Suspicion {
  readonly suggestion: number;
  readonly labelProbability: number;
  readonly suggestionProbability: number;
  /** 0 for the likeliest to be wrong. */
  readonly rank: number;
}

export interface MapView extends Omit<MapViewJson, 'points'> {
  readonly points: Uint16Array;
}

/** A run as the page's parts ask about it. */
export class Run {
  readonly name: string;
  readonly answers: readonly Answer[];
  /** Answers to each image, by place. */
  readonly answersOf: ReadonlyMap<number, readonly Answer[]>;
  readonly suspicions: ReadonlyMap<number, Suspicion>;
  /** True class, predicted class and count, one after the other. */
  readonly cells: Uint32Array;
  readonly order: Uint16Array;
  readonly perClass: RunJson['perClass'];
  readonly #top:
    | { readonly count: number; readonly classes: Uint16Array; readonly probabilities: Uint16Array }
    | undefined;

  constructor(json: RunJson, tested: { readonly image: Uint32Array; readonly repeat: Uint16Array }) {
    this.name = json.name;
    this.answers = json.answers === undefined ? [] : answersOf(json.answers, tested);
    const byPlace = new Map<number, Answer[]>();
    for (const answer of this.answers) {
      byPlace.set(answer.place, [...(byPlace.get(answer.place) ?? []), answer]);
    }
    this.answersOf = byPlace;
    const { image, suggestion, label, suggested } = json.suspects;
    const [labels, probabilities, suggestions] = [u16(label), u16(suggested), u16(suggestion)];
    this.suspicions = new Map(
      Array.from(u32(image), (place, rank) => [
        place,
        {
          suggestion: suggestions[rank] ?? noClass,
          labelProbability: share(labels[rank]),
          suggestionProbability: share(probabilities[rank]),
          rank,
        },
      ]),
    );
    this.cells = u32(json.cells);
    this.order = u16(json.order);
    this.perClass = json.perClass;
    this.#top =
      json.top === undefined
        ? undefined
        : { count: json.top.count, classes: u16(json.top.classes), probabilities: u16(json.top.probabilities) };
  }

  /** The predicted and the most probable other classes of an answer; none if the report lacks them. */
  topOf({ number }: Answer): readonly { readonly c: number; readonly probability: number }[] {
    const top = this.#top;
    if (top === undefined) return [];
    return Array.from({ length: top.count }, (_, i) => ({
      c: top.classes[number * top.count + i] ?? noClass,
      probability: share(top.probabilities[number * top.count + i]),
    }));
  }

  /**
   * The answer that represents an image: the most confident wrong one if there is one, else the first. Undefined for an
   * image that was not tested.
   */
  verdict(place: number): Answer | undefined {
    return this.#verdicts.get(place);
  }

  readonly #verdicts = new Map<number, Answer>();

  /** Must be called once, with the label of each image. */
  judge(labels: Uint16Array): void {
    for (const [place, answers] of this.answersOf) {
      const wrong = answers.filter(({ predicted }) => predicted !== labels[place]);
      const worst = wrong.reduce<Answer | undefined>(
        (a, b) => (a === undefined || b.probability > a.probability ? b : a),
        undefined,
      );
      const verdict = worst ?? answers[0];
      if (verdict !== undefined) this.#verdicts.set(place, verdict);
    }
  }
}

function answersOf(
  json: NonNullable<RunJson['answers']>,
  { image, repeat }: { readonly image: Uint32Array; readonly repeat: Uint16Array },
): Answer[] {
  const [predicted, probability, truth] = [u16(json.predicted), u16(json.probability), u16(json.trueProbability)];
  return Array.from(image, (place, number) => ({
    number,
    place,
    repeat: repeat[number] ?? 0,
    predicted: predicted[number] ?? noClass,
    probability: share(probability[number]),
    trueProbability: share(truth[number]),
  }));
}

export class Group {
  readonly classes: readonly string[];
  readonly ids: readonly string[];
  readonly labels: Uint16Array;
  readonly runs: readonly Run[];
  readonly folder: string;
  readonly map: { readonly image: Uint32Array; readonly views: readonly MapView[] } | undefined;
  /** The other photo of each image that has one that is nearly the same. */
  readonly twinsOf: ReadonlyMap<number, readonly number[]>;
  readonly #json: GroupJson;
  readonly #near:
    | { readonly count: number; readonly nearest: Uint32Array; readonly similarity: Uint16Array }
    | undefined;
  /** Repeats in which each image was tested. */
  readonly #testedIn = new Map<number, Set<number>>();

  constructor(json: GroupJson) {
    this.#json = json;
    this.classes = json.classes;
    this.ids = json.images.ids;
    this.labels = u16(json.images.labels);
    this.folder = json.images.folder;
    const tested = { image: u32(json.tested.image), repeat: u16(json.tested.repeat) };
    for (const [i, place] of tested.image.entries()) {
      const repeats = this.#testedIn.get(place) ?? new Set<number>();
      this.#testedIn.set(place, repeats.add(tested.repeat[i] ?? 0));
    }
    this.runs = json.runs.map((run) => new Run(run, tested));
    for (const run of this.runs) run.judge(this.labels);
    const twins = new Map<number, number[]>();
    for (const [a, b] of json.twins) {
      twins.set(a, [...(twins.get(a) ?? []), b]);
      twins.set(b, [...(twins.get(b) ?? []), a]);
    }
    this.twinsOf = twins;
    const { near, map } = json;
    this.#near =
      near === undefined
        ? undefined
        : { count: near.count, nearest: u32(near.nearest), similarity: u16(near.similarity) };
    this.map =
      map === undefined
        ? undefined
        : { image: u32(map.image), views: map.views.map((view) => ({ ...view, points: u16(view.points) })) };
  }

  className(c: number | undefined): string {
    return c === undefined || c === noClass ? 'not known' : (this.classes[c] ?? 'not known');
  }

  /** Relative to the data folder; undefined if it is not known. */
  pathOf(place: number): string | undefined {
    const { paths, pattern } = this.#json.images;
    return paths[place] ?? (pattern === null ? undefined : pattern[0] + (this.ids[place] ?? '') + pattern[1]);
  }

  /** As a command line names it. */
  filePath(place: number): string | undefined {
    const path = this.pathOf(place);
    return path === undefined || this.folder === '' ? path : `${this.folder.replace(/[\\/]$/, '')}/${path}`;
  }

  /** From the page; undefined if there is none. */
  fileLink(place: number): string | undefined {
    const path = this.pathOf(place);
    const { link } = this.#json.images;
    return path === undefined || link === ''
      ? undefined
      : `${link}/${path.split('/').map(encodeURIComponent).join('/')}`;
  }

  /** A picture as a data URI; undefined if the page has none. */
  photo(place: number): string | undefined {
    const base64 = this.#json.images.photos[place];
    return base64 === undefined || base64 === '' ? undefined : `data:image/webp;base64,${base64}`;
  }

  isTested(place: number): boolean {
    return this.#testedIn.has(place);
  }

  /** Images most like this one that a head had seen in training when this one was tested; of an untested one any. */
  nearestTraining(place: number): readonly { readonly place: number; readonly similarity: number }[] {
    const near = this.#near;
    if (near === undefined) return [];
    const found: { place: number; similarity: number }[] = [];
    for (let at = place * near.count; at < (place + 1) * near.count; at++) {
      const other = near.nearest[at];
      if (other === undefined || other === noPlace) break;
      if (this.#wasTrainedOn(other, place)) found.push({ place: other, similarity: share(near.similarity[at]) });
    }
    return found;
  }

  #wasTrainedOn(other: number, place: number): boolean {
    const testedIn = this.#testedIn.get(place);
    const ofOther = this.#testedIn.get(other);
    if (testedIn === undefined || ofOther === undefined) return true;
    return [...testedIn].some((repeat) => !ofOther.has(repeat));
  }
}
