// Light, dark, narrow and right to left: pictures to look at, and what axe can say about access for everybody.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { Provider, bubble, call, eventually, row, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, axe, publicId, rtl;
before(async () => {
  server = await startServer({ name: 'appearance' });
  browser = await launchBrowser();
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const { page, context } = await signIn(browser, server);
  await call(context, server, 'POST', '/channels', { source: 'telegram', name: 'Northwind bot', config: {}, simulated: true });
  await call(context, server, 'POST', '/channels', { source: 'whatsapp_cloud', name: 'Order line', config: {}, simulated: true });
  const made = await call(context, server, 'POST', '/channels', { source: 'website_chat', name: 'Shop chat', config: { greeting: 'Hello! How can we help?', color: '#0b7a5b' }, simulated: false });
  publicId = made.channel.public_id;
  const provider = new Provider(server);
  const [bot, line] = [await provider.account('telegram'), await provider.account('whatsapp')];
  const people = [
    [bot, 'Priya', 'Nair', 'Is my order on its way? I ordered the Ethiopian beans on Monday and I am getting nervous.'],
    [line, 'Tom', 'Becker', 'Thanks!'],
    [bot, 'Ana', 'Sousa', 'Podem enviar a fatura, por favor?'],
    [line, 'سارة', 'الحربي', 'مرحبا، هل يمكنني تغيير عنوان التوصيل؟'],
    [bot, 'Jonas', 'Weber', '😍'],
    [line, 'Maximiliane-Alexandra', 'von Hohenstein-Wittgenstein', 'https://shop.example/a/very/long/address/that/does/not/break/anywhere/by/itself?and=goes&on=andon'],
    [bot, 'Ada', 'Test', 'Bonjour'],
  ];
  for (const [account, first_name, last_name, text] of people) {
    const phone = await provider.phone({ first_name, last_name });
    await provider.write(account, phone, text);
    if (first_name === 'Priya') {
      await provider.write(account, phone, [
        { kind: 'media', media: 'image', caption: 'This one' },
        { kind: 'media', media: 'voice' },
        { kind: 'location', latitude: 41.15, longitude: -8.63, name: 'My door', address: 'Rua das Flores 12' },
      ]);
    }
  }
  await row(page, 'Priya Nair').click();
  await page.waitForURL(/\/inbox\/\d+$/);
  const id = Number(new URL(page.url()).pathname.split('/').at(-1));
  const say = (text) => call(context, server, 'POST', `/contacts/${id}/messages`, { client_id: crypto.randomUUID(), content: { type: 'text', text } });
  await say('Hello Priya! It left our roastery this morning and should be with you tomorrow before noon.');
  await call(context, server, 'POST', `/contacts/${id}/comments`, { client_id: crypto.randomUUID(), text: 'She is a regular: add a sample of the new roast?' });
  await say('Would you like a sample of our new roast with your next order?');
  await bubble(page, 'sample of our new roast with').getByRole('button', { name: /^Sent/ }).waitFor();
  await eventually('everybody is in the list', async () => (await page.locator('[data-list-row]').count()) === people.length);
  rtl = page.url().replace(server.url, '');
  await context.close();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** What axe finds seriously wrong in a page or frame, one line each. */
async function violations(frame) {
  await frame.evaluate(axe);
  const found = await frame.evaluate(async () => {
    const { violations } = await window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] });
    return violations
      .filter((v) => v.impact === 'serious' || v.impact === 'critical')
      .flatMap((v) => v.nodes.map((node) => `${v.id}: ${node.target.join(' ')} — ${node.failureSummary?.split('\n')[1]?.trim()}`));
  });
  return found;
}

const looks = [
  { name: 'light' },
  { name: 'dark', dark: true },
];

