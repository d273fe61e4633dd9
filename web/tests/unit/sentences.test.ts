import { expect, it } from 'vitest';
import type { Actor, EventKind, TimelineEvent } from '$lib/api/types';
import { sentence } from '$lib/timeline/sentences';
import { ME, user } from './builders';

const names = {
  me: ME,
  users: [user(ME, 'Mara', 'Lind'), user(8, 'Jonas', 'Weber'), user(9, 'Ana', 'Silva')],
  channels: [{ id: 21, name: 'Telegram bot' }],
  zone: { timeZone: 'UTC', locale: 'en-GB' }
};
const say = (kind: EventKind, payload: unknown = {}, actor: Actor = { kind: 'user', id: 8 }) =>
  sentence(
    { at: 1, seq: 1, kind, actor, contact_id: 1, conversation_id: null, payload } satisfies TimelineEvent,
    names
  );
const contact: Actor = { kind: 'contact', id: 1 };
const me: Actor = { kind: 'user', id: ME };

it.each<[EventKind, unknown, Actor, string]>([
  [
    'conversation.opened',
    { source: 'contact', channel_id: 21 },
    contact,
    'The conversation was opened by an incoming message on Telegram bot'
  ],
  ['conversation.opened', { source: 'user' }, me, 'You opened the conversation'],
  ['conversation.closed', {}, { kind: 'workflow', id: 3 }, 'A workflow closed the conversation'],
  [
    'conversation.snoozed',
    { until: 1_795_000_000_000_000 },
    me,
    'You snoozed the conversation until 18 Nov 2026, 11:06'
  ],
  ['conversation.unsnoozed', { reason: 'time' }, { kind: 'system', id: null }, 'The snooze ended'],
  ['conversation.unsnoozed', { reason: 'message' }, contact, 'A new message ended the snooze'],
  ['conversation.unsnoozed', { reason: 'user' }, me, 'You ended the snooze'],
  [
    'contact.assignee.updated',
    { from: null, to: 8 },
    { kind: 'user', id: 8 },
    'Jonas Weber took the conversation'
  ],
  [
    'contact.assignee.updated',
    { from: null, to: ME },
    { kind: 'user', id: 8 },
    'Jonas Weber assigned the conversation to you'
  ],
  ['contact.assignee.updated', { from: null, to: 99 }, me, 'You assigned the conversation to Former user'],
  ['contact.assignee.updated', { from: 9, to: null }, me, 'You unassigned Ana Silva'],
  [
    'contact.assignee.updated',
    { from: 8, to: null },
    { kind: 'user', id: 8 },
    'Jonas Weber removed the assignee'
  ],
  ['contact.created', {}, contact, 'The contact was created by their first message'],
  ['contact.updated', { changes: { phone: [null, '+46'] } }, me, 'You set phone to +46'],
  ['contact.updated', { changes: { phone: ['+46', null] } }, me, 'You removed phone (+46)'],
  ['contact.updated', { changes: { email: ['a', 'b'] } }, me, 'You changed email from a to b'],
  [
    'contact.updated',
    { changes: { email: ['a', 'b'], phone: [null, 'c'] } },
    me,
    'You changed email and phone'
  ],
  [
    'contact.channel.stopped',
    { channel_id: 21 },
    { kind: 'system', id: null },
    'The contact can no longer be reached on Telegram bot'
  ],
  [
    'contact.channel.added',
    { channel_id: 77 },
    contact,
    'The contact was reached on a channel for the first time'
  ]
])('%s %j', (kind, payload, actor, text) => {
  expect(say(kind, payload, actor).text).toBe(text);
});

it('shows the closing note below', () => {
  expect(say('conversation.closed', { category: 'Complaint', summary: 'Refunded.' }).note).toBe(
    'Category: Complaint\nRefunded.'
  );
  expect(say('conversation.closed', { category: null, summary: null }).note).toBeNull();
});

it('survives payloads it does not expect', () => {
  expect(say('contact.updated', null).text).toContain('Jonas Weber');
  expect(say('something.new' as EventKind).text).toBe('Jonas Weber: something.new');
});
