import type { User } from '$lib/api/types';
import { userName } from './names';

export type CommentPiece = { kind: 'text'; text: string } | { kind: 'mention'; userId: number };

const TOKEN = /\{\{@user\.(\d+)\}\}/g;

export function parseComment(text: string): CommentPiece[] {
  const pieces: CommentPiece[] = [];
  let from = 0;
  for (const match of text.matchAll(TOKEN)) {
    if (match.index > from) pieces.push({ kind: 'text', text: text.slice(from, match.index) });
    pieces.push({ kind: 'mention', userId: Number(match[1]) });
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push({ kind: 'text', text: text.slice(from) });
  return pieces;
}

/** The "@word" being typed at the caret, if any. */
export function mentionAt(text: string, caret: number): { start: number; query: string } | null {
  const before = text.slice(0, caret);
  const match = /(?:^|[\s(])@([\p{L}\p{N}._-]*(?: [\p{L}\p{N}._-]*)?)$/u.exec(before);
  if (!match) return null;
  const query = match[1] ?? '';
  return { start: caret - query.length - 1, query };
}

export function matchingUsers(users: User[], query: string): User[] {
  const wanted = query.trim().toLocaleLowerCase();
  return users
    .filter((u) => `${userName(u)} ${u.email}`.toLocaleLowerCase().includes(wanted))
    .sort((a, b) => rank(a, wanted) - rank(b, wanted) || userName(a).localeCompare(userName(b)))
    .slice(0, 8);
}

const rank = (user: User, wanted: string) =>
  userName(user)
    .toLocaleLowerCase()
    .split(' ')
    .some((word) => word.startsWith(wanted))
    ? 0
    : 1;

/** While typing, mentions read "@Ana Silva"; the server wants the user's id. Longer names go first. */
export function encodeMentions(text: string, users: User[]): string {
  const names = users
    .map((u) => ({ id: u.id, name: `@${userName(u)}` }))
    .sort((a, b) => b.name.length - a.name.length);
  let out = '';
  for (let i = 0; i < text.length;) {
    const hit =
      text[i] === '@' && !/[\p{L}\p{N}]/u.test(text[i - 1] ?? '')
        ? names.find(
            (n) => text.startsWith(n.name, i) && !/[\p{L}\p{N}]/u.test(text[i + n.name.length] ?? '')
          )
        : undefined;
    if (hit) {
      out += `{{@user.${hit.id}}}`;
      i += hit.name.length;
    } else {
      out += text[i++];
    }
  }
  return out;
}
