import type { ContactChannel } from '$lib/api/types';

/** The chosen channel, else the one the contact used last, else the one with the newest message. */
export function defaultChannel(
  channels: ContactChannel[],
  chosen: number | null,
  last: number | null
): ContactChannel | null {
  return (
    channels.find((c) => c.channel_id === chosen) ??
    channels.find((c) => c.channel_id === last) ??
    [...channels].sort((a, b) => (b.last_message_at ?? 0) - (a.last_message_at ?? 0))[0] ??
    null
  );
}

/** The server says whether a channel can be written to; between its answers only the window's end passes. */
export function canWrite(channel: ContactChannel, now: number): boolean {
  return channel.can_send && (channel.window_closes_at === null || channel.window_closes_at / 1000 > now);
}
