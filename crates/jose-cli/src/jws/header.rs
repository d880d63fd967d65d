//! Header parameters as options give them.

use jose::Header;
use serde_json::Value;

use crate::failure::Failure;

/// A name and a JSON value.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) value: Value,
}

/// `NAME=JSON`.
pub(crate) fn member(text: &str) -> Result<Member, String> {
    let (name, json) = split(text)?;
    let value = serde_json::from_str(json)
        .map_err(|_| "the value is not JSON; a text is in double quotes".to_owned())?;
    Ok(Member { name: name.into(), value })
}

/// `NAME=TEXT`.
pub(crate) fn text_member(text: &str) -> Result<Member, String> {
    let (name, text) = split(text)?;
    Ok(Member { name: name.into(), value: text.into() })
}

fn split(text: &str) -> Result<(&str, &str), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name, value)),
        _ => Err("a name, `=` and a value".to_owned()),
    }
}

/// `header` with these parameters too.
pub(crate) fn with(mut header: Header, members: &[Member]) -> Result<Header, Failure> {
    for (index, Member { name, value }) in members.iter().enumerate() {
        if members.iter().take(index).any(|earlier| earlier.name == *name) {
            return Err(Failure::usage(format!("the header parameter {name} is given twice")));
        }
        let text = || match value {
            Value::String(text) => Ok(text.clone()),
            _ => Err(Failure::usage(format!("the header parameter {name} is a text"))),
        };
        header = match name.as_str() {
            "typ" => header.with_typ(text()?),
            "cty" => header.with_cty(text()?),
            "kid" => header.with_kid(text()?),
            "crit" => {
                let names: Result<Vec<String>, _> = serde_json::from_value(value.clone());
                let wrong = |_| Failure::usage("the header parameter crit is a list of texts");
                header.with_crit(names.map_err(wrong)?)
            }
            "alg" => return Err(Failure::usage("the key and --alg say which algorithm it is")),
            _ => header
                .with(name, value)
                .map_err(|error| Failure::usage(format!("the header parameter {name}: {error}")))?,
        };
    }
    Ok(header)
}
