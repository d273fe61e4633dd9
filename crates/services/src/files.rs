//! Bytes of attachments: a folder per workspace, a file per SHA-256, so that the same bytes are stored once.

use crate::error::{Error, Result};
use ism_domain::WorkspaceId;
use ism_domain::content::AttachmentKind;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Largest file taken from anyone: 100 MiB, the largest a provider takes.
pub const MAX_BYTES: u64 = 100 * 1024 * 1024;

/// The folder of all files.
#[derive(Debug, Clone)]
pub struct Files {
    root: PathBuf,
}

/// A file on its way in. Dropping it without [`Upload::finish`] removes it.
pub struct Upload {
    file: tokio::fs::File,
    path: PathBuf,
    digest: Sha256,
    head: Vec<u8>,
    size: u64,
    done: bool,
}

/// A stored file, and what looking at it told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Hex.
    pub sha256: String,
    pub size: i64,
    /// By the bytes, not by anyone's word.
    pub mime: String,
    pub kind: AttachmentKind,
    pub width: Option<i64>,
    pub height: Option<i64>,
}

/// Bytes looked at to find the type.
const HEAD: usize = 16 * 1024;

impl Files {
    /// Files below a data directory.
    #[must_use]
    pub fn new(data: &Path) -> Self {
        Self {
            root: data.join("files"),
        }
    }

    /// Where bytes are.
    #[must_use]
    pub fn path(&self, workspace: WorkspaceId, sha256: &str) -> PathBuf {
        let folder = sha256.get(..2).unwrap_or("00");
        self.root.join(workspace.to_string()).join(folder).join(sha256)
    }

    /// Begins taking in a file.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub async fn begin(&self) -> Result<Upload> {
        let incoming = self.root.join("incoming");
        tokio::fs::create_dir_all(&incoming)
            .await
            .map_err(Error::file("cannot make the folder for files"))?;
        let path = incoming.join(crate::secrets::token());
        let file = tokio::fs::File::create_new(&path)
            .await
            .map_err(Error::file("cannot create a file"))?;
        Ok(Upload {
            file,
            path,
            digest: Sha256::new(),
            head: Vec::new(),
            size: 0,
            done: false,
        })
    }

    /// Takes in bytes that are at hand.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn store(&self, workspace: WorkspaceId, bytes: &[u8], declared: Option<&str>) -> Result<Stored> {
        let mut upload = self.begin().await?;
        upload.write(bytes).await?;
        self.finish(upload, workspace, declared).await
    }

    /// Puts a complete upload in its place; it is on disk when this returns. `declared` is what the sender says the type
    /// is; it decides only between types that look alike.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn finish(&self, mut upload: Upload, workspace: WorkspaceId, declared: Option<&str>) -> Result<Stored> {
        let failed = || Error::file("cannot store a file");
        upload.file.flush().await.map_err(failed())?;
        upload.file.sync_all().await.map_err(failed())?;
        let sha256 = hex::encode(std::mem::take(&mut upload.digest).finalize());
        let target = self.path(workspace, &sha256);
        if !tokio::fs::try_exists(&target).await.map_err(failed())?
            && let Some(folder) = target.parent()
        {
            tokio::fs::create_dir_all(folder).await.map_err(failed())?;
            tokio::fs::rename(&upload.path, &target).await.map_err(failed())?;
            tokio::fs::File::open(folder)
                .await
                .map_err(failed())?
                .sync_all()
                .await
                .map_err(failed())?;
            upload.done = true;
        }
        let mime = sniff(&upload.head, declared);
        let (width, height) = dimensions(&upload.head, &mime);
        let size = i64::try_from(upload.size).unwrap_or(i64::MAX);
        Ok(Stored {
            sha256,
            size,
            kind: AttachmentKind::of_mime(&mime),
            mime,
            width,
            height,
        })
    }

    /// Reads a whole file; for small ones.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub async fn read(&self, workspace: WorkspaceId, sha256: &str) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        tokio::fs::File::open(self.path(workspace, sha256))
            .await
            .map_err(Error::file("cannot open a stored file"))?
            .read_to_end(&mut bytes)
            .await
            .map_err(Error::file("cannot read a stored file"))?;
        Ok(bytes)
    }
}

impl Upload {
    /// Adds bytes. Returns the size so far.
    ///
    /// # Errors
    /// When the disk refuses.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<u64> {
        self.file
            .write_all(bytes)
            .await
            .map_err(Error::file("cannot write a file"))?;
        self.note(bytes);
        Ok(self.size)
    }

    fn note(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        let room = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
    }
}

