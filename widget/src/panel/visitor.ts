/** The visitor's session: kept in the host page's storage, made and renewed by the host page (its `Origin` is checked). */
import type { HostUser, Session, SessionAnswer } from '../shared/types.ts';
import { postSession, type Refused } from '../shared/server.ts';
import { currentPage } from './page.ts';
import type { Store } from './store.ts';

/** `user` is the host's id of whom the session belongs to, if they were identified. */
export type Kept = Session & { user?: string };

export interface VisitorOptions {
  key: string;
  host: string;
  locale(): string;
  renewed(session: Kept, answer: SessionAnswer): void;
}

export class Visitor {
  session: Kept | null;
  /** The session was confirmed by the server since this page was loaded. */
  fresh = false;
  private user: HostUser | null = null;
  private renewing: Promise<Kept> | null = null;
  /** Counts changes of visitor, so that answers for an earlier one are dropped. */
  private generation = 0;

  constructor(
    private readonly store: Store,
    private readonly options: VisitorOptions,
  ) {
    this.session = this.read();
  }

  /** Takes over the user; true if it is news to the session. */
  identify(user: HostUser): boolean {
    const news = JSON.stringify(user) !== JSON.stringify(this.user);
    if (news) this.generation++;
    this.user = user;
    return news;
  }

  /** Whether the session belongs to an identified user other than this one. */
  isSomeoneElse(id: string): boolean {
    return this.session?.user !== undefined && this.session.user !== id;
  }

  /** A session other than `stale`, the token that was refused or is to be renewed. */
  renew(stale: string | null): Promise<Kept> {
    if (this.session && this.fresh && this.session.token !== stale) return Promise.resolve(this.session);
    this.renewing ??= this.request().finally(() => {
      this.renewing = null;
    });
    return this.renewing;
  }

  /** Forgets the visitor on this page; `everywhere` also in the storage. */
  forget(everywhere: boolean): void {
    this.generation++;
    this.session = null;
    this.fresh = false;
    if (everywhere) {
      this.user = null;
      this.store.clear();
    }
  }

  /** Another tab changed the stored session; true if it is another visitor's. */
  adopt(): boolean {
    const before = this.session;
    const session = this.read();
    const other = before !== null && before.visitor_id !== session?.visitor_id;
    if (other) {
      this.generation++;
      // Signed out there is signed out here: this page's user must not come back by themselves.
      this.user = null;
    }
    this.session = session;
    this.fresh = session !== null;
    return other;
  }

  private read(): Kept | null {
    try {
      const found = JSON.parse(this.store.get('session') ?? 'null') as Kept | null;
      return typeof found?.token === 'string' ? found : null;
    } catch {
      return null;
    }
  }

  private async request(): Promise<Kept> {
    const { generation, user } = this;
    const before = this.session;
    const ask = (token?: string): Promise<SessionAnswer> =>
      postSession(this.options.host, {
        key: this.options.key,
        ...(token ? { token } : {}),
        page: currentPage(),
        locale: this.options.locale(),
        tz: Intl.DateTimeFormat().resolvedOptions().timeZone,
        ...(user ? { user } : {}),
      });
    let answer: SessionAnswer;
    try {
      answer = await ask(before?.token);
    } catch (error) {
      if (generation !== this.generation) return this.request();
      if (!before || (error as Refused).status !== 401) throw error;
      // The token is of no more use: begin a new session without it.
      answer = await ask();
    }
    if (generation !== this.generation) return this.request();
    const owner = user?.id ?? (before?.visitor_id === answer.visitor_id ? before.user : undefined);
    this.session = { token: answer.token, visitor_id: answer.visitor_id, unread: answer.unread, ...(owner ? { user: owner } : {}) };
    this.fresh = true;
    this.store.set('session', JSON.stringify(this.session));
    this.options.renewed(this.session, answer);
    return this.session;
  }
}
