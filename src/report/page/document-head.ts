import { createHash } from 'node:crypto';
import { type Html, html, raw } from './html.ts';
import { pageStyle } from './style.ts';

/**
 * The start of a self-contained page, up to its body. Its content security policy allows only the style and scripts with
 * these hashes, images as data, and no connections.
 *
 * @param scripts all scripts of the body
 */
export function documentHead(title: string, scripts: readonly string[] = []): Html {
  const policy = [
    "default-src 'none'",
    `style-src '${hashSource(pageStyle)}'`,
    ...(scripts.length === 0 ? [] : [`script-src ${scripts.map((script) => `'${hashSource(script)}'`).join(' ')}`]),
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(pageStyle)}</style>
</head>`;
}

function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
