export type Piece = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string };

const LINK = /\b(?:https?:\/\/|www\.)[^\s<>"'`]+|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+\b/gi;

/** Splits text into plain pieces and links. Only http, https and mailto ever become links. */
export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const raw = match[0];
    const link = raw.includes('@') && !/^(https?:|www\.)/i.test(raw) ? raw : trimEnd(raw);
    const href = hrefOf(link);
    if (!href) continue;
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    pieces.push({ kind: 'link', text: link, href });
    from = match.index + link.length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

/** Punctuation after an address belongs to the sentence; a bracket does unless the address opened it. */
function trimEnd(link: string): string {
  let end = link;
  for (;;) {
    const last = end.at(-1) ?? '';
    if (/[.,;:!?…*_~]/.test(last)) end = end.slice(0, -1);
    else if (last === ')' && !end.includes('(')) end = end.slice(0, -1);
    else if (last === ']' && !end.includes('[')) end = end.slice(0, -1);
    else return end;
  }
}

function hrefOf(link: string): string | null {
  if (/^https?:\/\//i.test(link) || /^www\./i.test(link)) {
    try {
      const url = new URL(/^www\./i.test(link) ? `https://${link}` : link);
      return url.hostname.includes('.') || url.hostname === 'localhost' ? url.href : null;
    } catch {
      return null;
    }
  }
  return `mailto:${link}`;
}

/** Up to three emoji and nothing else are shown large. */
export function isOnlyEmoji(text: string): boolean {
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.length > 40) return false;
  if (!/^(?:\p{Extended_Pictographic}|\p{Emoji_Component}|\u200d|\ufe0f|\s)+$/u.test(trimmed)) return false;
  if (/^[\d#*\s]+$/.test(trimmed)) return false;
  const graphemes = [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(trimmed)].filter(
    (s) => s.segment.trim() !== ''
  );
  return graphemes.length <= 3;
}
