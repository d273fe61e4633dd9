import type { Capabilities } from '$lib/api/types';
import { composer as t } from '$lib/i18n';
import { fileSize } from '$lib/time/format';

const accepts = (mimes: string[], mime: string) =>
  mimes.length === 0 ||
  mimes.some(
    (m) => m === '*/*' || m === '*' || m === mime || (m.endsWith('/*') && mime.startsWith(m.slice(0, -1)))
  );

/** What is wrong with sending this file on a channel, in a sentence, or null. The server has the last word. */
export function refusal(
  file: { name: string; type: string; size: number },
  capabilities: Capabilities,
  channel: string
): string | null {
  if (capabilities.attachments.length === 0) return t.noAttachments(channel);
  if (file.size === 0) return t.emptyFile(file.name);
  const mime = file.type.split(';')[0] || 'application/octet-stream';
  const fitting = capabilities.attachments.filter((a) => accepts(a.mimes, mime));
  if (fitting.length === 0) return t.typeRefused(file.name, channel);
  const most = Math.max(...fitting.map((a) => a.max_bytes));
  return file.size > most ? t.tooLarge(file.name, fileSize(most)) : null;
}
