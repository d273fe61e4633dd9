//! Sample files, and the little the simulator must know about files it is given.

use bytes::Bytes;

use crate::world::MediaKind;

/// Gradients; which one is taken depends on a running number, so an album looks like one.
const PHOTOS: [&[u8]; 6] = [
    include_bytes!("../assets/photo-1.jpg"),
    include_bytes!("../assets/photo-2.jpg"),
    include_bytes!("../assets/photo-3.jpg"),
    include_bytes!("../assets/photo-4.jpg"),
    include_bytes!("../assets/photo-5.jpg"),
    include_bytes!("../assets/photo-6.jpg"),
];
const VIDEO: &[u8] = include_bytes!("../assets/video.mp4");
const VOICE: &[u8] = include_bytes!("../assets/voice.ogg");
const AUDIO: &[u8] = include_bytes!("../assets/tone.mp3");
const STICKER: &[u8] = include_bytes!("../assets/sticker.webp");

/// A valid file of the kind: bytes, MIME type, name. `number` makes photos and documents differ from each other.
pub fn sample(kind: MediaKind, number: u64) -> (Bytes, &'static str, String) {
    match kind {
        MediaKind::Image => (photo(number), "image/jpeg", format!("photo-{number}.jpg")),
        MediaKind::Video | MediaKind::Animation => {
            (Bytes::from_static(VIDEO), "video/mp4", format!("video-{number}.mp4"))
        }
        MediaKind::Audio => (Bytes::from_static(AUDIO), "audio/mpeg", format!("tone-{number}.mp3")),
        MediaKind::Voice => (Bytes::from_static(VOICE), "audio/ogg", format!("voice-{number}.ogg")),
        MediaKind::Sticker => (
            Bytes::from_static(STICKER),
            "image/webp",
            format!("sticker-{number}.webp"),
        ),
        MediaKind::Document => (pdf(number), "application/pdf", format!("receipt-{number}.pdf")),
    }
}

/// One of the photos with a comment segment after the start marker, so that no two have the same bytes.
fn photo(number: u64) -> Bytes {
    let original = PHOTOS[usize::try_from(number % 6).unwrap_or_default()];
    let comment = format!("photo {number:020}");
    let mut jpeg = Vec::with_capacity(original.len() + comment.len() + 4);
    jpeg.extend_from_slice(&original[..2]);
    jpeg.extend_from_slice(&[0xff, 0xfe, 0, u8::try_from(comment.len() + 2).unwrap_or(u8::MAX)]);
    jpeg.extend_from_slice(comment.as_bytes());
    jpeg.extend_from_slice(&original[2..]);
    jpeg.into()
}

/// A page with one line of text, with a correct cross-reference table.
fn pdf(number: u64) -> Bytes {
    let line = format!("BT /F1 24 Tf 60 720 Td (Receipt {number}) Tj ET");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{line}\nendstream", line.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(text.len());
        text.push_str(&format!("{} 0 obj\n{object}\nendobj\n", index + 1));
    }
    let table = text.len();
    text.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1));
    for offset in offsets {
        text.push_str(&format!("{offset:010} 00000 n \n"));
    }
    text.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n",
        objects.len() + 1
    ));
    text.into()
}

/// MIME type by content, for the kinds providers tell apart; `None` when the bytes say nothing.
pub fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(match () {
        () if starts(b"\xff\xd8\xff") => "image/jpeg",
        () if starts(b"\x89PNG\r\n\x1a\n") => "image/png",
        () if starts(b"GIF8") => "image/gif",
        () if starts(b"RIFF") && at(8, b"WEBP") => "image/webp",
        () if starts(b"RIFF") && at(8, b"WAVE") => "audio/wav",
        () if starts(b"OggS") => "audio/ogg",
        () if starts(b"ID3") || starts(b"\xff\xfb") || starts(b"\xff\xf3") => "audio/mpeg",
        () if starts(b"#!AMR") => "audio/amr",
        () if at(4, b"ftypM4A") => "audio/mp4",
        () if at(4, b"ftyp3g") => "video/3gpp",
        () if at(4, b"ftyp") => "video/mp4",
        () if starts(b"\x1a\x45\xdf\xa3") => "video/webm",
        () if starts(b"%PDF-") => "application/pdf",
        () if starts(b"PK\x03\x04") => "application/zip",
        () => return None,
    })
}

/// Width and height of an image, read from its header.
pub fn dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    match sniff(bytes)? {
        "image/png" => Some((big_endian(bytes, 16, 4)?, big_endian(bytes, 20, 4)?)),
        "image/gif" => Some((little_endian(bytes, 6, 2)?, little_endian(bytes, 8, 2)?)),
        "image/jpeg" => jpeg_dimensions(bytes),
        "image/webp" => webp_dimensions(bytes),
        _ => None,
    }
}

fn jpeg_dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        let marker = *bytes.get(at + 1)?;
        if *bytes.get(at)? != 0xff {
            return None;
        }
        // Start of frame, except the three numbers that are other tables.
        if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            return Some((big_endian(bytes, at + 7, 2)?, big_endian(bytes, at + 5, 2)?));
        }
        at += 2 + usize::try_from(big_endian(bytes, at + 2, 2)?).ok()?;
    }
}

fn webp_dimensions(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " => Some((
            little_endian(bytes, 26, 2)? & 0x3fff,
            little_endian(bytes, 28, 2)? & 0x3fff,
        )),
        b"VP8L" => {
            let bits = little_endian(bytes, 21, 4)?;
            Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
        }
        b"VP8X" => Some((little_endian(bytes, 24, 3)? + 1, little_endian(bytes, 27, 3)? + 1)),
        _ => None,
    }
}

fn big_endian(bytes: &[u8], at: usize, len: usize) -> Option<u32> {
    Some(
        bytes
            .get(at..at + len)?
            .iter()
            .fold(0, |sum, b| (sum << 8) | u32::from(*b)),
    )
}

fn little_endian(bytes: &[u8], at: usize, len: usize) -> Option<u32> {
    Some(
        bytes
            .get(at..at + len)?
            .iter()
            .rev()
            .fold(0, |sum, b| (sum << 8) | u32::from(*b)),
    )
}

/// The usual ending for a MIME type.
pub fn extension(mime: &str) -> &'static str {
    match mime.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "video/mp4" => "mp4",
        "video/3gpp" => "3gp",
        "audio/ogg" => "oga",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "audio/amr" => "amr",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        _ => "bin",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_what_they_say() {
        for kind in [
            MediaKind::Image,
            MediaKind::Video,
            MediaKind::Audio,
            MediaKind::Voice,
            MediaKind::Sticker,
            MediaKind::Document,
        ] {
            let (bytes, mime, _) = sample(kind, 7);
            assert_eq!(sniff(&bytes), Some(mime), "{kind:?}");
        }
        assert_eq!(dimensions(&sample(MediaKind::Image, 3).0), Some((640, 480)));
        assert_eq!(dimensions(&sample(MediaKind::Sticker, 3).0), Some((512, 512)));
    }

    #[test]
    fn photos_of_an_album_differ() {
        assert_ne!(sample(MediaKind::Image, 1).0, sample(MediaKind::Image, 7).0);
    }
}
