// The walk of the verified studies on one part, a bar of aluminium, as an engineer checks a solver: against the formulas of a
// textbook. Heat in a fin and in a quench, the stress of expansion between walls, natural frequencies, buckling.
import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { artefacts, id, modelReady, phone, pixelDifference, saved, stage } from '../support.mjs';

const on = stage();
let a;
let design;

/** The bar: length, width and thickness along x, y, z, m. */
const [length, width, thick] = [0.12, 0.012, 0.006];
/** EN AW-6061-T6, as in the library, SI. */
const matter = { e: 68.9e9, density: 2700, conductivity: 167, specificHeat: 896, expansion: 23.6e-6, yield: 276e6 };
/** Hot end and air, °C; film of a fan, W/(m²·K). */
const [hot, air, film] = [100, 20, 50];
const zero = 273.15;
const area = width * thick;
const perimeter = 2 * (width + thick);

/** A fin of even section that gives off heat at its sides and its tip (Incropera, Fundamentals of Heat and Mass Transfer, 3.6). */
const fin = (() => {
  const m = Math.sqrt(film * perimeter / (matter.conductivity * area));
  const tip = film / (m * matter.conductivity);
  const [c, s] = [Math.cosh(m * length), Math.sinh(m * length)];
  const rise = hot - air;
  const share = c + tip * s;
  return {
    tip: air + rise / share,
    heat: Math.sqrt(film * perimeter * matter.conductivity * area) * rise * (s + tip * c) / share,
    meanRise: rise * (s + tip * (c - 1)) / (m * length * share),
  };
})();

/** Within the share `share` of what the formula says. */
function near(value, formula, share, what) {
  const off = Math.abs(value / formula - 1);
  assert.ok(off <= share, `${what}: ${value}, by hand ${formula}: ${(100 * off).toFixed(2)} % apart`);
}

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
const faces = (...names) => ({ type: 'faces', value: names.map((name) => `bar.${name}`) });

/** The bar with everything that holds, heats and cools it; the studies are made in the page. */
const part = [
  { id: 'bar', kind: 'box', name: 'Bar', properties: {
    dx: expr('120 mm'), dy: expr('12 mm'), dz: expr('6 mm'), material: { type: 'choice', value: 'en_aw_6061_t6' } } },
  { id: 'clamp', kind: 'fixed', name: 'Clamp', properties: { faces: faces('left') } },
  { id: 'wall', kind: 'sliding', name: 'Wall', properties: { faces: faces('left') } },
  { id: 'far_wall', kind: 'sliding', name: 'Far wall', properties: { faces: faces('right') } },
  { id: 'guides', kind: 'sliding', name: 'Guides', properties: { faces: faces('front', 'bottom') } },
  { id: 'hot', kind: 'temperature', name: 'Hot end', properties: { faces: faces('left'), temperature: expr(`${hot} °C`) } },
  { id: 'fan', kind: 'convection', name: 'Fan', properties: {
    faces: faces('right', 'front', 'back', 'top', 'bottom'), film: expr(`${film} W/(m^2*K)`), ambient: expr(`${air} °C`) } },
];

const properties = (page) => id(page, 'properties');

/** Types into a field of what is selected. */
async function type(page, key, text) {
  const field = properties(page).getByTestId(key);
  await field.fill(text);
  await field.press('Enter');
  await saved(page);
}

/** Takes one of the buttons of a choice. */
async function take(page, key) {
  await properties(page).getByTestId(key).click();
  await saved(page);
}

/** Names others of the design in a field of what is selected, from its menu. */
async function refer(page, key, ...names) {
  for (const name of names) {
    await properties(page).getByTestId(`add-${key}`).click();
    await page.getByRole('menuitem', { name, exact: true }).click();
    await properties(page).getByTestId(key).getByText(name, { exact: true }).waitFor();
  }
  await saved(page);
}

/** A study of the menu, named, coarse: a cell is as long as the bar is thick. */
async function study(page, kind, name) {
  await id(page, 'studies-section').getByTestId('add-studies').click();
  await id(page, `add-${kind}`).click();
  await page.locator(`[data-testid=properties][data-kind=${kind}]`).waitFor();
  await type(page, 'object-name', name);
  await take(page, 'resolution-cell');
  await type(page, 'cell', '6 mm');
}

