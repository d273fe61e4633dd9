// The chat widget on a website of another origin: both ways, files, history, tabs, unread.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { bubble, eventually, reply, row, signIn } from './support/journey.mjs';
import { startServer } from './support/server.mjs';

let browser, server, website, shop, agent, visitor, snippet;
before(async () => {
  server = await startServer({ name: 'website-chat' });
  browser = await launchBrowser();
  website = createServer((request, response) => {
    response.writeHead(request.url === '/' ? 200 : 204, { 'content-type': 'text/html; charset=utf-8' });
    response.end(request.url === '/' ? shopPage() : undefined);
  }).listen(0, '127.0.0.1');
  await once(website, 'listening');
  // Another name is another origin, and another site for the browser's rules on cookies and storage.
  shop = `http://localhost:${website.address().port}`;
  agent = await signIn(browser, server, { path: '/settings/channels' });
});
after(async () => {
  await browser?.close();
  website?.close();
  await server?.stop();
});

const shopPage = () => `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Northwind Coffee</title><link rel="icon" href="data:,">
<style>body{font:18px/1.6 Georgia,serif;margin:0;background:#faf6f0;color:#2b2118}main{max-width:38rem;margin:12vh auto;padding:0 2rem}</style>
<main><h1>Fresh from the roastery</h1><p>Beans roasted every Tuesday, at your door on Thursday.</p></main>${snippet}</html>`;

const launcher = (page) => page.locator('is-messenger button.l');
const badge = (page) => page.locator('is-messenger .b');
const chat = (page) => page.frameLocator('is-messenger iframe');
const said = (page, text) => chat(page).locator('.bubble').filter({ hasText: text });
const write = async (page, text) => {
  await chat(page).getByRole('textbox', { name: 'Write a message…' }).fill(text);
  await chat(page).getByRole('textbox', { name: 'Write a message…' }).press('Enter');
};

test('the wizard gives the code to embed', async () => {
  const { page } = agent;
  await page.getByRole('link', { name: 'Add channel' }).first().click();
  await page.getByRole('link', { name: /^Website chat/ }).click();
  await page.getByLabel('Channel name').fill('Shop chat');
  await page.getByLabel('Greeting').fill('Hello! How can we help?');
  await page.getByLabel('Colour').last().fill('#0b7a5b');
  await page.getByLabel('Allowed websites').fill(shop);
  await screenshot(page, 'widget-wizard');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.getByRole('heading', { name: 'Shop chat is connected' }).waitFor();
  await screenshot(page, 'widget-connected');
  snippet = await page.locator('pre').innerText();
  assert.match(snippet, /^<script async src="http[^"]+\/widget\/loader\.js" data-key="\w+"><\/script>$/);
  await page.getByRole('link', { name: 'Go to the inbox' }).click();
});

test('a visitor writes, the agent answers, each sees the other type', async () => {
  const { page } = agent;
  visitor = await openPage(browser);
  await visitor.page.goto(shop);
  await launcher(visitor.page).waitFor();
  await screenshot(visitor.page, 'widget-launcher');
  await launcher(visitor.page).click();
  await chat(visitor.page).getByText('Hello! How can we help?').waitFor();
  await screenshot(visitor.page, 'widget-greeting');
  await write(visitor.page, 'Do you sell decaf?');

  await row(page, 'Do you sell decaf?').click();
  await bubble(page, 'Do you sell decaf?').waitFor();
  await page.getByRole('textbox', { name: 'Message', exact: true }).pressSequentially('Yes, ');
  await chat(visitor.page).locator('.dots').waitFor();
  await chat(visitor.page).getByRole('textbox', { name: 'Write a message…' }).pressSequentially('gre');
  await page.getByText(/is typing|is writing/).waitFor();
  await reply(page, 'Yes, from Colombia.');
  await said(visitor.page, 'Yes, from Colombia.').waitFor();
  await chat(visitor.page).locator('.dots').waitFor({ state: 'detached' });
  await bubble(page, 'Yes, from Colombia.').getByRole('button', { name: /^Read/ }).waitFor();
  await said(visitor.page, 'Do you sell decaf?').waitFor();
  await screenshot(visitor.page, 'widget-conversation');
});

