// The walk of a team: what the design must do and what shows that it does; what people say about it, and who is told.
import test from 'node:test';
import assert from 'node:assert/strict';
import { designOf, id, invite, modelReady, openDesign, phone, saved, stage } from '../support.mjs';

const on = stage();
let a;
let b;
let designUrl;

const verdict = (page, word) => page.locator('[data-testid=verdict-word]', { hasText: new RegExp(`^${word}$`) });

test('A makes a design; B joins to review it', async () => {
  a = await on.founder();
  b = await on.join(await invite(a, 'reviewer'));
  designUrl = await openDesign(a, 'bracket');
  await b.page.goto(designUrl);
  await Promise.all([modelReady(a.page), modelReady(b.page)]);
});

test('a requirement has no evidence, is indicated by an instant run, stale after an edit, met by a verified run', async () => {
  const { page } = a;
  await id(page, 'add-requirement').click();
  await id(page, 'verdict-card').waitFor();
  await verdict(page, 'No evidence').waitFor();
  // 10 kg are more than the bracket weighs, whatever its width.
  await id(page, 'limit').fill('10 kg');
  await id(page, 'limit').press('Enter');
  await saved(page);
  await a.shot('30-requirement');
  await id(page, 'studies-section').getByTestId('tree-row').first().click();
  await page.locator('[data-testid=run]:not([disabled])').click();
  await id(page, 'requirements-section').getByTestId('tree-row').first().click();
  await verdict(page, 'Indicated').waitFor({ timeout: 120_000 });
  await a.shot('31-indicated');
  const width = page.locator('[data-testid=parameter-row][data-name=width] input').nth(1);
  await width.fill('64 mm');
  await width.press('Enter');
  await verdict(page, 'Stale').waitFor();
  await id(page, 'studies-section').getByTestId('tree-row').first().click();
  await id(page, 'method-verified').click();
  await id(page, 'resolution-coarse').click();
  await saved(page);
  await page.locator('[data-testid=run]:not([disabled])').click();
  await id(page, 'requirements-section').getByTestId('tree-row').first().click();
  await verdict(page, 'Met').waitFor({ timeout: 240_000 });
  await id(page, 'tally').filter({ hasText: '1 of 1 requirement met' }).waitFor();
  await a.shot('32-met');
  // B, who may not edit, sees the same.
  await id(b.page, 'tally').filter({ hasText: '1 of 1 requirement met' }).waitFor();
  await id(page, 'limit').fill('1 g');
  await id(page, 'limit').press('Enter');
  await verdict(page, 'Not met').waitFor();
  await id(b.page, 'tally').filter({ hasText: '0 of 1 requirement met' }).waitFor();
  await a.shot('33-not-met');
});

test('a release is refused while a requirement is open, then granted by its approver', async () => {
  const { page } = a;
  await id(page, 'history-toggle').click();
  await id(page, 'tab-releases').click();
  await id(page, 'releases-empty').waitFor();
  await id(page, 'release-prepare').click();
  await id(page, 'release-note').fill('First article');
  await page.locator('label', { hasText: 'Ben Katz' }).getByTestId('release-approver').check();
  await a.shot('50-release-draft');
  await id(page, 'release-draft').click();
  await id(page, 'release-submit').click();
  await id(page, 'release-refusal').filter({ hasText: 'is not met' }).waitFor();
  await a.shot('51-release-refused');
  // With a limit that the evidence meets, another version: the draft is put on it.
  await id(page, 'history-close').click();
  await id(page, 'requirements-section').getByTestId('tree-row').first().click();
  await id(page, 'limit').fill('10 kg');
  await id(page, 'limit').press('Enter');
  await saved(page);
  await verdict(page, 'Met').waitFor();
  await id(page, 'history-toggle').click();
  await id(page, 'release-change').click();
  await id(page, 'release-version').selectOption({ index: 0 });
  await id(page, 'release-draft').click();
  await id(page, 'release-tally').filter({ hasText: '1 of 1' }).waitFor();
  await id(page, 'release-submit').click();
  await page.locator('[data-testid=release-row][data-stage="in review"]').waitFor({ timeout: 60_000 });
  await a.shot('52-release-review');
  // B is told, looks and approves; A is told in turn.
  await id(b.page, 'bell-count').filter({ hasText: '1' }).waitFor();
  await id(b.page, 'bell-menu').click();
  await id(b.page, 'told').first().click();
  await modelReady(b.page);
  await id(b.page, 'release-approve').click();
  await id(b.page, 'release-words').fill('Good to go');
  await b.shot('53-release-approve');
  await b.page.keyboard.press('Control+Enter');
  await b.page.locator('[data-testid=release-row][data-stage=released]').waitFor();
  await page.locator('[data-testid=release-row][data-stage=released]').waitFor();
  const report = await id(page, 'release-reports').getByRole('link').first().getAttribute('href');
  const kept = await (await page.request.get(report)).text();
  assert.ok(kept.includes('report of a run'), 'the report is kept');
  await a.shot('54-released');
  await id(page, 'bell-menu').click();
  await page.keyboard.press('Escape');
  await id(page, 'history-close').click();
  await id(b.page, 'history-close').click();
});