/** Runs what is selected; its final answer is shown. */
async function run(page, name) {
  await id(page, 'preflight').getByText('Ready').waitFor({ timeout: 60_000 });
  await page.locator('[data-testid=run]:not([disabled])').click({ timeout: 60_000 });
  const panel = id(page, 'outcome');
  await panel.locator('.properties-head').getByText(name, { exact: true }).waitFor({ timeout: 240_000 });
  await id(page, 'export-report').waitFor({ timeout: 240_000 });
  await panel.getByTestId('grade').filter({ hasText: 'verified' }).waitFor();
}

/** The exact number that stands in the panel, SI. */
async function number(page, scalar) {
  return Number(await id(page, `scalar-${scalar}`).getAttribute('data-value'));
}

/** The answer, from its head on, for a picture: the panel stays where Run was clicked, and the words under the pointer there. */
async function show(page) {
  await page.mouse.move(5, 5);
  await id(page, 'outcome').locator('.properties-head').evaluate((head) => head.scrollIntoView());
}

/** What the menu of states lists: `Mode 1 · 340 Hz` as 340. */
async function listed(page) {
  const words = await id(page, 'result-case').locator('option').allInnerTexts();
  return words.map((w) => parseFloat(w.split('·').at(-1)));
}

/** The rows of a table of the answer, as texts. */
async function table(page, label) {
  const rows = page.locator('details', { has: page.locator('summary', { hasText: label }) }).locator('tbody tr');
  return rows.evaluateAll((all) => all.map((r) => [...r.cells].map((c) => c.textContent.trim())));
}

/** The input deck says all of this. It has millions of characters, so what it does not say is named, and no more. */
async function deckSays(page, ...patterns) {
  const [download] = await Promise.all([page.waitForEvent('download'), id(page, 'deck').click()]);
  const text = await readFile(await download.path(), 'utf8');
  for (const pattern of patterns) assert.ok(pattern.test(text), `the deck does not say ${pattern}`);
  return text;
}

const sideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1);

test('A makes a bar with what holds, heats and cools it', async () => {
  a = await on.founder();
  const { page } = a;
  const [project] = await ask(page, '/api/projects');
  ({ id: design } = await ask(page, '/api/designs', { project: project.id, name: 'Test bar', template: 'empty' }));
  for (const [k, object] of part.entries()) {
    await ask(page, `/api/designs/${design}/commands`, {
      client: 'walk-over-physics', number: k + 1, base: 0, offline: false, command: { do: 'add', object } });
  }
  await page.goto(`/design/${design}`);
  await modelReady(page);
});

test('steady heat: a fin is as warm at its tip, and gives off as much, as the textbook has it', async () => {
  const { page } = a;
  await study(page, 'heat', 'Fin');
  await run(page, 'Fin');
  near(await number(page, 'temperature_max') - zero, hot, 1e-3, 'the hot end');
  near(await number(page, 'temperature_min') - zero, fin.tip, 0.01, 'the tip');
  near(await number(page, 'heat:hot'), fin.heat, 0.02, 'heat into the fin');
  near(-await number(page, 'heat:fan'), fin.heat, 0.02, 'heat into the air');
  assert.match(await id(page, 'scalar-temperature_min').innerText(), /°C/);
  await show(page);
  await a.shot('70-heat');
});

test('its report says what was solved, and its deck is the same problem for another solver', async () => {
  const { page } = a;
  const text = await deckSays(page, /^\*HEAT TRANSFER,STEADY STATE$/m, /^\*ELEMENT,TYPE=DC3D10,/m,
    // The alloy's conductivity; facets in the air of the fan, whose temperature is absolute.
    /^\*CONDUCTIVITY\n1\.670*e2$/m, /^\*FILM\n\d+,F\d,2\.93150*e2,5\.0*e1$/m);
  // The hot end is the nodes of one face, all at one temperature.
  const kept = [...text.matchAll(/^\d+,11,11,(\S+)$/gm)].map((m) => Number(m[1]));
  assert.ok(kept.length > 10 && kept.every((t) => Math.abs(t - zero - hot) < 1e-6), `${kept.length} nodes are kept`);
  const [report] = await Promise.all([a.context.waitForEvent('page'), id(page, 'export-report').click()]);
  await report.getByText('Supplied by').first().waitFor();
  for (const words of ['Fin', 'Heat in and out', 'Hot end', 'Fan', 'EN AW-6061-T6']) {
    await report.getByText(words).first().waitFor({ state: 'attached' });
  }
  await report.getByRole('heading', { name: 'Assumptions' }).waitFor();
  await report.screenshot({ path: join(artefacts, '71-heat-report.png'), fullPage: true });
  await report.close();
});

