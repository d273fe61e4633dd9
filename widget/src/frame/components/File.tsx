import type { Attachment } from '../../shared/types.ts';
import { useLanguage } from '../language.ts';
import { fileUrl } from '../text.ts';
import { Icon } from './icons.tsx';
import { Text } from './Text.tsx';

/** An attachment: media inline, anything else as a card to download. */
export function AttachmentView({ attachment }: { attachment: Attachment }) {
  const { words } = useLanguage();
  const url = fileUrl(attachment.url);
  const state = attachment.state ?? 'ready';
  if (state !== 'ready' || !url) {
    return (
      <p class="note">
        <Icon name="file" size={16} /> {state === 'pending' ? words.fileComing : (attachment.error ?? words.fileLost)}
      </p>
    );
  }
  return (
    <>
      <Media attachment={attachment} url={url} />
      {attachment.caption && (
        <p class="caption" dir="auto">
          <Text text={attachment.caption} />
        </p>
      )}
    </>
  );
}

function Media({ attachment, url }: { attachment: Attachment; url: string }) {
  const { words, size } = useLanguage();
  const { kind, file_name: name, width, height } = attachment;
  // Known dimensions reserve the room, so that nothing jumps when the picture arrives.
  const box = width && height ? { width, height } : {};
  switch (kind) {
    case 'image':
      return (
        <a class="media" href={url} target="_blank" rel="noopener noreferrer">
          <img src={url} alt={name ?? words.image} loading="lazy" {...box} />
        </a>
      );
    case 'sticker':
      return <img class="sticker" src={url} alt={attachment.emoji ?? words.sticker} loading="lazy" />;
    case 'video':
      return <video class="media" src={url} controls preload="metadata" playsInline aria-label={name ?? words.video} {...box} />;
    case 'audio':
      return <audio src={url} controls preload="metadata" aria-label={name ?? words.audio} />;
    default:
      return (
        <a class="card" href={url} target="_blank" rel="noopener noreferrer" download={name ?? ''} aria-label={`${words.download}: ${name ?? words.file}`}>
          <Icon name="file" size={24} />
          <span>
            <b dir="auto">{name ?? words.file}</b>
            {attachment.size !== undefined && <small>{size(attachment.size)}</small>}
          </span>
        </a>
      );
  }
}
