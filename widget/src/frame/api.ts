/** Calls to `/widget/v1`, on our own origin; the token travels in a header, never in an address. */
import type { Attachment, OutgoingContent, Page, WidgetMessage } from '../shared/types.ts';

export class ApiError extends Error {
  constructor(
    /** 0 = no answer. */
    readonly status: number,
    readonly code: string,
    message: string,
    /** Milliseconds the server asked us to wait. */
    readonly retryAfter = 0,
  ) {
    super(message);
  }

  /** Whether the same call may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export interface MessagePage {
  items: WidgetMessage[];
  next_before: number | null;
  seq: number;
  read_up_to: number | null;
}

export interface TokenSource {
  /** The current token, made if there is none. */
  token(): Promise<string>;
  /** Another one, because this one was refused. */
  renewed(stale: string): Promise<string>;
}

export interface Upload {
  done: Promise<Attachment>;
  cancel(): void;
}

export class Api {
  constructor(private readonly tokens: TokenSource) {}

  messages(before: number | null): Promise<MessagePage> {
    return this.call('GET', `messages?limit=30${before === null ? '' : `&before=${before}`}`);
  }

  send(clientId: string, content: OutgoingContent, page: Page): Promise<WidgetMessage> {
    return this.call('POST', 'messages', { client_id: clientId, content, page });
  }

  read(upTo: number): Promise<unknown> {
    return this.call('POST', 'read', { up_to: upTo });
  }

  /** By XMLHttpRequest, as fetch does not tell the progress of what it sends. */
  upload(file: File, progress: (share: number) => void): Upload {
    let cancelled = false;
    let request: XMLHttpRequest | null = null;
    const once = (token: string) =>
      new Promise<Attachment>((resolve, reject) => {
        if (cancelled) return reject(new ApiError(499, 'cancelled', 'The upload was cancelled.'));
        const xhr = new XMLHttpRequest();
        request = xhr;
        xhr.open('POST', '/widget/v1/attachments');
        xhr.setRequestHeader('authorization', `Bearer ${token}`);
        xhr.responseType = 'json';
        xhr.upload.onprogress = (event) => {
          if (event.lengthComputable) progress(event.loaded / event.total);
        };
        xhr.onload = () => {
          if (xhr.status >= 200 && xhr.status < 300 && xhr.response) resolve(xhr.response as Attachment);
          else reject(failure(xhr.status, xhr.response, xhr.getResponseHeader('retry-after')));
        };
        xhr.onerror = () => reject(unreachable());
        xhr.onabort = () => reject(new ApiError(499, 'cancelled', 'The upload was cancelled.'));
        const form = new FormData();
        form.append('file', file, file.name);
        xhr.send(form);
      });
    const done = this.authorised(once);
    return {
      done,
      cancel() {
        cancelled = true;
        request?.abort();
      },
    };
  }

  private call<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.authorised(async (token) => {
      const headers: Record<string, string> = { authorization: `Bearer ${token}` };
      if (body !== undefined) headers['content-type'] = 'application/json';
      let response: Response;
      try {
        response = await fetch(`/widget/v1/${path}`, { method, headers, credentials: 'omit', ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      } catch {
        throw unreachable();
      }
      const text = await response.text().catch(() => '');
      const answer = parse(text);
      if (!response.ok) throw failure(response.status, answer, response.headers.get('retry-after'));
      // A 2xx that isn't ours comes from something in between.
      if (text !== '' && answer === undefined) throw unreachable();
      return answer as T;
    });
  }

  /** Once more with a new token if this one is no good. */
  private async authorised<T>(attempt: (token: string) => Promise<T>): Promise<T> {
    const token = await this.tokens.token();
    try {
      return await attempt(token);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      return attempt(await this.tokens.renewed(token));
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unreachable(): ApiError {
  return new ApiError(0, 'unreachable', 'The chat server cannot be reached.');
}

function failure(status: number, answer: unknown, retryAfter: string | null): ApiError {
  const error = (answer as { error?: { code?: string; message?: string } } | null | undefined)?.error;
  return new ApiError(status, error?.code ?? 'failed', error?.message ?? 'The chat server refused the request.', (Number(retryAfter) || 0) * 1000);
}
