//! The `headers` of a statement: exactly what was sent, and the algorithms.

use jose_core::Header;

use crate::json::Json;
use crate::{Error, Object};

/// An algorithm that a header parameter may repeat: the parameter of the function, that of the header, and the value.
pub(crate) type Named = (&'static str, &'static str, &'static str);

/// The header for a token, without the algorithms, which the key writes.
pub(crate) fn header(headers: &Object, algorithms: &[Named]) -> Result<Header, Error> {
    let mut header = Header::new();
    for (name, value) in headers.members() {
        let refuse = |expected| Error::Header { name: excerpt(name), expected };
        if let Some((parameter, _, expected)) = algorithms.iter().find(|(_, own, _)| *own == name) {
            let Json::Text(actual) = value else { return Err(refuse("text")) };
            if actual != expected {
                let actual = excerpt(actual);
                return Err(Error::Algorithm { parameter, expected, actual });
            }
            continue;
        }
        header = match (name, value) {
            ("typ", Json::Text(text)) => header.with_typ(text),
            ("cty", Json::Text(text)) => header.with_cty(text),
            ("kid", Json::Text(text)) => header.with_kid(text),
            ("typ" | "cty" | "kid", _) => return Err(refuse("text")),
            ("crit", Json::Array(names)) => {
                let names = names.iter().map(|name| match name {
                    Json::Text(name) => Ok(name.clone()),
                    _ => Err(refuse("an array of text")),
                });
                header.with_crit(names.collect::<Result<Vec<_>, _>>()?)
            }
            ("crit", _) => return Err(refuse("an array of text")),
            ("zip", _) => return Err(refuse("left out: compressed tokens are only read")),
            _ => header
                .with(name, value)
                .map_err(|_| refuse("left out: it is not for the caller to set"))?,
        };
    }
    Ok(header)
}

/// At most 64 octets.
pub(crate) fn excerpt(text: &str) -> String {
    let mut end = text.len().min(64);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().into()
}
