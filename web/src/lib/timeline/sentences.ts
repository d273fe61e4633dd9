import type { Channel, ContactChannel, TimelineEvent, User } from '$lib/api/types';
import { common, events as t } from '$lib/i18n';
import { userById, userName } from '$lib/text/names';
import { dateTime, local, type Zone } from '$lib/time/format';

export type Names = {
  me: number;
  users: User[] | undefined;
  channels: Pick<Channel, 'id' | 'name'>[] | undefined;
  contactChannels?: Pick<ContactChannel, 'channel_id' | 'channel_name'>[] | undefined;
  zone?: Zone;
};

export type Sentence = { text: string; note: string | null };

/** One sentence that says who did what, and below it what they noted. */
export function sentence(event: TimelineEvent, names: Names): Sentence {
  const p = (event.payload ?? {}) as Record<string, unknown>;
  const who = actorName(event, names);
  const plain = (text: string): Sentence => ({ text, note: null });
  switch (event.kind) {
    case 'conversation.opened': {
      const on = typeof p.channel_id === 'number' ? t.openedOn(channelName(p.channel_id, names)) : '';
      return plain(
        (event.actor.kind === 'contact' || p.source === 'contact' ? t.openedByMessage : t.opened(who)) + on
      );
    }
    case 'conversation.closed': {
      const note = [
        typeof p.category === 'string' && p.category ? t.category(p.category) : '',
        typeof p.summary === 'string' ? p.summary : ''
      ].filter(Boolean);
      return { text: t.closed(who), note: note.length ? note.join('\n') : null };
    }
    case 'conversation.snoozed':
      return plain(
        t.snoozed(who, typeof p.until === 'number' ? dateTime(p.until, names.zone ?? local) : '…')
      );
    case 'conversation.unsnoozed':
      if (p.reason === 'time') return plain(t.wokenByTime);
      if (p.reason === 'message') return plain(t.wokenByMessage);
      return plain(t.wokenByUser(who));
    case 'contact.assignee.updated':
      return plain(assignment(event, p, who, names));
    case 'contact.created':
      return plain(event.actor.kind === 'contact' ? t.createdByMessage : t.created(who));
    case 'contact.updated':
      return plain(fieldChanges(p.changes, who));
    case 'contact.channel.added':
      return plain(t.channelAdded(channelName(p.channel_id, names)));
    case 'contact.channel.stopped':
      return plain(t.channelStopped(channelName(p.channel_id, names)));
    case 'contact.channel.resumed':
      return plain(t.channelResumed(channelName(p.channel_id, names)));
    default:
      return plain(`${who}: ${event.kind}`);
  }
}

function actorName(event: TimelineEvent, names: Names): string {
  const { kind, id } = event.actor;
  if (kind !== 'user') return t.actors[kind] ?? t.someone;
  if (id === names.me) return t.you;
  const user = userById(names.users, id);
  return user ? userName(user) : common.formerUser;
}

function assignment(event: TimelineEvent, p: Record<string, unknown>, who: string, names: Names): string {
  const to = typeof p.to === 'number' ? p.to : null;
  if (to === null) {
    const from = typeof p.from === 'number' ? userById(names.users, p.from) : null;
    return from && from.id !== event.actor.id ? t.unassignedFrom(who, userName(from)) : t.unassigned(who);
  }
  if (event.actor.kind === 'user' && event.actor.id === to) return t.assignedSelf(who);
  if (to === names.me) return t.assigned(who, t.toYou);
  const user = userById(names.users, to);
  return t.assigned(who, user ? userName(user) : common.formerUser);
}

function channelName(id: unknown, names: Names): string {
  return (
    names.channels?.find((c) => c.id === id)?.name ??
    names.contactChannels?.find((c) => c.channel_id === id)?.channel_name ??
    t.aChannel
  );
}

function fieldChanges(changes: unknown, who: string): string {
  const entries = Object.entries((changes ?? {}) as Record<string, [unknown, unknown]>).filter(([, v]) =>
    Array.isArray(v)
  );
  const label = (field: string) => t.fields[field] ?? field;
  const only = entries[0];
  if (entries.length === 1 && only) {
    const [field, [old, next]] = only;
    const empty = (v: unknown) => v === null || v === undefined || v === '';
    if (empty(next)) return t.fieldCleared(who, label(field), String(old));
    if (empty(old)) return t.fieldSet(who, label(field), String(next));
    return t.fieldChanged(who, label(field), String(old), String(next));
  }
  return t.fieldsChanged(who, new Intl.ListFormat('en').format(entries.map(([f]) => label(f))));
}
