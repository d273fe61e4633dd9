import type { TimelineItem } from '$lib/api/types';
import type { Pending } from '$lib/stores/outbox.svelte';

/** Entries the timeline doesn't show yet: the frame of a message may come before the answer to its request. */
export function unconfirmed(entries: Pending[], items: TimelineItem[]): Pending[] {
  if (entries.length === 0) return entries;
  const confirmed = new Set<string | null>();
  for (const item of items) {
    if (item.type === 'message') confirmed.add(item.message.client_id);
    if (item.type === 'comment') confirmed.add(item.comment.client_id);
  }
  return entries.filter((entry) => !confirmed.has(entry.clientId));
}
