import { useQueryClient } from '@tanstack/svelte-query';
import { api } from '$lib/api/endpoints';
import type { Workspace } from '$lib/api/types';
import { common } from '$lib/i18n';
import { keys } from '$lib/query/keys';
import { toasts } from '$lib/stores/toasts.svelte';

type Fields = Parameters<typeof api.workspace.update>[1];

/** Settings of the workspace save themselves: shown at once, taken back when the server refuses. */
export function workspaceSaver(id: number) {
  const client = useQueryClient();
  return async (fields: Fields): Promise<boolean> => {
    const key = keys.workspace(id);
    const before = client.getQueryData<Workspace>(key);
    client.setQueryData<Workspace>(key, (held) => (held ? { ...held, ...fields } : undefined));
    try {
      client.setQueryData(key, await api.workspace.update(id, fields));
      void client.invalidateQueries({ queryKey: keys.session });
      toasts.info(common.saved);
      return true;
    } catch (error) {
      client.setQueryData(key, before);
      toasts.error(error);
      return false;
    }
  };
}
