import type { Page } from '../shared/types.ts';

/** Where the visitor is. A fragment may hold secrets of a login, unless it is a route. */
export function currentPage(): Page {
  const { href, hash } = location;
  return { url: /^#[!/]/.test(hash) ? href : href.split('#')[0]!, title: document.title, referrer: document.referrer };
}
