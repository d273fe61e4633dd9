// The one place the app takes its API types from. What the server answers is generated from its own description
// (openapi.json, `make codegen`); here it gets the app's names. Only what does not go over HTTP is written by hand.
import type * as api from './generated/types.gen';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- shapes that providers define
export type Json = any;

/** A member that may be left out is never null: the description cannot say so, the server's serialiser does. */
type Exact<T> = unknown extends T
  ? Json
  : T extends (infer Item)[]
    ? Exact<Item>[]
    : T extends object
      ? {
          [Member in keyof T]: undefined extends T[Member]
            ? Exact<Exclude<T[Member], null>>
            : Exact<T[Member]>;
        }
      : T;

export type Instant = api.Timestamp; // microseconds since 1970, UTC

export type Role = api.Role;
export type Permission = api.Action;
export type ConversationStatus = api.ConversationStatus;
export type MessageStatus = api.Status;
export type Direction = api.Direction;
export type ClosingNoteMode = api.ClosingNoteMode;
export type AttachmentKind = api.AttachmentKind;

export type Session = Exact<api.SessionView>;
export type SessionUser = Session['user'];
export type SessionWorkspace = Session['workspaces'][number];
export type Workspace = Exact<api.WorkspaceView>;
export type User = Exact<api.UserView>;
export type Invitation = Exact<api.InvitationView>;
export type InvitationPreview = Exact<api.InvitationInfo>;

export type Capabilities = Exact<api.Capabilities>;
export type Channel = Exact<api.ChannelView>;
export type ChannelField = Exact<api.Field>;
export type ChannelSource = Exact<api.Descriptor>;
export type ChannelCheck = Exact<api.CheckResult>;
export type ChannelCreated = Exact<api.ConnectedView>;
export type ConfigValue = string | boolean;
export type ChannelDraft = {
  source: string;
  name?: string;
  config: Record<string, ConfigValue>;
  simulated: boolean;
};

export type LastMessage = Exact<api.LastMessage>;
export type Contact = Exact<api.ContactView>;
export type ContactChannel = Exact<api.ContactChannelView>;
export type Conversation = Exact<api.ConversationView>;
export type ContactDetail = Exact<api.ContactDetail>;
export type Attachment = Exact<api.Attachment>;
export type ContactCard = Exact<api.ContactCard>;
export type Content = Exact<api.Content>;
export type Message = Exact<api.MessageView>;
export type Comment = Exact<api.CommentView>;
export type Actor = Exact<api.Actor>;
export type LogEvent = Exact<api.EventView>;
export type EventKind = api.EventKind;
export type TimelineEvent = LogEvent;
export type TimelineItem = Exact<api.TimelineItem>;
export type TimelinePage = Exact<api.TimelinePage>;
export type InboxPage = Exact<api.InboxPage>;
export type CounterPair = Exact<api.CountView>;
export type Counters = Exact<api.Counters>;
export type ClosingCategory = Exact<api.ClosingCategoryView>;

/** What the composer can send. */
export type OutgoingContent =
  | { type: 'text'; text: string }
  | { type: 'attachment'; attachment: { id: number; kind: AttachmentKind; caption?: string } };

export type UploadedFile = {
  id: number;
  kind: AttachmentKind;
  mime: string;
  size: number;
  file_name: string;
  url: string;
  width?: number | null;
  height?: number | null;
};

export type InboxName = 'all' | 'mine' | 'unassigned';
export type StatusFilter = ConversationStatus | 'all';
export type InboxSort = 'newest' | 'oldest' | 'longest_open';
export type InboxFilter = {
  inbox: InboxName;
  status: StatusFilter;
  sort: InboxSort;
  unreplied: boolean;
  q: string;
};

/** A frame of the socket with an event of the log. */
export type EventFrame = {
  type: 'event';
  seq: number;
  prev: number;
  event: LogEvent;
  contact?: Contact;
  message?: Message;
  comment?: Comment;
  conversation?: Conversation;
  contact_channel?: ContactChannel;
};

export type ServerFrame =
  | EventFrame
  | { type: 'caught_up'; seq: number }
  | { type: 'reload'; seq: number }
  | { type: 'typing'; contact_id: number; user_id: number | null }
  | { type: 'presence'; online: number[] }
  | { type: 'pong' };
