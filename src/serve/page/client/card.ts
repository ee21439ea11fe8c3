import type { HeadAnswer } from './answers.ts';

/** Longer side of a thumbnail, in pixels. */
const thumbnailSide = 480;

/** The place of one photo in the list, before its answer is there. */
export function openCard(name: string, headCount: number): HTMLLIElement {
  const card = document.createElement('li');
  if (headCount > 1) card.className = 'several';
  card.append(element('h3', name), element('p', 'Waiting for its answer …', 'note'));
  return card;
}

/** Draws the photo into its card; what the browser cannot decode has no thumbnail, and the server may read it still. */
export async function showThumbnail(card: HTMLLIElement, name: string, photo: Blob): Promise<void> {
  const heading = card.querySelector('h3');
  try {
    const image = await createImageBitmap(photo);
    const scale = Math.min(1, thumbnailSide / Math.max(image.width, image.height));
    const canvas = document.createElement('canvas');
    canvas.width = Math.max(1, Math.round(image.width * scale));
    canvas.height = Math.max(1, Math.round(image.height * scale));
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    canvas.setAttribute('role', 'img');
    canvas.setAttribute('aria-label', `Photo ${name}`);
    heading?.after(canvas);
  } catch {
    heading?.after(element('p', 'No thumbnail: this browser does not show such files.', 'note'));
  }
}

/** Puts what the heads say in place of what was there. */
export function showAnswers(card: HTMLLIElement, answers: readonly HeadAnswer[]): void {
  const failure = answers[0]?.failed[0];
  if (failure !== undefined) {
    showFailure(card, failure.reason);
    return;
  }
  const heads = document.createElement('div');
  heads.className = 'heads';
  for (const { head, images } of answers) {
    const part = document.createElement('div');
    if (answers.length > 1) part.append(element('h4', head));
    const list = document.createElement('ol');
    for (const { class: name, probability } of images[0]?.top ?? []) {
      const item = document.createElement('li');
      item.append(element('span', name, 'name'), element('span', percent(probability), 'share'), bar(probability));
      list.append(item);
    }
    part.append(list);
    heads.append(part);
  }
  replaceNote(card, heads);
}

export function showFailure(card: HTMLLIElement, reason: string): void {
  replaceNote(card, element('p', `No answer: ${reason}`, 'failed'));
}

function replaceNote(card: HTMLLIElement, content: HTMLElement): void {
  card.querySelector(':scope > .note:last-child, :scope > .failed, :scope > .heads')?.remove();
  card.append(content);
}

/** As `predict` prints it. */
function percent(probability: number): string {
  return `${(probability * 100).toFixed(1)} %`;
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

function element(tag: string, text: string, className?: string): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}
