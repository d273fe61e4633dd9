import { createContext } from 'svelte';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { QueryClient } from '@tanstack/svelte-query';
import { ApiError } from '$lib/api/client';
import { api } from '$lib/api/endpoints';
import type { EventFrame, InboxFilter, InboxName, ServerFrame } from '$lib/api/types';
import { cacheOf } from '$lib/query/client';
import { keys } from '$lib/query/keys';
import type { TimelineData } from '$lib/timeline/order';
import { applyFrame, type Cache, type Scope } from './apply';
import { Connection, type ConnectionState, type Socket } from './connection';
import { FrameLog } from './log';
import { replayOnto } from './replay';

const TYPING_LASTS = 5_000;
const TYPING_EVERY = 2_500;
const COUNTERS_AFTER = 1_000;

/** Feeds one workspace's log into the query cache, and holds what is only true at this moment. */
export class Realtime {
  state = $state<ConnectionState>('connecting');
  /** Users with an open socket, or null before the server told. */
  online = $state.raw<Set<number> | null>(null);
  /** Inboxes with a message that arrived since they were last looked at. */
  readonly dots = new SvelteSet<InboxName>();
  viewing = $state<InboxName | null>(null);
  /** "contact:user" of whoever types, with the time it ends; user 0 is the customer. */
  readonly #typing = new SvelteMap<string, number>();
  readonly #log = new FrameLog();
  readonly #cache: Cache;
  readonly #connection: Connection;
  readonly #fetchStartedAt = new WeakMap<object, number>();
  readonly #cleanup: (() => void)[] = [];
  readonly #listeners = new Set<(state: ConnectionState) => void>();
  #counters: ReturnType<typeof setTimeout> | undefined;
  #countersAt = 0;
  #typingSent = { contact: 0, at: 0 };

