import type { ContactDetail, EventFrame, InboxFilter } from '$lib/api/types';
import type { TimelineData } from '$lib/timeline/order';
import { applyToTimeline, type Scope } from './apply';
import { applyToDetail } from './detail';
import { upsertRow, type InboxData } from './inbox';
import type { FrameLog } from './log';

/** Brings a fetched snapshot up to the last frame received. `started` is the seq held when the request went out. */
export function replayOnto(
  slice: unknown,
  data: unknown,
  started: number,
  log: FrameLog,
  arg: InboxFilter | number,
  scope: Scope
): unknown {
  switch (slice) {
    case 'inbox': {
      const held = data as InboxData;
      const filter = arg as InboxFilter;
      return since(log, started, held.pages.at(-1)?.seq).reduce(
        (d, frame) => (frame.contact ? upsertRow(d, filter, frame.contact, scope.me) : d),
        held
      );
    }
    case 'contact': {
      const held = data as ContactDetail;
      return since(log, started, held.seq).reduce(applyToDetail, held);
    }
    case 'timeline': {
      const held = data as TimelineData;
      return since(log, started, held.pages.at(-1)?.seq)
        .filter((frame) => frame.event.contact_id === arg)
        .reduce(applyToTimeline, held);
    }
    default:
      return data;
  }
}

function since(log: FrameLog, started: number, snapshot: number | undefined): EventFrame[] {
  return log.after(Math.min(started, snapshot ?? started));
}
