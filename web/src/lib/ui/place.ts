export type Side = 'top' | 'bottom' | 'left' | 'right';
const GAP = 6;
const EDGE = 8;

/** Puts a tip beside its anchor, on the other side where there is no room, and inside the window. */
export function place(tip: HTMLElement, anchor: HTMLElement, side: Side): void {
  const a = anchor.getBoundingClientRect();
  const t = tip.getBoundingClientRect();
  const rtl = document.documentElement.dir === 'rtl';
  // "right" means the end of the line, as the layout is mirrored.
  let wanted = side;
  if (rtl && side === 'right') wanted = 'left';
  else if (rtl && side === 'left') wanted = 'right';
  const room = {
    top: a.top - t.height - GAP >= EDGE,
    bottom: a.bottom + t.height + GAP <= innerHeight - EDGE,
    left: a.left - t.width - GAP >= EDGE,
    right: a.right + t.width + GAP <= innerWidth - EDGE
  };
  const opposite = { top: 'bottom', bottom: 'top', left: 'right', right: 'left' } as const;
  const at = room[wanted] ? wanted : opposite[wanted];
  const across = a.left + a.width / 2 - t.width / 2;
  const down = a.top + a.height / 2 - t.height / 2;
  const x = at === 'left' ? a.left - t.width - GAP : at === 'right' ? a.right + GAP : across;
  const y = at === 'top' ? a.top - t.height - GAP : at === 'bottom' ? a.bottom + GAP : down;
  const clamp = (v: number, most: number) => Math.max(EDGE, Math.min(v, most - EDGE));
  tip.style.left = `${clamp(x, innerWidth - t.width)}px`;
  tip.style.top = `${clamp(y, innerHeight - t.height)}px`;
}
