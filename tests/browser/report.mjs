// The report, opened from disk in a real Chromium: nothing goes to the network, nothing hostile runs, and what it shows
// can be sorted, filtered, searched, copied, read by keyboard and printed.
//
// Takes CHROMIUM. With SCREENSHOTS=DIR it leaves pictures.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'linktrail-report-'));
const target = resolve(root, process.env.CARGO_TARGET_DIR ?? 'target');
const demo = join(folder, 'demo.html');
let browser;

function linktrail(...args) {
  const ran = execFileSync(join(target, 'debug/linktrail'), args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  return ran;
}

function synthetic(messages) {
  const file = join(folder, `${messages}.html`);
  execFileSync(join(target, 'debug/examples/report_synthetic'), [String(messages), file], { stdio: ['ignore', 'pipe', 'pipe'] });
  return file;
}

before(async () => {
  try {
    linktrail('load', '--demo', '--no-neo4j', '--case', 'case');
  } catch (error) {
    // 3: complete but for the gap that belongs to the demo.
    assert.equal(error.status, 3, error.stderr);
  }
  linktrail('report', '--case', 'case', '--out', demo);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
});
after(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a report and fails the test on any message of the console, any request, any dialog. */
async function open(file, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, permissions: ['clipboard-read', 'clipboard-write'], ...options });
  const page = await context.newPage();
  page.problems = [];
  page.on('console', message => page.problems.push(message.text()));
  page.on('pageerror', error => page.problems.push(error.stack));
  page.on('dialog', dialog => { page.problems.push(dialog.message()); dialog.dismiss(); });
  page.on('request', request => { if (request.url() !== pathToFileURL(file).href) page.problems.push(request.url()); });
  await page.goto(pathToFileURL(file).href);
  await page.waitForFunction(() => document.documentElement.dataset.ready === 'yes');
  return page;
}

/** Scrolls to a picture and waits until it is drawn. */
async function near(page, id) {
  await page.locator(`#${id}`).evaluate(section => section.scrollIntoView({ behavior: 'instant' }));
  await settled(page, id);
}

const settled = (page, id) => page.locator(`#${id}[data-settled=yes]`).waitFor({ state: 'attached' });

