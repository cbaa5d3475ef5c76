//! Random names: ids that anyone may see, and secrets that only their owner may.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::RngCore as _;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A fresh id: 20 characters of Crockford's base 32, 100 random bits.
pub fn id() -> String {
    let mut random = [0_u8; 20];
    rand::rng().fill_bytes(&mut random);
    random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

/// A fresh secret of 256 random bits, as text that fits a URL.
pub fn secret() -> String {
    let mut random = [0_u8; 32];
    rand::rng().fill_bytes(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

/// What is stored of a secret. A plain hash suffices, because the secret itself has 256 random bits.
pub fn secret_hash(secret: &str) -> String {
    blake3::hash(secret.as_bytes()).to_hex().to_string()
}
