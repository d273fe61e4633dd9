// Losing the server, or the network: the app says so, comes back by itself, and shows exactly what is true.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launchBrowser, screenshot } from './support/browser.mjs';
import { Provider, bubble, call, eventually, reply, row, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, provider, page, context, problems, bot, priya, tom;
before(async () => {
  server = await startServer({ name: 'recovery' });
  browser = await launchBrowser();
  provider = new Provider(server);
  ({ page, context, problems } = await signIn(browser, server));
  await call(context, server, 'POST', '/channels', { source: 'telegram', name: 'Northwind bot', config: {}, simulated: true });
  bot = await provider.account('telegram');
  priya = await provider.phone({ first_name: 'Priya', last_name: 'Nair' });
  tom = await provider.phone({ first_name: 'Tom', last_name: 'Becker' });
  await provider.write(bot, priya, 'First');
  await row(page, 'Priya Nair').click();
  await bubble(page, 'First').waitFor();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const notice = (text) => page.getByRole('status').filter({ hasText: text });
/** What the browser itself reports about requests that found no server; anything else is a problem of ours. */
const ours = () => problems.splice(0).filter((p) => !/ERR_(CONNECTION|INTERNET|NETWORK|EMPTY)|WebSocket|status of 50/.test(p));
const texts = async (phone) => (await provider.messages(bot, phone)).filter((m) => m.from === 'business').map((m) => m.content.text);

test('without the network, the app says so and keeps what is written', async () => {
  await context.setOffline(true);
  await notice('You’re offline').waitFor();
  await reply(page, 'Written without a network');
  await bubble(page, 'Written without a network').waitFor();
  await page.getByText(/Not sent|Waiting|connection is back/).first().waitFor();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('A draft that stays');
  await screenshot(page, 'offline');
  assert.deepEqual(await texts(priya), []);
  await provider.write(bot, priya, 'Are you there?');
  await provider.write(bot, tom, 'Hello from Tom');

  await context.setOffline(false);
  await notice('You’re offline').waitFor({ state: 'detached' });
  await bubble(page, 'Are you there?').waitFor();
  await row(page, 'Tom Becker').waitFor();
  await bubble(page, 'Written without a network').getByRole('button', { name: /^Sent/ }).waitFor();
  assert.deepEqual(await texts(priya), ['Written without a network']);
  for (const text of ['Are you there?', 'Written without a network']) assert.equal(await bubble(page, text).count(), 1, text);
  assert.equal(await page.getByRole('textbox', { name: 'Message', exact: true }).inputValue(), 'A draft that stays');
  assert.deepEqual(ours(), []);
});

test('a killed server is noticed; after its restart everything is there once', async () => {
  // The simulator lives in the same process and remembers with a delay.
  await eventually('the simulator has saved what was said', async () =>
    (await readFile(join(server.data, 'simulator.json'), 'utf8').catch(() => '')).includes('Written without a network'),
  );
  await server.end('SIGKILL');
  await notice('Reconnecting').waitFor();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Written without a server');
  await page.keyboard.press('Enter');
  await page.getByText(/goes out by itself/).waitFor();
  await screenshot(page, 'server-gone');

  await server.start();
  await notice('Reconnecting').waitFor({ state: 'detached', timeout: 40_000 });
  await bubble(page, 'Written without a server').getByRole('button', { name: /^Sent/ }).waitFor();
  assert.deepEqual(await texts(priya), ['Written without a network', 'Written without a server']);
  assert.equal(await bubble(page, 'Written without a server').count(), 1);
  assert.deepEqual(ours(), []);
});

test('what customers write right after the restart arrives live, and counts as it should', async () => {
  await provider.write(bot, priya, 'Still here');
  await bubble(page, 'Still here').waitFor();
  await provider.write(bot, tom, 'Me too');
  await row(page, 'Tom Becker').getByLabel('2 unread messages').waitFor();
  const held = await page.getByRole('article').allInnerTexts();
  await page.reload();
  await bubble(page, 'Still here').waitFor();
  const fresh = await page.getByRole('article').allInnerTexts();
  assert.deepEqual(held, fresh, 'what was held equals a fresh load');
  assert.deepEqual(ours(), []);
});

test('drafts survive a reload and going elsewhere', async () => {
  const field = page.getByRole('textbox', { name: 'Message', exact: true });
  await field.fill('Half a sentence');
  await row(page, 'Tom Becker').click();
  await bubble(page, 'Hello from Tom').waitFor();
  await eventually('the other contact has an empty field', async () => (await field.inputValue()) === '');
  await row(page, 'Priya Nair').click();
  await eventually('the draft is back', async () => (await field.inputValue()) === 'Half a sentence');
  await page.reload();
  await eventually('the draft survived the reload', async () => (await field.inputValue().catch(() => '')) === 'Half a sentence');
});

test('a session that ended leads to the sign-in page, and back to where one was', async () => {
  await bubble(page, 'Still here').waitFor();
  await page.waitForLoadState('networkidle');
  await context.request.delete(`${server.url}/api/session`, { headers: { 'x-ism-client': 'web' } });
  await page.getByText('Your session has ended').waitFor();
  await screenshot(page, 'session-ended');
  await page.getByLabel('Email').fill('owner@northwind.example');
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery');
  await page.keyboard.press('Enter');
  await bubble(page, 'Still here').waitFor();
  assert.deepEqual(ours().filter((p) => !p.includes('status of 401')), []);
});
