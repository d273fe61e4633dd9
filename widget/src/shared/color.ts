/** Colours a company picks for its widget, made safe to write on. */

export const DEFAULT_COLOR = '#3b5bdb';

/** The colour as `#rrggbb`, or the default if it isn't one. */
export function hexColor(color: string): string {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(color);
  if (short) return `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}`.toLowerCase();
  return /^#[0-9a-f]{6}$/i.test(color) ? color.toLowerCase() : DEFAULT_COLOR;
}

/** Relative luminance of WCAG 2. */
export function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** Black or white, whichever reads better on the colour; one of them always has a contrast of 4.5 or more. */
export function textOn(hex: string): '#ffffff' | '#000000' {
  const light = luminance(hex);
  return 1.05 / (light + 0.05) >= (light + 0.05) / (luminance('#000000') + 0.05) ? '#ffffff' : '#000000';
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The colour as near as possible to the company's that still reads as text on this surface. */
export function readableOn(surface: string, hex: string): string {
  const target = luminance(surface) > 0.18 ? 0 : 255;
  const mixed = (share: number) =>
    `#${[1, 3, 5]
      .map((at) => Math.round(parseInt(hex.slice(at, at + 2), 16) * (1 - share) + target * share))
      .map((value) => value.toString(16).padStart(2, '0'))
      .join('')}`;
  for (let share = 0; share < 1; share += 0.05) if (contrast(surface, mixed(share)) >= 4.6) return mixed(share);
  return mixed(1);
}
