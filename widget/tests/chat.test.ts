import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Chat } from '../src/frame/chat.ts';
import type { Init } from '../src/shared/protocol.ts';
import type { WidgetMessage } from '../src/shared/types.ts';

const message = (id: number, from: 'agent' | 'visitor' = 'agent', client_id: string | null = null): WidgetMessage => ({
  id,
  client_id,
  from,
  agent_name: from === 'agent' ? 'Maya' : null,
  content: { type: 'text', text: `m${id}` },
  at: id,
  status: 'sent',
  edited: false,
  deleted: false,
});

interface Socket {
  say(frame: object): void;
  sent: { type: string; token?: string; seq?: number }[];
  onclose: ((event: { code: number }) => void) | null;
}

/** A chat server, as far as the chat can tell. */
function fakeServer() {
  const server = {
    valid: new Set(['t1']),
    history: [] as WidgetMessage[],
    seq: 1,
    calls: [] as string[],
    sockets: [] as Socket[],
    get socket() {
      return server.sockets[server.sockets.length - 1]!;
    },
  };
  vi.stubGlobal('fetch', async (url: string, init: { method: string; headers: Record<string, string>; body?: string }) => {
    server.calls.push(`${init.method} ${url} ${init.body ?? ''}`.trim());
    if (!server.valid.has(init.headers['authorization']!.slice(7))) return new Response('{"error":{"code":"unauthorized","message":"No."}}', { status: 401 });
    if (url.endsWith('/read')) return new Response(null, { status: 204 });
    if (init.method === 'POST') {
      const { client_id } = JSON.parse(init.body!) as { client_id: string };
      const made = message(1000 + server.history.length, 'visitor', client_id);
      server.history.push(made);
      return new Response(JSON.stringify(made));
    }
    return new Response(JSON.stringify({ items: server.history, next_before: null, seq: server.seq, read_up_to: null }));
  });
  vi.stubGlobal(
    'WebSocket',
    class {
      static OPEN = 1;
      readyState = 1;
      sent: { type: string }[] = [];
      onopen: (() => void) | null = null;
      onmessage: ((event: { data: string }) => void) | null = null;
      onclose: ((event: { code: number }) => void) | null = null;
      constructor() {
        server.sockets.push(this);
        queueMicrotask(() => {
          this.onopen?.();
          this.say({ type: 'caught_up', seq: server.seq });
        });
      }
      say(frame: object) {
        this.onmessage?.({ data: JSON.stringify(frame) });
      }
      send(data: string) {
        this.sent.push(JSON.parse(data) as { type: string });
      }
      close() {
        this.readyState = 3;
      }
    },
  );
  return server;
}

function start(change: Partial<Init> = {}) {
  const host = { renew: vi.fn(), close: vi.fn(), store: vi.fn(), unread: vi.fn(), message: vi.fn(), error: vi.fn() };
  const init = {
    t: 'init',
    config: { require_identity: false },
    locale: 'en',
    open: false,
    full: false,
    page: { url: 'https://shop.example.test/', title: '', referrer: '' },
    session: { token: 't1', visitor_id: 'v1', unread: 0 },
    stored: {},
    ...change,
  } as Init;
  const chat = new Chat({ host, init, socketUrl: 'wss://chat.example.test/widget/v1/socket', preview: ({ agent_name, id }) => ({ name: agent_name ?? '', text: `m${id}` }) });
  return { chat, host };
}

const settle = () => vi.advanceTimersByTimeAsync(0);
let server: ReturnType<typeof fakeServer>;

beforeEach(() => {
  vi.useFakeTimers();
  server = fakeServer();
});
afterEach(() => void vi.useRealTimers());

