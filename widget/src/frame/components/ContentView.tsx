import type { ContactCard, Content } from '../../shared/types.ts';
import { useLanguage } from '../language.ts';
import { isEmojiOnly } from '../text.ts';
import { AttachmentView } from './File.tsx';
import { Icon } from './icons.tsx';
import { Text } from './Text.tsx';

/** What a message says, inside its bubble. */
export function ContentView({ content }: { content: Content }) {
  const { words } = useLanguage();
  switch (content.type) {
    case 'text':
      return (
        <p class={isEmojiOnly(content.text) ? 'text large' : 'text'} dir="auto">
          <Text text={content.text} />
        </p>
      );
    case 'quick_reply':
    case 'postback':
      return (
        <p class="text" dir="auto">
          <Text text={content.title} />
        </p>
      );
    case 'attachment':
      return <AttachmentView attachment={content.attachment} />;
    case 'location':
      return <Location {...content} />;
    case 'contacts':
      return (
        <>
          {content.contacts.map((contact, index) => (
            <Person key={index} contact={contact} />
          ))}
        </>
      );
    default:
      return <p class="note">{words.unsupported}</p>;
  }
}

function Location({ latitude, longitude, name, address }: { latitude: number; longitude: number; name?: string; address?: string }) {
  const { words } = useLanguage();
  const [lat, lon] = [Number(latitude), Number(longitude)];
  return (
    <a class="card" href={`https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`} target="_blank" rel="noopener noreferrer">
      <Icon name="pin" size={24} />
      <span>
        <b dir="auto">{name || words.location}</b>
        <small dir="auto">{address || `${lat.toFixed(5)}, ${lon.toFixed(5)}`}</small>
        <u>{words.map}</u>
      </span>
    </a>
  );
}

function Person({ contact }: { contact: ContactCard }) {
  const { words } = useLanguage();
  return (
    <div class="card">
      <Icon name="person" size={24} />
      <span>
        <b dir="auto">{contact.name || words.contact}</b>
        {contact.organization && <small dir="auto">{contact.organization}</small>}
        {contact.phones?.map((phone) => (
          <a key={phone} href={`tel:${phone.replace(/[^\d+*#]/g, '')}`} dir="ltr">
            {phone}
          </a>
        ))}
        {contact.emails?.map((email) => (
          <a key={email} href={`mailto:${encodeURIComponent(email).replace('%40', '@')}`} dir="ltr">
            {email}
          </a>
        ))}
      </span>
    </div>
  );
}
