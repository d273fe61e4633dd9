import { useEffect, useRef, useState } from 'preact/hooks';
import type { WidgetConfig } from '../shared/types.ts';
import type { Chat } from './chat.ts';
import { useLanguage } from './language.ts';
import { Composer } from './components/Composer.tsx';
import { Icon } from './components/icons.tsx';
import { Log } from './components/Log.tsx';

/** How long a break may last before it is worth a line. */
const PATIENCE_MS = 1500;

export function App({ chat, config }: { chat: Chat; config: WidgetConfig }) {
  const { words } = useLanguage();
  const [state, setState] = useState(chat.state);
  useEffect(() => {
    // What changed between the first drawing and now.
    setState(chat.state);
    return chat.subscribe(() => setState(chat.state));
  }, [chat]);
  const [dropping, setDropping] = useState(false);
  const header = useRef<HTMLButtonElement>(null);
  const name = config.name || words.chat;

  // Opened on a phone: the focus goes into the panel, but not into the composer (see there).
  useEffect(() => {
    if (state.open && state.focus > 0 && (state.blocked || matchMedia('(pointer: coarse)').matches)) header.current?.focus();
  }, [state.focus, state.open, state.blocked]);

  return (
    <div
      class="app"
      role="dialog"
      aria-label={name}
      aria-modal={state.full}
      data-open={state.open}
      onKeyDown={(event) => {
        if (event.key === 'Escape') chat.close();
      }}
      onDragOver={(event) => {
        if (state.blocked || !event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={(event) => {
        if (!event.relatedTarget) setDropping(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        if (!state.blocked) for (const file of event.dataTransfer?.files ?? []) chat.sendFile(file);
      }}
    >
      <header>
        <h1 dir="auto">{name}</h1>
        <button ref={header} class="close" aria-label={words.close} title={words.close} onClick={() => chat.close()}>
          <Icon name="close" size={24} />
        </button>
      </header>
      {state.blocked ? (
        <p class="blocked" role="alert">{words[state.blocked]}</p>
      ) : (
        <>
          <Connectivity live={state.live} offline={state.offline} />
          <Log chat={chat} state={state} greeting={config.greeting} name={name} />
          <Composer chat={chat} state={state} />
        </>
      )}
      {dropping && <div class="drop">{words.drop}</div>}
    </div>
  );
}

function Connectivity({ live, offline }: { live: boolean; offline: boolean }) {
  const { words } = useLanguage();
  const [late, setLate] = useState(false);
  useEffect(() => {
    setLate(false);
    if (live) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [live]);
  return (
    <div class="status" role="status">
      {offline ? <p>{words.offline}</p> : !live && late && <p>{words.connecting}</p>}
    </div>
  );
}
