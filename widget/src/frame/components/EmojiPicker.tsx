import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useLanguage } from '../language.ts';

const EMOJI = [...'😀😃😄😁😅😂🙂🙃😉😊😍😘😋😎🤔🤗😐🙄😬😴😕🙁😢😭😡😱🤯🤒👍👎👌🙏👏🙌💪👋🤝🤞✌👀💯🔥⭐✨🎉🎁🎂🌹💐💙💚💛💜💔✅❌❓❗⏰📦📷📞💳🚚🛒'];
const COLUMNS = 8;

/** A grid walked with the arrow keys; one stop for Tab. */
export function EmojiPicker({ pick, close }: { pick(emoji: string): void; close(): void }) {
  const { words, dir } = useLanguage();
  const [at, setAt] = useState(0);
  const grid = useRef<HTMLDivElement>(null);

  const focus = (index: number) => {
    setAt(index);
    (grid.current?.children[index] as HTMLElement | undefined)?.focus();
  };
  // Before anything is painted: the next key may already be an arrow.
  useLayoutEffect(() => focus(0), []);

  const onKeyDown = (event: KeyboardEvent) => {
    const forward = dir === 'rtl' ? -1 : 1;
    const step = { ArrowRight: forward, ArrowLeft: -forward, ArrowDown: COLUMNS, ArrowUp: -COLUMNS }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      focus(Math.max(0, Math.min(EMOJI.length - 1, at + step)));
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      close();
    }
  };

  return (
    <div class="emoji" ref={grid} role="group" aria-label={words.emoji} onKeyDown={onKeyDown}>
      {EMOJI.map((emoji, index) => (
        <button key={emoji} type="button" tabIndex={index === at ? 0 : -1} onClick={() => pick(emoji)}>
          {emoji}
        </button>
      ))}
    </div>
  );
}
