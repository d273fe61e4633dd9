/** The iframe's entry: waits for the host page's loader, then draws the chat. */
import './frame.css';
import { render } from 'preact';
import { hexColor, readableOn, textOn } from '../shared/color.ts';
import type { Init } from '../shared/protocol.ts';
import { App } from './app.tsx';
import { Chat } from './chat.ts';
import { Host } from './host.ts';
import { loadLanguage, type Language } from './i18n.ts';
import { LanguageContext } from './language.ts';
import { en } from './locales/en.ts';
import { preview } from './preview.ts';

const root = document.getElementById('app')!;

function begin(init: Init): Chat {
  const color = hexColor(init.config.color);
  const { style } = document.documentElement;
  style.setProperty('--brand', color);
  style.setProperty('--on-brand', textOn(color));
  // The surfaces of frame.css.
  style.setProperty('--accent-on-light', readableOn('#ffffff', color));
  style.setProperty('--accent-on-dark', readableOn('#1c1f24', color));

  let words = en;
  const chat = new Chat({
    host,
    init,
    socketUrl: `${location.origin.replace(/^http/, 'ws')}/widget/v1/socket`,
    preview: (message) => ({ name: message.agent_name || init.config.name || words.chat, text: preview(message.content, words) }),
  });
  void loadLanguage(init.locale).then((language: Language) => {
    words = language.words;
    document.documentElement.lang = language.locale;
    document.documentElement.dir = language.dir;
    document.title = init.config.name || words.chat;
    render(
      <LanguageContext.Provider value={language}>
        <App chat={chat} config={init.config} />
      </LanguageContext.Provider>,
      root,
    );
  });
  return chat;
}

const host = new Host(window.parent, location.hash.slice(1), begin);

if (window.parent === window) {
  // Opened by hand rather than by the loader.
  root.textContent = 'This chat opens inside a website.';
}