test('heat over time: the bar cools as one lump, by an exponential', async () => {
  const { page } = a;
  await study(page, 'heat', 'Quench');
  await refer(page, 'thermal', 'Fan');
  await take(page, 'course-transient');
  await type(page, 'initial', `${hot} °C`);
  await type(page, 'duration', '120 s');
  await type(page, 'states', '6');
  await run(page, 'Quench');
  // Its Biot number, of half the thickness, is below a thousandth: it cools as one, but for what its tip gives off more.
  const lag = matter.density * matter.specificHeat * area * length / (film * (perimeter * length + area));
  const lump = (t) => air + (hot - air) * Math.exp(-t / lag);
  const slider = id(page, 'time-slider');
  const last = Number(await slider.getAttribute('max'));
  await slider.focus();
  await page.keyboard.press('Home');
  for (let k = 0; k <= last; k += 1) {
    const seconds = await id(page, 'time-now').innerText().then((t) => parseFloat(t) * (/min/.test(t) ? 60 : 1));
    for (const scalar of ['temperature_max', 'temperature_min']) {
      const rise = await number(page, scalar) - zero - air;
      near(rise, lump(seconds) - air, 0.025, `${scalar} above the air after ${seconds} s`);
    }
    if (k < last) await page.keyboard.press('ArrowRight');
  }
  await a.shot('72-quench');
  const curves = id(page, 'curves');
  await id(page, 'curve-picker').selectOption({ label: 'Temperature over time' });
  await curves.scrollIntoViewIfNeeded();
  await a.shot('73-quench-curve');
});

test('expansion of a heat study of this version: between walls the bar is pressed as the textbook has it', async () => {
  const { page } = a;
  await study(page, 'static', 'Between walls');
  await refer(page, 'supports', 'Wall', 'Far wall', 'Guides');
  await take(page, 'method-verified');
  await properties(page).getByTestId('warmth').selectOption({ label: 'A heat study' });
  await refer(page, 'heat', 'Fin');
  await run(page, 'Between walls');
  // Each wall pushes back with what the mean rise would have stretched the bar by; nothing else does along it.
  const stress = matter.e * matter.expansion * fin.meanRise;
  const reactions = await table(page, 'Reaction of each support');
  const along = (name) => Number(reactions.find((r) => r.includes(name))[2]);
  near(along('Wall'), stress * area, 0.01, 'what the wall pushes with, N');
  near(-along('Far wall'), stress * area, 0.01, 'what the far wall pushes with, N');
  // Where the walls keep the ends flat, the stress lies a little above that of the middle.
  const largest = await number(page, 'von_mises_max');
  assert.ok(largest > stress && largest < 1.08 * stress, `${largest} Pa at most, by hand ${stress} Pa`);
  near(await number(page, 'safety_factor_min'), matter.yield / largest, 1e-3, 'the safety on yield');
  await deckSays(page, /^\*EXPANSION/m, /^\*TEMPERATURE/m);
  await id(page, 'result-field').selectOption('von_mises');
  await show(page);
  await a.shot('74-expansion');
});

test('modal: the frequencies of a cantilever are listed, its mass moves with them, and its shape swings', async () => {
  const { page } = a;
  await study(page, 'modal', 'Ringing');
  await refer(page, 'supports', 'Clamp');
  await type(page, 'modes', '3');
  await type(page, 'accuracy', '5 %');
  await run(page, 'Ringing');
  // Euler and Bernoulli: flat, on edge, and the second flat one, which shear and turning make slower already.
  const speed = Math.sqrt(matter.e / (12 * matter.density)) / (2 * Math.PI * length ** 2);
  const formula = [[1.8751, thick], [1.8751, width], [4.6941, thick]].map(([root, h]) => root ** 2 * h * speed);
  const found = await listed(page);
  assert.equal(found.length, 3);
  found.forEach((f, k) => near(f, formula[k], 0.015, `mode ${k + 1}, Hz`));
  // 61.3 % of a cantilever's mass swings with its first mode, along z the flat way, along y on edge.
  const shares = (await table(page, 'Effective mass')).map((r) => r.at(-1).split(', ').map(Number));
  assert.ok(Math.abs(shares[0][2] - 61.3) < 1 && Math.abs(shares[1][1] - 61.3) < 1, JSON.stringify(shares));
  await deckSays(page, /^\*FREQUENCY/m);
  // What the button says can be read under the pointer, too.
  await id(page, 'run').hover();
  const [ground, ink] = await id(page, 'run').evaluate((button) => {
    const { backgroundColor, color } = getComputedStyle(button);
    return [backgroundColor, color].map((c) => c.match(/\d+/g).slice(0, 3).reduce((sum, x) => sum + Number(x), 0) / 3);
  });
  assert.ok(Math.abs(ground - ink) > 80, `ink ${ink} on ground ${ground}`);
  await show(page);
  await a.shot('75-modal');
  // Another mode is another number and another shape.
  const still = () => page.mouse.move(5, 5).then(() => page.waitForTimeout(500)).then(() => id(page, 'viewport').screenshot());
  const first = await still();
  await id(page, 'result-case').selectOption({ index: 1 });
  near(await number(page, 'frequency'), formula[1], 0.015, 'the second mode alone, Hz');
  await id(page, 'legend').getByText(/Mode 2 · \d+(\.\d+)? Hz/).waitFor();
  const second = await still();
  assert.ok(await pixelDifference(page, first, second) > 0.02, 'the other shape is in the view');
  await id(page, 'play').click();
  const moments = [];
  for (let k = 0; k < 4; k += 1) moments.push(await id(page, 'viewport').screenshot());
  const apart = await Promise.all(moments.slice(1).map((m, k) => pixelDifference(page, moments[k], m)));
  assert.ok(Math.max(...apart) > 0.01, `it swings: ${apart}`);
  await id(page, 'play').click();
  assert.equal(await id(page, 'play').getAttribute('aria-pressed'), 'false');
});

