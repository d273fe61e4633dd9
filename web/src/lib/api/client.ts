import { common } from '$lib/i18n';

/** What went wrong with a request, in a sentence that may be shown as it is. */
export class ApiError extends Error {
  override name = 'ApiError';
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly field: string | null = null,
    readonly details: Record<string, unknown> = {}
  ) {
    super(message);
  }

  /** The request may have reached the server: only a repeat with the same client_id is safe. */
  get isNetwork(): boolean {
    // 502 and 504 are a proxy speaking for a server it could not reach.
    return this.status === 0 || this.status === 502 || this.status === 504;
  }

  get isTemporary(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export function errorText(error: unknown): string {
  return error instanceof ApiError ? error.message : common.errors.unexpected;
}

/** The message belongs beside this field of a form, when the server named one. */
export function fieldErrors(error: unknown): Record<string, string> {
  return error instanceof ApiError && error.field ? { [error.field]: error.message } : {};
}

let onSessionLost: () => void = () => {};

export function setSessionLostHandler(handler: () => void): void {
  onSessionLost = handler;
}

export function errorFromResponse(status: number, body: string, retryAfter: string | null): ApiError {
  try {
    const parsed = JSON.parse(body) as { error?: Record<string, unknown> };
    const error = parsed.error;
    if (error && typeof error.message === 'string') {
      return new ApiError(
        status,
        typeof error.code === 'string' ? error.code : 'unknown',
        error.message,
        typeof error.field === 'string' ? error.field : null,
        error
      );
    }
  } catch {
    // A proxy in between may answer with a page of HTML; the status then has to do.
  }
  const wait = Number(retryAfter);
  if (status === 429 || status === 503) {
    return new ApiError(status, 'busy', wait > 0 ? common.errors.busyFor(wait) : common.errors.busy);
  }
  if (status === 403) return new ApiError(status, 'forbidden', common.errors.forbidden);
  if (status === 404) return new ApiError(status, 'not_found', common.errors.notFound);
  if (status === 413) return new ApiError(status, 'too_large', common.errors.tooLarge);
  if (status >= 500) return new ApiError(status, 'server', common.errors.server);
  return new ApiError(status, 'unknown', common.errors.unexpected);
}

/** 401 means the session ended, except where a password was just refused. */
export function reportStatus(status: number, path: string): void {
  if (status === 401 && !/^\/api\/(session|invitations)\b/.test(path)) onSessionLost();
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export async function request<T>(
  method: Method,
  path: string,
  body?: unknown,
  signal?: AbortSignal
): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-ISM-Client'] = 'web';
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ?? null,
      credentials: 'same-origin'
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, 'network', common.errors.network);
  }
  const text = await response.text().catch(() => '');
  if (!response.ok) {
    reportStatus(response.status, path);
    throw errorFromResponse(response.status, text, response.headers.get('Retry-After'));
  }
  if (text === '') return undefined as T;
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(response.status, 'not_json', common.errors.server);
  }
}

export function query(params: Record<string, string | number | boolean | null | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== '' && value !== false)
      search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}
