// The walk of the whole product: two engineers and a guest on one part. Each step leaves a picture in artefacts/.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decode } from '../outcome.mjs';
import {
  ada, artefacts, designOf, desktop, id, invite, modelReady, openDesign, phone, pixelDifference, saved, signUp, stage,
} from '../support.mjs';

const on = stage();
let a;
let b;
let designUrl;

/** The canvas alone, from the front, so that two people's pictures can be compared. */
async function picture(page) {
  await page.mouse.move(5, 5);
  await page.keyboard.press('Escape');
  await page.evaluate(() => new Promise((r) => setTimeout(r, 400)));
  return id(page, 'viewport').screenshot();
}

async function parameterNow(page, name) {
  return page.locator(`[data-testid=parameter-row][data-name=${name}] [data-testid=parameter-now]`).innerText();
}

test('A signs up as the first person and finds the demo', async () => {
  a = await on.person();
  await a.page.goto('/');
  await a.page.waitForURL(/login|signup/);
  if (!a.page.url().includes('signup')) await a.page.goto('/signup');
  await id(a.page, 'first-user').waitFor();
  await a.shot('01-sign-up');
  await signUp(a, { ...ada, password: 'short' });
  await a.page.getByText(/at least 10/).first().waitFor();
  await id(a.page, 'password').fill(ada.password);
  await id(a.page, 'signup-submit').click();
  await id(a.page, 'designs').waitFor();
  await a.shot('02-home');
  assert.ok(await id(a.page, 'design-card').count() >= 1, 'the demo workspace is there');
});

