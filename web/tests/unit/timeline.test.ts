import { describe, expect, it } from 'vitest';
import type { TimelineEvent } from '$lib/api/types';
import { blocks } from '$lib/timeline/blocks';
import { commentItem, eventItem, flatten, identity, messageItem, trim, upsert } from '$lib/timeline/order';
import { unconfirmed } from '$lib/timeline/pending';
import type { Pending } from '$lib/stores/outbox.svelte';
import { comment, infinite, message, page } from './builders';

const event = (seq: number, at: number): TimelineEvent => ({
  seq,
  at,
  kind: 'conversation.opened',
  actor: { kind: 'system', id: null },
  contact_id: 1,
  conversation_id: null,
  payload: {}
});
const names = (items: ReturnType<typeof flatten>) => items.map(identity);

describe('the order of the timeline', () => {
  it('puts pages, which come newest first, into one order and each item in once', () => {
    const newest = page([messageItem(message(30)), messageItem(message(40))], 30);
    const older = page([messageItem(message(10)), messageItem(message(30))], null);
    expect(names(flatten([newest, older]))).toEqual(['m10', 'm30', 'm40']);
  });

  it('shows the newest version when pages disagree', () => {
    const newest = page([messageItem(message(30, { status: 'read', version: 3 }))]);
    const older = page([messageItem(message(30, { status: 'sent', version: 1 }))]);
    const [item] = flatten([newest, older]);
    expect(item?.type === 'message' && item.message.status).toBe('read');
  });

  it('puts events of one moment in the order of the log, after what caused them', () => {
    const items = [eventItem(event(8, 50)), eventItem(event(7, 50)), messageItem(message(50))];
    expect(names(flatten([page(items)]))).toEqual(['m50', 'e7', 'e8']);
  });

  it('replaces an item where it stands', () => {
    const data = infinite(page([messageItem(message(20))], 20), page([messageItem(message(10))]));
    const next = upsert(data, messageItem(message(10, { version: 2, edited_at: 99 })));
    const item = next.pages[1]?.items[0];
    expect(item?.type === 'message' && item.message.edited_at).toBe(99);
    expect(next.pages[0]).toBe(data.pages[0]);
  });

  it('ignores an older version', () => {
    const data = infinite(page([messageItem(message(10, { version: 3 }))]));
    expect(upsert(data, messageItem(message(10, { version: 2 })))).toBe(data);
  });

  it('sorts a late item into the loaded part', () => {
    const data = infinite(page([messageItem(message(10)), messageItem(message(30))]));
    expect(names(flatten(upsert(data, messageItem(message(20))).pages))).toEqual(['m10', 'm20', 'm30']);
  });

  it('leaves what is older than the loaded part to its own page', () => {
    const data = infinite(page([messageItem(message(30))], 30));
    expect(upsert(data, messageItem(message(20)))).toBe(data);
  });

  it('keeps only the newest pages when trimmed', () => {
    const data = infinite(page([], 3), page([], 2), page([], 1));
    expect(trim(data, 2).pages.map((p) => p.next_before)).toEqual([3, 2]);
    expect(trim(data, 3)).toBe(data);
  });
});

describe('blocks', () => {
  const zone = { timeZone: 'UTC', locale: 'en' };
  const DAY = 86_400_000_000;
  const MIN = 60_000_000;
  const at = (n: number) => 20_000 * DAY + n;
  const m = (n: number, over = {}) => messageItem(message(at(n), over));
  const kinds = (items: ReturnType<typeof m>[]) => blocks(items, zone).map((b) => b.kind);

  it('separate the days', () => {
    expect(kinds([m(0), m(MIN), m(DAY)])).toEqual(['day', 'message', 'message', 'day', 'message']);
  });

  it('do not begin a day twice when an item of the day before comes late', () => {
    const late = messageItem(message(at(DAY + MIN), { created_at: at(DAY - MIN) }));
    const list = blocks([m(0), m(DAY), late, m(DAY + 2 * MIN)], zone);
    expect(list.filter((b) => b.kind === 'day')).toHaveLength(2);
  });

  it('gather albums and leave other messages alone', () => {
    const list = blocks([m(0, { album: 'a' }), m(1, { album: 'a' }), m(2, { album: 'b' }), m(3)], zone);
    expect(list.flatMap((b) => (b.kind === 'message' ? [b.messages.length] : []))).toEqual([2, 1, 1]);
  });

  it('stand together when one sender writes several within minutes', () => {
    const list = blocks([m(0), m(MIN), m(10 * MIN), m(11 * MIN, { direction: 'outgoing' })], zone);
    expect(list.flatMap((b) => (b.kind === 'message' ? [[b.first, b.last]] : []))).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true]
    ]);
  });

  it('make one run of consecutive events', () => {
    const list = blocks([eventItem(event(1, at(0))), eventItem(event(2, at(1))), m(5)], zone);
    expect(list.map((b) => b.kind)).toEqual(['day', 'events', 'message']);
  });
});

describe('entries on their way', () => {
  const entry = (over: Partial<Pending> = {}): Pending => ({
    clientId: 'abc',
    contactId: 1,
    at: 1_000,
    state: 'sending',
    error: null,
    retryWhenOnline: false,
    body: { kind: 'message', channelId: 1, content: { type: 'text', text: 'Hi' }, replyTo: null, file: null },
    ...over
  });

  it('give way to the message or comment with their client id', () => {
    const shown = [
      messageItem(message(5, { client_id: 'abc' })),
      commentItem(comment(6, { client_id: 'note' })),
      messageItem(message(7))
    ];
    const entries = ['abc', 'other', 'note'].map((clientId) => entry({ clientId }));
    expect(unconfirmed(entries, shown).map((e) => e.clientId)).toEqual(['other']);
  });
});
