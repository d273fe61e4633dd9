import { describe, expect, it } from 'vitest';
import { Drafts, emptyDraft } from '$lib/stores/drafts';

class Memory {
  values = new Map<string, string>();
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
}
const DAY = 86_400_000;
const write = (text: string) => ({ ...emptyDraft(), text });

describe('drafts', () => {
  it('are kept per contact, user and workspace', () => {
    const storage = new Memory();
    new Drafts(7, 1, storage).set(5, write('Hello'), 0);
    expect(new Drafts(7, 1, storage).get(5).text).toBe('Hello');
    expect(new Drafts(7, 1, storage).get(6).text).toBe('');
    expect(new Drafts(8, 1, storage).get(5).text).toBe('');
    expect(new Drafts(7, 2, storage).get(5).text).toBe('');
  });

  it('go away when there is nothing left in them', () => {
    const drafts = new Drafts(7, 1, new Memory());
    drafts.set(5, write('Hello'), 0);
    drafts.set(5, write('  '), 1);
    expect(drafts.has(5)).toBe(false);
  });

  it('are forgotten after a month, and beyond the newest two hundred', () => {
    const drafts = new Drafts(7, 1, new Memory());
    drafts.set(1, write('old'), 0);
    for (let i = 2; i <= 202; i++) drafts.set(i, write('x'), 31 * DAY + i);
    expect(drafts.has(1)).toBe(false);
    expect(drafts.has(2)).toBe(false);
    expect(drafts.has(3)).toBe(true);
  });

  it('survive a storage that is broken or full', () => {
    const storage = new Memory();
    storage.setItem('ism.drafts.7.1', '{broken');
    expect(new Drafts(7, 1, storage).get(5)).toEqual(emptyDraft());
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new Error('full');
      }
    };
    expect(() => new Drafts(7, 1, full).set(5, write('x'), 0)).not.toThrow();
  });
});
