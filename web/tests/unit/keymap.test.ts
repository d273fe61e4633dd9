import { describe, expect, it } from 'vitest';
import { actionFor, bindings, type KeyLike, type Place } from '$lib/keymap/keymap';

const press = (key: string, place: Place = 'page', over: Partial<KeyLike> = {}) =>
  actionFor({ key, ctrlKey: false, metaKey: false, altKey: false, ...over }, place);

describe('the keymap', () => {
  it('has one meaning per key', () => {
    const all = bindings.flatMap((b) => b.keys);
    expect(new Set(all).size).toBe(all.length);
  });

  it('leads from keys to actions', () => {
    expect(
      ['j', 'ArrowUp', 'Enter', 'r', 'c', 'e', 'a', 's', '/', '?', 'Escape'].map((k) => press(k))
    ).toEqual([
      'next',
      'previous',
      'reply',
      'reply',
      'comment',
      'close',
      'assign',
      'snooze',
      'search',
      'help',
      'escape'
    ]);
    expect(press('J')).toBe('next');
    expect(press('x')).toBeNull();
  });

  it('is silent while typing, but for Escape', () => {
    expect(press('j', 'field')).toBeNull();
    expect(press('?', 'field')).toBeNull();
    expect(press('Escape', 'field')).toBe('escape');
    expect(press('j', 'page', { isComposing: true })).toBeNull();
  });

  it('leaves the browser’s own combinations alone', () => {
    expect(press('c', 'page', { ctrlKey: true })).toBeNull();
    expect(press('r', 'page', { metaKey: true })).toBeNull();
  });

  it('leaves Enter and arrows to focused controls, and everything to open overlays', () => {
    expect(press('Enter', 'control')).toBeNull();
    expect(press('ArrowDown', 'control')).toBeNull();
    expect(press('j', 'control')).toBe('next');
    expect(press('Escape', 'overlay')).toBeNull();
  });

  it('repeats only what moves in the list', () => {
    expect(press('j', 'page', { repeat: true })).toBe('next');
    expect(press('e', 'page', { repeat: true })).toBeNull();
  });
});
