import type { InboxFilter } from '$lib/api/types';

export const keys = {
  session: ['session'] as const,
  channelSources: ['channel-sources'] as const,
  invitation: (token: string) => ['invitation', token] as const,
  root: (ws: number) => ['ws', ws] as const,
  workspace: (ws: number) => ['ws', ws, 'workspace'] as const,
  users: (ws: number) => ['ws', ws, 'users'] as const,
  invitations: (ws: number) => ['ws', ws, 'invitations'] as const,
  channels: (ws: number) => ['ws', ws, 'channels'] as const,
  closingCategories: (ws: number) => ['ws', ws, 'closing-categories'] as const,
  counters: (ws: number) => ['ws', ws, 'counters'] as const,
  inboxes: (ws: number) => ['ws', ws, 'inbox'] as const,
  inbox: (ws: number, filter: InboxFilter) => ['ws', ws, 'inbox', filter] as const,
  contacts: (ws: number) => ['ws', ws, 'contact'] as const,
  contact: (ws: number, id: number) => ['ws', ws, 'contact', id] as const,
  timeline: (ws: number, id: number) => ['ws', ws, 'timeline', id] as const
};
