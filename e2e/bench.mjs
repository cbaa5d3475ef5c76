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

/** Binary STL of a ball of about `n` triangles. */
function ball(n) {
  const rows = Math.round(Math.sqrt(n / 4)) + 1;
  const columns = 2 * (rows - 1);
  const at = (i, j) => {
    // One point, not a ring of nearly equal ones.
    if (i === rows) return [0, 0, -30];
    const [u, v] = [Math.PI * i / rows, 2 * Math.PI * (j % columns) / columns];
    return [30 * Math.sin(u) * Math.cos(v), 30 * Math.sin(u) * Math.sin(v), 30 * Math.cos(u)];
  };
  const triangles = [];
  for (let i = 0; i < rows; i += 1) {
    for (let j = 0; j < columns; j += 1) {
      const [a, b, c, d] = [at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1)];
      if (i + 1 < rows) triangles.push([a, b, c]);
      if (i > 0) triangles.push([a, c, d]);
    }
  }
  const bytes = Buffer.alloc(84 + 50 * triangles.length);
  bytes.writeUInt32LE(triangles.length, 80);
  triangles.forEach((t, i) => t.flat().forEach((x, k) => bytes.writeFloatLE(x, 84 + 50 * i + 12 + 4 * k)));
  return { bytes, count: triangles.length };
}

/** In the page, before its own scripts: counts what is drawn and sent to the GPU, and how long a frame holds the main thread. */
function meter() {
  const m = { frames: [], draws: 0, uploads: 0 };
  window.meter = m;
  const count = (names, key) => names.forEach((name) => {
    const real = WebGL2RenderingContext.prototype[name];
    WebGL2RenderingContext.prototype[name] = function counted(...rest) { m[key] += 1; return real.apply(this, rest); };
  });
  count(['drawArrays', 'drawElements', 'drawArraysInstanced', 'drawElementsInstanced'], 'draws');
  count(['bufferData', 'bufferSubData', 'texImage2D', 'texSubImage2D'], 'uploads');
  const real = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (f) => real((time) => {
    const [draws, start] = [m.draws, performance.now()];
    f(time);
    if (m.draws > draws) m.frames.push([performance.now() - start, m.draws - draws]);
  });
}

/** Turns the model with the mouse; the main thread's milliseconds and the draw calls of the frames meanwhile. */
async function turn(page) {
  const box = await page.getByTestId('viewport').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  await page.mouse.move(x, y);
  await page.mouse.down({ button: 'right' });
  await page.mouse.move(x + 5, y);
  await page.evaluate(() => { window.meter.frames = []; });
  for (let i = 1; i <= 60; i += 1) {
    await page.mouse.move(x + 5 + 4 * i, y + i);
    await page.evaluate(() => new Promise((r) => requestAnimationFrame(r)));
  }
  await page.mouse.up({ button: 'right' });
  const frames = await page.evaluate(() => window.meter.frames);
  return { ms: median(frames.map((f) => f[0])), draws: Math.max(...frames.map((f) => f[1])), n: frames.length };
}

/** A view of half a million triangles: how long a frame holds the main thread, and whether an idle one rests. */
async function viewport(browser, server, storageState) {
  const context = await browser.newContext({ baseURL: server.url, viewport: { width: 1440, height: 900 }, storageState });
  const page = await context.newPage();
  await page.addInitScript(meter);
  const [project] = await (await context.request.get('/api/projects')).json();
  const made = await context.request.post('/api/designs', {
    headers: { origin: server.url }, data: { project: project.id, name: 'Half a million', template: 'empty' },
  });
  await page.goto(`/design/${(await made.json()).id}`);
  await page.getByTestId('add-feature').click();
  await page.getByTestId('feature-import').click();
  const { bytes, count } = ball(500_000);
  await page.getByTestId('import-file').setInputFiles({ name: 'ball.stl', mimeType: 'model/stl', buffer: bytes });
  await page.getByTestId('import-submit').click();
  await page.locator('[data-testid=viewport][data-built=true]:not([data-bodies="0"])').waitFor({ timeout: 120_000 });
  // The search trees for picking are built in the frames after the first.
  await page.waitForTimeout(4_000);
  const plain = await turn(page);
  await page.getByTestId('section').click();
  await page.waitForTimeout(2_000);
  const cut = await turn(page);
  await page.mouse.move(5, 5);
  await page.waitForTimeout(2_000);
  const idle = await page.evaluate(async () => {
    const before = [window.meter.draws, window.meter.uploads];
    await new Promise((r) => setTimeout(r, 3_000));
    return [window.meter.draws - before[0], window.meter.uploads - before[1]];
  });
  await context.close();
  figure(`viewport, ${count} triangles: main thread per frame, p50`, plain.ms, 'ms', 4);
  figure(`viewport, ${count} triangles, cut: main thread per frame, p50`, cut.ms, 'ms', 4);
  figure('viewport: draw calls per frame, largest', Math.max(plain.draws, cut.draws), '', 200);
  figure('viewport idle for 3 s: draw calls', idle[0], '', 0);
  figure('viewport idle for 3 s: uploads', idle[1], '', 0);
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

  await viewport(browser, server, await a.context.storageState());
} finally {
  await browser.close();
  await server.stop();
}
