//! Texts that nobody can guess.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Small letters and digits without those that look or sound alike (i, l, o, u): 32, so that a character is
/// five random bits.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm',
    'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
];

/// 24 URL-safe characters with 144 random bits.
pub(super) fn secret() -> String {
    let bytes: Vec<u8> = bytes().into_iter().take(18).collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `length` (at most 32) characters that can be read aloud.
pub(crate) fn speakable(length: usize) -> String {
    let characters = bytes().into_iter().take(length);
    characters.filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).collect()
}

/// Whether [`speakable`] makes such characters.
pub(crate) fn is_speakable(c: char) -> bool {
    ALPHABET.contains(&c)
}

/// The name that a text means: `prefix` and `length` characters that [`speakable`] makes. Takes capitals and
/// blanks at the ends too, and an `o` for 0 or an `i` or `l` for 1: people type these.
pub(crate) fn read_aloud(prefix: &str, length: usize, text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let random = text.strip_prefix(prefix)?.replace('o', "0").replace(['i', 'l'], "1");
    let fits = random.len() == length && random.chars().all(is_speakable);
    fits.then(|| format!("{prefix}{random}"))
}

/// 32 bytes from the operating system's generator by way of two UUIDs, whose fixed bits the digest spreads:
/// 244 of the 256 bits are random.
fn bytes() -> [u8; 32] {
    Sha256::new().chain_update(Uuid::new_v4()).chain_update(Uuid::new_v4()).finalize().into()
}
