import { pieces } from '../text.ts';

/** Plain text with its addresses made clickable. */
export function Text({ text }: { text: string }) {
  return (
    <>
      {pieces(text).map((piece, index) =>
        piece.href ? (
          <a key={index} href={piece.href} target="_blank" rel="noopener noreferrer nofollow ugc">
            {piece.text}
          </a>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}
