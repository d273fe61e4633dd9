import type { User } from '$lib/api/types';
import { common } from '$lib/i18n';

type Named = { first_name: string; last_name: string; email?: string };

export function userName(user: Named): string {
  return `${user.first_name} ${user.last_name}`.trim() || user.email || common.formerUser;
}

export function userById(users: User[] | undefined, id: number | null): User | null {
  return id === null ? null : (users?.find((u) => u.id === id) ?? null);
}

export function initials(name: string): string {
  const words = name
    .replace(/[^\p{L}\p{N}\s]/gu, ' ')
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((w) => [...(w ?? '')][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

/** A steady colour per person, chosen from the palette by id. */
export function hueOf(id: number): number {
  return Math.abs(Math.imul(id % 2147483647, 2654435761) >>> 8) % 8;
}
