// What every walk needs: a server of its own, browser contexts that remember their console, pictures that are kept.
import { spawn } from 'node:child_process';
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, dirname } from 'node:path';
import { after, before } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const here = dirname(fileURLToPath(import.meta.url));
export const artefacts = join(here, 'artefacts');

export const desktop = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

function need(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the walks through 'cargo xtask test browser'`);
  return value;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Starts the real binary on an empty data folder; `stop` ends it and removes the folder. */
export async function startServer(options = []) {
  const data = await mkdtemp(join(tmpdir(), 'brunel-walk-'));
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const child = spawn(
    need('BRUNEL_SERVER'),
    ['serve', '--bind', `127.0.0.1:${port}`, '--data', data, '--assets', need('BRUNEL_ASSETS'), ...options],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, RUST_LOG: process.env.RUST_LOG ?? 'info' } },
  );
  let log = '';
  const keep = (chunk) => { log = (log + chunk).slice(-200_000); };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const deadline = Date.now() + 30_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${log}`);
    const healthy = await fetch(`${url}/healthz`).then((r) => r.ok, () => false);
    if (healthy) break;
    if (Date.now() > deadline) throw new Error(`the server does not answer:\n${log}`);
    await new Promise((r) => setTimeout(r, 100));
  }
  return {
    url,
    data,
    pid: child.pid,
    log: () => log,
    async stop() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
      await ended;
      clearTimeout(timer);
      await rm(data, { recursive: true, force: true });
    },
  };
}

export function launch() {
  return chromium.launch({
    executablePath: need('BRUNEL_CHROMIUM'),
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
}

/** The pictures in view are there, or do not come: the server draws them when they are first asked for. */
function pictured(page) {
  return page.evaluate(() => {
    const inView = (i) => { const { top, bottom } = i.getBoundingClientRect(); return bottom > 0 && top < innerHeight; };
    const due = [...document.images].filter((i) => !i.complete && inView(i));
    const all = due.map((i) => new Promise((done) => { i.addEventListener('load', done); i.addEventListener('error', done); }));
    return Promise.race([Promise.all(all), new Promise((done) => setTimeout(done, 10_000))]).then(() => {});
  });
}

/**
 * A person at a browser: an own context (cookies, storage), one page, and a record of everything that went wrong in its
 * console. `expected` are patterns of messages a walk provokes on purpose (a cut network, a refused request).
 * `storageState` is that of another context, for the same person on another device.
 */
export async function person(browser, url, { viewport = desktop, colorScheme = 'light', storageState } = {}) {
  const context = await browser.newContext({
    baseURL: url, viewport, colorScheme, storageState, hasTouch: viewport.width < 600, isMobile: viewport.width < 600,
    deviceScaleFactor: viewport.width < 600 ? 2 : 1, permissions: ['clipboard-read', 'clipboard-write'],
  });
  const faults = [];
  const watch = (page) => {
    page.on('console', (m) => { if (m.type() === 'error') faults.push(`console: ${m.text()} ${m.location().url}`); });
    page.on('pageerror', (e) => faults.push(`exception: ${e.message}`));
  };
  context.on('page', watch);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  return {
    context,
    /** The person's current tab; a walk that closes it puts the next one here. */
    page,
    faults: (expected = []) => faults.filter((f) => !expected.some((e) => e.test(f))),
    async shot(name) {
      await mkdir(artefacts, { recursive: true });
      await pictured(this.page);
      await this.page.screenshot({ path: join(artefacts, `${name}.png`) });
    },
  };
}

/**
 * What a walk stands on: a server and a browser from before its first step until after its last, and people at it. They
 * are there once a step runs, so a step reads them off the stage.
 */
export function stage(options = []) {
  const on = {
    server: undefined,
    browser: undefined,
    /** Someone at a browser, as [`person`], who is nobody to the server yet. */
    person: (look) => person(on.browser, on.server.url, look),
    /** The first person of the installation, signed up and at home. */
    async founder(look) {
      const who = await on.person(look);
      await who.page.goto('/signup');
      await signUp(who, ada);
      await id(who.page, 'designs').waitFor();
      return who;
    },
    /** Someone who signs up with an invitation and arrives at what `testid` names; in the dark, for the pictures. */
    async join(link, { testid = 'designs', ...look } = {}) {
      const who = await on.person({ colorScheme: 'dark', ...look });
      await who.page.goto(link);
      await signUp(who, ben);
      await id(who.page, testid).waitFor();
      return who;
    },
  };
  before(async () => {
    on.server = await startServer(options);
    on.browser = await launch();
  });
  after(async () => {
    await on.browser?.close();
    await on.server?.stop();
  });
  return on;
}

/** Share of pixels that differ by more than `tolerance` (0–255 in any channel) between two PNGs, computed in `page`. */
export function pixelDifference(page, a, b, tolerance = 12) {
  return page.evaluate(async ([a, b, tolerance]) => {
    const load = async (base64) => {
      const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
      const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
      const context = canvas.getContext('2d');
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, bitmap.width, bitmap.height);
    };
    const [p, q] = await Promise.all([load(a), load(b)]);
    if (p.width !== q.width || p.height !== q.height) return 1;
    let different = 0;
    for (let i = 0; i < p.data.length; i += 4) {
      const d = Math.max(Math.abs(p.data[i] - q.data[i]), Math.abs(p.data[i + 1] - q.data[i + 1]),
        Math.abs(p.data[i + 2] - q.data[i + 2]));
      if (d > tolerance) different += 1;
    }
    return different / (p.data.length / 4);
  }, [a.toString('base64'), b.toString('base64'), tolerance]);
}

export const id = (page, name) => page.getByTestId(name);

/** Who walks: the one who founds, and a colleague. */
export const ada = { name: 'Ada Byron', email: 'ada@example.com', password: 'a long enough password' };
export const ben = { name: 'Ben Katz', email: 'ben@example.com', password: 'another long password' };

/** Fills in the form that is open, at once: as a fast person or a password manager does. What is typed before the page has
 * woken up must stay, and the button must wait. */
export async function signUp(who, { name, email, password }) {
  await id(who.page, 'name').fill(name);
  await id(who.page, 'email').fill(email);
  await id(who.page, 'password').fill(password);
  await id(who.page, 'signup-submit').click();
}

/** Makes an invitation on the page of people, and reads its link. */
export async function invite({ page }, role) {
  if (new URL(page.url()).pathname !== '/people') await id(page, 'nav-people').click();
  if (role) await id(page, 'role').selectOption(role);
  await id(page, 'invite-submit').click();
  return id(page, 'link').inputValue();
}

/** Opens a design of the list at home by its name; its address. */
export async function openDesign({ page }, name) {
  if (new URL(page.url()).pathname !== '/') await page.goto('/');
  await page.getByRole('link', { name: new RegExp(`Open .*${name}`, 'i') }).first().click();
  await page.waitForURL(/\/design\//);
  return page.url();
}

/** The id in a design's address. */
export const designOf = (url) => url.split('/design/')[1].split(/[?#]/)[0];

/** The model is built from the latest design and on screen. */
export async function modelReady(page) {
  await page.locator('[data-testid=viewport][data-built=true]:not([data-bodies="0"])').waitFor({ timeout: 60_000 });
  // Two frames: one to upload, one to draw.
  await page.evaluate(() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r))));
}

export async function saved(page) {
  await page.locator('[data-testid=save-state][data-state=saved]').waitFor();
}
