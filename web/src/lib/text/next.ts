/** Only a path of this app may follow signing in; "//host" and "/\host" would leave it. */
export function safeNext(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) && !next.startsWith('/sign-in') ? next : '/';
}
