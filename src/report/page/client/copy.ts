import { all, element } from './dom.ts';

/** Copies a text to the clipboard, even if the Clipboard API is denied. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element('textarea', { readonly: true, class: 'off-screen', 'aria-hidden': 'true' });
    field.value = text;
    // While a dialog is open, nothing outside of it can be selected.
    (document.querySelector('dialog[open]') ?? document.body).append(field);
    field.select();
    const done = document.execCommand('copy');
    field.remove();
    return done;
  }
}

/** Makes a button copy, and say so for a moment, to the ear too. */
export function copies(button: HTMLButtonElement, textOf: () => string): void {
  const usual = button.textContent;
  let waiting = 0;
  button.setAttribute('aria-live', 'polite');
  button.addEventListener('click', async () => {
    button.textContent = (await copyText(textOf())) ? 'Copied' : 'Not allowed here';
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => {
      button.textContent = usual;
    }, 1600);
  });
}

/** Every button of the page's own markup that carries its text. */
export function startCopyButtons(): void {
  for (const button of all<HTMLButtonElement>('button[data-copy]')) copies(button, () => button.dataset['copy'] ?? '');
}

/** Hands a text to the reader as a file. */
export function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }));
  const link = element('a', { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
