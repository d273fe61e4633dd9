// The phone page: which chat is open, and what happens in it.

import { api, attempt, byId, closeMenu, el, face, icon, openMenu, providerFace, toast } from './dom.js';
import { addTraffic, behaviour, numbers, traffic } from './controls.js';
import { askText, newAccount, newPhone } from './dialogs.js';
import { bubble, preview } from './messages.js';

const state = { accounts: [], phones: [], chats: new Map(), unread: new Map(), log: [], account: null, phone: null, chat: null, reply: null };
const EMOJI = [...'😀😂😍🥰😎🤔😅😢😡👍👎👏🙏💪👋🎉❤️🔥✨⭐☕🍕🎁📦🚚🛒💳📍📞📷✅❌'].filter((char) => char !== '\ufe0f');
const REACTIONS = ['👍', '❤', '😂', '🔥', '🎉', '🙏', '😢', '👎'];

const account = () => state.accounts.find((one) => one.key === state.account);
const phone = () => state.phones.find((one) => one.id === state.phone);
const nameOf = (person) => `${person.first_name} ${person.last_name}`.trim();
const chatPath = () => `chats/${state.account}/${state.phone}`;
const chatKey = (business, person) => `${business} ${person}`;
const write = (what) => attempt(() => api(`${chatPath()}/write`, { json: what }));

// ---- lists ----------------------------------------------------------------------------------------------------------

function drawLists() {
  const badge = (count) => (count ? el('span', { class: 'badge', title: 'new messages' }, count) : null);
  const unread = (match) => [...state.unread].filter(([key]) => match(key)).reduce((sum, [, count]) => sum + count, 0);
  byId('accounts').replaceChildren(...(state.accounts.length ? state.accounts.map((one) => el('li', {},
    el('button', { type: 'button', 'aria-current': one.key === state.account, onclick: () => open(one.key, state.phone) }, providerFace(one.provider),
      el('span', { class: 'who' }, el('b', {}, one.name), el('small', {}, one.address)), badge(unread((key) => key.startsWith(`${one.key} `))))))
    : [el('li', { class: 'empty' }, 'No business is connected yet. Connect a channel in the product with one of these base URLs:',
      el('code', {}, `${location.origin}/telegram`), el('code', {}, `${location.origin}/whatsapp`), el('code', {}, `${location.origin}/custom/{bridge}`))]));
  byId('phones').replaceChildren(...(state.phones.length ? state.phones.map((one) => {
    const last = state.chats.get(chatKey(state.account, one.id))?.last_message;
    return el('li', {}, el('button', { type: 'button', 'aria-current': one.id === state.phone, onclick: () => open(state.account, one.id) }, face(nameOf(one)),
      el('span', { class: 'who' }, el('b', {}, nameOf(one)), el('small', {}, last ? preview(last) : `+${one.phone}`)), badge(state.unread.get(chatKey(state.account, one.id)))));
  }) : [el('li', { class: 'empty' }, 'No customers yet. Add one to start writing.')]));
}

async function loadLists() {
  const [accounts, phones] = await Promise.all([api('accounts'), api('phones')]);
  state.accounts = accounts.accounts;
  state.phones = phones.phones;
  if (!account()) state.account = state.accounts[0]?.key ?? null;
  if (!phone()) state.phone = state.phones[0]?.id ?? null;
  await loadPreviews();
  drawLists();
  drawControls();
}

async function loadPreviews() {
  if (!state.account) return;
  const { chats } = await api(`chats/${state.account}`);
  for (const chat of chats) state.chats.set(chatKey(chat.account, chat.phone), chat);
}

function drawControls() {
  behaviour(account());
  numbers(account());
}

// ---- the phone ------------------------------------------------------------------------------------------------------

async function open(business, person) {
  state.account = business;
  state.phone = person;
  state.reply = null;
  if (business && person) {
    state.unread.delete(chatKey(business, person));
    history.replaceState(null, '', `#${business}/${person}`);
  }
  await attempt(loadPreviews);
  drawLists();
  drawControls();
  traffic(state.log, account());
  await loadChat();
  show('phone');
}

async function loadChat() {
  state.chat = state.account && state.phone ? await attempt(() => api(chatPath())) ?? null : null;
  drawChat();
}

function blank(symbol, title, text) {
  return el('li', { class: 'blank' }, icon(symbol), el('h3', {}, title), el('p', {}, text));
}

