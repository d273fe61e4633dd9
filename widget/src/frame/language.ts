import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Language } from './i18n.ts';

export const LanguageContext = createContext<Language | null>(null);

export function useLanguage(): Language {
  const language = useContext(LanguageContext);
  if (!language) throw new Error('The language is provided by the app.');
  return language;
}