async function picture(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`) });
}

const done = async page => {
  assert.deepEqual(page.problems, []);
  await page.context().close();
};

test('the sentence, the gap and the figures stand in the page without a script', async () => {
  const page = await open(demo);
  const text = await page.locator('main').innerText();
  assert.match(text, /malicious URL\(s\) sent by \d+ user\(s\)/);
  assert.match(text, /Missing: what stands below is not complete/);
  await done(page);

  const context = await browser.newContext({ javaScriptEnabled: false });
  const bare = await context.newPage();
  await bare.goto(pathToFileURL(demo).href);
  const alone = await bare.locator('main').innerText();
  for (const part of ['malicious URL(s) sent by', 'Missing: what stands below', 'malicious urls in messages', 'need JavaScript']) {
    assert(alone.includes(part), part);
  }
  await context.close();
});

test('no url can be clicked, and none stands in the file as it was sent', async () => {
  const page = await open(demo);
  await near(page, 'timeline');
  await near(page, 'graph');
  const targets = await page.locator('a[href], area[href], form[action], [src]').evaluateAll(all => all.map(one => one.getAttribute('href') ?? one.getAttribute('src')));
  assert(targets.length > 5);
  for (const link of targets) assert.match(link, /^#/);
  assert.doesNotMatch(await page.locator('body').innerText(), /https?:\/\//);
  await done(page);
});

test('tables sort, filter, page and copy', async () => {
  const page = await open(demo);
  const table = page.locator('#table-message-timeline');
  const cells = column => table.locator(`tbody tr td:nth-child(${column})`).allInnerTexts();
  const status = table.locator('[role=status]');
  const all = Number((await status.innerText()).match(/^([\d,]+) rows/)[1].replace(',', ''));
  assert(all > 100, `${all} rows`);

  await table.getByRole('button', { name: 'sender' }).click();
  const up = await cells(3);
  assert.deepEqual(up, [...up].sort(new Intl.Collator('en', { numeric: true }).compare));
  assert.equal(await table.locator('th').nth(2).getAttribute('aria-sort'), 'ascending');
  await table.getByRole('button', { name: 'sender' }).click();
  assert.equal(await table.locator('th').nth(2).getAttribute('aria-sort'), 'descending');
  assert.notDeepEqual(await cells(3), up);

  await table.locator('input[type=search]').fill('malicious-never-there');
  await table.getByText('No row matches the filter.').waitFor();
  await table.locator('input[type=search]').fill('malicious');
  await table.getByText('No row matches the filter.').waitFor({ state: 'detached' });
  const risky = await table.locator('tbody tr').count();
  assert(risky > 0 && (await cells(2)).every(text => text === 'malicious'));

  await table.getByRole('button', { name: 'Copy as CSV' }).click();
  await table.getByRole('button', { name: 'Copied' }).waitFor();
  const csv = await page.evaluate(() => navigator.clipboard.readText());
  const [head, ...lines] = csv.trimEnd().split('\r\n');
  assert.equal(head, 'at,risky,sender,place,url');
  assert(lines.length >= risky && lines.every(line => line.includes(',true,')));

  await table.locator('input[type=search]').fill('');
  await page.waitForFunction(all => document.querySelector('#table-message-timeline [role=status]').textContent.startsWith(`${all} rows`), String(all));
  assert.equal(await table.locator('tbody tr').count(), 25);
  await table.getByRole('button', { name: /^Next page/ }).click();
  await table.getByText(/^page 2 of/).waitFor();
  await done(page);
});

test('each row on the first page of each table opens its evidence, down to journal records', async () => {
  const page = await open(demo);
  const tables = await page.locator('#tables .hunt').all();
  assert(tables.length >= 11, `${tables.length} tables`);
  for (const table of tables) {
    const name = await table.getAttribute('id');
    const buttons = await table.locator('button.evidence').all();
    assert(buttons.length > 0, `${name} has rows in the demo`);
    for (const button of buttons) {
      await button.click();
      const dialog = page.locator('dialog#evidence');
      await dialog.waitFor();
      assert.match(await dialog.innerText(), /[0-9A-Z]{26}\/\d+/, `${name} names a record`);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'hidden' });
    }
  }
  await done(page);
});

test('the command that the evidence shows prints that evidence', async () => {
  const page = await open(demo);
  await page.locator('#table-risky-messages button.evidence').first().click();
  const command = await page.locator('#evidence .command code').first().innerText();
  const [program, verb, ...words] = command.match(/"[^"]*"|\S+/g).map(word => word.replaceAll('"', ''));
  assert.deepEqual([program, verb], ['linktrail', 'evidence']);
  const printed = linktrail('evidence', ...words, '--case', 'case');
  const record = await page.locator('#evidence .records code').first().innerText();
  assert(printed.includes(record), `${record} in ${printed}`);
  await done(page);
});

test('the timeline zooms by button, key and mark, and lists what is in view', async () => {
  const page = await open(demo);
  await near(page, 'timeline');
  const inView = async () => {
    await settled(page, 'timeline');
    return Number((await page.locator('#timeline-status').innerText()).match(/^([\d,]+) event/)[1].replace(',', ''));
  };
  const all = await inView();
  assert(all > 100);
  await page.locator('#timeline-risky').click();
  const risky = await inView();
  assert(risky > 0 && risky < all, `${risky} of ${all}`);
  await page.locator('#timeline-canvas').focus();
  await page.keyboard.press('Home');
  assert.equal(await inView(), all);
  for (let press = 0; press < 5; press += 1) await page.keyboard.press('+');
  assert(await inView() < all);
  await page.locator('#timeline [data-zoom=all]').click();
  assert.equal(await inView(), all);
  await picture(page, 'report-timeline');
  await page.locator('#timeline-list button.evidence').first().click();
  await page.locator('dialog#evidence').getByText('What it rests on').waitFor();
  await done(page);
});

test('the graph can be searched, and walked by keyboard', async () => {
  const page = await open(demo);
  await near(page, 'graph');
  const nodes = page.locator('#graph-figure .node');
  assert(await nodes.count() >= 10);
  assert.equal(await page.locator('#graph-figure .node[tabindex="0"]').count(), 1, 'one stop for Tab');
  await page.locator('#graph-figure .node[tabindex="0"]').focus();
  await page.keyboard.press('Enter');
  const first = await page.locator('#graph-panel h3').innerText();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  assert.notEqual(await page.locator('#graph-panel h3').innerText(), first);
  await page.keyboard.press('Escape');
  const url = (await page.locator('#table-suspicious-urls tbody td.url').first().innerText()).slice(0, 30);
  await page.locator('#graph-search').fill(url);
  await page.getByText(/^\d+ match/).waitFor();
  assert(await page.locator('#graph-figure .node.found').count() > 0);
  await done(page);
});

test('light and dark, wide and narrow', async () => {
  for (const colorScheme of ['light', 'dark']) {
    for (const [name, width] of [['desktop', 1280], ['phone', 390]]) {
      const page = await open(demo, { colorScheme, viewport: { width, height: 900 } });
      await near(page, 'timeline');
      await near(page, 'graph');
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      assert(wide <= width, `${wide} pixels on a screen of ${width}`);
      await picture(page, `report-graph-${colorScheme}-${name}`);
      await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
      await picture(page, `report-${colorScheme}-${name}`);
      await done(page);
    }
  }
  const page = await open(demo, { colorScheme: 'light' });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await page.locator('#theme').selectOption('dark');
  assert.notEqual(await paper(), light);
  await done(page);
});

test('text has contrast enough in both themes', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const page = await open(demo, { colorScheme });
    const ratios = await page.evaluate(() => {
      const luminance = text => {
        const [r, g, b] = text.match(/\d+(\.\d+)?/g).slice(0, 3).map(Number).map(n => n / 255)
          .map(n => (n <= 0.03928 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const behind = node => {
        for (let at = node; at; at = at.parentElement) {
          const paint = getComputedStyle(at).backgroundColor;
          if (!/, 0\)$|transparent/.test(paint)) return paint;
        }
        return 'rgb(255, 255, 255)';
      };
      return [...document.querySelectorAll('main *')].filter(node => node.checkVisibility() && [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
        .map(node => {
          const [a, b] = [luminance(getComputedStyle(node).color), luminance(behind(node))].sort((x, y) => y - x);
          return [(a + 0.05) / (b + 0.05), node.outerHTML.slice(0, 80)];
        });
    });
    assert(ratios.length > 100);
    const [least, where] = ratios.reduce((a, b) => (a[0] < b[0] ? a : b));
    assert(least >= 4.5, `${least.toFixed(2)} in ${colorScheme}: ${where}`);
    await done(page);
  }
});

test('a screen reader finds names and places', async () => {
  const page = await open(demo);
  await near(page, 'timeline');
  await near(page, 'graph');
  const nameless = await page.locator('button, input, select, canvas, dialog, [role=button], [role=img], [role=region]').evaluateAll(all => all
    .filter(one => !(one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.textContent.trim() || one.labels?.length))
    .map(one => one.outerHTML.slice(0, 100)));
  assert.deepEqual(nameless, []);
  assert.equal(await page.locator('main').count(), 1);
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  const levels = await page.locator('h1, h2, h3, h4').evaluateAll(all => all.filter(one => one.checkVisibility()).map(one => Number(one.tagName[1])));
  levels.reduce((last, level) => {
    assert(level <= last + 1, `a heading of level ${level} after one of level ${last}`);
    return level;
  });
  await done(page);
});

test('printed, it has every section and no controls', async () => {
  const page = await open(demo, { colorScheme: 'dark' });
  const pdf = await page.pdf({ format: 'A4' });
  assert(pdf.length > 50_000);
  if (process.env.SCREENSHOTS) writeFileSync(join(process.env.SCREENSHOTS, 'report.pdf'), pdf);
  await page.emulateMedia({ media: 'print' });
  assert.equal(await page.locator('.bar:visible, nav:visible, button.evidence:visible').count(), 0);
  for (const part of ['#missing', '#timeline-canvas', '#graph-figure svg .node', '#tables tbody tr']) {
    assert(await page.locator(part).first().isVisible(), part);
  }
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const ink = await page.evaluate(() => {
    window.dispatchEvent(new Event('beforeprint'));
    return [colour('ink'), colour('paper')];
  });
  assert.deepEqual(ink, ['#1a1c20', '#ffffff'], 'dark on white, whatever the screen has');
  await done(page);
});

/** The demo's report with every text in its data made hostile. */
function hostile() {
  const file = join(folder, 'hostile.html');
  const page = readFileSync(demo, 'utf8');
  const [, block] = page.match(/<script type="text\/plain" id="data">([^<]*)</);
  const texts = [
    '<img src=x onerror="alert(1)">', '</script><script>alert(2)</script>', '"><svg onload=alert(3)>', "');alert(4)//",
    '=HYPERLINK("hxxps://evil[.]example")', '\u202egnp.exe', '\u0000\u001b[31m', 'javascript:alert(5)', '{{7*7}}', 'a\nb',
  ];
  let count = 0;
  const spoil = value => {
    if (typeof value === 'string') return `${texts[count++ % texts.length]} ${value}`;
    if (Array.isArray(value)) return value.map(spoil);
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spoil(inner)]));
    return value;
  };
  const data = JSON.parse(gunzipSync(Buffer.from(block, 'base64')));
  for (const table of data.tables) table.rows = table.rows.map(row => row.map((cell, at) => (table.kinds[at] === 'time' ? cell : spoil(cell))));
  data.timeline = data.timeline.map(([at, until, kind, risky, who, what, refs, place]) => [at, until, kind, risky, spoil(who), spoil(what), refs, spoil(place)]);
  for (const node of data.network.nodes) node.caption = spoil(node.caption);
  data.things = data.things.map(thing => ({ ...thing, id: spoil(thing.id), properties: spoil(thing.properties), excerpts: spoil(thing.excerpts) }));
  for (const record of Object.values(data.records)) record.url = spoil(record.url);
  const packed = gzipSync(JSON.stringify(data)).toString('base64');
  writeFileSync(file, page.replace(block, packed));
  return file;
}

test('hostile names and bodies are shown as texts', async () => {
  const page = await open(hostile());
  await near(page, 'timeline');
  await near(page, 'graph');
  assert.equal(await page.locator('img, iframe, script:not([id]):not(:nth-last-of-type(-n+2)), svg[onload], [onerror]').count(), 0);
  const table = page.locator('#table-risky-messages');
  await table.getByText('<img src=x onerror="alert(1)">').first().waitFor();
  await page.getByText('⟨U+202E⟩gnp.exe').first().waitFor();
  assert.doesNotMatch(await page.locator('body').innerText(), /[\u202e\0\u001b]/);
  for (const button of await page.locator('#tables button.evidence').all()) {
    await button.click();
    await page.locator('#evidence').waitFor();
    await page.keyboard.press('Escape');
  }
  await page.locator('#graph-search').fill('alert');
  await page.getByText(/^\d+ match/).waitFor();
  await page.locator('#table-message-timeline').getByRole('button', { name: 'Copy as CSV' }).click();
  await page.locator('#table-message-timeline').getByRole('button', { name: 'Copied' }).waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert(copied.includes(`"'=HYPERLINK(`), 'a formula is disarmed');
  assert.doesNotMatch(copied, /[\u202e\0\u001b]/);
  await done(page);
});

