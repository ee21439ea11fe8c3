import { createHash } from 'node:crypto';
import { type Html, html, raw } from './html.ts';
import { pageStyle } from './style.ts';

/**
 * The beginning of a page that is one file and needs no network, up to its body. It may show and run nothing but what the
 * file holds: the style and the scripts by their hashes, pictures as data, no connection at all.
 *
 * @param scripts every script that the body will have
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
