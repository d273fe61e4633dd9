import type { TimelineItem } from '$lib/api/types';
import type { Pending } from '$lib/stores/outbox.svelte';
import { encodedEqual } from '$lib/text/mentions';

/** Entries the timeline doesn't show yet: the frame of a message may come before the answer to its request. */
export function unconfirmed(entries: Pending[], items: TimelineItem[], me: number): Pending[] {
  if (entries.length === 0) return entries;
  const confirmed = new Set<string>();
  for (const item of items) {
    if (item.type === 'message' && item.message.client_id) confirmed.add(item.message.client_id);
  }
  return entries.filter((entry) => {
    if (confirmed.has(entry.clientId)) return false;
    const body = entry.body;
    if (body.kind !== 'comment' || entry.state === 'failed') return true;
    // Comments come without their client_id; the same text by the same author since then is this one.
    return !items.some(
      (item) =>
        item.type === 'comment' &&
        item.comment.author_id === me &&
        item.comment.created_at / 1000 >= entry.at - 2_000 &&
        encodedEqual(item.comment.text, body.text)
    );
  });
}
