import { highestPlace } from '../../../predict/evidence/highest-place.ts';
import { coverage, type HeadAnswer, type ImageAnswer, type ServedHead } from './answers.ts';
import { element } from './element.ts';

/** Longer side of a thumbnail, in pixels: an image of a few pixels is drawn larger. */
const thumbnailSide = { most: 480, least: 96 };

/** The place of one photo in the list, before its answer is there. */
export function openCard(name: string, headCount: number): HTMLLIElement {
  const card = document.createElement('li');
  if (headCount > 1) card.className = 'several';
  card.append(element('h3', name), element('p', 'Waiting for its answer …', 'note'));
  return card;
}

/**
 * Draws the photo into its card. A photo that the browser cannot decode has no thumbnail, but the server may read it.
 */
export async function showThumbnail(card: HTMLLIElement, name: string, photo: Blob): Promise<void> {
  const heading = card.querySelector('h3');
  try {
    const image = await createImageBitmap(photo);
    const side = Math.max(image.width, image.height);
    const scale = Math.min(thumbnailSide.most, Math.max(thumbnailSide.least, side)) / side;
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Photo ${name}`);
    heading?.after(canvas);
  } catch {
    heading?.after(element('p', 'No thumbnail: this browser does not show such files.', 'note unseen'));
  }
}

/** Replaces the card's content by the heads' answers. */
export function showAnswers(
  card: HTMLLIElement,
  name: string,
  answers: readonly HeadAnswer[],
  served: readonly ServedHead[],
): void {
  const heads = document.createElement('div');
  heads.className = 'heads';
  answers.forEach(({ head, images }, i) => {
    const part = document.createElement('div');
    if (answers.length > 1) part.append(element('h4', head));
    for (const said of images) part.append(...headPart(name, said, served[i]?.classes.length ?? 0));
    heads.append(part);
  });
  replaceNote(card, heads);
}

export function showFailure(card: HTMLLIElement, reason: string): void {
  // If the server cannot read the file either, the browser is not to blame.
  card.querySelector('.unseen')?.remove();
  replaceNote(card, element('p', `No answer: ${reason}`, 'failed'));
}

function replaceNote(card: HTMLLIElement, content: HTMLElement): void {
  card.querySelector(':scope > .note:last-child, :scope > .failed, :scope > .heads')?.remove();
  card.append(content);
}

/** Classes of a set that are named; the others are counted. */
const mostNamed = 10;

/** What one head says of a photo: how far it can be trusted, its classes, and why. */
export function headPart(name: string, said: ImageAnswer, classCount: number): readonly HTMLElement[] {
  const { top, mostProbable, set, answer, unlike, evidence, like } = said;
  const parts: HTMLElement[] = [];
  if (unlike === true) {
    parts.push(marked('Unlike the training photos.', 'It may show something that this head was not trained on.'));
  }
  if (set !== undefined && answer === null)
    parts.push(
      marked(
        'Not sure.',
        `${setSentence(set, classCount)}${unlike === true ? ' Such sets assume photos like the training photos.' : ''}`,
      ),
    );
  else if (set !== undefined) {
    const sentence = `Certain: the ${percent(coverage, 0)} prediction set contains only this class.`;
    parts.push(element('p', sentence, 'note'));
  }
  parts.push(classList(top));
  if (mostProbable !== undefined) {
    const sentence = `By votes; the most probable class is ${mostProbable.class}, ${percent(mostProbable.probability)}.`;
    parts.push(element('p', sentence, 'note'));
  }
  if (evidence?.png !== undefined) parts.push(evidenceFigure(name, evidence, evidence.png));
  if (like !== undefined) parts.push(...likeList(like));
  return parts;
}

function marked(word: string, rest: string): HTMLElement {
  const paragraph = element('p', '', 'mark');
  paragraph.append(element('strong', word), ` ${rest}`);
  return paragraph;
}

function setSentence(set: readonly string[], classCount: number): string {
  const named = set.slice(0, mostNamed).join(', ');
  const more = set.length > mostNamed ? ` and ${set.length - mostNamed} more` : '';
  return `The ${percent(coverage, 0)} prediction set has ${set.length} of ${classCount} classes: ${named}${more}.`;
}

function classList(top: ImageAnswer['top']): HTMLElement {
  const list = element('ol', '', 'top');
  for (const { class: name, probability } of top) {
    const item = document.createElement('li');
    item.append(element('span', name, 'name'), element('span', percent(probability), 'share'), bar(probability));
    list.append(item);
  }
  return list;
}

function evidenceFigure(
  name: string,
  { class: ofClass, map }: NonNullable<ImageAnswer['evidence']>,
  png: string,
): HTMLElement {
  const image = document.createElement('img');
  const bytes = Uint8Array.from(atob(png), (character) => character.charCodeAt(0));
  const url = URL.createObjectURL(new Blob([bytes], { type: 'image/png' }));
  image.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
  image.src = url;
  image.alt = `Evidence for ${ofClass} in ${name}: most at the ${highestPlace(map)}`;
  const figure = document.createElement('figure');
  figure.append(
    image,
    element(
      'figcaption',
      `Evidence for ${ofClass} in what the network sees of the photo: yellow most, dark purple least`,
    ),
  );
  return figure;
}

function likeList(like: NonNullable<ImageAnswer['like']>): readonly HTMLElement[] {
  const list = element('ol', '', 'like');
  for (const { id, label, similarity } of like) {
    const item = document.createElement('li');
    item.append(
      element('span', label, 'name'),
      element('span', similarity.toFixed(3), 'share'),
      element('span', id, 'id'),
    );
    list.append(item);
  }
  return [element('p', 'Nearest training photos, by the cosine of their features:', 'note'), list];
}

/** As `predict` prints it. */
function percent(probability: number, digits = 1): string {
  return `${(probability * 100).toFixed(digits)} %`;
}

/** The figure beside it says the same: a screen reader passes over it. */
function bar(probability: number): HTMLElement {
  const outer = element('span', '', 'bar');
  outer.setAttribute('aria-hidden', 'true');
  const inner = document.createElement('span');
  inner.style.width = `${probability * 100}%`;
  outer.append(inner);
  return outer;
}
