// The right side: knobs, traffic, numbers.

import { api, attempt, byId, el, toast } from './dom.js';

const KNOBS = [
  ['Webhooks', [
    ['delay_ms', 'Delay', 'before each webhook, ms'], ['jitter_ms', 'Jitter', 'up to this much more, ms'],
    ['duplicate_rate', 'Duplicates', '0 to 1, sent twice at once', 0.05], ['reorder', 'Reorder', 'collected, then last first'],
    ['batch', 'Batch', 'events in one request'],
  ]],
  ['Messages from the business', [
    ['answer_delay_ms', 'Answer delay', 'before the API answers, ms'], ['auto_delivered', 'Deliver by itself'], ['auto_read', 'Read by itself'],
    ['status_delay_ms', 'Status pace', 'between two statuses, ms'], ['status_before_answer', 'Status first', 'sent arrives before the answer'],
    ['limit_per_second', 'Limit per second', '0: none'], ['create_unknown', 'Unknown numbers exist', 'instead of failing'],
  ]],
];
const FAILURES = [['429', '429 Too many requests'], ['500', '500 Server error'], ['502', '502 Bad gateway'], ['503', '503 Unavailable'], ['400', '400 Refused'], ['401', '401 Token dead'],
  ['html', 'A web page instead of JSON'], ['timeout', 'No answer at all'], ['half', 'Answer cut in half']];

const save = (account, change) => attempt(() => api(`accounts/${account.key}/knobs`, { method: 'PUT', json: change }));

function knob(account, [name, label, hint, step]) {
  const value = account.knobs[name];
  const input = typeof value === 'boolean'
    ? el('input', { type: 'checkbox', checked: value, onchange: (event) => save(account, { [name]: event.target.checked }) })
    : el('input', { type: 'number', min: 0, max: name === 'duplicate_rate' ? 1 : 600000, step: step ?? 1, value, onchange: (event) => save(account, { [name]: Number(event.target.value) || 0 }) });
  return el('label', { class: 'row' }, el('span', {}, label, hint && el('small', {}, hint)), input);
}

function failures(account) {
  const pending = account.knobs.fail_next;
  const count = el('input', { type: 'number', min: 1, max: 1000, value: pending?.n ?? 1 });
  const kind = el('select', {}, ...FAILURES.map(([value, text]) => el('option', { value }, text)));
  kind.value = String(pending?.status ?? '429');
  const after = el('input', { type: 'number', min: 0, max: 3600, value: pending?.retry_after ?? 3 });
  const code = el('input', { type: 'number', value: pending?.code ?? '', placeholder: 'default' });
  const arm = () => {
    const status = /^\d+$/.test(kind.value) ? Number(kind.value) : kind.value;
    const retry = kind.value === '429' ? Number(after.value) : null;
    save(account, { fail_next: { n: Number(count.value) || 1, status, retry_after: retry, code: code.value ? Number(code.value) : null } });
    toast('The next sends will fail.');
  };
  return el('fieldset', {}, el('legend', {}, 'Fail the next sends'),
    el('label', { class: 'row' }, el('span', {}, 'How many'), count), el('label', { class: 'row' }, el('span', {}, 'How'), kind),
    el('label', { class: 'row' }, el('span', {}, 'Retry after', el('small', {}, 'seconds, for 429')), after),
    el('label', { class: 'row' }, el('span', {}, 'Provider’s code', el('small', {}, 'such as 131056')), code),
    el('div', { class: 'row' }, el('small', {}, pending ? `${pending.n} to go: ${pending.status}` : 'Nothing fails.'),
      pending ? el('button', { type: 'button', class: 'button', onclick: () => save(account, { fail_next: null }) }, 'Stop') : el('button', { type: 'button', class: 'button', onclick: arm }, 'Fail')));
}