for (const look of looks) {
  test(`${look.name}: inbox, settings and dialogs can be used by everybody`, async () => {
    const { page, context, problems, home } = await signIn(browser, server, { dark: look.dark, path: rtl.replace(/^\/\d+/, '') });
    await bubble(page, 'sample of our new roast with').waitFor();
    await row(page, 'Tom Becker').waitFor();
    await screenshot(page, `look-inbox-${look.name}`);
    const all = { inbox: await violations(page) };
    await page.getByRole('tab', { name: 'Comment' }).click();
    await page.getByRole('textbox', { name: 'Comment', exact: true }).fill('A note');
    all.comment = await violations(page);
    await page.getByRole('button', { name: 'New contact' }).click();
    await page.getByRole('dialog', { name: 'New contact' }).waitFor();
    await screenshot(page, `look-dialog-${look.name}`);
    all.dialog = await violations(page);
    for (const path of ['settings/workspace', 'settings/users', 'settings/channels', 'settings/channels/new', 'settings/channels/new/telegram', 'settings/closing-notes', 'profile']) {
      await page.goto(`${home}/${path}`);
      await page.getByRole('heading', { level: 2 }).first().waitFor();
      await page.locator('.skeleton').first().waitFor({ state: 'detached' });
      await screenshot(page, `look-${path.replaceAll('/', '-')}-${look.name}`);
      all[path] = await violations(page);
    }
    assert.deepEqual(Object.entries(all).filter(([, found]) => found.length), []);
    assert.deepEqual(problems, []);
    await context.close();
  });

  test(`${look.name}: the sign-in page can be used by everybody`, async () => {
    const { page, context } = await openPage(browser, { baseURL: server.url, dark: look.dark });
    await page.goto('/sign-in');
    await page.getByLabel('Email').waitFor();
    await screenshot(page, `look-sign-in-${look.name}`);
    assert.deepEqual(await violations(page), []);
    await context.close();
  });

  test(`${look.name}: the chat widget can be used by everybody`, async () => {
    const website = createServer((request, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(`<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,"><meta name="color-scheme" content="light dark"><main><h1>Shop</h1></main>
        <script async src="${server.url}/widget/loader.js" data-key="${publicId}"></script></html>`);
    }).listen(0, '127.0.0.1');
    await once(website, 'listening');
    const { page, context, problems } = await openPage(browser, { dark: look.dark });
    await page.goto(`http://localhost:${website.address().port}`);
    await page.locator('is-messenger button.l').click();
    const chat = page.frameLocator('is-messenger iframe');
    await chat.getByRole('textbox').fill('Hello there');
    await chat.getByRole('textbox').press('Enter');
    await chat.locator('.bubble').filter({ hasText: 'Hello there' }).waitFor();
    await screenshot(page, `look-widget-${look.name}`);
    const frame = page.frames().find((one) => one.url().includes('/widget/frame'));
    assert.deepEqual(await violations(frame), []);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(problems, []);
    website.close();
    await context.close();
  });
}

test('narrow: list, conversation and settings fit a phone', async () => {
  const { page, context, problems, home } = await signIn(browser, server, { size: 'narrow' });
  await row(page, 'Priya Nair').waitFor();
  await screenshot(page, 'look-narrow-list');
  const fits = () => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
  assert.ok(await fits(), 'the list is not wider than the phone');
  await row(page, 'Priya Nair').click();
  await bubble(page, 'sample of our new roast with').waitFor();
  await screenshot(page, 'look-narrow-conversation');
  assert.ok(await fits(), 'the conversation is not wider than the phone');
  assert.deepEqual(await violations(page), []);
  await page.getByRole('link', { name: 'Back to the list' }).click();
  await row(page, 'Tom Becker').waitFor();
  for (const path of ['settings', 'settings/channels', 'settings/users', 'settings/closing-notes']) {
    await page.goto(`${home}/${path}`);
    await page.getByRole('heading').first().waitFor();
    await page.locator('.skeleton').first().waitFor({ state: 'detached' });
    await screenshot(page, `look-narrow-${path.replaceAll('/', '-')}`);
    assert.ok(await fits(), `${path} is not wider than the phone`);
  }
  assert.deepEqual(problems, []);
  await context.close();
});

test('right to left: everything is mirrored, what people wrote keeps its direction', async () => {
  const { page, context, problems, home } = await signIn(browser, server, { path: rtl.replace(/^\/\d+/, '') });
  await bubble(page, 'sample of our new roast with').waitFor();
  await page.getByRole('button', { name: 'Account menu' }).click();
  await page.getByRole('menuitemradio', { name: 'Right to left' }).click();
  await eventually('the page is mirrored', () => page.evaluate(() => document.documentElement.dir === 'rtl'));
  await page.keyboard.press('Escape');
  await screenshot(page, 'look-rtl-inbox');
  await row(page, 'سارة').click();
  await bubble(page, 'مرحبا').waitFor();
  await screenshot(page, 'look-rtl-conversation');
  assert.ok((await row(page, 'سارة').boundingBox()).x > 400, 'the list is on the right');
  await page.goto(`${home}/settings/channels`);
  await page.getByText('Order line').waitFor();
  await screenshot(page, 'look-rtl-settings');
  assert.deepEqual(problems, []);
  await context.close();
});

test('an address that leads nowhere, and a contact that is not there, say so', async () => {
  const { page, context, home } = await signIn(browser, server, { path: '/inbox/1' });
  await page.getByText('Contact not found').waitFor();
  await screenshot(page, 'look-contact-not-found');
  await page.goto(`${home}/no/such/page`);
  await page.getByText('Page not found').waitFor();
  await screenshot(page, 'look-page-not-found');
  await context.close();
});
