import type { Contact, InboxFilter, InboxPage } from '$lib/api/types';

export type InboxData = { pages: InboxPage[]; pageParams: unknown[] };

/** Mirrors the server's list conditions, so that a row can enter or leave a list without a request. */
export function belongs(contact: Contact, filter: InboxFilter, me: number): boolean {
  if (contact.is_blocked) return false;
  if (filter.inbox === 'mine' && contact.assignee_id !== me) return false;
  if (filter.inbox === 'unassigned' && contact.assignee_id !== null) return false;
  if (filter.status !== 'all' && contact.status !== filter.status) return false;
  if (filter.unreplied && contact.last_message?.direction !== 'incoming') return false;
  return true;
}

const activity = (c: Contact) => c.sort_at;

export function compareRows(filter: InboxFilter): (a: Contact, b: Contact) => number {
  switch (filter.sort) {
    case 'newest':
      return (a, b) => activity(b) - activity(a) || b.id - a.id;
    case 'oldest':
      return (a, b) => activity(a) - activity(b) || a.id - b.id;
    case 'longest_open':
      return (a, b) => (a.opened_at ?? Infinity) - (b.opened_at ?? Infinity) || a.id - b.id;
  }
}

/** The rows of all pages, each contact once, in its newest version. */
export function rows(data: InboxData | undefined): Contact[] {
  if (!data) return [];
  const byId = new Map<number, Contact>();
  for (const page of data.pages) {
    for (const contact of page.items) {
      const held = byId.get(contact.id);
      if (!held || contact.version > held.version) byId.set(contact.id, contact);
    }
  }
  return [...byId.values()];
}

export function upsertRow(data: InboxData, filter: InboxFilter, contact: Contact, me: number): InboxData {
  const held = find(data, contact.id);
  if (held && held.version >= contact.version) return data;

  // Only the server can tell whether a text matches, so a search keeps its rows and merely refreshes them.
  if (filter.q !== '') {
    return held ? mapPages(data, (items) => items.map((c) => (c.id === contact.id ? contact : c))) : data;
  }
  const without = held ? mapPages(data, (items) => items.filter((c) => c.id !== contact.id)) : data;
  return belongs(contact, filter, me) ? insert(without, filter, contact) : without;
}

function find(data: InboxData, id: number): Contact | undefined {
  for (const page of data.pages) {
    const held = page.items.find((c) => c.id === id);
    if (held) return held;
  }
  return undefined;
}

function mapPages(data: InboxData, change: (items: Contact[]) => Contact[]): InboxData {
  return { ...data, pages: data.pages.map((page) => ({ ...page, items: change(page.items) })) };
}

function insert(data: InboxData, filter: InboxFilter, contact: Contact): InboxData {
  const compare = compareRows(filter);
  for (let p = 0; p < data.pages.length; p++) {
    const page = data.pages[p]!;
    const index = page.items.findIndex((c) => compare(contact, c) < 0);
    if (index < 0) continue;
    return {
      ...data,
      pages: data.pages.with(p, { ...page, items: page.items.toSpliced(index, 0, contact) })
    };
  }
  const last = data.pages.length - 1;
  const page = data.pages[last];
  // Past the loaded part there may be rows we don't know: the next page will bring this one in its place.
  if (!page || page.next_cursor !== null) return data;
  return { ...data, pages: data.pages.with(last, { ...page, items: [...page.items, contact] }) };
}
