'use strict';
// What the other scripts of the page share: the data, and a way to build elements in which a text is never markup.

const byId = id => document.getElementById(id);

let data;

/** Reads the data, which stands in the page as JSON, compressed by gzip, in base64. */
async function readData() {
  const text = atob(byId('data').textContent);
  // A loop, since Uint8Array.from() takes thirty times as long.
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  data = JSON.parse(await new Response(stream).text());
}

/** Characters that are not seen or turn a line around, by their number: an analyst wants to know that they are there. */
const visible = text => text.replace(/[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
  sign => `⟨U+${sign.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`);

/** An element with attributes, listeners (`on…`) and children; a child that is a text stays one. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? '' : visible(String(value)));
  }
  made.append(...children.filter(child => child !== null && child !== undefined)
    .map(child => (typeof child === 'string' ? visible(child) : child)));
  return made;
}

const svgElement = (name, attributes = {}) => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
};

const numbers = new Intl.NumberFormat('en');
const whole = n => numbers.format(n);

/** `one thing`, `2 things`. */
const counted = (n, one, many = `${one}s`) => `${whole(n)} ${n === 1 ? one : many}`;

/** A moment as everything in the report shows it: UTC, to the second. */
const moment = ms => new Date(ms).toISOString().replace('T', ' ').replace(/\.\d+Z$/, ' UTC');

/** Calls `action` once things have been quiet for a while. */
function debounce(action, wait = 150) {
  let timer;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait);
  };
}

/** Says something to a screen reader. */
function announce(text) {
  byId('announcer').textContent = text;
}

/** The value of a colour of the style sheet, as the theme in force has it. */
const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** What to do when the colours change: pictures drawn by a script do not follow by themselves. */
const repaint = [];

/** Does something when a section comes near the screen, or is about to be printed. */
function whenNear(section, action) {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    observer.disconnect();
    action();
  };
  const observer = new IntersectionObserver(entries => {
    if (entries.some(entry => entry.isIntersecting)) once();
  }, { rootMargin: '400px' });
  observer.observe(section);
  window.addEventListener('beforeprint', once);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page opened from disk may not be allowed to: the reader copies by hand.
    const area = element('textarea', { readonly: true, rows: 12, 'aria-label': 'Text to copy' });
    area.value = text;
    const dialog = element('dialog', { class: 'copy' },
      element('p', {}, 'The browser does not let this page copy. Press Ctrl+C, then Escape.'), area);
    dialog.addEventListener('close', () => dialog.remove());
    document.body.append(dialog);
    dialog.showModal();
    area.focus();
    area.select();
    return false;
  }
  return true;
}
