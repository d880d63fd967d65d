//! Claims as options and a file give them.

use jose::jwt::Builder;
use jose::{Header, Limits, UnixTime};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::time::{self, Time};
use crate::failure::{Failure, Stage};
use crate::jws::header::{self, Member};
use crate::output::Output;
use crate::source::Source;

/// The claims of a token, and what its header says of them.
#[derive(Debug, clap::Args)]
pub(super) struct ClaimArgs {
    /// Who issues it.
    #[arg(long)]
    iss: Option<String>,
    /// Whom it is about.
    #[arg(long)]
    sub: Option<String>,
    /// Whom it is for; said again, several.
    #[arg(long)]
    aud: Vec<String>,
    /// When it expires.
    #[arg(long, value_name = "TIME", value_parser = time::time)]
    exp: Option<Time>,
    /// From when on it is valid.
    #[arg(long, value_name = "TIME", value_parser = time::time)]
    nbf: Option<Time>,
    /// When it was issued. Without it, now.
    #[arg(long, value_name = "TIME", value_parser = time::time, conflicts_with = "no_iat")]
    iat: Option<Time>,
    /// Do not say when it was issued.
    #[arg(long)]
    no_iat: bool,
    /// Its name; `auto` draws one at random.
    #[arg(long, value_name = "VALUE|auto")]
    jti: Option<String>,
    /// Any claim, as JSON.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    claim: Vec<Member>,
    /// Any claim that is a text.
    #[arg(long, value_name = "NAME=TEXT", value_parser = header::text_member)]
    claim_str: Vec<Member>,
    /// The type of the token.
    #[arg(long, default_value = "JWT")]
    typ: String,
    /// A parameter of the header.
    #[arg(long, value_name = "NAME=JSON", value_parser = header::member)]
    header: Vec<Member>,
    /// More claims, as a JSON object.
    #[arg(value_name = "CLAIMS")]
    claims: Option<Source>,
}

impl ClaimArgs {
    /// Where claims are read from.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.claims.iter()
    }

    /// The claims, and what makes a token of them.
    pub(super) fn read(&self, output: Output) -> Result<(Box<RawValue>, Builder), Failure> {
        if self.header.iter().any(|member| member.name == "typ") {
            return Err(Failure::usage("--typ sets the header parameter typ"));
        }
        let now = UnixTime::now();
        let claims = claims(self, now)?;
        warn_of_expiry(&claims, now, output);
        let header = header::with(Header::new(), &self.header)?.with_typ(self.typ.clone());
        let mut builder = Builder::at(now).header(header);
        if self.jti.as_deref() == Some("auto") {
            builder = builder.random_jti(output.backend().get()?);
        }
        Ok((claims, builder))
    }
}

/// A number without a unit or a sign is a moment, and one of 1970 is seldom meant.
fn warn_of_expiry(claims: &RawValue, now: UnixTime, output: Output) {
    let claims: Map<String, Value> = serde_json::from_str(claims.get()).unwrap_or_default();
    let expired = |exp: f64| time::rfc3339(exp).filter(|_| exp <= time::seconds_of(now));
    if let Some(date) = claims.get("exp").and_then(Value::as_f64).and_then(expired) {
        output.warn(&format!("the token expired at {date}; `--exp +1h` counts from now"));
    }
}

/// The claims of the options, after those of the file as they are written there.
fn claims(args: &ClaimArgs, now: UnixTime) -> Result<Box<RawValue>, Failure> {
    let malformed = |what: &str| Failure::new(Stage::Malformed, "ERR_JWT_CLAIM_INVALID", what);
    let (text, given) = match &args.claims {
        None => ("{}".to_owned(), Map::new()),
        Some(source) => {
            let octets = source.read(Limits::DEFAULT.token)?;
            let object = || malformed("the claims are not a JSON object").of(source);
            let text = std::str::from_utf8(octets.expose_secret()).map_err(|_| object())?;
            let given: Map<String, Value> = serde_json::from_str(text).map_err(|_| object())?;
            (text.trim_ascii().to_owned(), given)
        }
    };
    let added = options(args, now, &given)?;
    if added.is_empty() {
        return RawValue::from_string(text).map_err(|_| malformed("the claims are not JSON"));
    }
    let added = Value::from(added).to_string();
    let text = match (given.is_empty(), text.strip_suffix('}'), added.strip_prefix('{')) {
        // What is in the file stays as it is, to the last digit.
        (false, Some(text), Some(added)) => format!("{text},{added}"),
        _ => added,
    };
    RawValue::from_string(text).map_err(|_| malformed("the claims are not JSON"))
}

fn options(
    args: &ClaimArgs,
    now: UnixTime,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Failure> {
    let date = |name: &str, time: Option<Time>| match time.map(|time| time.from(now)) {
        Some(None) => Err(Failure::usage(format!("--{name} is after the year 9999"))),
        Some(Some(seconds)) => Ok(Some(Value::from(seconds))),
        None => Ok(None),
    };
    if args.exp == Some(Time::In(0)) {
        return Err(Failure::usage("--exp leaves no time"));
    }
    let iat = args.iat.or((!args.no_iat && !given.contains_key("iat")).then_some(Time::In(0)));
    let aud = match args.aud.as_slice() {
        [] => None,
        [one] => Some(Value::from(one.as_str())),
        several => Some(Value::from(several)),
    };
    let jti = args.jti.as_deref().filter(|jti| *jti != "auto");
    let registered = [
        ("iss", args.iss.as_deref().map(Value::from)),
        ("sub", args.sub.as_deref().map(Value::from)),
        ("aud", aud),
        ("exp", date("exp", args.exp)?),
        ("nbf", date("nbf", args.nbf)?),
        ("iat", date("iat", iat)?),
        ("jti", jti.map(Value::from)),
    ];
    let registered =
        registered.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let other = args.claim.iter().chain(&args.claim_str);
    let other = other.map(|member| (member.name.clone(), member.value.clone()));
    let mut added = Map::new();
    for (name, value) in other.chain(registered) {
        // The time that nobody gave gives way to one that somebody did.
        if name == "iat" && args.iat.is_none() && added.contains_key("iat") {
            continue;
        }
        if given.contains_key(&name) || added.contains_key(&name) {
            return Err(Failure::usage(format!("the claim {name} is given twice")));
        }
        added.insert(name, value);
    }
    if args.jti.as_deref() == Some("auto")
        && (given.contains_key("jti") || added.contains_key("jti"))
    {
        return Err(Failure::usage("the claim jti is given twice"));
    }
    Ok(added)
}