test('B comments on a face and mentions A, who is told, answers and settles', async () => {
  await id(b.page, 'talk').click();
  await id(b.page, 'comment-new').click();
  await id(b.page, 'comment-place').click();
  const box = await id(b.page, 'viewport').boundingBox();
  // The middle of the base plate, away from every edge.
  await b.page.mouse.click(box.x + 0.34 * box.width, box.y + 0.7 * box.height);
  await id(b.page, 'anchor').filter({ hasNotText: 'whole design' }).waitFor();
  await id(b.page, 'comment-text').pressSequentially('Too thin here, @Ada');
  await id(b.page, 'mention').first().click();
  await id(b.page, 'comment-text').pressSequentially('what do you think?');
  await b.shot('34-comment');
  await id(b.page, 'comment-send').click();
  await id(b.page, 'thread').waitFor();
  await id(b.page, 'talk-pin').waitFor();
  // A is told at once, in the open design.
  await id(a.page, 'talk-count').filter({ hasText: '1' }).waitFor();
  await id(a.page, 'bell-count').waitFor();
  await id(a.page, 'bell-menu').click();
  await a.shot('35-told');
  await id(a.page, 'told').first().click();
  await modelReady(a.page);
  await id(a.page, 'thread').getByText('Too thin here, @Ada Byron what do you think?').waitFor();
  await id(a.page, 'comment-text').fill('It gets two millimetres more.');
  await a.page.keyboard.press('Control+Enter');
  await id(b.page, 'thread').getByText('It gets two millimetres more.').waitFor();
  await b.shot('36-answered');
  // The pin stays with its face through an edit, and says so when the face is gone.
  const width = a.page.locator('[data-testid=parameter-row][data-name=width] input').nth(1);
  await width.fill('70 mm');
  await width.press('Enter');
  await saved(a.page);
  await modelReady(a.page);
  const anchor = (page) => id(page, 'thread').getByTestId('anchor');
  const gone = (page) => id(page, 'thread').locator('[data-testid=anchor].gone');
  await anchor(a.page).waitFor();
  assert.equal(await gone(a.page).count(), 0, 'the face is still there');
  await id(a.page, 'talk-pin').waitFor();
  // Without the feature that made the face, both are told; with it again, the pin is back on it.
  const feature = (await anchor(a.page).innerText()).split(' · ')[0].trim();
  const made = id(a.page, 'features').getByTestId('tree-row').filter({ has: a.page.getByText(feature, { exact: true }) });
  await made.hover();
  await made.getByRole('button', { name: 'Leave out (suppress)' }).click();
  await Promise.all([a, b].map(({ page }) => gone(page).filter({ hasText: '(gone)' }).waitFor({ timeout: 60_000 })));
  await id(a.page, 'talk-pin').waitFor({ state: 'detached' });
  await a.shot('36-gone');
  await id(a.page, 'undo').click();
  await Promise.all([a, b].map(({ page }) => gone(page).waitFor({ state: 'detached', timeout: 60_000 })));
  await saved(a.page);
  await modelReady(a.page);
  await id(a.page, 'talk-pin').waitFor();
  await id(a.page, 'thread-settle').click();
  await id(b.page, 'talk-count').waitFor({ state: 'detached' });
  await id(b.page, 'talk-settled').waitFor({ state: 'attached' });
});

