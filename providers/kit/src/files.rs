//! Reading files that somebody else fills, within bounds.

use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// The most bytes of a secret, or of a small file of settings.
pub const SMALL: u64 = 1 << 20;

/// The most bytes of a file with objects or records: those of 100,000 Ingresses are below 200 MB.
pub const LARGE: u64 = 512 << 20;

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is no UTF-8 or has more bytes than `limit`.
pub fn read_text(path: &Path, limit: u64) -> Result<String> {
    read_text_from(&mut std::fs::File::open(path)?, limit)
}

/// All the text that comes.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_from(reader: &mut dyn Read, limit: u64) -> Result<String> {
    let mut bytes = Vec::new();
    // No length is asked for: a device or a pipe has none.
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Error::new(ErrorKind::FileTooLarge, format!("it is longer than {limit} bytes")));
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::new(ErrorKind::InvalidData, "stream did not contain valid UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_files_are_refused() {
        assert_eq!(read_text_from(&mut &b"12345"[..], 5).unwrap(), "12345");
        let error = read_text_from(&mut &b"123456"[..], 5).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 5 bytes");
        assert!(read_text(Path::new("/dev/zero"), 1000).unwrap_err().to_string().contains("1000 bytes"));
        assert!(read_text_from(&mut &b"\xff"[..], 5).unwrap_err().to_string().contains("UTF-8"));
    }
}
