'use strict';
// Every event on one line of time: malicious ones above, all others below, a lane for each kind.

const KINDS = [
  ['message', 'Messages', 'circle'],
  ['report', 'Reports', 'wye'],
  ['removal', 'Removals', 'times'],
  ['click', 'Clicks', 'triangle'],
  ['redirect', 'Redirects', 'turned'],
  ['warning', 'Warnings', 'diamond'],
  ['connection', 'Connections', 'square'],
  ['alert', 'Alerts', 'star'],
];
const SHAPES = {
  circle: d3.symbolCircle, triangle: d3.symbolTriangle, diamond: d3.symbolDiamond, square: d3.symbolSquare, star: d3.symbolStar,
  wye: d3.symbolWye, times: d3.symbolCross, turned: d3.symbolDiamond2,
};
const THIN = ['wye', 'times'];
const AXIS = 44;
/** Events closer together than this, in pixels, are one mark. */
const BIN = 26;

/** What is in the chart and not in the lists, as sentences with commands. */
function unlistedText() {
  const { harmless = 0, others = 0 } = data.unlisted ?? {};
  const are = n => (n === 1 ? 'is' : 'are');
  const text = [];
  if (harmless) {
    text.push(`${counted(harmless, 'harmless message')} ${are(harmless)} counted in the chart and not listed; `,
      element('code', {}, 'linktrail hunt run message-timeline'), ` lists ${harmless === 1 ? 'it' : 'them'}, given a limit that is high enough. The earliest harmless messages are listed. `);
  }
  if (others) {
    text.push(`${counted(others, 'other event')} ${are(others)} counted in the chart and not listed: malicious ones are listed first, then the earliest. `,
      element('code', {}, 'linktrail export'), ' writes all of them.');
  }
  return text;
}

