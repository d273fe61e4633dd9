// What most journeys do first, and how they wait.

import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { openPage } from './browser.mjs';
import { owner } from './server.mjs';

/** Repeats `look` until it gives something true, and returns that. */
export async function eventually(what, look, within = 15_000) {
  for (const end = Date.now() + within; ; await pause(40)) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) assert.fail(`waited in vain: ${what}`);
  }
}

/** Opens a page, signs in as the owner or the given user, and waits for the inbox. */
export async function signIn(browser, server, { user = owner, path, ...look } = {}) {
  const opened = await openPage(browser, { baseURL: server.url, ...look });
  const answer = await opened.context.request.post('/api/session', {
    data: { email: user.email, password: user.password },
    headers: { 'x-ism-client': 'web' },
  });
  assert.equal(answer.status(), 200, await answer.text());
  const home = `/${server.workspaceId}`;
  await opened.page.goto(path ? `${home}${path}` : `${home}/inbox`);
  await opened.page.getByRole('navigation', { name: 'Main navigation' }).waitFor({ state: 'attached' });
  return { ...opened, home };
}

/** Calls the web app's API as the user of a page; returns the answer's JSON. */
export async function call(context, server, method, path, data) {
  const answer = await context.request.fetch(`${server.url}/api/workspaces/${server.workspaceId}${path}`, {
    method,
    data,
    headers: { 'x-ism-client': 'web' },
  });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return answer.status() === 204 ? undefined : answer.json();
}

/** A row of the contact list. */
export const row = (page, name) =>
  page.getByRole('region', { name: 'Contacts' }).getByRole('link').filter({ hasText: name });

/** Opens the conversation of a row, and waits until it is the one that is shown: until then a reply would go to the one before. */
export async function open(page, name) {
  const chosen = row(page, name);
  await chosen.click();
  const address = new URL(await chosen.getAttribute('href'), page.url());
  await page.waitForURL((url) => url.pathname === address.pathname);
  await page.getByRole('textbox', { name: 'Message', exact: true }).and(page.locator(':enabled')).waitFor();
}

/** A message in the open conversation. */
export const bubble = (page, text) => page.getByRole('article').filter({ hasText: text });

/** Writes into the composer and sends with Enter. */
export async function reply(page, text) {
  await page.getByRole('textbox', { name: 'Message', exact: true }).fill(text);
  await page.keyboard.press('Enter');
}

/** The provider side: the simulator's control API. */
export class Provider {
  constructor(server) {
    this.url = `${server.simulatorUrl}/sim/api`;
  }

  async #fetch(method, path, body) {
    const answer = await fetch(`${this.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** The business of a provider (telegram, whatsapp or custom) that a channel is connected to. */
  async account(provider) {
    const { accounts } = await this.#fetch('GET', '/accounts');
    const found = accounts.filter((account) => account.provider === provider && account.facts.webhook_url);
    assert.equal(found.length, 1, `one ${provider} business is connected`);
    return found[0].key;
  }

  phone(fields) {
    return this.#fetch('POST', '/phones', fields);
  }

  write(account, phone, what) {
    return this.#fetch('POST', `/chats/${account}/${phone.id}/write`, typeof what === 'string' ? { kind: 'text', text: what } : what);
  }

  async messages(account, phone) {
    return (await this.#fetch('GET', `/chats/${account}/${phone.id}/messages`)).messages;
  }

  knobs(account, change) {
    return this.#fetch('PUT', `/accounts/${account}/knobs`, change);
  }

  read(account, phone) {
    return this.#fetch('POST', `/chats/${account}/${phone.id}/read`);
  }

  window(account, phone, open) {
    return this.#fetch('PUT', `/chats/${account}/${phone.id}/window`, { open });
  }

  /** Waits until the customer's phone shows a text of the business; returns that message. */
  arrived(account, phone, text) {
    return eventually(`the phone shows “${text}”`, async () =>
      (await this.messages(account, phone)).find((m) => m.from === 'business' && JSON.stringify(m).includes(text)),
    );
  }
}
