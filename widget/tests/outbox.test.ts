import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../src/frame/api.ts';
import { Outbox, type OutboxOptions } from '../src/frame/outbox.ts';
import type { Attachment, OutgoingContent, WidgetMessage } from '../src/shared/types.ts';

const page = { url: 'https://shop.example.test/', title: 'Shop', referrer: '' };
const text = (value: string): OutgoingContent => ({ type: 'text', text: value });
const gone = () => new ApiError(0, 'unreachable', 'no answer');

function set(send: (id: string, content: OutgoingContent) => Promise<unknown>, upload?: OutboxOptions['upload']) {
  const stored = new Map<string, string>();
  const sent: unknown[] = [];
  const outbox = new Outbox({
    send: send as OutboxOptions['send'],
    upload: upload ?? (() => ({ done: Promise.resolve({ id: 9, kind: 'file' } as Attachment), cancel: () => {} })),
    store: (key, value) => void (value === null ? stored.delete(key) : stored.set(key, value)),
    sent: (message: WidgetMessage) => sent.push(message),
    changed: () => {},
  });
  return { outbox, stored, sent };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the outbox', () => {
  it('sends in order, one after another', async () => {
    const order: string[] = [];
    const { outbox } = set(async (_, content) => {
      order.push(`start ${(content as { text: string }).text}`);
      await Promise.resolve();
      order.push(`end ${(content as { text: string }).text}`);
    });
    outbox.add(text('a'), page);
    outbox.add(text('b'), page);
    await vi.advanceTimersByTimeAsync(0);
    expect(order).toEqual(['start a', 'end a', 'start b', 'end b']);
    expect(outbox.items).toEqual([]);
  });

  it('keeps what could not be sent and sends it again under the same id', async () => {
    const ids: string[] = [];
    let down = true;
    const { outbox, stored, sent } = set(async (id) => {
      ids.push(id);
      if (down) throw gone();
      return { id: 1 };
    });
    outbox.add(text('hello'), page);
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.items[0]).toMatchObject({ state: 'waiting' });
    expect([...stored.keys()]).toEqual([`q:${ids[0]}`]);

    down = false;
    await vi.advanceTimersByTimeAsync(1000);
    expect(ids).toEqual([ids[0], ids[0]]);
    expect(sent).toEqual([{ id: 1 }]);
    expect(stored.size).toBe(0);
  });

  it('takes up on the next page what the last could not send', async () => {
    const first = set(() => Promise.reject(gone()));
    first.outbox.add(text('one'), page);
    await vi.advanceTimersByTimeAsync(10);
    first.outbox.add(text('two'), page);
    await vi.advanceTimersByTimeAsync(0);

    const got: [string, OutgoingContent][] = [];
    const second = set(async (id, content) => void got.push([id, content]));
    second.outbox.restore({ ...Object.fromEntries(first.stored), read: '7', 'q:broken': '{' });
    second.outbox.flush();
    await vi.advanceTimersByTimeAsync(0);
    expect(got).toEqual([...first.stored.keys()].map((key, index) => [key.slice(2), text(['one', 'two'][index]!)]));
  });

  it('waits as long as the server asks', async () => {
    const send = vi.fn().mockRejectedValueOnce(new ApiError(429, 'limited', 'Slow down.', 20_000)).mockResolvedValue({ id: 1 });
    const { outbox } = set(send);
    outbox.add(text('x'), page);
    await vi.advanceTimersByTimeAsync(19_000);
    expect(send).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(send).toHaveBeenCalledTimes(2);
  });

  it('shows a refusal, goes on with the next, and tries again when told to', async () => {
    const refused: string[] = [];
    const { outbox, sent } = set(async (id, content) => {
      if ((content as { text: string }).text === 'bad' && refused.push(id) === 1) throw new ApiError(400, 'invalid', 'Too long.');
      return { id };
    });
    outbox.add(text('bad'), page);
    outbox.add(text('good'), page);
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.items).toMatchObject([{ state: 'failed', error: { status: 400, message: 'Too long.' } }]);
    expect(sent).toHaveLength(1);
    outbox.again(outbox.items[0]!.client_id);
    await vi.advanceTimersByTimeAsync(0);
    expect(outbox.items).toEqual([]);
  });

  it('does not hold up texts behind an upload, and uploads a file once', async () => {
    let uploads = 0;
    let finish: (attachment: Attachment) => void = () => {};
    const send = vi.fn().mockResolvedValueOnce({ id: 1 }).mockRejectedValueOnce(gone()).mockResolvedValue({ id: 2 });
    const { outbox } = set(send, () => {
      uploads++;
      return { done: new Promise((resolve) => (finish = resolve)), cancel: () => {} };
    });
    outbox.addFile(new File(['x'], 'a.txt'), page);
    outbox.add(text('meanwhile'), page);
    await vi.advanceTimersByTimeAsync(0);
    expect(send.mock.calls.map(([, content]) => content)).toEqual([text('meanwhile')]);
    finish({ id: 77, kind: 'file' });
    await vi.advanceTimersByTimeAsync(2000);
    expect(uploads).toBe(1);
    expect(send.mock.calls.slice(1).map(([, content]) => content)).toEqual([
      { type: 'attachment', attachment: { id: 77 } },
      { type: 'attachment', attachment: { id: 77 } },
    ]);
    expect(send.mock.calls[1]![0]).toBe(send.mock.calls[2]![0]);
  });

  it('cancels an upload without sending anything', async () => {
    const send = vi.fn();
    let abort: (error: Error) => void = () => {};
    const { outbox } = set(send, () => ({
      done: new Promise((_, reject) => (abort = reject)),
      cancel: () => abort(new ApiError(499, 'cancelled', 'Cancelled.')),
    }));
    outbox.addFile(new File(['x'], 'a.txt'), page);
    outbox.remove(outbox.items[0]!.client_id);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(outbox.items).toEqual([]);
    expect(send).not.toHaveBeenCalled();
  });
});
