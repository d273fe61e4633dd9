import { Fragment } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Chat, ChatState } from '../chat.ts';
import { useLanguage } from '../language.ts';
import { openReplies } from '../timeline.ts';
import { Bubble, PendingBubble } from './Bubble.tsx';
import { Icon } from './icons.tsx';

const NEAR_PX = 80;
/** A pause this long starts a new group of bubbles. */
const PAUSE_US = 5 * 60_000_000;

/** The conversation, oldest on top; stays at the bottom unless the visitor has scrolled up to read. */
export function Log({ chat, state, greeting, name }: { chat: Chat; state: ChatState; greeting: string; name: string }) {
  const { words, day } = useLanguage();
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const fromEnd = useRef(0);
  const oldest = useRef<number | undefined>(undefined);
  const [missed, setMissed] = useState(false);
  const { messages, pending, typing } = state;
  const newest = messages[messages.length - 1];

  const scrollToEnd = () => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const first = messages[0]?.id;
    const prepended = oldest.current !== undefined && first !== undefined && first < oldest.current;
    oldest.current = first;
    if (atEnd.current) scrollToEnd();
    else if (prepended) element.scrollTop = element.scrollHeight - fromEnd.current;
  }, [messages, pending, typing, state.loaded]);

  // What the visitor sends brings them to the end; what an agent sends is only announced to someone reading further up.
  const sent = pending.length;
  useEffect(() => {
    if (sent > 0) scrollToEnd();
  }, [sent]);
  useEffect(() => {
    if (newest?.from === 'agent' && !atEnd.current) setMissed(true);
  }, [newest?.id, newest?.from]);

  // Pictures that load and keyboards that open change heights without a new message.
  useEffect(() => {
    const element = box.current;
    if (!element || typeof ResizeObserver === 'undefined') return;
    const observer = new ResizeObserver(() => atEnd.current && scrollToEnd());
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, []);

  const scrolled = () => {
    const element = box.current!;
    fromEnd.current = element.scrollHeight - element.scrollTop;
    atEnd.current = fromEnd.current - element.clientHeight < NEAR_PX;
    if (atEnd.current) setMissed(false);
    if (element.scrollTop < NEAR_PX) void chat.older();
  };

  const replies = openReplies(messages);
  return (
    <div class="logbox">
      {/* Focusable, so that the keyboard can scroll it. */}
      <div class="log" ref={box} onScroll={scrolled} role="log" aria-live={state.loaded ? 'polite' : 'off'} aria-busy={!state.loaded || state.loadingOlder} aria-label={name} tabIndex={0}>
        <div class="lines">
          {state.loadingOlder && <p class="hint">{words.older}…</p>}
          {greeting && state.nextBefore === null && (
            <div class="row theirs first">
              <span class="avatar" aria-hidden="true">{[...name][0]?.toUpperCase()}</span>
              <div class="stack">
                <div class="bubble">
                  <p class="text" dir="auto">{greeting}</p>
                </div>
              </div>
            </div>
          )}
          {!state.loaded && (
            <div class="skeleton">
              <span class="hidden">{words.loading}</span>
              <i /><i /><i />
            </div>
          )}
          {messages.map((message, index) => {
            const before = messages[index - 1];
            const after = messages[index + 1];
            const when = message.at / 1000;
            const newDay = day(when) !== (before ? day(before.at / 1000) : words.today);
            const follows = (a: typeof message | undefined, b: typeof message | undefined) =>
              a !== undefined && b !== undefined && a.from === b.from && a.agent_name === b.agent_name && b.at - a.at < PAUSE_US;
            return (
              <Fragment key={message.id}>
                {newDay && <p class="day">{day(when)}</p>}
                <Bubble message={message} first={newDay || !follows(before, message)} last={!follows(message, after)} />
                {message.id === replies && message.content.type === 'quick_reply' && (
                  <div class="replies">
                    {message.content.replies.map((reply) => (
                      <button key={reply} dir="auto" disabled={pending.some((item) => item.content?.type === 'postback' && item.state !== 'failed')} onClick={() => chat.send({ type: 'postback', title: reply, payload: reply })}>
                        {reply}
                      </button>
                    ))}
                  </div>
                )}
              </Fragment>
            );
          })}
          {pending.map((item) => (
            <PendingBubble key={item.client_id} item={item} retry={(id) => chat.retry(id)} discard={(id) => chat.discard(id)} />
          ))}
          {typing && (
            <div class="row theirs first">
              <span class="gap" />
              <div class="bubble dots" role="status">
                <span class="hidden">{`${lastAgent(state) ?? words.someone} ${words.typing}`}</span>
                <i /><i /><i />
              </div>
            </div>
          )}
        </div>
      </div>
      {missed && (
        <button class="missed" onClick={scrollToEnd}>
          <Icon name="down" size={14} /> {words.newer}
        </button>
      )}
    </div>
  );
}

function lastAgent({ messages }: ChatState): string | null {
  for (let index = messages.length - 1; index >= 0; index--) {
    const name = messages[index]!.agent_name;
    if (name) return name;
  }
  return null;
}
