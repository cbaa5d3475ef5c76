// The walk of an answer over time: a bar that warms up, its curves, and the slider through its moments.
import test from 'node:test';
import assert from 'node:assert/strict';
import { id, modelReady, phone, pixelDifference, stage } from '../support.mjs';

const on = stage();
let a;

/** Asks the API as the page would. */
function ask(page, path, body) {
  return page.evaluate(async ([path, body]) => {
    const send = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(path, send);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }, [path, body]);
}

const expr = (value) => ({ type: 'expr', value });
const choice = (value) => ({ type: 'choice', value });
const faces = (...value) => ({ type: 'faces', value });

/** A bar of aluminium into which heat flows at one end, for a minute. */
const bar = [
  { id: 'box', kind: 'box', name: 'Bar', properties: {
    dx: expr('60 mm'), dy: expr('20 mm'), dz: expr('20 mm'), material: { type: 'choice', value: 'en_aw_6061_t6' } } },
  { id: 'flow', kind: 'heat_flux', name: 'Heater', properties: {
    faces: faces('box.left'), by: choice('total'), power: expr('50 W') } },
  { id: 'warm', kind: 'heat', name: 'Warming up', properties: {
    course: choice('transient'), duration: expr('60 s'), states: expr('6'), accuracy: expr('20 %'),
    resolution: choice('cell'), cell: expr('10 mm') } },
];

test('A runs a study over time', async () => {
  a = await on.founder();
  const { page } = a;
  const [project] = await ask(page, '/api/projects');
  const { id: design } = await ask(page, '/api/designs', { project: project.id, name: 'Warm bar', template: 'empty' });
  for (const [k, object] of bar.entries()) {
    await ask(page, `/api/designs/${design}/commands`, {
      client: 'walk-over-a-course', number: k + 1, base: 0, offline: false, command: { do: 'add', object } });
  }
  await page.goto(`/design/${design}`);
  await modelReady(page);
  await id(page, 'studies-section').getByTestId('tree-row').first().click();
  await page.locator('[data-testid=run]:not([disabled])').click({ timeout: 60_000 });
  await id(page, 'outcome').getByText('verified', { exact: true }).waitFor({ timeout: 240_000 });
  // The final answer, not one on the way to it.
  await id(page, 'export-report').waitFor({ timeout: 240_000 });
  await id(page, 'time-slider').waitFor();
});

test('the slider goes through the moments, by keys too', async () => {
  const { page } = a;
  const slider = id(page, 'time-slider');
  const last = Number(await slider.getAttribute('max'));
  assert.ok(last >= 4, `${last + 1} moments`);
  const picture = async () => {
    await page.mouse.move(5, 5);
    await page.waitForTimeout(600);
    return id(page, 'viewport').screenshot();
  };
  const now = () => id(page, 'time-now').innerText();
  await slider.focus();
  await page.keyboard.press('End');
  assert.equal(Number(await slider.inputValue()), last);
  assert.match(await now(), /\b(60 s|1 min)/, 'the end of the minute');
  // With the limits of the end held, the beginning is seen to be colder.
  await id(page, 'fix-legend').check();
  const end = await picture();
  await slider.focus();
  await page.keyboard.press('Home');
  const first = await now();
  assert.equal(await slider.getAttribute('aria-valuetext'), first, 'told to whoever does not see it');
  assert.ok(await pixelDifference(page, end, await picture()) > 0.01, 'another moment is in the view');
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await now(), first);
  assert.equal(Number(await slider.inputValue()), 1);
  // The list of moments says the same as the slider.
  assert.equal(await id(page, 'result-case').locator('option:checked').innerText(), await now());
  await a.shot('course-01-slider');
  // Playing moves the slider, and taking it stops the playing.
  await id(page, 'play').click();
  await page.waitForFunction(() => Number(document.querySelector('[data-testid=time-slider]').value) > 1);
  await slider.focus();
  await page.keyboard.press('Home');
  assert.equal(await id(page, 'play').getAttribute('aria-pressed'), 'false');
});

test('its temperatures are drawn over time, in the dark and on a phone', async () => {
  const { page } = a;
  const curves = id(page, 'curves');
  // With one mesh alone there is nothing else to choose.
  const picker = id(page, 'curve-picker');
  if (await picker.count() > 0) await picker.selectOption({ label: 'Temperature over time' });
  assert.equal(await curves.locator('path.curve').count(), 2, 'the highest and the lowest');
  await curves.getByText('Highest temperature over time').waitFor();
  await curves.locator('text.name', { hasText: /^Time, s$/ }).waitFor();
  await curves.locator('text.name', { hasText: /^Temperature, °C$/ }).waitFor();
  // The last value that is read off is hotter than the first.
  const read = async (key) => {
    await curves.getByTestId('plot').focus();
    for (let i = 0; i < 100; i += 1) await page.keyboard.press(key);
    return parseFloat(await curves.locator('.plot-key li').first().locator('.mono').innerText());
  };
  const [cold, hot] = [await read('ArrowLeft'), await read('ArrowRight')];
  assert.ok(Math.abs(cold - 20) < 2 && hot > 40, `${cold} °C to ${hot} °C`);
  await curves.scrollIntoViewIfNeeded();
  await page.emulateMedia({ colorScheme: 'dark' });
  await a.shot('course-02-curves-dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(phone);
  await curves.scrollIntoViewIfNeeded();
  await a.shot('course-03-curves-phone');
  const box = await curves.boundingBox();
  assert.ok(box.x >= 0 && box.x + box.width <= phone.width + 1, 'it fits the screen');
  assert.ok(!await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1), 'nothing runs out of it');
  assert.deepEqual(a.faults(), []);
});
