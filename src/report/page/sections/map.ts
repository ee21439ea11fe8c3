import { clusteredOrder } from '../../analysis/confusion.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { percent } from '../../figures.ts';
import { mapChart } from '../charts/map.ts';
import { type Html, html } from '../html.ts';

/** The features in the plane, by UMAP and by principal components, with a class to pick out. */
export function mapSection({ map: data, group }: GroupData, id: string): Html {
  const report = group.reports[0];
  if (data === undefined || report === undefined) return html``;
  // Neighbouring hues for classes that are confused: a map of 120 classes cannot tell all colours apart anyway.
  const order = clusteredOrder(report.confusion).map((c) => report.classes[c] as string);
  const { pca, umap, explained } = data.map;
  const shares = explained.map(percent);
  const axes = { x: `first component (${shares[0]} of the variance)`, y: `second (${shares[1]})` };
  const part = data.labels.length < data.of ? `${data.labels.length} of ${data.of} images` : `${data.of} images`;
  const byName = order.map((name, i) => ({ name, i })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return html`
    <p>${part}, one dot each, coloured by class: what lies together looks alike to the backbone, before any head.</p>
    <div class="controls">
      ${
        umap !== undefined &&
        html`<fieldset><legend>Projection</legend>
        <label><input type="radio" name="${id}-projection" value="umap" data-shows="${id}-umap" checked> UMAP</label>
        <label><input type="radio" name="${id}-projection" value="pca" data-shows="${id}-pca"> principal components</label></fieldset>`
      }
      <label for="${id}-class">Pick out a class</label>
      <select id="${id}-class" data-highlights="${id}-maps"><option value="">all</option>${byName.map(({ name, i }) => html`<option value="${i}">${name}</option>`)}</select>
    </div>
    <div id="${id}-maps" class="maps">
      ${umap !== undefined && html`<div class="chart scroll" id="${id}-umap" role="region" aria-label="UMAP" tabindex="0">${mapChart(data, umap, order, { x: 'UMAP 1', y: 'UMAP 2' }, 'UMAP')}</div>`}
      <div class="chart scroll" id="${id}-pca" role="region" aria-label="Principal components" tabindex="0"${umap !== undefined && html` hidden`}>${mapChart(data, pca, order, axes, 'Principal components')}</div>
    </div>
    <p class="note">UMAP keeps neighbours together; distances between clusters mean little in it. Principal components keep
    distances, as far as two axes can.</p>`;
}
