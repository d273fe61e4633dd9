import { common } from '$lib/i18n';
import { toasts } from '$lib/stores/toasts.svelte';

export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toasts.error(common.copyFailed);
    return false;
  }
}
