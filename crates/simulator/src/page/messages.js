// Bubbles: one message to one element.

import { clockTime, el, icon } from './dom.js';

const KINDS = { image: 'Photo', video: 'Video', audio: 'Audio', voice: 'Voice message', document: 'Document', sticker: 'Sticker', animation: 'GIF' };

/** One line for lists and quotes. */
export function preview(message) {
  if (!message) return '';
  if (message.deleted) return 'Deleted message';
  const { content } = message;
  if (content.type === 'text') return content.text || content.label || '';
  if (content.type === 'media') return content.caption ? `${KINDS[content.kind]} · ${content.caption}` : KINDS[content.kind];
  if (content.type === 'location') return content.name ? `Location · ${content.name}` : 'Location';
  return `Contact · ${content.contacts.map((card) => card.name).join(', ')}`;
}

const fileUrl = (content) => `/sim/files/${encodeURIComponent(content.file)}/${encodeURIComponent(content.name || 'file')}`;

function sized(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function media(content) {
  if (!content.file) {
    return el('div', { class: 'doc' }, icon('cross'), el('span', {}, el('b', {}, 'Could not be fetched'), el('small', {}, content.name ?? '')));
  }
  const url = fileUrl(content);
  const drawable = content.mime.startsWith('image/') && content.mime !== 'image/svg+xml';
  if (drawable && content.kind !== 'document') {
    return el('img', { src: url, alt: content.caption || KINDS[content.kind], class: content.kind === 'sticker' ? 'sticker' : null, loading: 'lazy' });
  }
  if (content.kind === 'video' || content.kind === 'animation') return el('video', { src: url, controls: true, preload: 'metadata' });
  if (content.kind === 'audio' || content.kind === 'voice') return el('audio', { src: url, controls: true, preload: 'none' });
  return el('a', { class: 'doc', href: url, download: content.name || 'file' }, icon('file'),
    el('span', {}, el('b', {}, content.name || KINDS[content.kind]), el('small', {}, `${sized(content.size)} · ${content.mime}`)));
}

function body(content) {
  const words = (text, kind = 'words') => (text ? el('div', { class: kind, dir: 'auto' }, text) : null);
  if (content.type === 'text') {
    return [content.label && el('span', { class: 'label' }, content.label), words(content.header, 'words headline'), words(content.text), words(content.footer, 'foot')];
  }
  if (content.type === 'media') return [media(content), words(content.caption)];
  if (content.type === 'location') {
    const place = `${content.latitude.toFixed(4)}, ${content.longitude.toFixed(4)}`;
    return [el('div', { class: 'place' }, icon('place')), words(content.name, 'words headline'), words(content.address), el('div', { class: 'foot' }, place)];
  }
  return content.contacts.map((card) => el('div', { class: 'doc' }, icon('contact'), el('span', {}, el('b', {}, card.name), el('small', {}, card.phones.join(', ')))));
}

function state(message) {
  if (message.from === 'customer') return el('span', { class: message.read_by_business ? 'read' : null, title: message.read_by_business ? 'Read by the business' : 'Sent' }, message.read_by_business ? ' ✓✓' : ' ✓');
  const last = message.statuses?.at(-1);
  if (!last) return null;
  const history = message.statuses.map((step) => `${step.status} ${clockTime(step.at)}`).join('\n');
  const text = last.status === 'failed' ? `failed${last.code ? ` ${last.code}` : ''}` : last.status;
  return el('span', { class: last.status, title: last.reason ? `${history}\n${last.reason}` : history }, ` · ${text}`);
}

/** The bubble of a message. `act` offers press, menu and find. */
export function bubble(message, previous, act) {
  const mine = message.from === 'customer';
  const first = !previous || previous.from !== message.from;
  const quoted = message.reply_to && act.find(message.reply_to);
  const inside = message.deleted
    ? [el('div', { class: 'words' }, mine ? 'You deleted this message' : 'This message was deleted')]
    : [message.reply_to && el('div', { class: 'quote', dir: 'auto' }, quoted ? preview(quoted) : 'An earlier message'), ...body(message.content)];
  const meta = el('div', { class: 'meta' }, message.edited_at ? 'edited · ' : '', clockTime(message.at), state(message));
  const more = message.deleted ? null : el('button', { type: 'button', class: 'more', 'aria-label': 'What to do with this message', onclick: (event) => act.menu(event.currentTarget, message) }, icon('more'));
  const press = (button) => el('button', { type: 'button', onclick: () => act.press(message, button), title: button.kind === 'url' ? button.id : null },
    button.title, button.kind === 'url' ? ' ↗' : '', button.description ? el('small', {}, button.description) : null);
  const rows = Object.values(Object.groupBy(message.buttons ?? [], (button) => button.row)).map((row) => el('div', {}, ...row.map(press)));
  const reactions = [message.customer_reaction, message.business_reaction].filter(Boolean);
  return el('li', { class: `message${mine ? ' mine' : ''}${first ? ' first' : ''}`, 'data-seq': message.seq },
    el('div', { class: `bubble${message.deleted ? ' gone' : ''}` }, ...inside, meta),
    reactions.length ? el('div', { class: 'reactions' }, ...reactions.map((emoji) => el('span', {}, emoji))) : null,
    rows.length && !message.deleted ? el('div', { class: 'buttons' }, ...rows) : null, more);
}
