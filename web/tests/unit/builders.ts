import type {
  Comment,
  Contact,
  ContactDetail,
  Conversation,
  EventFrame,
  EventKind,
  InboxFilter,
  Message,
  TimelinePage,
  User
} from '$lib/api/types';
import type { Cache } from '$lib/realtime/apply';

export const ME = 7;
export const filter = (over: Partial<InboxFilter> = {}): InboxFilter => ({
  inbox: 'all',
  status: 'open',
  sort: 'newest',
  unreplied: false,
  q: '',
  ...over
});

export function contact(id: number, over: Partial<Contact> & { at?: number } = {}): Contact {
  const { at = id, ...rest } = over;
  return {
    id,
    name: `Contact ${id}`,
    first_name: 'Contact',
    last_name: String(id),
    phone: null,
    email: null,
    language: null,
    country_code: null,
    picture: null,
    assignee_id: null,
    is_blocked: false,
    status: 'open',
    snoozed_until: null,
    unread_count: 0,
    last_message: { id: at, direction: 'incoming', type: 'text', preview: 'Hi', status: null, at },
    last_channel_id: 1,
    last_incoming_at: at,
    opened_at: at,
    sort_at: at,
    created_at: 1,
    version: 1,
    ...rest
  };
}

export function message(id: number, over: Partial<Message> = {}): Message {
  return {
    id,
    contact_id: 1,
    conversation_id: 1,
    channel_id: 1,
    direction: 'incoming',
    content: { type: 'text', text: `Text ${id}` },
    sender: { source: 'contact', user_id: null },
    status: null,
    failure: null,
    history: [],
    reply_to: null,
    album: null,
    forwarded: false,
    referral: null,
    reactions: [],
    client_id: null,
    provider_at: null,
    created_at: id,
    edited_at: null,
    deleted_at: null,
    version: 1,
    ...over
  };
}

export function comment(id: number, over: Partial<Comment> = {}): Comment {
  return {
    id,
    contact_id: 1,
    conversation_id: 1,
    author_id: ME,
    author_source: 'user',
    text: 'Note',
    mentions: [],
    client_id: null,
    created_at: id,
    version: 1,
    ...over
  };
}

export function conversation(id: number, over: Partial<Conversation> = {}): Conversation {
  return {
    id,
    contact_id: 1,
    status: 'open',
    opened_at: id,
    opened_source: 'contact',
    opened_by: null,
    opened_channel_id: null,
    closed_at: null,
    closed_by: null,
    closed_source: null,
    category: null,
    summary: null,
    snoozed_until: null,
    incoming_count: 1,
    outgoing_count: 0,
    first_response_at: null,
    version: 1,
    ...over
  };
}

export const detail = (over: Partial<ContactDetail> = {}): ContactDetail => ({
  contact: contact(1),
  channels: [],
  conversation: conversation(10),
  seq: 1,
  ...over
});

export function frame(
  seq: number,
  kind: EventKind,
  over: Partial<EventFrame> & { payload?: unknown } = {}
): EventFrame {
  const { payload = {}, ...rest } = over;
  return {
    type: 'event',
    seq,
    prev: seq - 1,
    event: {
      seq,
      at: seq * 1000,
      kind,
      actor: { kind: 'user', id: ME },
      contact_id: rest.contact?.id ?? rest.message?.contact_id ?? 1,
      conversation_id: null,
      payload
    },
    ...rest
  };
}

export const page = (
  items: TimelinePage['items'],
  next_before: number | null = null,
  seq = 1
): TimelinePage => ({
  items,
  next_before,
  seq
});

export const infinite = <T>(...pages: T[]) => ({ pages, pageParams: pages.map(() => null) });

export function user(id: number, first: string, last: string): User {
  return {
    id,
    first_name: first,
    last_name: last,
    email: `${first.toLowerCase()}@example.test`,
    role: 'agent',
    last_active_at: null,
    online: false,
    removed: false
  };
}

/** A query cache as small as the reducer needs it. */
export class TestCache implements Cache {
  readonly data = new Map<string, unknown>();
  readonly invalidated: string[] = [];
  get<T>(key: readonly unknown[]) {
    return this.data.get(JSON.stringify(key)) as T | undefined;
  }
  set<T>(key: readonly unknown[], value: T) {
    this.data.set(JSON.stringify(key), value);
  }
  under(prefix: readonly unknown[]) {
    return [...this.data.keys()]
      .map((k) => JSON.parse(k) as unknown[])
      .filter((k) => prefix.every((part, i) => k[i] === part));
  }
  invalidate(key: readonly unknown[]) {
    this.invalidated.push(JSON.stringify(key));
  }
}