test('files go both ways', async () => {
  const { page } = agent;
  const picture = await visitor.page.screenshot({ clip: { x: 0, y: 0, width: 320, height: 200 } });
  await chat(visitor.page).locator('input[type=file]').setInputFiles({ name: 'bag.png', mimeType: 'image/png', buffer: picture });
  await eventually('the agent sees the picture', () =>
    page.evaluate(() => [...document.querySelectorAll('article img')].some((image) => image.complete && image.naturalWidth === 320)),
  );
  await page.locator('input[type=file]').setInputFiles({ name: 'prices.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n') });
  await page.getByText('prices.pdf').waitFor();
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill('Our prices');
  await page.getByRole('button', { name: 'Send', exact: true, disabled: false }).click();
  await chat(visitor.page).getByText('prices.pdf').waitFor();
  await page.locator('input[type=file]').setInputFiles({ name: 'beans.png', mimeType: 'image/png', buffer: picture });
  await page.getByRole('button', { name: 'Send', exact: true, disabled: false }).click();
  await eventually('the visitor sees the picture', () =>
    chat(visitor.page)
      .locator('a.media img')
      .evaluateAll((all) => all.length === 2 && all.every((image) => image.complete && image.naturalWidth > 0)),
  );
  await screenshot(visitor.page, 'widget-files');
  await screenshot(page, 'conversation-website-chat');
});

test('a reload and a second tab show the same history', async () => {
  await visitor.page.reload();
  await said(visitor.page, 'Do you sell decaf?').waitFor();
  await said(visitor.page, 'Yes, from Colombia.').waitFor();
  assert.equal(await said(visitor.page, 'Do you sell decaf?').count(), 1);

  const second = await visitor.context.newPage();
  await second.goto(shop);
  await launcher(second).waitFor();
  if ((await launcher(second).getAttribute('aria-expanded')) !== 'true') await launcher(second).click();
  await said(second, 'Yes, from Colombia.').waitFor();
  await write(second, 'From my other tab');
  await said(visitor.page, 'From my other tab').waitFor();
  await bubble(agent.page, 'From my other tab').waitFor();
  assert.equal(await bubble(agent.page, 'From my other tab').count(), 1);
  await second.close();
});

test('a closed chat counts what it missed', async () => {
  await launcher(visitor.page).click();
  await eventually('the chat is closed', async () => (await launcher(visitor.page).getAttribute('aria-expanded')) === 'false');
  await visitor.page.frames().find((frame) => frame.url().includes('/widget/frame')).locator('.app[data-open=false]').waitFor({ state: 'attached' });
  await reply(agent.page, 'Anything else?');
  await eventually('the badge counts one', async () => (await badge(visitor.page).textContent()) === '1');
  await screenshot(visitor.page, 'widget-unread');
  assert.match(await bubble(agent.page, 'Anything else?').getByRole('button').last().getAttribute('aria-label'), /^(Sent|Delivered)/);
  await launcher(visitor.page).click();
  await said(visitor.page, 'Anything else?').waitFor();
  await eventually('the badge is gone', async () => (await badge(visitor.page).textContent()) === '');
  await bubble(agent.page, 'Anything else?').getByRole('button', { name: /^Read/ }).waitFor();
});

test('on a phone in the dark, in Arabic', async () => {
  const phone = await openPage(browser, { size: 'narrow', dark: true, locale: 'ar' });
  await phone.page.goto(shop);
  await launcher(phone.page).click();
  await chat(phone.page).locator('textarea').waitFor();
  await chat(phone.page).locator('textarea').fill('مرحبا، متى يصل طلبي؟');
  await chat(phone.page).locator('textarea').press('Enter');
  await said(phone.page, 'مرحبا').waitFor();
  await row(agent.page, 'مرحبا').waitFor();
  await screenshot(phone.page, 'widget-narrow-dark-rtl');
  assert.deepEqual(phone.problems, []);
  await phone.context.close();
});

test('a website that is not on the list gets no chat', async () => {
  const other = await openPage(browser);
  await other.page.goto(shop.replace('localhost', '127.0.0.1'));
  const refused = await other.page.evaluate(async (url) => {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"key":"' + document.querySelector('script[data-key]').dataset.key + '"}' });
    return answer.status;
  }, `${server.url}/widget/v1/sessions`);
  assert.equal(refused, 403);
  await other.context.close();
});

test('nothing went wrong unseen', () => {
  assert.deepEqual(agent.problems, []);
  assert.deepEqual(visitor.problems, []);
});
