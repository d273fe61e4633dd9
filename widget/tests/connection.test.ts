import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection, type ConnectionOptions } from '../src/frame/connection.ts';

class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }
  send(data: string) {
    this.sent.push(JSON.parse(data));
  }
  close() {
    this.readyState = 3;
  }
  open() {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: object) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  lose(code = 1006) {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

const latest = () => FakeSocket.all[FakeSocket.all.length - 1]!;

function set(change: Partial<ConnectionOptions> = {}) {
  const options = {
    url: 'wss://chat.example.test/widget/v1/socket',
    token: vi.fn(() => Promise.resolve('t1')),
    refused: vi.fn(),
    seq: vi.fn(() => 41),
    frame: vi.fn(),
    live: vi.fn(),
    ...change,
  };
  return { options, connection: new Connection(options) };
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  // The longest wait of each step, to make them countable.
  vi.spyOn(Math, 'random').mockReturnValue(1);
  FakeSocket.all = [];
});
afterEach(() => void vi.useRealTimers());

describe('the connection', () => {
  it('authenticates with its first frame, never in the address', async () => {
    const { connection, options } = set();
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    latest().open();
    expect(latest().sent).toEqual([{ type: 'auth', token: 't1', seq: 41 }]);
    expect(latest().url).not.toContain('t1');
    latest().say({ type: 'caught_up', seq: 44 });
    expect(options.frame).toHaveBeenCalledWith({ type: 'caught_up', seq: 44 });
    expect(options.live).toHaveBeenLastCalledWith(true);
  });

  it('comes back from where it was, waiting longer each time up to 30 s', async () => {
    let seq = 41;
    const { connection } = set({ seq: () => seq });
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      const count = FakeSocket.all.length;
      latest().lose();
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(FakeSocket.all).toHaveLength(count);
      await vi.advanceTimersByTimeAsync(1);
      expect(FakeSocket.all).toHaveLength(count + 1);
    }
    seq = 99;
    latest().open();
    expect(latest().sent).toEqual([{ type: 'auth', token: 't1', seq: 99 }]);
    latest().say({ type: 'caught_up', seq: 99 });
    latest().lose();
    const count = FakeSocket.all.length;
    await vi.advanceTimersByTimeAsync(1000);
    expect(FakeSocket.all).toHaveLength(count + 1);
  });

  it('asks for another token when this one is refused', async () => {
    const tokens = ['t1', 't2'];
    const { connection, options } = set({ token: () => Promise.resolve(tokens.shift()!) });
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    latest().open();
    latest().lose(4401);
    expect(options.refused).toHaveBeenCalledWith('t1');
    await vi.advanceTimersByTimeAsync(1000);
    latest().open();
    expect(latest().sent).toEqual([{ type: 'auth', token: 't2', seq: 41 }]);
  });

  it('notices a connection that went dead without a word', async () => {
    const { connection, options } = set();
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    const socket = latest();
    socket.open();
    socket.say({ type: 'caught_up', seq: 41 });
    await vi.advanceTimersByTimeAsync(25_000);
    expect(socket.sent.slice(1)).toEqual([{ type: 'ping' }]);
    socket.say({ type: 'pong' });
    await vi.advanceTimersByTimeAsync(25_000);
    expect(socket.readyState).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(socket.readyState).toBe(3);
    expect(options.live).toHaveBeenLastCalledWith(false);
    await vi.advanceTimersByTimeAsync(1000);
    expect(latest()).not.toBe(socket);
  });

  it('tries at once when nudged, and not at all when stopped', async () => {
    const { connection } = set();
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    latest().lose();
    connection.nudge();
    await vi.advanceTimersByTimeAsync(0);
    expect(FakeSocket.all).toHaveLength(2);
    connection.stop();
    connection.nudge();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(2);
  });

  it('ignores frames that make no sense', async () => {
    const { connection, options } = set();
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    latest().open();
    latest().onmessage?.({ data: '<html>' });
    expect(options.frame).not.toHaveBeenCalled();
  });
});
