/**
 * What the loader (host page) and the frame (our origin) tell each other by `postMessage`.
 *
 * The loader puts a random nonce into the fragment of the iframe's address; fragments never leave the browser. Every
 * message carries it, goes to an explicit origin, and is dropped unless window, origin and nonce are the expected ones.
 */
import type { Page, Session, WidgetConfig } from './types.ts';

export interface Init {
  t: 'init';
  config: WidgetConfig;
  locale: string;
  open: boolean;
  /** The panel covers the whole screen. */
  full: boolean;
  page: Page;
  session: Session | null;
  stored: Record<string, string>;
}

export type ToFrame =
  | Init
  | { t: 'session'; session: Session }
  | { t: 'session-failed'; status: number; code: string; message: string; retryAfter: number }
  | { t: 'open'; open: boolean; full: boolean; focus: boolean }
  | { t: 'page'; page: Page }
  /** Another tab changed a stored value. */
  | { t: 'stored'; key: string; value: string | null };

export interface Preview {
  id: number;
  name: string;
  text: string;
}

export type ToHost =
  | { t: 'ready' }
  /** A session is needed; `stale` is the token that was refused, if any. */
  | { t: 'renew'; stale: string | null }
  | { t: 'close' }
  /** Keep a value in the host page's storage. */
  | { t: 'store'; key: string; value: string | null }
  | { t: 'unread'; count: number; preview: Preview | null }
  | { t: 'message'; id: number; from: 'visitor' | 'agent'; name: string; text: string }
  | { t: 'error'; code: string; message: string };

export type Envelope<M> = M & { ism: string };

export interface Peer {
  window: unknown;
  origin: string;
  nonce: string;
}

/** The message, if it truly comes from this peer. */
export function accept<M extends { t: string }>(event: MessageEvent, peer: Peer): M | null {
  if (event.source !== peer.window || event.origin !== peer.origin) return null;
  const data: unknown = event.data;
  if (typeof data !== 'object' || data === null) return null;
  const { ism, t } = data as { ism?: unknown; t?: unknown };
  // The empty nonce stands for "not yet agreed"; it must never match.
  if (typeof t !== 'string' || peer.nonce === '' || ism !== peer.nonce) return null;
  return data as M;
}

/** Names a frame may keep in the host page's storage. */
export function isStorable(key: string): boolean {
  return /^(read|draft|active|q:[0-9a-f-]{36})$/.test(key);
}
