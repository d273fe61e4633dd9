/** All rows have this height, so what is in view follows from the scroll position alone. */
export const ROW_HEIGHT = 72;
const BEYOND = 6;

/** The rows to draw: those in view and a few on either side. */
export function windowOf(count: number, top: number, height: number): { start: number; end: number } {
  const first = Math.floor(top / ROW_HEIGHT);
  const last = Math.ceil((top + (height || 800)) / ROW_HEIGHT);
  const start = Math.max(0, Math.min(count, first - BEYOND));
  return { start, end: Math.min(count, Math.max(start, last + BEYOND)) };
}