export function behaviour(account) {
  const panel = byId('behaviour');
  if (panel.contains(document.activeElement) && panel.dataset.key === account?.key && document.activeElement.matches('input, select')) return;
  panel.dataset.key = account?.key ?? '';
  if (!account) {
    panel.replaceChildren(el('p', { class: 'empty' }, 'Choose a business to change how its provider behaves.'));
    return;
  }
  const facts = Object.entries({ ...account.facts, key: account.key }).filter(([, value]) => value !== null && value !== undefined && String(value) !== '');
  const remove = () => {
    if (confirm(`Remove ${account.name} with its chats?`)) attempt(() => api(`accounts/${account.key}`, { method: 'DELETE' }));
  };
  panel.replaceChildren(
    ...KNOBS.map(([title, knobs]) => el('fieldset', {}, el('legend', {}, title), ...knobs.map((one) => knob(account, one)))),
    failures(account),
    el('fieldset', {}, el('legend', {}, 'Account'), el('dl', { class: 'facts' }, ...facts.flatMap(([name, value]) => [el('dt', {}, name.replaceAll('_', ' ')), el('dd', {}, String(value))])),
      el('div', { class: 'row' }, el('span'), el('button', { type: 'button', class: 'button danger', onclick: remove }, 'Remove'))));
}

function entryRow(entry) {
  const pretty = (text) => {
    try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
  };
  const out = entry.direction === 'webhook';
  const bad = entry.status === 0 || entry.status >= 400;
  return el('details', {},
    el('summary', {}, el('span', { class: out ? 'way out' : 'way', title: out ? 'webhook to the business' : 'call by the business' }, out ? 'hook' : 'call'),
      el('span', { class: 'what' }, entry.what), el('span', { class: bad ? 'code bad' : 'code' }, entry.status || '—'),
      el('time', {}, new Date(entry.at).toLocaleTimeString([], { hour12: false }))),
    entry.note && el('p', { class: 'note' }, entry.note),
    entry.request && entry.request !== '{}' && el('pre', {}, pretty(entry.request)), entry.response && entry.response !== 'null' && el('pre', {}, pretty(entry.response)),
    el('p', { class: 'note' }, `${entry.account} · ${entry.ms} ms`));
}

const SHOWN = 150;

/** The log of one account, newest first. */
export function traffic(entries, account) {
  const rows = entries.filter((entry) => !account || entry.account === account.key).slice(-SHOWN).reverse();
  byId('traffic').replaceChildren(rows.length
    ? el('div', { class: 'entries' }, ...rows.map(entryRow))
    : el('p', { class: 'empty' }, 'Calls by the business and webhooks to it appear here as they happen, with tokens removed.'));
}

export function addTraffic(entry, account) {
  if (account && entry.account !== account.key) return;
  const list = byId('traffic').querySelector('.entries');
  if (!list) {
    traffic([entry], account);
    return;
  }
  list.prepend(entryRow(entry));
  if (list.children.length > SHOWN) list.lastChild.remove();
}

export function numbers(account) {
  const panel = byId('numbers');
  if (!account) {
    panel.replaceChildren(el('p', { class: 'empty' }, 'Choose a business to see its numbers.'));
    return;
  }
  const { counters } = account;
  const table = (title, rows) => el('fieldset', {}, el('legend', {}, title), rows.length
    ? el('dl', { class: 'facts' }, ...rows.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value.toLocaleString())]))
    : el('p', { class: 'empty' }, 'Nothing yet.'));
  const reset = () => {
    if (confirm('Forget all businesses, customers, chats and files?')) attempt(() => api('reset', { method: 'POST' }));
  };
  panel.replaceChildren(
    table('Messages of the business', [['accepted', counters.accepted], ['with the same content as an earlier one', counters.same_content]]),
    table('Webhooks', [['sent', counters.webhooks], ['sent again', counters.webhook_retries], ['duplicates on purpose', counters.webhook_duplicates], ['given up', counters.webhooks_dropped]]),
    table('Answers to webhooks', Object.entries(counters.webhook_answers)), table('Calls of the API', Object.entries(counters.calls)), table('Answers of the API', Object.entries(counters.answers)),
    el('div', { class: 'row' }, el('a', { href: '/sim/api', class: 'quiet' }, 'Control API'), el('button', { type: 'button', class: 'button danger', onclick: reset }, 'Forget everything')));
}
