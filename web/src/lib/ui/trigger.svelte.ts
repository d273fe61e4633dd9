import { createAttachmentKey } from 'svelte/attachments';

/**
 * The button that opens an overlay. It is an ordinary button from the start; the overlay's code is loaded when it is
 * first pointed at or opened, which keeps the overlay library out of the first load.
 */
export class Trigger {
  anchor = $state.raw<HTMLElement | null>(null);
  readonly #key = createAttachmentKey();
  /** Once wanted, the overlay stays mounted and only opens and closes. */
  wanted = $state(false);

  // One function for good: an attachment that changes is undone and done again.
  readonly #attach = (node: HTMLElement) => {
    this.anchor = node;
    return () => (this.anchor = null);
  };

  props(popup: 'menu' | 'dialog' | 'listbox', open: boolean, set: (open: boolean) => void) {
    const want = () => (this.wanted = true);
    return {
      [this.#key]: this.#attach,
      'aria-haspopup': popup,
      'aria-expanded': open,
      onpointerenter: want,
      onfocus: want,
      onclick: () => {
        want();
        set(!open);
      },
      onkeydown: (event: KeyboardEvent) => {
        if (popup !== 'menu' || open || (event.key !== 'ArrowDown' && event.key !== 'ArrowUp')) return;
        event.preventDefault();
        want();
        set(true);
      }
    };
  }
}
