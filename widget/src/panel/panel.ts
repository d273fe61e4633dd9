/**
 * The second stage on the host page: the session, the unread count, and the iframe once it is needed — when the visitor
 * opens the panel, when something is unread, or when a conversation is going on.
 */
import { accept, isStorable, type Init, type Preview, type ToFrame, type ToHost } from '../shared/protocol.ts';
import type { HostUser, Session } from '../shared/types.ts';
import type { Refused } from '../shared/server.ts';
import type { Launcher, PanelApi } from '../loader/launcher.ts';
import { currentPage } from './page.ts';
import { Store } from './store.ts';
import { View } from './view.ts';
import { Visitor } from './visitor.ts';

const POLL_MS = 60_000;
/** A conversation this fresh is followed live even while the panel is closed. */
const LIVE_MS = 30 * 60_000;
/** An error page loads as well, but never answers. */
const SILENCE_MS = 5_000;

export class Panel implements PanelApi {
  private readonly store: Store;
  private readonly visitor: Visitor;
  private readonly full = matchMedia('(max-width: 480px), (max-height: 420px)');
  private view: View | null = null;
  private frame: HTMLIFrameElement | null = null;
  private nonce = '';
  /** The frame has answered, so it can be talked to. */
  private talking = false;
  private isOpen = false;
  private focusBack: Element | null = null;
  private dismissed = 0;
  private count = 0;
  private preview: Preview | null = null;

  constructor(private readonly launcher: Launcher) {
    const { key, host } = launcher.options;
    this.store = new Store(key);
    this.visitor = new Visitor(this.store, {
      key,
      host,
      locale: () => launcher.locale(),
      renewed: (session, answer) => {
        launcher.draw(answer.config);
        this.draw();
        this.send({ t: 'session', session: bare(session) });
        if (!this.frame && answer.unread > 0) this.load();
      },
    });
    this.store.watch((name, value) => this.stored(name, value));
    addEventListener('message', (event) => this.receive(event));
    // The address changes under a single-page app; and focus that moves into the iframe blurs this window.
    for (const name of ['popstate', 'blur', 'turbo:load']) addEventListener(name, () => this.send({ t: 'page', page: currentPage() }));
    document.addEventListener('visibilitychange', () => this.catchUp());
    this.full.addEventListener('change', () => this.apply(false));
    visualViewport?.addEventListener('resize', () => this.view?.fit());
    visualViewport?.addEventListener('scroll', () => this.view?.fit());
    setInterval(() => {
      if (this.visitor.session && !this.frame && !document.hidden) this.begin();
    }, POLL_MS);
    if (launcher.config) this.draw();
    this.begin();
  }

  identify(user: HostUser, proof?: { hash?: string }): void {
    const next: HostUser = { ...user, id: String(user.id), ...(proof?.hash ? { hash: proof.hash } : {}) };
    if (this.visitor.isSomeoneElse(next.id)) this.reset();
    // An anonymous visitor with a conversation becomes known at once; without one, when they open the panel.
    if (this.visitor.identify(next) && (this.visitor.session || this.frame)) this.renew(this.visitor.session?.token ?? null);
  }

  open(): void {
    this.setOpen(true, true);
  }

  close(): void {
    this.setOpen(false, true);
  }

  toggle(): void {
    this.setOpen(!this.isOpen, true);
  }

  /** Forgets the visitor: to be called when they log out. */
  reset(): void {
    this.visitor.forget(true);
    if (this.isOpen) this.store.set('open', '1');
    this.startOver();
  }

  /** The light call of a page with an earlier session: renews it and learns what is unread. */
  private begin(): void {
    if (this.visitor.session) this.renew(this.visitor.session.token);
    else if (!this.launcher.config) this.launcher.configure(() => this.draw());
  }

  private renew(stale: string | null): void {
    this.visitor.renew(stale).catch((error: Refused) => {
      this.send({ t: 'session-failed', status: error.status, code: error.code, message: error.message, retryAfter: error.retryAfter });
      // Without a launcher nobody but us will try again.
      if (!this.launcher.config) this.launcher.failed(error, () => this.begin());
    });
  }

  private draw(): void {
    if (this.view) return;
    this.view = new View(this.launcher, {
      open: () => this.open(),
      close: () => this.close(),
      dismiss: () => {
        this.dismissed = this.preview?.id ?? 0;
        this.badge();
        this.view?.focusLauncher();
      },
      retry: () => this.load(),
    });
    this.view.fit();
    // A panel left open on the last page opens again, except where it would cover this one.
    if (!this.isOpen && this.visitor.session && this.store.get('open') && !this.full.matches) this.isOpen = true;
    this.apply(this.isOpen && this.focusBack !== null);
    if (this.visitor.session && Date.now() - Number(this.store.get('active')) < LIVE_MS) this.load();
  }

  private startOver(): void {
    this.drop();
    this.unread(0, null);
    if (this.isOpen) this.load();
  }

  /** The tab came to the front: take over what was opened or closed in another. */
  private catchUp(): void {
    const open = this.store.get('open') === '1';
    if (!document.hidden && this.view && open !== this.isOpen && !this.full.matches) this.setOpen(open, false);
  }

