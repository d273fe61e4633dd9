/** Waiting times of repeated tries: 1 s doubling to 30 s, half of it random so that many visitors don't come back at once. */
export function backoff(tries: number): number {
  const ceiling = Math.min(30_000, 1000 * 2 ** tries);
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}
