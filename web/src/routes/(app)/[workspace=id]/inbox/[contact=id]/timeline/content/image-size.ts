import type { Attachment } from '$lib/api/types';

/** The room a picture takes is known before it is loaded, so nothing moves when it arrives. */
export function boxOf(
  attachment: Pick<Attachment, 'width' | 'height'>,
  longest: number
): { width: number; height: number } {
  const { width = 0, height = 0 } = attachment;
  if (width <= 0 || height <= 0) return { width: longest, height: Math.round(longest * 0.75) };
  const scale = Math.min(1, longest / Math.max(width, height));
  return { width: Math.max(48, Math.round(width * scale)), height: Math.max(48, Math.round(height * scale)) };
}
