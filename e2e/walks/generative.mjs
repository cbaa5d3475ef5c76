// The walk of a generated part: from a space, bolts, a pin and tools to a body in the design that was verified.
import test from 'node:test';
import assert from 'node:assert/strict';
import { id, invite, modelReady, openDesign, pixelDifference, saved, stage } from '../support.mjs';

const on = stage();
let a;
let b;

const studyRow = (page, name) => id(page, 'studies-section').getByTestId('tree-row').filter({ hasText: name }).first();

async function set(page, key, text) {
  const field = id(page, 'properties').getByTestId(key);
  await field.fill(text);
  await field.press('Enter');
  await saved(page);
}

test('A starts from the lug, whose set-up is complete; B looks on', async () => {
  a = await on.founder();
  b = await on.join(await invite(a));
  await b.page.goto(await openDesign(a, 'lug'));
  await Promise.all([modelReady(a.page), modelReady(b.page)]);
  await studyRow(a.page, 'Stiffest lug').click();
  // Coarse, for a walk.
  await set(a.page, 'cells', '32');
  await set(a.page, 'iterations', '24');
  await set(a.page, 'layer', '3 mm');
  await id(a.page, 'preflight').getByText('Ready').waitFor({ timeout: 60_000 });
  await a.shot('60-generative');
});

test('the body evolves in front of both', async () => {
  const before = await id(b.page, 'viewport').screenshot();
  await a.page.locator('[data-testid=run]:not([disabled])').click();
  // What is on its way is shown to whoever has the design open.
  await Promise.all([a, b].map(({ page }) => id(page, 'outcome').waitFor({ timeout: 120_000 })));
  await a.shot('61-evolving');
  await id(a.page, 'growth').waitFor({ timeout: 240_000 });
  await id(b.page, 'growth').waitFor({ timeout: 60_000 });
  const after = await id(b.page, 'viewport').screenshot();
  assert.ok((await pixelDifference(b.page, before, after)) > 0.02, 'B sees another body than the space');
  await a.shot('62-found');
  await b.shot('63-found-dark');
});

test('it is taken over as a feature and verified, and both numbers stand side by side', async () => {
  const { page } = a;
  await id(page, 'adopt').click();
  await id(page, 'features-section').getByTestId('tree-row').filter({ hasText: 'Outcome of Stiffest lug' }).waitFor();
  await saved(page);
  // The space, room for four tools, and the body.
  await page.locator('[data-testid=viewport][data-bodies="6"]').waitFor({ timeout: 60_000 });
  await modelReady(page);
  await a.shot('64-taken-over');
  // Its check is selected: verified, and about this body alone.
  await id(page, 'resolution-coarse').click();
  await set(page, 'accuracy', '20 %');
  await page.locator('[data-testid=run]:not([disabled])').click({ timeout: 60_000 });
  await id(page, 'outcome').getByText('verified', { exact: true }).waitFor({ timeout: 400_000 });
  await a.shot('65-checked');
  // The answer it came from has not grown old by being taken over.
  await studyRow(page, 'Stiffest lug').click();
  await id(page, 'history-row').first().click();
  await id(page, 'growth').waitFor();
  assert.equal(await id(page, 'stale').count(), 0);
  const verified = id(page, 'verified-compliance');
  await verified.filter({ hasText: /\d/ }).first().waitFor({ timeout: 60_000 });
  assert.equal(await verified.count(), 2, 'of both load cases');
  assert.equal(await id(page, 'verified-displacement').filter({ hasText: '%' }).count(), 2, 'beside the optimiser’s');
  assert.equal(await id(page, 'verified-stress').count(), 2);
  await a.shot('66-side-by-side');
  await id(page, 'compare-bodies').click();
  await id(page, 'rival').filter({ hasText: 'verified' }).waitFor();
  await id(page, 'rival-dot').waitFor();
  await id(page, 'rival-process').filter({ hasText: 'any' }).waitFor();
  await a.shot('67-compared');
  await page.keyboard.press('Escape');
  // It leaves as a solid and as a mesh.
  for (const [form, start] of [['step', 'ISO-10303-21'], ['3mf', 'PK']]) {
    await id(page, 'export-menu').click();
    const [download] = await Promise.all([page.waitForEvent('download'), id(page, `export-${form}`).click()]);
    const { readFile } = await import('node:fs/promises');
    assert.ok((await readFile(await download.path(), 'latin1')).startsWith(start), form);
  }
  // Accuracy, resolution, and then feature and check together.
  await id(page, 'open-feature').click();
  for (let n = 0; n < 3; n += 1) {
    await id(page, 'undo').click();
    await saved(page);
  }
  await studyRow(page, 'Check of').waitFor({ state: 'detached' });
  await page.locator('[data-testid=viewport][data-bodies="5"]').waitFor({ timeout: 60_000 });
});

test('a limit changes while a run is paused, and it goes on from there', async () => {
  const { page } = a;
  await studyRow(page, 'Stiffest lug').click();
  await set(page, 'iterations', '60');
  await page.locator('[data-testid=run]:not([disabled])').click({ timeout: 60_000 });
  await id(page, 'pause').click({ timeout: 120_000 });
  await id(page, 'resume').filter({ hasText: 'Resume' }).waitFor({ timeout: 60_000 });
  assert.equal(await id(page, 'go-on').count(), 0, 'nothing was changed yet');
  await set(page, 'share', '24 %');
  await id(page, 'go-on').waitFor();
  await a.shot('68-paused');
  await id(page, 'go-on').click();
  await id(page, 'run-log').filter({ hasText: 'Going on after iteration' }).waitFor({ state: 'attached', timeout: 60_000 });
  await id(page, 'resume').waitFor({ state: 'detached' });
  await id(page, 'growth').waitFor({ timeout: 240_000 });
  await id(page, 'history-row').filter({ hasText: /cancelled/i }).first().waitFor();
  await a.shot('69-gone-on');
});

test('no faults in any console', async () => {
  for (const one of [a, b]) assert.deepEqual(one.faults([/WebSocket/]), []);
});