  private stored(name: string, value: string | null): void {
    if (name === 'session') {
      if (this.visitor.adopt()) this.startOver();
      else if (this.visitor.session) this.send({ t: 'session', session: bare(this.visitor.session) });
    } else if (name === 'open') {
      this.catchUp();
    } else {
      this.send({ t: 'stored', key: name, value });
    }
  }

  private setOpen(open: boolean, byVisitor: boolean): void {
    if (open) this.launcher.show();
    if (open === this.isOpen) return;
    this.isOpen = open;
    this.store.set('open', open ? '1' : null);
    if (open) this.focusBack = document.activeElement;
    // Before the launcher is there, it opens as soon as the settings are known.
    if (!this.view) {
      if (this.launcher.config) this.draw();
      else this.begin();
    } else {
      this.apply(byVisitor);
    }
    if (!open && byVisitor) this.returnFocus();
    this.launcher.emit(open ? 'opened' : 'closed');
  }

  private apply(focus: boolean): void {
    const full = this.full.matches;
    this.view?.opened(this.isOpen, full);
    if (this.isOpen && !this.frame) this.load();
    if (this.isOpen && focus) this.frame?.focus();
    this.send({ t: 'open', open: this.isOpen, full, focus });
  }

  private returnFocus(): void {
    const back = this.focusBack;
    this.focusBack = null;
    // Whoever has moved on to something else on the page stays there.
    if (!this.isOwn(document.activeElement)) return;
    if (back instanceof HTMLElement && back.isConnected && !this.isOwn(back)) back.focus();
    else this.view?.focusLauncher();
  }

  private isOwn(element: Element | null): boolean {
    return element === null || element === document.body || element === this.launcher.element;
  }

  private unread(count: number, preview: Preview | null): void {
    if (count !== this.count) this.launcher.emit('unread', count);
    this.count = count;
    this.preview = preview;
    this.badge();
  }

  private badge(): void {
    this.view?.unread(this.count, this.preview && this.preview.id > this.dismissed ? this.preview : null);
  }

  private load(): void {
    if (!this.view) return;
    this.drop();
    this.nonce = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    const { host, key } = this.launcher.options;
    const frame = this.view.frame(`${host}/widget/frame?key=${encodeURIComponent(key)}#${this.nonce}`);
    this.frame = frame;
    const missed = () => {
      if (this.frame !== frame || this.talking) return;
      this.view?.ready(false, true);
      // Nobody waits for a hidden frame; the next look at the unread count tries again.
      if (!this.isOpen) this.drop();
    };
    frame.onload = () => {
      this.talking = false;
      this.init();
      setTimeout(missed, SILENCE_MS);
    };
    setTimeout(missed, 3 * SILENCE_MS);
  }

  private drop(): void {
    this.frame?.remove();
    this.frame = null;
    this.talking = false;
    this.view?.ready(false);
  }

  private init(): void {
    const { config, options } = this.launcher;
    if (!config) return;
    const { session, fresh } = this.visitor;
    const init: Init = {
      t: 'init',
      config,
      locale: options.locale || config.locale || this.launcher.locale(),
      open: this.isOpen,
      full: this.full.matches,
      page: currentPage(),
      session: session && fresh ? bare(session) : null,
      stored: Object.fromEntries(Object.entries(this.store.all()).filter(([name]) => isStorable(name))),
    };
    this.post(init);
  }

  private send(message: ToFrame): void {
    if (this.talking) this.post(message);
  }

  private post(message: ToFrame): void {
    this.frame?.contentWindow?.postMessage({ ...message, ism: this.nonce }, this.launcher.options.host);
  }

  private receive(event: MessageEvent): void {
    const peer = this.frame?.contentWindow;
    const message = peer && accept<ToHost>(event, { window: peer, origin: this.launcher.options.host, nonce: this.nonce });
    if (!message) return;
    switch (message.t) {
      case 'ready':
        this.talking = true;
        this.view?.ready(true);
        // Whoever opened the panel and still waits for it wants to write.
        this.apply(this.focusBack !== null && this.isOwn(document.activeElement));
        break;
      case 'renew':
        this.visitor.renew(message.stale).then(
          (session) => this.send({ t: 'session', session: bare(session) }),
          (error: Refused) => this.send({ t: 'session-failed', status: error.status, code: error.code, message: error.message, retryAfter: error.retryAfter }),
        );
        break;
      case 'close':
        this.close();
        break;
      case 'store':
        if (isStorable(message.key)) this.store.set(message.key, message.value);
        break;
      case 'unread':
        this.unread(message.count, message.preview);
        break;
      case 'message':
        this.launcher.emit('message', { id: message.id, from: message.from, name: message.name, text: message.text });
        break;
      case 'error':
        this.launcher.emit('error', { code: message.code, message: message.message });
        break;
    }
  }
}

/** Without the host's own note of who it is. */
function bare(session: Session): Session {
  return { token: session.token, visitor_id: session.visitor_id, unread: session.unread };
}
