/**
 * What the visitor sent and the server has not confirmed yet. Texts are kept in storage and go out in order, again and
 * again with the same `client_id` until the server has them; files can't be stored and live as long as the page.
 */
import type { Attachment, OutgoingContent, Page, WidgetMessage } from '../shared/types.ts';
import { ApiError, type Upload } from './api.ts';
import { backoff } from './backoff.ts';

export interface Pending {
  client_id: string;
  /** Milliseconds since 1970. */
  at: number;
  /** `null` while its file is not uploaded yet. */
  content: OutgoingContent | null;
  page: Page;
  state: 'waiting' | 'sending' | 'failed';
  /** Code and sentence of what went wrong for good. */
  error?: { status: number; message: string };
  file?: { file: File; share: number; preview: string | null };
}

export interface OutboxOptions {
  send(clientId: string, content: OutgoingContent, page: Page): Promise<WidgetMessage>;
  upload(file: File, progress: (share: number) => void): Upload;
  store(key: string, value: string | null): void;
  sent(message: WidgetMessage): void;
  changed(): void;
}

export class Outbox {
  items: readonly Pending[] = [];
  private readonly uploads = new Map<string, Upload>();
  private readonly running = { text: false, file: false };
  private retry: ReturnType<typeof setTimeout> | undefined;
  private tries = 0;

  constructor(private readonly options: OutboxOptions) {}

  /** Takes up what an earlier page could not send. */
  restore(stored: Record<string, string>): void {
    const found: Pending[] = [];
    for (const [key, value] of Object.entries(stored)) {
      if (!key.startsWith('q:')) continue;
      try {
        const { at, content, page } = JSON.parse(value) as Pending;
        if (content) found.push({ client_id: key.slice(2), at, content, page, state: 'waiting' });
      } catch {
        this.options.store(key, null);
      }
    }
    this.items = found.sort((a, b) => a.at - b.at);
  }

  add(content: OutgoingContent, page: Page): void {
    const item: Pending = { client_id: uuid(), at: Date.now(), content, page, state: 'waiting' };
    this.options.store(`q:${item.client_id}`, JSON.stringify({ at: item.at, content, page }));
    this.set([...this.items, item]);
    this.flush();
  }

  addFile(file: File, page: Page): void {
    const preview = /^image\/(png|jpeg|gif|webp)$/.test(file.type) ? URL.createObjectURL(file) : null;
    const item: Pending = { client_id: uuid(), at: Date.now(), content: null, page, state: 'waiting', file: { file, share: 0, preview } };
    this.set([...this.items, item]);
    this.flush();
  }

  again(clientId: string): void {
    this.update(clientId, (item) => {
      const { error: _, ...rest } = item;
      return { ...rest, state: 'waiting' };
    });
    this.flush();
  }

  /** Takes an item back, or learns that the server has it. */
  remove(clientId: string): void {
    const item = this.items.find((one) => one.client_id === clientId);
    if (!item) return;
    this.options.store(`q:${clientId}`, null);
    this.set(this.items.filter((one) => one !== item));
    if (item.file?.preview) URL.revokeObjectURL(item.file.preview);
    this.uploads.get(clientId)?.cancel();
    this.uploads.delete(clientId);
  }

  /** Sends what waits. Texts don't wait for uploads, so each kind has a lane of its own. */
  flush(): void {
    clearTimeout(this.retry);
    void this.run('text');
    void this.run('file');
  }

  /** Network or session are back: don't wait out the pause. */
  nudge(): void {
    this.tries = 0;
    this.flush();
  }

  private async run(lane: 'text' | 'file'): Promise<void> {
    if (this.running[lane]) return;
    this.running[lane] = true;
    try {
      for (;;) {
        const next = this.items.find((item) => item.state === 'waiting' && (item.file ? 'file' : 'text') === lane);
        if (!next || !(await this.deliver(next))) return;
      }
    } finally {
      this.running[lane] = false;
    }
  }

  /** Whether to go on with the next. */
  private async deliver(item: Pending): Promise<boolean> {
    const { client_id: id } = item;
    this.update(id, (now) => ({ ...now, state: 'sending' }));
    try {
      const content = item.content ?? (await this.deliverFile(item));
      const message = await this.options.send(id, content, item.page);
      // Taken back in the meantime, and yet it went.
      this.options.sent(message);
      this.remove(id);
      this.tries = 0;
      return true;
    } catch (error) {
      const failure = error instanceof ApiError ? error : new ApiError(0, 'unreachable', String(error));
      if (failure.passing || failure.status === 401) {
        this.update(id, (now) => ({ ...now, state: 'waiting' }));
        clearTimeout(this.retry);
        this.retry = setTimeout(() => this.flush(), Math.max(failure.retryAfter, backoff(this.tries++)));
        return false;
      }
      this.update(id, (now) => ({ ...now, state: 'failed', error: { status: failure.status, message: failure.message } }));
      return true;
    }
  }

  private async deliverFile(item: Pending): Promise<OutgoingContent> {
    const upload = this.options.upload(item.file!.file, (share) => {
      this.update(item.client_id, (now) => ({ ...now, file: { ...now.file!, share } }));
    });
    this.uploads.set(item.client_id, upload);
    const attachment: Attachment = await upload.done.finally(() => this.uploads.delete(item.client_id));
    const content: OutgoingContent = { type: 'attachment', attachment: { id: attachment.id ?? 0 } };
    // Should sending fail, the file need not be uploaded again.
    this.update(item.client_id, (now) => ({ ...now, content }));
    return content;
  }

  private update(clientId: string, change: (item: Pending) => Pending): void {
    this.set(this.items.map((item) => (item.client_id === clientId ? change(item) : item)));
  }

  private set(items: readonly Pending[]): void {
    this.items = items;
    this.options.changed();
  }
}

/** `crypto.randomUUID` exists on https only; a chat server tried out on a plain local address has to do without. */
function uuid(): string {
  if ('randomUUID' in crypto) return crypto.randomUUID();
  const bytes = (crypto as Crypto).getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
