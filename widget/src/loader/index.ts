/**
 * `window.ISMessenger`: the chat on a page.
 *
 * Before this script has arrived a page may queue calls: `(window.ISMessenger ||= []).push(['identify', user, proof])`.
 * A page may carry several widgets; the plain calls go to the first, `ISMessenger.get(key)` gives any of them.
 */
import { Launcher, type BootOptions, type EventName, type PanelApi } from './launcher.ts';

const OWN = ['on', 'show', 'hide'] as const;
const LATER = ['identify', 'open', 'close', 'toggle', 'reset'] as const;
type Method = (typeof OWN)[number] | keyof PanelApi;
type Methods = Record<Method, (...args: unknown[]) => unknown>;
type Call = [Method | 'boot', ...unknown[]] | ((api: Api) => void);
type Api = Methods & {
  boot(options: Partial<BootOptions> & { key: string }): Methods;
  get(key: string): Methods | undefined;
  push(...calls: Call[]): void;
};

const page = window as unknown as { ISMessenger?: Api | Call[] };
const script =
  (document.currentScript as HTMLScriptElement | null) ?? document.querySelector<HTMLScriptElement>('script[src*="/widget/loader.js"]');
const origin = new URL(script?.src || location.href).origin;

function methods(launcher: Launcher): Methods {
  const made = {
    on: (name, listener) => launcher.on(name as EventName, listener as () => void),
    show: () => launcher.show(),
    hide: () => launcher.hide(),
  } as Methods;
  for (const method of LATER) made[method] = (...args) => launcher.call(method, args);
  return made;
}

function create(): Api {
  const widgets = new Map<string, Methods>();
  const waiting: [Method, unknown[]][] = [];
  let first: Methods | undefined;

  const api = {
    boot(options) {
      const known = widgets.get(options.key);
      if (known) return known;
      const made = methods(new Launcher({ ...options, host: options.host ? new URL(options.host).origin : origin }));
      widgets.set(options.key, made);
      first ??= made;
      for (const [method, args] of waiting.splice(0)) first[method](...args);
      return made;
    },
    get: (key) => widgets.get(key),
    push(...calls) {
      for (const call of calls) {
        if (typeof call === 'function') call(api);
        else (api[call[0]] as (...args: unknown[]) => unknown)(...call.slice(1));
      }
    },
  } as Api;
  for (const method of [...OWN, ...LATER]) {
    api[method] = (...args) => (first ? first[method](...args) : void waiting.push([method, args]));
  }
  return api;
}

// A second loader, or the same one run again after a page swap, joins the first.
const before = page.ISMessenger;
const api = before && 'boot' in before ? before : create();
page.ISMessenger = api;
const { key, locale, nonce } = script?.dataset ?? {};
if (key) api.boot({ key, host: origin, locale: locale ?? null, nonce: nonce || script?.nonce || null });
if (Array.isArray(before)) api.push(...before);
