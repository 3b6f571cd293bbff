'use strict';
// Puts the page together: the theme, the tables, and each picture when it comes near the screen.

const theme = byId('theme');
function wear(name) {
  document.documentElement.dataset.theme = name;
  for (const paint of repaint) paint();
}
theme.addEventListener('change', () => wear(theme.value));
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => wear(theme.value));
// Paper is white.
window.addEventListener('beforeprint', () => wear('light'));
window.addEventListener('afterprint', () => wear(theme.value));

async function start() {
  await readData();
  for (const table of data.tables) {
    const { title, description, columns, kinds, rows, refs, unlisted } = table;
    const open = at => showEvidence(title, columns.map((column, place) => [column, rows[at][place], kinds[place]]), refs[at]);
    const { root } = dataTable({ name: table.name, columns, kinds, rows, open });
    byId('tables').append(element('section', { id: `table-${table.name}`, class: 'hunt' },
      element('h3', {}, title), element('p', {}, description),
      element('p', { class: 'quiet' }, 'Hunt: ', element('code', {}, table.name)),
      unlisted ? element('p', { class: 'unlisted' }, `${counted(unlisted, 'message')} ${unlisted === 1 ? 'has' : 'have'} no row here and ${unlisted === 1 ? 'is' : 'are'} only counted in the timeline; the hunt lists all of them, given a limit that is high enough.`) : null, root));
    byId('tables-index').append(element('li', {}, element('a', { href: `#table-${table.name}` }, title), element('span', { class: 'quiet' }, ` ${whole(rows.length)}`)));
  }

  whenNear(byId('timeline'), () => timeline(byId('timeline')));
  whenNear(byId('graph'), () => graph(byId('graph')));
  document.documentElement.dataset.ready = 'yes';
}

start().catch(error => {
  byId('failed').hidden = false;
  throw error;
});
