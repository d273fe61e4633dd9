// The one place the app takes its API types from.
export type Instant = number; // microseconds since 1970, UTC

export type Role = 'owner' | 'manager' | 'agent';
export type ConversationStatus = 'open' | 'snoozed' | 'closed';
export type MessageStatus = 'pending' | 'sent' | 'delivered' | 'read' | 'failed';
export type Direction = 'incoming' | 'outgoing';
export type ClosingNoteMode = 'disabled' | 'optional' | 'category_required' | 'both_required';

export type Permission =
  | 'inbox.view'
  | 'inbox.reply'
  | 'contact.edit'
  | 'contact.create'
  | 'workspace.settings'
  | 'users.view'
  | 'users.invite_agent'
  | 'users.invite_any'
  | 'users.manage'
  | 'channels.view'
  | 'channels.manage'
  | 'channels.delete'
  | 'closing_notes.manage';

export type SessionWorkspace = { id: number; name: string; organization_name: string; role: Role };
export type SessionUser = { id: number; email: string; first_name: string; last_name: string };
export type Session = {
  user: SessionUser;
  workspaces: SessionWorkspace[];
  simulator_url: string | null;
  public_url: string;
};

export type Workspace = {
  id: number;
  name: string;
  timezone: string;
  role: Role;
  closing_note_mode: ClosingNoteMode;
  activities_open_conversations: boolean;
  seq: number;
  permissions: Permission[];
};

export type User = {
  id: number;
  first_name: string;
  last_name: string;
  email: string;
  role: Role;
  last_active_at: Instant | null;
  online: boolean;
  /** No longer in the workspace; still listed so that what they did keeps their name. */
  removed: boolean;
};

export type Invitation = {
  id: number;
  email: string;
  role: Role;
  url?: string;
  invited_by: number;
  created_at: Instant;
  expires_at: Instant;
};

export type InvitationPreview = {
  email: string;
  workspace_name: string;
  role: Role;
  account_exists: boolean;
};

export type AttachmentKind = 'image' | 'video' | 'audio' | 'file' | 'sticker';

export type Capabilities = {
  max_text: number;
  max_caption: number;
  attachments: { kind: string; mimes: string[]; max_bytes: number }[];
  quick_replies: { max_replies: number; max_chars: number } | null;
  reply_to: boolean;
  location: boolean;
  templates: boolean;
  custom_payload: boolean;
  window_hours: number | null;
  can_start: boolean;
  furthest_status: 'sent' | 'delivered' | 'read';
};

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- provider-defined shapes
export type Json = any;

export type ConfigValue = string | boolean;

export type Channel = {
  id: number;
  source: string;
  name: string;
  address: string;
  status: 'connected' | 'needs_attention';
  status_text: string | null;
  webhook_url: string;
  public_id: string;
  config: Record<string, Json>;
  simulated: boolean;
  created_at: Instant;
  secret_hint?: string;
  capabilities: Capabilities;
};

export type ChannelField = {
  key: string;
  label: string;
  help: string;
  kind: 'text' | 'url' | 'select' | 'color' | 'lines' | 'toggle';
  required: boolean;
  secret: boolean;
  advanced: boolean;
  options?: { value: string; label: string }[];
};

export type ChannelSource = {
  source: string;
  label: string;
  summary: string;
  steps: string[];
  simulated: boolean;
  capabilities: Capabilities;
  fields: ChannelField[];
};

export type ChannelDraft = {
  source: string;
  name?: string;
  config: Record<string, ConfigValue>;
  simulated: boolean;
};

export type ChannelCheck = { ok: true; name: string; address: string; warning: string | null };
export type ChannelCreated = { channel: Channel; secret: string; warning: string | null };

export type LastMessage = {
  id: number;
  direction: Direction;
  type: string;
  preview: string;
  status: MessageStatus | null;
  at: Instant;
};

export type Contact = {
  id: number;
  name: string;
  first_name: string;
  last_name: string;
  phone: string | null;
  email: string | null;
  language: string | null;
  country_code: string | null;
  picture: string | null;
  assignee_id: number | null;
  is_blocked: boolean;
  status: ConversationStatus;
  snoozed_until: Instant | null;
  unread_count: number;
  last_message: LastMessage | null;
  last_channel_id: number | null;
  last_incoming_at: Instant | null;
  opened_at: Instant | null;
  /** Where the contact stands in lists by time. */
  sort_at: Instant;
  created_at: Instant;
  version: number;
};

