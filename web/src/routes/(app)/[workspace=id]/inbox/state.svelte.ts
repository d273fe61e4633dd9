import { createContext } from 'svelte';
import type { Contact, InboxFilter } from '$lib/api/types';
import { defaultFilter, storedFilter, storeFilter } from '$lib/stores/prefs.svelte';

/** What the list shows, shared by the inbox's parts and remembered per user. */
export class InboxView {
  filter = $state<InboxFilter>({ ...defaultFilter });
  /** The loaded rows, in the order shown; the keyboard moves through them. */
  rows = $state.raw<Contact[]>([]);

  constructor(
    private readonly user: number,
    private readonly workspace: number
  ) {
    this.filter = storedFilter(user, workspace);
  }

  change(part: Partial<InboxFilter>): void {
    this.filter = { ...this.filter, ...part };
    storeFilter(this.user, this.workspace, this.filter);
  }

  /** A search looks through everyone, whatever list it was begun in. */
  get asked(): InboxFilter {
    return this.filter.q ? { ...defaultFilter, status: 'all', q: this.filter.q } : this.filter;
  }

  get isFiltered(): boolean {
    return this.filter.status !== defaultFilter.status || this.filter.unreplied;
  }
}

export const [getInboxView, setInboxView] = createContext<InboxView>();
