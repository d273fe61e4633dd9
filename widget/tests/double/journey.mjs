// Walks the built widget through a visitor's day in headless Chromium and leaves pictures behind:
//   npm run build && npm run journey -- /tmp/shots
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { chromium } from 'playwright-core';
import { CONFIG, startDouble } from './server.mjs';

const shots = process.argv[2];
if (shots) await mkdir(shots, { recursive: true });
const double = await startDouble();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

const errors = [];
async function visit(options = {}, path = '') {
  const context = await browser.newContext({ viewport: { width: 1100, height: 800 }, ...options });
  return { context, page: await tab(context, path) };
}
async function tab(context, path = '') {
  const page = await context.newPage();
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (line) => {
    if (line.type() === 'error' && !/Failed to load resource|WebSocket connection|ERR_/.test(line.text())) errors.push(line.text());
  });
  await page.goto(double.url + path);
  return page;
}
const shot = async (page, name) => shots && (await page.waitForTimeout(350), page.screenshot({ path: `${shots}/${name}.png` }));
const launcher = (page) => page.locator('is-messenger button.l');
const chat = (page) => page.frameLocator('is-messenger iframe');
const write = async (page, text) => {
  await chat(page).locator('textarea').fill(text);
  await chat(page).locator('textarea').press('Enter');
};
const see = (page, text) => chat(page).locator('.bubble', { hasText: text }).first().waitFor();
/** The frame knows that it is closed, so that what comes now counts as unread. */
const shut = (page) => page.frames().find((frame) => frame.url().includes('/widget/frame')).locator('.app[data-open=false]').waitFor({ state: 'attached' });
const until = async (what, check) => {
  for (let tries = 0; tries < 100; tries++) {
    if (await check()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`waited in vain for: ${what}`);
};

try {
  const { context, page } = await visit();

  // Nothing but the loader and the configuration before the visitor asks for more.
  await launcher(page).waitFor();
  assert.deepEqual(double.state.requests.filter((line) => !line.startsWith('OPTIONS')), ['GET /widget/loader.js', 'GET /widget/v1/config?key=abc123']);
  await shot(page, '01-launcher');

  await launcher(page).click();
  await see(page, 'How can we help');
  assert.equal(await launcher(page).getAttribute('aria-expanded'), 'true');
  await shot(page, '02-greeting');

  await write(page, 'Hello! Where is my order #4821? <b>x</b> https://example.test/track?id=1.');
  await until('the message is kept', () => [...double.visitors.values()][0]?.messages.length === 1);
  await until('sent tick', async () => (await chat(page).locator('.ticks.sent').count()) === 1);
  assert.equal(await chat(page).locator('.bubble a').getAttribute('href'), 'https://example.test/track?id=1');
  double.act({ status: 'delivered' });
  double.act({ status: 'read' });
  await chat(page).locator('.ticks.read').waitFor();

  double.act({ typing: true });
  await chat(page).locator('.dots').waitFor();
  double.act({ text: 'Hi! Let me check that for you.' });
  await see(page, 'Let me check');
  assert.equal(await chat(page).locator('.dots').count(), 0);
  double.act({ text: 'It left our roastery this morning 🚚' });
  double.act({ content: { type: 'location', latitude: 41.1579, longitude: -8.6291, name: 'Northwind Roastery', address: 'Rua das Flores 12, Porto' } });
  double.act({ content: { type: 'contacts', contacts: [{ name: 'Courier desk', phones: ['+351 900 000 111'], emails: ['courier@example.test'], organization: 'Swift Parcels' }] } });
  double.act({ content: { type: 'quick_reply', title: 'Anything else?', replies: ['Yes, please', 'No, thanks'] } });
  await chat(page).locator('.replies button').first().waitFor();
  await shot(page, '03-conversation');
  await chat(page).getByRole('button', { name: 'Yes, please' }).click();
  await chat(page).locator('.replies').waitFor({ state: 'detached' });
  const [visitor] = double.visitors.values();
  assert.equal(visitor.messages.at(-1).content.type, 'postback');

  // A picture, chosen from the disk.
  const png = await page.screenshot({ clip: { x: 0, y: 0, width: 320, height: 200 } });
  await chat(page).locator('input[type=file]').setInputFiles({ name: 'parcel.png', mimeType: 'image/png', buffer: png });
  await until('the picture is shown', () => chat(page).locator('a.media img').evaluate((image) => image.complete && image.naturalWidth > 0).catch(() => false));
  await chat(page).locator('input[type=file]').setInputFiles({ name: 'invoice.pdf', mimeType: 'application/pdf', buffer: Buffer.alloc(120_000) });
  await see(page, 'invoice.pdf');
  await chat(page).locator('input[type=file]').setInputFiles({ name: 'huge.zip', mimeType: 'application/zip', buffer: Buffer.alloc(2_500_000) });
  await chat(page).getByText('This file is too large.').waitFor();
  await shot(page, '04-files');
  await chat(page).getByRole('button', { name: 'Discard' }).click();
  await chat(page).getByRole('button', { name: 'Emoji' }).click();
  await shot(page, '05-emoji');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  assert.equal(await chat(page).locator('textarea').inputValue(), '😃');
  await write(page, '😍');

  // Escape closes and gives the focus back.
  await chat(page).locator('textarea').press('Escape');
  await until('closed', async () => (await launcher(page).getAttribute('aria-expanded')) === 'false');
  assert.equal(await page.evaluate(() => document.querySelector('is-messenger').shadowRoot.activeElement?.className), 'l');

  // Unread: badge and preview; read by opening.
  await shut(page);
  double.act({ text: 'Your parcel arrives tomorrow before noon.' });
  await until('badge', async () => (await page.locator('is-messenger .b').textContent()) === '1');
  await page.locator('is-messenger .v', { hasText: 'arrives tomorrow' }).waitFor();
  await shot(page, '06-unread');
  // Another tab of the same site knows as well, and reading there clears it here.
  const second = await tab(context);
  await until('badge in the second tab', async () => (await second.locator('is-messenger .b').textContent().catch(() => '')) === '1');
  await second.locator('is-messenger .m').click();
  await see(second, 'arrives tomorrow');
  await until('badge cleared in the first tab', async () => (await page.locator('is-messenger .b').textContent()) === '');
  await second.close();

  // History after a reload; the panel opens again by itself, as it was left open.
  await page.reload();
  await see(page, 'Where is my order');
  await see(page, 'arrives tomorrow');

  // Server gone: the message waits, survives a reload of the page's frame, and goes out once.
  double.act({ down: true });
  await write(page, 'Written while you were away');
  await chat(page).locator('.status', { hasText: 'Connecting' }).waitFor();
  await chat(page).locator('.meta', { hasText: 'Waiting to be sent' }).waitFor();
  await shot(page, '07-offline');
  double.act({ text: 'We were restarting, sorry!' });
  double.act({ down: false });
  await page.reload();
  await see(page, 'We were restarting');
  await until('sent once', () => visitor.messages.filter((message) => message.content.text === 'Written while you were away').length === 1);
  await chat(page).locator('.meta', { hasText: 'Waiting' }).waitFor({ state: 'detached' });

  // The session ends on the server: a new one without the visitor noticing anything but an empty history.
  double.act({ expire: true });
  await until('a new visitor', () => double.visitors.size === 2);
  await write(page, 'Still here');
  await until('sent by the new session', () => [...double.visitors.values()][1].messages.length === 1);

  // Identity: another user never sees the last one's conversation.
  await page.evaluate(() => window.ISMessenger.identify({ id: 7, name: 'Ana' }, { hash: 'abc' }));
  await until('identified', () => double.visitors.has('user-7'));
  await write(page, 'I am Ana');
  await see(page, 'I am Ana');
  await page.evaluate(() => window.ISMessenger.identify({ id: 8, name: 'Bo' }, { hash: 'def' }));
  await until('switched', () => double.visitors.has('user-8'));
  await see(page, 'How can we help');
  assert.equal(await chat(page).locator('.bubble', { hasText: 'I am Ana' }).count(), 0);
  await page.evaluate(() => window.ISMessenger.reset());
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => /:(read|draft|q:)/.test(key))), []);

  // The page swaps its body, as Turbo does: launcher and conversation stay.
  await see(page, 'How can we help');
  await page.evaluate(() => document.body.replaceWith(document.createElement('body')));
  await write(page, 'Survived');
  await see(page, 'Survived');
  // A second key on the same page is a second, separate widget.
  await page.evaluate(() => void window.ISMessenger.boot({ key: 'other' }));
  await until('two launchers', async () => (await launcher(page).count()) === 2);
  assert.equal(await page.evaluate(() => localStorage.getItem('ism:other:session')), null);
  await context.close();

  // Without storage the chat works for the time of the page.
  const bare = await visit();
  await bare.context.addInitScript(() => Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('denied', 'SecurityError'); } }));
  await bare.page.reload();
  await launcher(bare.page).click();
  await write(bare.page, 'No storage here');
  await see(bare.page, 'No storage here');
  await bare.context.close();

  // A page that opens the chat before the loader is there, and listens.
  const eager = await visit();
  await eager.context.addInitScript(() => {
    window.heard = [];
    const listen = (name) => ['on', name, (detail) => window.heard.push([name, detail?.text ?? detail].join(' ').trim())];
    window.ISMessenger = [...['ready', 'opened', 'closed', 'message', 'unread'].map(listen), ['open']];
  });
  await eager.page.reload();
  await write(eager.page, 'First words');
  double.act({ text: 'First answer' });
  await see(eager.page, 'First answer');
  await eager.page.evaluate(() => window.ISMessenger.close());
  await shut(eager.page);
  double.act({ text: 'Not seen yet' });
  await eager.page.locator('is-messenger .v', { hasText: 'Not seen yet' }).waitFor();
  await eager.page.locator('is-messenger .x').click();
  assert.equal(await eager.page.locator('is-messenger .v').isHidden(), true);
  assert.equal(await eager.page.locator('is-messenger .b').textContent(), '1');
  await eager.page.evaluate(() => window.ISMessenger.hide());
  assert.equal(await launcher(eager.page).isHidden(), true);
  await eager.page.evaluate(() => window.ISMessenger.open());
  await see(eager.page, 'Not seen yet');
  await until('all events', async () => (await eager.page.evaluate(() => window.heard.length)) >= 9);
  assert.deepEqual((await eager.page.evaluate(() => window.heard)).sort(), ['closed', 'message First answer', 'message First words', 'message Not seen yet', 'opened', 'opened', 'ready', 'unread 0', 'unread 1'].sort());
  await eager.context.close();

  // Only signed-in visitors; and a sign-out in one tab ends the conversation in the other.
  double.state.config = { ...CONFIG, require_identity: true };
  const member = await visit();
  await launcher(member.page).click();
  await chat(member.page).getByText('Please sign in on this website').waitFor();
  await member.page.evaluate(() => window.ISMessenger.identify({ id: 'm1' }, { hash: 'abc' }));
  await write(member.page, 'Members only');
  await see(member.page, 'Members only');
  const other = await tab(member.context);
  await see(other, 'Members only');
  await other.evaluate(() => window.ISMessenger.reset());
  await chat(member.page).getByText('Please sign in on this website').waitFor();
  assert.equal(await other.evaluate(() => localStorage.getItem('ism:abc123:session')), null);
  await member.context.close();
  double.state.config = { ...CONFIG };

  // By keyboard alone.
  const keys = await visit();
  await launcher(keys.page).waitFor();
  await keys.page.keyboard.press('Tab');
  await keys.page.keyboard.press('Tab');
  await keys.page.keyboard.press('Enter');
  await until('the composer has the focus', () => chat(keys.page).locator('textarea').evaluate((field) => document.hasFocus() && document.activeElement === field).catch(() => false));
  await keys.page.keyboard.type('Typed by hand');
  await keys.page.keyboard.press('Enter');
  await see(keys.page, 'Typed by hand');
  await keys.page.keyboard.press('Escape');
  await until('closed by Escape', async () => (await launcher(keys.page).getAttribute('aria-expanded')) === 'false');
  await keys.context.close();

  // Looks: dark, phone, right-to-left, another colour on the left, forced colours.
  const looks = [
    ['08-dark', { colorScheme: 'dark' }, ''],
    ['09-phone', { viewport: { width: 390, height: 760 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 }, ''],
    ['10-rtl', {}, '?locale=ar'],
    ['11-left', { colorScheme: 'light' }, '?locale=de'],
    ['12-forced', { forcedColors: 'active' }, ''],
  ];
  for (const [name, options, path] of looks) {
    double.state.config = name === '11-left' ? { ...CONFIG, color: '#ffd43b', position: 'left' } : { ...CONFIG };
    const { context: own, page: look } = await visit(options, path);
    await launcher(look).click();
    const arabic = path.includes('=ar');
    await see(look, 'How can we help');
    await write(look, arabic ? 'مرحبا، أين طلبي رقم 4821؟' : 'Hello, where is my order?');
    await see(look, arabic ? 'أين طلبي' : 'where is my order');
    double.act({ text: arabic ? 'مرحبا! سأتحقق من ذلك الآن.' : 'Hi! Let me look it up for you.' });
    double.act({ content: { type: 'quick_reply', title: arabic ? 'هل الطلب باسمك؟' : 'Is it in your name?', replies: arabic ? ['نعم', 'لا'] : ['Yes', 'No'] } });
    await chat(look).locator('.replies').waitFor();
    double.act({ status: 'read' });
    await shot(look, name);
    if (name === '09-phone') {
      assert.equal(await look.evaluate(() => document.body.inert), true);
      await chat(look).getByRole('button', { name: 'Close chat' }).click();
      assert.equal(await look.evaluate(() => document.body.inert), false);
    }
    await own.close();
  }
  assert.deepEqual(errors, []);
  const leaks = double.state.requests.filter((line) => line.includes('token-'));
  assert.deepEqual(leaks, [], 'a session token in an address');
  console.log('The journey is complete.');
} finally {
  await browser.close();
  await double.stop();
}