export type ContactChannel = {
  id: number;
  contact_id: number;
  channel_id: number;
  source: string;
  channel_name: string;
  address: string;
  last_incoming_at: Instant | null;
  last_message_at: Instant | null;
  window_closes_at: Instant | null;
  can_send: boolean;
  blocked_reason: string | null;
};

export type Conversation = {
  id: number;
  contact_id: number;
  status: ConversationStatus;
  opened_at: Instant;
  opened_source: string;
  opened_by: number | null;
  closed_at: Instant | null;
  closed_by: number | null;
  closed_source: string | null;
  category: string | null;
  summary: string | null;
  snoozed_until: Instant | null;
  incoming_count: number;
  outgoing_count: number;
  first_response_at: Instant | null;
  version: number;
};

export type ContactDetail = {
  contact: Contact;
  channels: ContactChannel[];
  conversation: Conversation | null;
  seq: number;
};

export type Attachment = {
  id?: number;
  kind: AttachmentKind;
  state: 'pending' | 'ready' | 'failed';
  mime?: string;
  file_name?: string;
  size?: number;
  caption?: string;
  width?: number;
  height?: number;
  duration_ms?: number;
  voice?: boolean;
  emoji?: string;
  error?: string;
  url?: string;
};

export type ContactCard = { name: string; phones?: string[]; emails?: string[]; organization?: string };

export type Content =
  | { type: 'text'; text: string }
  | { type: 'attachment'; attachment: Attachment }
  | {
      type: 'location';
      latitude: number;
      longitude: number;
      name?: string;
      address?: string;
      live?: boolean;
    }
  | { type: 'contacts'; contacts: ContactCard[] }
  | { type: 'quick_reply'; title: string; replies: string[] }
  | { type: 'postback'; title: string; payload: string; origin?: string }
  | {
      type: 'whatsapp_template';
      template: { name: string; languageCode: string; components: Json[] };
    }
  | { type: 'whatsapp_interactive'; interactive: Json }
  | {
      type: 'whatsapp_order';
      order: {
        catalog_id: string;
        text?: string;
        items: { product_id: string; quantity: number; price: string; currency: string }[];
      };
    }
  | { type: 'form'; name: string; response: Json }
  | { type: 'custom_payload'; payload: Json }
  | { type: 'unsupported'; kind: string; reason?: string };

export type OutgoingContent =
  | { type: 'text'; text: string }
  | { type: 'attachment'; attachment: { id: number; kind: AttachmentKind; caption?: string } };

export type Message = {
  id: number;
  contact_id: number;
  conversation_id: number | null;
  channel_id: number;
  direction: Direction;
  content: Content;
  sender: { source: string; user_id: number | null };
  status: MessageStatus | null;
  failure: { reason: string; code?: string; text: string; retryable: boolean } | null;
  history: { status: MessageStatus; at: Instant; text?: string }[];
  reply_to: { id: number; direction: string; preview: string } | null;
  album: string | null;
  forwarded: boolean;
  reactions: { emoji: string; from: 'contact' | 'user' }[];
  client_id: string | null;
  provider_at: Instant | null;
  created_at: Instant;
  edited_at: Instant | null;
  deleted_at: Instant | null;
  version: number;
};

export type Comment = {
  id: number;
  contact_id: number;
  conversation_id: number | null;
  author_id: number | null;
  author_source: string;
  text: string;
  mentions: number[];
  client_id: string | null;
  created_at: Instant;
  version: number;
};

export type Actor = {
  kind: 'user' | 'contact' | 'workflow' | 'api' | 'integration' | 'system';
  id: number | null;
};

export type TimelineEvent = { at: Instant; seq: number; kind: string; actor: Actor; payload: Json };

export type TimelineItem =
  | { type: 'message'; key: number; message: Message }
  | { type: 'comment'; key: number; comment: Comment }
  | { type: 'event'; key: number; event: TimelineEvent };

export type TimelinePage = { items: TimelineItem[]; next_before: number | null; seq: number };
export type InboxPage = { items: Contact[]; next_cursor: string | null; seq: number };

export type CounterPair = { open: number; unread: number };
export type Counters = { all: CounterPair; mine: CounterPair; unassigned: CounterPair };

export type ClosingCategory = { id: number; name: string; description: string; position: number };

export type UploadedFile = {
  id: number;
  kind: AttachmentKind;
  mime: string;
  size: number;
  file_name: string;
  url: string;
  width?: number;
  height?: number;
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

export type LogEvent = {
  seq: number;
  at: Instant;
  kind: string;
  actor: Actor;
  contact_id: number | null;
  conversation_id: number | null;
  payload: Json;
};

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
