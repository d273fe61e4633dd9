import { afterEach, describe, expect, it, vi } from 'vitest';
import { Host, type HostEvents } from '../src/frame/host.ts';
import type { Init } from '../src/shared/protocol.ts';

const init = { t: 'init', ism: 'n1' } as unknown as Init;

function events(): HostEvents {
  return { session: vi.fn(), sessionFailed: vi.fn(), open: vi.fn(), page: vi.fn(), stored: vi.fn() };
}

function set() {
  const parent = { postMessage: vi.fn() };
  const handlers = events();
  const begin = vi.fn(() => handlers);
  const host = new Host(parent as unknown as Window, 'n1', begin);
  const say = (data: object, origin = 'https://shop.example.test', source: unknown = parent) =>
    dispatchEvent(Object.assign(new Event('message'), { data, origin, source }));
  return { parent, handlers, begin, host, say };
}

describe('the frame', () => {
  afterEach(() => vi.restoreAllMocks());

  it('answers the page that knows its nonce, at that page’s origin only', () => {
    const { parent, begin, host, say } = set();
    say({ ...init, ism: 'wrong' });
    say(init, 'https://shop.example.test', {});
    say(init, 'null');
    expect(begin).not.toHaveBeenCalled();
    expect(parent.postMessage).not.toHaveBeenCalled();

    say(init);
    host.close();
    expect(begin).toHaveBeenCalledOnce();
    expect(parent.postMessage.mock.calls).toEqual([
      [{ t: 'ready', ism: 'n1' }, 'https://shop.example.test'],
      [{ t: 'close', ism: 'n1' }, 'https://shop.example.test'],
    ]);
  });

  it('listens to the first origin only, and starts once', () => {
    const { begin, handlers, say } = set();
    say(init);
    say(init);
    say({ t: 'stored', ism: 'n1', key: 'read', value: '5' }, 'https://other.example.test');
    expect(begin).toHaveBeenCalledOnce();
    expect(handlers.stored).not.toHaveBeenCalled();
    say({ t: 'stored', ism: 'n1', key: 'read', value: '5' });
    expect(handlers.stored).toHaveBeenCalledWith('read', '5');
  });
});
