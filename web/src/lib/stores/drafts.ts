import type { UploadedFile } from '$lib/api/types';

export type Draft = {
  text: string;
  comment: string;
  mode: 'message' | 'comment';
  /** null: follow the last channel the contact used. */
  channel: number | null;
  files: UploadedFile[];
  replyTo: { id: number; preview: string } | null;
  at: number;
};

export const emptyDraft = (): Draft => ({
  text: '',
  comment: '',
  mode: 'message',
  channel: null,
  files: [],
  replyTo: null,
  at: 0
});

type Stored = Record<string, Draft>;

const KEEP = 200;
const KEEP_FOR = 30 * 24 * 3_600_000;

/** What was typed but not sent, per contact, kept over reloads and sign-ins of the same user. */
export class Drafts {
  readonly #key: string;

  constructor(
    user: number,
    workspace: number,
    private readonly storage: Pick<Storage, 'getItem' | 'setItem'>
  ) {
    this.#key = `ism.drafts.${user}.${workspace}`;
  }

  get(contact: number): Draft {
    return { ...emptyDraft(), ...this.#read()[contact] };
  }

  set(contact: number, draft: Omit<Draft, 'at'>, now: number): void {
    const all = this.#read();
    const worthKeeping =
      draft.text.trim() !== '' || draft.comment.trim() !== '' || draft.files.length > 0 || draft.replyTo;
    if (worthKeeping) all[contact] = { ...draft, at: now };
    else if (contact in all) delete all[contact];
    else return;
    this.#write(all, now);
  }

  has(contact: number): boolean {
    return contact in this.#read();
  }

  #read(): Stored {
    try {
      const parsed: unknown = JSON.parse(this.storage.getItem(this.#key) ?? '{}');
      return parsed && typeof parsed === 'object' ? (parsed as Stored) : {};
    } catch {
      return {};
    }
  }

  #write(all: Stored, now: number): void {
    const kept = Object.entries(all)
      .filter(([, draft]) => now - draft.at < KEEP_FOR)
      .sort(([, a], [, b]) => b.at - a.at)
      .slice(0, KEEP);
    try {
      this.storage.setItem(this.#key, JSON.stringify(Object.fromEntries(kept)));
    } catch {
      // A full storage costs the draft's survival of a reload, not the draft.
    }
  }
}
