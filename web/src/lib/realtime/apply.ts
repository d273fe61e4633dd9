import type { Contact, ContactDetail, EventFrame, InboxFilter } from '$lib/api/types';
import { keys } from '$lib/query/keys';
import { itemsOfFrame, upsert, type TimelineData } from '$lib/timeline/order';
import { applyToDetail } from './detail';
import { upsertRow, type InboxData } from './inbox';

/** The part of a query cache that the reducer needs; the app passes the QueryClient, tests a Map. */
export interface Cache {
  get<T>(key: readonly unknown[]): T | undefined;
  set<T>(key: readonly unknown[], value: T): void;
  /** Keys in the cache that start with this one. */
  under(prefix: readonly unknown[]): (readonly unknown[])[];
  invalidate(key: readonly unknown[]): void;
}

export type Scope = { workspace: number; me: number };

/** Brings the caches from the state before a frame to the state after it. Applying a frame again changes nothing. */
export function applyFrame(cache: Cache, frame: EventFrame, scope: Scope): void {
  if (frame.contact) applyContact(cache, frame.contact, scope);

  const contactId = frame.contact?.id ?? frame.event.contact_id;
  if (contactId !== null) {
    change<ContactDetail>(cache, keys.contact(scope.workspace, contactId), (d) => applyToDetail(d, frame));
    change<TimelineData>(cache, keys.timeline(scope.workspace, contactId), (d) => applyToTimeline(d, frame));
  }
  for (const key of staleAfter(frame, scope)) cache.invalidate(key);
}

/** Also used for the contact in an answer to our own request, which may arrive before its frame. */
export function applyContact(cache: Cache, contact: Contact, scope: Scope): void {
  for (const key of cache.under(keys.inboxes(scope.workspace))) {
    const filter = key[3] as InboxFilter;
    change<InboxData>(cache, key, (d) => upsertRow(d, filter, contact, scope.me));
  }
  change<ContactDetail>(cache, keys.contact(scope.workspace, contact.id), (d) =>
    contact.version > d.contact.version ? { ...d, contact } : d
  );
}

export function applyToTimeline(data: TimelineData, frame: EventFrame): TimelineData {
  return itemsOfFrame(frame).reduce(upsert, data);
}

function change<T>(cache: Cache, key: readonly unknown[], update: (held: T) => T): void {
  const held = cache.get<T>(key);
  if (held === undefined) return;
  const next = update(held);
  if (next !== held) cache.set(key, next);
}

/** Small lists whose rows are not part of frames are simply asked for again. */
function staleAfter(frame: EventFrame, scope: Scope): (readonly unknown[])[] {
  const { workspace, me } = scope;
  const kind = frame.event.kind;
  if (kind.startsWith('user.')) {
    const mine = frame.event.payload?.user_id === me || frame.event.payload?.id === me;
    return [
      keys.users(workspace),
      keys.invitations(workspace),
      ...(mine ? [keys.workspace(workspace), keys.session] : [])
    ];
  }
  // A channel's state decides where contacts can be written to.
  if (kind.startsWith('channel.')) return [keys.channels(workspace), keys.contacts(workspace)];
  if (kind === 'workspace.updated') return [keys.workspace(workspace), keys.session];
  if (kind === 'closing_category.updated') return [keys.closingCategories(workspace)];
  return [];
}
