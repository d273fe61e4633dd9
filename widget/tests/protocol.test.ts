import { describe, expect, it } from 'vitest';
import { accept, isStorable } from '../src/shared/protocol.ts';

const peer = { window: {}, origin: 'https://chat.example.test', nonce: '5f2c' };
const event = (change: object = {}): MessageEvent =>
  ({ source: peer.window, origin: peer.origin, data: { ism: peer.nonce, t: 'close' }, ...change }) as unknown as MessageEvent;

describe('the message guard', () => {
  it('takes a message of the right window, origin and nonce', () => {
    expect(accept(event(), peer)).toEqual({ ism: '5f2c', t: 'close' });
  });

  it.each([
    ['another window', { source: {} }],
    ['another origin', { origin: 'https://evil.example.test' }],
    ['a prefix of the origin', { origin: 'https://chat.example.test.evil.test' }],
    ['another nonce', { data: { ism: '0000', t: 'close' } }],
    ['no nonce', { data: { t: 'close' } }],
    ['no type', { data: { ism: '5f2c' } }],
    ['a text', { data: '5f2c' }],
    ['nothing', { data: null }],
  ])('drops one with %s', (_, change) => {
    expect(accept(event(change), peer)).toBeNull();
  });

  it('never matches an empty nonce', () => {
    expect(accept(event({ data: { ism: '', t: 'close' } }), { ...peer, nonce: '' })).toBeNull();
  });
});

it('lets the frame keep its own values and not the session', () => {
  expect(isStorable('read')).toBe(true);
  expect(isStorable('q:0b6f3a52-1111-4222-8333-444455556666')).toBe(true);
  for (const name of ['session', 'open', 'q:', 'q:../session', 'draft2']) expect(isStorable(name)).toBe(false);
});
