// What people wait for, measured in a real browser on the release build. Prints one JSON line a figure, as `cargo xtask bench` reads.
import { launch, person, startServer } from './support.mjs';

const ROUNDS = 15;

function figure(name, value, unit, target) {
  console.log(JSON.stringify({ name, value, unit, target, better: 'lower' }));
}

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

/** Sets a parameter and waits for the scene it gives; returns the milliseconds the geometry worker took. */
async function rebuild(page, parameter, text) {
  await page.evaluate(() => performance.clearMeasures('rebuild'));
  const field = page.locator(`[data-testid=parameter-row][data-name=${parameter}] input`).nth(1);
  await field.fill(text);
  await field.press('Enter');
  const handle = await page.waitForFunction(() => performance.getEntriesByName('rebuild')[0]?.duration);
  return handle.jsonValue();
}

/** Milliseconds from the start of navigation until a scene was drawn, and the compressed bytes that came before it. */
async function coldView(browser, url) {
  const c = await person(browser, url);
  const client = await c.context.newCDPSession(c.page);
  await client.send('Network.enable');
  const kinds = new Map();
  const bytes = { code: 0, mesh: 0, other: 0 };
  client.on('Network.responseReceived', ({ requestId, response }) => {
    const path = new URL(response.url).pathname;
    kinds.set(requestId, /\.(js|wasm|css)$/.test(path) ? 'code' : /\/scene$/.test(path) ? 'mesh' : 'other');
  });
  client.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    bytes[kinds.get(requestId) ?? 'other'] += encodedDataLength;
  });
  await c.page.goto(url, { waitUntil: 'commit' });
  const handle = await c.page.waitForFunction(() => {
    const view = document.querySelector('[data-testid=viewport]');
    if (!view || !Number(view.dataset.bodies)) return false;
    // One frame uploads, the next is seen.
    return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now()))));
  });
  const ms = await handle.jsonValue();
  await c.context.close();
  return { ms, bytes };
}

const server = await startServer();
const browser = await launch();
try {
  const a = await person(browser, server.url);
  await a.context.request.post('/api/auth/signup', {
    headers: { origin: server.url },
    data: { name: 'Ada Byron', email: 'ada@example.com', password: 'a long enough password' },
  });
  await a.page.goto('/');
  await a.page.getByRole('link', { name: /Open .*bracket/i }).first().click();
  await a.page.waitForURL(/\/design\//);
  const design = a.page.url().split('/design/')[1].split(/[?#]/)[0];
  await a.page.locator('[data-testid=viewport][data-built=true]:not([data-bodies="0"])').waitFor({ timeout: 60_000 });

  const all = [];
  const last = [];
  for (let i = 0; i < ROUNDS; i += 1) {
    // `depth` shapes the first feature, `row_spacing` only the last.
    all.push(await rebuild(a.page, 'depth', `${80 + 0.37 * (i + 1)} mm`));
    last.push(await rebuild(a.page, 'row_spacing', `${34 + 0.13 * (i + 1)} mm`));
  }
  figure('demo bracket in the browser: full rebuild, p50', median(all), 'ms', 250);
  figure('demo bracket in the browser: last feature only, p50', median(last), 'ms', 80);

  await a.page.locator('[data-testid=studies-section] [data-testid=tree-row]').first().click();
  const run = a.page.locator('[data-testid=run]:not([disabled])');
  await run.waitFor({ timeout: 60_000 });
  const started = Date.now();
  await run.click();
  await a.page.getByTestId('legend').waitFor({ timeout: 60_000 });
  await a.page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
  figure('run pressed to first field on screen, demo bracket', (Date.now() - started) / 1000, 's', 1.5);
  await a.page.getByTestId('progress').waitFor({ state: 'detached', timeout: 120_000 });

  const made = await a.context.request.post(`/api/designs/${design}/shares`, {
    headers: { origin: server.url }, data: { label: 'Bench', days: 1 },
  });
  const { link } = await made.json();
  const views = [];
  for (let i = 0; i < 5; i += 1) views.push(await coldView(browser, link));
  figure('shared view, cold, loopback: first 3D frame, p50', median(views.map((v) => v.ms)) / 1000, 's', 1.5);
  figure('shared view: compressed code before the first frame', median(views.map((v) => v.bytes.code)) / 1000, 'KB', 500);
  figure('shared view: mesh before the first frame', median(views.map((v) => v.bytes.mesh)) / 1000, 'KB', 300);
} finally {
  await browser.close();
  await server.stop();
}
