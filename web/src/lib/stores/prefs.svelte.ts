import type { InboxFilter } from '$lib/api/types';

export type Theme = 'system' | 'light' | 'dark';
export type Dir = 'auto' | 'ltr' | 'rtl';

const KEY = 'ism.prefs';

export function readStored<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(key);
    return text === null ? fallback : ((JSON.parse(text) as T) ?? fallback);
  } catch {
    return fallback;
  }
}

export function writeStored(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be full or forbidden; preferences then last as long as the page.
  }
}

type Stored = { theme?: Theme; dir?: Dir; drawer?: boolean; workspace?: number };

/** Preferences of this browser. boot.js reads the same key before the first paint. */
class Prefs {
  theme = $state<Theme>('system');
  dir = $state<Dir>('auto');
  /** Whether the contact drawer stands open on wide screens. */
  drawer = $state(true);
  workspace = $state<number | null>(null);

  /** The direction in force. */
  get direction(): 'ltr' | 'rtl' {
    return this.dir === 'auto' ? 'ltr' : this.dir;
  }

  constructor() {
    if (typeof localStorage === 'undefined') return;
    const stored = readStored<Stored>(KEY, {});
    if (stored.theme) this.theme = stored.theme;
    if (stored.dir) this.dir = stored.dir;
    this.drawer = stored.drawer ?? true;
    this.workspace = stored.workspace ?? null;
  }

  /** Call from a root effect: writes the preferences and applies them to the document. */
  apply(): () => void {
    const { theme, dir, drawer, workspace } = this;
    writeStored(KEY, { theme, dir, drawer, workspace } satisfies { [K in keyof Stored]: unknown });
    const media = matchMedia('(prefers-color-scheme: dark)');
    const paint = () => {
      const dark = theme === 'dark' || (theme === 'system' && media.matches);
      document.documentElement.classList.toggle('dark', dark);
      document.querySelector('meta[name=theme-color]')?.setAttribute('content', dark ? '#15171c' : '#ffffff');
    };
    paint();
    document.documentElement.dir = this.direction;
    media.addEventListener('change', paint);
    return () => media.removeEventListener('change', paint);
  }
}

export const prefs = new Prefs();

export const defaultFilter: InboxFilter = {
  inbox: 'all',
  status: 'open',
  sort: 'newest',
  unreplied: false,
  q: ''
};

const filterKey = (user: number, workspace: number) => `ism.filter.${user}.${workspace}`;

export function storedFilter(user: number, workspace: number): InboxFilter {
  return { ...defaultFilter, ...readStored<Partial<InboxFilter>>(filterKey(user, workspace), {}), q: '' };
}

export function storeFilter(user: number, workspace: number, filter: InboxFilter): void {
  writeStored(filterKey(user, workspace), { ...filter, q: '' });
}
