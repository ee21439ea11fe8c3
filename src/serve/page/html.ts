import { browserScript } from '../../system/workers.ts';

/** The page of `serve`: the same for every head; its script asks the server what it serves. */
export const pageHtml: string = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Classify photos · featuretap</title>
<link rel="stylesheet" href="page.css">
<script type="module" src="page.js"></script>
</head>
<body>
<header>
<h1>Classify photos</h1>
<p id="heads">Reading what this server classifies …</p>
</header>
<main>
<form id="token" hidden>
<label for="token-text">This server requires its token</label>
<div class="row"><input id="token-text" type="password" autocomplete="off" required><button>Use it</button></div>
</form>
<section id="drop" aria-labelledby="drop-title">
<h2 id="drop-title">Add photos</h2>
<p>Drop them here, paste them, or choose them. They are sent to this server only, which does not store them.</p>
<div class="row">
<button type="button" id="choose">Choose photos</button>
<button type="button" id="camera">Take a photo</button>
<button type="button" id="folder">Choose a folder</button>
</div>
<input id="choose-files" type="file" accept="image/*,.heic,.heif,.tif,.tiff,.bmp,.jp2,.ppm,.pgm" multiple hidden>
<input id="camera-files" type="file" accept="image/*" capture="environment" hidden>
<input id="folder-files" type="file" webkitdirectory hidden>
</section>
<section aria-labelledby="answers-title">
<div class="row apart"><h2 id="answers-title">Answers</h2><button type="button" id="clear" disabled>Clear</button></div>
<p id="status" role="status">No photo yet.</p>
<ul id="answers"></ul>
</section>
</main>
<noscript><p>This page needs JavaScript. Programs ask <a href="openapi.json">POST /predict</a>.</p></noscript>
<footer>
<details id="limits" hidden><summary>What these heads cannot say</summary><ul id="limit-list"></ul></details>
<p>For programs: <a href="openapi.json">the OpenAPI document</a> of this server.</p>
</footer>
</body>
</html>
`;

export function pageScript(): string {
  return browserScript('serve', import.meta.url);
}
