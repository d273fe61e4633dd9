import type { WidgetMessage } from '../../shared/types.ts';
import type { Pending } from '../outbox.ts';
import { useLanguage } from '../language.ts';
import { isEmojiOnly } from '../text.ts';
import { ContentView } from './ContentView.tsx';
import { Icon } from './icons.tsx';

export interface Grouping {
  /** First and last of a run of messages of the same side. */
  first: boolean;
  last: boolean;
}

export function Bubble({ message, first, last }: { message: WidgetMessage } & Grouping) {
  const { words, time } = useLanguage();
  const mine = message.from === 'visitor';
  const name = mine ? words.you : message.agent_name || words.someone;
  const bare = !message.deleted && isBare(message.content);
  const when = Math.floor(message.at / 1000);
  return (
    <div class={`row ${mine ? 'mine' : 'theirs'}${first ? ' first' : ''}`}>
      {!mine && (last ? <span class="avatar" aria-hidden="true">{initial(name)}</span> : <span class="gap" />)}
      <div class="stack">
        {first && <span class={mine ? 'hidden' : 'name'} dir="auto">{name}</span>}
        <div class={bare ? 'bubble bare' : 'bubble'}>{message.deleted ? <p class="note">{words.deleted}</p> : <ContentView content={message.content} />}</div>
        {(last || message.edited) && (
          <span class="meta">
            {message.edited && !message.deleted && <>{words.edited} · </>}
            <time dateTime={new Date(when).toISOString()}>{time(when)}</time>
            {mine && <Ticks status={message.status} />}
          </span>
        )}
      </div>
    </div>
  );
}

/** Pictures and large emoji speak for themselves. */
function isBare(content: WidgetMessage['content']): boolean {
  if (content.type === 'text') return isEmojiOnly(content.text);
  return content.type === 'attachment' && content.attachment.kind !== 'file' && (content.attachment.state ?? 'ready') === 'ready';
}

function Ticks({ status }: { status: WidgetMessage['status'] }) {
  const { words } = useLanguage();
  return (
    <span class={`ticks ${status}`} title={words[status]}>
      <Icon name={status === 'sent' ? 'tick' : 'ticks'} size={14} />
      <span class="hidden">{words[status]}</span>
    </span>
  );
}

interface PendingActions {
  retry(clientId: string): void;
  discard(clientId: string): void;
}

export function PendingBubble({ item, retry, discard }: { item: Pending } & PendingActions) {
  const { words, size } = useLanguage();
  const { file, content, state } = item;
  const failed = state === 'failed';
  return (
    <div class="row mine">
      <div class="stack">
        <div class={file?.preview ? 'bubble bare' : 'bubble'}>
          {file ? (
            <>
              {file.preview ? (
                <img class="media" src={file.preview} alt={file.file.name} />
              ) : (
                <div class="card">
                  <Icon name="file" size={24} />
                  <span>
                    <b dir="auto">{file.file.name}</b>
                    <small>{size(file.file.size)}</small>
                  </span>
                </div>
              )}
              {state === 'sending' && <progress max={1} value={file.share} aria-label={`${words.sending}: ${file.file.name}`} />}
            </>
          ) : (
            content && content.type !== 'attachment' && <ContentView content={content} />
          )}
        </div>
        <span class={failed ? 'meta failed' : 'meta'} role={failed ? 'alert' : undefined}>
          {failed ? reason(item, words) : <><Icon name="clock" size={12} /> {state === 'sending' ? words.sending : words.waiting}</>}
          {failed && <button onClick={() => retry(item.client_id)}>{words.retry}</button>}
          {(failed || (file && !content)) && <button onClick={() => discard(item.client_id)}>{failed ? words.discard : words.cancel}</button>}
        </span>
      </div>
    </div>
  );
}

function reason({ error, file }: Pending, words: ReturnType<typeof useLanguage>['words']): string {
  if (file && error?.status === 413) return words.tooLarge;
  if (file && (error?.status === 400 || error?.status === 415)) return words.badFile;
  return words.failed;
}

function initial(name: string): string {
  return [...name.trim()][0]?.toUpperCase() ?? '•';
}
