/** The few words outside the frame, in the languages of the frame. */
const STRINGS = {
  en: ['Open chat', 'Close chat', 'Chat', 'unread', 'Dismiss', 'The chat could not be loaded.', 'Try again'],
  de: ['Chat öffnen', 'Chat schließen', 'Chat', 'ungelesen', 'Ausblenden', 'Der Chat konnte nicht geladen werden.', 'Erneut versuchen'],
  es: ['Abrir chat', 'Cerrar chat', 'Chat', 'sin leer', 'Descartar', 'No se pudo cargar el chat.', 'Reintentar'],
  fr: ['Ouvrir le chat', 'Fermer le chat', 'Chat', 'non lus', 'Masquer', "Le chat n'a pas pu être chargé.", 'Réessayer'],
  pt: ['Abrir chat', 'Fechar chat', 'Chat', 'não lidas', 'Dispensar', 'Não foi possível carregar o chat.', 'Tentar novamente'],
  ar: ['فتح المحادثة', 'إغلاق المحادثة', 'المحادثة', 'غير مقروءة', 'إخفاء', 'تعذّر تحميل المحادثة.', 'إعادة المحاولة'],
} satisfies Record<string, readonly string[]>;

export interface Strings {
  open: string;
  close: string;
  chat: string;
  unread: string;
  dismiss: string;
  failed: string;
  retry: string;
}

export function strings(locale: string): Strings {
  const language = locale.slice(0, 2).toLowerCase();
  const [open, close, chat, unread, dismiss, failed, retry] = (STRINGS as Record<string, string[]>)[language] ?? STRINGS.en;
  return { open, close, chat, unread, dismiss, failed, retry } as Strings;
}
