import { describe, expect, it } from 'vitest';
import { isOnlyEmoji, linkify } from '$lib/text/linkify';
import { encodeMentions, matchingUsers, mentionAt, parseComment } from '$lib/text/mentions';
import { initials } from '$lib/text/names';
import { safeNext } from '$lib/text/next';
import { user } from './builders';

const links = (text: string) => linkify(text).flatMap((p) => (p.kind === 'link' ? [p.href] : []));

describe('links', () => {
  it('are found without the punctuation of the sentence', () => {
    expect(links('See https://a.test/x?y=1, or (www.b.test).')).toEqual([
      'https://a.test/x?y=1',
      'https://www.b.test/'
    ]);
    expect(links('https://en.example.test/wiki/Coffee_(drink)')).toEqual([
      'https://en.example.test/wiki/Coffee_(drink)'
    ]);
    expect(links('Write to ana@example.test!')).toEqual(['mailto:ana@example.test']);
  });

  it('are only ever web or mail addresses', () => {
    expect(links('javascript:alert(1) data:text/html,x file:///etc/passwd')).toEqual([]);
    expect(links('https://')).toEqual([]);
  });

  it('lose no character of the text', () => {
    const text = 'a https://x.test/ü b, c@d.test. <b> ) end';
    expect(
      linkify(text)
        .map((p) => p.text)
        .join('')
    ).toBe(text);
  });
});

describe('emoji on their own', () => {
  it.each([
    ['🙏', true],
    ['👩‍🔧 ❤️', true],
    ['🇸🇪', true],
    ['42', false],
    ['ok 🙏', false],
    ['😀😀😀😀', false],
    ['', false]
  ])('%s: %s', (text, expected) => expect(isOnlyEmoji(text)).toBe(expected));
});

describe('mentions', () => {
  const users = [user(9, 'Ana', 'Silva'), user(11, 'Ana', 'Silva Costa'), user(8, 'Jonas', 'Weber')];

  it('are noticed while they are typed', () => {
    expect(mentionAt('Hi @an', 6)).toEqual({ start: 3, query: 'an' });
    expect(mentionAt('Hi @', 4)).toEqual({ start: 3, query: '' });
    expect(mentionAt('mail a@b', 8)).toBeNull();
    expect(mentionAt('Hi @ana and more', 16)).toBeNull();
  });

  it('offer those whose name begins so first', () => {
    expect(matchingUsers(users, 'we').map((u) => u.id)).toEqual([8]);
    expect(matchingUsers(users, '').map((u) => u.id)).toEqual([9, 11, 8]);
  });

  it('become ids, the longest name first', () => {
    expect(encodeMentions('@Ana Silva Costa and @Ana Silva, ask @Jonas Weber', users)).toBe(
      '{{@user.11}} and {{@user.9}}, ask {{@user.8}}'
    );
    expect(encodeMentions('x@Ana Silva @Ana Silvana', users)).toBe('x@Ana Silva @Ana Silvana');
  });

  it('are found again in a comment', () => {
    expect(parseComment('Hi {{@user.9}}!')).toEqual([
      { kind: 'text', text: 'Hi ' },
      { kind: 'mention', userId: 9 },
      { kind: 'text', text: '!' }
    ]);
  });
});

it('initials work in every script', () => {
  expect(['Mara Lindqvist', 'Ana', '陈 伟', '+46 70', ''].map(initials)).toEqual([
    'ML',
    'A',
    '陈伟',
    '47',
    ''
  ]);
});

it('only a path of this app follows signing in', () => {
  expect(safeNext('/1/inbox/5?x=1')).toBe('/1/inbox/5?x=1');
  expect(safeNext('/sign-inland#a')).toBe('/sign-inland#a');
  const leaving = [
    '//evil.test',
    '/\\evil.test',
    '/\t/evil.test',
    '/\n/evil.test',
    '\t//evil.test',
    '/.//evil.test',
    '/a/..//evil.test',
    '/%2e//evil.test',
    'https://evil.test',
    'javascript:alert(1)',
    'evil.test',
    '/sign-in?next=/',
    '',
    null
  ];
  for (const next of leaving) expect(safeNext(next), String(next)).toBe('/');
});
