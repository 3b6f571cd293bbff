'use strict';
// From a row, an event or a node to what it rests on: nodes and edges of the graph, and records of the journal.

/** Nodes and edges that are shown at once: a url can have thousands behind it. */
const THINGS = 40;

/** Shows in a dialog what a row says and what that rests on. `fields` are [name, value, kind]. */
function showEvidence(title, fields, refs) {
  const dialog = byId('evidence');
  const content = byId('evidence-content');
  byId('evidence-title').textContent = title;
  const facts = element('dl');
  for (const [name, value, kind] of fields) {
    facts.append(element('dt', {}, name.replaceAll('_', ' ')), element('dd', {}, cellNode(value, kind, Infinity)));
  }
  content.replaceChildren(facts, element('h3', {}, 'What it rests on'));
  const rest = refs.map(ref => data.things[ref]);
  const more = element('button', { type: 'button', onclick: addSome });
  function addSome() {
    more.before(...rest.splice(0, THINGS).map(thingNode));
    more.hidden = !rest.length;
    more.textContent = `Show more: ${whole(rest.length)} left`;
  }
  content.append(more);
  addSome();
  if (!refs.length) content.append(element('p', { class: 'quiet' }, 'A figure counted from the tables below; their rows name the records.'));
  dialog.showModal();
  byId('evidence-close').focus();
}

function thingNode({ type, id, properties, records: numbers, count, excerpts, unrecorded, command }) {
  const box = element('section', { class: 'thing' },
    element('h4', {}, element('span', { class: 'badge' }, type), ' ', element('bdi', { class: 'url' }, id)));
  if (properties) {
    const list = element('dl', { class: 'small' });
    for (const [name, value] of Object.entries(properties)) list.append(element('dt', {}, name), element('dd', {}, element('bdi', {}, cellText(value))));
    box.append(list);
  }
  const records = element('ul', { class: 'records' });
  for (const number of numbers) records.append(recordNode(number, excerpts?.[number]));
  const more = count - numbers.length;
  if (more > 0) records.append(element('li', { class: 'quiet' }, `and ${counted(more, 'more record')}`));
  if (numbers.length) box.append(records);
  else box.append(element('p', { class: 'quiet' }, unrecorded ?? 'No record of its own.'));
  if (command) {
    const button = element('button', { type: 'button', onclick: () => copyText(command).then(done => done && announce('Command copied')) }, 'Copy');
    box.append(element('p', { class: 'command' }, element('code', {}, command), ' ', button));
  }
  return box;
}

function recordNode(number, excerpt) {
  const record = data.records[number];
  const id = `${data.case.id}/${number}`;
  const line = element('li', {}, element('code', {}, id));
  if (!record) return line;
  line.append(' ', element('span', {}, `${record.source}, ${record.at.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}, ${record.status ?? 'no answer'}`),
    element('div', { class: 'request' }, `${record.method} `, element('bdi', {}, record.url)));
  if (excerpt) line.append(element('details', {}, element('summary', {}, 'What the record says'), element('pre', {}, excerpt)));
  return line;
}

byId('evidence-close').addEventListener('click', () => byId('evidence').close());
byId('evidence').addEventListener('click', event => {
  // The backdrop belongs to the dialog itself; all else is inside it.
  if (event.target === event.currentTarget) event.currentTarget.close();
});
