import { classify, questionFor, type ServedHead, servedHeads, TokenWanted, useToken } from './answers.ts';
import { openCard, showAnswers, showFailure, showThumbnail } from './card.ts';
import { element } from './element.ts';
import { droppedFiles, imagesAmong } from './files.ts';

/** Photos that are asked for at one time: the server batches them. */
const mostAsked = 4;

const byId = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const list = byId('answers');
const clear = byId<HTMLButtonElement>('clear');
const tokenForm = byId<HTMLFormElement>('token');
const drop = byId('drop');

interface Waiting {
  readonly photo: File;
  readonly name: string;
  readonly card: HTMLLIElement;
}

let served: readonly ServedHead[] = [];
let waiting: Waiting[] = [];
let asked = 0;
let added = 0;
let answered = 0;
let failed = 0;
let skipped = 0;
/** Counts up with every clearing: an answer of before belongs to no card that is shown. */
let round = 0;

async function begin(): Promise<void> {
  try {
    served = await servedHeads();
    tokenForm.hidden = true;
    tellLimits();
    byId('heads').textContent = served
      .map(
        ({ head, model, accuracy, classes }) =>
          `${head} (${model}): ${classes.length} classes, ${(accuracy * 100).toFixed(1)} % right on held-out photos`,
      )
      .join('\n');
    next();
  } catch (error) {
    if (error instanceof TokenWanted) wantToken();
    else byId('heads').textContent = `The server does not answer: ${(error as Error).message}`;
  }
}

/** What the heads cannot say, and why. */
function tellLimits(): void {
  const words = { set: 'no prediction sets', like: 'no training photos', evidence: 'no evidence map' } as const;
  const lines = served.flatMap(({ head, without }) =>
    (['set', 'like', 'evidence'] as const).flatMap((field) =>
      without[field] === undefined ? [] : [`${head}: ${words[field]}, since ${without[field]}`],
    ),
  );
  byId('limits').hidden = lines.length === 0;
  byId('limit-list').replaceChildren(...lines.map((line) => element('li', line)));
}

function wantToken(): void {
  tokenForm.hidden = false;
  byId('heads').textContent = 'This server requires its token.';
  byId<HTMLInputElement>('token-text').focus();
}

function add(files: readonly File[]): void {
  const { images, skipped: others } = imagesAmong(files);
  skipped += others;
  for (const photo of images) {
    const name = photo.webkitRelativePath || photo.name || 'pasted photo';
    const card = openCard(name, served.length);
    list.append(card);
    waiting.push({ photo, name, card });
    added++;
  }
  clear.disabled = added === 0;
  tell();
  next();
}

/** Requests the next photos, a few at a time, for any folder size. */
function next(): void {
  while (asked < mostAsked) {
    const one = waiting.shift();
    if (one === undefined) return;
    asked++;
    void answer(one, round).finally(() => {
      asked--;
      if (tokenForm.hidden) next();
    });
  }
}

async function answer(one: Waiting, ofRound: number): Promise<void> {
  const { photo, name, card } = one;
  if (photo.size > 0 && card.querySelector('canvas') === null) await showThumbnail(card, name, photo);
  try {
    if (photo.size === 0) throw new Error('the file is empty');
    const answers = await classify(photo, questionFor(served));
    const failure = answers[0]?.failed[0];
    if (failure !== undefined) throw new Error(failure.reason);
    showAnswers(card, name, answers, served);
    if (ofRound === round) answered++;
  } catch (error) {
    if (error instanceof TokenWanted) {
      if (ofRound === round) waiting.unshift(one);
      return wantToken();
    }
    showFailure(card, (error as Error).message);
    if (ofRound === round) failed++;
  }
  tell();
}

function tell(): void {
  const unanswered = failed === 0 ? '' : `, ${failed} without an answer`;
  const left = skipped === 0 ? '' : ` ${skipped} ${skipped === 1 ? 'file is' : 'files are'} no image.`;
  byId('status').textContent =
    added === 0
      ? `No photo yet.${left}`
      : `${answered} of ${added} ${added === 1 ? 'photo' : 'photos'} answered${unanswered}.${left}`;
}

for (const id of ['choose', 'camera', 'folder']) {
  const input = byId<HTMLInputElement>(`${id}-files`);
  byId(id).addEventListener('click', () => input.click());
  input.addEventListener('change', () => {
    add([...(input.files ?? [])]);
    // The same files may be chosen once more.
    input.value = '';
  });
}

document.addEventListener('paste', (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length > 0) add(files);
});
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  drop.classList.add('over');
});
document.addEventListener('dragleave', (event) => {
  if (event.relatedTarget === null) drop.classList.remove('over');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  if (event.dataTransfer !== null) void droppedFiles(event.dataTransfer).then(add);
});
tokenForm.addEventListener('submit', (event) => {
  event.preventDefault();
  useToken(byId<HTMLInputElement>('token-text').value.trim());
  void begin();
});
clear.addEventListener('click', () => {
  round++;
  waiting = [];
  added = answered = failed = skipped = 0;
  list.replaceChildren();
  clear.disabled = true;
  tell();
  byId('choose').focus();
});

void begin();
