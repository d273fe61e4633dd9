// What an owner sets up: the workspace, closing notes, users, channels, the own profile.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { Provider, call, eventually, signIn } from './support/journey.mjs';
import { owner, startServer } from './support/server.mjs';

let browser, server, provider, page, context, problems, home;
before(async () => {
  server = await startServer({ name: 'settings' });
  browser = await launchBrowser();
  provider = new Provider(server);
  ({ page, context, problems, home } = await signIn(browser, server, { path: '/settings' }));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const section = (name) => page.getByRole('navigation', { name: 'Settings sections' }).getByRole('link', { name }).click();
const workspace = () => call(context, server, 'GET', '');

test('name and time zone of the workspace are saved as they are changed', async () => {
  await page.getByRole('heading', { name: 'General' }).waitFor();
  await page.getByLabel('Workspace name').fill('Northwind Roasters');
  await page.keyboard.press('Tab');
  await eventually('the name is saved', async () => (await workspace()).name === 'Northwind Roasters');
  await page.getByRole('button', { name: /^Time zone/ }).click();
  await page.getByRole('combobox').fill('lisbon');
  await page.getByRole('option', { name: /Lisbon/ }).first().waitFor();
  await screenshot(page, 'settings-timezone');
  await page.keyboard.press('Enter');
  await eventually('the time zone is saved', async () => (await workspace()).timezone === 'Europe/Lisbon');
  await page.reload();
  await page.getByText(/Lisbon/).first().waitFor();
  assert.equal(await page.getByLabel('Workspace name').inputValue(), 'Northwind Roasters');
  await screenshot(page, 'settings-general');
});

test('closing notes: mode and categories', async () => {
  await section('Closing notes');
  await page.getByText('No categories yet').waitFor();
  await page.getByRole('radio', { name: /^Require a category and a summary/ }).check();
  await eventually('the mode is saved', async () => (await workspace()).closing_note_mode === 'both_required');
  for (const [name, description] of [['Order status', 'Where is it?'], ['Complaint', 'Something was wrong.']]) {
    await page.getByRole('button', { name: 'Add category' }).first().click();
    const dialog = page.getByRole('dialog', { name: 'New category' });
    await dialog.getByLabel('Name').fill(name);
    await dialog.getByLabel(/^Description/).fill(description);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText(description).waitFor();
  }
  const names = async () => (await call(context, server, 'GET', '/closing-categories')).sort((a, b) => a.position - b.position).map((c) => c.name);
  assert.deepEqual(await names(), ['Order status', 'Complaint']);
  await page.getByRole('button', { name: 'Move Complaint up' }).click();
  await eventually('the order is saved', async () => (await names())[0] === 'Complaint');
  await page.getByRole('button', { name: 'Edit Order status' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('Delivery');
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
  await page.getByText('Delivery', { exact: true }).waitFor();
  await screenshot(page, 'settings-closing-notes');
  await page.getByRole('button', { name: 'Delete Delivery' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await eventually('the category is gone', async () => (await names()).join() === 'Complaint');
  await page.getByText('Delivery', { exact: true }).waitFor({ state: 'detached' });
});

test('an invitation can be taken back', async () => {
  await section('Users');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByRole('dialog').getByLabel('Email').fill('late@northwind.example');
  await page.getByRole('button', { name: 'Create link' }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('button', { name: 'Cancel invitation: late@northwind.example' }).click();
  await page.getByText('Pending invitations').waitFor({ state: 'detached' });
});

test('a channel is renamed, connected again and deleted', async () => {
  await section('Channels');
  await page.getByText('No channels yet').waitFor();
  await screenshot(page, 'settings-channels-empty');
  for (const [source, name] of [['telegram', 'Northwind bot'], ['whatsapp_cloud', 'Order line'], ['website_chat', 'Shop chat'], ['custom_channel', 'Shop messenger']]) {
    await call(context, server, 'POST', '/channels', { source, name, config: source === 'custom_channel' ? { id_type: 'phone' } : {}, simulated: source !== 'website_chat' });
  }
  // They appear in the list that is open.
  await page.getByText('Shop messenger').waitFor();
  await page.getByText('Order line').waitFor();
  await screenshot(page, 'settings-channels');

  await page.getByRole('link', { name: /Northwind bot/ }).click();
  await page.getByRole('heading', { name: 'Northwind bot' }).waitFor();
  await screenshot(page, 'settings-channel');
  await page.getByLabel('Channel name').fill('Support bot');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Channel saved').waitFor();
  await page.getByRole('heading', { name: 'Support bot' }).waitFor();
  await page.getByRole('button', { name: 'Reconnect' }).click();
  await page.getByText('Reconnected').waitFor();
  assert.deepEqual(problems.splice(0), []);

  await page.getByRole('button', { name: 'Delete channel' }).click();
  const dialog = page.getByRole('alertdialog').or(page.getByRole('dialog'));
  await dialog.getByRole('button', { name: 'Delete channel' }).waitFor();
  await screenshot(page, 'settings-channel-delete');
  await dialog.getByRole('textbox').fill('Support bot');
  await dialog.getByRole('button', { name: 'Delete channel' }).click();
  await page.getByText('Support bot was deleted').waitFor();
  assert.equal(await page.getByRole('link', { name: /Support bot/ }).count(), 0);
  const { length } = await call(context, server, 'GET', '/channels');
  assert.equal(length, 3);
});

test('the secret of a widget is shown when asked for', async () => {
  await page.getByRole('link', { name: /Shop chat/ }).click();
  await page.getByText('<script async').waitFor();
  await page.getByRole('button', { name: 'Show token' }).click();
  await page.getByRole('textbox', { name: 'Token' }).waitFor();
  assert.ok((await page.getByRole('textbox', { name: 'Token' }).inputValue()).length > 20);
});

test('names and password are changed in the profile; other sessions end', async () => {
  const other = await signIn(browser, server);
  await page.goto(`${home}/profile`);
  await page.getByLabel('First name').fill('Olivia');
  await page.getByLabel('Last name').fill('Owen');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByText('Saved', { exact: true }).waitFor();

  const change = async (current, next) => {
    await page.getByLabel('Current password', { exact: true }).fill(current);
    await page.getByLabel('New password', { exact: true }).fill(next);
    await page.getByLabel('New password again', { exact: true }).fill(next);
    await page.getByRole('button', { name: 'Change password' }).click();
  };
  await change('not my password', 'another long password');
  await page.getByRole('alert').filter({ hasText: /password/i }).waitFor();
  await screenshot(page, 'profile-wrong-password');
  await eventually('the browser reported the refusal', () => problems.length > 0);
  assert.deepEqual(problems.splice(0).filter((p) => !/status of 40[013]/.test(p)), []);
  await change(owner.password, 'another long password');
  await page.getByText('Password changed').waitFor();
  await page.reload();
  await page.getByLabel('First name').waitFor();
  assert.equal(await page.getByLabel('First name').inputValue(), 'Olivia');

  await other.page.reload();
  await other.page.getByRole('button', { name: 'Sign in' }).waitFor();
  await other.context.close();
  const fresh = await openPage(browser, { baseURL: server.url });
  await fresh.page.goto('/sign-in');
  await fresh.page.getByLabel('Email').fill(owner.email);
  await fresh.page.getByLabel('Password', { exact: true }).fill('another long password');
  await fresh.page.keyboard.press('Enter');
  await fresh.page.getByText('All caught up').waitFor();
  await fresh.context.close();
});

test('signing out ends the session', async () => {
  await page.getByRole('button', { name: 'Account menu' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
  await screenshot(page, 'account-menu');
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.goto(`${home}/inbox`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  assert.deepEqual(problems.filter((p) => !p.includes('status of 401')), []);
});