  constructor(
    private readonly client: QueryClient,
    readonly scope: Scope,
    seq: number,
    onSessionEnded: () => void
  ) {
    this.#cache = cacheOf(client);
    this.#connection = new Connection({
      seq,
      open: () => new WebSocket(socketUrl(scope.workspace)) as unknown as Socket,
      onEvent: (frame) => this.#event(frame),
      onOther: (frame) => this.#other(frame),
      onReload: () => this.#reload(),
      onState: (state) => this.#changed(state),
      onRefused: () => void this.#checkSession(onSessionEnded),
      onSessionEnded
    });
  }

  start(): void {
    const wake = () => this.#connection.wake();
    const lost = () => this.#connection.networkLost();
    const visible = () => document.visibilityState === 'visible' && wake();
    window.addEventListener('online', wake);
    window.addEventListener('offline', lost);
    document.addEventListener('visibilitychange', visible);
    const sweep = setInterval(() => this.#forgetTyping(), 1_000);
    const unsubscribe = this.client.getQueryCache().subscribe((event) => {
      if (event.type !== 'updated') return;
      if (event.action.type === 'fetch') this.#fetchStartedAt.set(event.query, this.#connection.seq);
      if (event.action.type === 'success' && !event.action.manual) this.#fetched(event.query);
    });
    this.#cleanup.push(
      () => window.removeEventListener('online', wake),
      () => window.removeEventListener('offline', lost),
      () => document.removeEventListener('visibilitychange', visible),
      () => clearInterval(sweep),
      unsubscribe
    );
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
    clearTimeout(this.#counters);
    for (const undo of this.#cleanup.splice(0)) undo();
  }

  pause(): void {
    this.#connection.networkLost();
  }

  proceed(): void {
    this.#connection.wake();
  }

  /** Called on every change of the connection's state; returns the way to stop it. */
  onState(listener: (state: ConnectionState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  isOnline(user: { id: number; online: boolean }): boolean {
    return this.online ? this.online.has(user.id) : user.online;
  }

  openInbox(name: InboxName): void {
    this.viewing = name;
    this.dots.delete(name);
  }

  /** Ids of those typing to this contact; 0 is the contact. */
  typingIn(contactId: number): number[] {
    const prefix = `${contactId}:`;
    return [...this.#typing.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => Number(key.slice(prefix.length)))
      .filter((user) => user !== this.scope.me);
  }

  sayTyping(contactId: number): void {
    const now = Date.now();
    if (this.#typingSent.contact === contactId && now - this.#typingSent.at < TYPING_EVERY) return;
    this.#typingSent = { contact: contactId, at: now };
    this.#connection.typing(contactId);
  }

  /** At once when nothing happened lately, else once a second; a clock that was set back delays nothing. */
  refreshCounters(): void {
    const since = Math.abs(Date.now() - this.#countersAt);
    const wait = Math.max(0, COUNTERS_AFTER - since);
    this.#counters ??= setTimeout(() => {
      this.#counters = undefined;
      this.#countersAt = Date.now();
      void this.client.invalidateQueries({ queryKey: keys.counters(this.scope.workspace) });
    }, wait);
  }

  #event(frame: EventFrame): void {
    this.#log.push(frame);
    applyFrame(this.#cache, frame, this.scope);
    if (frame.contact) this.refreshCounters();
    if (frame.message?.direction === 'incoming') {
      this.#typing.delete(`${frame.message.contact_id}:0`);
      if (frame.event.kind === 'message.received' && frame.contact) this.#dot(frame.contact.assignee_id);
    }
    const author = frame.message?.sender.user_id ?? frame.comment?.author_id;
    if (author && frame.event.contact_id) this.#typing.delete(`${frame.event.contact_id}:${author}`);
  }

  /** A message shows only in the most specific inbox it belongs to. */
  #dot(assignee: number | null): void {
    const inbox: InboxName = assignee === this.scope.me ? 'mine' : assignee === null ? 'unassigned' : 'all';
    if (this.viewing !== inbox && this.viewing !== 'all') this.dots.add(inbox);
  }

  #other(frame: Exclude<ServerFrame, EventFrame>): void {
    if (frame.type === 'presence') this.online = new Set(frame.online);
    if (frame.type === 'typing') {
      this.#typing.set(`${frame.contact_id}:${frame.user_id ?? 0}`, Date.now() + TYPING_LASTS);
    }
  }

  #forgetTyping(): void {
    const now = Date.now();
    for (const [key, until] of this.#typing) if (until <= now) this.#typing.delete(key);
  }

  #reload(): void {
    this.#log.clear();
    void this.client.invalidateQueries({ queryKey: keys.root(this.scope.workspace) });
  }

  #changed(state: ConnectionState): void {
    this.state = state;
    if (state === 'live') {
      this.refreshCounters();
      void this.client.refetchQueries({
        type: 'active',
        predicate: (query) => query.state.status === 'error'
      });
    } else {
      this.#typing.clear();
    }
    for (const listener of this.#listeners) listener(state);
  }

  async #checkSession(ended: () => void): Promise<void> {
    try {
      await api.session.get();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) ended();
    }
  }

  /** Frames that came while an answer was under way are not in it, or were lost with the pages it replaced. */
  #fetched(query: { queryKey: readonly unknown[]; state: { data: unknown } }): void {
    const [root, workspace, slice, arg] = query.queryKey;
    if (root !== 'ws' || workspace !== this.scope.workspace) return;
    const started = this.#fetchStartedAt.get(query) ?? 0;
    const next = replayOnto(
      slice,
      query.state.data,
      started,
      this.#log,
      arg as InboxFilter | number,
      this.scope
    );
    if (next !== query.state.data) this.client.setQueryData<TimelineData | unknown>(query.queryKey, next);
  }
}

function socketUrl(workspace: number): string {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  return `${scheme}://${location.host}/realtime?workspace=${workspace}`;
}

export const [getRealtime, setRealtime] = createContext<() => Realtime>();
