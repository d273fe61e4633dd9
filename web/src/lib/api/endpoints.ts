import { query, request } from './client';
import type {
  Channel,
  ChannelCheck,
  ChannelCreated,
  ChannelDraft,
  ChannelSource,
  ClosingCategory,
  ClosingNoteMode,
  Comment,
  ConfigValue,
  Contact,
  ContactDetail,
  Counters,
  InboxFilter,
  InboxPage,
  Invitation,
  InvitationPreview,
  Message,
  OutgoingContent,
  Role,
  Session,
  TimelinePage,
  User,
  Workspace
} from './types';

const ws = (id: number) => `/api/workspaces/${id}`;
const contact = (workspace: number, id: number) => `${ws(workspace)}/contacts/${id}`;

export type ContactFields = Partial<
  Pick<Contact, 'first_name' | 'last_name' | 'phone' | 'email' | 'language' | 'country_code'>
>;

export const api = {
  session: {
    get: (signal?: AbortSignal) => request<Session>('GET', '/api/session', undefined, signal),
    signIn: (email: string, password: string) =>
      request<Session>('POST', '/api/session', { email, password }),
    signOut: () => request<void>('DELETE', '/api/session')
  },
  me: {
    update: (fields: {
      first_name?: string;
      last_name?: string;
      current_password?: string;
      new_password?: string;
    }) => request<Session>('PATCH', '/api/me', fields)
  },
  invitation: {
    get: (token: string, signal?: AbortSignal) =>
      request<InvitationPreview>('GET', `/api/invitations/${encodeURIComponent(token)}`, undefined, signal),
    accept: (token: string, body: { first_name?: string; last_name?: string; password: string }) =>
      request<Session>('POST', `/api/invitations/${encodeURIComponent(token)}`, body)
  },
  workspace: {
    get: (id: number, signal?: AbortSignal) => request<Workspace>('GET', ws(id), undefined, signal),
    update: (
      id: number,
      fields: {
        name?: string;
        timezone?: string;
        closing_note_mode?: ClosingNoteMode;
        activities_open_conversations?: boolean;
      }
    ) => request<Workspace>('PATCH', ws(id), fields)
  },
  users: {
    list: (w: number, signal?: AbortSignal) => request<User[]>('GET', `${ws(w)}/users`, undefined, signal),
    setRole: (w: number, id: number, role: Role) => request<User>('PATCH', `${ws(w)}/users/${id}`, { role }),
    remove: (w: number, id: number) => request<void>('DELETE', `${ws(w)}/users/${id}`)
  },
  invitations: {
    list: (w: number, signal?: AbortSignal) =>
      request<Invitation[]>('GET', `${ws(w)}/invitations`, undefined, signal),
    create: (w: number, email: string, role: Role) =>
      request<Invitation>('POST', `${ws(w)}/invitations`, { email, role }),
    cancel: (w: number, id: number) => request<void>('DELETE', `${ws(w)}/invitations/${id}`)
  },
  channelSources: {
    list: (signal?: AbortSignal) => request<ChannelSource[]>('GET', '/api/channel-sources', undefined, signal)
  },
  channels: {
    list: (w: number, signal?: AbortSignal) =>
      request<Channel[]>('GET', `${ws(w)}/channels`, undefined, signal),
    check: (w: number, draft: ChannelDraft) =>
      request<ChannelCheck>('POST', `${ws(w)}/channels/check`, draft),
    create: (w: number, draft: ChannelDraft) => request<ChannelCreated>('POST', `${ws(w)}/channels`, draft),
    update: (w: number, id: number, fields: { name?: string; config?: Record<string, ConfigValue> }) =>
      request<Channel>('PATCH', `${ws(w)}/channels/${id}`, fields),
    reconnect: (w: number, id: number, config: Record<string, ConfigValue>) =>
      request<{ channel: Channel; warning: string | null }>(
        'POST',
        `${ws(w)}/channels/${id}/reconnect`,
        Object.keys(config).length ? { config } : {}
      ),
    secret: (w: number, id: number, signal?: AbortSignal) =>
      request<{ secret: string }>('GET', `${ws(w)}/channels/${id}/secret`, undefined, signal),
    remove: (w: number, id: number) => request<void>('DELETE', `${ws(w)}/channels/${id}`)
  },
  closingCategories: {
    list: (w: number, signal?: AbortSignal) =>
      request<ClosingCategory[]>('GET', `${ws(w)}/closing-categories`, undefined, signal),
    create: (w: number, fields: { name: string; description: string }) =>
      request<ClosingCategory>('POST', `${ws(w)}/closing-categories`, fields),
    update: (w: number, id: number, fields: { name?: string; description?: string; position?: number }) =>
      request<ClosingCategory>('PATCH', `${ws(w)}/closing-categories/${id}`, fields),
    remove: (w: number, id: number) => request<void>('DELETE', `${ws(w)}/closing-categories/${id}`)
  },
  inbox: {
    list: (w: number, filter: InboxFilter, cursor: string | null, signal?: AbortSignal) =>
      request<InboxPage>(
        'GET',
        `${ws(w)}/inbox${query({ ...filter, limit: 50, cursor })}`,
        undefined,
        signal
      ),
    counters: (w: number, signal?: AbortSignal) =>
      request<Counters>('GET', `${ws(w)}/inbox/counters`, undefined, signal)
  },
  contacts: {
    get: (w: number, id: number, signal?: AbortSignal) =>
      request<ContactDetail>('GET', contact(w, id), undefined, signal),
    create: (w: number, fields: ContactFields) => request<Contact>('POST', `${ws(w)}/contacts`, fields),
    update: (w: number, id: number, fields: ContactFields) =>
      request<Contact>('PATCH', contact(w, id), fields),
    timeline: (w: number, id: number, before: number | null, signal?: AbortSignal) =>
      request<TimelinePage>(
        'GET',
        `${contact(w, id)}/timeline${query({ before, limit: 50 })}`,
        undefined,
        signal
      ),
    assign: (w: number, id: number, userId: number | null) =>
      request<Contact>('POST', `${contact(w, id)}/assignee`, { user_id: userId }),
    open: (w: number, id: number) => request<Contact>('POST', `${contact(w, id)}/open`, {}),
    close: (w: number, id: number, note: { category_id?: number; summary?: string }) =>
      request<Contact>('POST', `${contact(w, id)}/close`, note),
    snooze: (w: number, id: number, until: number) =>
      request<Contact>('POST', `${contact(w, id)}/snooze`, { until }),
    unsnooze: (w: number, id: number) => request<Contact>('POST', `${contact(w, id)}/unsnooze`, {}),
    read: (w: number, id: number) => request<Contact>('POST', `${contact(w, id)}/read`, {}),
    unread: (w: number, id: number) => request<Contact>('POST', `${contact(w, id)}/unread`, {}),
    send: (
      w: number,
      id: number,
      body: { client_id: string; channel_id?: number; content: OutgoingContent; reply_to?: number }
    ) => request<Message>('POST', `${contact(w, id)}/messages`, body),
    comment: (w: number, id: number, body: { client_id: string; text: string }) =>
      request<Comment>('POST', `${contact(w, id)}/comments`, body)
  },
  messages: {
    retry: (w: number, id: number) => request<Message>('POST', `${ws(w)}/messages/${id}/retry`, {})
  }
};
