/** The two calls the host page itself makes; their `Origin` is what the server checks against the channel's allow-list. */
import type { HostUser, Page, SessionAnswer, WidgetConfig } from '../shared/types.ts';

export interface Refused {
  /** 0 = the server could not be reached. */
  status: number;
  code: string;
  message: string;
  /** Seconds the server asked us to wait. */
  retryAfter: number;
}

async function call<T>(url: string, init: RequestInit): Promise<T> {
  const refused: Refused = { status: 0, code: 'unreachable', message: 'The chat server cannot be reached.', retryAfter: 0 };
  let body: unknown;
  try {
    const response = await fetch(url, { ...init, credentials: 'omit', referrerPolicy: 'origin' });
    refused.status = response.status;
    refused.retryAfter = Number(response.headers.get('retry-after')) || 0;
    body = await response.json();
    if (response.ok) return body as T;
  } catch {
    // An answer that isn't JSON comes from something in between, such as a proxy: as good as unreachable.
    if (refused.status < 400) refused.status = 0;
  }
  throw Object.assign(refused, (body as { error?: object } | undefined)?.error);
}

export function fetchConfig(base: string, key: string): Promise<WidgetConfig> {
  return call(`${base}/widget/v1/config?key=${encodeURIComponent(key)}`, {});
}

export interface SessionRequest {
  key: string;
  token?: string;
  page: Page;
  locale: string;
  tz: string;
  user?: HostUser;
}

export function postSession(base: string, request: SessionRequest): Promise<SessionAnswer> {
  return call(`${base}/widget/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
}
