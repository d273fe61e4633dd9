import { QueryClient } from '@tanstack/svelte-query';
import { ApiError } from '$lib/api/client';
import type { Cache } from '$lib/realtime/apply';

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The realtime log keeps what is held current, so data only goes stale when it is invalidated.
        staleTime: Infinity,
        gcTime: 10 * 60_000,
        networkMode: 'always',
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        retry: (count, error) => count < 2 && error instanceof ApiError && error.isTemporary,
        retryDelay: (count) => 400 * 2 ** count
      },
      mutations: { networkMode: 'always', retry: false }
    }
  });
}

export function cacheOf(client: QueryClient): Cache {
  return {
    get: (key) => client.getQueryData(key),
    set: (key, value) => void client.setQueryData(key, value),
    under: (prefix) =>
      client
        .getQueryCache()
        .findAll({ queryKey: prefix })
        .map((q) => q.queryKey),
    invalidate: (key) => void client.invalidateQueries({ queryKey: key })
  };
}
