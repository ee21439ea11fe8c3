import { counted, plural } from '../../../system/printable.ts';
import type { GroupData } from '../../analysis/group-data.ts';
import { imagesUsed } from '../../describe.ts';
import { count } from '../../figures.ts';
import { relabelCommand } from '../../report-command.ts';
import { runClass } from '../charts/intervals.ts';
import { copyable, type Html, html } from '../html.ts';
import { runPanel } from './run-panel.ts';

/**
 * Photos, confusion matrix, figures per class and map of one run at a time, with shared filters. The page's script fills
 * them when they become visible.
 */
export function exploreSection(data: GroupData, pageFolder: string, id: string): Html {
  const { runs, images, features } = data;
  const suspects = Math.max(0, ...runs.map((run) => run.suspects.length));
  return html`
    ${toolbar(data, id)}
    <noscript><p class="note">Photos, matrix, class figures and map need JavaScript, all of which is inside this file.</p></noscript>
    <div data-part="gallery" class="part">
      <h3 id="${id}-photos">Photos, as <span data-run-name>${runs[0]?.run.name}</span> answered</h3>
      <p class="questions">
        <button type="button" data-question="all">All</button>
        <button type="button" data-question="mistakes">Mistakes</button>
        ${suspects > 0 && html`<button type="button" data-question="labels">Labels to check</button>`}
        ${(data.alike?.pairs.length ?? 0) > 0 && html`<button type="button" data-question="copies">Near copies</button>`}
        <label>Order <select data-control="order">
          <option value="telling">most confident mistakes first</option>
          ${suspects > 0 && html`<option value="labels">labels likeliest to be wrong first</option>`}
          <option value="doubtful">least confident first</option>
          <option value="id">by name</option></select></label>
      </p>
      ${labelsNote(data)}
      <p data-control="none" hidden>No photos match these filters.</p>
      <ul class="photos" aria-labelledby="${id}-photos"></ul>
      <p><button type="button" data-control="more" hidden></button></p>
      <div class="selection" data-part="selection" role="group" aria-label="Selected photos">
        <span role="status" data-control="selected">No photo is selected.</span>
        <button type="button" data-control="select-shown">Select all shown</button>
        <button type="button" data-control="select-none">Select none</button>
        <button type="button" data-control="copy-paths">Copy paths</button>
        <button type="button" data-control="copy-csv">Copy CSV</button>
        <button type="button" data-control="download">Save CSV</button>
      </div>
      <p class="note">Enter opens a photo, arrow keys go from one to the next, x selects it. The CSV has the columns
      id, label, suggestion and path; a suggestion stands where the label may be
      wrong.${runs[0] !== undefined && html` To take those suggestions over: ${copyable(relabelCommand(runs[0].run.report, 'selected-photos.csv'))}`}</p>
    </div>
    <div data-part="matrix" class="part">
      <h3>Confusion matrix of <span data-run-name>${runs[0]?.run.name}</span></h3>
      <div class="controls">
        <span data-control="classes">${data.group.reports[0]?.classes.length} classes</span>
        <label><input type="checkbox" data-control="confused"> only those that are confused</label>
        <span><button type="button" data-control="smaller" aria-label="Smaller cells">−</button>
        <button type="button" data-control="larger" aria-label="Larger cells">+</button></span>
      </div>
      <div class="confusion">
        <div><div class="matrix-scroll" role="application" aria-label="Confusion matrix: the arrow keys go from cell to cell, Enter opens the photos of one" aria-describedby="${id}-cell" tabindex="0"><div class="matrix-space"><canvas></canvas></div></div>
        <p class="said" id="${id}-cell" role="status" data-control="cell"></p></div>
        <div class="pairs"><h4 id="${id}-pairs">Most confused pairs</h4>
        <p data-control="no-pairs" hidden>None is confused with another.</p>
        <p data-control="once" hidden>No pair stands out: each was confused once.</p>
        <ol aria-labelledby="${id}-pairs"></ol><p><button type="button" data-control="all-pairs" hidden></button></p></div>
      </div>
      <p class="note">Rows are true classes, columns what they were taken for; classes that are confused stand side by side
      (average linkage).</p>
    </div>
    <div data-part="classes" class="part">
      <h3>Class by class</h3>
      <div data-control="table" class="scroll tall" role="region" aria-label="Figures of every class" tabindex="0"></div>
      <p><button type="button" data-control="more" hidden></button></p>
      <p class="note">Click a heading to sort, and a class to see its photos alone. A class without a test image has no figures.</p>
    </div>
    ${features !== undefined && mapPart(data, id)}
    <div class="part" data-part="about">
      <h3>About <span data-run-name>${runs[0]?.run.name}</span></h3>
      <div data-part="panel">${runs[0] !== undefined && runPanel(runs[0], pageFolder, runClass(0))}</div>
      ${runs.slice(1).map((run, i) => html`<template data-run="${i + 1}">${runPanel(run, pageFolder, runClass(i + 1))}</template>`)}
    </div>
    ${images.ids.length === 0 && html`<p class="note">Without predictions.csv and features there are no photos to show.</p>`}`;
}