function drawChat() {
  const { chat } = state;
  const [business, person] = [account(), phone()];
  byId('composer').hidden = !chat;
  drawQuote();
  drawTyping();
  byId('keyboard').hidden = !chat?.keyboard?.length;
  byId('keyboard').replaceChildren(...(chat?.keyboard ?? []).map((button) => el('button', { type: 'button', onclick: () => write({ kind: 'press', button: button.id }) }, button.title)));
  byId('notice').replaceChildren();
  const list = byId('messages');
  if (!chat || !business || !person) {
    byId('chat-head').replaceChildren();
    list.replaceChildren(state.accounts.length ? blank('contact', 'Who is writing?', 'Add a customer on the left and write to a business as that person.')
      : blank('chat', 'No business yet', 'Connect a channel of the product to this simulator, or add a business by hand on the left.'));
    return;
  }
  byId('chat-head').replaceChildren(providerFace(business.provider), el('div', { class: 'who' }, el('b', {}, business.name), el('small', {}, `${business.address} · you are ${nameOf(person)}`)),
    el('button', { type: 'button', class: 'round', 'aria-label': 'About this chat', onclick: (event) => chatMenu(event.currentTarget) }, icon('more')));
  drawNotice();
  if (!chat.messages.length) {
    list.replaceChildren(blank('chat', `Write to ${business.name}`, business.provider === 'telegram' ? 'A bot cannot begin: press Start or write something.' : 'Nothing was said here yet.'));
    if (business.provider === 'telegram') list.lastChild.append(el('button', { type: 'button', class: 'button main', onclick: () => write({ kind: 'start' }) }, 'Start'));
    return;
  }
  const rows = [];
  let day;
  chat.messages.forEach((message, index) => {
    const on = new Date(message.at).toDateString();
    if (on !== day) rows.push(el('li', { class: 'day' }, on === new Date().toDateString() ? 'Today' : new Date(message.at).toLocaleDateString([], { dateStyle: 'medium' })));
    day = on;
    rows.push(bubble(message, chat.messages[index - 1], act));
  });
  const fresh = list.dataset.chat !== chatPath();
  list.dataset.chat = chatPath();
  list.replaceChildren(...rows);
  if (atEnd || fresh) toEnd();
}

// The list stays at its end while pictures load, unless somebody scrolled up.
let atEnd = true;
function toEnd() {
  const list = byId('messages');
  list.scrollTop = list.scrollHeight;
  atEnd = true;
}
byId('messages').addEventListener('scroll', (event) => {
  const list = event.currentTarget;
  atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 120;
});
byId('messages').addEventListener('load', () => { if (atEnd) toEnd(); }, true);

function drawNotice() {
  const { chat } = state;
  const notice = byId('notice');
  if (chat.blocked) {
    notice.replaceChildren('You have blocked this business.', el('button', { type: 'button', onclick: () => write({ kind: 'unblock' }) }, 'Unblock'));
  } else if (account().provider === 'whatsapp' && !chat.window_open) {
    notice.replaceChildren('The 24-hour window is closed: only templates reach this customer.');
  }
}

const act = {
  find: (id) => state.chat.messages.find((message) => message.id === id),
  press: (message, button) => (button.kind === 'url' ? toast(`Opens ${button.id}`) : write({ kind: 'press', message: message.id, button: button.id })),
  menu: messageMenu,
};

function messageMenu(anchor, message) {
  const { provider } = account();
  const mine = message.from === 'customer';
  const own = { message: message.id };
  const entries = [['reply', 'Reply', () => { state.reply = message; drawQuote(); byId('text').focus(); }]];
  if (provider !== 'custom') {
    entries.push(['emoji', 'React', () => openMenu(anchor, REACTIONS.map((emoji) => [null, emoji, () => write({ kind: 'reaction', ...own, emoji })]), true)]);
    if (message.customer_reaction) entries.push(['cross', 'Take reaction back', () => write({ kind: 'reaction', ...own, emoji: null })]);
  }
  if (mine && provider !== 'custom' && ['text', 'media'].includes(message.content.type)) {
    entries.push(['edit', 'Edit', () => askText('Edit message', 'Text', message.content.text ?? message.content.caption ?? '', 'Save', (text) => api(`${chatPath()}/write`, { json: { kind: 'edit', ...own, text } }))]);
  }
  if (mine) entries.push(['trash', 'Delete', () => write({ kind: 'delete', ...own })]);
  if (!mine && provider !== 'telegram') {
    const mark = (status, more) => attempt(() => api(`${chatPath()}/messages/${encodeURIComponent(message.id)}/status`, { json: { status, ...more } }));
    entries.push(null, ['check', 'Mark as delivered', () => mark('delivered')], ['eye', 'Mark as read', () => mark('read')], ['cross', 'Let it fail', () => mark('failed', provider === 'whatsapp' ? { code: 131026 } : { reason: 'The customer’s phone refused it.' })]);
  }
  openMenu(anchor, entries);
}

