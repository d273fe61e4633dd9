import type { Comment, Message, TimelineEvent, TimelineItem } from '$lib/api/types';
import { dayKey, local, type Zone } from '$lib/time/format';

/** What the timeline draws, top to bottom. */
export type Block =
  | { kind: 'day'; id: string; at: number }
  | { kind: 'events'; id: string; events: TimelineEvent[] }
  | { kind: 'message'; id: string; messages: Message[]; first: boolean; last: boolean }
  | { kind: 'comment'; id: string; comment: Comment };

const TOGETHER = 5 * 60 * 1_000_000; // five minutes

export const itemTime = (item: TimelineItem): number =>
  item.type === 'message'
    ? item.message.created_at
    : item.type === 'comment'
      ? item.comment.created_at
      : item.event.at;

/** Days get a separator, runs of events become one block, albums one bubble; bubbles of one sender stand together. */
export function blocks(items: TimelineItem[], zone: Zone = local): Block[] {
  const out: Block[] = [];
  let day = '';
  for (const item of items) {
    const at = itemTime(item);
    const key = dayKey(at, zone);
    // An item that arrived late with an older time stays where it is: no second separator for a day already begun.
    if (key > day) {
      day = key;
      out.push({ kind: 'day', id: `d${key}`, at });
    }
    const previous = out.at(-1);
    if (item.type === 'comment') {
      out.push({ kind: 'comment', id: `c${item.comment.id}`, comment: item.comment });
    } else if (item.type === 'event') {
      if (previous?.kind === 'events') previous.events.push(item.event);
      else out.push({ kind: 'events', id: `e${item.event.seq}`, events: [item.event] });
    } else if (previous?.kind === 'message' && sameAlbum(previous.messages.at(-1)!, item.message)) {
      previous.messages.push(item.message);
    } else {
      const together = previous?.kind === 'message' && sameSender(previous.messages.at(-1)!, item.message);
      if (together) previous.last = false;
      out.push({
        kind: 'message',
        id: `m${item.message.id}`,
        messages: [item.message],
        first: !together,
        last: true
      });
    }
  }
  return out;
}

function sameAlbum(a: Message, b: Message): boolean {
  return (
    a.album !== null && a.album === b.album && a.direction === b.direction && !b.deleted_at && !a.deleted_at
  );
}

export function sameSender(a: Message, b: Message): boolean {
  return (
    a.direction === b.direction &&
    a.channel_id === b.channel_id &&
    a.sender.source === b.sender.source &&
    a.sender.user_id === b.sender.user_id &&
    b.created_at - a.created_at < TOGETHER
  );
}
