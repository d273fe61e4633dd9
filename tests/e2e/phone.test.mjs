// The simulator's own page: writing by hand as a customer, and seeing the answer there.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { bubble, call, open, reply, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, agent, phone;
before(async () => {
  server = await startServer({ name: 'phone' });
  browser = await launchBrowser();
  agent = await signIn(browser, server);
  await call(agent.context, server, 'POST', '/channels', { source: 'telegram', name: 'Northwind bot', config: {}, simulated: true });
  await call(agent.context, server, 'POST', '/channels', { source: 'custom_channel', name: 'Shop messenger', config: { id_type: 'phone' }, simulated: true });
  phone = await openPage(browser, { baseURL: server.simulatorUrl });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const shown = (text) => phone.page.getByRole('list', { name: 'Messages' }).getByRole('listitem').filter({ hasText: text });
async function write(text) {
  await phone.page.getByRole('textbox', { name: 'Message' }).fill(text);
  await phone.page.keyboard.press('Enter');
}

test('a new customer writes to the bot and gets an answer', async () => {
  await phone.page.goto('/');
  await phone.page.getByRole('button', { name: 'New' }).last().click();
  await phone.page.getByLabel('First name').fill('Amélie');
  await phone.page.getByLabel('Last name').fill('Roux');
  await screenshot(phone.page, 'phone-new-customer');
  await phone.page.getByRole('button', { name: 'Add', exact: true }).click();
  await phone.page.getByRole('button', { name: /Amélie Roux/ }).click();
  await phone.page.getByRole('button', { name: /Simulated bot/ }).click();
  await write('Bonjour, where is my order?');
  await shown('Bonjour, where is my order?').waitFor();

  await open(agent.page, 'Amélie Roux');
  await reply(agent.page, 'It is on the truck 🚚');
  await shown('It is on the truck 🚚').waitFor();
  await screenshot(phone.page, 'phone-answer');
  await write('Merci!');
  await bubble(agent.page, 'Merci!').waitFor();
});

test('a custom channel works both ways, with delivered and read', async () => {
  await phone.page.getByRole('button', { name: /Shop messenger|Custom channel/ }).click();
  await write('Can I change the address?');
  await open(agent.page, 'Can I change the address?');
  await bubble(agent.page, 'Can I change the address?').waitFor();
  await reply(agent.page, 'Of course, until tonight.');
  await shown('Of course, until tonight.').waitFor();
  await bubble(agent.page, 'Of course').getByRole('button', { name: /^Delivered/ }).waitFor();
  await phone.page.getByRole('button', { name: 'About this chat' }).click();
  await phone.page.getByRole('menuitem', { name: 'Read everything' }).click();
  await bubble(agent.page, 'Of course').getByRole('button', { name: /^Read/ }).waitFor();
});

test('nothing went wrong unseen', () => {
  assert.deepEqual(agent.problems, []);
  assert.deepEqual(phone.problems, []);
});
