import { createContext } from 'svelte';
import type { ContactChannel, ContactDetail, Message } from '$lib/api/types';

/** What the parts of one open contact share. */
export interface Console {
  readonly id: number;
  readonly detail: ContactDetail;
  readonly channels: ContactChannel[];
  quote(message: Message): void;
  jumpTo(messageId: number): void;
  openImages(images: LightboxImage[], index: number): void;
  /** Counts up when this user sends, so that the timeline shows what was sent. */
  readonly sent: number;
}

export type LightboxImage = { url: string; name: string; caption: string };

export const [getConsole, setConsole] = createContext<Console>();