impl AsyncWrite for Upload {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.file).poll_write(cx, buf))?;
        self.note(&buf[..written]);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.file).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.file).poll_shutdown(cx)
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.done {
            // Best effort: a leftover in `incoming` is harmless.
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// The MIME type of bytes by looking at them. Markup that a browser would run is never reported as such.
#[must_use]
pub fn sniff(head: &[u8], declared: Option<&str>) -> String {
    let declared = declared.map(|mime| mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if let Some(found) = infer::get(head) {
        let found = found.mime_type();
        // Containers that hold several types: believe the sender within the family.
        let refined = declared.as_deref().is_some_and(|declared| match found {
            // Office's own names only: others in these families are markup that a browser may run.
            "application/zip" => {
                ["openxmlformats-officedocument.", "oasis.opendocument.", "ms-"]
                    .iter()
                    .any(|office| {
                        declared
                            .strip_prefix("application/vnd.")
                            .is_some_and(|name| name.starts_with(office))
                    })
                    || declared == "application/epub+zip"
            }
            "application/x-ole-storage" => {
                declared == "application/msword" || declared.starts_with("application/vnd.ms-")
            }
            "video/mp4" | "video/webm" | "audio/x-m4a" | "audio/m4a" | "video/x-m4v" => {
                declared.starts_with("audio/") || declared.starts_with("video/")
            }
            "audio/ogg" | "application/ogg" | "video/ogg" => declared.starts_with("audio/") || declared == "video/ogg",
            _ => false,
        });
        if let (true, Some(declared)) = (refined, declared) {
            return declared;
        }
        return match found {
            "text/html" | "text/xml" | "image/svg+xml" | "application/xhtml+xml" => "text/plain".to_owned(),
            "audio/m4a" | "audio/x-m4a" => "audio/mp4".to_owned(),
            other => other.to_owned(),
        };
    }
    // Nothing binary is known to look like this: plain text, or just bytes.
    let text = match std::str::from_utf8(head) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && head.len() >= HEAD,
    } && !head.contains(&0);
    match declared.as_deref() {
        Some(mime @ ("text/csv" | "text/vcard" | "text/calendar" | "application/json")) if text => mime.to_owned(),
        _ if text => "text/plain".to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

fn dimensions(head: &[u8], mime: &str) -> (Option<i64>, Option<i64>) {
    if !mime.starts_with("image/") {
        return (None, None);
    }
    match imagesize::blob_size(head) {
        Ok(size) => (i64::try_from(size.width).ok(), i64::try_from(size.height).ok()),
        Err(_) => (None, None),
    }
}

/// Whether a browser may show this type inside our pages. Everything else is offered for download.
#[must_use]
pub fn shows_inline(mime: &str) -> bool {
    matches!(
        mime,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/avif" | "image/bmp"
    ) || mime.starts_with("audio/")
        || mime.starts_with("video/")
}

/// Characters that are not seen but change how a name is read: they make `gpj.exe` look like `exe.jpg`.
const fn unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Keeps a name's ending when it is too long.
fn shorten(name: &str) -> String {
    const LONGEST: usize = 120;
    let count = name.chars().count();
    if count <= LONGEST {
        return name.to_owned();
    }
    let ending = name
        .rsplit_once('.')
        .map(|(_, ending)| format!(".{ending}"))
        .filter(|ending| ending.chars().count() <= 12)
        .unwrap_or_default();
    let stem: String = name.chars().take(LONGEST - ending.chars().count()).collect();
    stem + &ending
}

/// A file name without anything that could leave its folder or confuse a header; with an ending that fits.
#[must_use]
pub fn clean_name(name: &str, mime: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut clean: String = base
        .chars()
        .filter(|c| !c.is_control() && !unseen(*c) && !matches!(c, '"' | '<' | '>' | '|' | '*' | '?' | ':'))
        .collect();
    clean = clean.trim().trim_start_matches('.').to_owned();
    clean = shorten(&clean);
    if clean.is_empty() {
        let ending = match mime {
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "image/gif" => "gif",
            "image/webp" => "webp",
            "video/mp4" => "mp4",
            "video/webm" => "webm",
            "audio/ogg" => "ogg",
            "audio/mpeg" => "mp3",
            "audio/mp4" => "m4a",
            "application/pdf" => "pdf",
            "text/plain" => "txt",
            _ => "bin",
        };
        clean = format!("file.{ending}");
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_come_from_the_bytes() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x03\x08\x02\0\0\0";
        assert_eq!(sniff(png, Some("text/html")), "image/png");
        assert_eq!(dimensions(png, "image/png"), (Some(2), Some(3)));
        assert_eq!(
            sniff(b"<html><script>alert(1)</script>", Some("text/html")),
            "text/plain"
        );
        assert_eq!(
            sniff(
                b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>",
                Some("image/svg+xml")
            ),
            "text/plain"
        );
        assert_eq!(sniff(b"a,b\n1,2\n", Some("text/csv")), "text/csv");
        assert_eq!(sniff(&[0, 1, 2, 3], Some("image/png")), "application/octet-stream");
        assert_eq!(
            sniff(b"OggS\0\x02\0\0\0\0\0\0\0\0", Some("audio/ogg; codecs=opus")),
            "audio/ogg"
        );
    }

    #[test]
    fn names_lose_paths_and_odd_characters() {
        assert_eq!(clean_name("../../etc/passwd", "text/plain"), "passwd");
        assert_eq!(
            clean_name("C:\\x\\Rechnung \"1\".pdf", "application/pdf"),
            "Rechnung 1.pdf"
        );
        assert_eq!(clean_name("..", "image/png"), "file.png");
        assert_eq!(clean_name("صورة.jpg", "image/jpeg"), "صورة.jpg");
        assert_eq!(clean_name("photo\u{202e}gpj.exe", "application/zip"), "photogpj.exe");
        assert_eq!(clean_name("\u{200b}.htaccess", "text/plain"), "htaccess");
        assert_eq!(clean_name("a\0b\r\nc.txt", "text/plain"), "abc.txt");
        let long = clean_name(&("x".repeat(5_000) + ".pdf"), "application/pdf");
        assert!(long.chars().count() == 120 && long.ends_with("x.pdf"), "{long}");
    }

    #[tokio::test]
    async fn the_same_bytes_are_stored_once_and_leftovers_go() {
        let folder = tempfile::tempdir().unwrap();
        let files = Files::new(folder.path());
        let first = files.store(WorkspaceId(1), b"hello", None).await.unwrap();
        let second = files.store(WorkspaceId(1), b"hello", None).await.unwrap();
        assert_eq!(first, second);
        assert_eq!(files.read(WorkspaceId(1), &first.sha256).await.unwrap(), b"hello");
        drop(files.begin().await.unwrap());
        let left = std::fs::read_dir(folder.path().join("files/incoming")).unwrap().count();
        assert_eq!(left, 0);
    }
}
