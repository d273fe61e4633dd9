import { describe, expect, it } from 'vitest';
import type { WidgetMessage } from '../src/shared/types.ts';
import { lastFromAgent, merge, openReplies, unread } from '../src/frame/timeline.ts';

const message = (id: number, change: Partial<WidgetMessage> = {}): WidgetMessage => ({
  id,
  client_id: null,
  from: 'agent',
  agent_name: 'Maya',
  content: { type: 'text', text: `m${id}` },
  at: id,
  status: 'sent',
  edited: false,
  deleted: false,
  ...change,
});

describe('merging messages', () => {
  it('sorts by id and holds each once', () => {
    const held = merge([message(5)], [message(3), message(5), message(9)], 'answer');
    expect(held.map(({ id }) => id)).toEqual([3, 5, 9]);
  });

  it('takes changes from the live connection', () => {
    const edited = message(5, { content: { type: 'text', text: 'better' }, edited: true });
    expect(merge([message(5)], [edited], 'live')).toEqual([edited]);
  });

  it('does not let a late answer undo what the live connection told', () => {
    const deleted = message(5, { deleted: true, status: 'read' });
    expect(merge([deleted], [message(5)], 'answer')).toEqual([deleted]);
  });

  it('never takes a tick back', () => {
    expect(merge([message(5, { status: 'read' })], [message(5, { status: 'delivered' })], 'live')[0]?.status).toBe('read');
    expect(merge([message(5)], [message(5, { status: 'delivered' })], 'answer')[0]?.status).toBe('delivered');
  });
});

it('counts as unread what agents wrote after the marker and did not delete', () => {
  const held = [message(1), message(2, { from: 'visitor' }), message(3), message(4, { deleted: true }), message(5)];
  expect(unread(held, 1).map(({ id }) => id)).toEqual([3, 5]);
  expect(lastFromAgent(held)).toBe(5);
  expect(lastFromAgent([])).toBe(0);
});

it('offers quick replies only while they are the last word', () => {
  const ask = message(7, { content: { type: 'quick_reply', title: 'Size?', replies: ['S', 'M'] } });
  expect(openReplies([message(1), ask])).toBe(7);
  expect(openReplies([ask, message(8, { from: 'visitor' })])).toBeNull();
  expect(openReplies([{ ...ask, deleted: true }])).toBeNull();
  expect(openReplies([])).toBeNull();
});
