import { timeline } from '$lib/i18n';
import type { Instant } from '$lib/api/types';

/** Instants of the API are microseconds; Intl and Date count milliseconds. */
export const toMs = (at: Instant) => at / 1000;
export const fromMs = (ms: number): Instant => Math.round(ms * 1000);

export type Zone = { timeZone: string | undefined; locale: string | undefined };

/** The viewer's own zone and language; timestamps are read by a person, not by a workspace. */
export const local: Zone = { timeZone: undefined, locale: undefined };

const cache = new Map<string, Intl.DateTimeFormat>();

function format(ms: number, zone: Zone, options: Intl.DateTimeFormatOptions): string {
  const id = `${zone.locale}|${zone.timeZone}|${JSON.stringify(options)}`;
  let formatter = cache.get(id);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat(zone.locale, { ...options, timeZone: zone.timeZone });
    cache.set(id, formatter);
  }
  return formatter.format(ms);
}

/** Sortable calendar day in the zone, "2026-11-22". */
export function dayKey(at: Instant, zone: Zone = local): string {
  return format(
    toMs(at),
    { ...zone, locale: 'sv-SE' },
    { year: 'numeric', month: '2-digit', day: '2-digit' }
  );
}

const DAY = 86_400_000;
const daysBetween = (a: string, b: string) => Math.round((Date.parse(b) - Date.parse(a)) / DAY);

export function clock(at: Instant, zone: Zone = local): string {
  return format(toMs(at), zone, { hour: '2-digit', minute: '2-digit' });
}

/** For list rows: the time today, else the weekday within a week, else the date. */
export function shortTime(at: Instant, now: number, zone: Zone = local): string {
  const days = daysBetween(dayKey(at, zone), dayKey(fromMs(now), zone));
  if (days <= 0) return clock(at, zone);
  if (days === 1) return timeline.yesterday;
  if (days < 7) return format(toMs(at), zone, { weekday: 'short' });
  const sameYear = dayKey(at, zone).slice(0, 4) === dayKey(fromMs(now), zone).slice(0, 4);
  return format(
    toMs(at),
    zone,
    sameYear ? { day: 'numeric', month: 'short' } : { day: '2-digit', month: '2-digit', year: 'numeric' }
  );
}

export function dayLabel(at: Instant, now: number, zone: Zone = local): string {
  const days = daysBetween(dayKey(at, zone), dayKey(fromMs(now), zone));
  if (days === 0) return timeline.today;
  if (days === 1) return timeline.yesterday;
  const sameYear = dayKey(at, zone).slice(0, 4) === dayKey(fromMs(now), zone).slice(0, 4);
  return format(toMs(at), zone, {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' })
  });
}

export function dateTime(at: Instant, zone: Zone = local): string {
  return format(toMs(at), zone, { dateStyle: 'medium', timeStyle: 'short' });
}

export function exactTime(at: Instant, zone: Zone = local): string {
  return format(toMs(at), zone, { dateStyle: 'medium', timeStyle: 'medium' });
}

export function date(at: Instant, zone: Zone = local): string {
  return format(toMs(at), zone, { dateStyle: 'medium' });
}

/** "23 h 5 min", "4 min", "2 d 3 h": the two largest units, rounded down. */
export function duration(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return '1 min';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
}

/** "1:07" for players. */
export function playTime(seconds: number): string {
  const s = Math.max(0, Math.round(Number.isFinite(seconds) ? seconds : 0));
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
}

export function fileSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KB`;
  const mb = bytes / (1024 * 1024);
  return `${mb < 10 ? mb.toFixed(1) : Math.round(mb)} MB`;
}
