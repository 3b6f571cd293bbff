'use strict';
// A table that sorts, filters, pages and copies. It holds any number of rows and shows one page of them.

const PAGE_SIZES = [10, 25, 100, 500];
/** Rows of a table that a printout has: enough to read, few enough to print. */
const PRINTED_ROWS = 200;

const collator = new Intl.Collator('en', { numeric: true });

/** A cell in one line of text, for sorting and CSV. */
function cellText(value) {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(cellText).join('; ');
  return String(value);
}

const flagText = value => (value ? 'malicious' : 'other');

/** A cell as a reader sees it. Of a list as many items are shown as there is room for. */
function cellNode(value, kind, room = 8) {
  if (Array.isArray(value)) {
    const one = kind === 'urls' ? 'url' : 'text';
    if (value.length < 2) return cellNode(value[0], one);
    const list = element('ul', { class: 'cell' }, ...value.slice(0, room).map(item => element('li', {}, cellNode(item, one))));
    if (value.length > room) list.append(element('li', { class: 'quiet' }, `and ${whole(value.length - room)} more`));
    return list;
  }
  if (value === null || value === undefined || value === '') return element('span', { class: 'quiet' }, '–');
  const text = cellText(value);
  if (kind === 'flag') return element('span', { class: value ? 'badge risk' : 'badge' }, flagText(value));
  if (kind === 'number') return document.createTextNode(typeof value === 'number' ? whole(value) : text);
  if (kind === 'time') return element('time', { datetime: text }, text.replace('T', ' ').replace(/(\.\d+)?Z$/, ''));
  if (kind === 'severity') return element('span', { class: `badge ${['high', 'warning'].includes(text) ? 'risk' : ''}` }, text);
  return element('bdi', { class: kind === 'url' ? 'url' : null }, text);
}

