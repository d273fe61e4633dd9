import { createContext } from 'svelte';
import type { Channel, Contact, Permission, Session, SessionUser, User, Workspace } from '$lib/api/types';
import type { Realtime } from '$lib/realtime/store.svelte';
import type { Drafts } from './drafts';
import type { Outbox } from './outbox.svelte';

/** What every page inside a workspace may ask for. */
export interface App {
  readonly id: number;
  readonly me: SessionUser;
  readonly session: Session;
  readonly workspace: Workspace;
  /** Everyone who ever was here, to name what they did. */
  readonly users: User[];
  /** Those who are here now, to choose from. */
  readonly members: User[];
  readonly channels: Channel[];
  readonly channelsLoaded: boolean;
  readonly realtime: Realtime;
  readonly outbox: Outbox;
  readonly drafts: Drafts;
  can(permission: Permission): boolean;
  href(path: string): string;
  /** Takes over a contact from the answer to a request of ours. */
  took(contact: Contact): void;
}

export const [getApp, setApp] = createContext<App>();
