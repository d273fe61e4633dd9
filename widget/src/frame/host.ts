/** The frame's end of the conversation with the host page. */
import { accept, type Init, type Preview, type ToFrame, type ToHost } from '../shared/protocol.ts';
import type { Session } from '../shared/types.ts';

export interface HostEvents {
  session(session: Session): void;
  sessionFailed(failure: { status: number; code: string; message: string; retryAfter: number }): void;
  open(open: boolean, full: boolean, focus: boolean): void;
  page(url: Init['page']): void;
  stored(key: string, value: string | null): void;
}

export class Host {
  /** Unknown until the first message that carries the nonce of our own address. */
  private origin: string | null = null;
  private events: HostEvents | null = null;

  constructor(
    private readonly parent: Window,
    private readonly nonce: string,
    begin: (init: Init) => HostEvents,
  ) {
    addEventListener('message', (event) => {
      const origin = this.origin ?? event.origin;
      const message = accept<ToFrame>(event, { window: this.parent, origin, nonce: this.nonce });
      // A page without an origin of its own ("null") could not be answered safely.
      if (!message || !/^https?:/.test(origin)) return;
      if (message.t === 'init') {
        if (this.origin !== null) return;
        this.origin = origin;
        this.post({ t: 'ready' });
        this.events = begin(message);
      } else if (this.events) {
        this.dispatch(message, this.events);
      }
    });
  }

  renew(stale: string | null): void {
    this.post({ t: 'renew', stale });
  }

  close(): void {
    this.post({ t: 'close' });
  }

  store(key: string, value: string | null): void {
    this.post({ t: 'store', key, value });
  }

  unread(count: number, preview: Preview | null): void {
    this.post({ t: 'unread', count, preview });
  }

  message(message: { id: number; from: 'visitor' | 'agent'; name: string; text: string }): void {
    this.post({ t: 'message', ...message });
  }

  error(code: string, message: string): void {
    this.post({ t: 'error', code, message });
  }

  private dispatch(message: Exclude<ToFrame, Init>, events: HostEvents): void {
    if (message.t === 'session') events.session(message.session);
    else if (message.t === 'session-failed') events.sessionFailed(message);
    else if (message.t === 'open') events.open(message.open, message.full, message.focus);
    else if (message.t === 'page') events.page(message.page);
    else if (message.t === 'stored') events.stored(message.key, message.value);
  }

  private post(message: ToHost): void {
    if (this.origin !== null) this.parent.postMessage({ ...message, ism: this.nonce }, this.origin);
  }
}
