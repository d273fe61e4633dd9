// Small helpers. Text only ever enters the page as text nodes.

const SVG = 'http://www.w3.org/2000/svg';
const PATHS = {
  send: 'M4 12h15M13 6l6 6-6 6', attach: 'M20 11.5 12 19.4a5 5 0 0 1-7-7l8.3-8.2a3.4 3.4 0 0 1 4.8 4.8l-8.3 8.1a1.7 1.7 0 0 1-2.4-2.4l7.6-7.4',
  emoji: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM8.5 14.5a4.4 4.4 0 0 0 7 0M9 9.5v.01M15 9.5v.01', more: 'M5 12h.01M12 12h.01M19 12h.01',
  image: 'M4 5h16v14H4ZM4 16l5-5 4 4 2-2 5 5M15 9v.01', images: 'M7 3h14v13H7ZM3 7v14h14M7 13l4-4 7 7', video: 'M3 6h12v12H3ZM15 10l6-3v10l-6-3',
  voice: 'M12 3a3 3 0 0 0-3 3v5a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3ZM6 11a6 6 0 0 0 12 0M12 17v4', audio: 'M9 18V5l11-2v13M9 18a3 3 0 1 1-6 0 3 3 0 0 1 6 0ZM20 16a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
  file: 'M6 3h8l5 5v13H6ZM14 3v5h5', sticker: 'M20 13V5a1 1 0 0 0-1-1H5a1 1 0 0 0-1 1v14a1 1 0 0 0 1 1h8ZM20 13h-6a1 1 0 0 0-1 1v6',
  place: 'M12 21s7-6.3 7-11.5A7 7 0 0 0 5 9.500C5 14.700 12 21 12 21ZM12 7a2.500 2.500 0 1 0 0 5 2.500 2.500 0 0 0 0-5Z', contact: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4 21a8 8 0 0 1 16 0',
  cart: 'M3 4h2l2.500 11h10L20 7H6M9 20v.01M17 20v.01', form: 'M6 3h12v18H6ZM9 8h6M9 12h6M9 16h3', star: 'M12 4l2.400 5 5.600.7-4.100 3.800 1.100 5.500L12 16.300 7 19l1.100-5.500L4 9.700l5.600-.7Z',
  question: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.300-1 .8-1 1.700M12 16.500v.01', play: 'M7 5l12 7-12 7Z', reply: 'M9 8 4 13l5 5M4 13h9a7 7 0 0 1 7 7',
  edit: 'M4 20h4L19 9l-4-4L4 16ZM13 7l4 4', trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13', check: 'M4 12.500l5 5L20 6.500', cross: 'M6 6l12 12M18 6 6 18',
  eye: 'M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12ZM12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6Z', ban: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM5.700 5.700l12.600 12.600', chat: 'M4 5h16v11H9l-5 4Z',
  upload: 'M12 16V4M7 9l5-5 5 5M4 20h16', clock: 'M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3 2', plane: 'M21 4 3 11l6 2.500L19 6l-7 9 5 4Z', link: 'M9 15l6-6M10 6l2-2a4.200 4.200 0 0 1 6 6l-2 2M14 18l-2 2a4.200 4.200 0 0 1-6-6l2-2',
};

/** An element: attributes, `on…` listeners, children as nodes or text. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith('aria-')) {
      node.setAttribute(name, value);
      continue;
    }
    if (value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

export const byId = (id) => document.getElementById(id);

const COLOURS = ['#4f46e5', '#0e7490', '#b45309', '#be185d', '#15803d', '#7c3aed', '#b91c1c', '#0369a1'];
const PROVIDERS = { telegram: ['#2481cc', 'plane'], whatsapp: ['#128c4b', 'chat'], custom: ['#6b4fd8', 'link'] };

export function face(name) {
  const letters = name.split(/\s+/).map((word) => [...word][0] ?? '').slice(0, 2).join('').toUpperCase();
  const sum = [...name].reduce((total, char) => total + char.codePointAt(0), 0);
  const node = el('span', { class: 'face', 'aria-hidden': 'true' }, letters);
  node.style.background = COLOURS[sum % COLOURS.length];
  return node;
}

export function providerFace(provider) {
  const [colour, name] = PROVIDERS[provider] ?? PROVIDERS.custom;
  const node = el('span', { class: 'face square', 'aria-hidden': 'true' }, icon(name));
  node.style.background = colour;
  return node;
}

let toastTimer;
export function toast(text) {
  const box = byId('toast');
  box.textContent = text;
  box.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { box.hidden = true; }, 4500);
}

/** The control API; a refusal becomes an Error with its sentence. */
export async function api(path, options = {}) {
  const { json, ...rest } = options;
  if (json !== undefined) {
    rest.method ??= 'POST';
    rest.headers = { 'content-type': 'application/json' };
    rest.body = JSON.stringify(json);
  }
  let response;
  try {
    response = await fetch(`/sim/api/${path}`, rest);
  } catch {
    throw new Error('The simulator does not answer. Is it still running?');
  }
  const text = await response.text();
  let body = {};
  try { body = JSON.parse(text); } catch { body = { error: { message: text } }; }
  if (!response.ok) throw new Error(body.error?.message ?? `The simulator answered ${response.status}.`);
  return body;
}

/** Runs something and shows its failure. */
export async function attempt(action) {
  try {
    return await action();
  } catch (error) {
    toast(error.message);
    return undefined;
  }
}

export const clockTime = (ms) => new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

/** A menu at an element. Entries: [icon or null, text, action], or null for a line. */
export function openMenu(anchor, entries, grid = false) {
  const menu = byId('menu');
  menu.replaceChildren(...entries.map((entry) => {
    if (!entry) return el('hr');
    const [name, text, action] = entry;
    return el('button', { type: 'button', role: 'menuitem', onclick: () => { closeMenu(); action(); } }, name ? icon(name) : null, text);
  }));
  menu.classList.toggle('grid', grid);
  menu.hidden = false;
  const at = anchor.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, Math.min(at.left, innerWidth - size.width - 8))}px`;
  const above = at.top - size.height - 6;
  menu.style.top = `${above > 8 ? above : Math.min(at.bottom + 6, innerHeight - size.height - 8)}px`;
  menu.opener = anchor;
  menu.querySelector('button')?.focus();
}

export function closeMenu() {
  byId('menu').hidden = true;
}

document.addEventListener('pointerdown', (event) => {
  if (!byId('menu').contains(event.target)) closeMenu();
});
document.addEventListener('keydown', (event) => {
  const menu = byId('menu');
  if (menu.hidden) return;
  if (event.key === 'Escape') {
    closeMenu();
    menu.opener?.focus();
  }
  if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
    event.preventDefault();
    const items = [...menu.querySelectorAll('button')];
    const step = event.key === 'ArrowDown' ? 1 : -1;
    items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
  }
});
