/** An origin that no page has: whatever leaves it, leaves this app. */
const HERE = 'https://here.invalid';

/** Only a path of this app may follow signing in; "//host", "/\host" and "/<tab>/host" would leave it. */
export function safeNext(next: string | null): string {
  if (!next?.startsWith('/')) return '/';
  let url: URL;
  try {
    url = new URL(next, HERE);
  } catch {
    return '/';
  }
  // A path that begins with two slashes, such as that of "/./%2e/..//host", is another host when it is read again.
  if (url.origin !== HERE || url.pathname.startsWith('//') || /^\/sign-in(\/|$)/.test(url.pathname))
    return '/';
  return url.pathname + url.search + url.hash;
}
