//! Files that hold a secret: they are short, and nobody waits for one that is a pipe.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use secrecy::zeroize::Zeroizing;

/// The bytes of a file of at most `longest` bytes.
///
/// # Errors
/// When it cannot be read, is longer, or is no file: a pipe would be waited for without end.
pub fn secret_file(path: &Path, longest: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    // It is looked at before it is opened, since the opening of a pipe waits for whoever writes to it.
    let found = std::fs::metadata(path)?;
    if !found.is_file() {
        let what = "it is no regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    let mut bytes = Zeroizing::new(Vec::new());
    // The file may have grown since it was looked at.
    File::open(path)?
        .take(longest + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > longest {
        let what = format!("it is longer than {longest} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(bytes)
}
