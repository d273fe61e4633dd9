// An agent's day: assign, comment with a mention, close with a note, reopen, snooze, edit the contact, add one.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchBrowser, screenshot } from './support/browser.mjs';
import { Provider, bubble, call, eventually, reply, row, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, provider, page, context, problems, bot, priya;
before(async () => {
  server = await startServer({ name: 'inbox-work' });
  browser = await launchBrowser();
  provider = new Provider(server);
  ({ page, context, problems } = await signIn(browser, server));
  await call(context, server, 'POST', '/channels', { source: 'telegram', name: 'Northwind bot', config: {}, simulated: true });
  bot = await provider.account('telegram');
  priya = await provider.phone({ first_name: 'Priya', last_name: 'Nair' });
  await provider.write(bot, priya, 'My grinder arrived broken.');
  await row(page, 'Priya Nair').click();
  await bubble(page, 'My grinder arrived broken.').waitFor();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const list = (name) => page.getByRole('navigation', { name: 'Inboxes' }).getByRole('button', { name: new RegExp(`^${name}`) });

test('assigning and unassigning moves the contact between the inboxes', async () => {
  await page.getByRole('button', { name: 'Assignee: Unassigned' }).click();
  await page.getByRole('combobox').fill('own');
  await page.keyboard.press('Enter');
  await page.getByText('You took the conversation').waitFor();
  await list('Unassigned').click();
  await page.getByText('Nobody is waiting').waitFor();
  await screenshot(page, 'inbox-unassigned-empty');
  await list('Mine').click();
  await row(page, 'Priya Nair').waitFor();

  await page.getByRole('button', { name: /^Assignee:/ }).click();
  await page.getByRole('option', { name: 'Unassign' }).click();
  await page.getByText('You removed the assignee').waitFor();
  await row(page, 'Priya Nair').waitFor({ state: 'detached' });
  await page.getByText('Nothing assigned to you').waitFor();
  await list('All').click();
  await row(page, 'Priya Nair').waitFor();
});

test('a comment with a mention stays inside the team', async () => {
  await page.getByRole('tab', { name: 'Comment' }).click();
  const field = page.getByRole('textbox', { name: 'Comment', exact: true });
  await field.pressSequentially('Ask @own');
  await page.getByRole('option').first().waitFor();
  await screenshot(page, 'comment-mention');
  await page.keyboard.press('Enter');
  assert.match(await field.inputValue(), /^Ask @\S+ $/);
  await field.pressSequentially('for a new one.');
  await page.getByRole('button', { name: 'Add comment' }).click();
  await page.getByRole('article').filter({ hasText: 'for a new one.' }).waitFor();
  await page.getByText('Only visible to your team').first().waitFor();
  const told = await provider.messages(bot, priya);
  assert.ok(!JSON.stringify(told).includes('for a new one'), 'the customer must not get the comment');
  await page.getByRole('tab', { name: 'Message' }).click();
});

test('closing asks for the category when one is required', async () => {
  await call(context, server, 'POST', '/closing-categories', { name: 'Complaint', description: 'Something was wrong with an order.' });
  await call(context, server, 'PATCH', '', { closing_note_mode: 'category_required' });
  const dialog = page.getByRole('dialog', { name: 'Close the conversation' });
  // The setting reaches this page by itself; before it does, closing would not ask.
  await eventually('the page knows the new setting', () =>
    page.evaluate(async (id) => (await (await fetch(`/api/workspaces/${id}`)).json()).closing_note_mode === 'category_required', server.workspaceId),
  );
  await page.getByRole('button', { name: 'Close', exact: true }).first().click();
  await dialog.waitFor();
  await dialog.getByRole('button', { name: 'Close the conversation' }).click();
  await dialog.getByText('Choose a category.').waitFor();
  await screenshot(page, 'close-dialog-error');
  await dialog.getByLabel('Category').selectOption({ label: 'Complaint' });
  await dialog.getByText('Something was wrong with an order.').waitFor();
  await dialog.getByLabel(/^Summary/).fill('Sent a new grinder.');
  await dialog.getByRole('button', { name: 'Close the conversation' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('You closed the conversation').waitFor();
  await page.getByText('Category: Complaint').waitFor();
  await page.getByText('Sent a new grinder.').waitFor();
  await row(page, 'Priya Nair').waitFor({ state: 'detached' });
  await screenshot(page, 'conversation-closed');
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Closed' }).click();
  await row(page, 'Priya Nair').waitFor();
});

test('a closed conversation opens again by hand', async () => {
  await page.getByRole('button', { name: 'Open', exact: true }).last().click();
  await page.getByText('You opened the conversation').waitFor();
  await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Open', exact: true }).click();
  await row(page, 'Priya Nair').waitFor();
});

test('a snoozed conversation comes back with the next message', async () => {
  await page.getByRole('button', { name: 'Snooze', exact: true }).click();
  await page.getByRole('menuitem', { name: /^Date and time/ }).click();
  const dialog = page.getByRole('dialog', { name: 'Snooze until' });
  await dialog.getByLabel('Date').fill('2026-01-01');
  await dialog.getByRole('button', { name: 'Snooze' }).click();
  assert.ok(await dialog.isVisible(), 'the past is refused');
  const soon = new Date(Date.now() + 2 * 86_400_000).toISOString();
  await dialog.getByLabel('Date').fill(soon.slice(0, 10));
  await dialog.getByLabel('Time').fill('09:00');
  await screenshot(page, 'snooze-dialog');
  await dialog.getByRole('button', { name: 'Snooze' }).click();
  await page.getByText('You snoozed the conversation until').waitFor();
  await row(page, 'Priya Nair').waitFor({ state: 'detached' });
  await page.getByText('All caught up').waitFor();
  await screenshot(page, 'conversation-snoozed');

  await provider.write(bot, priya, 'Any news?');
  await row(page, 'Priya Nair').waitFor();
  await page.getByText('A new message ended the snooze').waitFor();
  await bubble(page, 'Any news?').waitFor();
});

test('a snooze that runs out brings the conversation back by itself', async () => {
  const id = Number(new URL(page.url()).pathname.split('/').at(-1));
  await call(context, server, 'POST', `/contacts/${id}/snooze`, { until: (Date.now() + 1_500) * 1000 });
  await row(page, 'Priya Nair').waitFor({ state: 'detached' });
  await page.getByText('The snooze ended').waitFor({ timeout: 30_000 });
  await row(page, 'Priya Nair').waitFor();
});

test('a conversation can be marked unread', async () => {
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Mark as unread' }).click();
  await row(page, 'Priya Nair').getByLabel('1 unread message').waitFor();
});

test('fields of the contact are edited in place; a wrong value is explained', async () => {
  await row(page, 'Priya Nair').click();
  const details = page.getByRole('complementary', { name: 'Contact details' });
  await details.getByRole('button', { name: /^Edit Email/ }).click();
  await details.getByRole('textbox', { name: 'Email' }).fill('not an address');
  await page.keyboard.press('Enter');
  await details.getByRole('alert').waitFor();
  await screenshot(page, 'contact-field-error');
  // The browser itself reports the refused request.
  await eventually('the refusal was reported', () => problems.length > 0);
  assert.deepEqual(problems.splice(0).filter((p) => !p.includes('status of 400')), []);
  await details.getByRole('textbox', { name: 'Email' }).fill('priya@nair.example');
  await page.keyboard.press('Enter');
  await details.getByRole('button', { name: 'Edit Email: priya@nair.example' }).waitFor();
  await page.getByText('You set email to priya@nair.example').waitFor();

  await details.getByRole('button', { name: /^Edit Last name/ }).click();
  await details.getByRole('textbox', { name: 'Last name' }).fill('Nair-Jones');
  await page.keyboard.press('Escape');
  await details.getByRole('button', { name: 'Edit Last name: Nair', exact: true }).waitFor();
  await details.getByRole('button', { name: /^Edit First name/ }).click();
  await details.getByRole('textbox', { name: 'First name' }).fill('Priyanka');
  await page.keyboard.press('Enter');
  await row(page, 'Priyanka Nair').waitFor();
});

test('a new contact is added once; the same again leads to the first', async () => {
  const add = async (fields) => {
    await page.getByRole('button', { name: 'New contact' }).click();
    const dialog = page.getByRole('dialog', { name: 'New contact' });
    for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value);
    await dialog.getByRole('button', { name: 'Create contact' }).click();
    return dialog;
  };
  const empty = await add({});
  await empty.getByText('Enter a first name.').waitFor();
  await page.keyboard.press('Escape');
  const first = await add({ 'First name': 'Jonas', 'Last name': 'Weber', Email: 'jonas@weber.example' });
  await first.waitFor({ state: 'detached' });
  await page.getByRole('heading', { name: 'Jonas Weber' }).first().waitFor();
  await page.getByText('This contact has no channel you can write to.').waitFor();
  await screenshot(page, 'contact-without-channel');

  const again = await add({ 'First name': 'J.', Email: 'jonas@weber.example' });
  await again.getByText('A contact with these details already exists.').waitFor();
  await screenshot(page, 'new-contact-exists');
  await again.getByRole('button', { name: 'Show that contact' }).click();
  await page.getByRole('heading', { name: 'Jonas Weber' }).first().waitFor();
  assert.deepEqual(problems.splice(0).filter((p) => !p.includes('status of 409')), []);
});

test('contacts are found whatever the list shows', async () => {
  const search = page.getByRole('searchbox', { name: 'Search contacts' });
  await search.fill('jonas@weber');
  await row(page, 'Jonas Weber').waitFor();
  assert.equal(await row(page, 'Priyanka').count(), 0);
  await search.fill('nobody of this name');
  await page.getByText('No contact found').waitFor();
  await screenshot(page, 'search-empty');
  await page.getByRole('button', { name: 'Clear search' }).click();
  await row(page, 'Priyanka Nair').waitFor();
});

test('a quoted answer quotes on the phone too', async () => {
  await row(page, 'Priyanka Nair').click();
  const asked = bubble(page, 'Any news?');
  await asked.hover();
  await asked.getByRole('button', { name: 'Reply to this message' }).click();
  await reply(page, 'It ships today.');
  const sent = await provider.arrived(bot, priya, 'It ships today.');
  assert.ok(JSON.stringify(sent).includes('reply'), JSON.stringify(sent));
  await bubble(page, 'It ships today.').getByText('Any news?').waitFor();
});

test('nothing went wrong unseen', () => assert.deepEqual(problems, []));
