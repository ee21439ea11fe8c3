/** Escaped markup. */
export interface Html {
  readonly html: string;
}

type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/** Template that escapes its values unless they are markup; lists are joined, undefined and false are omitted. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let out = strings[0] as string;
  values.forEach((value, i) => {
    out += render(value) + (strings[i + 1] as string);
  });
  return { html: out };
}

/** Marks text as markup. */
export function raw(markup: string): Html {
  return { html: markup };
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  // No line break before a per cent sign.
  if (typeof value === 'string') return escapeHtml(value).replaceAll(' %', '\u00a0%');
  if (typeof value === 'number') return String(value);
  if (isMarkup(value)) return value.html;
  return value.map(render).join('');
}

function isMarkup(value: Html | readonly HtmlValue[]): value is Html {
  return 'html' in value;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Text with line breaks allowed after each `_` and `/`, but not before a per cent sign. */
export function breakable(text: string): Html {
  return raw(
    escapeHtml(text)
      .replaceAll(/[_/](?=[^\s_/])/g, '$&<wbr>')
      .replaceAll(' %', '\u00a0%'),
  );
}

/** JSON for a `<script type="application/json">`, escaped so that it cannot end the element. */
export function embedJson(value: unknown): Html {
  return raw(JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028'));
}

/** A command with a button that copies it. */
export function copyable(text: string): Html {
  return html`<span class="command">${raw(command(text))}<button type="button" class="copy" data-copy="${text}" aria-label="Copy ${text}">Copy</button></span>`;
}

function command(text: string): string {
  const words = text.split(' ').map((word) => {
    const { html } = breakable(word);
    return word.startsWith('--') ? `<span class="option">${html}</span>` : html;
  });
  return `<code>${words.join(' ')}</code>`;
}
