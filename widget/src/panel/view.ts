/** Unread badge, unread preview and the panel's box, drawn beside the launcher in its shadow root. */
import type { Preview } from '../shared/protocol.ts';
import type { Launcher } from '../loader/launcher.ts';
import { strings, type Strings } from './strings.ts';
import { CSS } from './style.ts';

function element<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, parent: Node): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.className = className;
  parent.appendChild(made);
  return made;
}

export interface Actions {
  open(): void;
  close(): void;
  dismiss(): void;
  retry(): void;
}

export class View {
  private readonly root: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly badge: HTMLElement;
  private readonly preview: HTMLElement;
  private readonly previewName: HTMLElement;
  private readonly previewText: HTMLElement;
  private readonly panel: HTMLElement;
  private readonly failure: HTMLElement;
  private readonly words: Strings;
  private covering = false;
  private overflow = '';

  constructor(launcher: Launcher, actions: Actions) {
    const { root, button } = launcher;
    this.root = root;
    this.button = button;
    this.words = strings(launcher.locale());
    launcher.style(CSS);

    this.preview = element('div', 'v', root);
    this.preview.hidden = true;
    const message = element('button', 'm', this.preview);
    this.previewName = element('b', '', message);
    this.previewText = element('span', '', message);
    this.previewText.dir = 'auto';
    message.onclick = actions.open;
    const dismiss = element('button', 'x', this.preview);
    dismiss.textContent = '✕';
    dismiss.setAttribute('aria-label', this.words.dismiss);
    dismiss.onclick = actions.dismiss;

    this.badge = element('span', 'b', button);
    this.badge.setAttribute('aria-hidden', 'true');

    this.panel = element('div', 'p', root);
    this.panel.id = 'p';
    this.failure = element('div', 'e', this.panel);
    this.failure.setAttribute('role', 'alert');
    this.failure.hidden = true;
    this.failure.textContent = this.words.failed;
    const retry = element('button', '', this.failure);
    retry.textContent = this.words.retry;
    retry.onclick = actions.retry;

    root.onkeydown = (event) => {
      if (event.key === 'Escape') actions.close();
    };
  }

  opened(open: boolean, full: boolean): void {
    this.root.classList.toggle('o', open);
    this.root.classList.toggle('f', full);
    this.button.setAttribute('aria-expanded', String(open));
    this.label();
    // A full-screen panel is modal: the page behind must not take focus or scroll.
    const covering = open && full;
    if (covering === this.covering) return;
    this.covering = covering;
    const { style } = document.documentElement;
    if (covering) this.overflow = style.overflow;
    document.body.inert = covering;
    style.overflow = covering ? 'hidden' : this.overflow;
  }

  unread(count: number, preview: Preview | null): void {
    this.badge.textContent = count > 99 ? '99+' : count > 0 ? String(count) : '';
    this.preview.hidden = count === 0 || !preview;
    if (preview) {
      this.previewName.textContent = preview.name;
      this.previewText.textContent = preview.text;
    }
    this.label();
  }

  /** Keeps a full-screen panel above the on-screen keyboard. */
  fit(): void {
    const port = visualViewport;
    if (!port) return;
    this.root.style.setProperty('--h', `${port.height}px`);
    this.root.style.setProperty('--y', `${port.offsetTop}px`);
  }

  frame(src: string): HTMLIFrameElement {
    const frame = document.createElement('iframe');
    frame.title = this.words.chat;
    frame.allow = 'clipboard-write';
    frame.src = src;
    this.panel.prepend(frame);
    return frame;
  }

  ready(ready: boolean, failed = false): void {
    this.root.classList.toggle('r', ready);
    this.failure.hidden = !failed;
  }

  focusLauncher(): void {
    this.button.focus();
  }

  private label(): void {
    const count = this.badge.textContent;
    if (this.root.classList.contains('o')) this.button.setAttribute('aria-label', this.words.close);
    else this.button.setAttribute('aria-label', count ? `${this.words.open} (${this.words.unread}: ${count})` : this.words.open);
  }
}
