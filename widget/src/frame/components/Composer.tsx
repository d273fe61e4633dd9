import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chat, ChatState } from '../chat.ts';
import { useLanguage } from '../language.ts';
import { EmojiPicker } from './EmojiPicker.tsx';
import { Icon } from './icons.tsx';

const MAX_TEXT = 4000;

export function Composer({ chat, state }: { chat: Chat; state: ChatState }) {
  const { words } = useLanguage();
  const [text, setText] = useState(chat.draft);
  const [picking, setPicking] = useState(false);
  const input = useRef<HTMLTextAreaElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const empty = text.trim() === '';

  // On a phone the keyboard would cover what there is to read; there the visitor taps first.
  useEffect(() => {
    if (state.open && state.focus > 0 && !matchMedia('(pointer: coarse)').matches) input.current?.focus();
  }, [state.focus, state.open]);

  useLayoutEffect(() => {
    const element = input.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight, 132)}px`;
  }, [text]);

  const change = (next: string) => {
    setText(next);
    chat.typed(next);
  };

  const submit = () => {
    if (empty) return;
    chat.send({ type: 'text', text: text.trim() });
    change('');
    setPicking(false);
    input.current?.focus();
  };

  const attach = (list: FileList | null | undefined) => {
    for (const file of list ?? []) chat.sendFile(file);
  };

  const insert = (emoji: string) => {
    const element = input.current!;
    const { selectionStart: from, selectionEnd: to } = element;
    const next = text.slice(0, from) + emoji + text.slice(to);
    if (next.length > MAX_TEXT) return;
    change(next);
    setPicking(false);
    element.focus();
    requestAnimationFrame(() => element.setSelectionRange(from + emoji.length, from + emoji.length));
  };

  const closePicker = () => {
    setPicking(false);
    input.current?.focus();
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      {picking && <EmojiPicker pick={insert} close={closePicker} />}
      <textarea
        ref={input}
        rows={1}
        // The placeholder follows the page's direction, what is written its own.
        dir={text === '' ? undefined : 'auto'}
        value={text}
        maxLength={MAX_TEXT}
        placeholder={words.write}
        aria-label={words.write}
        enterkeyhint="send"
        autocomplete="off"
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          // While an input method composes, Enter belongs to it.
          if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && event.keyCode !== 229) {
            event.preventDefault();
            submit();
          }
        }}
        onPaste={(event) => {
          const pasted = event.clipboardData?.files;
          if (!pasted || pasted.length === 0) return;
          event.preventDefault();
          attach(pasted);
        }}
      />
      <div class="tools">
        <input
          ref={files}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            attach(event.currentTarget.files);
            event.currentTarget.value = '';
          }}
        />
        <button type="button" class="tool" aria-label={words.attach} title={words.attach} onClick={() => files.current?.click()}>
          <Icon name="attach" />
        </button>
        <button type="button" class="tool" aria-label={words.emoji} title={words.emoji} aria-expanded={picking} onClick={() => setPicking(!picking)}>
          <Icon name="emoji" />
        </button>
        <button type="submit" class="send" aria-label={words.send} title={words.send} disabled={empty}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}
