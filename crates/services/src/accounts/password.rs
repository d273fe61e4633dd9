//! Passwords: what may be one, and how they are kept.

use crate::{Error, Result};
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use ism_domain::Refusal;

/// Fewest characters.
const MIN: usize = 10;
/// Most bytes; more would only cost time.
const MAX: usize = 512;
/// A hash of nothing anyone knows, compared against when an address is unknown.
pub const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$ZGVjb3lkZWNveWRlY295$VGhpcyBpcyBub3QgdGhlIGhhc2ggb2YgYW55dGg";

/// The passwords tried first by everyone who guesses.
const COMMON: &[&str] = &[
    "1234567890",
    "0123456789",
    "qwertyuiop",
    "password12",
    "password123",
    "password1234",
    "1q2w3e4r5t",
    "iloveyou12",
    "letmein1234",
    "welcome123",
    "welcome1234",
    "adminadmin",
    "administrator",
    "passwordpassword",
    "qwerty12345",
    "abcdefghij",
    "abc1234567",
    "1111111111",
    "0000000000",
    "9876543210",
    "football12",
    "sunshine12",
    "princess12",
];

/// Checks a password somebody wants to have.
///
/// # Errors
/// When it is too short, too long or too common.
pub fn check_new(password: &str) -> Result<(), Refusal> {
    if password.chars().count() < MIN {
        return Err(Refusal::field("password", format!("Use at least {MIN} characters.")));
    }
    if password.len() > MAX {
        return Err(Refusal::field("password", format!("Use at most {MAX} bytes.")));
    }
    let lower = password.to_lowercase();
    let one_character = lower.chars().all(|c| lower.starts_with(c));
    if one_character || COMMON.contains(&lower.as_str()) {
        return Err(Refusal::field(
            "password",
            "This password is among the first to be guessed. Choose another.",
        ));
    }
    Ok(())
}

/// Argon2id with the parameters OWASP recommends (19 MiB, 2 passes), in PHC form.
pub(super) fn hash(password: &str) -> Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|_| Error::Internal("hashing a password failed".to_owned()))
}

/// Whether a password fits a hash.
pub(super) fn fits(password: &str, known: &str) -> bool {
    PasswordHash::new(known).is_ok_and(|known| Argon2::default().verify_password(password.as_bytes(), &known).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_salted_and_argon2id() {
        let first = hash("correct horse").unwrap();
        assert!(first.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(first, hash("correct horse").unwrap());
        assert!(fits("correct horse", &first));
        assert!(!fits("correct house", &first));
        assert!(!fits("correct horse", "nonsense"));
    }

    #[test]
    fn the_decoy_is_a_hash_that_costs_the_same() {
        assert!(PasswordHash::new(DECOY).is_ok());
        assert!(!fits("", DECOY));
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["short", "Password123", "aaaaaaaaaaaa", "1234567890"] {
            assert!(check_new(weak).is_err(), "{weak}");
        }
        assert!(check_new(&"x1".repeat(400)).is_err());
        assert!(check_new("tea with lemon").is_ok());
    }
}