function chatMenu(anchor) {
  const { provider } = account();
  const entries = [];
  if (provider !== 'telegram') entries.push(['eye', 'Read everything', () => attempt(() => api(`${chatPath()}/read`, { method: 'POST' }))]);
  if (provider === 'whatsapp') {
    const open = !state.chat.window_open;
    entries.push(['clock', open ? 'Open the 24-hour window' : 'Close the 24-hour window', () => attempt(() => api(`${chatPath()}/window`, { method: 'PUT', json: { open } }))]);
  }
  entries.push(state.chat.blocked ? ['check', 'Unblock the business', () => write({ kind: 'unblock' })] : ['ban', 'Block the business', () => write({ kind: 'block' })]);
  openMenu(anchor, entries);
}

// ---- writing --------------------------------------------------------------------------------------------------------

function drawQuote() {
  const bar = byId('quoting');
  bar.hidden = !state.reply;
  if (state.reply) {
    bar.replaceChildren(el('span', {}, preview(state.reply)), el('button', { type: 'button', class: 'round', 'aria-label': 'Do not reply to this message', onclick: () => { state.reply = null; drawQuote(); } }, icon('cross')));
  }
}

/** Adds the quoted message, once. */
function quoting(what) {
  const quoted = state.reply ? { ...what, reply_to: state.reply.id } : what;
  state.reply = null;
  drawQuote();
  return quoted;
}

function grow() {
  const text = byId('text');
  text.style.height = 'auto';
  text.style.height = `${Math.min(text.scrollHeight + 2, 120)}px`;
}

byId('composer').addEventListener('submit', async (event) => {
  event.preventDefault();
  const text = byId('text');
  const words = text.value;
  if (!words.trim() || !state.chat) return;
  text.value = '';
  grow();
  const start = account().provider === 'telegram' && words.match(/^\/start(?:\s+(\S+))?$/);
  if (!await write(quoting(start ? { kind: 'start', payload: start[1] } : { kind: 'text', text: words }))) text.value = words;
  text.focus();
});
byId('text').addEventListener('input', grow);
byId('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId('composer').requestSubmit();
  }
});
byId('emoji').addEventListener('click', (event) => openMenu(event.currentTarget, EMOJI.map((emoji) => [null, emoji, () => {
  const text = byId('text');
  text.setRangeText(emoji, text.selectionStart, text.selectionEnd, 'end');
  text.focus();
}]), true));

byId('attach').addEventListener('click', (event) => {
  const sample = (media) => () => write(quoting({ kind: 'media', media, caption: takeCaption(media) }));
  const entries = [
    ['upload', 'File from this computer…', () => byId('file').click()], null,
    ['image', 'Sample photo', sample('image')], ['images', 'Album of 5 photos', () => write({ kind: 'album', count: 5, caption: takeCaption('image') })], ['video', 'Sample video', sample('video')],
    ['voice', 'Voice message', sample('voice')], ['audio', 'Music', sample('audio')], ['file', 'PDF document', sample('document')], ['sticker', 'Sticker', sample('sticker')], null,
    ['place', 'Location', () => write(quoting({ kind: 'location', latitude: 51.5033, longitude: -0.1196, name: 'The Wheel', address: 'Riverside Road' }))], ['contact', 'My contact card', () => write({ kind: 'contact' })],
  ];
  const { provider } = account();
  if (provider === 'telegram') entries.push(['play', 'Start from a link…', () => askText('Start from a link', 'Payload of t.me/bot?start=', 'spring_sale', 'Start', (payload) => api(`${chatPath()}/write`, { json: { kind: 'start', payload } }))]);
  if (provider === 'whatsapp') {
    entries.push(null, ['cart', 'Order from the catalogue', () => write({ kind: 'order' })], ['form', 'Answer a flow', () => write(quoting({ kind: 'flow', message: state.reply?.id }))],
      ['star', 'First message from an ad', () => write({ kind: 'referral', text: 'I saw your ad' })]);
  }
  entries.push(['question', 'Something unsupported', () => write({ kind: 'unsupported' })]);
  openMenu(event.currentTarget, entries);
});

/** What is typed becomes the caption, where there can be one. */
function takeCaption(media) {
  if (!['image', 'video', 'document'].includes(media)) return undefined;
  const text = byId('text');
  const caption = text.value.trim() || undefined;
  text.value = '';
  grow();
  return caption;
}

byId('file').addEventListener('change', async (event) => {
  const [file] = event.target.files;
  event.target.value = '';
  if (!file) return;
  const stored = await attempt(() => api(`files?name=${encodeURIComponent(file.name)}`, { method: 'POST', body: file, headers: { 'content-type': file.type || 'application/octet-stream' } }));
  if (!stored) return;
  const kind = file.type.split('/')[0];
  const media = ['image/jpeg', 'image/png'].includes(file.type) || ['video', 'audio'].includes(kind) ? kind : 'document';
  await write(quoting({ kind: 'media', media, file: stored.file, name: file.name, caption: takeCaption(media) }));
});

