// The whole job without a mouse.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, screenshot } from './support/browser.mjs';
import { Provider, bubble, call, eventually, row, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, provider, page, problems;
before(async () => {
  server = await startServer({ name: 'keyboard' });
  browser = await launchBrowser();
  provider = new Provider(server);
  const opened = await signIn(browser, server);
  ({ page, problems } = opened);
  await call(opened.context, server, 'POST', '/channels', { source: 'telegram', name: 'Northwind bot', config: {}, simulated: true });
  await call(opened.context, server, 'PATCH', '', { closing_note_mode: 'disabled' });
  const bot = await provider.account('telegram');
  for (const name of ['Ada', 'Bruno', 'Chloé']) {
    const phone = await provider.phone({ first_name: name, last_name: 'Test' });
    await provider.write(bot, phone, `Hello from ${name}`);
    await row(page, name).waitFor();
  }
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const current = () => page.locator('[data-list-row][aria-current=page]').innerText({ timeout: 1_000 }).catch(() => '');
const at = (name) => eventually(`${name} is open`, async () => (await current()).includes(name));
const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.tagName);

test('j and k walk through the list', async () => {
  await page.keyboard.press('j');
  await at('Chloé');
  await page.keyboard.press('j');
  await at('Bruno');
  await page.keyboard.press('j');
  await at('Ada');
  await page.keyboard.press('k');
  await at('Bruno');
  await bubble(page, 'Hello from Bruno').waitFor();
});

test('r answers, Escape leaves the field, c comments', async () => {
  await page.keyboard.press('r');
  await eventually('the message field has the focus', async () => (await focused()) === 'Message');
  await page.keyboard.type('Hello Bruno, j k e s a are letters here');
  await page.keyboard.press('Enter');
  await bubble(page, 'Hello Bruno, j k e s a').getByRole('button', { name: /^Sent/ }).waitFor();
  await page.keyboard.press('Escape');
  await eventually('the field lost the focus', async () => (await focused()) !== 'Message');
  await page.keyboard.press('c');
  await eventually('the comment field has the focus', async () => (await focused()) === 'Comment');
  await page.keyboard.type('For us only');
  await page.keyboard.press('Enter');
  await page.getByRole('article').filter({ hasText: 'For us only' }).waitFor();
  await page.keyboard.press('Escape');
});

test('a assigns, s snoozes, e closes and opens', async () => {
  await page.keyboard.press('a');
  await page.getByRole('combobox').waitFor();
  await page.keyboard.type('unass');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Assignee: Unassigned' }).waitFor();

  await page.keyboard.press('s');
  await page.getByRole('menu').waitFor();
  await screenshot(page, 'keyboard-snooze-menu');
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  await page.keyboard.press('s');
  await page.getByRole('menu').waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByText('You snoozed the conversation until').waitFor();

  await page.keyboard.press('e');
  await page.getByText('You closed the conversation').waitFor();
  await page.keyboard.press('e');
  await page.getByText('You opened the conversation').waitFor();
});

test('/ searches, Escape clears and leaves the search', async () => {
  await page.keyboard.press('/');
  await eventually('the search has the focus', async () => (await focused()) === 'Search contacts');
  await page.keyboard.type('ada');
  await row(page, 'Chloé').waitFor({ state: 'detached' });
  await row(page, 'Ada').waitFor();
  await page.keyboard.press('Escape');
  await row(page, 'Chloé').waitFor();
  assert.equal(await page.getByRole('searchbox', { name: 'Search contacts' }).inputValue(), '');
  await page.keyboard.press('Escape');
});

test('? lists the keys, Escape puts the list away', async () => {
  await page.keyboard.press('?');
  const sheet = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await sheet.waitFor();
  await screenshot(page, 'keyboard-shortcuts');
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
});

test('a menu gives the focus back', async () => {
  const more = page.getByRole('button', { name: 'More actions' });
  await more.focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menu').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('menu').waitFor({ state: 'detached' });
  assert.equal(await focused(), 'More actions');
});

test('nothing went wrong unseen', () => assert.deepEqual(problems, []));
