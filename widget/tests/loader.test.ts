import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { WidgetConfig } from '../src/shared/types.ts';

const config: WidgetConfig = { name: 'Shop', color: '#0b6e4f', greeting: '', locale: null, position: 'right', require_identity: false };

interface Api {
  boot(options: { key: string }): Api;
  get(key: string): Api | undefined;
  push(...calls: unknown[]): void;
  on(name: string, listener: (detail: unknown) => void): () => void;
  hide(): void;
  show(): void;
  open(): void;
}
const page = window as unknown as { ISMessenger?: Api | unknown[] };
const api = () => page.ISMessenger as Api;
/** Launchers come back when removed, so those of earlier tests are still there. */
const earlier = new Set<Element>();
const launchers = () => [...document.querySelectorAll<HTMLElement>('is-messenger')].filter((element) => !earlier.has(element));

/** Runs the loader's script as a tag with these attributes would. */
async function load(key?: string) {
  const script = document.createElement('script');
  Object.defineProperty(script, 'src', { value: 'https://chat.example.test/widget/loader.js' });
  if (key) script.dataset['key'] = key;
  vi.spyOn(document, 'currentScript', 'get').mockReturnValue(script);
  vi.resetModules();
  await import('../src/loader/index.ts');
}

let requests: string[];
let answer: () => Response;

beforeEach(() => {
  for (const element of launchers()) earlier.add(element);
  delete page.ISMessenger;
  localStorage.clear();
  requests = [];
  answer = () => new Response(JSON.stringify(config));
  vi.stubGlobal('__PANEL__', 'panel.js');
  vi.stubGlobal('requestIdleCallback', (work: () => void) => setTimeout(work));
  vi.stubGlobal('fetch', async (url: string) => {
    requests.push(url);
    return answer();
  });
});

describe('the loader', () => {
  it('asks for the configuration and nothing else, then shows the launcher', async () => {
    await load('k1');
    const ready = vi.fn();
    api().on('ready', ready);
    await vi.waitFor(() => expect(ready).toHaveBeenCalledOnce());
    expect(requests).toEqual(['https://chat.example.test/widget/v1/config?key=k1']);
    const [element] = launchers();
    expect(element?.parentElement).toBe(document.documentElement);
    const button = element?.shadowRoot?.querySelector('button');
    expect(button?.getAttribute('aria-expanded')).toBe('false');
    expect(button?.getAttribute('aria-label')).toBe('Open chat');
    // Also for whoever asks late.
    const late = vi.fn();
    api().on('ready', late);
    await vi.waitFor(() => expect(late).toHaveBeenCalledOnce());
  });

  it('carries out what was queued before it arrived, in order', async () => {
    const order: string[] = [];
    page.ISMessenger = [
      ['on', 'ready', () => order.push('ready')],
      ['hide'],
      (given: Api) => order.push(given === api() ? 'function' : 'wrong'),
    ];
    await load('k1');
    await vi.waitFor(() => expect(order).toEqual(['function', 'ready']));
    expect(launchers()[0]?.hidden).toBe(true);
    api().show();
    expect(launchers()[0]?.hidden).toBe(false);
  });

  it('waits for boot when the tag names no key', async () => {
    await load();
    const ready = vi.fn();
    api().on('ready', ready);
    expect(requests).toEqual([]);
    api().boot({ key: 'k9' });
    await vi.waitFor(() => expect(ready).toHaveBeenCalledOnce());
    expect(requests).toEqual(['https://chat.example.test/widget/v1/config?key=k9']);
  });

  it('keeps two keys apart and never starts one twice', async () => {
    await load('k1');
    const first = api();
    await load('k2');
    await load('k1');
    expect(api()).toBe(first);
    await vi.waitFor(() => expect(launchers()).toHaveLength(2));
    expect(requests).toHaveLength(2);
    api().get('k2')?.hide();
    expect(launchers().map(({ hidden }) => hidden)).toEqual([false, true]);
  });

  it('stays away, and says so, when the server refuses', async () => {
    answer = () => new Response('{"error":{"code":"not_found","message":"There is no such chat."}}', { status: 404 });
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const failed = vi.fn();
    page.ISMessenger = [['on', 'error', failed]];
    await load('typo');
    await vi.waitFor(() => expect(failed).toHaveBeenCalledWith({ code: 'not_found', message: 'There is no such chat.' }));
    expect(warn).toHaveBeenCalledWith('Chat: There is no such chat.');
    expect(launchers()).toEqual([]);
  });

  it('comes back after the page has dropped it', async () => {
    await load('k1');
    await vi.waitFor(() => expect(launchers()).toHaveLength(1));
    launchers()[0]?.remove();
    await vi.waitFor(() => expect(launchers()).toHaveLength(1));
  });
});
