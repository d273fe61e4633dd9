import { describe, expect, it } from 'vitest';
import { clock, dayKey, dayLabel, duration, fileSize, fromMs, playTime, shortTime } from '$lib/time/format';
import { fromInputs, fromWallClock, snoozeChoices, wallClock } from '$lib/time/zones';

const us = (iso: string) => fromMs(Date.parse(iso));
const tokyo = { timeZone: 'Asia/Tokyo', locale: 'en-GB' };
const lima = { timeZone: 'America/Lima', locale: 'en-GB' };

describe('times', () => {
  const now = Date.parse('2026-11-22T20:00:00Z');

  it('are told in the viewer’s zone', () => {
    expect(clock(us('2026-11-22T14:05:00Z'), tokyo)).toBe('23:05');
    expect(clock(us('2026-11-22T14:05:00Z'), lima)).toBe('09:05');
  });

  it('belong to the day of the zone', () => {
    expect(dayKey(us('2026-11-22T16:00:00Z'), tokyo)).toBe('2026-11-23');
    expect(dayKey(us('2026-11-22T02:00:00Z'), lima)).toBe('2026-11-21');
  });

  it('are short in the list: time, yesterday, weekday, date', () => {
    expect(shortTime(us('2026-11-22T15:30:00Z'), now, lima)).toBe('10:30');
    expect(shortTime(us('2026-11-21T15:30:00Z'), now, lima)).toBe('Yesterday');
    expect(shortTime(us('2026-11-18T15:30:00Z'), now, lima)).toBe('Wed');
    expect(shortTime(us('2026-03-05T15:30:00Z'), now, lima)).toBe('5 Mar');
    expect(shortTime(us('2025-03-05T15:30:00Z'), now, lima)).toBe('05/03/2025');
  });

  it('follow the zone over midnight', () => {
    // 20:00 UTC is already the 23rd in Tokyo, so a message of 14:00 UTC is from yesterday there.
    expect(dayLabel(us('2026-11-22T14:00:00Z'), now, tokyo)).toBe('Yesterday');
    expect(dayLabel(us('2026-11-22T14:00:00Z'), now, lima)).toBe('Today');
    expect(dayLabel(us('2026-11-02T14:00:00Z'), now, lima)).toBe('Monday 2 November');
  });

  it('are spoken of in two units at most', () => {
    expect([30_000, 4 * 60_000, 65 * 60_000, 24 * 3_600_000, 51 * 3_600_000].map(duration)).toEqual([
      '1 min',
      '4 min',
      '1 h 5 min',
      '1 d',
      '2 d 3 h'
    ]);
    expect(playTime(67)).toBe('1:07');
    expect(playTime(NaN)).toBe('0:00');
    expect([900, 84_213, 1.5 * 1024 * 1024].map(fileSize)).toEqual(['900 B', '82 KB', '1.5 MB']);
  });
});

describe('wall clocks', () => {
  it('are read and set in a zone, summer time included', () => {
    const summer = fromWallClock({ year: 2026, month: 7, day: 1, hour: 9, minute: 0 }, 'Europe/Stockholm');
    const winter = fromWallClock({ year: 2026, month: 12, day: 1, hour: 9, minute: 0 }, 'Europe/Stockholm');
    expect(new Date(summer).toISOString()).toBe('2026-07-01T07:00:00.000Z');
    expect(new Date(winter).toISOString()).toBe('2026-12-01T08:00:00.000Z');
    expect(wallClock(winter, 'Asia/Kolkata')).toMatchObject({ hour: 13, minute: 30 });
  });

  it('step over the gap when clocks go forward', () => {
    const gap = fromWallClock({ year: 2026, month: 3, day: 29, hour: 2, minute: 30 }, 'Europe/Stockholm');
    expect(wallClock(gap, 'Europe/Stockholm')).toMatchObject({ day: 29, hour: 3, minute: 30 });
  });

  it('take the values of inputs, and refuse half-filled ones', () => {
    expect(fromInputs('2026-12-24', '18:15', 'America/New_York')).toBe(us('2026-12-24T23:15:00Z'));
    expect(fromInputs('', '18:15', 'UTC')).toBeNull();
  });
});

describe('snooze choices', () => {
  const at = (iso: string) =>
    Object.fromEntries(
      snoozeChoices(Date.parse(iso), 'Europe/Stockholm').map((c) => [
        c.id,
        new Date(c.until / 1000).toISOString()
      ])
    );

  it('are later today, tomorrow at nine and Monday at nine, in the workspace’s zone', () => {
    expect(at('2026-11-18T10:10:00Z')).toEqual({
      laterToday: '2026-11-18T13:30:00.000Z',
      tomorrow: '2026-11-19T08:00:00.000Z',
      nextWeek: '2026-11-23T08:00:00.000Z'
    });
  });

  it('leave out later today in the evening', () => {
    expect(at('2026-11-18T21:00:00Z')).not.toHaveProperty('laterToday');
  });

  it('mean the Monday after on a Sunday, as tomorrow is Monday', () => {
    expect(at('2026-11-22T10:00:00Z').nextWeek).toBe('2026-11-30T08:00:00.000Z');
  });
});