test('the board tells how the design stands, on a desktop and a phone, and its sheet why', async () => {
  const { page } = a;
  await page.goto('/board');
  const row = id(page, 'board-row').filter({ hasText: /bracket/i }).first();
  // The width was changed since the last run.
  await row.getByText('Stale').waitFor();
  await row.getByTestId('stage').filter({ hasText: /A released.*edited since/ }).waitFor();
  await a.shot('38-board');
  await id(page, 'tile-met').click();
  await row.waitFor({ state: 'detached' });
  await id(page, 'tile-stale').click();
  await row.waitFor();
  const csv = decodeURIComponent(await id(page, 'board-csv').getAttribute('href'));
  assert.ok(csv.split('\r\n').length >= 3 && csv.includes('blocked by'), 'what is shown, as a table');
  await row.getByRole('link').first().click();
  await id(page, 'sheet-line').getByText(/asks something else/).waitFor();
  // Margins and mass over time: a curve each, the limit, and what is read off by the arrow keys.
  const margin = id(page, 'chart-reserve');
  await margin.locator('path.curve').first().waitFor({ state: 'attached' });
  assert.equal(await margin.locator('line.rule').count(), 1, 'the limit is drawn');
  assert.ok(await margin.locator('path.curve').first().evaluate((path) => path.getTotalLength() > 10), 'the curve has a length');
  await id(page, 'chart-mass').locator('path.curve').first().waitFor({ state: 'attached' });
  await margin.getByTestId('plot').focus();
  await page.keyboard.press('ArrowRight');
  await margin.locator('.plot-key').filter({ hasText: /\d{4}-\d\d-\d\d \d\d:\d\d UTC/ }).waitFor();
  await id(page, 'sheet-line').locator('svg.spark').first().waitFor();
  await id(page, 'sheet-people').filter({ hasText: /Ada Byron.*edits/ }).waitFor();
  await a.shot('39-sheet');
  const small = await on.person({ viewport: phone, storageState: await a.context.storageState() });
  const onPhone = small.page;
  for (const [address, name] of [['/board', '40-board-phone'], [page.url(), '41-sheet-phone']]) {
    await onPhone.goto(address);
    await onPhone.locator('[data-testid=board-row], [data-testid=sheet-line]').first().waitFor();
    await small.shot(name);
    const wide = await onPhone.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
    assert.ok(!wide, `${name} does not scroll sideways`);
  }
  await small.context.close();
});

test('the board groups by project, and a saved view follows its person to another browser', async () => {
  const { page } = a;
  await page.goto('/board');
  const row = id(page, 'board-row').filter({ hasText: /bracket/i }).first();
  await row.waitFor();
  await id(page, 'views-empty').waitFor();
  await id(page, 'board-group-by').click();
  const group = id(page, 'board-group').first();
  await group.filter({ hasText: /1 stale/ }).waitFor();
  await group.getByTestId('board-fold').click();
  await row.waitFor({ state: 'detached' });
  await group.getByTestId('board-fold').press('Enter');
  await row.waitFor();
  await id(row, 'board-people').waitFor();
  await id(page, 'board-person').selectOption({ label: 'Ada Byron' });
  await id(page, 'board-search').fill('bracket');
  await row.waitFor();
  await id(page, 'view-save').click();
  await id(page, 'view-save-yes').click();
  await id(page, 'view-dialog').getByText('Give it a name.').waitFor();
  await id(page, 'view-dialog').getByTestId('name').fill('Brackets by project');
  await id(page, 'view-dialog').getByTestId('name').press('Enter');
  await id(page, 'view-dialog').waitFor({ state: 'hidden' });
  await a.shot('56-board-view');
  // Elsewhere nothing is set; the view sets all of it.
  const small = { ...phone, width: 375 };
  const other = await on.person({ viewport: small, colorScheme: 'dark', storageState: await a.context.storageState() });
  await other.page.goto('/board');
  await other.page.evaluate(() => localStorage.removeItem('brunel-board'));
  await other.page.reload();
  await id(other.page, 'board-row').first().waitFor();
  await id(other.page, 'view-choose').selectOption({ label: 'Brackets by project' });
  await id(other.page, 'board-group').first().waitFor();
  assert.equal(await id(other.page, 'board-search').inputValue(), 'bracket');
  assert.equal(await id(other.page, 'board-group-by').getAttribute('aria-pressed'), 'true');
  await id(other.page, 'board-search').fill('nothing like it');
  await id(other.page, 'view-changed').waitFor();
  await other.page.getByText('No design fits these filters.').waitFor();
  await id(other.page, 'board-search').fill('bracket');
  await id(other.page, 'view-changed').waitFor({ state: 'detached' });
  await other.shot('57-board-view-phone');
  const isWide = () => other.page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
  assert.ok(!await isWide(), 'the grouped board does not scroll sideways');
  await id(other.page, 'view-delete').click();
  await id(other.page, 'view-delete-dialog-yes').click();
  await id(other.page, 'views-empty').waitFor();
  await id(other.page, 'board-row').first().getByRole('link').first().click();
  await id(other.page, 'chart-reserve').locator('path.curve').first().waitFor({ state: 'attached' });
  await id(other.page, 'chart-reserve').scrollIntoViewIfNeeded();
  await other.shot('58-charts-phone');
  assert.ok(!await isWide(), 'the charts do not scroll sideways');
  await other.context.close();
  // As it was, for the walks to come.
  await id(page, 'board-group-by').click();
  await id(page, 'board-search').fill('');
  await id(page, 'board-person').selectOption('');
});

