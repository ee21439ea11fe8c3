import type { HeadAnswer, ServedHead } from './answers.ts';
import { element } from './element.ts';
import { headPart } from './head-part.ts';

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
  const failure = answers[0]?.failed[0];
  if (failure !== undefined) {
    showFailure(card, failure.reason);
    return;
  }
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
