/**
 * What the page does in a browser, as text: sorting, filtering, choosing a run, photos behind a pair, the map. Without
 * it the page still shows everything but thumbnails. Nothing here talks to a network.
 */
export const pageScript: string = `
'use strict';
(() => {
  const data = JSON.parse(document.getElementById('page-data').textContent);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const collator = new Intl.Collator('en', { numeric: true });

  for (const table of all('table.sortable')) {
    const headings = all('thead th', table);
    headings.forEach((heading, column) => {
      heading.querySelector('button').addEventListener('click', () => {
        const numeric = heading.classList.contains('number');
        const was = heading.getAttribute('aria-sort');
        // Figures start with the largest, names with the first.
        const ascending = was === 'none' ? !numeric : was === 'descending';
        headings.forEach((other) => other.setAttribute('aria-sort', 'none'));
        heading.setAttribute('aria-sort', ascending ? 'ascending' : 'descending');
        const body = table.tBodies[0];
        const value = (row) => row.cells[column].dataset.value;
        const rows = [...body.rows].sort((a, b) =>
          (numeric ? value(a) - value(b) : collator.compare(value(a), value(b))) * (ascending ? 1 : -1));
        body.append(...rows);
      });
    });
  }

  for (const field of all('[data-filters]')) {
    const table = document.getElementById(field.dataset.filters);
    const status = document.querySelector('[data-count-of="' + field.dataset.filters + '"]');
    field.addEventListener('input', () => {
      const words = field.value.trim().toLowerCase();
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) row.hidden = !row.cells[0].textContent.toLowerCase().includes(words);
      const left = rows.filter((row) => !row.hidden).length;
      status.textContent = words === '' ? '' : left + ' of ' + rows.length;
    });
  }

  for (const list of all('[role=tablist]')) {
    const tabs = all('[role=tab]', list);
    const choose = (tab, focus) => {
      for (const other of tabs) {
        const chosen = other === tab;
        other.setAttribute('aria-selected', String(chosen));
        other.tabIndex = chosen ? 0 : -1;
        document.getElementById(other.getAttribute('aria-controls')).hidden = !chosen;
      }
      if (focus) tab.focus();
    };
    tabs.forEach((tab, i) => {
      tab.addEventListener('click', () => choose(tab, false));
      tab.addEventListener('keydown', (event) => {
        const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose(tabs[(to + tabs.length) % tabs.length], true);
      });
    });
  }

  for (const image of all('img[data-photo]')) {
    const group = image.closest('[data-group]').dataset.group;
    image.src = data.groups[group].photos[image.dataset.photo];
  }

  const dialog = document.getElementById('photos');
  const showPair = (place, cell) => {
    const group = data.groups[place.closest('[data-group]').dataset.group];
    const run = group.runs[place.closest('[data-run]').dataset.run];
    const [t, p] = cell.split(',').map(Number);
    const images = run.cells[cell] || [];
    const right = t === p;
    dialog.querySelector('h2').textContent = right ? run.classes[t] + ', recognized' : run.classes[t] + ' taken for ' + run.classes[p];
    dialog.querySelector('p').textContent = images.length === 0 ? 'The report has no predictions.csv: which images these are is not known.'
      : right ? 'The least confident right answers, least confident first'
      : images.length + (images.length === 1 ? ' image' : ' images') + ', most confident first';
    dialog.querySelector('ul').replaceChildren(...images.map(([id, confidence, times]) => {
      const item = document.createElement('li');
      const photo = group.photos[id];
      const picture = document.createElement(photo ? 'img' : 'span');
      if (photo) {
        picture.src = photo;
        picture.alt = 'photo ' + id;
        picture.width = 128;
        picture.height = 128;
      } else {
        picture.className = 'no-photo';
        picture.textContent = 'no photo';
      }
      const sure = document.createElement('span');
      sure.className = right ? 'recognized' : 'taken';
      sure.textContent = (confidence * 100).toFixed(1) + '\u00a0%' + (times > 1 ? ', ' + times + ' times' : '');
      const name = document.createElement('code');
      name.textContent = id;
      item.append(picture, sure, name);
      return item;
    }));
    dialog.showModal();
  };
  document.addEventListener('click', (event) => {
    const cell = event.target.closest('[data-cell]');
    if (cell) showPair(cell, cell.dataset.cell);
    if (event.target === dialog) dialog.close();
  });
  dialog.querySelector('button').addEventListener('click', () => dialog.close());

  for (const radio of all('[data-shows]')) {
    radio.addEventListener('change', () => {
      for (const other of all('[name="' + radio.name + '"]')) {
        document.getElementById(other.dataset.shows).hidden = !other.checked;
      }
    });
  }
  for (const select of all('[data-highlights]')) {
    select.addEventListener('change', () => {
      for (const dot of all('circle', document.getElementById(select.dataset.highlights))) {
        const fades = select.value !== '' && dot.dataset.class !== select.value;
        dot.classList.toggle('faded', fades);
        dot.classList.toggle('picked', select.value !== '' && !fades);
      }
    });
  }
})();
`;
