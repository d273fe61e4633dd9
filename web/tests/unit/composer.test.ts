import { describe, expect, it } from 'vitest';
import type { Capabilities, ContactChannel, UploadedFile } from '$lib/api/types';
import {
  canWrite,
  defaultChannel
} from '../../src/routes/(app)/[workspace=id]/inbox/[contact=id]/composer/channel';
import { compose } from '../../src/routes/(app)/[workspace=id]/inbox/[contact=id]/composer/compose';
import {
  emojiGroups,
  findEmoji
} from '../../src/routes/(app)/[workspace=id]/inbox/[contact=id]/composer/emoji';
import { refusal } from '../../src/routes/(app)/[workspace=id]/inbox/[contact=id]/composer/validate';
import { windowOf } from '../../src/routes/(app)/[workspace=id]/inbox/window';
import { missing, startValues, toConfig } from '../../src/routes/(app)/[workspace=id]/settings/channels/form';

const capabilities = {
  max_text: 100,
  max_caption: 10,
  attachments: [
    { kind: 'image', mimes: ['image/png'], max_bytes: 1000 },
    { kind: 'file', mimes: ['application/pdf'], max_bytes: 5000 }
  ]
} as Capabilities;
const file = (id: number): UploadedFile => ({
  id,
  kind: 'file',
  mime: 'application/pdf',
  size: 1,
  file_name: 'a.pdf',
  url: '/a'
});
const channel = (over: Partial<ContactChannel>): ContactChannel => ({
  id: 1,
  contact_id: 1,
  channel_id: 1,
  source: 'telegram',
  channel_name: 'Bot',
  address: '@a',
  last_incoming_at: null,
  last_message_at: null,
  window_closes_at: null,
  can_send: true,
  blocked_reason: null,
  read_up_to: null,
  ...over
});

describe('files', () => {
  it.each([
    [{ name: 'a.png', type: 'image/png', size: 900 }, null],
    [{ name: 'a.png', type: 'image/png', size: 1001 }, /larger/],
    [{ name: 'a.exe', type: 'application/x-msdownload', size: 1 }, /doesn’t take/],
    [{ name: 'a', type: '', size: 1 }, /doesn’t take/],
    [{ name: 'a.pdf', type: 'application/pdf', size: 0 }, /empty/]
  ])('%j', (f, expected) => {
    const answer = refusal(f, capabilities, 'Telegram');
    if (expected === null) expect(answer).toBeNull();
    else expect(answer).toMatch(expected);
  });

  it('of any kind pass where the channel takes any', () => {
    const any: Capabilities = {
      ...capabilities,
      attachments: [{ kind: 'file', mimes: ['*/*'], max_bytes: 10 }]
    };
    expect(refusal({ name: 'x', type: '', size: 5 }, any, 'Chat')).toBeNull();
    expect(refusal({ name: 'x', type: '', size: 5 }, { ...any, attachments: [] }, 'SMS')).toMatch(
      /attachments/
    );
  });
});

describe('what is sent', () => {
  it('is the text as caption of the first file, where it fits', () => {
    const out = compose(' short ', [file(1), file(2)], capabilities);
    expect(out.map((o) => o.content)).toEqual([
      { type: 'attachment', attachment: { id: 1, kind: 'file', caption: 'short' } },
      { type: 'attachment', attachment: { id: 2, kind: 'file' } }
    ]);
  });
  it('is a message of its own where it does not', () => {
    const out = compose('longer than ten', [file(1)], capabilities);
    expect(out.map((o) => o.content.type)).toEqual(['attachment', 'text']);
    expect(compose('hello', [], capabilities).map((o) => o.content)).toEqual([
      { type: 'text', text: 'hello' }
    ]);
  });
});

describe('the channel', () => {
  const list = [
    channel({ id: 1, channel_id: 1, last_message_at: 5 }),
    channel({ id: 2, channel_id: 2, last_message_at: 9 }),
    channel({ id: 3, channel_id: 3 })
  ];
  it('is the chosen one, else the last used, else the one with the newest message', () => {
    expect(defaultChannel(list, 3, 1)?.id).toBe(3);
    expect(defaultChannel(list, null, 1)?.id).toBe(1);
    expect(defaultChannel(list, 77, null)?.id).toBe(2);
    expect(defaultChannel([], null, 1)).toBeNull();
  });
  it('closes with its window', () => {
    expect(canWrite(channel({ window_closes_at: 2_000_000 }), 1_999)).toBe(true);
    expect(canWrite(channel({ window_closes_at: 2_000_000 }), 2_000)).toBe(false);
    expect(canWrite(channel({ can_send: false }), 0)).toBe(false);
  });
});

describe('channel forms', () => {
  const field = (key: string, over = {}) => ({
    key,
    label: key,
    help: '',
    kind: 'text' as const,
    required: true,
    secret: false,
    advanced: false,
    ...over
  });
  const fields = [
    field('id'),
    field('token', { secret: true }),
    field('origins', { kind: 'lines', required: false })
  ];

  it('ask for what is required, but not for a secret that is stored', () => {
    const values = startValues(fields, { origins: 'https://a.test' });
    expect(Object.keys(missing(fields, values, false))).toEqual(['id', 'token']);
    expect(Object.keys(missing(fields, values, true))).toEqual(['id']);
  });

  it('send lists one entry a line and leave untouched secrets out', () => {
    const values = { id: ' 5 ', token: '', origins: 'https://a.test\n\n https://b.test ' };
    expect(toConfig(fields, values, true)).toEqual({
      id: '5',
      origins: 'https://a.test\nhttps://b.test'
    });
  });
});

it('emoji are found by the beginning of their words first, and each stands once in the set', () => {
  expect(findEmoji('coff')).toEqual(['☕']);
  expect(findEmoji('hear')[0]).toBe('🥰');
  const all = emojiGroups.flatMap((g) => g.emoji);
  expect(new Set(all).size).toBe(all.length);
});

it('only the rows in view and a few around them are drawn', () => {
  expect(windowOf(1000, 7200, 720)).toEqual({ start: 94, end: 116 });
  expect(windowOf(3, 0, 720)).toEqual({ start: 0, end: 3 });
  expect(windowOf(5, 7200, 720)).toEqual({ start: 5, end: 5 });
});