/** A cell of a CSV file. Cells that a spreadsheet would take for a formula get an apostrophe in front. */
function csvCell(value) {
  let text = visible(cellText(value));
  if (/^[=+@\t\r]/.test(text) || (/^-/.test(text) && !/^-\d+(\.\d+)?$/.test(text))) text = `'${text}`;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const csv = (columns, rows) => [columns, ...rows].map(row => row.map(csvCell).join(',')).join('\r\n') + '\r\n';

/**
 * A table under a heading of its own.
 *
 * @param {{name: string, columns: string[], kinds: string[], rows: any[][], open: (number) => void, size?: number}} options
 *   `open` shows the evidence of a row, by its place in `rows`; `size` is how many rows a page has at first
 * @returns {{root: HTMLElement, replace: (rows: any[][]) => void}}
 */
function dataTable({ name, columns, kinds, rows, open, size = 25 }) {
  let shown = [...rows.keys()];
  let sorted = null;
  let texts = null;
  let page = 0;

  const filter = element('input', { type: 'search', placeholder: 'Filter', 'aria-label': `Filter ${name}`, autocomplete: 'off' });
  const status = element('span', { class: 'quiet', role: 'status' });
  const copy = element('button', { type: 'button', onclick: copyAll }, 'Copy as CSV');
  const sizes = element('select', { 'aria-label': `Rows a page of ${name}`, onchange: () => { size = Number(sizes.value); page = 0; show(); } },
    ...PAGE_SIZES.map(n => element('option', { value: n, selected: n === size }, `${n} rows`)));
  const before = element('button', { type: 'button', 'aria-label': `Previous page of ${name}`, onclick: () => { page -= 1; show(); } }, '‹');
  const after = element('button', { type: 'button', 'aria-label': `Next page of ${name}`, onclick: () => { page += 1; show(); } }, '›');
  const place = element('span', { class: 'quiet' });
  const heads = columns.map((column, at) => {
    const button = element('button', { type: 'button', onclick: () => sortBy(at) }, column.replaceAll('_', ' '));
    return element('th', { scope: 'col', class: kinds[at], 'aria-sort': 'none' }, button);
  });
  const body = element('tbody');
  const pager = element('div', { class: 'bar pager' }, before, place, after, sizes);
  const root = element('div', { class: 'table' },
    element('div', { class: 'bar' }, filter, copy, status),
    element('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': `${name}, table` },
      element('table', {},
        element('thead', {}, element('tr', {}, ...heads, element('th', { scope: 'col', class: 'act' }, element('span', { class: 'unseen' }, 'Evidence')))),
        body)),
    pager);

  filter.addEventListener('input', debounce(() => { page = 0; choose(); }));

  function rowText(at) {
    texts ??= [];
    texts[at] ??= rows[at].map((value, column) => (kinds[column] === 'flag' ? flagText(value) : cellText(value))).join('\n').toLowerCase();
    return texts[at];
  }

  function choose() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [...rows.keys()].filter(at => words.every(word => rowText(at).includes(word)));
    arrange();
  }

  function arrange() {
    if (sorted) {
      const { at, down } = sorted;
      const number = kinds[at] === 'number';
      const key = row => (number ? Number(rows[row][at] ?? -Infinity) : cellText(rows[row][at]));
      const compare = number ? (a, b) => a - b : collator.compare;
      const keys = new Map(shown.map(row => [row, key(row)]));
      shown.sort((a, b) => (down ? -1 : 1) * compare(keys.get(a), keys.get(b)) || a - b);
    }
    show();
  }

  function sortBy(at) {
    if (sorted?.at !== at) sorted = { at, down: false };
    else if (!sorted.down) sorted.down = true;
    else sorted = null;
    heads.forEach((head, other) => head.setAttribute('aria-sort', sorted?.at !== other ? 'none' : sorted.down ? 'descending' : 'ascending'));
    page = 0;
    if (sorted) arrange();
    else choose();
  }

  function line(at) {
    const cells = rows[at].map((value, column) => element('td', { class: kinds[column] }, cellNode(value, kinds[column])));
    const button = element('button', { type: 'button', class: 'evidence', onclick: () => open(at), 'aria-label': `Evidence of row ${at + 1} of ${name}` }, 'Evidence');
    return element('tr', {}, ...cells, element('td', { class: 'act' }, button));
  }

  function show(from = page * size, to = from + size) {
    const pages = Math.max(1, Math.ceil(shown.length / size));
    body.replaceChildren(...shown.slice(from, to).map(line));
    if (!shown.length) {
      const text = rows.length ? 'No row matches the filter.' : 'Nothing of this kind in the case.';
      body.append(element('tr', {}, element('td', { colspan: columns.length + 1, class: 'quiet' }, text)));
    }
    status.textContent = shown.length === rows.length ? counted(rows.length, 'row') : `${whole(shown.length)} of ${counted(rows.length, 'row')}`;
    place.textContent = `page ${page + 1} of ${pages}`;
    before.disabled = page === 0;
    after.disabled = page + 1 >= pages;
    pager.hidden = shown.length <= PAGE_SIZES[0];
    root.classList.toggle('empty', rows.length === 0);
  }

  async function copyAll() {
    const done = await copyText(csv(columns, shown.map(at => rows[at])));
    if (done) announce(`${counted(shown.length, 'row')} of ${name} copied`);
    copy.textContent = done ? 'Copied' : 'Copy as CSV';
    setTimeout(() => { copy.textContent = 'Copy as CSV'; }, 2000);
  }

  window.addEventListener('beforeprint', () => {
    show(0, PRINTED_ROWS);
    if (shown.length > PRINTED_ROWS) {
      const text = `${counted(shown.length - PRINTED_ROWS, 'more row')} in the report itself`;
      body.append(element('tr', {}, element('td', { colspan: columns.length + 1, class: 'quiet' }, text)));
    }
  });
  window.addEventListener('afterprint', () => show());

  show();
  return {
    root,
    replace(others) {
      rows = others;
      texts = null;
      page = 0;
      choose();
    },
  };
}
