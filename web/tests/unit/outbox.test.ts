import { describe, expect, it, vi } from 'vitest';
import { ApiError } from '$lib/api/client';
import type { Message } from '$lib/api/types';
import { Outbox, type Pending } from '$lib/stores/outbox.svelte';
import { message } from './builders';

const text = (t: string): Pending['body'] => ({
  kind: 'message',
  channelId: 1,
  content: { type: 'text', text: t },
  replyTo: null,
  file: null
});

class Memory {
  value: string | null = null;
  getItem = () => this.value;
  setItem = (_: string, value: string) => void (this.value = value);
}

function setup(
  send: (body: { client_id: string; content: unknown }) => Promise<Message>,
  storage = new Memory()
) {
  const shown: number[] = [];
  const outbox = new Outbox(1, 7, {
    send: (_w, _c, body) => send(body),
    comment: () => Promise.reject(new Error('not used')),
    onMessage: (m) => shown.push(m.id),
    onComment: () => undefined,
    storage
  });
  return { outbox, shown, storage };
}

describe('the outbox', () => {
  it('sends a contact’s messages one after another', async () => {
    const order: string[] = [];
    let release: () => void = () => undefined;
    const { outbox, shown } = setup(async (body) => {
      order.push((body.content as { text: string }).text);
      if (order.length === 1) await new Promise<void>((done) => (release = done));
      return message(order.length);
    });
    outbox.add(1, text('first'));
    outbox.add(1, text('second'));
    outbox.add(2, text('other contact'));
    await vi.waitFor(() => expect(order).toEqual(['first', 'other contact']));
    release();
    await vi.waitFor(() => expect(outbox.entries).toHaveLength(0));
    expect(order).toEqual(['first', 'other contact', 'second']);
    expect(shown).toHaveLength(3);
  });

  it('keeps the client id when it sends again', async () => {
    const ids: string[] = [];
    const { outbox } = setup(async (body) => {
      ids.push(body.client_id);
      if (ids.length === 1) throw new ApiError(400, 'invalid', 'Too long.');
      return message(1);
    });
    outbox.add(1, text('x'));
    await vi.waitFor(() => expect(outbox.entries[0]?.state).toBe('failed'));
    expect(outbox.entries[0]?.error).toBe('Too long.');
    outbox.retry(ids[0]!);
    await vi.waitFor(() => expect(outbox.entries).toHaveLength(0));
    expect(ids[1]).toBe(ids[0]);
  });

  it('holds back what was written after a failed message, until that is discarded', async () => {
    let calls = 0;
    const { outbox } = setup(async () => {
      calls++;
      if (calls === 1) throw new ApiError(400, 'invalid', 'No.');
      return message(1);
    });
    outbox.add(1, text('a'));
    outbox.add(1, text('b'));
    await vi.waitFor(() => expect(outbox.entries.map((e) => e.state)).toEqual(['failed', 'waiting']));
    outbox.discard(outbox.entries[0]!.clientId);
    await vi.waitFor(() => expect(outbox.entries).toHaveLength(0));
    expect(calls).toBe(2);
  });

  it('goes on by itself when the connection is back, but not after a refusal', async () => {
    let online = false;
    const { outbox } = setup(async (body) => {
      if ((body.content as { text: string }).text === 'refused') throw new ApiError(403, 'forbidden', 'No.');
      if (!online) throw new ApiError(0, 'network', 'Unreachable.');
      return message(1);
    });
    outbox.add(1, text('lost'));
    outbox.add(2, text('refused'));
    await vi.waitFor(() => expect(outbox.entries.map((e) => e.state)).toEqual(['failed', 'failed']));
    online = true;
    outbox.resume();
    await vi.waitFor(() => expect(outbox.entries).toHaveLength(1));
    expect(outbox.entries[0]).toMatchObject({ contactId: 2, state: 'failed' });
  });

  it('survives a reload, with the same client id', async () => {
    const storage = new Memory();
    const first = setup(() => new Promise(() => undefined), storage);
    first.outbox.add(1, text('x'));
    const ids: string[] = [];
    const second = setup(async (body) => {
      ids.push(body.client_id);
      return message(1);
    }, storage);
    expect(second.outbox.entries[0]?.state).toBe('failed');
    second.outbox.retry(second.outbox.entries[0]!.clientId);
    await vi.waitFor(() => expect(second.outbox.entries).toHaveLength(0));
    expect(ids).toEqual([first.outbox.entries[0]?.clientId]);
  });
});
