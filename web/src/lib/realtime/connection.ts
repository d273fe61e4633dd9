import type { EventFrame, ServerFrame } from '$lib/api/types';

export type ConnectionState = 'connecting' | 'catching_up' | 'live' | 'offline';

/** The part of a WebSocket that is used; tests bring their own. */
export interface Socket {
  send(data: string): void;
  close(code?: number): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
}

export type ConnectionOptions = {
  open: () => Socket;
  seq: number;
  onEvent: (frame: EventFrame) => void;
  onOther: (frame: Exclude<ServerFrame, EventFrame>) => void;
  /** The log no longer reaches back to us: everything must be fetched again. */
  onReload: () => void;
  onState: (state: ConnectionState) => void;
  onSessionEnded: () => void;
  /** The socket closed before it opened: perhaps the session is over, which a refused upgrade cannot say. */
  onRefused: () => void;
  random?: () => number;
  isOnline?: () => boolean;
};

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const PING_EVERY = 25_000;
const ANSWER_WITHIN = 10_000;
const SESSION_ENDED = 4401;

/** Full jitter on the upper half: clients of a restarted server must not come back at the same moment. */
export function backoff(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
  return Math.max(FIRST_DELAY, ceiling / 2 + (random() * ceiling) / 2);
}

/** One socket to the workspace's log: resumes by seq, notices gaps and silence, and comes back by itself. */
export class Connection {
  #socket: Socket | null = null;
  #seq: number;
  #attempt = 0;
  #stopped = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  readonly #random: () => number;
  readonly #isOnline: () => boolean;

  constructor(private readonly options: ConnectionOptions) {
    this.#seq = options.seq;
    this.#random = options.random ?? Math.random;
    this.#isOnline = options.isOnline ?? (() => navigator.onLine);
  }

  get seq(): number {
    return this.#seq;
  }

  start(): void {
    if (this.#stopped || this.#socket) return;
    clearTimeout(this.#retry);
    if (!this.#isOnline()) {
      this.options.onState('offline');
      return;
    }
    this.options.onState('connecting');
    let socket: Socket;
    try {
      socket = this.options.open();
    } catch {
      this.#later();
      return;
    }
    this.#socket = socket;
    this.#expectAnswer();
    let opened = false;
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      opened = true;
      this.options.onState('catching_up');
      this.#send({ type: 'resume', seq: this.#seq });
      this.#expectAnswer();
      this.#ping = setInterval(() => {
        this.#send({ type: 'ping' });
        this.#expectAnswer();
      }, PING_EVERY);
    };
    socket.onmessage = (event) => {
      if (this.#socket === socket) this.#receive(event.data);
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#drop();
      if (event.code === SESSION_ENDED) {
        this.#stopped = true;
        this.options.onSessionEnded();
        return;
      }
      if (!opened) this.options.onRefused();
      this.#later();
    };
  }

  /** The network or the tab came back: no reason to wait for the rest of the back-off. */
  wake(): void {
    if (this.#stopped) return;
    if (this.#socket) {
      // A socket that slept may be dead without knowing; the ping finds out.
      if (this.#ping) {
        this.#send({ type: 'ping' });
        this.#expectAnswer();
      }
      return;
    }
    this.#attempt = 0;
    this.start();
  }

  networkLost(): void {
    if (this.#stopped) return;
    this.#close();
    clearTimeout(this.#retry);
    this.options.onState('offline');
  }

  typing(contactId: number): void {
    if (this.#ping) this.#send({ type: 'typing', contact_id: contactId });
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#retry);
    this.#close();
  }

  #receive(data: unknown): void {
    clearTimeout(this.#silence);
    let frame: ServerFrame;
    try {
      frame = JSON.parse(String(data)) as ServerFrame;
    } catch {
      this.#restart();
      return;
    }
    switch (frame.type) {
      case 'event':
        if (frame.seq <= this.#seq) return;
        if (frame.prev !== this.#seq) {
          this.#restart();
          return;
        }
        this.#seq = frame.seq;
        this.options.onEvent(frame);
        return;
      case 'caught_up':
        this.#seq = Math.max(this.#seq, frame.seq);
        this.#attempt = 0;
        this.options.onState('live');
        return;
      case 'reload':
        this.#seq = frame.seq;
        this.options.onReload();
        return;
      default:
        this.options.onOther(frame);
    }
  }

  #send(frame: object): void {
    try {
      this.#socket?.send(JSON.stringify(frame));
    } catch {
      this.#restart();
    }
  }

  #expectAnswer(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#restart(), ANSWER_WITHIN);
  }

  #restart(): void {
    this.#close();
    this.#later();
  }

  #later(): void {
    if (this.#stopped) return;
    this.options.onState(this.#isOnline() ? 'connecting' : 'offline');
    this.#retry = setTimeout(() => this.start(), backoff(this.#attempt++, this.#random));
  }

  #close(): void {
    const socket = this.#socket;
    this.#drop();
    socket?.close(1000);
  }

  #drop(): void {
    this.#socket = null;
    clearInterval(this.#ping);
    clearTimeout(this.#silence);
    this.#ping = undefined;
  }
}