test('messages from outside: who received, clicked and reported them, and what was taken away', async () => {
  const file = join(folder, 'outside.html');
  execFileSync(join(target, 'debug/examples/report_outside'), [file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const page = await open(file);
  const figures = await page.locator('.figures').innerText();
  for (const figure of [/9\s+people who received one in a chat/, /2\s+people who reported one/, /1 of 6\s+malicious messages taken away again/]) assert.match(figures, figure);
  await near(page, 'timeline');
  const lanes = await page.locator('#timeline-canvas').getAttribute('aria-label');
  for (const lane of ['malicious reports: 2', 'malicious removals: 1', 'malicious redirects: 2']) assert(lanes.includes(lane), lanes);
  await picture(page, 'report-outside-timeline');

  await near(page, 'graph');
  const kinds = await page.locator('#graph-figure line').evaluateAll(lines => lines.map(line => line.getAttribute('class')));
  const number = kind => kinds.filter(found => found === kind).length;
  assert.deepEqual(['received', 'clicked', 'reported', 'redirects_to'].map(number), [9, 2, 2, 2]);
  // Who did something is seen even where several lines run between the same two nodes.
  assert.equal(kinds.at(-1), 'clicked');
  const ends = await page.locator('#graph-figure line').evaluateAll(lines => lines.map(line => ['x1', 'y1', 'x2', 'y2'].map(at => Math.round(line.getAttribute(at))).join(' ')));
  assert.equal(new Set(ends).size, ends.length, 'no line hides another');
  const styles = await page.locator('.legend .line i').evaluateAll(all => all.map(one => { const { borderTopStyle, borderTopColor } = getComputedStyle(one); return `${borderTopStyle} ${borderTopColor}`; }));
  assert.equal(new Set(styles).size, 5, styles.join());
  await picture(page, 'report-outside-graph');
  await page.getByRole('button', { name: /^User Help Desk, from outside/ }).click();
  await page.locator('#graph-panel').getByText('from outside').waitFor();
  await page.getByRole('button', { name: /^Url hxxps:..login/ }).click();
  const told = await page.locator('#graph-panel').innerText();
  for (const part of ['user, received, 1 message', 'user, clicked, 1 click', 'user, reported, 1 message', 'url, redirects to, 2 clicks']) assert(told.includes(part), `${part}: ${told}`);

  const head = await page.locator('#table-risky-messages th').allInnerTexts();
  assert.deepEqual(head.map(name => name.trim()).slice(5, 9), ['recipients', 'delivery', 'removed', 'message']);
  assert.match(await page.locator('#table-risky-messages').innerText(), /Quarantine\s+2026-11-02 09:52/);
  assert.match(await page.locator('#table-risky-users').innerText(), /external/);
  await done(page);
});

test('ten messages and fifty thousand', async t => {
  const small = await open(synthetic(10));
  await done(small);

  const file = synthetic(50_000);
  const began = performance.now();
  const page = await open(file);
  const opened = performance.now() - began;
  await near(page, 'timeline');
  await near(page, 'graph');
  const nodes = await page.locator('#graph-figure .node').count();
  assert(nodes > 100 && nodes <= 500, `${nodes} nodes`);
  await picture(page, 'report-graph-500');
  t.diagnostic(`${(statSync(file).size / 1e6).toFixed(1)} MB open after ${opened.toFixed(0)} ms`);
  const { harmless, counts, span } = await page.evaluate(() => data.unlisted);
  assert(harmless > 40_000, `${harmless} harmless messages are only counted`);
  assert.equal(span, 3_600_000);
  assert.equal(counts.reduce((sum, [, , , count]) => sum + count, 0), harmless);
  const told = `${harmless.toLocaleString('en')} harmless messages are counted in the chart and not listed`;
  assert((await page.locator('#timeline-unlisted').innerText()).startsWith(told), told);
  const status = await page.locator('#timeline-status').innerText();
  assert(status.includes(`${harmless.toLocaleString('en')} more counted and not listed`), status);
  const messages = await page.evaluate(() => data.timeline.filter(([, , kind, risky]) => kind === 'message' && !risky).length);
  const label = await page.locator('#timeline-canvas').getAttribute('aria-label');
  assert(label.includes(`; messages: ${messages + harmless}`), label);
  assert.match(await page.locator('#table-message-timeline .unlisted').innerText(), /have no row here/);
  const rows = page.locator('#table-message-timeline [role=status]');
  const all = await rows.textContent();
  await page.locator('#table-message-timeline input[type=search]').fill('amara');
  await page.waitForFunction(before => document.querySelector('#table-message-timeline [role=status]').textContent !== before, all);
  await done(page);
});
