// The walk through a design's past: scrub, name, branch, change, compare, merge, take back.
import test from 'node:test';
import assert from 'node:assert/strict';
import { id, modelReady, openDesign, phone, pixelDifference, saved, stage } from '../support.mjs';

const on = stage();
let a;
let main;

/** The canvas alone, when it has come to rest. */
async function picture(page) {
  await page.mouse.move(5, 5);
  await modelReady(page);
  await page.waitForTimeout(600);
  return id(page, 'viewport').screenshot();
}

/** The picture is `wanted` again: the geometry worker may only just have been asked. */
async function becomes(page, wanted, what) {
  let difference = 1;
  for (let i = 0; i < 15 && difference >= 0.001; i += 1) {
    difference = await pixelDifference(page, wanted, await picture(page));
  }
  assert.ok(difference < 0.001, `${what}: ${(100 * difference).toFixed(2)} % of pixels differ`);
}

const row = (page, name) => page.locator(`[data-testid=parameter-row][data-name=${name}]`);

async function now(page, name) {
  return row(page, name).getByTestId('parameter-now').innerText();
}

async function shows(page, name, value) {
  await row(page, name).locator('[data-testid=parameter-now]', { hasText: value }).waitFor();
}

async function type(page, name, value) {
  const input = row(page, name).getByTestId('parameter-value');
  await input.fill(value);
  await input.press('Enter');
  await shows(page, name, value);
  await saved(page);
}

const boss = (page) => page.locator('[data-testid=features] [data-testid=tree-row][data-object=cylinder_boss]');
const bossHeight = (page) => id(page, 'properties').getByTestId('height');

/** Types how high the boss is, and leaves nothing selected. */
async function raise(page, value) {
  await boss(page).click();
  const is = (wanted) => page.waitForFunction(
    ([field, text]) => document.querySelector(field)?.value === text,
    ['[data-testid=properties] [data-testid=height]', wanted]);
  await bossHeight(page).fill(value);
  await is(value);
  await bossHeight(page).press('Enter');
  await saved(page);
  await is(value);
  await bossHeight(page).blur();
  await page.keyboard.press('Escape');
  await id(page, 'properties').waitFor({ state: 'detached' });
}

test('A changes a dimension, and the history tells who did what', async () => {
  a = await on.founder();
  main = await openDesign(a, 'bracket');
  await modelReady(a.page);
  await id(a.page, 'history-toggle').click();
  await id(a.page, 'history-empty').waitFor();
  await a.shot('history-01-empty');
  await type(a.page, 'width', '96 mm');
  await type(a.page, 'width', '110 mm');
  const stretch = id(a.page, 'stretch').first();
  await stretch.getByText('Ada Byron').waitFor();
  await stretch.getByText(/110 mm/).first().waitFor();
  await a.shot('history-02-timeline');
});

test('the model follows the slider, and nothing can be changed in the past', async () => {
  const today = await picture(a.page);
  await id(a.page, 'scrub').fill('0');
  await a.page.locator('[data-testid=past-banner][data-at="0"]').waitFor();
  const before = await picture(a.page);
  assert.ok(await pixelDifference(a.page, today, before) > 0.01, 'the model is as it was');
  assert.ok(await row(a.page, 'width').getByTestId('parameter-value').isDisabled(), 'the past is read-only');
  await id(a.page, 'scrub-forward').click();
  await a.page.locator('[data-testid=past-banner][data-at="1"]').waitFor();
  await shows(a.page, 'width', '96 mm');
  await a.shot('history-03-past');
  await id(a.page, 'name-it').click();
  await id(a.page, 'name-dialog').getByTestId('name').fill('First idea');
  await id(a.page, 'name-dialog').getByTestId('note').fill('Before the review');
  await id(a.page, 'name-submit').click();
  await id(a.page, 'name-dialog').waitFor({ state: 'hidden' });
  await id(a.page, 'past-version').getByText(/First idea/).waitFor();
  await a.page.keyboard.press('Escape');
  await id(a.page, 'past-banner').waitFor({ state: 'detached' });
  await becomes(a.page, today, 'and back to now');
  await id(a.page, 'tab-versions').click();
  await id(a.page, 'version-row').getByText('First idea').waitFor();
  await a.shot('history-04-versions');
});

