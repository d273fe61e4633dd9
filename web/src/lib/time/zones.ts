import { fromMs } from './format';
import type { Instant } from '$lib/api/types';

type Parts = { year: number; month: number; day: number; hour: number; minute: number };

/** What the wall clock in a zone shows at a moment. */
export function wallClock(ms: number, timeZone: string): Parts & { weekday: number } {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    weekday: 'short'
  }).formatToParts(ms);
  const get = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return {
    year: Number(get('year')),
    month: Number(get('month')),
    day: Number(get('day')),
    hour: Number(get('hour')),
    minute: Number(get('minute')),
    weekday: ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'].indexOf(get('weekday'))
  };
}

const utc = (p: Parts) => Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute);

/** The moment at which a zone's wall clock shows this time; in a gap of summer time, the moment after the gap. */
export function fromWallClock(parts: Parts, timeZone: string): number {
  const wanted = utc(parts);
  const offsetAt = (ms: number) => utc(wallClock(ms, timeZone)) - Math.floor(ms / 60_000) * 60_000;
  const first = wanted - offsetAt(wanted);
  const second = wanted - offsetAt(first);
  return utc(wallClock(second, timeZone)) === wanted ? second : Math.max(first, second);
}

function addDays(p: Parts, days: number): Parts {
  const d = new Date(Date.UTC(p.year, p.month - 1, p.day + days));
  return { ...p, year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate() };
}

export type SnoozeChoice = { id: 'laterToday' | 'tomorrow' | 'nextWeek'; until: Instant };

/** Later today is in three hours, and only offered while that is still today. */
export function snoozeChoices(now: number, timeZone: string): SnoozeChoice[] {
  const today = wallClock(now, timeZone);
  const later = Math.ceil((now + 3 * 3_600_000) / 1_800_000) * 1_800_000;
  const choices: SnoozeChoice[] = [];
  if (wallClock(later, timeZone).day === today.day) choices.push({ id: 'laterToday', until: fromMs(later) });
  const nine = { ...today, hour: 9, minute: 0 };
  choices.push({ id: 'tomorrow', until: fromMs(fromWallClock(addDays(nine, 1), timeZone)) });
  // On a Sunday, Monday is tomorrow already: next week is then the Monday after.
  const toMonday = (8 - today.weekday) % 7 || 7;
  const days = toMonday === 1 ? 8 : toMonday;
  choices.push({ id: 'nextWeek', until: fromMs(fromWallClock(addDays(nine, days), timeZone)) });
  return choices;
}

/** From the values of a date and a time input. */
export function fromInputs(date: string, time: string, timeZone: string): Instant | null {
  const d = /^(\d{4})-(\d{2})-(\d{2})$/.exec(date);
  const t = /^(\d{2}):(\d{2})/.exec(time);
  if (!d || !t) return null;
  return fromMs(
    fromWallClock(
      {
        year: Number(d[1]),
        month: Number(d[2]),
        day: Number(d[3]),
        hour: Number(t[1]),
        minute: Number(t[2])
      },
      timeZone
    )
  );
}
