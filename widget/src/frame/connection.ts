/**
 * The live connection: authenticates with its first frame, resumes from the sequence number the chat holds, and comes
 * back by itself after a break.
 */
import type { WidgetMessage } from '../shared/types.ts';
import { backoff } from './backoff.ts';

export type ServerFrame =
  | { type: 'message'; seq: number; message: WidgetMessage }
  | { type: 'typing' }
  | { type: 'caught_up'; seq: number }
  | { type: 'reload' }
  | { type: 'pong' };

export interface ConnectionOptions {
  url: string;
  token(): Promise<string>;
  /** The token was refused. */
  refused(token: string): void;
  /** Sequence number to resume from. */
  seq(): number;
  frame(frame: Exclude<ServerFrame, { type: 'pong' }>): void;
  live(live: boolean): void;
}

const PING_MS = 25_000;
const PONG_MS = 10_000;
const HANDSHAKE_MS = 15_000;

export class Connection {
  private socket: WebSocket | null = null;
  private wanted = false;
  private tries = 0;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private beat: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: ConnectionOptions) {}

  start(): void {
    this.wanted = true;
    this.tries = 0;
    this.reconnect();
  }

  stop(): void {
    this.wanted = false;
    this.drop();
  }

  /** Something suggests that a try would succeed now: the network is back, or somebody looks. */
  nudge(): void {
    if (!this.wanted) return;
    if (this.socket?.readyState === WebSocket.OPEN) this.ping();
    else this.start();
  }

  typing(): void {
    this.send({ type: 'typing' });
  }

  private reconnect(): void {
    this.drop();
    const socketFor = (token: string) => {
      const socket = new WebSocket(this.options.url);
      this.socket = socket;
      // A network that swallows packets never tells; give up by ourselves.
      this.expect(HANDSHAKE_MS, socket);
      socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token, seq: this.options.seq() }));
      socket.onmessage = (event) => {
        if (socket === this.socket) this.receive(event.data, socket);
      };
      socket.onclose = (event) => {
        if (socket !== this.socket) return;
        if (event.code === 4401) this.options.refused(token);
        this.again();
      };
    };
    const waiting = {} as WebSocket;
    this.socket = waiting;
    this.options.token().then(
      (token) => {
        // Stopped or started anew while the token was under way.
        if (this.wanted && this.socket === waiting) socketFor(token);
      },
      () => {
        if (this.wanted && this.socket === waiting) this.again();
      },
    );
  }

  private receive(data: unknown, socket: WebSocket): void {
    let frame: ServerFrame;
    try {
      frame = JSON.parse(String(data)) as ServerFrame;
    } catch {
      return;
    }
    clearTimeout(this.beat);
    this.beat = setTimeout(() => this.ping(), PING_MS);
    if (frame.type === 'pong') return;
    this.options.frame(frame);
    if (frame.type === 'caught_up' && socket === this.socket) {
      this.tries = 0;
      this.options.live(true);
    }
  }

  private ping(): void {
    if (!this.socket || this.socket.readyState !== WebSocket.OPEN) return;
    this.send({ type: 'ping' });
    this.expect(PONG_MS, this.socket);
  }

  /** Counts the connection as dead unless something arrives in time. */
  private expect(ms: number, socket: WebSocket): void {
    clearTimeout(this.beat);
    this.beat = setTimeout(() => {
      if (socket === this.socket) this.again();
    }, ms);
  }

  private again(): void {
    this.drop();
    if (this.wanted) this.retry = setTimeout(() => this.reconnect(), backoff(this.tries++));
  }

  private drop(): void {
    clearTimeout(this.retry);
    clearTimeout(this.beat);
    const socket = this.socket;
    this.socket = null;
    socket?.close?.();
    this.options.live(false);
  }

  private send(frame: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }
}