describe('the chat', () => {
  it('shows the history, then goes live from its sequence number', async () => {
    server.history = [message(1), message(2, 'visitor')];
    server.seq = 17;
    const { chat } = start();
    await settle();
    expect(chat.state.messages.map(({ id }) => id)).toEqual([1, 2]);
    expect(server.socket.sent[0]).toEqual({ type: 'auth', token: 't1', seq: 17 });
    expect(chat.state.live).toBe(true);
    server.socket.say({ type: 'message', seq: 18, message: message(3) });
    server.socket.onclose?.({ code: 1006 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(server.socket.sent[0]).toEqual({ type: 'auth', token: 't1', seq: 18 });
  });

  it('asks the host page for a session when it has none', async () => {
    const { chat, host } = start({ session: null });
    await settle();
    expect(host.renew).toHaveBeenCalledExactlyOnceWith(null);
    expect(chat.state.loaded).toBe(false);
    chat.session({ token: 't1', visitor_id: 'v1', unread: 0 });
    await settle();
    expect(chat.state.loaded).toBe(true);
  });

  it('gets another session when its token has expired, and repeats the call', async () => {
    server.valid = new Set(['t2']);
    const { chat, host } = start();
    await settle();
    expect(host.renew).toHaveBeenCalledExactlyOnceWith('t1');
    chat.session({ token: 't2', visitor_id: 'v1', unread: 0 });
    await settle();
    expect(chat.state.loaded).toBe(true);
    expect(server.socket.sent[0]).toMatchObject({ token: 't2' });
  });

  it('starts afresh for another visitor', async () => {
    server.history = [message(1)];
    const { chat, host } = start({ open: true });
    await settle();
    server.history = [];
    server.valid.add('t2');
    chat.session({ token: 't2', visitor_id: 'v2', unread: 0 });
    expect(chat.state.messages).toEqual([]);
    await settle();
    expect(chat.state).toMatchObject({ loaded: true, messages: [], live: true });
    expect(host.unread).toHaveBeenLastCalledWith(0, null);
  });

  it('reloads when it is too far behind', async () => {
    server.history = [message(1), message(2)];
    const { chat } = start();
    await settle();
    server.history = [message(8), message(9)];
    server.seq = 500;
    server.socket.say({ type: 'reload' });
    await settle();
    expect(chat.state.messages.map(({ id }) => id)).toEqual([8, 9]);
    expect(server.socket.sent[0]).toMatchObject({ seq: 500 });
  });

  it('tells what is unread while closed, and marks it read once when opened', async () => {
    server.history = [message(1), message(2, 'visitor')];
    const { chat, host } = start({ stored: { read: '1' } });
    await settle();
    server.socket.say({ type: 'message', seq: 2, message: message(3) });
    server.socket.say({ type: 'message', seq: 3, message: message(4) });
    expect(host.unread).toHaveBeenLastCalledWith(2, { id: 4, name: 'Maya', text: 'm4' });
    expect(server.calls.filter((call) => call.includes('/read'))).toEqual([]);
    chat.open(true, false, true);
    await settle();
    expect(host.unread).toHaveBeenLastCalledWith(0, null);
    expect(host.store).toHaveBeenCalledWith('read', '4');
    expect(server.calls.filter((call) => call.includes('/read'))).toEqual(['POST /widget/v1/read {"up_to":4}']);
  });

  it('believes another tab that read or sent something', async () => {
    server.history = [message(1)];
    const { chat, host } = start();
    await settle();
    expect(host.unread).toHaveBeenLastCalledWith(1, expect.anything());
    chat.stored('read', '1');
    expect(host.unread).toHaveBeenLastCalledWith(0, null);
  });

  it('drops a kept message that the server turns out to have', async () => {
    const id = '0b6f3a52-1111-4222-8333-444455556666';
    server.history = [message(5, 'visitor', id)];
    const stored = { [`q:${id}`]: JSON.stringify({ at: 1, content: { type: 'text', text: 'm5' }, page: {} }) };
    const { chat, host } = start({ stored });
    expect(chat.state.pending).toHaveLength(1);
    await settle();
    expect(chat.state.pending).toEqual([]);
    expect(host.store).toHaveBeenCalledWith(`q:${id}`, null);
    expect(server.calls.filter((call) => call.startsWith('POST /widget/v1/messages'))).toEqual([]);
  });

  it('tells the host page of each new message once, whichever way it comes first', async () => {
    server.history = [message(1)];
    const { chat, host } = start();
    await settle();
    chat.send({ type: 'text', text: 'hi' });
    await settle();
    const mine = server.history[1]!;
    server.socket.say({ type: 'message', seq: 2, message: mine });
    server.socket.say({ type: 'message', seq: 3, message: message(2000, 'visitor', 'x') });
    server.socket.say({ type: 'message', seq: 4, message: { ...message(1), edited: true } });
    server.socket.say({ type: 'message', seq: 5, message: { ...message(2000, 'visitor', 'x'), status: 'read' } });
    expect(host.message.mock.calls.map(([{ id }]) => id as number)).toEqual([mine.id, 2000]);
  });

  it('tells that the visitor types at most every three seconds', async () => {
    const { chat } = start();
    await settle();
    const typed = () => server.socket.sent.filter(({ type }) => type === 'typing').length;
    chat.typed('h');
    chat.typed('he');
    expect(typed()).toBe(1);
    await vi.advanceTimersByTimeAsync(3000);
    chat.typed('hel');
    expect(typed()).toBe(2);
    chat.typed('');
    expect(typed()).toBe(2);
  });

  it('shows an agent’s typing until they write or fall silent', async () => {
    const { chat } = start();
    await settle();
    server.socket.say({ type: 'typing' });
    expect(chat.state.typing).toBe(true);
    await vi.advanceTimersByTimeAsync(6000);
    expect(chat.state.typing).toBe(false);
    server.socket.say({ type: 'typing' });
    server.socket.say({ type: 'message', seq: 2, message: message(9) });
    expect(chat.state.typing).toBe(false);
  });

  it('says why there is no chat, and comes to life once the visitor is identified', async () => {
    const { chat, host } = start({ session: null, config: { require_identity: true } as Init['config'] });
    await settle();
    chat.sessionFailed({ status: 403, code: 'identity_required', message: 'Sign in first.', retryAfter: 0 });
    await settle();
    expect(chat.state.blocked).toBe('identity');
    expect(host.error).toHaveBeenCalledWith('identity_required', 'Sign in first.');
    chat.session({ token: 't1', visitor_id: 'v1', unread: 0 });
    await settle();
    expect(chat.state).toMatchObject({ blocked: null, loaded: true });
  });
});
