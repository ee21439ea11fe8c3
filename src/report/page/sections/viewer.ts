import { type Html, html } from '../html.ts';

/** The dialog that shows a photo with its predictions; the page's script fills it. */
export function viewerDialog(): Html {
  return html`<dialog id="viewer" aria-labelledby="viewer-title">
  <div class="viewer-head"><h2 id="viewer-title" data-viewer="title"></h2><button type="button" data-viewer="close">Close</button></div>
  <div class="viewer">
    <div>
      <div class="viewer-photo" data-viewer="photo"></div>
      <p class="viewer-steps"><button type="button" data-viewer="previous" aria-label="Previous photo">←</button>
        <span role="status" data-viewer="position"></span>
        <button type="button" data-viewer="next" aria-label="Next photo">→</button></p>
      <p><label><input type="checkbox" data-viewer="select"> selected</label></p>
    </div>
    <div>
      <p class="viewer-path"><code data-viewer="path"></code> <button type="button" class="copy" data-viewer="copy" aria-label="Copy the path">Copy</button>
        <a data-viewer="link" target="_blank" rel="noopener">Open the file</a></p>
      <dl class="facts" data-viewer="facts"></dl>
      <div data-viewer="top-title"><h3>Prediction and most probable other classes</h3><ul class="top" data-viewer="top"></ul>
        <p class="note" data-viewer="top-none">The report keeps one class alone: run classify again for the first five.</p></div>
      <div data-viewer="others-title"><h3>Other heads</h3><ul class="plain" data-viewer="others"></ul></div>
      <div data-viewer="nearest-title"><h3>Most alike in training</h3><ul class="nearest" data-viewer="nearest"></ul></div>
    </div>
  </div>
</dialog>`;
}