test('a branch goes its own way', async () => {
  await id(a.page, 'tab-branches').click();
  await id(a.page, 'branches-empty').waitFor();
  await id(a.page, 'branch-now').click();
  await id(a.page, 'branch-name').fill('Lighter');
  await id(a.page, 'branch-submit').click();
  await a.page.waitForURL((url) => /\/design\//.test(url.pathname) && url.href !== main);
  await modelReady(a.page);
  await type(a.page, 'width', '84 mm');
  await type(a.page, 'thickness', '6 mm');
  await raise(a.page, '14 mm');
  await id(a.page, 'history-toggle').click();
  await id(a.page, 'tab-branches').click();
  await id(a.page, 'origin').waitFor();
  await a.shot('history-05-branch');
  await id(a.page, 'tab-versions').click();
  await id(a.page, 'name-now').click();
  await id(a.page, 'name-dialog').getByTestId('name').fill('Light trial');
  await id(a.page, 'name-submit').click();
  await id(a.page, 'version-row').getByText('Light trial').waitFor();
  await a.page.goto(main);
  await modelReady(a.page);
  assert.equal(await now(a.page, 'width'), '110 mm', 'here nothing has changed');
  await type(a.page, 'width', '120 mm');
  await raise(a.page, '19 mm');
});

test('two versions are compared in words and in the view', async () => {
  await id(a.page, 'history-toggle').click();
  await id(a.page, 'tab-branches').click();
  await id(a.page, 'branch-row').getByText(/3 edits not here/).waitFor();
  const plain = await picture(a.page);
  await id(a.page, 'branch-compare').click();
  await a.page.locator('[data-testid=compare-count][data-changes="3"]').waitFor();
  await id(a.page, 'compare-line').getByText(/120 mm → 84 mm/).waitFor();
  // Any two: a named version of the branch stands to choose as well.
  const trial = id(a.page, 'compare-before').locator('option', { hasText: /Branch Lighter: Light trial/ });
  await trial.waitFor({ state: 'attached' });
  await id(a.page, 'compare-before').selectOption(await trial.getAttribute('value'));
  await id(a.page, 'compare-count').filter({ hasText: 'one and the same version' }).waitFor();
  await id(a.page, 'compare-before').selectOption({ label: 'Now' });
  await a.page.locator('[data-testid=compare-count][data-changes="3"]').waitFor();
  await id(a.page, 'overlay').click();
  await id(a.page, 'laid').waitFor({ timeout: 60_000 });
  await a.page.mouse.move(5, 5);
  await a.page.waitForTimeout(600);
  const laid = await id(a.page, 'viewport').screenshot();
  assert.ok(await pixelDifference(a.page, plain, laid) > 0.02, 'what is other is in colour');
  await a.shot('history-06-overlay');
  await id(a.page, 'overlay').click();
  await becomes(a.page, plain, 'and the model is as before');
});

test('a merge asks about what both changed, and undo takes it back', async () => {
  await id(a.page, 'tab-branches').click();
  await id(a.page, 'branch-merge').click();
  const conflicts = id(a.page, 'conflict');
  const conflict = conflicts.filter({ hasText: '120 mm' });
  await conflict.getByText('84 mm').waitFor();
  assert.equal(await conflicts.count(), 2, 'the width, and how high the boss is');
  assert.ok(await id(a.page, 'merge-now').isDisabled(), 'a choice is missing');
  // At the feature too: both values at its row, and beside the property with a choice.
  const mark = boss(a.page).getByTestId('conflicted');
  for (const said of [await mark.getAttribute('title'), await mark.getAttribute('aria-label')]) {
    assert.ok(said.includes('19 mm') && said.includes('14 mm') && said.includes('Lighter'), said);
  }
  assert.equal(await id(a.page, 'features').getByTestId('conflicted').count(), 1, 'at no other feature');
  await boss(a.page).click();
  const beside = id(a.page, 'properties').getByTestId('property-conflict');
  assert.equal(await beside.getAttribute('data-key'), 'height');
  await beside.getByText('19 mm').waitFor();
  await beside.scrollIntoViewIfNeeded();
  await a.shot('history-07-conflict');
  await beside.getByTestId('choose-theirs').click();
  // One choice, wherever it is made.
  await conflicts.filter({ hasText: 'Boss' }).locator('[data-testid=choose-theirs][aria-checked=true]').waitFor();
  assert.ok(await id(a.page, 'merge-now').isDisabled(), 'the other choice is missing');
  await conflict.getByTestId('choose-theirs').click();
  await a.page.locator('[data-testid=merge-count][data-changes="3"]').waitFor();
  await id(a.page, 'merge-now').click();
  await id(a.page, 'merge').waitFor({ state: 'detached' });
  await shows(a.page, 'width', '84 mm');
  await shows(a.page, 'thickness', '6 mm');
  assert.equal(await bossHeight(a.page).inputValue(), '14 mm');
  await boss(a.page).getByTestId('conflicted').waitFor({ state: 'detached' });
  await beside.waitFor({ state: 'detached' });
  await id(a.page, 'tab-timeline').click();
  await id(a.page, 'stretch-made').getByText(/Merged Lighter/).waitFor();
  await a.shot('history-08-merged');
  await id(a.page, 'undo').click();
  await shows(a.page, 'width', '120 mm');
  await saved(a.page);
  assert.equal(await bossHeight(a.page).inputValue(), '19 mm');
  await a.page.keyboard.press('Escape');
  await id(a.page, 'properties').waitFor({ state: 'detached' });
});

test('an older version is restored as a new edit', async () => {
  await id(a.page, 'tab-versions').click();
  await id(a.page, 'version-look').click();
  await id(a.page, 'restore').click();
  await id(a.page, 'past-banner').waitFor({ state: 'detached' });
  await shows(a.page, 'width', '96 mm');
  await id(a.page, 'tab-timeline').click();
  await id(a.page, 'stretch-made').first().getByText(/Restored version 1/).waitFor();
});

test('in the dark, and on a phone', async () => {
  await a.page.emulateMedia({ colorScheme: 'dark' });
  await a.shot('history-09-dark');
  await a.page.emulateMedia({ colorScheme: 'light' });
  await a.page.setViewportSize(phone);
  await a.page.locator('[data-testid=stretch] [data-testid=stretch-look]').nth(2).click();
  await id(a.page, 'past-banner').waitFor();
  await a.page.waitForTimeout(600);
  await a.shot('history-10-phone');
  const wide = await a.page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  assert.ok(!wide, 'nothing runs out of the screen');
  assert.deepEqual(a.faults(), []);
});
