//! The installation's key: credentials at rest, signed links and tokens, hashes of what we hand out.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::path::Path;
use subtle::ConstantTimeEq;

const NONCE: usize = 24;

/// Seals and signs with the installation's key. Cheap to clone.
#[derive(Clone)]
pub struct Secrets {
    cipher: XChaCha20Poly1305,
    signing: [u8; 32],
}

/// The key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key must be 32 bytes in hexadecimal or base64; make one with: openssl rand -hex 32")]
    Shape,
    #[error("cannot use {path}: {source}")]
    File { path: String, source: std::io::Error },
}

impl Secrets {
    /// From the configured key, or from `secret.key` in the data directory, which is made on first use.
    ///
    /// # Errors
    /// When the key has the wrong shape or the file cannot be read or made.
    pub fn load(configured: Option<&str>, data: &Path) -> Result<Self, KeyError> {
        if let Some(text) = configured {
            return parse(text).map(Self::new);
        }
        let path = data.join("secret.key");
        let failed = |source| KeyError::File {
            path: path.display().to_string(),
            source,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => parse(&text).map(Self::new),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir_all(data).map_err(failed)?;
                let key: [u8; 32] = rand::random();
                let mut options = std::fs::OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                match options.open(&path) {
                    Ok(mut file) => {
                        writeln!(file, "{}", hex::encode(key))
                            .and_then(|()| file.sync_all())
                            .map_err(failed)?;
                        Ok(Self::new(key))
                    }
                    // Another process was quicker.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                        parse(&std::fs::read_to_string(&path).map_err(failed)?).map(Self::new)
                    }
                    Err(error) => Err(failed(error)),
                }
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// From 32 bytes.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        // Two keys from one, so that sealing and signing never share.
        let derive = |purpose: &str| -> [u8; 32] { mac(&key, purpose.as_bytes()) };
        Self {
            cipher: XChaCha20Poly1305::new(&derive("seal").into()),
            signing: derive("sign"),
        }
    }

    /// Encrypts for storage. `context` (such as the channel's id) must be given again to open it, so that a value copied
    /// into another row does not open.
    #[must_use]
    pub fn seal(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload {
            msg: plain,
            aad: context.as_bytes(),
        };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).unwrap_or_default();
        [&nonce[..], &sealed].concat()
    }

    /// Opens what [`Secrets::seal`] made; `None` when the key or the context is another.
    #[must_use]
    pub fn open(&self, sealed: &[u8], context: &str) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE)?;
        let nonce: [u8; NONCE] = nonce.try_into().ok()?;
        self.cipher
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: sealed,
                    aad: context.as_bytes(),
                },
            )
            .ok()
    }

    /// As [`Secrets::seal`], as text.
    #[must_use]
    pub fn seal_text(&self, plain: &str, context: &str) -> String {
        STANDARD.encode(self.seal(plain.as_bytes(), context))
    }

    /// Whether [`Secrets::seal_text`] made this with the same key and context.
    #[must_use]
    pub fn opens_text(&self, sealed: &str, context: &str) -> bool {
        STANDARD
            .decode(sealed)
            .is_ok_and(|sealed| self.open(&sealed, context).is_some())
    }

    /// A signature in hex over `message`, for one purpose only.
    #[must_use]
    pub fn sign(&self, purpose: &str, message: &str) -> String {
        hex::encode(mac(&self.signing, format!("{purpose}\n{message}").as_bytes()))
    }

    /// Whether a signature fits, in constant time.
    #[must_use]
    pub fn verify(&self, purpose: &str, message: &str, signature: &str) -> bool {
        let expected = self.sign(purpose, message);
        expected.as_bytes().ct_eq(signature.as_bytes()).into()
    }
}

fn parse(text: &str) -> Result<[u8; 32], KeyError> {
    let text = text.trim();
    hex::decode(text)
        .ok()
        .or_else(|| STANDARD.decode(text).ok())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(KeyError::Shape)
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// SHA-256 in hex: how tokens are stored.
#[must_use]
pub fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// A new random token of 32 bytes in hex.
#[must_use]
pub fn token() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// A new opaque id of 14 letters and digits.
#[must_use]
pub fn public_id() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    rand::random::<[u8; 14]>()
        .iter()
        .map(|byte| char::from(ALPHABET[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_values_open_only_with_their_key_and_context() {
        let secrets = Secrets::new([7; 32]);
        let sealed = secrets.seal(b"EAAG-token", "channel:64");
        assert!(!sealed.windows(10).any(|window| window == b"EAAG-token"));
        assert_eq!(secrets.open(&sealed, "channel:64").unwrap(), b"EAAG-token");
        assert!(secrets.open(&sealed, "channel:128").is_none());
        assert!(Secrets::new([8; 32]).open(&sealed, "channel:64").is_none());
        assert!(secrets.open(b"short", "channel:64").is_none());
    }

    #[test]
    fn signatures_belong_to_their_purpose() {
        let secrets = Secrets::new([7; 32]);
        let signature = secrets.sign("file", "1:2");
        assert!(secrets.verify("file", "1:2", &signature));
        assert!(!secrets.verify("visitor", "1:2", &signature));
        assert!(!secrets.verify("file", "1:3", &signature));
    }

    #[test]
    fn the_key_file_is_made_once_and_private() {
        let folder = std::env::temp_dir().join(token());
        let first = Secrets::load(None, &folder).unwrap();
        let second = Secrets::load(None, &folder).unwrap();
        assert_eq!(first.sign("a", "b"), second.sign("a", "b"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(folder.join("secret.key"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0);
        }
        std::fs::remove_dir_all(folder).unwrap();
        assert!(Secrets::load(Some("short"), Path::new("/nonexistent")).is_err());
    }
}
