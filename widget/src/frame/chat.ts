/** The chat itself, without any drawing: session, history, live connection, outbox, read marker. */
import type { Init, Preview } from '../shared/protocol.ts';
import type { OutgoingContent, Page, Session, WidgetMessage } from '../shared/types.ts';
import { Api, ApiError, type MessagePage } from './api.ts';
import { backoff } from './backoff.ts';
import { Connection, type ServerFrame } from './connection.ts';
import type { Host, HostEvents } from './host.ts';
import { Outbox, type Pending } from './outbox.ts';
import { lastFromAgent, merge, unread } from './timeline.ts';

export interface ChatState {
  open: boolean;
  /** The panel covers the whole screen. */
  full: boolean;
  loaded: boolean;
  messages: readonly WidgetMessage[];
  pending: readonly Pending[];
  /** Where older messages begin; `null` when all are here. */
  nextBefore: number | null;
  loadingOlder: boolean;
  live: boolean;
  offline: boolean;
  typing: boolean;
  /** Why there is no chat here. */
  blocked: 'identity' | 'unavailable' | null;
  /** Counts requests to put the focus into the composer. */
  focus: number;
}

export interface ChatOptions {
  host: Pick<Host, 'renew' | 'close' | 'store' | 'unread' | 'message' | 'error'>;
  init: Init;
  socketUrl: string;
  preview(message: WidgetMessage): Omit<Preview, 'id'>;
}

const TYPING_OUT_MS = 3_000;
const TYPING_IN_MS = 6_000;
const ACTIVE_MS = 60_000;

export class Chat implements HostEvents {
  state: ChatState;
  readonly draft: string;
  private readonly api: Api;
  private readonly connection: Connection;
  private readonly outbox: Outbox;
  private readonly listeners = new Set<() => void>();
  private readonly waiting: { resolve(token: string): void; reject(error: ApiError): void }[] = [];
  private current: Session | null;
  private here: Page;
  private seq = 0;
  /** The newest message of the history as it was loaded; what is changed below it isn't news. */
  private historyEnd = 0;
  private readUpTo: number;
  private readSent = 0;
  private announced = '';
  /** Counts changes of visitor and reloads; answers to earlier requests are dropped. */
  private generation = 0;
  private loadRetry: ReturnType<typeof setTimeout> | undefined;
  private loading = false;
  private tries = 0;
  private typedAt = 0;
  private typingEnds: ReturnType<typeof setTimeout> | undefined;
  private activeAt = 0;

