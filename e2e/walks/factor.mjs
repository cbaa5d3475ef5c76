// A second factor: set up with what an authenticator app would compute, asked for at the sign-in, required of everyone.
import test from 'node:test';
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { ada, ben, id, invite, stage } from '../support.mjs';

const on = stage();
let a;
let secret;
let recovery;

/** RFC 6238 by other means than the server's. */
function code(at = Date.now()) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((c) => letters.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const value = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, '0');
}

test('A sets up a second factor from the QR code\'s secret and keeps the recovery codes', async () => {
  a = await on.founder();
  await a.page.goto('/account');
  await id(a.page, 'factor-begin').click();
  const section = id(a.page, 'factor');
  await section.getByTestId('password').fill(ada.password);
  await id(a.page, 'factor-go').click();
  await id(a.page, 'factor-code').waitFor();
  secret = await id(a.page, 'factor-secret').textContent();
  await id(a.page, 'factor').scrollIntoViewIfNeeded();
  await a.shot('90-factor');
  await section.getByTestId('code').fill('000000');
  await id(a.page, 'factor-confirm').click();
  await section.getByText('does not fit').waitFor();
  await section.getByTestId('code').fill(code());
  await id(a.page, 'factor-confirm').click();
  await id(a.page, 'factor-codes').waitFor();
  recovery = await id(a.page, 'factor-codes').locator('li').allTextContents();
  assert.equal(recovery.length, 10);
  await a.shot('91-recovery');
  await id(a.page, 'factor-kept').click();
  await id(a.page, 'factor-on').waitFor();
});

test('the password alone does not sign in; a recovery code besides does, once', async () => {
  const c = await on.person({ colorScheme: 'dark' });
  await c.page.goto('/login');
  await id(c.page, 'email').fill(ada.email);
  await id(c.page, 'password').fill(ada.password);
  await id(c.page, 'login-submit').click();
  await id(c.page, 'code').waitFor();
  await c.shot('92-login');
  await id(c.page, 'code').fill(recovery[0]);
  await id(c.page, 'login-submit').click();
  await id(c.page, 'designs').waitFor();
  assert.deepEqual(c.faults([/status of 401/]), []);
  await c.context.close();
});

test('required of everyone, it is the only thing that opens for who has none', async () => {
  await a.page.goto('/people');
  await id(a.page, 'member-factor').waitFor();
  await id(a.page, 'require-factor').check();
  const b = await on.join(await invite(a), { testid: 'factor-needed', colorScheme: 'light' });
  await b.page.goto('/board');
  await id(b.page, 'factor-needed').waitFor();
  await b.shot('93-required');
  const section = id(b.page, 'factor');
  await id(b.page, 'factor-begin').click();
  await section.getByTestId('password').fill(ben.password);
  await id(b.page, 'factor-go').click();
  await id(b.page, 'factor-code').waitFor();
  secret = await id(b.page, 'factor-secret').textContent();
  await section.getByTestId('code').fill(code());
  await id(b.page, 'factor-confirm').click();
  await id(b.page, 'factor-kept').click();
  await b.page.goto('/');
  await id(b.page, 'designs').waitFor();
  assert.deepEqual(a.faults([/status of 422/]), []);
  assert.deepEqual(b.faults([/status of 403/]), []);
});
