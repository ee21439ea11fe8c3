/** Markup that is safe to put into a page as it is. */
export interface Html {
  readonly html: string;
}

type HtmlValue = Html | string | number | undefined | false | readonly HtmlValue[];

/** A template whose values are escaped unless they are markup themselves; lists are joined, undefined and false vanish. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let out = strings[0] as string;
  values.forEach((value, i) => {
    out += render(value) + (strings[i + 1] as string);
  });
  return { html: out };
}

/** Markup made elsewhere (a chart's SVG). */
export function raw(markup: string): Html {
  return { html: markup };
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  // A figure stays with its per cent sign.
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

/** Text in which a long name may break after each `_` and `/`, and a figure not before its per cent sign. */
export function breakable(text: string): Html {
  return raw(
    escapeHtml(text)
      .replaceAll(/[_/](?=[^\s_/])/g, '$&<wbr>')
      .replaceAll(' %', '\u00a0%'),
  );
}

/** JSON for a `<script type="application/json">`: nothing in it can end the element or open a comment. */
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
