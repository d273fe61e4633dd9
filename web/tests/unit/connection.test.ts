import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { backoff, Connection, type Socket } from '$lib/realtime/connection';
import { frame } from './builders';

class FakeSocket implements Socket {
  sent: Record<string, unknown>[] = [];
  closed = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  send = (data: string) => void this.sent.push(JSON.parse(data) as Record<string, unknown>);
  close = () => void (this.closed = true);
  says = (value: unknown) =>
    this.onmessage?.({ data: typeof value === 'string' ? value : JSON.stringify(value) });
}

describe('the connection', () => {
  let sockets: FakeSocket[];
  let seen: number[];
  let states: string[];
  let reloads: number;
  let ended: number;
  let refused: number;
  let online: boolean;
  const last = () => sockets.at(-1)!;

  function connect(seq = 10) {
    const connection = new Connection({
      seq,
      open: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      onEvent: (f) => seen.push(f.seq),
      onOther: () => undefined,
      onReload: () => reloads++,
      onState: (s) => states.push(s),
      onSessionEnded: () => ended++,
      onRefused: () => refused++,
      random: () => 0.5,
      isOnline: () => online
    });
    connection.start();
    last()?.onopen?.();
    return connection;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    sockets = [];
    seen = [];
    states = [];
    reloads = ended = refused = 0;
    online = true;
  });
  afterEach(() => vi.useRealTimers());

  it('resumes from the seq it holds and is live when caught up', () => {
    connect(10);
    expect(last().sent[0]).toEqual({ type: 'resume', seq: 10 });
    last().says(frame(11, 'contact.read'));
    last().says({ type: 'caught_up', seq: 11 });
    expect(seen).toEqual([11]);
    expect(states).toEqual(['connecting', 'catching_up', 'live']);
  });

  it('comes back from the last frame after the socket was lost', () => {
    connect(10);
    last().says(frame(11, 'contact.read'));
    last().onclose?.({ code: 1006 });
    vi.advanceTimersByTime(500);
    last().onopen?.();
    expect(sockets).toHaveLength(2);
    expect(last().sent[0]).toEqual({ type: 'resume', seq: 11 });
  });

  it('resumes when a frame is missing in between', () => {
    connect(10);
    last().says(frame(11, 'contact.read'));
    last().says(frame(13, 'contact.read'));
    expect(seen).toEqual([11]);
    expect(sockets[0]!.closed).toBe(true);
    vi.advanceTimersByTime(500);
    last().onopen?.();
    expect(last().sent[0]).toEqual({ type: 'resume', seq: 11 });
  });

  it('accepts gaps in seq that the server says were not for this user', () => {
    connect(10);
    last().says({ ...frame(15, 'contact.read'), prev: 10 });
    expect(seen).toEqual([15]);
  });

  it('ignores a frame it has', () => {
    connect(10);
    last().says(frame(9, 'contact.read'));
    expect(seen).toEqual([]);
    expect(sockets).toHaveLength(1);
  });

  it('reloads and goes on from there when too far behind', () => {
    const connection = connect(10);
    last().says({ type: 'reload', seq: 900 });
    last().says(frame(901, 'contact.read'));
    expect(reloads).toBe(1);
    expect(connection.seq).toBe(901);
  });

  it('notices a server that fell silent', () => {
    connect();
    last().says({ type: 'caught_up', seq: 10 });
    vi.advanceTimersByTime(25_000);
    expect(last().sent.at(-1)).toEqual({ type: 'ping' });
    vi.advanceTimersByTime(10_000);
    expect(sockets[0]!.closed).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(2);
  });

  it('stays while the server answers', () => {
    connect();
    last().says({ type: 'caught_up', seq: 10 });
    for (let i = 0; i < 5; i++) {
      vi.advanceTimersByTime(25_000);
      last().says({ type: 'pong' });
    }
    expect(sockets).toHaveLength(1);
  });

  it('does not come back when the session ended', () => {
    connect();
    last().onclose?.({ code: 4401 });
    vi.advanceTimersByTime(60_000);
    expect(ended).toBe(1);
    expect(sockets).toHaveLength(1);
  });

  it('asks about the session when a socket does not open, and tries on', () => {
    connect();
    last().onclose?.({ code: 1006 });
    expect(refused).toBe(0);
    vi.advanceTimersByTime(500);
    last().onclose?.({ code: 1006 });
    expect(refused).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(sockets).toHaveLength(3);
  });

  it('waits for the network and comes back at once with it', () => {
    const connection = connect();
    online = false;
    connection.networkLost();
    expect(states.at(-1)).toBe('offline');
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    online = true;
    connection.wake();
    expect(sockets).toHaveLength(2);
  });

  it('waits longer each time, up to half a minute, never the same for all', () => {
    expect(backoff(0, () => 0)).toBe(500);
    expect(backoff(3, () => 0)).toBe(2_000);
    expect(backoff(3, () => 1)).toBe(4_000);
    expect(backoff(30, () => 1)).toBe(30_000);
  });
});
