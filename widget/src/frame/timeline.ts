/** The messages the chat holds: pure functions over a list sorted by id. */
import type { Status, WidgetMessage } from '../shared/types.ts';

const RANK: Record<Status, number> = { sent: 0, delivered: 1, read: 2 };

/**
 * Adds messages or brings them up to date. What comes over the live connection is the newest; an answer to a request may
 * have been overtaken by it, so it only fills in what is missing.
 */
export function merge(held: readonly WidgetMessage[], incoming: readonly WidgetMessage[], source: 'live' | 'answer'): WidgetMessage[] {
  const byId = new Map(held.map((message) => [message.id, message]));
  for (const message of incoming) {
    const known = byId.get(message.id);
    if (!known) {
      byId.set(message.id, message);
      continue;
    }
    const newer = source === 'live' ? message : known;
    byId.set(message.id, { ...newer, status: higher(known.status, message.status) });
  }
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

function higher(a: Status, b: Status): Status {
  return RANK[b] > RANK[a] ? b : a;
}

/** What agents wrote after the read marker, oldest first. */
export function unread(messages: readonly WidgetMessage[], readUpTo: number): WidgetMessage[] {
  return messages.filter((message) => message.from === 'agent' && message.id > readUpTo && !message.deleted);
}

export function lastFromAgent(messages: readonly WidgetMessage[]): number {
  return messages.reduce((last, message) => (message.from === 'agent' ? Math.max(last, message.id) : last), 0);
}

/** Quick replies may be tapped only while nothing has been said after them. */
export function openReplies(messages: readonly WidgetMessage[]): number | null {
  const last = messages[messages.length - 1];
  return last && last.from === 'agent' && last.content.type === 'quick_reply' && !last.deleted ? last.id : null;
}
