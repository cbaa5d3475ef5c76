// A compartment: who is in it works on a design that is not there for anyone else, and it ends at once for who is taken out.
import test from 'node:test';
import assert from 'node:assert/strict';
import { designOf, id, invite, modelReady, phone, signUp, stage } from '../support.mjs';

const cleo = { name: 'Cleo Marsh', email: 'cleo@example.com', password: 'a third long password' };
/** Lists are looked at again every 15 s. */
const again = { timeout: 40_000 };

const on = stage();
let a;
let b;
let c;
/** Cleo once more, on a phone. */
let small;
let project;
let designUrl;

const card = (page) => id(page, 'design-card').filter({ hasText: 'Blade root' });

/** Does something that changes what the server holds, and waits until it does. */
async function taken(page, method, act) {
  const done = page.waitForResponse((r) => r.request().method() === method && r.url().includes('/api/'));
  await act();
  const answer = await done;
  assert.ok(answer.ok(), `${answer.status()} ${answer.url()}`);
}

test('A invites B and C, makes a group with C in it, and gives it a project to manage', async () => {
  a = await on.founder();
  b = await on.join(await invite(a));
  await a.page.keyboard.press('Escape');
  await id(a.page, 'link').waitFor({ state: 'detached' });
  const link = await invite(a);
  c = await on.person();
  await c.page.goto(link);
  await signUp(c, cleo);
  await id(c.page, 'designs').waitFor();
  await a.page.keyboard.press('Escape');
  await id(a.page, 'link').waitFor({ state: 'detached' });
  await id(a.page, 'group_name').fill('Blade team');
  await id(a.page, 'group-submit').click();
  const group = id(a.page, 'group-row').filter({ hasText: 'Blade team' });
  await group.getByTestId('group-people').click();
  await taken(a.page, 'PUT', () => a.page.getByLabel('Cleo Marsh is in Blade team', { exact: true }).check());
  await a.page.keyboard.press('Escape');
  await group.getByText('1 person').waitFor();
  await id(a.page, 'name').fill('Turbine');
  await id(a.page, 'project-submit').click();
  await id(a.page, 'project-row').filter({ hasText: 'Turbine' }).getByTestId('project-people').click();
  await a.page.waitForURL(/\/project\//);
  project = new URL(a.page.url()).pathname.split('/').pop();
  const role = (of) => a.page.getByLabel(`Role of ${of} in the project`, { exact: true });
  await taken(a.page, 'PUT', () => role('the group Blade team').selectOption('owner'));
  await id(a.page, 'project-members').getByText('Owner through Blade team').waitFor();
  await taken(a.page, 'PUT', () => role('Ben Katz').selectOption('engineer'));
});

test('A makes a compartment in it, for herself and the group', async () => {
  await id(a.page, 'no-compartments').waitFor();
  await id(a.page, 'compartment_name').fill('Blade');
  await id(a.page, 'compartment-submit').click();
  const row = id(a.page, 'compartment-row').filter({ hasText: 'Blade' });
  await row.getByText('No members').waitFor();
  await row.getByTestId('compartment-members').click();
  const member = (of) => a.page.getByLabel(`${of} is in Blade`, { exact: true });
  await taken(a.page, 'PUT', () => member('Ada Byron').check());
  await taken(a.page, 'PUT', () => member('The group Blade team').check());
  await id(a.page, 'compartment-back').click();
  await row.getByText('Ada Byron, group Blade team').waitFor();
  await row.scrollIntoViewIfNeeded();
  await a.shot('95-project');
});

test('A makes a design in the compartment; C, who is in the group, finds it', async () => {
  await id(a.page, 'nav-home').click();
  await id(a.page, 'new-design').click();
  await id(a.page, 'name').fill('Blade root');
  await id(a.page, 'template').selectOption('bracket');
  await id(a.page, 'project').selectOption({ label: 'Turbine' });
  await id(a.page, 'compartment').selectOption({ label: 'Blade' });
  await id(a.page, 'create-dialog').getByText('Only members of the compartment will see it.').waitFor();
  await a.shot('96-new-design');
  // Another project has none: nothing is left to choose, nor of what was chosen.
  await id(a.page, 'project').selectOption({ label: 'Demo' });
  await id(a.page, 'compartment').waitFor({ state: 'detached' });
  await id(a.page, 'project').selectOption({ label: 'Turbine' });
  await id(a.page, 'compartment').waitFor();
  assert.equal(await id(a.page, 'compartment').inputValue(), '', 'none, until it is chosen again');
  await id(a.page, 'compartment').selectOption({ label: 'Blade' });
  await id(a.page, 'create-submit').click();
  await a.page.waitForURL(/\/design\//);
  designUrl = a.page.url();
  await modelReady(a.page);
  await card(c.page).waitFor(again);
  await card(c.page).getByText('Turbine › Blade').waitFor();
  await id(c.page, 'design-search').fill('blade');
  await card(c.page).waitFor();
});

test('B is in the project and not in the compartment: no list, no search and no address has it', async () => {
  const design = designOf(designUrl);
  await id(b.page, 'project-filter').locator('option', { hasText: 'Turbine (0)' }).waitFor({ state: 'attached', ...again });
  await id(b.page, 'design-search').fill('blade');
  await id(b.page, 'no-designs').getByText('No design matches').waitFor();
  await b.shot('97-outside');
  await id(b.page, 'design-search').fill('');
  await id(b.page, 'designs').waitFor();
  assert.equal(await card(b.page).count(), 0);
  for (const path of ['/api/designs', '/api/designs?search=blade', `/api/designs?project=${project}`, '/api/board']) {
    const text = await (await b.context.request.get(path)).text();
    assert.ok(!text.includes('Blade root') && !text.includes(design), `${path} tells of it`);
  }
  assert.equal((await b.context.request.get(`/api/designs/${design}`)).status(), 404);
  // Nor do engineers of the project decide who is in it.
  await b.page.goto(`/project/${project}`);
  await id(b.page, 'not-managed').waitFor();
  await b.page.goto(designUrl);
  await id(b.page, 'not-found').waitFor();
  assert.equal(await id(b.page, 'editor').count(), 0);
  await b.page.getByRole('link', { name: 'To the designs' }).click();
  await id(b.page, 'designs').waitFor();
});

test('C, who owns the project through the group alone, puts B into the compartment, on a phone', async () => {
  small = await on.person({ viewport: phone, storageState: await c.context.storageState() });
  const { page } = small;
  await page.goto('/');
  await id(page, 'designs').waitFor();
  assert.equal(await id(page, 'nav-people').count(), 0, 'the page of people is not open to C');
  // A choice is heard once the page has woken up.
  for (let i = 0; i < 60 && await id(page, 'project-people').count() === 0; i += 1) {
    await id(page, 'project-filter').selectOption('');
    await id(page, 'project-filter').selectOption(project);
    await page.waitForTimeout(500);
  }
  await id(page, 'project-people').click();
  await page.waitForURL(/\/project\//);
  await id(page, 'compartment-row').filter({ hasText: 'Blade' }).getByTestId('compartment-members').click();
  await taken(page, 'PUT', () => page.getByLabel('Ben Katz is in Blade', { exact: true }).check());
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);
  await small.shot('98-members-phone');
  assert.ok(!wide, 'the page does not scroll sideways');
});

test('it appears for B; taken out while it is open, the view closes and says why', async () => {
  await card(b.page).waitFor(again);
  await card(b.page).getByRole('link').click();
  await b.page.waitForURL(/\/design\//);
  await modelReady(b.page);
  const ended = id(b.page, 'ended').filter({ hasText: 'You no longer have access' }).waitFor({ timeout: 5_000 });
  const out = taken(small.page, 'DELETE', () => small.page.getByLabel('Ben Katz is in Blade', { exact: true }).uncheck());
  await Promise.all([ended, out]);
  // Nothing of it stays beside the message: neither what stood in the tree nor its name.
  assert.equal(await id(b.page, 'tree').count() + await id(b.page, 'design-name').count(), 0);
  assert.doesNotMatch(await b.page.title() + await b.page.locator('body').innerText(), /Blade root/);
  await b.shot('99-closed');
  await b.page.reload();
  await id(b.page, 'not-found').waitFor();
  await b.page.goto('/');
  await id(b.page, 'designs').waitFor();
  assert.equal(await card(b.page).count(), 0);
  assert.deepEqual(a.faults(), []);
  assert.deepEqual(b.faults([/WebSocket/, /status of 40[34]/]), []);
  assert.deepEqual(c.faults(), []);
  assert.deepEqual(small.faults(), []);
});
