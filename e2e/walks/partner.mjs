// The partner's room: what a link gives is what a guest gets; what they say reaches the team, marked; and it ends at once.
import test from 'node:test';
import assert from 'node:assert/strict';
import { designOf, id, modelReady, openDesign, phone, saved, stage } from '../support.mjs';

const secret = 'granite under the bridge';

const on = stage();
let a;
let guest;
let other;
let design;
let link;

const bodies = (page) => page.getByTestId('viewport').getAttribute('data-bodies');

test('A shares one body of two with one person, by name and password, with comments and one format', async () => {
  a = await on.founder();
  design = designOf(await openDesign(a, 'bracket'));
  await modelReady(a.page);
  const object = { id: 'tooling', kind: 'box', name: 'Secret tooling', properties: {
    operation: { type: 'choice', value: 'new' }, origin: { type: 'vector', value: ['300 mm', '0 mm', '0 mm'] } } };
  const made = await a.context.request.post(`/api/designs/${design}/commands`, { headers: { origin: on.server.url },
    data: { client: '0123456789abcdef', number: 1, base: 0, command: { do: 'add', object, before: null } } });
  assert.equal(made.status(), 200, await made.text());
  await a.page.locator('[data-testid=viewport][data-bodies="2"]').waitFor();
  await id(a.page, 'share').click();
  await id(a.page, 'label').fill('Foundry');
  await id(a.page, 'guest').fill('Max Frisch');
  await id(a.page, 'share-bodies').click();
  await a.page.locator('[data-testid=share-body][data-name=tooling]').uncheck();
  await id(a.page, 'share-allow-measure').uncheck();
  await id(a.page, 'share-allow-comment').check();
  await id(a.page, 'share-allow-stl').check();
  await a.shot('80-share');
  // A link for one person needs a password, and says so where it is missing.
  await id(a.page, 'share-create').click();
  await a.page.getByText('needs a password').waitFor();
  await id(a.page, 'password').fill(secret);
  await id(a.page, 'share-create').click();
  link = await id(a.page, 'share-link').inputValue();
  await id(a.page, 'share-row').filter({ hasText: 'one body · password · cut sections, comment · download as STL' }).waitFor();
  await a.shot('81-shared');
});

test('the guest gives the password and sees, cuts and takes what was shared, and nothing else', async () => {
  guest = await on.person({ colorScheme: 'dark' });
  await guest.page.goto(link);
  await id(guest.page, 'share-locked').waitFor();
  await id(guest.page, 'password').fill('granite over the bridge');
  await id(guest.page, 'share-unlock').click();
  await guest.page.getByText('not the link').waitFor();
  await guest.shot('82-locked');
  await id(guest.page, 'password').fill(secret);
  await id(guest.page, 'share-unlock').click();
  await modelReady(guest.page);
  assert.equal(await bodies(guest.page), '1');
  assert.equal(await id(guest.page, 'measure').count(), 0, 'measuring was not allowed');
  await guest.page.keyboard.press('m');
  assert.equal(await id(guest.page, 'measure-panel').count(), 0, 'nor by its key');
  await guest.page.keyboard.press('s');
  await id(guest.page, 'section-panel').waitFor();
  await guest.page.keyboard.press('s');
  // Everything that came over the line, and what is asked for past the page.
  const token = new URL(link).pathname.split('/').pop();
  const asked = async (path) => guest.context.request.get(`/api/share/${token}${path}`);
  const stl = await asked('/export/stl');
  assert.equal(stl.status(), 200);
  assert.equal((await asked('/export/step')).status(), 403);
  for (const path of ['', '/scene', '/comments', '/export/stl']) {
    const text = (await (await asked(path)).body()).toString('latin1');
    assert.ok(!text.includes('tooling') && !text.includes('Secret'), `${path} tells of the other body`);
  }
  await id(guest.page, 'guest-downloads').click();
  await id(guest.page, 'download-stl').waitFor();
  assert.equal(await id(guest.page, 'download-step').count(), 0);
  await guest.shot('83-guest');
  await guest.page.keyboard.press('Escape');
});

