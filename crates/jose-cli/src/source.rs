//! Where input comes from: a file, standard input, the environment, an open descriptor.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};

use jose::SecretBytes;
use zeroize::Zeroizing;

use crate::failure::{Failure, Stage};

/// A place to read from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// The environment variable of this name.
    Env(String),
    /// An open file descriptor.
    Fd(u32),
    File(PathBuf),
    Stdin,
}

/// Whether somebody has read standard input, of which there is one.
static STDIN_IS_READ: AtomicBool = AtomicBool::new(false);

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // By any of its names: it is read once.
        if matches!(text, "-" | "fd:0" | "/dev/stdin" | "/dev/fd/0") {
            return Ok(Self::Stdin);
        }
        if let Some(name) = text.strip_prefix("env:") {
            return if name.is_empty() {
                Err("a name has to follow `env:`".to_owned())
            } else {
                Ok(Self::Env(name.to_owned()))
            };
        }
        if let Some(number) = text.strip_prefix("fd:") {
            return number
                .parse()
                .map(Self::Fd)
                .map_err(|_| "a number has to follow `fd:`".to_owned());
        }
        // What a key looks like, and no file is called. Arguments are seen by other users.
        if text.starts_with(['{', '[']) || text.starts_with("-----BEGIN") || text.starts_with("eyJ")
        {
            return Err(
                "a key or token is read from a file, `-`, `env:NAME` or `fd:N`, never from an \
                        argument, which other users see"
                    .to_owned(),
            );
        }
        Ok(Self::File(PathBuf::from(OsString::from(text))))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::Fd(number) => write!(f, "fd:{number}"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Stdin => f.write_str("standard input"),
        }
    }
}

impl Source {
    /// All octets there are, if they are at most `limit`. No more is read than shows that there are more.
    pub(crate) fn read(&self, limit: usize) -> Result<SecretBytes, Failure> {
        let octets = bounded(self.open()?, limit).map_err(|error| Failure::io(self, &error))?;
        if octets.len() > limit {
            return Err(too_long(limit).of(self));
        }
        Ok(octets)
    }

    /// The octets, to be read in pieces.
    pub(crate) fn open(&self) -> Result<Box<dyn Read>, Failure> {
        let open = |path: &Path| -> Result<Box<dyn Read>, Failure> {
            Ok(Box::new(File::open(path).map_err(|error| Failure::io(self, &error))?))
        };
        match self {
            Self::Env(name) => {
                let value = std::env::var_os(name).ok_or_else(|| {
                    Failure::new(Stage::Io, "ERR_IO", format!("no environment variable {name}"))
                })?;
                Ok(Box::new(Cursor::new(Zeroizing::new(value.into_encoded_bytes()))))
            }
            // A name that Unix has for it, so that no descriptor is taken over unsafely.
            Self::Fd(number) => open(Path::new(&format!("/dev/fd/{number}"))),
            Self::File(path) => open(path),
            Self::Stdin => {
                // A second reader would find nothing, and take that for what it was to read.
                if STDIN_IS_READ.swap(true, Ordering::Relaxed) {
                    return Err(stdin_is_taken());
                }
                Ok(Box::new(io::stdin().lock()))
            }
        }
    }
}

/// That there is more than may be read.
pub(crate) fn too_long(limit: usize) -> Failure {
    Failure::new(Stage::Malformed, "ERR_TOO_LONG", format!("longer than {limit} octets"))
}

/// That no stream is to be read for two things: a matter of usage, which is told before anything is read.
pub(crate) fn check_stdin<'s>(
    sources: impl IntoIterator<Item = &'s Source>,
) -> Result<(), Failure> {
    let mut streams = Vec::new();
    for source in sources {
        match source {
            Source::Stdin if streams.contains(&source) => return Err(stdin_is_taken()),
            Source::Fd(_) if streams.contains(&source) => {
                return Err(Failure::usage(format!("{source} can be read for one thing only")));
            }
            Source::Fd(_) | Source::Stdin => streams.push(source),
            Source::Env(_) | Source::File(_) => {}
        }
    }
    Ok(())
}

fn stdin_is_taken() -> Failure {
    Failure::usage("standard input can be read for one thing only")
}

/// In pieces, so that growing leaves no copy behind, and a short input is not made to wait until all the
/// room that a long one may take has been wiped.
fn bounded(reader: impl Read, limit: usize) -> io::Result<SecretBytes> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let mut reader = reader.take(limit.saturating_add(1));
    let mut pieces = Vec::new();
    loop {
        let mut piece = Zeroizing::new(Vec::with_capacity(PIECE));
        let room = u64::try_from(PIECE).unwrap_or(u64::MAX);
        if reader.by_ref().take(room).read_to_end(&mut piece)? == 0 {
            break;
        }
        pieces.push(piece);
    }
    let len = pieces.iter().map(|piece| piece.len()).sum();
    let mut octets = Vec::with_capacity(len);
    for piece in pieces {
        octets.extend_from_slice(&piece);
    }
    Ok(SecretBytes::new(octets))
}

/// How many octets are read at once.
const PIECE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Result<Source, String> {
        text.parse()
    }

    #[test]
    fn a_source_is_told_by_its_beginning() {
        for name in ["-", "fd:0", "/dev/stdin"] {
            assert_eq!(source(name), Ok(Source::Stdin));
        }
        assert_eq!(source("env:KEY"), Ok(Source::Env("KEY".to_owned())));
        assert_eq!(source("fd:3"), Ok(Source::Fd(3)));
        assert_eq!(source("./-"), Ok(Source::File("./-".into())));
        assert_eq!(source("key.pem"), Ok(Source::File("key.pem".into())));
    }

    #[test]
    fn a_key_is_never_taken_from_an_argument() {
        for text in
            ["{\"kty\":\"oct\"}", "-----BEGIN PRIVATE KEY-----", "eyJhbGciOiJIUzI1NiJ9.e30.", "[]"]
        {
            assert!(source(text).unwrap_err().contains("other users see"), "{text}");
        }
        for text in ["env:", "fd:", "fd:x", "fd:-1"] {
            assert!(source(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_more_is_read_than_the_limit_and_one() {
        let octets = bounded(io::repeat(7), 10).unwrap();
        assert_eq!(octets.len(), 11);
    }

    #[test]
    fn pieces_are_put_together_in_their_order() {
        for len in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let octets: Vec<u8> = (0..=250).cycle().take(len).collect();
            let read = bounded(octets.as_slice(), 4 * PIECE).unwrap();
            assert_eq!(read.expose_secret(), octets, "{len}");
        }
    }
}
