import { beforeEach, describe, expect, it } from 'vitest';
import type { ContactDetail, EventKind } from '$lib/api/types';
import { keys } from '$lib/query/keys';
import { applyFrame } from '$lib/realtime/apply';
import { rows, type InboxData } from '$lib/realtime/inbox';
import { FrameLog } from '$lib/realtime/log';
import { replayOnto } from '$lib/realtime/replay';
import { flatten, messageItem, type TimelineData } from '$lib/timeline/order';
import {
  contact,
  conversation,
  detail,
  filter,
  frame,
  infinite,
  ME,
  message,
  page,
  TestCache
} from './builders';

const scope = { workspace: 1, me: ME };
const open = filter();
const mine = filter({ inbox: 'mine' });
const closed = filter({ status: 'closed' });
const list = (...items: ReturnType<typeof contact>[]) => infinite({ items, next_cursor: null, seq: 1 });

describe('applying frames to the inbox lists', () => {
  let cache: TestCache;
  const ids = (f = open) => rows(cache.get<InboxData>(keys.inbox(1, f))).map((c) => c.id);

  beforeEach(() => {
    cache = new TestCache();
    cache.set(keys.inbox(1, open), list(contact(3), contact(2), contact(1)));
    cache.set(keys.inbox(1, mine), list(contact(2, { assignee_id: ME })));
    cache.set(keys.inbox(1, closed), list());
  });

  it('moves a contact with a new message to the top', () => {
    applyFrame(cache, frame(2, 'message.received', { contact: contact(1, { at: 50, version: 2 }) }), scope);
    expect(ids()).toEqual([1, 3, 2]);
  });

  it('brings a contact nobody had loaded', () => {
    applyFrame(cache, frame(2, 'message.received', { contact: contact(9, { at: 50 }) }), scope);
    expect(ids()).toEqual([9, 3, 2, 1]);
  });

  it('moves a closed contact from the open list to the closed one', () => {
    applyFrame(
      cache,
      frame(2, 'conversation.closed', { contact: contact(2, { status: 'closed', version: 2 }) }),
      scope
    );
    expect(ids()).toEqual([3, 1]);
    expect(ids(closed)).toEqual([2]);
  });

  it('moves a contact between Mine and the rest when it is reassigned', () => {
    applyFrame(
      cache,
      frame(2, 'contact.assignee.updated', { contact: contact(2, { assignee_id: 8, version: 2 }) }),
      scope
    );
    applyFrame(
      cache,
      frame(3, 'contact.assignee.updated', { contact: contact(3, { assignee_id: ME, version: 2 }) }),
      scope
    );
    expect(ids(mine)).toEqual([3]);
    expect(ids()).toEqual([3, 2, 1]);
  });

  it('never makes a contact older', () => {
    const newer = frame(3, 'contact.updated', { contact: contact(2, { name: 'New', version: 5 }) });
    const older = frame(2, 'contact.updated', {
      contact: contact(2, { name: 'Old', status: 'closed', version: 4 })
    });
    applyFrame(cache, newer, scope);
    applyFrame(cache, older, scope);
    const held = rows(cache.get<InboxData>(keys.inbox(1, open))).find((c) => c.id === 2);
    expect(held?.name).toBe('New');
  });

  it('does not put a row past the loaded pages, where the next page will bring it', () => {
    cache.set(keys.inbox(1, open), infinite({ items: [contact(30), contact(20)], next_cursor: 'x', seq: 1 }));
    applyFrame(cache, frame(2, 'contact.updated', { contact: contact(5, { version: 2 }) }), scope);
    expect(ids()).toEqual([30, 20]);
  });

  it('sorts the longest open conversation first in that order', () => {
    const longest = filter({ sort: 'longest_open' });
    cache.set(keys.inbox(1, longest), list(contact(1, { opened_at: 10 }), contact(2, { opened_at: 30 })));
    applyFrame(cache, frame(2, 'conversation.opened', { contact: contact(4, { opened_at: 20 }) }), scope);
    expect(ids(longest)).toEqual([1, 4, 2]);
  });

  it('takes an answered contact out of the unreplied list', () => {
    const unreplied = filter({ unreplied: true });
    cache.set(keys.inbox(1, unreplied), list(contact(1)));
    const answered = contact(1, { version: 2 });
    answered.last_message!.direction = 'outgoing';
    applyFrame(cache, frame(2, 'message.sent', { contact: answered }), scope);
    expect(ids(unreplied)).toEqual([]);
  });

  it('refreshes rows of a search but leaves to the server which rows match', () => {
    const search = filter({ q: 'ana' });
    cache.set(keys.inbox(1, search), list(contact(1)));
    applyFrame(
      cache,
      frame(2, 'contact.updated', { contact: contact(1, { name: 'Bo', version: 2 }) }),
      scope
    );
    applyFrame(cache, frame(3, 'contact.created', { contact: contact(8) }), scope);
    expect(ids(search)).toEqual([1]);
    expect(rows(cache.get<InboxData>(keys.inbox(1, search)))[0]?.name).toBe('Bo');
  });

  it('changes nothing when the same frame comes again', () => {
    const f = frame(2, 'message.received', { contact: contact(1, { at: 50, version: 2 }) });
    applyFrame(cache, f, scope);
    const before = new Map(cache.data);
    applyFrame(cache, f, scope);
    expect([...cache.data]).toEqual([...before]);
  });
});