test('buckling: the column gives way at the load of Euler, and four times it on edge', async () => {
  const { page } = a;
  // The end by a rule, so that it stays the end whatever becomes of the bar.
  await id(page, 'selections-section').getByTestId('add-selection').click();
  await type(page, 'object-name', 'Free end');
  await properties(page).getByTestId('rule').selectOption('normal');
  await type(page, 'normal-x', '1');
  await type(page, 'normal-z', '0');
  await id(page, 'loads-section').getByTestId('add-loads').click();
  await id(page, 'add-force').click();
  await page.locator('[data-testid=properties][data-kind=force]').waitFor();
  await refer(page, 'selections', 'Free end');
  await type(page, 'force-x', '-500 N');
  await type(page, 'force-z', '0 N');
  await page.keyboard.press('Escape');
  await study(page, 'buckling', 'Column');
  await refer(page, 'supports', 'Clamp');
  await type(page, 'modes', '2');
  await type(page, 'accuracy', '5 %');
  await run(page, 'Column');
  const euler = (height) => Math.PI ** 2 * matter.e * (area * height ** 2 / 12) / (4 * length ** 2) / 500;
  const found = await listed(page);
  assert.equal(found.length, 2);
  near(found[0], euler(thick), 0.015, 'the load factor');
  near(found[1], euler(width), 0.02, 'the load factor on edge');
  near(await number(page, 'load_factor_first'), euler(thick), 0.015, 'the smallest load factor');
  await deckSays(page, /^\*BUCKLE/m);
  await id(page, 'result-case').selectOption({ index: 0 });
  await show(page);
  await a.shot('76-buckling');
});

test('a run is opened by its address on a phone, and a load that it does not read has not aged it; no faults', async () => {
  const runs = (await ask(a.page, `/api/runs?design=${design}`)).items;
  assert.ok(runs.length === 5 && runs.every((r) => r.state === 'done'), JSON.stringify(runs.map((r) => r.state)));
  const ringing = runs.find((r) => r.study_name === 'Ringing');
  const small = await on.person({ viewport: phone, storageState: await a.context.storageState() });
  const { page } = small;
  await page.goto(`/design/${design}?run=${ringing.id}`);
  await modelReady(page);
  await id(page, 'outcome').getByText('Ringing', { exact: true }).waitFor({ timeout: 60_000 });
  assert.equal(await id(page, 'stale').count(), 0);
  assert.equal((await listed(page)).length, 3);
  await id(page, 'legend').getByText(/Mode 1/).waitFor();
  // A small legend has fewer numbers, and those at its ends are the ends'.
  const ticks = id(page, 'legend').locator('ol li').filter({ visible: true });
  const [top, bottom] = [await ticks.first().innerText(), await ticks.last().innerText()].map(parseFloat);
  const all = (await id(page, 'legend').locator('ol li').allTextContents()).map(parseFloat);
  assert.ok(await ticks.count() >= 3 && top === all[0] && bottom === all.at(-1), `${top} to ${bottom} of ${all}`);
  await page.waitForTimeout(600);
  await small.shot('77-modal-phone');
  assert.ok(!await sideways(page), 'nothing runs out of the screen');
  assert.deepEqual([...a.faults(), ...small.faults()], []);
});