test('the administrator reads in the audit log who did what', async () => {
  const { page } = a;
  await page.goto('/audit');
  await id(page, 'audit-whole').filter({ hasText: /All \d+ entries are as they were written/ }).waitFor();
  await id(page, 'audit-action').fill('release.');
  await id(page, 'audit-action').press('Enter');
  await id(page, 'audit-row').filter({ hasText: 'release.approved' }).getByText('Ben Katz').waitFor();
  await id(page, 'audit-row').filter({ hasText: 'person.login' }).waitFor({ state: 'detached' });
  await a.shot('55-audit');
  const csv = await (await page.request.get(await id(page, 'audit-csv').getAttribute('href'))).text();
  assert.ok(csv.includes('release.released') && !csv.includes('person.login'), 'what is shown is what is taken away');
  await page.goto('/board');
});

test('a token made on the account page works for a program, within its scopes', async () => {
  const { page } = a;
  await page.goto('/account');
  await id(page, 'tokens').locator('[name=name]').fill('Pipeline');
  await id(page, 'scope-edit').uncheck();
  await id(page, 'token-create').click();
  const secret = await id(page, 'token-secret').inputValue();
  assert.match(secret, /^brunel_/);
  await a.shot('42-token');
  const ask = (method, path, body) => fetch(`${on.server.url}${path}`, { method, body,
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' } });
  const design = designOf(designUrl);
  const judged = await (await ask('GET', `/api/designs/${design}/requirements`)).json();
  assert.equal(judged.judgements.length, 1);
  assert.equal((await ask('POST', `/api/designs/${design}/comments`, '{"text":"hi"}')).status, 403);
  await id(page, 'token-remove').first().click();
  await id(page, 'token-row').waitFor({ state: 'detached' });
  assert.equal((await ask('GET', '/api/designs')).status, 401);
  await page.goto('/api/docs');
  await page.getByRole('heading', { name: /Brunel API/ }).waitFor();
  await a.shot('43-api');
});

test('B may not edit; the panel on a phone; no faults in any console', async () => {
  assert.ok(await b.page.locator('[data-testid=parameter-row][data-name=width] input').nth(1).isDisabled());
  const small = await on.person({ viewport: phone, storageState: await a.context.storageState() });
  const { page } = small;
  await page.goto(designUrl);
  await modelReady(page);
  await id(page, 'talk').click();
  await id(page, 'talk-panel').waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
  await small.shot('37-talk-phone');
  assert.ok(!wide, 'the page does not scroll sideways');
  await small.context.close();
  // That a release is refused, or a view without a name, is an answer, which the console notes.
  assert.deepEqual(a.faults([/WebSocket/, /409 .*\/submit/, /422 .*\/board\/views/]), []);
  assert.deepEqual(b.faults([/WebSocket/]), []);
});
