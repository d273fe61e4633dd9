import { createContext } from 'svelte';
import { api } from '$lib/api/endpoints';
import { ApiError, errorText } from '$lib/api/client';
import type { Comment, Message, OutgoingContent, UploadedFile } from '$lib/api/types';
import { composer } from '$lib/i18n';

export type Pending = {
  clientId: string;
  contactId: number;
  at: number; // milliseconds
  state: 'waiting' | 'sending' | 'failed';
  error: string | null;
  /** Failed for a reason that passes: tried again by itself when the connection is back. */
  retryWhenOnline: boolean;
  body:
    | {
        kind: 'message';
        channelId: number | null;
        content: OutgoingContent;
        replyTo: { id: number; preview: string } | null;
        file: UploadedFile | null;
      }
    | { kind: 'comment'; text: string };
};

type Deps = {
  send: typeof api.contacts.send;
  comment: typeof api.contacts.comment;
  onMessage: (message: Message) => void;
  onComment: (comment: Comment) => void;
  storage: Pick<Storage, 'getItem' | 'setItem'> | null;
};

/**
 * Messages on their way to the server, one at a time per contact so that they keep their order. The client_id makes
 * every repeat harmless, so an entry survives failures and reloads until the server has answered or the user discards it.
 */
export class Outbox {
  entries = $state<Pending[]>([]);
  readonly #busy = new Set<number>();
  readonly #key: string;

  constructor(
    private readonly workspace: number,
    user: number,
    private readonly deps: Deps
  ) {
    this.#key = `ism.outbox.${user}.${workspace}`;
    this.entries = this.#load();
  }

  of(contactId: number): Pending[] {
    return this.entries.filter((e) => e.contactId === contactId);
  }

  add(contactId: number, body: Pending['body']): void {
    this.entries.push({
      clientId: crypto.randomUUID(),
      contactId,
      at: Date.now(),
      state: 'waiting',
      error: null,
      retryWhenOnline: false,
      body
    });
    this.#save();
    void this.#run(contactId);
  }

  retry(clientId: string): void {
    const entry = this.entries.find((e) => e.clientId === clientId);
    if (!entry || entry.state !== 'failed') return;
    entry.state = 'waiting';
    entry.error = null;
    void this.#run(entry.contactId);
  }

  discard(clientId: string): void {
    const entry = this.entries.find((e) => e.clientId === clientId);
    if (!entry || entry.state === 'sending') return;
    this.#remove(clientId);
    void this.#run(entry.contactId);
  }

  /** The connection is back: whatever failed for want of one goes out now. */
  resume(): void {
    for (const entry of this.entries) {
      if (entry.state === 'failed' && entry.retryWhenOnline) {
        entry.state = 'waiting';
        entry.error = null;
      }
    }
    for (const contactId of new Set(this.entries.map((e) => e.contactId))) void this.#run(contactId);
  }

  async #run(contactId: number): Promise<void> {
    if (this.#busy.has(contactId)) return;
    this.#busy.add(contactId);
    try {
      for (;;) {
        // A failed entry holds back those behind it: they may only make sense after it.
        const entry = this.entries.find((e) => e.contactId === contactId);
        if (!entry || entry.state !== 'waiting') return;
        entry.state = 'sending';
        try {
          await this.#send(entry);
          this.#remove(entry.clientId);
        } catch (error) {
          entry.state = 'failed';
          entry.retryWhenOnline = error instanceof ApiError && error.isTemporary;
          entry.error =
            error instanceof ApiError && error.isNetwork ? composer.notSentOffline : errorText(error);
          return;
        }
      }
    } finally {
      this.#busy.delete(contactId);
    }
  }

  async #send(entry: Pending): Promise<void> {
    const { body, clientId, contactId } = entry;
    if (body.kind === 'comment') {
      this.deps.onComment(
        await this.deps.comment(this.workspace, contactId, { client_id: clientId, text: body.text })
      );
      return;
    }
    this.deps.onMessage(
      await this.deps.send(this.workspace, contactId, {
        client_id: clientId,
        content: $state.snapshot(body.content) as OutgoingContent,
        ...(body.channelId === null ? {} : { channel_id: body.channelId }),
        ...(body.replyTo ? { reply_to: body.replyTo.id } : {})
      })
    );
  }

  #remove(clientId: string): void {
    this.entries = this.entries.filter((e) => e.clientId !== clientId);
    this.#save();
  }

  #load(): Pending[] {
    try {
      const parsed: unknown = JSON.parse(this.deps.storage?.getItem(this.#key) ?? '[]');
      if (!Array.isArray(parsed)) return [];
      return (parsed as Pending[]).map((entry) => ({
        ...entry,
        state: 'failed',
        error: composer.notConfirmed,
        retryWhenOnline: false
      }));
    } catch {
      return [];
    }
  }

  #save(): void {
    try {
      this.deps.storage?.setItem(this.#key, JSON.stringify(this.entries));
    } catch {
      // Without storage an unsent message lasts as long as the page.
    }
  }
}

export const [getOutbox, setOutbox] = createContext<() => Outbox>();
