import { describe, expect, it } from 'vitest';
import { hexColor, luminance, readableOn, textOn } from '../src/shared/color.ts';
import { fileUrl, isEmojiOnly, pieces } from '../src/frame/text.ts';

describe('links in texts', () => {
  it('leaves a sentence’s punctuation outside', () => {
    expect(pieces('See https://example.test/a_(b)?x=1#y. Or (www.example.test)!')).toEqual([
      { text: 'See ' },
      { text: 'https://example.test/a_(b)?x=1#y', href: 'https://example.test/a_(b)?x=1#y' },
      { text: '. Or (' },
      { text: 'www.example.test', href: 'https://www.example.test/' },
      { text: ')!' },
    ]);
  });

  it('makes mail addresses writable', () => {
    expect(pieces('ana@example.test')).toEqual([{ text: 'ana@example.test', href: 'mailto:ana@example.test' }]);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x', '<img src=x onerror=alert(1)>', 'file:///etc/passwd'])('never links %s', (text) => {
    expect(pieces(text)).toEqual([{ text }]);
  });

  it('loses no character', () => {
    const text = 'a https://x.test/… b www.y.test, c@d.test; http:// e';
    expect(pieces(text).map((piece) => piece.text).join('')).toBe(text);
  });
});

it('loads files from our own server only', () => {
  const origin = 'https://chat.example.test';
  expect(fileUrl('/widget/v1/attachments/1/a.png?t=x', origin)).toBe('https://chat.example.test/widget/v1/attachments/1/a.png?t=x');
  for (const url of ['https://evil.test/a.png', '//evil.test/a.png', 'javascript:alert(1)', undefined]) expect(fileUrl(url, origin)).toBeNull();
});

it('shows up to three emoji large', () => {
  for (const text of ['👍', '😍😍', '👩‍💻', '👍🏽 '.trim(), '❤️']) expect(isEmojiOnly(text)).toBe(true);
  for (const text of ['hi 👍', '😀😀😀😀', '1', '#', '']) expect(isEmojiOnly(text)).toBe(false);
});

describe('colours', () => {
  const contrast = (a: string, b: string) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
    return (light + 0.05) / (dark + 0.05);
  };
  const colours = ['#000000', '#ffffff', '#ffd43b', '#0b6e4f', '#777777', '#ff0000', '#3b5bdb', '#00ff00', '#808080'];

  it.each(colours)('writes legibly on %s', (colour) => {
    expect(contrast(colour, textOn(colour))).toBeGreaterThanOrEqual(4.5);
  });

  it.each(colours)('turns %s into a legible accent in light and dark', (colour) => {
    for (const surface of ['#ffffff', '#1c1f24']) expect(contrast(surface, readableOn(surface, colour))).toBeGreaterThanOrEqual(4.5);
  });

  it('leaves a colour that reads well as it is', () => {
    expect(readableOn('#ffffff', '#0b6e4f')).toBe('#0b6e4f');
  });

  it('takes short forms, and nothing that is not a colour', () => {
    expect(hexColor('#0AF')).toBe('#00aaff');
    expect(hexColor('red;background:url(x)')).toBe('#3b5bdb');
  });
});
