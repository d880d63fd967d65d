//! What the commands that read tokens have in common: one token, or many of them, a line each.

use std::io::{BufRead, BufReader, Read};

use jose::{Limits, SecretBytes, base64url};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::failure::{Failure, Stage};
use crate::output::{Output, OutputArgs};
use crate::source::Source;

/// What `--json` tells of a token, in this order.
pub(crate) type Report = Map<String, Value>;

/// Which tokens, and how to tell of them.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenArgs {
    /// Where the token is: a file, `-`, `env:NAME` or `fd:N`.
    #[arg(value_name = "TOKEN", default_value = "-")]
    pub(crate) token: Source,
    /// As the program of latchset spells it.
    #[arg(short = 'i', value_name = "TOKEN", hide = true, conflicts_with = "token")]
    input: Option<Source>,
    /// Read many tokens, one a line, and tell of each in a line of JSON.
    #[arg(long)]
    json_lines: bool,
}

impl TokenArgs {
    /// Where the tokens are.
    pub(crate) fn source(&self) -> &Source {
        self.input.as_ref().unwrap_or(&self.token)
    }
}

/// A command that reads tokens.
///
/// What is wrong with the token itself is told before what is wrong with the keys, whence the two steps.
pub(crate) trait Reader {
    /// As it is typed.
    const NAME: &'static str;
    /// Longest token, in octets.
    const MAX: usize;
    /// The code of what is no token at all.
    const MALFORMED: &'static str;
    /// Whether it shows what nobody has verified.
    const PEEKS: bool = false;
    /// A token that is well-formed and allowed.
    type Token;
    /// All that is needed to read tokens of whoever it may be.
    type Keys;

    /// Parses a token, and tells of it what needs no key.
    fn parse(&self, text: &str, report: &mut Report) -> Result<Self::Token, Failure>;

    /// Reads the keys.
    fn keys(&self, output: Output) -> Result<Self::Keys, Failure>;

    /// The octets to release, which go into a pipe as they are.
    fn read(
        &self,
        token: Self::Token,
        keys: &Self::Keys,
        output: Output,
        report: &mut Report,
    ) -> Result<SecretBytes, Failure>;
}

/// Runs `reader` on what `tokens` says.
pub(crate) fn run<R: Reader>(
    reader: &R,
    tokens: &TokenArgs,
    to: &OutputArgs,
    output: Output,
) -> Result<(), Failure> {
    if tokens.json_lines {
        if to.is_file() {
            return Err(Failure::usage("--json-lines writes to standard output"));
        }
        return batch(reader, tokens.source(), output);
    }
    let source = tokens.source();
    let mut report = start::<R>(output);
    let answer = match source.read(R::MAX) {
        Ok(octets) => text::<R>(octets.expose_secret())
            .and_then(|text| parse(reader, text, &mut report))
            .map_err(|failure| failure.of(source))
            .and_then(|token| Ok((token, reader.keys(output)?)))
            .and_then(|(token, keys)| reader.read(token, &keys, output, &mut report)),
        // A backend that is not there is told of before a file that is not.
        Err(failure) if !R::PEEKS => output.backend().get().and(Err(failure)),
        Err(failure) => Err(failure),
    };
    if R::PEEKS && answer.is_ok() {
        output.warn("NOT VERIFIED: anyone can have written this");
    }
    match finish::<R>(answer, report) {
        Ok((report, octets)) => output.answer(&report, &octets, to),
        Err(failure) => Err(failure),
    }
}

/// Reads a token from each line, answers each with a line, and ends as the worst of them.
fn batch<R: Reader>(reader: &R, source: &Source, output: Output) -> Result<(), Failure> {
    let keys = reader.keys(output).map_err(|failure| failure.within(start::<R>(output)))?;
    if R::PEEKS {
        output.warn("NOT VERIFIED: anyone can have written this");
    }
    let mut lines = BufReader::new(source.open()?);
    let mut worst: Option<Failure> = None;
    let mut number = 0_u64;
    let progress = output.count(R::NAME);
    while let Some(line) = line(&mut lines, R::MAX).map_err(|error| Failure::io(source, &error))? {
        number = number.saturating_add(1);
        progress.set(number);
        let mut report = start::<R>(output);
        report.insert("line".into(), number.into());
        let answer = match line {
            Line::Whole(octets) => text::<R>(&octets)
                .and_then(|text| parse(reader, text, &mut report))
                .and_then(|token| reader.read(token, &keys, output, &mut report)),
            Line::TooLong => Err(crate::source::too_long(R::MAX)),
        };
        let line = match finish::<R>(answer, report) {
            Ok((report, _)) => report.into(),
            Err(failure) => {
                let report = failure.report();
                if worst.as_ref().is_none_or(|worst| failure.is_before(worst)) {
                    worst = Some(failure.of(format!("line {number}")));
                }
                report
            }
        };
        match (output.json(&line), worst.take()) {
            (Ok(()), still) => worst = still,
            // Whoever reads has seen enough, and what was refused until then is no success.
            (Err(failure), Some(worst)) if failure.is_closed_pipe() => return Err(worst.told()),
            (Err(failure), _) => return Err(failure),
        }
    }
    worst.map_or(Ok(()), |failure| Err(failure.told()))
}

fn parse<R: Reader>(reader: &R, text: &str, report: &mut Report) -> Result<R::Token, Failure> {
    reader.parse(text, report).map_err(|failure| match symptom(text) {
        Some(symptom) if failure.is_malformed() => failure.hint(symptom),
        _ => failure,
    })
}

