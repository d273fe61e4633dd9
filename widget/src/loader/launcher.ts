/**
 * The first stage: a button on the page, and nothing else until the visitor wants to chat or has a conversation already.
 * Then the second stage (`panel.js`) takes over with sessions, unread counts and the iframe.
 */
import type { HostUser, WidgetConfig } from '../shared/types.ts';
import { hexColor, textOn } from '../shared/color.ts';
import { fetchConfig, type Refused } from '../shared/server.ts';
import { CSS } from './style.ts';

export interface BootOptions {
  key: string;
  /** Origin of the chat server; by default where the loader came from. */
  host: string;
  locale?: string | null;
  nonce?: string | null;
}

export type EventName = 'ready' | 'opened' | 'closed' | 'message' | 'unread' | 'error';
type Listener = (detail: unknown) => void;

/** What the second stage offers. */
export interface PanelApi {
  identify(user: HostUser, proof?: { hash?: string }): void;
  open(): void;
  close(): void;
  toggle(): void;
  reset(): void;
}

declare const __PANEL__: string;

const LABELS: Record<string, string> = { de: 'Chat öffnen', es: 'Abrir chat', fr: 'Ouvrir le chat', pt: 'Abrir chat', ar: 'فتح المحادثة' };
const ICONS = [
  'M12 3C6.5 3 2 6.9 2 11.6c0 2.6 1.4 5 3.6 6.6-.1 1-.5 2-1.3 2.8 1.7-.1 3.3-.7 4.5-1.6 1 .3 2.1.4 3.2.4 5.5 0 10-3.8 10-8.4S17.5 3 12 3Z',
  'M6.7 5.3 12 10.6l5.3-5.3 1.4 1.4-5.3 5.3 5.3 5.3-1.4 1.4-5.3-5.3-5.3 5.3-1.4-1.4 5.3-5.3-5.3-5.3z',
];

export class Launcher {
  readonly element = document.createElement('is-messenger');
  readonly root = document.createElement('div');
  readonly button = document.createElement('button');
  config: WidgetConfig | null = null;
  private readonly listeners: [string, Listener][] = [];
  private panel: PanelApi | null = null;
  private loading = false;
  private waiting: [keyof PanelApi, unknown[]][] = [];
  private tries = 0;

  constructor(readonly options: BootOptions) {
    const idle = () => ('requestIdleCallback' in window ? requestIdleCallback(() => this.start(), { timeout: 2000 }) : setTimeout(() => this.start(), 200));
    // In the <head> there is no body yet, and nothing to idle for.
    if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', idle);
    else idle();
  }

  on(name: EventName, listener: Listener): () => void {
    const entry: [string, Listener] = [name, listener];
    this.listeners.push(entry);
    if (name === 'ready' && this.config) setTimeout(listener);
    return () => {
      const at = this.listeners.indexOf(entry);
      if (at >= 0) this.listeners.splice(at, 1);
    };
  }

  emit(name: EventName, detail?: unknown): void {
    for (const [wanted, listener] of this.listeners.slice()) {
      // In a turn of its own: a mistake of the page stays the page's.
      if (wanted === name) setTimeout(listener, 0, detail);
    }
  }

  show(): void {
    this.element.hidden = false;
  }

  hide(): void {
    this.element.hidden = true;
    this.panel?.close();
  }

  call(method: keyof PanelApi, args: unknown[]): void {
    if (this.panel) return (this.panel[method] as (...args: unknown[]) => void)(...args);
    this.waiting.push([method, args]);
    if (method === 'open' || method === 'toggle') this.load();
  }

  /** Shows the launcher, or gives it new settings. */
  draw(config: WidgetConfig): void {
    const first = !this.config;
    this.config = config;
    const color = hexColor(config.color);
    this.element.style.setProperty('--c', color);
    this.element.style.setProperty('--t', textOn(color));
    this.root.classList.toggle('left', config.position === 'left');
    if (!first) return;
    this.render();
    this.attach();
    // Frameworks that own the whole document may drop what they did not make.
    new MutationObserver(() => this.attach()).observe(document.documentElement, { childList: true });
    this.emit('ready');
  }

  locale(): string {
    return this.options.locale || this.config?.locale || document.documentElement.lang || navigator.language;
  }

  style(css: string): void {
    const shadow = this.element.shadowRoot!;
    try {
      // Needs no 'unsafe-inline' in the page's content security policy.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
    } catch {
      const style = document.createElement('style');
      style.nonce = this.options.nonce ?? '';
      style.textContent = css;
      shadow.prepend(style);
    }
  }

  configure(done?: () => void): void {
    fetchConfig(this.options.host, this.options.key).then(
      (config) => {
        this.draw(config);
        done?.();
      },
      (error: Refused) => this.failed(error, () => this.configure(done)),
    );
  }

  failed(error: Refused, again: () => void): void {
    this.emit('error', { code: error.code, message: error.message });
    // A refusal lasts until the page or the settings change; anything else may pass.
    if (!error.status || error.status >= 429) setTimeout(again, Math.max(error.retryAfter * 1000, Math.min(60_000, 2000 * 2 ** this.tries++)));
    // oxlint-disable-next-line no-console -- whoever puts the chat on their page looks here for why there is none
    else console.warn(`Chat: ${error.message}`);
  }

  private start(): void {
    let known = null;
    try {
      known = localStorage.getItem(`ism:${this.options.key}:session`);
    } catch {
      // Storage is forbidden here, so there is no earlier conversation to find.
    }
    if (known) this.load();
    else if (!this.config) this.configure();
  }

  private load(): void {
    if (this.loading) return;
    this.loading = true;
    import(`${this.options.host}/widget/assets/${__PANEL__}`).then(
      (module: { Panel: new (launcher: Launcher) => PanelApi }) => {
        this.panel = new module.Panel(this);
        for (const [method, args] of this.waiting.splice(0)) this.call(method, args);
      },
      () => {
        this.loading = false;
        this.failed({ status: 0, code: 'unreachable', message: 'The chat could not be loaded.', retryAfter: 0 }, () => this.load());
      },
    );
  }

  /** Under `<html>` rather than `<body>`: pages that swap their body (Turbo, pjax) keep the iframe and what is in it. */
  private attach(): void {
    if (!this.element.isConnected) document.documentElement.append(this.element);
  }

  private render(): void {
    this.element.attachShadow({ mode: 'open' }).append(this.root);
    this.style(CSS);
    this.root.lang = this.locale();
    const { button } = this;
    button.className = 'l';
    button.setAttribute('aria-expanded', 'false');
    button.setAttribute('aria-controls', 'p');
    button.setAttribute('aria-label', LABELS[this.root.lang.slice(0, 2)] ?? 'Open chat');
    for (const path of ICONS) {
      const draw = (tag: string, attributes: Record<string, string>, parent: Element) => {
        const made = parent.appendChild(document.createElementNS('http://www.w3.org/2000/svg', tag));
        for (const name in attributes) made.setAttribute(name, attributes[name]!);
        return made;
      };
      draw('path', { d: path, fill: 'currentColor' }, draw('svg', { viewBox: '0 0 24 24', 'aria-hidden': 'true' }, button));
    }
    button.onclick = () => this.call('toggle', []);
    this.root.append(button);
  }
}
