import type { Content } from '../shared/types.ts';
import type { Strings } from './locales/en.ts';

/** A message in one line, for the launcher's preview and the host page's `message` event. */
export function preview(content: Content, words: Strings): string {
  switch (content.type) {
    case 'text':
      return content.text.slice(0, 200);
    case 'quick_reply':
    case 'postback':
      return content.title.slice(0, 200);
    case 'attachment':
      return content.attachment.caption?.slice(0, 200) || (content.attachment.kind === 'file' ? content.attachment.file_name : undefined) || words[content.attachment.kind] || words.file;
    case 'location':
      return content.name || words.location;
    case 'contacts':
      return content.contacts[0]?.name || words.contact;
    default:
      return words.unsupported;
  }
}
