// Forms for what is new.

import { api, byId, el } from './dom.js';

/** A dialog with fields; `submit` gets their values, and its Error is shown in place. */
function ask(title, intro, fields, label, submit) {
  const dialog = byId('dialog');
  const error = el('p', { class: 'error', role: 'alert' });
  const form = el('form', {
    onsubmit: async (event) => {
      event.preventDefault();
      error.textContent = '';
      const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]).filter(([, value]) => value !== ''));
      try {
        await submit(values);
        dialog.close();
      } catch (failure) {
        error.textContent = failure.message;
      }
    },
  }, el('h2', {}, title), intro, ...fields, error,
  el('div', { class: 'actions' }, el('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, 'Cancel'), el('button', { class: 'button main' }, label)));
  dialog.replaceChildren(form);
  if (!dialog.open) dialog.showModal();
}

const field = (name, label, attributes = {}) => el('label', {}, label, el('input', { name, autocomplete: 'off', ...attributes }));
const pair = (...fields) => el('div', { class: 'pair' }, ...fields);
const random = (length, alphabet) => Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => alphabet[byte % alphabet.length]).join('');
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

export function newPhone(done) {
  const hides = el('input', { type: 'checkbox', name: 'hides_phone', value: 'yes' });
  ask('New customer', el('p', {}, 'What you leave out is made up.'), [
    pair(field('first_name', 'First name', { placeholder: 'Priya' }), field('last_name', 'Last name')),
    pair(field('phone', 'Phone number', { placeholder: '447700900123', inputmode: 'tel' }), field('username', 'Username')),
    pair(field('language', 'Language', { placeholder: 'en', maxlength: 12 }), field('email', 'Email', { type: 'email' })),
    el('label', { class: 'check' }, hides, 'Hides the phone number on WhatsApp'),
  ], 'Add', async (values) => {
    done(await api('phones', { json: { ...values, hides_phone: hides.checked } }));
  });
}

export function newAccount(done) {
  const kinds = {
    telegram: [
      'A bot that exists before its first call. A well-formed token that is used for a call makes its bot too.',
      () => [field('token', 'Token', { required: true, value: `${7000000000 + Math.floor(Math.random() * 1e6)}:SIM${random(32, LETTERS)}` }), pair(field('username', 'Username', { placeholder: 'my_shop_bot' }), field('name', 'Name'))],
      'telegram/bots', `${location.origin}/telegram`,
    ],
    whatsapp: [
      'Ids can be any digits. Webhooks are signed with the app secret, so the business needs the same one.',
      () => [pair(field('phone_number_id', 'Phone number id', { required: true, value: `2044${random(11, '0123456789')}` }), field('waba_id', 'WABA id', { required: true, value: `3099${random(11, '0123456789')}` })),
        pair(field('app_secret', 'App secret', { value: random(32, '0123456789abcdef') }), field('verify_token', 'Verify token')), field('webhook_url', 'Callback address', { type: 'url', placeholder: 'https://…' }),
        pair(field('display_phone_number', 'Display number', { placeholder: '15550100200' }), field('name', 'Name'))],
      'whatsapp/accounts', `${location.origin}/whatsapp`,
    ],
    custom: [
      'The other side of a custom channel. Channel id, token and webhook address are shown by the product.',
      () => [pair(field('bridge', 'Name in the address', { required: true, placeholder: 'shop' }), field('channel_id', 'Channel id', { required: true })), field('token', 'Token', { required: true }), field('webhook_url', 'Webhook address', { type: 'url', required: true }),
        el('label', {}, 'Contacts are known by', el('select', { name: 'id_type' }, el('option', { value: 'phone' }, 'Phone number'), el('option', { value: 'custom' }, 'Custom id')))],
      'custom/bridges', `${location.origin}/custom/{name}`,
    ],
  };
  const show = (kind) => {
    const [intro, fields, path, address] = kinds[kind];
    const select = el('select', { onchange: (event) => show(event.target.value) }, ...[['telegram', 'Telegram bot'], ['whatsapp', 'WhatsApp number'], ['custom', 'Custom channel']].map(([value, text]) => el('option', { value }, text)));
    select.value = kind;
    const head = el('div', { class: 'addresses' }, el('p', {}, intro), el('p', {}, 'Base URL for the product'), el('code', {}, address));
    ask('New business', head, [el('label', {}, 'Provider', select), ...fields()], 'Add', async (values) => done((await api(path, { json: values })).key));
  };
  show('telegram');
}

/** One line of text; resolves to undefined when cancelled. */
export function askText(title, label, value, button, submit) {
  ask(title, null, [field('value', label, { value, required: true })], button, (values) => submit(values.value ?? ''));
}
