// The whole keyboard map of the app.
export type Action =
  'next' | 'previous' | 'reply' | 'comment' | 'close' | 'assign' | 'snooze' | 'search' | 'help' | 'escape';

export type Binding = {
  action: Action;
  keys: string[];
  group: 'list' | 'contact' | 'anywhere';
};

export const bindings: Binding[] = [
  { action: 'next', keys: ['j', 'ArrowDown'], group: 'list' },
  { action: 'previous', keys: ['k', 'ArrowUp'], group: 'list' },
  { action: 'search', keys: ['/'], group: 'list' },
  { action: 'reply', keys: ['Enter', 'r'], group: 'contact' },
  { action: 'comment', keys: ['c'], group: 'contact' },
  { action: 'assign', keys: ['a'], group: 'contact' },
  { action: 'snooze', keys: ['s'], group: 'contact' },
  { action: 'close', keys: ['e'], group: 'contact' },
  { action: 'help', keys: ['?'], group: 'anywhere' },
  { action: 'escape', keys: ['Escape'], group: 'anywhere' }
];

export type KeyLike = {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing?: boolean;
  repeat?: boolean;
};

/** Where the key was pressed. */
export type Place = 'page' | 'control' | 'field' | 'overlay';

export function actionFor(event: KeyLike, place: Place): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  // Dialogs and menus have their own keys, Escape included.
  if (place === 'overlay') return null;
  if (place === 'field') return event.key === 'Escape' ? 'escape' : null;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const binding = bindings.find((b) => b.keys.includes(key));
  if (!binding) return null;
  // Enter and the arrows mean something to a focused button or link.
  if (place === 'control' && event.key.length > 1 && binding.action !== 'escape') return null;
  if (event.repeat && binding.group !== 'list') return null;
  return binding.action;
}

export function placeOf(target: EventTarget | null): Place {
  if (document.querySelector('[role=dialog], [role=alertdialog], [role=menu], [role=listbox][data-overlay]'))
    return 'overlay';
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.isContentEditable || target.matches('input, textarea, select, [role=textbox], [role=combobox]'))
    return 'field';
  if (target.closest('[data-list-row]')) return 'page';
  if (target.closest('button, a, [role=button], audio, video, summary')) return 'control';
  return 'page';
}

export function keyLabel(key: string): string {
  return { ArrowDown: '↓', ArrowUp: '↑', Escape: 'Esc' }[key] ?? (key.length === 1 ? key.toUpperCase() : key);
}
