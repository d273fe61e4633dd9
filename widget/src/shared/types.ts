/** The public widget API: what the server sends and accepts under `/widget/v1`. */

export interface WidgetConfig {
  name: string;
  color: string;
  greeting: string;
  locale: string | null;
  position: 'right' | 'left';
  require_identity: boolean;
}

/** Who the host page says the visitor is; `hash` proves `id`. */
export interface HostUser {
  id: string;
  hash?: string;
  name?: string;
  email?: string;
  phone?: string;
}

export interface Page {
  url: string;
  title: string;
  referrer: string;
}

export interface Session {
  token: string;
  visitor_id: string;
  unread: number;
}

export interface SessionAnswer extends Session {
  config: WidgetConfig;
  seq: number;
}

export interface Attachment {
  id?: number;
  kind: 'image' | 'video' | 'audio' | 'file' | 'sticker';
  state?: 'pending' | 'ready' | 'failed';
  mime?: string;
  file_name?: string;
  size?: number;
  caption?: string;
  width?: number;
  height?: number;
  emoji?: string;
  error?: string;
  url?: string;
}

export interface ContactCard {
  name: string;
  phones?: string[];
  emails?: string[];
  organization?: string;
}

export type Content =
  | { type: 'text'; text: string }
  | { type: 'attachment'; attachment: Attachment }
  | { type: 'location'; latitude: number; longitude: number; name?: string; address?: string }
  | { type: 'contacts'; contacts: ContactCard[] }
  | { type: 'quick_reply'; title: string; replies: string[] }
  | { type: 'postback'; title: string; payload?: string }
  // The server may know kinds this version doesn't; they are shown as a note.
  | { type: 'unsupported' };

export type Status = 'sent' | 'delivered' | 'read';

export interface WidgetMessage {
  id: number;
  client_id: string | null;
  from: 'visitor' | 'agent';
  agent_name: string | null;
  content: Content;
  /** Microseconds since 1970. */
  at: number;
  status: Status;
  edited: boolean;
  deleted: boolean;
}

/** What a visitor may send. */
export type OutgoingContent =
  | { type: 'text'; text: string }
  | { type: 'attachment'; attachment: { id: number; caption?: string } }
  | { type: 'postback'; title: string; payload: string };