function timeline(section) {
  const events = data.timeline.map(([at, until, kind, risky, who, what, refs, place]) => ({ at, until: until ?? at, kind, risky, who, what, place, refs }));
  // Events that are only counted: so many of a kind in a span of time.
  const span = data.unlisted?.span ?? 0;
  const unlisted = (data.unlisted?.counts ?? []).map(([kind, risky, at, count]) => ({ kind, risky, at, until: at + span, count }));
  byId('timeline-unlisted').replaceChildren(...unlistedText());
  byId('timeline-unlisted').hidden = !data.unlisted;
  const canvas = byId('timeline-canvas');
  const status = byId('timeline-status');
  const tip = byId('timeline-tip');
  if (!events.length && !unlisted.length) {
    byId('timeline-figure').hidden = true;
    status.textContent = 'No event with a time in this case.';
    return;
  }

  const lanes = [true, false].flatMap(risky => KINDS.map(([kind, title, shape]) => ({ kind, title, shape, risky })))
    .map(lane => {
      const own = event => event.kind === lane.kind && event.risky === lane.risky;
      const counts = unlisted.filter(own);
      return { ...lane, events: events.filter(own), counts, total: events.filter(own).length + d3.sum(counts, one => one.count) };
    })
    .filter(lane => lane.total);
  const firstQuiet = lanes.findIndex(lane => !lane.risky);

  const from = Math.min(d3.min(events, event => event.at) ?? Infinity, d3.min(unlisted, one => one.at) ?? Infinity);
  const to = Math.max(d3.max(events, event => event.until) ?? -Infinity, d3.max(unlisted, one => one.until) ?? -Infinity);
  const margin = Math.max((to - from) * 0.02, 60_000);
  const full = d3.scaleUtc([from - margin, to + margin], [0, 1]);
  let width = 0;
  let height = 0;
  let left = 0;
  let laneHeight = 0;
  let view = full;
  let marks = [];

  const list = dataTable({
    name: 'events in view',
    columns: ['at', 'until', 'kind', 'risky', 'who', 'what', 'where or how'],
    kinds: ['time', 'time', 'text', 'flag', 'text', 'url', 'text'],
    rows: [],
    size: 10,
    open: at => openEvent(inView[at]),
  });
  byId('timeline-list').append(list.root);
  let inView = [];

  function openEvent(event) {
    const title = KINDS.find(([kind]) => kind === event.kind)[1].replace(/s$/, '');
    const fields = [['at', moment(event.at)], ['who', event.who], ['what', event.what, 'url'], ['where or how', event.place], ['risk', event.risky, 'flag']];
    if (event.until !== event.at) fields.splice(1, 0, ['until', moment(event.until)]);
    showEvidence(title, fields, event.refs);
  }

  const zoom = d3.zoom()
    .filter(event => (event.type === 'wheel' ? event.ctrlKey || event.shiftKey : !event.button))
    .on('zoom', ({ transform }) => {
      view = transform.rescaleX(full.copy().range([left, width - 12]));
      draw();
      section.dataset.settled = 'no';
      tell();
    });
  const picture = d3.select(canvas);

  function resize() {
    width = canvas.parentElement.clientWidth;
    // The names of the lanes stand beside them where there is room, else above.
    [left, laneHeight] = width < 600 ? [16, 46] : [150, 34];
    const gap = firstQuiet > 0 ? laneHeight / 2 : 0;
    height = lanes.length * laneHeight + AXIS + gap;
    lanes.forEach((lane, at) => { lane.y = (at + (width < 600 ? 0.65 : 0.5)) * laneHeight + (at >= firstQuiet ? gap : 0); });
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    canvas.style.height = `${height}px`;
    const closest = Math.max(2, (to - from + 2 * margin) / 60_000);
    zoom.extent([[left, 0], [width - 12, height]]).translateExtent([[left, 0], [width - 12, height]]).scaleExtent([1, closest]);
    picture.call(zoom);
    zoom.transform(picture, d3.zoomTransform(canvas));
  }

  /** Events of a lane that stand close together, as one mark each; `unlisted` of its `total` are only counted. */
  function binned(lane) {
    const bins = new Map();
    function add(at, until, middle, count) {
      const x = view(middle);
      if (x < left - BIN || x > width + BIN) return null;
      const key = Math.round(x / BIN);
      const bin = bins.get(key) ?? { lane, events: [], total: 0, sum: 0, from: at, to: until };
      bins.set(key, bin);
      bin.total += count;
      bin.sum += x * count;
      bin.from = Math.min(bin.from, at);
      bin.to = Math.max(bin.to, until);
      return bin;
    }
    for (const event of lane.events) add(event.at, event.at, event.at, 1)?.events.push(event);
    for (const { at, until, count } of lane.counts) add(at, until, (at + until) / 2, count);
    return [...bins.values()].map(bin => ({ ...bin, unlisted: bin.total - bin.events.length, x: bin.sum / bin.total, y: lane.y, r: Math.min(12, 4.5 + 1.6 * Math.log2(bin.total)) }));
  }

  function draw() {
    const context = canvas.getContext('2d');
    const ratio = window.devicePixelRatio || 1;
    const ink = colour('ink');
    const quiet = colour('quiet');
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
    context.textBaseline = 'middle';

    // Stripes and the axis.
    const ticks = view.ticks(Math.max(2, width / 130));
    const format = view.tickFormat();
    context.strokeStyle = colour('line');
    context.fillStyle = quiet;
    context.textAlign = 'center';
    const bottom = height - AXIS + 6;
    let last = -Infinity;
    for (const tick of ticks) {
      const x = view(tick);
      if (x < left) continue;
      context.beginPath();
      context.moveTo(x, 0);
      context.lineTo(x, bottom);
      context.stroke();
      const text = format(tick);
      const half = context.measureText(text).width / 2;
      if (x - half < last + 8 || x + half > width) continue;
      context.fillText(text, x, bottom + 12);
      last = x + half;
    }

    marks = [];
    context.save();
    context.beginPath();
    context.rect(left - 8, 0, width - left + 8, bottom);
    context.clip();
    for (const lane of lanes) {
      const shade = colour(lane.risky ? 'risk' : lane.kind);
      context.strokeStyle = shade;
      context.globalAlpha = 0.35;
      context.lineWidth = 3;
      for (const event of lane.events) {
        if (event.until === event.at) continue;
        const [a, b] = [view(event.at), view(event.until)];
        if (b < left || a > width || b - a < 2) continue;
        context.beginPath();
        context.moveTo(a, lane.y);
        context.lineTo(b, lane.y);
        context.stroke();
      }
      context.globalAlpha = 1;
      context.lineWidth = 1;
      for (const mark of binned(lane)) {
        context.save();
        context.translate(mark.x, mark.y);
        context.beginPath();
        // Shapes of lines are as visible as full ones only when they are larger.
        d3.symbol(SHAPES[lane.shape], mark.r * mark.r * (THIN.includes(lane.shape) ? 5 : 3)).context(context)();
        context.fillStyle = shade;
        context.fill();
        context.strokeStyle = colour('paper');
        context.stroke();
        if (mark.r > 9) {
          context.fillStyle = colour('on-mark');
          context.font = '10px sans-serif';
          context.fillText(d3.format('.2~s')(mark.total), 0, 0.5);
        }
        context.restore();
        marks.push(mark);
      }
    }
    context.restore();

    context.textAlign = 'left';
    for (const lane of lanes) {
      context.fillStyle = lane.risky ? colour('risk-ink') : ink;
      const name = lane.risky ? `${lane.title}, malicious` : lane.title;
      context.fillText(name, width < 600 ? 2 : 0, width < 600 ? lane.y - 21 : lane.y);
    }
    if (firstQuiet > 0) {
      const y = lanes[firstQuiet].y - laneHeight * (width < 600 ? 0.95 : 0.75);
      context.strokeStyle = quiet;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.stroke();
    }
  }

  const tell = debounce(() => {
    const [a, b] = view.domain().map(Number);
    inView = events.filter(event => event.until >= a && event.at <= b);
    const risky = inView.filter(event => event.risky).length;
    const undated = data.undated ? `; ${counted(data.undated, 'event')} without a time not shown` : '';
    const more = d3.sum(unlisted.filter(one => one.until > a && one.at <= b), one => one.count);
    const moreText = more ? `; ${whole(more)} more counted and not listed` : '';
    status.textContent = `${counted(inView.length, 'event')} in view, ${whole(risky)} malicious: ${moment(a)} to ${moment(b)}${moreText}${undated}`;
    list.replace(inView.map(event => [iso(event.at), event.until === event.at ? null : iso(event.until), event.kind, event.risky, event.who, event.what, event.place]));
    section.dataset.settled = 'yes';
  }, 200);
  const iso = ms => new Date(ms).toISOString().replace('.000Z', 'Z');

  function nearest(event) {
    const [x, y] = d3.pointer(event, canvas);
    return marks.find(mark => Math.hypot(mark.x - x, mark.y - y) <= Math.max(mark.r, 8) + 2);
  }

  canvas.addEventListener('pointermove', event => {
    const mark = nearest(event);
    canvas.classList.toggle('hit', Boolean(mark));
    tip.hidden = !mark;
    if (!mark) return;
    const title = mark.total === 1 && !mark.unlisted ? moment(mark.from) : `${counted(mark.total, mark.lane.kind)}, ${moment(mark.from)} to ${moment(mark.to)}`;
    const lines = mark.events.slice(0, 4).map(one => element('div', {}, [one.who, one.what, one.place].filter(Boolean).join(' · ')));
    tip.replaceChildren(element('strong', {}, title), ...lines, mark.unlisted ? element('div', { class: 'quiet' }, `${whole(mark.unlisted)} of them counted and not listed`) : '', mark.events.length > 4 ? element('div', { class: 'quiet' }, 'click to zoom in') : '');
    const box = canvas.parentElement.getBoundingClientRect();
    const x = Math.min(event.clientX - box.left + 12, box.width - tip.offsetWidth - 4);
    tip.style.left = `${Math.max(0, x)}px`;
    tip.style.top = `${event.clientY - box.top + 14}px`;
  });
  canvas.addEventListener('pointerleave', () => { tip.hidden = true; });
  canvas.addEventListener('click', event => {
    const mark = nearest(event);
    if (!mark) return;
    if (mark.events.length === 1 && !mark.unlisted) openEvent(mark.events[0]);
    else show(mark.from, mark.to);
  });

  /** Zooms to a span of time. */
  function show(a, b) {
    const range = full.copy().range([left, width - 12]);
    const room = Math.max((b - a) * 0.1, 30_000);
    const [x0, x1] = [range(a - room), range(b + room)];
    const [, most] = zoom.scaleExtent();
    const k = Math.min(most, (width - 12 - left) / (x1 - x0));
    zoom.transform(picture, d3.zoomIdentity.translate(left - k * x0, 0).scale(k));
  }

  const step = {
    in: () => zoom.scaleBy(picture, 1.6),
    out: () => zoom.scaleBy(picture, 1 / 1.6),
    left: () => zoom.translateBy(picture, (width - left) / 5 / d3.zoomTransform(canvas).k, 0),
    right: () => zoom.translateBy(picture, -(width - left) / 5 / d3.zoomTransform(canvas).k, 0),
    all: () => zoom.transform(picture, d3.zoomIdentity),
  };
  const keys = { '+': 'in', '=': 'in', '-': 'out', ArrowLeft: 'left', ArrowRight: 'right', Home: 'all', 0: 'all' };
  canvas.addEventListener('keydown', event => {
    const action = step[keys[event.key]];
    if (!action || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    action();
  });
  for (const button of section.querySelectorAll('[data-zoom]')) button.addEventListener('click', step[button.dataset.zoom]);
  const risky = events.filter(event => event.risky);
  const toRisky = byId('timeline-risky');
  toRisky.hidden = !risky.length;
  toRisky.addEventListener('click', () => show(d3.min(risky, event => event.at), d3.max(risky, event => event.until)));

  canvas.setAttribute('aria-label', `Timeline. ${lanes.map(lane => `${lane.risky ? 'malicious ' : ''}${lane.title.toLowerCase()}: ${lane.total}`).join('; ')}. The table below lists the events in view.`);
  repaint.push(draw);
  new ResizeObserver(debounce(resize, 50)).observe(canvas.parentElement);
  resize();
}