/// What people do to tokens when they copy them.
fn symptom(text: &str) -> Option<&'static str> {
    let begins =
        |with: &str| text.get(..with.len()).is_some_and(|own| own.eq_ignore_ascii_case(with));
    let compact = !text.starts_with('{');
    Some(match text {
        "" => "there is nothing",
        _ if begins("Bearer ") || begins("Authorization:") => {
            "what comes before the token in an HTTP header is not part of it"
        }
        _ if text.starts_with('\u{FEFF}') => "it begins with a byte order mark",
        _ if text.starts_with(['"', '\'']) => "it is in quotes",
        _ if text.starts_with('<') => "it looks like a page of HTML",
        _ if text.starts_with("-----BEGIN") => "it looks like a key; were the arguments swapped?",
        _ if !compact && looks_like_keys(text) => {
            "it looks like a key; were the arguments swapped?"
        }
        _ if compact && text.contains('\n') => {
            "there are several lines; for a token on each, --json-lines"
        }
        _ if compact && text.contains(char::is_whitespace) => "there is white space in it",
        _ if compact && text.contains('=') => "base64url has no padding here",
        _ if compact && text.contains("%2E") => "it is percent-encoded",
        _ if compact && dots(text) < 2 => "a part is missing: was it cut off?",
        _ => return None,
    })
}

fn start<R: Reader>(output: Output) -> Report {
    let mut report = output.report(R::NAME);
    if !R::PEEKS {
        report.insert("valid".into(), false.into());
    }
    report.insert("verified".into(), false.into());
    report
}

fn finish<R: Reader>(
    answer: Result<SecretBytes, Failure>,
    mut report: Report,
) -> Result<(Report, SecretBytes), Failure> {
    match answer {
        Ok(octets) => {
            if !R::PEEKS {
                report.insert("valid".into(), true.into());
            }
            Ok((report, octets))
        }
        Err(failure) => Err(failure.within(report)),
    }
}

/// Tells of a payload: claims if it can be nothing else, or its octets. What is longer than claims are is not
/// read as JSON, which takes many times as much memory.
pub(crate) fn insert_payload(
    report: &mut Report,
    payload: &[u8],
    json: impl FnOnce() -> Option<Value>,
) {
    let json = if payload.len() <= Limits::DEFAULT.token { json() } else { None };
    match json {
        Some(claims @ Value::Object(_)) => report.insert("claims".into(), claims),
        _ => report.insert("payload".into(), base64url::encode(payload).into()),
    };
}

/// The text of a token. White space around it is a file's, and not part of it.
fn text<R: Reader>(octets: &[u8]) -> Result<&str, Failure> {
    trimmed(octets, R::MALFORMED)
}

/// As [`text`], for what is no [`Reader`].
pub(crate) fn trimmed<'o>(octets: &'o [u8], code: &'static str) -> Result<&'o str, Failure> {
    let text = std::str::from_utf8(octets)
        .map_err(|_| Failure::new(Stage::Malformed, code, "a token is text"))?;
    Ok(text.trim_ascii())
}

/// What tells one kind of token from the other (RFC 7516 §9), where its members are read over: there may be
/// millions of them.
#[derive(Deserialize)]
struct Members {
    ciphertext: Option<IgnoredAny>,
    payload: Option<IgnoredAny>,
    recipients: Option<IgnoredAny>,
    keys: Option<IgnoredAny>,
    kty: Option<IgnoredAny>,
}

impl Members {
    fn of(text: &str) -> Option<Self> {
        text.starts_with('{').then(|| serde_json::from_str(text).ok())?
    }
}

/// Whether a text looks like an encrypted token: five segments, or a ciphertext.
pub(crate) fn looks_encrypted(text: &str) -> bool {
    Members::of(text).map_or_else(|| dots(text) == 4, |members| members.ciphertext.is_some())
}

/// Whether a text looks like a signed token: three segments, or a payload.
pub(crate) fn looks_signed(text: &str) -> bool {
    Members::of(text).map_or_else(|| dots(text) == 2, |members| members.payload.is_some())
}

/// Whether a token in JSON has a list of recipients.
pub(crate) fn has_recipients(text: &str) -> bool {
    Members::of(text).is_some_and(|members| members.recipients.is_some())
}

fn looks_like_keys(text: &str) -> bool {
    Members::of(text).is_some_and(|members| members.keys.is_some() || members.kty.is_some())
}

fn dots(text: &str) -> usize {
    text.bytes().filter(|octet| *octet == b'.').count()
}

/// A line that was read.
enum Line {
    TooLong,
    Whole(Zeroizing<Vec<u8>>),
}

/// The next line, of which no more than `limit` octets are held.
fn line(reader: &mut impl BufRead, limit: usize) -> std::io::Result<Option<Line>> {
    let mut octets = Zeroizing::new(Vec::new());
    let room = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(2);
    reader.by_ref().take(room).read_until(b'\n', &mut octets)?;
    if octets.is_empty() {
        return Ok(None);
    }
    let ended = octets.last() == Some(&b'\n');
    if ended || octets.len() <= limit {
        return Ok(Some(Line::Whole(octets)));
    }
    reader.skip_until(b'\n')?;
    Ok(Some(Line::TooLong))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut octets: &[u8], limit: usize) -> Vec<Option<Vec<u8>>> {
        let mut all = Vec::new();
        while let Some(line) = line(&mut octets, limit).unwrap() {
            all.push(match line {
                Line::TooLong => None,
                Line::Whole(octets) => Some(octets.to_vec()),
            });
        }
        all
    }

    #[test]
    fn a_line_past_the_limit_does_not_swallow_the_next() {
        let expected = [Some(b"ab\n".to_vec()), None, Some(b"\n".to_vec()), Some(b"cd".to_vec())];
        assert_eq!(lines(b"ab\nabcdefgh\n\ncd", 3), expected);
        assert_eq!(lines(b"", 3), []);
    }
}
