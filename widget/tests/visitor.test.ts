import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Store } from '../src/panel/store.ts';
import { Visitor } from '../src/panel/visitor.ts';

interface Asked {
  key: string;
  token?: string;
  user?: { id: string };
}

function server(answer: (asked: Asked, count: number) => { status?: number; body: object }) {
  const asked: Asked[] = [];
  vi.stubGlobal(
    'fetch',
    vi.fn(async (url: string, init: RequestInit) => {
      expect(url).toBe('https://chat.example.test/widget/v1/sessions');
      asked.push(JSON.parse(String(init.body)) as Asked);
      const { status = 200, body } = answer(asked[asked.length - 1]!, asked.length);
      return new Response(JSON.stringify(body), { status });
    }),
  );
  return asked;
}

const session = (token: string, visitor_id = 'v1') => ({ body: { token, visitor_id, unread: 0, seq: 1, config: {} } });
const make = (key = 'k1', renewed = vi.fn()) => {
  const store = new Store(key);
  return { store, renewed, visitor: new Visitor(store, { key, host: 'https://chat.example.test', locale: () => 'en', renewed }) };
};

beforeEach(() => localStorage.clear());

describe('the visitor', () => {
  it('makes one session for all who ask at once, and keeps it', async () => {
    const asked = server(() => session('t1'));
    const { visitor, store, renewed } = make();
    const [a, b] = await Promise.all([visitor.renew(null), visitor.renew(null)]);
    expect(a).toBe(b);
    expect(asked).toHaveLength(1);
    expect(asked[0]).not.toHaveProperty('token');
    expect(JSON.parse(store.get('session')!)).toEqual({ token: 't1', visitor_id: 'v1', unread: 0 });
    expect(renewed).toHaveBeenCalledOnce();
    expect((await visitor.renew(null)).token).toBe('t1');
    expect(asked).toHaveLength(1);
  });

  it('renews the session of an earlier page', async () => {
    localStorage.setItem('ism:k1:session', JSON.stringify({ token: 'old', visitor_id: 'v1', unread: 0 }));
    const asked = server(() => session('new'));
    const { visitor } = make();
    expect((await visitor.renew('old')).token).toBe('new');
    expect(asked[0]?.token).toBe('old');
  });

  it('starts a new session when the old token is refused', async () => {
    localStorage.setItem('ism:k1:session', JSON.stringify({ token: 'old', visitor_id: 'v1', unread: 0 }));
    const asked = server(({ token }) => (token ? { status: 401, body: { error: { code: 'unauthorized', message: 'No.' } } } : session('new', 'v2')));
    const { visitor } = make();
    expect(await visitor.renew('old')).toMatchObject({ token: 'new', visitor_id: 'v2' });
    expect(asked.map(({ token }) => token)).toEqual(['old', undefined]);
  });

  it('passes a refusal on with the server’s words', async () => {
    server(() => ({ status: 403, body: { error: { code: 'origin_not_allowed', message: 'This website may not show the chat.' } } }));
    await expect(make().visitor.renew(null)).rejects.toMatchObject({ status: 403, code: 'origin_not_allowed', message: 'This website may not show the chat.' });
  });

  it('drops the answer meant for whoever was here before', async () => {
    const asked = server(({ user }) => session(user ? 'known' : 'anonymous', user ? 'v2' : 'v1'));
    const { visitor, renewed } = make();
    const first = visitor.renew(null);
    visitor.identify({ id: 'u1' });
    expect((await first).token).toBe('known');
    expect(asked).toHaveLength(2);
    expect(renewed).toHaveBeenCalledOnce();
    expect(visitor.isSomeoneElse('u1')).toBe(false);
    expect(visitor.isSomeoneElse('u2')).toBe(true);
  });

  it('forgets everything of its own key and nothing of another', async () => {
    server(() => session('t1'));
    const { visitor, store } = make();
    await visitor.renew(null);
    store.set('draft', 'hm');
    new Store('k2').set('draft', 'stays');
    visitor.forget(true);
    expect(store.all()).toEqual({});
    expect(new Store('k2').get('draft')).toBe('stays');
    expect(visitor.session).toBeNull();
  });

  it('takes over what another tab made of the session', async () => {
    server(() => session('t1'));
    const { visitor, store } = make();
    await visitor.renew(null);
    store.set('session', JSON.stringify({ token: 't2', visitor_id: 'v1', unread: 0 }));
    expect(visitor.adopt()).toBe(false);
    expect((await visitor.renew('t1')).token).toBe('t2');
    store.set('session', null);
    expect(visitor.adopt()).toBe(true);
  });

  it('does not bring a user back who signed out in another tab', async () => {
    const asked = server(({ user }) => session(user ? 'known' : 'anonymous', user ? 'v2' : 'v3'));
    const { visitor, store } = make();
    visitor.identify({ id: 'u1' });
    await visitor.renew(null);
    store.set('session', null);
    visitor.adopt();
    expect((await visitor.renew(null)).token).toBe('anonymous');
    expect(asked[1]).not.toHaveProperty('user');
  });
});

describe('storage', () => {
  it('falls back to memory where it is forbidden', () => {
    vi.stubGlobal('localStorage', undefined);
    const store = new Store('k1');
    store.set('session', 'x');
    expect(store.get('session')).toBe('x');
    expect(store.all()).toEqual({ session: 'x' });
    store.clear();
    expect(store.get('session')).toBeNull();
  });

  it('falls back to memory where it is full', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    const store = new Store('k1');
    store.set('draft', 'x');
    expect(store.get('draft')).toBe('x');
    store.set('draft', null);
    expect(store.get('draft')).toBeNull();
  });
});