  constructor(private readonly options: ChatOptions) {
    const { init, host } = options;
    this.current = init.session;
    this.here = init.page;
    this.draft = init.stored['draft'] ?? '';
    this.readUpTo = Number(init.stored['read']) || 0;
    this.state = {
      open: init.open,
      full: init.full,
      loaded: false,
      messages: [],
      pending: [],
      nextBefore: null,
      loadingOlder: false,
      live: false,
      offline: !navigator.onLine,
      typing: false,
      blocked: null,
      focus: 0,
    };
    this.api = new Api({ token: () => this.token(), renewed: (stale) => this.renewed(stale) });
    this.connection = new Connection({
      url: options.socketUrl,
      token: () => this.token(),
      refused: (token) => void this.renewed(token).catch(() => {}),
      seq: () => this.seq,
      frame: (frame) => this.receive(frame),
      live: (live) => this.setLive(live),
    });
    this.outbox = new Outbox({
      send: (id, content, page) => this.api.send(id, content, page),
      upload: (file, progress) => this.api.upload(file, progress),
      store: (key, value) => host.store(key, value),
      sent: (message) => this.arrived(message, 'answer'),
      changed: () => this.set({ pending: this.outbox.items }),
    });
    this.outbox.restore(init.stored);
    this.state = { ...this.state, pending: this.outbox.items };
    addEventListener('online', () => this.network(true));
    addEventListener('offline', () => this.network(false));
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      this.nudge();
      this.markRead();
    });
    void this.load();
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  // What the visitor does

  send(content: OutgoingContent): void {
    this.typedAt = 0;
    this.outbox.add(content, this.here);
  }

  sendFile(file: File): void {
    this.outbox.addFile(file, this.here);
  }

  retry(clientId: string): void {
    this.outbox.again(clientId);
  }

  discard(clientId: string): void {
    this.outbox.remove(clientId);
  }

  typed(draft: string): void {
    this.options.host.store('draft', draft === '' ? null : draft);
    const now = Date.now();
    if (draft === '' || now - this.typedAt < TYPING_OUT_MS) return;
    this.typedAt = now;
    this.connection.typing();
  }

  close(): void {
    this.options.host.close();
  }

  async older(): Promise<void> {
    const { nextBefore, loadingOlder } = this.state;
    if (nextBefore === null || loadingOlder) return;
    const { generation } = this;
    this.set({ loadingOlder: true });
    try {
      const page = await this.api.messages(nextBefore);
      if (generation !== this.generation) return;
      this.take(page.items, 'answer');
      this.set({ nextBefore: page.next_before });
    } catch {
      // The next scroll to the top tries again; the list stays as it is.
    } finally {
      if (generation === this.generation) this.set({ loadingOlder: false });
    }
  }

  // What the host page says

  session(session: Session): void {
    const before = this.current;
    this.current = session;
    for (const { resolve } of this.waiting.splice(0)) resolve(session.token);
    if (before && before.visitor_id !== session.visitor_id) this.otherVisitor();
    else if (this.state.blocked) void this.load();
  }

  sessionFailed(failure: { status: number; code: string; message: string; retryAfter: number }): void {
    const error = new ApiError(failure.status, failure.code, failure.message, failure.retryAfter * 1000);
    for (const { reject } of this.waiting.splice(0)) reject(error);
  }

  open(open: boolean, full: boolean, focus: boolean): void {
    this.set({ open, full, focus: this.state.focus + (open && focus ? 1 : 0) });
    if (open) this.nudge();
    this.markRead();
  }

  page(page: Page): void {
    this.here = page;
  }

  stored(key: string, value: string | null): void {
    if (key === 'read') {
      this.readUpTo = Math.max(this.readUpTo, Number(value) || 0);
      this.announce();
    } else if (key.startsWith('q:') && value === null) {
      // Another tab has delivered it.
      this.outbox.remove(key.slice(2));
    }
  }

  // Session

  private token(): Promise<string> {
    return this.current ? Promise.resolve(this.current.token) : this.ask(null);
  }

  private renewed(stale: string): Promise<string> {
    if (this.current && this.current.token !== stale) return Promise.resolve(this.current.token);
    return this.ask(stale);
  }

  private ask(stale: string | null): Promise<string> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      if (this.waiting.length === 1) this.options.host.renew(stale);
    });
  }

  // History

  private async load(): Promise<void> {
    if (this.loading) return;
    this.loading = true;
    clearTimeout(this.loadRetry);
    const { generation } = this;
    let page: MessagePage | null = null;
    let failure: ApiError | null = null;
    try {
      page = await this.api.messages(null);
    } catch (error) {
      failure = error instanceof ApiError ? error : new ApiError(0, 'unreachable', String(error));
    }
    this.loading = false;
    if (generation !== this.generation) return this.load();
    if (page) this.begin(page);
    else if (failure) this.notLoaded(failure);
  }

  private begin(page: MessagePage): void {
    this.tries = 0;
    this.seq = page.seq;
    this.readUpTo = Math.max(this.readUpTo, page.read_up_to ?? 0);
    this.readSent = page.read_up_to ?? 0;
    this.historyEnd = page.items[page.items.length - 1]?.id ?? 0;
    this.set({ messages: [], loaded: true, nextBefore: page.next_before, loadingOlder: false, blocked: null });
    this.take(page.items, 'answer');
    this.connection.start();
    this.outbox.nudge();
  }

  private notLoaded(error: ApiError): void {
    if (error.passing || error.status === 401) {
      this.loadRetry = setTimeout(() => void this.load(), Math.max(error.retryAfter, backoff(this.tries++)));
      return;
    }
    const identity = error.code.includes('identity') || (error.status === 403 && this.options.init.config.require_identity);
    this.set({ blocked: identity ? 'identity' : 'unavailable' });
    this.options.host.error(error.code, error.message);
  }

  private otherVisitor(): void {
    this.readUpTo = 0;
    this.set({ messages: [], loaded: false, nextBefore: null, typing: false });
    this.announce();
    this.reload();
  }

  private reload(): void {
    this.generation++;
    this.connection.stop();
    void this.load();
  }

  private nudge(): void {
    this.tries = 0;
    if (this.state.loaded) {
      this.connection.nudge();
      this.outbox.nudge();
    } else if (!this.state.blocked) {
      void this.load();
    }
  }

  private network(online: boolean): void {
    this.set({ offline: !online });
    if (online) this.nudge();
  }

  // Live

  private receive(frame: Exclude<ServerFrame, { type: 'pong' }>): void {
    if (frame.type === 'typing') {
      this.typing(true);
    } else if (frame.type === 'caught_up') {
      this.seq = Math.max(this.seq, frame.seq);
    } else if (frame.type === 'reload') {
      // Too far behind to catch up. What is shown stays until the new page is here.
      this.reload();
    } else if (frame.type === 'message') {
      this.seq = Math.max(this.seq, frame.seq);
      this.arrived(frame.message, 'live');
    }
  }

  /** What the visitor sends comes twice, as an answer and live, in either order. */
  private arrived(message: WidgetMessage, source: 'live' | 'answer'): void {
    const isNew = message.id > this.historyEnd && !this.state.messages.some(({ id }) => id === message.id);
    this.take([message], source);
    if (!isNew) return;
    this.active();
    const { name, text } = this.options.preview(message);
    this.options.host.message({ id: message.id, from: message.from, name, text });
    if (message.from === 'agent') this.typing(false);
  }

  private typing(typing: boolean): void {
    clearTimeout(this.typingEnds);
    if (typing) this.typingEnds = setTimeout(() => this.typing(false), TYPING_IN_MS);
    if (typing !== this.state.typing) this.set({ typing });
  }

  private setLive(live: boolean): void {
    if (live === this.state.live) return;
    this.set({ live });
    if (live) {
      this.outbox.nudge();
      this.markRead();
    } else {
      this.typing(false);
    }
  }

  private take(incoming: readonly WidgetMessage[], source: 'live' | 'answer'): void {
    this.set({ messages: merge(this.state.messages, incoming, source) });
    // The answer to a send may be lost while the message itself arrives.
    for (const { client_id } of incoming) if (client_id) this.outbox.remove(client_id);
    this.markRead();
    this.announce();
  }

  /** Tells the launcher and other pages that this conversation goes on. */
  private active(): void {
    const now = Date.now();
    if (now - this.activeAt < ACTIVE_MS) return;
    this.activeAt = now;
    this.options.host.store('active', String(now));
  }

  // Read marker

  private markRead(): void {
    const { open, messages } = this.state;
    if (!open || document.hidden) return;
    const last = lastFromAgent(messages);
    if (last > this.readUpTo) {
      this.readUpTo = last;
      this.options.host.store('read', String(last));
      this.announce();
    }
    if (last <= this.readSent || !this.state.loaded) return;
    const before = this.readSent;
    this.readSent = last;
    this.api.read(last).catch(() => {
      // Told again with the next message or connection.
      if (this.readSent === last) this.readSent = before;
    });
  }

  private announce(): void {
    const news = unread(this.state.messages, this.readUpTo);
    const last = news[news.length - 1];
    const preview = last ? { id: last.id, ...this.options.preview(last) } : null;
    const announced = JSON.stringify([news.length, preview]);
    if (announced === this.announced) return;
    this.announced = announced;
    this.options.host.unread(news.length, preview);
  }

  private set(change: Partial<ChatState>): void {
    this.state = { ...this.state, ...change };
    for (const listener of this.listeners) listener();
  }
}
