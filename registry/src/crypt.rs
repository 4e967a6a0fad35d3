//! Encrypted ownership rows: the text, gzipped, under AES-256-GCM, as standard base64 of nonce, ciphertext and tag.

use aes_gcm::aead::{Aead, Generate, KeyInit};
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use secrecy::{ExposeSecret, SecretBox};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

const NONCE_LENGTH: usize = 12;
const TAG_LENGTH: usize = 16;
/// More than any TXT record can hold (65,535 octets of data), so that a hostile row cannot fill the memory.
const LONGEST_TEXT: u64 = 64 * 1024;

/// The key of `--txt-encrypt-aes-key`.
#[derive(Debug)]
pub(crate) struct RowKey(SecretBox<[u8; 32]>);

impl RowKey {
    /// Reads a key: 32 bytes as they are, or standard base64 of 32 bytes.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: Option<[u8; 32]> = text.as_bytes().try_into().ok();
        let bytes = bytes.or_else(|| STANDARD.decode(text).ok()?.try_into().ok())?;
        Some(Self(SecretBox::new(Box::new(bytes))))
    }

    /// Encrypts a text.
    pub(crate) fn seal(&self, text: &str, nonce: [u8; NONCE_LENGTH]) -> Option<String> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text.as_bytes()).ok()?;
        let packed = gzip.finish().ok()?;
        let mut sealed = nonce.to_vec();
        sealed.extend(self.cipher().encrypt(&Nonce::from(nonce), packed.as_slice()).ok()?);
        Some(STANDARD.encode(sealed))
    }

    /// Decrypts a text and gives its nonce in base64 as well. `None` for anything that was not encrypted with this key.
    pub(crate) fn open<'a>(&self, text: &'a str) -> Option<(String, &'a str)> {
        let sealed = STANDARD.decode(text).ok().filter(|sealed| sealed.len() > NONCE_LENGTH + TAG_LENGTH)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
        let packed = self.cipher().decrypt(&Nonce::from(*nonce), sealed).ok()?;
        let mut plain = String::new();
        GzDecoder::new(packed.as_slice()).take(LONGEST_TEXT).read_to_string(&mut plain).ok()?;
        // Twelve bytes are exactly sixteen characters of base64.
        Some((plain, text.get(..16)?))
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(self.0.expose_secret().into())
    }
}

/// Nonces in base64, as ExternalDNS shows them in labels.
pub(crate) fn nonce_text(nonce: [u8; NONCE_LENGTH]) -> String {
    STANDARD.encode(nonce)
}

/// A source of nonces that never repeat: a counter under a secret key. Asking the operating system once, at start, means that
/// encrypting cannot fail later.
#[derive(Debug)]
pub struct NonceSource {
    seed: SecretBox<[u8; 32]>,
    counter: AtomicU64,
}

impl NonceSource {
    /// Nonces that nobody can foresee.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn from_system() -> std::io::Result<Self> {
        let seed = aes_gcm::Key::<Aes256Gcm>::try_generate().map_err(std::io::Error::other)?;
        Ok(Self::from_seed(seed.into()))
    }

    /// Always the same nonces. For tests: with one seed used twice, encryption protects nothing.
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self { seed: SecretBox::new(Box::new(seed)), counter: AtomicU64::new(0) }
    }

    pub(crate) fn next(&self) -> [u8; NONCE_LENGTH] {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut block = Array::from(u128::from(count).to_be_bytes());
        Aes256::new(self.seed.expose_secret().into()).encrypt_block(&mut block);
        std::array::from_fn(|i| block[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    // Vectors of core.md section 8, which come from the tests of ExternalDNS (labels_test.go).
    const FIRST: &[u8; 32] = b"\x29\x4b\x5f\x46\x79\x7c\x3f\x5a\x2e\x36\x34\x23\x55\x75\x48\x6d\
\x60\x7d\x5b\x64\x21\x47\x43\x25\x57\x4a\x4d\x5f\x66\x73\x7b\x5f";

    #[rstest]
    #[case(
        std::str::from_utf8(FIRST).unwrap(),
        "+lvP8q9KHJ6BS6O81i2Q6DLNdf2JSKy8j/gbZKviTZlGYj7q+yDoYMgkQ1hPn6urtGllM5bfFMcaaHto52otQtiOYrX8990J3kQqg4s47m3bH3Ejl8RSxSSuWJM3HJtPghQzYg0/LSOsdQ0=",
        "heritage=external-dns,external-dns/owner=foo-owner,external-dns/resource=foo-resource"
    )]
    #[case(
        "12345678901234567890123456789012",
        "h8UQ6jelUFUsEIn7SbFktc2MYXPx/q8lySqI4VwfVtVaIbb2nkHWV/88KKbuLtu7fJNzMir8ELVeVnRSY01KdiIuj7ledqZe5ailEjQaU5Z6uEKd5pgs6sH8",
        "heritage=external-dns,external-dns/owner=owner"
    )]
    #[case(
        "orchard-lantern-copper-meadow-07",
        "TN/0+a6ycsEG3nMKq3+8Sdl5gYVs312+9naZAovMIS0vXNNAMZxQ3VqxAgEaQay6Pj7YQN2/Qlne8/crL6l8Me4KTHftQGpsbxtOes2UGQVmNO52myR2B7Kl+9dxF3U/YwIp0E9Wu1tSTaYM8Jsy2EaHV3c=",
        "heritage=external-dns,external-dns/owner=me,external-dns/resource=crd/default/web"
    )]
    fn rows_of_external_dns_are_read(#[case] key: &str, #[case] sealed: &str, #[case] plain: &str) {
        let key = RowKey::parse(key).unwrap();
        assert_eq!(key.open(sealed), Some((plain.to_owned(), &sealed[..16])));
    }

    #[rstest]
    #[case("ZPitL0NGVQBZbTD6DwXJzD8RiStSazzYXQsdUowLURY=", true)]
    #[case("passphrasewhichneedstobe32bytes!", true)]
    #[case("b3JjaGFyZC1sYW50ZXJuLQ==", false)]
    #[case("too-short", false)]
    #[case("ZPitL0NGVQBZbTD6DwXJzD8RiStSazzYXQsdUowLURY", false)]
    #[case("01234567890123456789012345678901234567890123456789", false)]
    fn keys_are_32_bytes_or_base64_of_them(#[case] text: &str, #[case] fits: bool) {
        assert_eq!(RowKey::parse(text).is_some(), fits);
    }

    #[test]
    fn what_is_sealed_is_opened_by_the_same_key_only() {
        let key = RowKey::parse("passphrasewhichneedstobe32bytes!").unwrap();
        let nonces = NonceSource::from_seed([7; 32]);
        let nonce = nonces.next();
        let sealed = key.seal("heritage=external-dns,external-dns/owner=me", nonce).unwrap();
        let (plain, shown) = key.open(&sealed).unwrap();
        assert_eq!(plain, "heritage=external-dns,external-dns/owner=me");
        assert_eq!(shown, nonce_text(nonce));
        assert_eq!(RowKey::parse("passphrasewhichneedstobe32bytes?").unwrap().open(&sealed), None);
        assert_eq!(key.open("heritage=external-dns"), None);
        assert_ne!(nonces.next(), nonce);
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = RowKey::parse("passphrasewhichneedstobe32bytes!").unwrap();
        assert!(!format!("{key:?}").contains("pass"));
        // 112 is the first byte of the key.
        assert!(!format!("{key:?}").contains("112"));
    }
}
