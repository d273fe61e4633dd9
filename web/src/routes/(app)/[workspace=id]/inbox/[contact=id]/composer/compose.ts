import type { Capabilities, OutgoingContent, UploadedFile } from '$lib/api/types';

export type Outgoing = { content: OutgoingContent; file: UploadedFile | null };

/** The messages that a text and files become: the text is the first file's caption where it fits, else comes after. */
export function compose(text: string, files: UploadedFile[], capabilities: Capabilities | null): Outgoing[] {
  const words = text.trim();
  const captioned = files.length > 0 && words !== '' && words.length <= (capabilities?.max_caption ?? 0);
  const out: Outgoing[] = files.map((file, i) => ({
    content: {
      type: 'attachment',
      attachment: { id: file.id, kind: file.kind, ...(captioned && i === 0 ? { caption: words } : {}) }
    },
    file
  }));
  if (words !== '' && !captioned) out.push({ content: { type: 'text', text: words }, file: null });
  return out;
}
