/** Text taken apart into what may be clicked and what may not; nothing is ever turned into HTML. */

export interface Piece {
  text: string;
  href?: string;
}

// Stops before punctuation that ends a sentence rather than an address.
const LINK = /(?:https?:\/\/|www\.)[^\s<>"'`]*[^\s<>"'`.,:;!?…)\]}]|[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/gi;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(LINK)) {
    const href = safeLink(match[0]);
    if (!href) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push({ text: match[0], href });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

function safeLink(text: string): string | null {
  if (/^[^/]+@/.test(text)) return `mailto:${text}`;
  try {
    const url = new URL(/^www\./i.test(text) ? `https://${text}` : text);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

/** The address of a file, if it is one of our own server's. */
export function fileUrl(url: string | undefined, origin = location.origin): string | null {
  if (!url) return null;
  try {
    const parsed = new URL(url, origin);
    return parsed.origin === origin && /^https?:$/.test(parsed.protocol) ? parsed.href : null;
  } catch {
    return null;
  }
}

/** One to three emoji and nothing else are shown large. */
export function isEmojiOnly(text: string): boolean {
  return text.length <= 40 && /^(?:\p{Extended_Pictographic}(?:\uFE0F|\u200D\p{Extended_Pictographic}|\p{Emoji_Modifier})*){1,3}$/u.test(text.trim());
}