describe('applying frames to one contact', () => {
  let cache: TestCache;
  const held = () => cache.get<ContactDetail>(keys.contact(1, 1))!;

  beforeEach(() => {
    cache = new TestCache();
    cache.set(keys.contact(1, 1), detail());
    cache.set(keys.timeline(1, 1), infinite(page([messageItem(message(5, { contact_id: 1 }))])));
  });
  const timeline = () => flatten(cache.get<TimelineData>(keys.timeline(1, 1))!.pages);

  it('adds the message and the event of a frame to the timeline', () => {
    applyFrame(
      cache,
      frame(2, 'message.received', { contact: contact(1, { version: 2 }), message: message(9) }),
      scope
    );
    applyFrame(cache, frame(3, 'conversation.snoozed', { payload: { until: 5 } }), scope);
    expect(timeline().map((i) => i.type)).toEqual(['message', 'message', 'event']);
    expect(held().contact.version).toBe(2);
  });

  it('leaves out events that are not for the timeline', () => {
    applyFrame(cache, frame(2, 'contact.read', { contact: contact(1, { version: 2 }) }), scope);
    expect(timeline()).toHaveLength(1);
  });

  it('drops the conversation when it closes and takes the next one', () => {
    applyFrame(
      cache,
      frame(2, 'conversation.closed', { conversation: conversation(10, { status: 'closed', version: 2 }) }),
      scope
    );
    expect(held().conversation).toBeNull();
    applyFrame(cache, frame(3, 'conversation.opened', { conversation: conversation(11) }), scope);
    expect(held().conversation?.id).toBe(11);
  });

  it('is not closed again by the end of an earlier conversation', () => {
    cache.set(keys.contact(1, 1), detail({ conversation: conversation(11) }));
    applyFrame(
      cache,
      frame(2, 'conversation.closed', { conversation: conversation(10, { status: 'closed', version: 9 }) }),
      scope
    );
    expect(held().conversation?.id).toBe(11);
  });

  it('adds and replaces the contact’s channels', () => {
    const channel = {
      id: 3,
      contact_id: 1,
      channel_id: 21,
      source: 'telegram',
      channel_name: 'Bot',
      address: '@a',
      last_incoming_at: null,
      last_message_at: null,
      window_closes_at: null,
      can_send: true,
      blocked_reason: null,
      read_up_to: null
    };
    applyFrame(cache, frame(2, 'contact.channel.added', { contact_channel: channel }), scope);
    applyFrame(
      cache,
      frame(3, 'contact.channel.stopped', { contact_channel: { ...channel, can_send: false } }),
      scope
    );
    expect(held().channels.map((c) => c.can_send)).toEqual([false]);
  });

  it('does not touch other contacts', () => {
    const before = held();
    applyFrame(cache, frame(2, 'contact.updated', { contact: contact(2, { version: 9 }) }), scope);
    expect(held()).toBe(before);
  });
});

describe('small lists', () => {
  it.each([
    ['user.joined', keys.users(1)],
    ['channel.updated', keys.channels(1)],
    ['channel.deleted', keys.contacts(1)],
    ['workspace.updated', keys.workspace(1)],
    ['closing_category.updated', keys.closingCategories(1)]
  ] as [EventKind, readonly unknown[]][])('asks again after %s', (kind, key) => {
    const cache = new TestCache();
    applyFrame(cache, frame(2, kind), scope);
    expect(cache.invalidated).toContain(JSON.stringify(key));
  });

  it('asks for the permissions again when it was me who changed', () => {
    const cache = new TestCache();
    applyFrame(cache, frame(2, 'user.updated', { payload: { user_id: ME } }), scope);
    expect(cache.invalidated).toContain(JSON.stringify(keys.workspace(1)));
  });
});

describe('snapshots that arrive late', () => {
  it('get the frames that came while they were under way', () => {
    const log = new FrameLog();
    log.push(
      frame(5, 'message.received', { contact: contact(1, { at: 50, version: 2 }), message: message(50) })
    );
    log.push(frame(6, 'conversation.closed', { contact: contact(2, { status: 'closed', version: 2 }) }));

    const inbox = replayOnto(
      'inbox',
      infinite({ items: [contact(2), contact(1)], next_cursor: null, seq: 4 }),
      4,
      log,
      open,
      scope
    );
    expect(rows(inbox as InboxData).map((c) => c.id)).toEqual([1]);

    const timeline = replayOnto(
      'timeline',
      infinite(page([messageItem(message(5))], null, 4)),
      4,
      log,
      1,
      scope
    );
    expect(flatten((timeline as TimelineData).pages).map((i) => i.key)).toEqual([5, 50]);
  });

  it('keep what they know already', () => {
    const log = new FrameLog();
    log.push(frame(5, 'contact.updated', { contact: contact(1, { name: 'Older', version: 2 }) }));
    const fresh = infinite({
      items: [contact(1, { name: 'Newest', version: 3 })],
      next_cursor: null,
      seq: 6
    });
    expect(replayOnto('inbox', fresh, 4, log, open, scope)).toEqual(fresh);
  });

  it('forget the oldest frames beyond the limit', () => {
    const log = new FrameLog(2);
    for (const seq of [1, 2, 3]) log.push(frame(seq, 'contact.read'));
    expect(log.after(0).map((f) => f.seq)).toEqual([2, 3]);
  });
});