test('what the guest says reaches the team, marked; the answer reaches the guest; the team keeps its own', async () => {
  await id(guest.page, 'talk').click();
  await id(guest.page, 'comment-new').click();
  await id(guest.page, 'comment-place').click();
  const box = await id(guest.page, 'viewport').boundingBox();
  await guest.page.mouse.click(box.x + 0.42 * box.width, box.y + 0.62 * box.height);
  await id(guest.page, 'anchor').filter({ hasText: 'A face of' }).waitFor();
  await id(guest.page, 'comment-text').fill('Can this radius be 6 mm?');
  await id(guest.page, 'comment-send').click();
  await id(guest.page, 'thread').getByText('Can this radius be 6 mm?').waitFor();
  await a.page.keyboard.press('Escape');
  await id(a.page, 'talk-count').filter({ hasText: '1' }).waitFor();
  await id(a.page, 'bell-count').waitFor();
  await id(a.page, 'talk').click();
  await id(a.page, 'thread').click();
  await id(a.page, 'guest-mark').filter({ hasText: 'Foundry' }).waitFor();
  await id(a.page, 'guests-read').waitFor();
  await a.shot('84-team');
  await id(a.page, 'comment-text').fill('Six it is.');
  await id(a.page, 'comment-send').click();
  await id(guest.page, 'thread').getByText('Six it is.').waitFor();
  assert.equal(await id(guest.page, 'guest-mark').count(), 1, 'what a guest said is marked, the answer of the team is not');
  await id(a.page, 'comment-new').click();
  await id(a.page, 'comment-text').fill('Among ourselves: they pay for it.');
  await id(a.page, 'comment-send').click();
  await id(a.page, 'thread').filter({ hasText: 'Among ourselves' }).waitFor();
  assert.equal(await id(guest.page, 'thread').count(), 1);
  assert.ok(!(await guest.page.content()).includes('Among ourselves'));
  await guest.shot('85-answered');
});

test('the guest sees an edit of their body; another partner sees neither them nor it', async () => {
  const made = await a.context.request.post(`/api/designs/${design}/shares`, { headers: { origin: on.server.url },
    data: { label: 'Coater', days: 1, bodies: ['tooling'], allow: ['comment'] } });
  other = await on.person({ viewport: phone });
  await other.page.goto((await made.json()).link);
  await modelReady(other.page);
  await id(other.page, 'talk').click();
  await id(other.page, 'talk-panel').waitFor();
  await id(other.page, 'guest-name').waitFor();
  assert.equal(await id(other.page, 'thread').count(), 0);
  assert.ok(!(await other.page.content()).includes('Frisch'));
  await other.shot('86-other-phone');
  const width = a.page.locator('[data-testid=parameter-row][data-name=width] input').nth(1);
  const seen = guest.page.waitForResponse((r) => r.url().endsWith('/scene'));
  await width.fill('90 mm');
  await width.press('Enter');
  await saved(a.page);
  await seen;
});

test('A reads who saw what, and takes the link back: the open view closes within a second', async () => {
  await id(a.page, 'share').click();
  const row = id(a.page, 'share-row').filter({ hasText: 'Foundry' });
  await row.getByTestId('share-views').click();
  const lines = row.getByTestId('share-view-list');
  for (const what of ['gave a wrong password', 'opened version', 'downloaded version', 'commented', 'saw version']) {
    await lines.getByText(what).first().waitFor();
  }
  await a.shot('87-record');
  const began = Date.now();
  const gone = id(guest.page, 'share-gone').waitFor({ timeout: 3_000 });
  await row.getByTestId('revoke').click();
  await gone;
  assert.ok(Date.now() - began < 1_500, `it took ${Date.now() - began} ms, the click included`);
  await guest.shot('88-revoked');
  assert.equal(await bodies(other.page), '1', 'the other partner looks on');
  await guest.page.reload();
  await id(guest.page, 'share-gone').waitFor();
  assert.deepEqual(a.faults([/status of 422/]), []);
  assert.deepEqual(guest.faults([/WebSocket/, /status of 4(01|04|22)/]), []);
  assert.deepEqual(other.faults(), []);
});
