// The main job: sign in, connect a channel with the wizard, a customer writes, an agent answers, the customer's phone shows it.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { Provider, bubble, eventually, open, reply, row } from './support/journey.mjs';
import { owner, startServer } from './support/server.mjs';

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser?.close());

const databases = process.env.ISM_TEST_POSTGRES ? ['sqlite', 'postgres'] : ['sqlite'];
for (const database of databases) {
  describe(`from signing in to the answer on the customer's phone, on ${database}`, () => {
    let server, provider, page, problems;
    before(async () => {
      server = await startServer({ name: `first-message-${database}`, database });
      provider = new Provider(server);
      ({ page, problems } = await openPage(browser, { baseURL: server.url }));
    });
    after(() => server?.stop());
    const shot = (name) => (database === 'sqlite' ? screenshot(page, name) : undefined);

    test('a wrong password is refused in words, the right one opens the inbox', async () => {
      await page.goto('/');
      await page.getByLabel('Email').fill(owner.email);
      await page.getByLabel('Password', { exact: true }).fill('not the password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('alert').filter({ hasText: /password/i }).waitFor();
      await shot('sign-in-refused');
      assert.equal(await page.getByLabel('Password', { exact: true }).inputValue(), '');
      // The browser itself reports every answer of 401: before signing in, and for the wrong password.
      assert.deepEqual(problems.splice(0).filter((p) => !p.includes('status of 401')), []);

      await page.getByLabel('Password', { exact: true }).fill(owner.password);
      await page.keyboard.press('Enter');
      await page.getByText('Connect your first channel').waitFor();
      await shot('inbox-no-channel');
    });

    test('the wizard connects a Telegram bot', async () => {
      await page.getByRole('link', { name: 'Connect a channel' }).click();
      await page.getByRole('heading', { name: 'Add a channel' }).waitFor();
      await shot('channel-catalogue');
      await page.getByRole('link', { name: /^Telegram/ }).click();
      assert.ok(await page.getByLabel('Simulator').isChecked(), 'with a simulator at hand, nothing has to be entered');

      await page.getByLabel('The real Telegram').check();
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByText('Enter bot token.').waitFor();
      await shot('telegram-wizard-real');
      await page.getByLabel('Simulator').check();
      await page.getByLabel('Channel name').fill('Northwind bot');
      await page.getByRole('button', { name: 'Check connection' }).click();
      await page.getByRole('status').filter({ hasText: 'Works:' }).waitFor();
      await shot('telegram-wizard-checked');
      await page.getByRole('button', { name: 'Connect', exact: true }).click();
      await page.getByRole('heading', { name: 'Northwind bot is connected' }).waitFor();
      await shot('telegram-connected');
      await page.getByRole('link', { name: 'Go to the inbox' }).click();
      await page.getByText('All caught up').waitFor();
    });

    test('what the customer writes appears by itself; the answer reaches the phone', async () => {
      const bot = await provider.account('telegram');
      const priya = await provider.phone({ first_name: 'Priya', last_name: 'Nair' });
      await provider.write(bot, priya, 'Is my order on its way?');

      const priyaRow = row(page, 'Priya Nair');
      await priyaRow.waitFor();
      assert.match(await priyaRow.innerText(), /Is my order on its way\?/);
      await priyaRow.getByLabel('1 unread message').waitFor();
      await shot('inbox-first-row');
      await priyaRow.click();
      await bubble(page, 'Is my order on its way?').waitFor();
      await priyaRow.getByLabel('1 unread message').waitFor({ state: 'detached' });

      await reply(page, 'It left our roastery this morning.');
      await provider.arrived(bot, priya, 'It left our roastery this morning.');
      await bubble(page, 'It left our roastery').getByRole('button', { name: /^Sent/ }).waitFor();
      await page.getByText('You took the conversation').waitFor();
      assert.equal(await bubble(page, 'It left our roastery').count(), 1);
      await eventually('the row shows the answer', async () => (await priyaRow.innerText()).includes('It left our roastery'));
      await shot('conversation-light');
    });

    test('every kind of message a customer can send is shown', async () => {
      const bot = await provider.account('telegram');
      const ana = await provider.phone({ first_name: 'Ana', last_name: 'Sousa', language: 'pt' });
      await provider.write(bot, ana, [
        { kind: 'text', text: 'Bom dia! See https://shop.example/order/4821 please' },
        { kind: 'media', media: 'image', caption: 'The parcel' },
        { kind: 'media', media: 'voice' },
        { kind: 'media', media: 'document', name: 'invoice.pdf' },
        { kind: 'location', latitude: 41.1579, longitude: -8.6291, name: 'Northwind Roastery', address: 'Rua das Flores 12' },
        { kind: 'contact', name: 'Courier desk', phone: '351900000111' },
        { kind: 'media', media: 'sticker' },
        { kind: 'album', count: 4, caption: 'Every side' },
      ]);
      await row(page, 'Ana Sousa').click();
      await bubble(page, 'Every side').waitFor();
      await page.getByRole('link', { name: 'https://shop.example/order/4821' }).waitFor();
      await page.getByText('invoice.pdf').first().waitFor();
      await page.getByText('Courier desk').waitFor();
      const pictures = page.getByRole('article').getByRole('img');
      await eventually('pictures are drawn', () =>
        page.evaluate(() => {
          const all = [...document.querySelectorAll('article img')];
          return all.length >= 5 && all.every((image) => image.complete && image.naturalWidth > 0);
        }),
      );
      assert.ok((await pictures.count()) >= 5);
      // The last picture of an album has no words of its own.
      assert.match(await row(page, 'Ana Sousa').innerText(), /Image/);
      await shot('conversation-kinds');
    });

    test('nothing went wrong unseen', () => assert.deepEqual(problems, []));
  });
}

describe('WhatsApp', () => {
  let server, provider, page, problems, business, tom;
  before(async () => {
    server = await startServer({ name: 'whatsapp' });
    provider = new Provider(server);
    ({ page, problems } = await openPage(browser, { baseURL: server.url }));
  });
  after(() => server?.stop());

  test('ticks go from sent to delivered to read', async () => {
    await page.goto('/sign-in');
    await page.getByLabel('Email').fill(owner.email);
    await page.getByLabel('Password', { exact: true }).fill(owner.password);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'Connect a channel' }).click();
    await page.getByRole('link', { name: /^WhatsApp/ }).click();
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('heading', { name: /is connected$/ }).waitFor();
    await screenshot(page, 'whatsapp-connected');
    await page.getByRole('link', { name: 'Go to the inbox' }).click();
    problems.splice(0);

    business = await provider.account('whatsapp');
    tom = await provider.phone({ first_name: 'Tom', last_name: 'Becker' });
    await provider.write(business, tom, 'Do you ship to Austria?');
    await open(page, 'Tom Becker');
    await reply(page, 'We do, in two days.');
    const answer = bubble(page, 'We do, in two days.');
    await answer.getByRole('button', { name: /^Delivered/ }).waitFor();
    await provider.read(business, tom);
    const ticks = answer.getByRole('button', { name: /^Read/ });
    await ticks.waitFor();
    await row(page, 'Tom Becker').getByLabel('Read').waitFor();
    await ticks.hover();
    const details = page.getByRole('tooltip');
    await details.waitFor();
    assert.match(await details.innerText(), /Sent[\s\S]*Delivered[\s\S]*Read/);
    await screenshot(page, 'whatsapp-read');
  });

  test('a message the provider refuses says why', async () => {
    await provider.knobs(business, { fail_next: { n: 1, status: 400, code: 131026 } });
    await reply(page, 'Would Friday suit you?');
    await bubble(page, 'Would Friday suit you?').getByRole('button', { name: /^Failed/ }).waitFor();
    await screenshot(page, 'whatsapp-failed');
  });

  test('a closed window says so instead of a field to write in', async () => {
    const eva = await provider.phone({ first_name: 'Eva', last_name: 'Lindt' });
    // A message of two days ago, as WhatsApp delivers one after an outage.
    const timestamp = String(Math.floor(Date.now() / 1000) - 2 * 86_400);
    await provider.write(business, eva, { kind: 'raw', event: { type: 'text', timestamp, text: { body: 'Hello?' } } });
    await row(page, 'Eva Lindt').click();
    await page.getByRole('note').waitFor();
    assert.equal(await page.getByRole('textbox', { name: 'Message', exact: true }).count(), 0);
    await screenshot(page, 'whatsapp-window-closed');
  });

  test('nothing went wrong unseen', () => assert.deepEqual(problems, []));
});
