'use strict';
// Who sent which malicious url where, whom it reached and what they did: a picture to search, pan and zoom, and the same
// as a list.

const NODE_KINDS = {
  user: ['User', d3.symbolCircle],
  url: ['Url', d3.symbolDiamond2],
  channel: ['Channel', d3.symbolSquare],
  chat: ['Chat', d3.symbolTriangle],
};
// The kinds of edges, from the first drawn to the last.
const DRAWN = ['posted_in', 'redirects_to', 'received', 'sent', 'reported', 'clicked'];
// What the weight of an edge counts.
const COUNTED = { clicked: 'click', redirects_to: 'click' };
const WIDTH = 1000;

function graph(section) {
  const { nodes, edges, left_out: leftOut } = data.network;
  const frame = byId('graph-figure');
  const status = byId('graph-status');
  const height = frame.clientWidth < 600 ? 1100 : 640;
  if (!nodes.length) {
    frame.hidden = true;
    byId('graph-bar').hidden = true;
    status.textContent = 'No malicious url stands in a message of this case.';
    return;
  }
  if (leftOut) byId('graph-left-out').textContent = `${counted(leftOut, 'more node')} with fewer connections: the tables have all of them.`;

  const ids = new Map(nodes.map(node => [node.id, { ...node, caption: visible(node.caption), links: [] }]));
  const points = [...ids.values()];
  // What somebody did is drawn over what only reached them.
  const links = edges.map(edge => ({ ...edge, source: ids.get(edge.from), target: ids.get(edge.to) }))
    .sort((a, b) => DRAWN.indexOf(a.kind) - DRAWN.indexOf(b.kind));
  // Several lines between two nodes stand side by side.
  const pairs = d3.group(links, link => [link.from, link.to].sort((a, b) => a - b).join(' '));
  for (const between of pairs.values()) between.forEach((link, at) => { link.aside = (at - (between.length - 1) / 2) * 5 * (link.from < link.to ? 1 : -1); });
  for (const link of links) {
    link.source.links.push(link);
    link.target.links.push(link);
  }
  points.sort((a, b) => b.links.length - a.links.length || a.id - b.id);

  const svg = d3.select(frame).append('svg')
    .attr('viewBox', `0 0 ${WIDTH} ${height}`).attr('role', 'group')
    .attr('aria-label', `${counted(points.length, 'node')}. Arrow keys move between nodes, Enter shows one.`);
  const scene = svg.append('g');
  const lines = scene.append('g').attr('class', 'links').selectAll('line').data(links).join('line')
    .attr('class', link => link.kind).attr('stroke-width', link => Math.min(5, 1 + Math.log2(link.weight || 1)));
  const spots = scene.append('g').selectAll('g').data(points).join('g')
    .attr('class', node => `node ${node.kind}${node.risky ? ' risky' : ''}${node.outside ? ' outside' : ''}`)
    .attr('role', 'button').attr('tabindex', -1)
    .attr('aria-label', node => `${NODE_KINDS[node.kind][0]} ${node.caption}${node.outside ? ', from outside' : ''}, ${counted(node.links.length, 'connection')}`);
  spots.append('path').attr('d', node => d3.symbol(NODE_KINDS[node.kind][1], size(node))());
  spots.append('title').text(node => node.caption);
  const captions = scene.append('g').attr('class', 'captions').attr('aria-hidden', 'true').selectAll('text').data(points).join('text')
    .text(node => shortened(node.caption));
  const measure = document.createElement('canvas').getContext('2d');
  measure.font = '12px sans-serif';
  for (const node of points) node.length = measure.measureText(shortened(node.caption)).width;

  function size(node) {
    return 90 + 60 * Math.sqrt(node.links.length);
  }
  function shortened(text) {
    return text.length > 34 ? `${text.slice(0, 33)}…` : text;
  }

  // The same graph gives the same picture: d3-force starts from fixed places and has its own random numbers.
  const force = d3.forceSimulation(points).stop()
    .force('link', d3.forceLink(links).distance(points.length > 60 ? 70 : 100).strength(link => 0.7 / Math.min(link.source.links.length, link.target.links.length)))
    .force('charge', d3.forceManyBody().strength(-190).distanceMax(600))
    .force('collide', d3.forceCollide(node => 8 + Math.sqrt(size(node)) / 2))
    .force('x', d3.forceX(0).strength(0.05)).force('y', d3.forceY(0).strength(0.08));
  force.tick(points.length > 200 ? 220 : 320);

  lines.each(function (link) {
    const [dx, dy] = [link.target.x - link.source.x, link.target.y - link.source.y];
    const length = Math.hypot(dx, dy) || 1;
    const [x, y] = [(-dy / length) * link.aside, (dx / length) * link.aside];
    d3.select(this).attr('x1', link.source.x + x).attr('y1', link.source.y + y).attr('x2', link.target.x + x).attr('y2', link.target.y + y);
  });
  spots.attr('transform', node => `translate(${node.x},${node.y})`);

  let scale = 1;
  const zoom = d3.zoom().scaleExtent([0.05, 12])
    .filter(event => (event.type === 'wheel' ? event.ctrlKey || event.shiftKey : !event.button))
    .on('zoom', ({ transform }) => {
      scene.attr('transform', transform);
      if (transform.k !== scale) {
        scale = transform.k;
        caption();
      }
    });
  svg.call(zoom).on('dblclick.zoom', null);

  /** Captions keep their size on the screen. One that would cover another goes above its node, or waits for room. */
  function caption() {
    const boxes = [];
    const urgent = node => (node === chosen || node.matched ? 2 : 0) + (node.risky ? 1 : 0);
    const order = [...points].sort((a, b) => urgent(b) - urgent(a) || b.links.length - a.links.length || a.id - b.id);
    const unit = WIDTH / (frame.clientWidth || WIDTH);
    for (const node of order) {
      const radius = Math.sqrt(size(node)) * scale * 0.62;
      const half = (node.length * unit) / 2;
      const x = node.x * scale;
      node.named = [radius + 12 * unit, -radius - 4 * unit].some(away => {
        const y = node.y * scale + away;
        const box = [x - half, y - 12 * unit, x + half, y + 3 * unit];
        if (boxes.some(other => box[0] < other[2] && box[2] > other[0] && box[1] < other[3] && box[3] > other[1])) return false;
        boxes.push(box);
        node.captionAt = y / scale;
        return true;
      });
    }
    captions.attr('font-size', (12 * unit) / scale).attr('x', node => node.x).attr('y', node => node.captionAt ?? node.y)
      .attr('visibility', node => (node.named ? 'visible' : 'hidden'));
  }

  function fit(some = points) {
    const [x0, x1] = d3.extent(some, node => node.x);
    const [y0, y1] = d3.extent(some, node => node.y);
    // Room for the captions, which are as wide on a small screen as on a large one.
    const room = Math.min(0.4, 220 / (frame.clientWidth || WIDTH)) * WIDTH;
    const k = Math.min(3, (WIDTH - room) / Math.max(x1 - x0, 1), (height - 110) / Math.max(y1 - y0, 1));
    svg.call(zoom.transform, d3.zoomIdentity.translate(WIDTH / 2, height / 2).scale(k).translate(-(x0 + x1) / 2, -(y0 + y1) / 2));
  }

  let chosen = null;
  function choose(node) {
    chosen = node;
    const near = new Set(node ? [node, ...node.links.flatMap(link => [link.source, link.target])] : []);
    spots.classed('chosen', other => other === node).classed('dim', other => Boolean(node) && !near.has(other));
    captions.classed('dim', other => Boolean(node) && !near.has(other));
    lines.classed('dim', link => Boolean(node) && link.source !== node && link.target !== node);
    caption();
    describe(node);
  }

  function describe(node) {
    const panel = byId('graph-panel');
    if (!node) {
      panel.replaceChildren(element('p', { class: 'quiet' }, 'Choose a node to see what it is connected with.'));
      return;
    }
    const other = link => (link.source === node ? link.target : link.source);
    const near = [...node.links].sort((a, b) => (b.weight || 0) - (a.weight || 0) || other(a).id - other(b).id);
    const list = element('ul', {}, ...near.slice(0, 60).map(link => element('li', {},
      element('button', { type: 'button', class: 'link', onclick: () => { choose(other(link)); focus(other(link)); } }, other(link).caption),
      element('span', { class: 'quiet' }, ` ${NODE_KINDS[other(link).kind][0].toLowerCase()}, ${link.kind.replaceAll('_', ' ')}, ${counted(link.weight || 1, COUNTED[link.kind] ?? 'message')}`))));
    if (near.length > 60) list.append(element('li', { class: 'quiet' }, `and ${whole(near.length - 60)} more`));
    panel.replaceChildren(
      element('h3', {}, element('span', { class: 'badge' }, NODE_KINDS[node.kind][0]), ' ', node.outside ? element('span', { class: 'badge risk' }, 'from outside') : '', ' ', element('bdi', { class: 'url' }, node.caption)),
      element('p', {}, element('button', { type: 'button', onclick: () => showEvidence(NODE_KINDS[node.kind][0], [['name', node.caption, 'url']], [node.ref]) }, 'Evidence'), ' ',
        element('button', { type: 'button', onclick: () => choose(null) }, 'Show all')),
      element('p', { class: 'quiet' }, counted(node.links.length, 'connection')), list);
  }

  // One node can be reached with Tab; the arrow keys go on from there, by direction.
  let current = points[0];
  function focus(node) {
    current = node;
    spots.attr('tabindex', other => (other === node ? 0 : -1));
    spots.filter(other => other === node).node().focus({ preventScroll: true });
  }
  spots.filter(node => node === current).attr('tabindex', 0);
  const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  spots.on('click', (event, node) => { choose(node === chosen ? null : node); focus(node); })
    .on('keydown', (event, node) => {
      const way = ways[event.key];
      if (event.key === 'Enter' || event.key === ' ') choose(node === chosen ? null : node);
      else if (event.key === 'Escape') choose(null);
      else if (way) {
        const ahead = other => (other.x - node.x) * way[0] + (other.y - node.y) * way[1];
        const aside = other => Math.abs((other.x - node.x) * way[1]) + Math.abs((other.y - node.y) * way[0]);
        const next = d3.least(points.filter(other => ahead(other) > 1), other => ahead(other) + 2 * aside(other));
        if (next) focus(next);
      } else return;
      event.preventDefault();
    });
  svg.on('click', event => { if (event.target === svg.node()) choose(null); });

  const search = byId('graph-search');
  search.addEventListener('input', debounce(() => {
    const wanted = search.value.trim().toLowerCase();
    for (const node of points) node.matched = wanted !== '' && node.caption.toLowerCase().includes(wanted);
    const found = points.filter(node => node.matched);
    spots.classed('found', node => node.matched);
    status.textContent = wanted === '' ? '' : counted(found.length, 'match', 'matches');
    if (found.length === 1) choose(found[0]);
    else if (chosen) choose(null);
    if (found.length) fit(found);
    else if (wanted === '') fit();
    caption();
  }));

  const step = { in: () => svg.call(zoom.scaleBy, 1.5), out: () => svg.call(zoom.scaleBy, 1 / 1.5), all: () => { choose(null); fit(); } };
  for (const button of section.querySelectorAll('[data-zoom]')) button.addEventListener('click', step[button.dataset.zoom]);

  const rows = links.map(link => [link.source, link.target, link]);
  byId('graph-list').append(dataTable({
    name: 'connections',
    columns: ['from', 'kind', 'to', 'messages or clicks'],
    kinds: ['url', 'text', 'url', 'number'],
    rows: rows.map(([from, to, link]) => [from.caption, link.kind.replaceAll('_', ' '), to.caption, link.weight || 1]),
    open: at => showEvidence('Connection', [['from', rows[at][0].caption, 'url'], ['to', rows[at][1].caption, 'url']], [rows[at][0].ref, rows[at][1].ref]),
  }).root);

  new ResizeObserver(debounce(caption, 100)).observe(frame);
  describe(null);
  fit();
  section.dataset.settled = 'yes';
}
