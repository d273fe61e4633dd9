import { infiniteQueryOptions, queryOptions } from '@tanstack/svelte-query';
import { api } from '$lib/api/endpoints';
import type { InboxFilter } from '$lib/api/types';
import { keys } from './keys';

export const queries = {
  session: () =>
    queryOptions({
      queryKey: keys.session,
      queryFn: ({ signal }) => api.session.get(signal),
      gcTime: Infinity
    }),
  invitation: (token: string) =>
    queryOptions({
      queryKey: keys.invitation(token),
      queryFn: ({ signal }) => api.invitation.get(token, signal)
    }),
  workspace: (ws: number) =>
    queryOptions({
      queryKey: keys.workspace(ws),
      queryFn: ({ signal }) => api.workspace.get(ws, signal),
      gcTime: 0
    }),
  users: (ws: number) =>
    queryOptions({ queryKey: keys.users(ws), queryFn: ({ signal }) => api.users.list(ws, signal) }),
  invitations: (ws: number) =>
    queryOptions({
      queryKey: keys.invitations(ws),
      queryFn: ({ signal }) => api.invitations.list(ws, signal)
    }),
  channels: (ws: number) =>
    queryOptions({ queryKey: keys.channels(ws), queryFn: ({ signal }) => api.channels.list(ws, signal) }),
  channelSources: () =>
    queryOptions({
      queryKey: keys.channelSources,
      queryFn: ({ signal }) => api.channelSources.list(signal)
    }),
  closingCategories: (ws: number) =>
    queryOptions({
      queryKey: keys.closingCategories(ws),
      queryFn: ({ signal }) => api.closingCategories.list(ws, signal)
    }),
  counters: (ws: number) =>
    queryOptions({ queryKey: keys.counters(ws), queryFn: ({ signal }) => api.inbox.counters(ws, signal) }),
  inbox: (ws: number, filter: InboxFilter) =>
    infiniteQueryOptions({
      queryKey: keys.inbox(ws, filter),
      queryFn: ({ pageParam, signal }) => api.inbox.list(ws, filter, pageParam, signal),
      initialPageParam: null as string | null,
      getNextPageParam: (last) => last.next_cursor,
      // A search is a question of the moment; lists are worth keeping to switch between.
      gcTime: filter.q ? 0 : 5 * 60_000
    }),
  contact: (ws: number, id: number) =>
    queryOptions({
      queryKey: keys.contact(ws, id),
      queryFn: ({ signal }) => api.contacts.get(ws, id, signal)
    }),
  timeline: (ws: number, id: number) =>
    infiniteQueryOptions({
      queryKey: keys.timeline(ws, id),
      queryFn: ({ pageParam, signal }) => api.contacts.timeline(ws, id, pageParam, signal),
      initialPageParam: null as number | null,
      getNextPageParam: (last) => last.next_before
    })
};
