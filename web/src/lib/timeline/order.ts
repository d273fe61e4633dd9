import type { Comment, EventFrame, Message, TimelineEvent, TimelineItem, TimelinePage } from '$lib/api/types';

/** Kinds of events that are shown between the messages; all others only change state. */
const SHOWN_EVENTS = new Set([
  'conversation.opened',
  'conversation.closed',
  'conversation.snoozed',
  'conversation.unsnoozed',
  'contact.assignee.updated',
  'contact.created',
  'contact.updated',
  'contact.channel.added',
  'contact.channel.stopped',
  'contact.channel.resumed'
]);

export type TimelineData = { pages: TimelinePage[]; pageParams: unknown[] };

export function identity(item: TimelineItem): string {
  switch (item.type) {
    case 'message':
      return `m${item.message.id}`;
    case 'comment':
      return `c${item.comment.id}`;
    case 'event':
      return `e${item.event.seq}`;
  }
}

export const messageItem = (message: Message): TimelineItem => ({
  type: 'message',
  key: message.id,
  message
});
export const commentItem = (comment: Comment): TimelineItem => ({
  type: 'comment',
  key: comment.id,
  comment
});
export const eventItem = (event: TimelineEvent): TimelineItem => ({ type: 'event', key: event.at, event });

/** What a frame adds to the timeline of its contact. */
export function itemsOfFrame(frame: EventFrame): TimelineItem[] {
  const items: TimelineItem[] = [];
  if (frame.message) items.push(messageItem(frame.message));
  if (frame.comment) items.push(commentItem(frame.comment));
  if (SHOWN_EVENTS.has(frame.event.kind)) {
    items.push(eventItem(frame.event));
  }
  return items;
}

/** True when `next` may replace `held`: an entity never becomes older. */
function isNewer(held: TimelineItem, next: TimelineItem): boolean {
  if (held.type === 'message' && next.type === 'message') return next.message.version > held.message.version;
  if (held.type === 'comment' && next.type === 'comment') return next.comment.version > held.comment.version;
  return false;
}

function compare(a: TimelineItem, b: TimelineItem): number {
  if (a.key !== b.key) return a.key - b.key;
  if (a.type === 'event' && b.type === 'event') return a.event.seq - b.event.seq;
  // Events are written after what caused them.
  if (a.type === 'event') return 1;
  if (b.type === 'event') return -1;
  return identity(a) < identity(b) ? -1 : 1;
}

/** All loaded items, oldest first, each once. Pages come newest first. */
export function flatten(pages: TimelinePage[]): TimelineItem[] {
  const byId = new Map<string, TimelineItem>();
  for (let p = pages.length - 1; p >= 0; p--) {
    for (const item of pages[p]!.items) {
      const id = identity(item);
      const held = byId.get(id);
      if (!held || isNewer(held, item)) byId.set(id, held ? { ...item, key: held.key } : item);
    }
  }
  return [...byId.values()].sort(compare);
}

/**
 * Puts an item in, or replaces an older version of it where it stands: once shown, an item doesn't move.
 * What belongs before the oldest loaded page is left to that page's own request.
 */
export function upsert(data: TimelineData, item: TimelineItem): TimelineData {
  const id = identity(item);
  for (let p = 0; p < data.pages.length; p++) {
    const page = data.pages[p]!;
    const index = page.items.findIndex((held) => identity(held) === id);
    if (index < 0) continue;
    const held = page.items[index]!;
    if (!isNewer(held, item)) return data;
    const items = page.items.with(index, { ...item, key: held.key });
    return { ...data, pages: data.pages.with(p, { ...page, items }) };
  }
  const first = data.pages[0];
  const last = data.pages.at(-1);
  if (!first || !last) return data;
  const oldest = last.items[0];
  if (last.next_before !== null && oldest && item.key < oldest.key) return data;
  const items = [...first.items, item].sort(compare);
  return { ...data, pages: data.pages.with(0, { ...first, items }) };
}

/** Keeps memory flat when a long history was scrolled: only the newest pages stay. */
export function trim(data: TimelineData, keep: number): TimelineData {
  if (data.pages.length <= keep) return data;
  return { pages: data.pages.slice(0, keep), pageParams: data.pageParams.slice(0, keep) };
}