test('A invites B, and B signs up with the link', async () => {
  const link = await invite(a);
  assert.match(link, /\/invite\//);
  await a.shot('03-invitation');
  b = await on.join(link);
  await b.shot('04-home-of-b');
});

test('both open the demo bracket and see each other', async () => {
  designUrl = await openDesign(a, 'bracket');
  await b.page.goto(designUrl);
  await Promise.all([modelReady(a.page), modelReady(b.page)]);
  await id(a.page, 'peers').getByText('BK').waitFor();
  await a.shot('05-editor-a');
  await b.shot('06-editor-b');
});

test("A drags a dimension, and B's picture follows", async () => {
  const before = await picture(b.page);
  const row = a.page.locator('[data-testid=parameter-row][data-name=width]');
  const scrub = row.getByTestId('scrub-parameter-value');
  const box = await scrub.boundingBox();
  const start = await parameterNow(a.page, 'width');
  await a.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await a.page.mouse.down();
  for (let i = 1; i <= 12; i += 1) await a.page.mouse.move(box.x + box.width / 2 + i * 5, box.y + box.height / 2);
  await a.page.mouse.up();
  // Not before the edit is there: until then "saved" speaks of the state before it.
  await row.getByTestId('parameter-now').filter({ hasNotText: start }).waitFor();
  await saved(a.page);
  const end = await parameterNow(a.page, 'width');
  assert.notEqual(end, start);
  await b.page.locator('[data-testid=parameter-row][data-name=width] [data-testid=parameter-now]', { hasText: end }).waitFor();
  await Promise.all([modelReady(a.page), modelReady(b.page)]);
  const afterwards = await picture(b.page);
  assert.ok(await pixelDifference(b.page, before, afterwards) > 0.01, "B's picture changed");
  // Same theme on both sides, then the same picture.
  await b.page.emulateMedia({ colorScheme: 'light' });
  const [ofA, ofB] = [await picture(a.page), await picture(b.page)];
  const difference = await pixelDifference(a.page, ofA, ofB);
  assert.ok(difference < 0.01, `A and B see the same: ${(100 * difference).toFixed(2)} % of pixels differ`);
  await a.shot('07-dragged');
});

test('A rolls the model back to a feature, and forward again', async () => {
  const before = await picture(a.page);
  const rows = a.page.locator('[data-testid=features] [data-testid=tree-row]');
  await rows.nth(3).click();
  await id(a.page, 'roll-back').click();
  await id(a.page, 'rolled-back').waitFor();
  await a.page.waitForTimeout(300);
  await modelReady(a.page);
  assert.equal(await a.page.locator('.tree-row.beyond').count(), await rows.count() - 4, 'the later features are faded');
  await a.page.mouse.move(5, 5);
  const rolled = await id(a.page, 'viewport').screenshot();
  await a.shot('08-rolled-back');
  await id(a.page, 'roll-forward').click();
  await id(a.page, 'rolled-back').waitFor({ state: 'detached' });
  await a.page.waitForTimeout(300);
  await modelReady(a.page);
  assert.ok(await pixelDifference(a.page, before, rolled) > 0.005, 'the holes are not there yet');
  assert.ok(await pixelDifference(a.page, before, await picture(a.page)) < 0.001, 'and then all is as before');
});

test('A imports a body with the mouse, and takes it back', async () => {
  const cube = Buffer.from([
    'v 0 0 0', 'v 9 0 0', 'v 9 9 0', 'v 0 9 0', 'v 0 0 9', 'v 9 0 9', 'v 9 9 9', 'v 0 9 9',
    'f 1 4 3 2', 'f 5 6 7 8', 'f 1 2 6 5', 'f 2 3 7 6', 'f 3 4 8 7', 'f 4 1 5 8', '',
  ].join('\n'));
  await id(a.page, 'add-feature').click();
  await id(a.page, 'feature-import').click();
  await id(a.page, 'import-file').setInputFiles({ name: 'cube.obj', mimeType: 'model/obj', buffer: cube });
  await a.shot('09-import');
  await id(a.page, 'import-submit').click();
  await id(a.page, 'import-dialog').waitFor({ state: 'hidden' });
  await a.page.locator('[data-testid=viewport][data-built=true][data-bodies="2"]').waitFor({ timeout: 30_000 });
  await id(a.page, 'undo').click();
  await a.page.locator('[data-testid=viewport][data-built=true][data-bodies="1"]').waitFor({ timeout: 30_000 });
  await saved(a.page);
});

test('what A takes away as 3MF comes back as a body', async () => {
  await id(a.page, 'export-menu').click();
  const [download] = await Promise.all([a.page.waitForEvent('download'), id(a.page, 'export-3mf').click()]);
  const { readFile } = await import('node:fs/promises');
  const buffer = await readFile(await download.path());
  await id(a.page, 'add-feature').click();
  await id(a.page, 'feature-import').click();
  await id(a.page, 'import-file').setInputFiles({ name: 'back.3mf', mimeType: 'model/3mf', buffer });
  await id(a.page, 'import-submit').click();
  await id(a.page, 'import-dialog').waitFor({ state: 'hidden' });
  await a.page.locator('[data-testid=viewport][data-built=true][data-bodies="2"]').waitFor({ timeout: 30_000 });
  await id(a.page, 'undo').click();
  await a.page.locator('[data-testid=viewport][data-built=true][data-bodies="1"]').waitFor({ timeout: 30_000 });
  await saved(a.page);
});

test('B adds a load on a face picked by a click in the canvas', async () => {
  await id(b.page, 'loads-section').getByTestId('add-loads').click();
  await id(b.page, 'add-force').click();
  await id(b.page, 'pick-faces').waitFor();
  if (await id(b.page, 'pick-hint').count() === 0) await id(b.page, 'pick-faces').click();
  await id(b.page, 'pick-hint').waitFor();
  const canvas = await id(b.page, 'viewport').boundingBox();
  await b.page.mouse.click(canvas.x + canvas.width / 2, canvas.y + canvas.height / 2);
  await b.page.locator('[data-testid=faces] .chip').first().waitFor();
  await saved(b.page);
  await b.shot('08-load-picked');
  // A sees the load arrive.
  await id(a.page, 'loads-section').getByText(/Force/).first().waitFor();
});

test('A runs the study, both watch, and both read what is stored', async () => {
  await id(a.page, 'studies-section').getByTestId('tree-row').first().click();
  await id(b.page, 'studies-section').getByTestId('tree-row').first().click();
  await a.page.locator('[data-testid=run]:not([disabled])').waitFor({ timeout: 60_000 });
  await a.shot('09-checklist');
  await id(a.page, 'run').click();
  await Promise.all([id(a.page, 'progress').waitFor(), id(b.page, 'progress').waitFor()]);
  await b.shot('10-progress-of-b');
  await Promise.all([a, b].map(({ page }) => id(page, 'scalars').waitFor({ timeout: 120_000 })));
  await id(a.page, 'history-row').first().waitFor({ timeout: 120_000 });
  await id(a.page, 'progress').waitFor({ state: 'detached', timeout: 120_000 });
  if (await id(b.page, 'history-row').count() > 0) await id(b.page, 'history-row').first().click();
  await a.shot('11-result-a');
  await b.shot('12-result-b');
  const read = (page) => page.locator('[data-testid^="scalar-von_mises"]').first().innerText();
  const [ofA, ofB] = await Promise.all([read(a.page), read(b.page)]);
  assert.equal(ofA, ofB);
  assert.match(ofA, /MPa/);
  // The stored artefact says the same: the API is asked with A's own session.
  const design = designOf(designUrl);
  const runs = await (await a.context.request.get(`/api/runs?design=${design}`)).json();
  assert.equal(runs.items[0].state, 'done');
  const artefact = await a.context.request.get(`/api/runs/${runs.items[0].id}/artefacts/surface`);
  assert.ok(artefact.ok());
  const { header, fields } = decode(await artefact.body());
  // The number in the panel is the stored one, to the last digit …
  const stored = header.scalars.filter((s) => s.id === 'von_mises_max');
  const exact = (page) => page.getByTestId('scalar-von_mises_max').first().getAttribute('data-value').then(Number);
  const [exactA, exactB] = await Promise.all([exact(a.page), exact(b.page)]);
  assert.equal(exactA, exactB);
  assert.ok(stored.some((s) => s.value === exactA), `${exactA} is not among ${JSON.stringify(stored)}`);
  // … and the largest of the stored field, within what 16 bits leave, is what both read.
  const { case: shownCase } = stored.find((s) => s.value === exactA);
  const stress = fields.filter((f) => f.id === 'von_mises' && f.case === shownCase).flatMap((f) => f.values);
  const largest = stress.reduce((m, v) => Math.max(m, v), 0);
  assert.ok(Math.abs(largest / exactA - 1) < 1e-4, `field ${largest} Pa, panel ${exactA} Pa`);
  assert.ok(Math.abs(parseFloat(ofA) / (largest / 1e6) - 1) < 1e-3, `${ofA} against ${largest / 1e6} MPa`);
  await id(a.page, 'balance').first().waitFor();
});

test('A asks for a verified answer: bands, grade, and a deck to check it with', async () => {
  const indicative = await id(a.page, 'scalar-displacement_max').first().getAttribute('data-value').then(Number);
  await id(a.page, 'studies-section').getByTestId('tree-row').first().click();
  await id(a.page, 'method-verified').click();
  await id(a.page, 'resolution-coarse').click();
  await saved(a.page);
  await a.page.locator('[data-testid=run]:not([disabled])').click();
  await id(a.page, 'progress').waitFor();
  await a.page.locator('[data-testid=grade]', { hasText: 'verified' }).waitFor({ timeout: 240_000 });
  await id(a.page, 'deck').waitFor({ timeout: 240_000 });
  await a.shot('12-verified');
  const row = id(a.page, 'scalar-displacement_max').first();
  assert.match(await row.innerText(), /±/, 'a band');
  const value = Number(await row.getAttribute('data-value'));
  assert.ok(Math.abs(value / indicative - 1) < 0.1, `verified ${value} m against indicative ${indicative} m`);
  // How it converged over the meshes is drawn, the error over decades.
  const curves = id(a.page, 'curves');
  assert.ok(await curves.locator('.curve').count() >= 1, 'a curve');
  await id(a.page, 'curve-picker').selectOption({ label: 'Relative error in energy norm over unknowns' });
  await curves.locator('text', { hasText: /^1e-?\d+$/ }).first().waitFor();
  await curves.scrollIntoViewIfNeeded();
  await a.shot('12-curves');
  // The instant method's numbers stand beside the verified ones.
  assert.match(await id(a.page, 'beside-displacement_max').first().innerText(), /indicative/);
  const [download] = await Promise.all([a.page.waitForEvent('download'), id(a.page, 'deck').click()]);
  const deck = await readFile(await download.path(), 'utf8');
  assert.match(deck, /\*HEADING/);
  assert.match(deck, /TYPE=C3D10/);
  for (const form of ['vtu', 'glb', 'values', 'points']) {
    const answer = await a.context.request.get(await id(a.page, `export-${form}`).getAttribute('href'));
    assert.ok(answer.ok() && (await answer.body()).length > 500, form);
  }
  // The report stands by itself: its style and pictures come with it.
  const [report] = await Promise.all([a.context.waitForEvent('page'), id(a.page, 'export-report').click()]);
  await report.getByText('verified', { exact: true }).first().waitFor();
  // What was on the screen came along, and stands in the panel.
  await report.getByText('Supplied by').first().waitFor();
  await report.getByRole('heading', { name: 'Assumptions' }).waitFor();
  await id(a.page, 'figures').locator('img').first().waitFor();
  assert.equal(await report.locator('main').evaluate((m) => getComputedStyle(m).maxWidth), '960px');
  assert.ok(await report.locator('img').first().evaluate((i) => i.naturalWidth > 100), 'a picture');
  await report.screenshot({ path: join(artefacts, '12-report.png'), fullPage: true });
  await report.close();
});

test('A reads the answer: directions, a line through the wall, a probe that stays, a surface inside, both methods at once', async () => {
  const page = a.page;
  const box = await id(page, 'viewport').boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  // The tensors are fetched when they are asked for.
  const tensor = page.waitForResponse((r) => r.url().endsWith('/artefacts/tensor') && r.ok());
  await id(page, 'result-field').selectOption('stress.p0');
  assert.ok((await (await tensor).body()).length < 1_000_000, 'at most 1 MB');
  // Along typed axes: what is wrong with them is said, and a turned component has its own name.
  await id(page, 'result-field').selectOption('stress.0');
  await id(page, 'frame-typed').click();
  await id(page, 'axes-x-x').fill('0');
  await id(page, 'axes-x-x').press('Enter');
  await id(page, 'axes-fault').filter({ hasText: 'X points nowhere' }).waitFor();
  await id(page, 'axes-x-y').fill('1');
  await id(page, 'axes-x-y').press('Enter');
  await id(page, 'axes-fault').waitFor({ state: 'detached' });
  await id(page, 'legend').getByText('σx′').waitFor();
  await id(page, 'axes-round').click();
  await id(page, 'legend').getByText('radial').waitFor();
  await id(page, 'frame-model').click();
  await id(page, 'legend').getByText('σx, normal').waitFor();
  await id(page, 'result-field').selectOption('stress.p0');
  await id(page, 'directions').check();
  await id(page, 'legend').getByText('tension').waitFor();
  await id(page, 'pin').click();
  await page.mouse.click(x, y);
  await id(page, 'pin-row').filter({ hasText: /MPa/ }).waitFor();
  await id(page, 'pin').click();
  await id(page, 'pin-label').first().waitFor();
  const inside = page.waitForResponse((r) => r.url().endsWith('/artefacts/volume') && r.ok());
  await id(page, 'line-through').click();
  await page.mouse.click(x, y);
  await inside;
  await id(page, 'linearised').getByText('Membrane + bending, start').waitFor();
  const plot = await id(page, 'line').getByTestId('plot').boundingBox();
  await page.mouse.move(plot.x + plot.width / 2, plot.y + plot.height / 2);
  await page.locator('.plot-key').getByText('Membrane', { exact: true }).waitFor();
  await a.shot('13-line');
  const csv = decodeURIComponent(await id(page, 'line-csv').getAttribute('href'));
  assert.ok(csv.split('\r\n').length > 200 && csv.includes('Membrane'), 'the curve and its parts');
  await id(page, 'iso').check();
  await id(page, 'iso-value').filter({ hasText: /MPa/ }).waitFor();
  await a.shot('13-iso');
  await id(page, 'iso').uncheck();
  await id(page, 'twin-toggle').click();
  await id(page, 'twin').waitFor();
  await page.waitForTimeout(600);
  await a.shot('13-twin');
  await id(page, 'twin-toggle').click();
  const report = await a.context.request.get(await id(page, 'export-report').getAttribute('href'));
  assert.match(await report.text(), /<h2>Probes<\/h2>/);
  // The probe is the design's: B sees it, and it is there in the indicative answer too.
  await id(b.page, 'probes-section').getByText('Probe 1').waitFor();
});

test('A goes offline for half a minute, makes twenty edits, closes the tab, returns: each is there once', async () => {
  const nEdits = 20;
  // Longer than tab (20 s) and room (20 s) wait for each other: both have given the connection up.
  const cutMs = 30_000;
  const design = designOf(designUrl);
  const log = async () => (await (await b.context.request.get(`/api/designs/${design}/log?limit=1000`)).json()).items;
  const before = (await log()).length;
  await a.context.setOffline(true);
  const began = Date.now();
  await id(a.page, 'connection').waitFor();
  const field = a.page.locator('[data-testid=parameter-row][data-name=height] input').nth(1);
  const made = Array.from({ length: nEdits }, (_, i) => `${87.5 + i / 2} mm`);
  for (const [i, height] of made.entries()) {
    await field.fill(height);
    await field.press('Enter');
    // As a person edits: all the while.
    await a.page.waitForTimeout(Math.max(0, began + (cutMs * (i + 1)) / nEdits - Date.now()));
  }
  await a.page.locator('[data-testid=save-state]:not([data-state=saved])').waitFor();
  await a.shot('13-offline');
  assert.ok(Date.now() - began >= cutMs);
  assert.equal((await log()).length, before, 'nothing has left the tab');
  await a.page.close();
  await a.context.setOffline(false);
  a.page = await a.context.newPage();
  await a.page.goto(designUrl);
  await modelReady(a.page);
  const now = (page) => page.locator('[data-testid=parameter-row][data-name=height] [data-testid=parameter-now]', { hasText: made.at(-1) });
  await now(a.page).waitFor();
  await saved(a.page);
  await now(b.page).waitFor();
  const edits = async () => (await log()).slice(before).map((e) => JSON.stringify(e.command).match(/"([\d.]+ mm)"/)?.[1]);
  assert.deepEqual(await edits(), made, 'all of them, in order, once');
  // And not once more for the next tab.
  await a.page.reload();
  await modelReady(a.page);
  await saved(a.page);
  assert.deepEqual(await edits(), made, 'the outbox is empty');
});

test('undo goes on after a reload, and B follows where A looks', async () => {
  const height = a.page.locator('[data-testid=parameter-row][data-name=height] input').nth(1);
  const before = await height.inputValue();
  await height.fill('91 mm');
  await height.press('Enter');
  await saved(a.page);
  // What B sees has been committed: the page of A may go.
  await b.page.locator('[data-testid=parameter-row][data-name=height] [data-testid=parameter-now]', { hasText: '91 mm' }).waitFor({ state: 'attached' });
  await a.page.reload();
  await modelReady(a.page);
  await a.page.locator('[data-testid=undo]:not([disabled])').click();
  await a.page.locator('[data-testid=parameter-row][data-name=height] [data-testid=parameter-now]', { hasText: before }).waitFor({ state: 'attached' });
  await saved(a.page);
  assert.equal(await height.inputValue(), before, 'the edit from before the reload is taken back');
  await b.page.locator('[data-testid=parameter-row][data-name=height] [data-testid=parameter-now]', { hasText: before }).waitFor();
  // B's view turns with A's. Both look at the model alone: B had an answer open.
  await b.page.reload();
  await modelReady(b.page);
  const looked = await picture(b.page);
  await id(b.page, 'peer').first().click();
  await id(b.page, 'peer-follow').click();
  await id(b.page, 'following').waitFor();
  await id(a.page, 'viewport').focus();
  await a.page.keyboard.press('3');
  await id(a.page, 'viewport').blur();
  const ofA = await picture(a.page);
  // While B follows, a frame is drawn over the picture: it only says when the turn is over.
  for (let i = 0; i < 20; i += 1) {
    await b.page.waitForTimeout(300);
    if (await pixelDifference(b.page, ofA, await id(b.page, 'viewport').screenshot()) < 0.06) break;
  }
  await b.shot('14-following');
  await b.page.keyboard.press('Escape');
  await id(b.page, 'following').waitFor({ state: 'detached' });
  const turned = await picture(b.page);
  assert.ok(await pixelDifference(b.page, looked, turned) > 0.03, "B's picture moved");
  const apart = await pixelDifference(b.page, ofA, turned);
  assert.ok(apart < 0.02, `and is A's: ${(100 * apart).toFixed(2)} % of pixels differ`);
});

test('C opens the share link: looks, cuts, measures, changes nothing; revoked, the view closes', async () => {
  await id(a.page, 'share').click();
  await id(a.page, 'share-create').click();
  const link = await id(a.page, 'share-link').inputValue();
  await a.shot('15-share');
  const c = await on.person();
  await c.page.goto(link);
  await modelReady(c.page);
  await c.shot('16-guest');
  await c.page.keyboard.press('s');
  await id(c.page, 'section-panel').waitFor();
  await c.shot('17-guest-section');
  await c.page.keyboard.press('s');
  await c.page.keyboard.press('m');
  await id(c.page, 'measure-panel').waitFor();
  assert.equal(await c.page.getByTestId('tree').count(), 0, 'no tree for a guest');
  // A forged message must change nothing.
  const design = designOf(designUrl);
  const token = new URL(link).pathname.split('/').pop();
  const sequence = async () => (await (await a.context.request.get(`/api/designs/${design}/document`)).json()).sequence;
  const before = await sequence();
  const answer = await c.page.evaluate(([token, design]) => Promise.all([`/api/share/${token}/socket`, `/api/designs/${design}/socket`]
    .map((path) => new Promise((resolve) => {
      const socket = new WebSocket(`${location.origin.replace('http', 'ws')}${path}`);
      const heard = [];
      socket.onmessage = (m) => heard.push(String(m.data).slice(0, 200));
      socket.onopen = () => {
        socket.send(JSON.stringify({ type: 'hello', protocol: 1, client: 'forgedforgedforged', have: 0 }));
        socket.send(JSON.stringify({ type: 'submit', submission: { client: 'forgedforgedforged', number: 1, base: 0,
          command: { do: 'add', object: { id: 'box_forged', kind: 'box', name: 'Forged' } } } }));
      };
      socket.onclose = () => resolve(heard);
      setTimeout(() => { socket.close(); resolve(heard); }, 1500);
    }))), [token, design]);
  assert.equal(await sequence(), before, `a forged message changed the design: ${JSON.stringify(answer)}`);
  assert.ok(!JSON.stringify(answer).includes('welcome'), 'a guest is not welcomed into the room');
  const small = await on.person({ viewport: phone });
  await small.page.goto(link);
  await modelReady(small.page);
  await small.shot('18-guest-phone');
  await small.context.close();
  await id(a.page, 'revoke').first().click();
  await id(c.page, 'share-gone').waitFor({ timeout: 3_000 });
  await c.shot('19-revoked');
  assert.deepEqual(c.faults([/WebSocket/, /status of 40[134]/]), []);
  await c.context.close();
});

test('home on a phone, and no faults in any console', async () => {
  const small = await on.person({ viewport: phone, storageState: await a.context.storageState() });
  const { page } = small;
  await page.goto('/');
  await id(page, 'designs').waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
  await small.shot('20-home-phone');
  assert.ok(!wide, 'the page does not scroll sideways');
  await small.context.close();
  const expected = [/WebSocket/, /ERR_INTERNET_DISCONNECTED/, /status of 422/, /status of 400/];
  assert.deepEqual(a.faults(expected), []);
  assert.deepEqual(b.faults(expected), []);
  assert.ok(!/csp report/i.test(on.server.log()), 'no CSP reports');
  assert.ok(desktop.width === 1440);
});
