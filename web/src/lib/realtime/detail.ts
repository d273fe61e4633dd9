import type { ContactChannel, ContactDetail, Conversation, EventFrame } from '$lib/api/types';

export function applyToDetail(detail: ContactDetail, frame: EventFrame): ContactDetail {
  if (frame.event.contact_id !== detail.contact.id && frame.contact?.id !== detail.contact.id) return detail;
  let next = detail;
  if (frame.contact && frame.contact.version > detail.contact.version)
    next = { ...next, contact: frame.contact };
  if (frame.conversation) {
    const conversation = newerConversation(next.conversation, frame.conversation);
    if (conversation !== next.conversation) next = { ...next, conversation };
  }
  if (frame.contact_channel)
    next = { ...next, channels: upsertChannel(next.channels, frame.contact_channel) };
  return frame.seq > next.seq && next !== detail ? { ...next, seq: frame.seq } : next;
}

/** The detail holds the conversation that is open or snoozed, of which a contact has at most one. */
function newerConversation(held: Conversation | null, next: Conversation): Conversation | null {
  if (held?.id === next.id && held.version >= next.version) return held;
  if (held && held.id !== next.id && held.opened_at > next.opened_at) return held;
  if (next.status === 'closed') return held && held.id !== next.id ? held : null;
  return next;
}

function upsertChannel(channels: ContactChannel[], next: ContactChannel): ContactChannel[] {
  const index = channels.findIndex((c) => c.id === next.id);
  return index < 0 ? [...channels, next] : channels.with(index, next);
}