// ---- what happens ---------------------------------------------------------------------------------------------------

let typingTimer;
function drawTyping() {
  const until = state.chat?.typing_until ?? 0;
  const left = until - Date.now();
  byId('typing').hidden = left <= 0;
  clearTimeout(typingTimer);
  if (left > 0) typingTimer = setTimeout(drawTyping, left + 50);
}

/** Runs at most every `wait` ms, and always once more at the end. */
function calmly(action, wait) {
  let timer;
  return () => { timer ??= setTimeout(() => { timer = undefined; attempt(action); }, wait); };
}
const redrawLists = calmly(drawLists, 80);
const redrawChat = calmly(drawChat, 30);
const reloadChat = calmly(loadChat, 60);
const reloadLists = calmly(loadLists, 150);
// Counters change with every request and nobody is told; the page asks while it is looked at.
setInterval(() => { if (!document.hidden && !byId('numbers').hidden) reloadLists(); }, 2000);

const happenings = {
  message({ account: business, phone: person, message }) {
    const key = chatKey(business, person);
    const here = business === state.account && person === state.phone;
    const known = state.chats.get(key);
    const newest = !known?.last_message || message.seq >= known.last_message.seq;
    state.chats.set(key, { ...known, last_message: newest ? message : known.last_message });
    if (here && state.chat) {
      const at = state.chat.messages.findIndex((one) => one.seq === message.seq);
      if (at >= 0) state.chat.messages[at] = message;
      else state.chat.messages.push(message);
      if (message.from === 'business') state.chat.typing_until = 0;
      else state.chat.window_open = true;
      redrawChat();
    } else if (newest && message.from === 'business' && (message.statuses?.length ?? 0) <= 1 && !message.edited_at && known?.last_message?.seq !== message.seq) {
      state.unread.set(key, (state.unread.get(key) ?? 0) + 1);
    }
    redrawLists();
  },
  chat({ account: business, phone: person }) {
    if (business === state.account && person === state.phone) reloadChat();
  },
  typing({ account: business, phone: person, until }) {
    if (business !== state.account || person !== state.phone || !state.chat) return;
    state.chat.typing_until = until;
    drawTyping();
  },
  callback_answered({ account: business, text }) {
    if (business === state.account && text) toast(text);
  },
  log({ entry }) {
    state.log.push(entry);
    if (state.log.length > 400) state.log.shift();
    addTraffic(entry, account());
  },
  async accounts() {
    const had = Boolean(state.chat);
    await attempt(loadLists);
    if (!had) await loadChat();
  },
  async phones() {
    const had = Boolean(state.chat);
    await attempt(loadLists);
    if (!had) await loadChat();
  },
  reset: () => start(),
  resync: () => start(),
};

function listen() {
  const source = new EventSource('/sim/api/events');
  const live = byId('live');
  source.onopen = () => {
    live.textContent = 'Live';
    live.className = 'on';
    attempt(start);
  };
  source.onerror = () => {
    live.textContent = 'Not connected; trying again…';
    live.className = '';
  };
  source.onmessage = (event) => {
    const happening = JSON.parse(event.data);
    happenings[happening.type]?.(happening);
  };
}

async function start() {
  state.chats.clear();
  state.log = (await api('log')).entries;
  await loadLists();
  traffic(state.log, account());
  await loadChat();
}

function show(pane) {
  document.querySelector('main').dataset.pane = pane;
  for (const button of document.querySelectorAll('.tabs button')) button.setAttribute('aria-pressed', button.dataset.pane === pane);
}

for (const button of document.querySelectorAll('.tabs button')) button.addEventListener('click', () => { closeMenu(); show(button.dataset.pane); });
for (const tab of document.querySelectorAll('[role="tab"]')) {
  tab.addEventListener('click', () => {
    for (const other of document.querySelectorAll('[role="tab"]')) {
      other.setAttribute('aria-selected', other === tab);
      byId(other.dataset.tab).hidden = other !== tab;
    }
    if (tab.dataset.tab === 'numbers') reloadLists();
  });
}
byId('attach').append(icon('attach'));
byId('emoji').append(icon('emoji'));
document.querySelector('.send').append(icon('send'));
byId('new-phone').addEventListener('click', () => newPhone((made) => open(state.account, made.id)));
byId('new-account').addEventListener('click', () => newAccount(async (key) => { await attempt(loadLists); await open(key, state.phone); }));

const [business, person] = decodeURIComponent(location.hash.slice(1)).split('/');
if (business && person) Object.assign(state, { account: business, phone: person });
listen();
