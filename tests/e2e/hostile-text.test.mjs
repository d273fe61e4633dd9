// What customers, visitors and colleagues write is shown as text wherever it is shown, and never runs.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { launchBrowser, openPage, screenshot } from './support/browser.mjs';
import { hostile } from './support/hostile-text.mjs';
import { Provider, bubble, call, eventually, signIn } from './support/journey.mjs';
import { owner, startServer } from './support/server.mjs';

let browser, server, provider, agent;
before(async () => {
  assert.ok(hostile.length >= 250 && new Set(hostile).size === hostile.length, `${hostile.length}`);
  server = await startServer({ name: 'hostile-text' });
  browser = await launchBrowser();
  provider = new Provider(server);
  agent = await watched(await signIn(browser, server));
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Notes in `alarms` whatever ran, was about to run, or called another site. */
async function watched(opened, allowed = []) {
  const alarms = [];
  const { context, page } = opened;
  await context.exposeBinding('pwned', (_, number) => alarms.push(`ran ${number}: ${hostile[number]}`));
  await context.exposeBinding('violated', (_, what) => alarms.push(`against the policy: ${what}`));
  await context.addInitScript(() => {
    for (const name of ['alert', 'confirm', 'prompt', 'print']) window[name] = () => window.pwned(-1);
    document.addEventListener('securitypolicyviolation', (event) =>
      window.violated(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
    );
  });
  context.on('page', (other) => alarms.push(`opened ${other.url()}`));
  page.on('dialog', (dialog) => {
    alarms.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  const own = [server.url, ...allowed];
  context.on('request', (request) => {
    const url = request.url();
    if (!own.some((origin) => url.startsWith(origin)) && !/^(data|blob):/.test(url)) alarms.push(`called ${url}`);
  });
  await page.reload();
  return { ...opened, alarms };
}

/** Nothing ran, and whatever can be clicked leads to a page, a letter or a call. */
async function quiet({ page, alarms }, where) {
  const found = await page.evaluate(() => {
    const safe = ['http:', 'https:', 'mailto:', 'tel:', 'blob:'];
    const links = [...document.querySelectorAll('a, area, form, button[formaction]')].map(
      (element) => element.href?.baseVal ?? element.href ?? element.formAction ?? element.action,
    );
    const strange = links.filter((href) => href && !safe.includes(new URL(href, location.href).protocol));
    const handlers = [...document.querySelectorAll('*')].flatMap((element) =>
      [...element.attributes].filter((a) => /^on/i.test(a.name) || /^\s*javascript:/i.test(a.value)).map((a) => `${element.tagName} ${a.name}`),
    );
    const planted = document.querySelectorAll('iframe, object, embed, base, math, marquee, xmp, custom-element, meta[http-equiv=refresh]');
    return { strange, handlers, planted: [...planted].map((element) => element.outerHTML.slice(0, 200)) };
  });
  assert.deepEqual(found, { strange: [], handlers: [], planted: [] }, where);
  assert.deepEqual(alarms, [], where);
}

/** Every `count` texts of the corpus. */
const batches = (count) => Array.from({ length: Math.ceil(hostile.length / count) }, (_, n) => hostile.slice(n * count, (n + 1) * count));
/** Some of the corpus, short enough for a name, each of another kind. */
const short = hostile.filter((text) => [...text].length <= 60 && !/[\0-\x1f\ufeff]/.test(text));
const some = (count) => Array.from({ length: count }, (_, n) => short[Math.floor((n * short.length) / count)]);

test('messages and names of customers, in the list and the timeline', async () => {
  const { page, context, home } = agent;
  await call(context, server, 'POST', '/channels', { source: 'telegram', name: some(3)[0], config: {}, simulated: true });
  const bot = await provider.account('telegram');
  for (const [number, texts] of batches(40).entries()) {
    const phone = await provider.phone({ first_name: short[number * 7], last_name: short[number * 11 + 3] });
    for (const text of texts) await provider.write(bot, phone, text);
    const last = `The end of batch ${number}`;
    await provider.write(bot, phone, last);
    const contact = await eventually(`batch ${number} in the inbox`, async () => {
      const { items } = await call(context, server, 'GET', '/inbox?status=all&limit=100');
      return items.find((item) => item.last_message?.preview === last);
    });
    for (const text of texts.slice(0, 20)) await call(context, server, 'POST', `/contacts/${contact.id}/comments`, { text });
    await page.goto(`${home}/inbox/${contact.id}`);
    await bubble(page, last).waitFor();
    // All of it comes by: the page shows only what is near.
    for (let step = 0; step < 12; step += 1) {
      await page.mouse.move(700, 400);
      await page.mouse.wheel(0, -900);
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    }
    await quiet(agent, `the timeline of batch ${number}`);
    if (number === 0) {
      await screenshot(page, 'hostile-text');
      assert.ok((await page.locator('body').innerText()).includes('onerror=pwned('), 'texts are shown as they were written');
    }
  }
});

test('names and notes that colleagues write', async () => {
  const { page, context, home } = agent;
  const send = (method, path, body) => call(context, server, method, path, body);
  for (const [number, text] of some(8).entries()) {
    await send('PATCH', '', { name: text });
    await send('POST', '/closing-categories', { name: `${number} ${text}`, description: text });
    await context.request.patch(`${server.url}/api/me`, { data: { first_name: text, last_name: text }, headers: { 'x-ism-client': 'web' } });
  }
  const contact = await send('POST', '/contacts', { first_name: short[5], last_name: short[9] });
  const [category] = await send('GET', '/closing-categories');
  for (const text of some(12)) {
    await send('POST', `/contacts/${contact.id}/open`);
    await send('POST', `/contacts/${contact.id}/close`, { category_id: category.id, summary: text });
  }
  for (const path of [
    `/inbox/${contact.id}`,
    '/inbox?status=all',
    '/settings/workspace',
    '/settings/users',
    '/settings/channels',
    '/settings/closing-notes',
    '/profile',
  ]) {
    await page.goto(`${home}${path}`);
    await page.getByRole('navigation', { name: 'Main navigation' }).waitFor({ state: 'attached' });
    await page.waitForLoadState('networkidle');
    await quiet(agent, path);
  }
});

test('names of files', async () => {
  const { page, context, home } = agent;
  const bot = await provider.account('telegram');
  const phone = await provider.phone({ first_name: 'Files' });
  await provider.write(bot, phone, 'Files, please');
  const contact = await eventually('the customer', async () => {
    const { items } = await call(context, server, 'GET', '/inbox?status=all&limit=100');
    return items.find((item) => item.last_message?.preview === 'Files, please');
  });
  for (const name of [...some(12), '<img src=x onerror=pwned(0)>.png', '../../"><svg onload=pwned(0)>.html']) {
    const uploaded = await context.request.post(`${server.url}/api/workspaces/${server.workspaceId}/attachments`, {
      headers: { 'x-ism-client': 'web' },
      multipart: { file: { name, mimeType: 'text/html', buffer: Buffer.from('<script>top.pwned(0)</script>') } },
    });
    const { id } = await uploaded.json();
    const content = { type: 'attachment', attachment: { kind: 'file', id } };
    await call(context, server, 'POST', `/contacts/${contact.id}/messages`, { client_id: `file-${id}`, content });
  }
  await page.goto(`${home}/inbox/${contact.id}`);
  await bubble(page, 'Files, please').waitFor();
  await page.waitForLoadState('networkidle');
  await quiet(agent, 'files');
});

test('the website chat: greeting, names and messages on the page of a visitor', async () => {
  const { context, home, page } = agent;
  const color = '#0b7a5b';
  const greeting = some(40).join(' ').slice(0, 500).trim();
  const form = { source: 'website_chat', name: short[2], config: { greeting, color } };
  const made = await call(context, server, 'POST', '/channels', form);
  let html = '';
  const website = createServer((request, response) => {
    response.writeHead(request.url === '/' ? 200 : 204, { 'content-type': 'text/html; charset=utf-8' });
    response.end(request.url === '/' ? html : undefined);
  }).listen(0, '127.0.0.1');
  try {
    await once(website, 'listening');
    const shop = `http://localhost:${website.address().port}`;
    html = `<!doctype html><title>Shop</title><link rel="icon" href="data:,"><script async src="${server.url}/widget/loader.js" data-key="${made.channel.public_id}"></script>`;
    const opened = await openPage(browser);
    await opened.page.goto(shop);
    const visitor = await watched(opened, [shop]);
    await visitor.page.locator('is-messenger button.l').click();
    const chat = visitor.page.frameLocator('is-messenger iframe');
    const box = chat.getByRole('textbox', { name: 'Write a message…' });
    await box.waitFor();
    const texts = [...some(25), ...hostile.filter((text) => text.startsWith('Look here'))].filter((text) => !/[\0\n]/.test(text));
    for (const text of texts) {
      await box.fill(text);
      await box.press('Enter');
    }
    await box.fill('That was all.');
    await box.press('Enter');
    await chat.locator('.bubble').filter({ hasText: 'That was all.' }).waitFor();
    const contact = await eventually('the visitor in the inbox', async () => {
      const { items } = await call(context, server, 'GET', '/inbox?status=all&limit=100');
      return items.find((item) => item.last_message?.preview === 'That was all.');
    });
    for (const [number, text] of texts.entries()) {
      await call(context, server, 'POST', `/contacts/${contact.id}/messages`, { client_id: `answer-${number}`, content: { type: 'text', text } });
    }
    await call(context, server, 'POST', `/contacts/${contact.id}/messages`, { client_id: 'end', content: { type: 'text', text: 'Goodbye.' } });
    await chat.locator('.bubble').filter({ hasText: 'Goodbye.' }).waitFor();
    assert.deepEqual(visitor.alarms, []);
    const links = await chat.locator('a').evaluateAll((all) => all.map((a) => a.protocol));
    assert.deepEqual(links.filter((protocol) => !['http:', 'https:', 'mailto:', 'tel:', 'blob:'].includes(protocol)), []);
    await page.goto(`${home}/inbox/${contact.id}`);
    await bubble(page, 'Goodbye.').waitFor();
    await quiet(agent, 'the conversation with the visitor');
    await visitor.context.close();
  } finally {
    website.close();
  }
});

test('after signing in one stays here, whatever the address asks for', async () => {
  for (const next of ['//evil.example', '/\\evil.example', '/\t/evil.example', 'https://evil.example', 'javascript:pwned(0)']) {
    const { page, context } = await openPage(browser, { baseURL: server.url });
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel('Email').fill(owner.email);
    await page.getByLabel('Password', { exact: true }).fill(owner.password);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Main navigation' }).waitFor({ state: 'attached' });
    assert.equal(new URL(page.url()).origin, server.url, next);
    await context.close();
  }
});

test('were a text taken for markup, its script would be stopped and this journey would fail', async () => {
  const { page, alarms } = agent;
  await page.goto(`${agent.home}/inbox`);
  await page.evaluate((html) => document.body.insertAdjacentHTML('beforeend', html), '<img src="data:," onerror="pwned(0)">');
  await eventually('the alarm', () => alarms.some((alarm) => alarm.startsWith('against the policy: script-src')));
  await assert.rejects(quiet(agent, 'markup'));
  assert.ok(!alarms.some((alarm) => alarm.startsWith('ran ')), 'the policy stops it');
});
