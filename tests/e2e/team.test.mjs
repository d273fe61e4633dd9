// Two people at one inbox: invited by a link, seeing each other's work as it happens.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { Provider, bubble, call, eventually, reply, row, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, provider, boss, agent, bot, priya, link;
before(async () => {
  server = await startServer({ name: 'team' });
  browser = await launchBrowser();
  provider = new Provider(server);
  boss = await signIn(browser, server, { path: '/settings/users' });
  await call(boss.context, server, 'POST', '/channels', { source: 'telegram', name: 'Northwind bot', config: {}, simulated: true });
  bot = await provider.account('telegram');
  priya = await provider.phone({ first_name: 'Priya', last_name: 'Nair' });
  await provider.write(bot, priya, 'Is anybody there?');
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test('an owner invites an agent by a link', async () => {
  const { page } = boss;
  await page.getByRole('button', { name: 'Invite' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Email').fill('mika@northwind.example');
  await dialog.getByRole('radio', { name: /^Agent/ }).check();
  await screenshot(page, 'invite');
  await dialog.getByRole('button', { name: 'Create link' }).click();
  link = await dialog.getByRole('textbox', { name: /^Send this link/ }).inputValue();
  assert.ok(link.startsWith(`${server.url}/invite/`), link);
  await screenshot(page, 'invite-link');
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByText('mika@northwind.example').waitFor();
});

test('who opens the link joins as an agent; the link works once', async () => {
  agent = await openPage(browser, { baseURL: server.url });
  const { page, problems } = agent;
  await page.goto(link);
  await page.getByRole('heading', { name: 'Join Northwind Coffee' }).waitFor();
  await screenshot(page, 'invitation');
  await page.getByLabel('First name').fill('Mika');
  await page.getByLabel('Last name').fill('Sato');
  await page.getByLabel('Choose a password').fill('short');
  await page.getByRole('button', { name: 'Accept invitation' }).click();
  assert.ok(await page.getByLabel('Choose a password').evaluate((field) => field.validity.tooShort), 'a short password is refused');
  await page.getByLabel('Choose a password').fill('a long enough password');
  await page.getByRole('button', { name: 'Accept invitation' }).click();
  await row(page, 'Priya Nair').waitFor();
  // Reported by the browser: there was no session yet.
  assert.deepEqual(problems.splice(0).filter((p) => !p.includes('status of 401')), []);

  const late = await openPage(browser, { baseURL: server.url });
  await late.page.goto(link);
  await late.page.getByText('This invitation can’t be used').waitFor();
  await screenshot(late.page, 'invitation-gone');
  await late.context.close();
});

test('the owner sees the newcomer at once; the newcomer sees no settings of owners', async () => {
  await boss.page.getByRole('listitem').filter({ hasText: 'Mika Sato' }).getByText('Online').waitFor();
  await boss.page.getByText('Pending invitations').waitFor({ state: 'detached' });
  await screenshot(boss.page, 'settings-users');
  const { page } = agent;
  await page.goto(`/${server.workspaceId}/settings/channels`);
  await page.getByText('Northwind bot').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Add channel' }).count(), 0);
  await page.goto(`/${server.workspaceId}/settings/workspace`);
  await page.getByText('Only owners and managers can change these settings.').waitFor();
  await screenshot(page, 'settings-agent');
  await page.goto(`/${server.workspaceId}/settings/users`);
  await page.getByText('Mika Sato').waitFor();
  assert.equal(await page.getByRole('button', { name: /^(Invite|Remove)/ }).count(), 0);
  const refused = await agent.context.request.patch(`${server.url}/api/workspaces/${server.workspaceId}`, {
    data: { name: 'Mine now' },
    headers: { 'x-ism-client': 'web' },
  });
  assert.equal(refused.status(), 403);
});

test('each sees what the other writes, and that the other is typing', async () => {
  await boss.page.goto(`/${server.workspaceId}/inbox`);
  await row(boss.page, 'Priya Nair').click();
  await agent.page.goto(`/${server.workspaceId}/inbox`);
  await row(agent.page, 'Priya Nair').click();
  await bubble(agent.page, 'Is anybody there?').waitFor();
  await boss.page.getByRole('textbox', { name: 'Message', exact: true }).pressSequentially('Let me ');
  await agent.page.getByText(/is typing|is writing/).waitFor();
  await screenshot(agent.page, 'typing');
  await reply(boss.page, 'Let me look.');
  await bubble(agent.page, 'Let me look.').getByRole('button', { name: /^Sent/ }).waitFor();
  await agent.page.getByText(/took the conversation/).waitFor();
  await reply(agent.page, 'Found it!');
  await bubble(boss.page, 'Found it!').waitFor();
  await eventually('the phone has both, once', async () => {
    const texts = (await provider.messages(bot, priya)).filter((m) => m.from === 'business').map((m) => m.content.text);
    return texts.length === 2 && texts.includes('Let me look.') && texts.includes('Found it!');
  });
  assert.equal(await bubble(boss.page, 'Found it!').count(), 1);
});

test('a mention and an assignment reach the other', async () => {
  await boss.page.getByRole('button', { name: /^Assignee:/ }).click();
  await boss.page.getByRole('option', { name: 'Mika Sato' }).click();
  await agent.page.getByRole('button', { name: /^Assignee: Mika/ }).waitFor();
  await agent.page.getByText(/assigned the conversation to you/).waitFor();
  await boss.page.getByRole('tab', { name: 'Comment' }).click();
  await boss.page.getByRole('textbox', { name: 'Comment', exact: true }).pressSequentially('@mik');
  await boss.page.keyboard.press('Enter');
  await boss.page.getByRole('textbox', { name: 'Comment', exact: true }).pressSequentially('all yours');
  await boss.page.keyboard.press('Enter');
  await agent.page.getByRole('article').filter({ hasText: '@Mika Sato all yours' }).waitFor();
  await screenshot(agent.page, 'conversation-team');
});

test('who is removed is out at once', async () => {
  assert.deepEqual(agent.problems, []);
  await boss.page.goto(`/${server.workspaceId}/settings/users`);
  await boss.page.getByRole('button', { name: 'Remove Mika Sato' }).click();
  const dialog = boss.page.getByRole('alertdialog').or(boss.page.getByRole('dialog'));
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await boss.page.getByRole('listitem').filter({ hasText: 'mika@northwind.example' }).waitFor({ state: 'detached' });
  await agent.page.getByText(/No workspace yet|Your session has ended/).waitFor();
  await screenshot(agent.page, 'removed');
  assert.deepEqual(boss.problems, []);
});
