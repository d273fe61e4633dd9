/** Words, dates and direction of the visitor's language. English is built in, the others are loaded when needed. */
import { en, type Strings } from './locales/en.ts';

const LOCALES: Record<string, () => Promise<{ strings: Strings }>> = {
  ar: () => import('./locales/ar.ts'),
  de: () => import('./locales/de.ts'),
  es: () => import('./locales/es.ts'),
  fr: () => import('./locales/fr.ts'),
  pt: () => import('./locales/pt.ts'),
};

const RTL = new Set(['ar', 'fa', 'he', 'ur']);

export interface Language {
  locale: string;
  /** Of the words shown: right-to-left only if we speak the language. */
  dir: 'ltr' | 'rtl';
  words: Strings;
  time(at: number): string;
  day(at: number): string;
  size(bytes: number): string;
}

export async function loadLanguage(wanted: string): Promise<Language> {
  const code = wanted.slice(0, 2).toLowerCase();
  let words: Strings = en;
  let locale = 'en';
  try {
    const found = await LOCALES[code]?.();
    if (found) words = found.strings;
    if (found || code === 'en') locale = new Intl.Locale(wanted).toString();
  } catch {
    // A lost chunk or a malformed locale: English is better than nothing.
  }
  const spoken = locale.slice(0, 2);
  const clock = new Intl.DateTimeFormat(locale, { hour: 'numeric', minute: '2-digit' });
  const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'long', year: 'numeric' });
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'];
  return {
    locale,
    dir: RTL.has(spoken) ? 'rtl' : 'ltr',
    words,
    time: (at) => clock.format(at),
    day(at) {
      const start = (time: number) => new Date(time).setHours(0, 0, 0, 0);
      const days = Math.round((start(Date.now()) - start(at)) / 86_400_000);
      return days === 0 ? words.today : days === 1 ? words.yesterday : date.format(at);
    },
    size(bytes) {
      const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
      const unit = units[step]!;
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: step > 1 ? 1 : 0 }).format(bytes / 1000 ** step);
    },
  };
}