function toolbar({ runs, group, images, alike, features }: GroupData, id: string): Html {
  const classCount = group.reports[0]?.classes.length ?? 0;
  const field = (name: string, control: string, make: (attributes: Html) => Html): Html =>
    html`<span><label for="${id}-${control}">${name}</label> ${make(html`id="${id}-${control}" data-control="${control}"`)}</span>`;
  return html`<details class="toolbar" data-part="toolbar" open><summary>Filters<span data-control="count"></span>: <span role="status" data-control="status">all ${count(images.ids.length)} ${plural(images.ids.length, 'photo')}</span></summary>
    <div class="fields">
      ${field('Head', 'run', (attributes) => html`<select ${attributes}>${runs.map(({ run }, i) => html`<option value="${i}">${run.name}</option>`)}</select>`)}
      ${field('Class', 'class', (attributes) => html`<input type="search" ${attributes} list="${id}-classes" placeholder="all ${classCount}" autocomplete="off" spellcheck="false">`)}
      <datalist id="${id}-classes"></datalist>
      ${field('Answer', 'answer', (attributes) => html`<select ${attributes}><option value="all">all</option><option value="right">right</option><option value="wrong">wrong</option></select>`)}
      ${field('Side', 'side', (attributes) => html`<select ${attributes}><option value="all">all</option><option value="test">test</option><option value="training">training</option></select>`)}
      <span class="range">${field('Confidence from', 'least', (attributes) => html`<input type="number" ${attributes} min="0" max="100" placeholder="0">`)}
      ${field('to', 'most', (attributes) => html`<input type="number" ${attributes} min="0" max="100" placeholder="100">`)} %</span>
      <label><input type="checkbox" data-control="suspected"> label may be wrong</label>
      <label${(alike?.pairs.length ?? 0) === 0 && html` hidden`}><input type="checkbox" data-control="copies"> near copy</label>
      <button type="button" data-control="region" hidden${features === undefined && html` disabled`}>Drop the region of the map</button>
      <button type="button" data-control="clear" disabled>Clear filters</button>
    </div></details>`;
}

function labelsNote({ labelCheck, runs, group }: GroupData): Html {
  const report = group.reports[0];
  if (report === undefined || report.featureSet.randomWeights) {
    return html`<p class="note">Labels are not checked: a network of random weights disagrees with many of them.</p>`;
  }
  if (labelCheck !== undefined) {
    const { model, folds, images, imageCount, unjudged } = labelCheck;
    return html`<p class="note">Labels: ${count(images.length)} of ${count(imageCount)} ${plural(imageCount, 'photo')} were checked by cross-validation with
      ${counted(folds, 'fold')} by ${model}${unjudged > 0 && `; ${unjudged === 1 ? '1 is the only one of its class' : `${unjudged} are the only ones of their class`} and cannot be checked`}.
      ${images.filter(({ suspected }) => suspected).length} may be wrong; a hard photo with the right label may be among them.</p>`;
  }
  const looked = runs[0]?.images.length ?? 0;
  return html`<p class="note">Labels: the ${count(looked)} ${plural(looked, 'test photo')} of ${count(imagesUsed(report))} were checked; a hard photo
    with the right label may be among those to check.</p>`;
}

function mapPart({ features, images }: GroupData, id: string): Html {
  const views = features?.map.umap === undefined ? ['Principal components'] : ['UMAP', 'Principal components'];
  const mapped = features?.mapped.length ?? 0;
  const of = Math.max(images.ids.length, features?.of ?? 0);
  return html`<div data-part="map" class="part">
    <h3 id="${id}-map">Map of the features</h3>
    <p>${mapped < of ? `${count(mapped)} of ${count(of)} ${plural(of, 'photo')}` : `${count(of)} ${plural(of, 'photo')}`}, a dot each: nearby dots look similar to the
    backbone, before any head.</p>
    <div class="controls">
      ${
        views.length > 1 &&
        html`<fieldset><legend>Projection</legend>${views.map(
          (name, i) =>
            html`<label><input type="radio" name="${id}-projection" data-control="projection" value="${i}"${i === 0 && html` checked`}> ${name}</label>`,
        )}</fieldset>`
      }
      <label class="touch"><input type="checkbox" data-control="draw"> Draw a region with your finger</label>
    </div>
    <div class="map"><div class="map-frame"><canvas tabindex="0" role="application" aria-label="Map of the features: the arrow keys go from dot to dot, Enter opens a photo, x selects it" aria-describedby="${id}-dot"></canvas><div class="tip" hidden></div></div>
    <div><ul class="legend" data-control="legend"></ul>
    <p class="said" id="${id}-dot" role="status" data-control="dot"></p>
    <ul class="photos" aria-label="Photos of the region that was drawn" data-control="listed"></ul>
    <p class="note"><span data-control="axes"></span> UMAP keeps neighbours together; distances between clusters mean little in
    it. Principal components preserve distances, as far as two axes can.</p></div></div>
  </div>`;
}
