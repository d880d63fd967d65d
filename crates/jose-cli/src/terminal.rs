//! What people read on a terminal: colours, times as dates, and nothing that would steer the terminal.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::io::Write;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::failure::Failure;
use crate::tokens::Report;

pub(crate) const FAILURE: Style = AnsiColor::Red.on_default().bold();
pub(crate) const NOTE: Style = Style::new();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HEADING: Style = Style::new().bold();
const NAME: Style = AnsiColor::Cyan.on_default();
const OTHER: Style = AnsiColor::Magenta.on_default();
const TEXT: Style = AnsiColor::Green.on_default();

/// Says something on standard error, in one line.
pub(crate) fn say(style: Style, what: impl Display) {
    let what = what.to_string();
    let what = one_line(&what);
    // There is nobody to tell that it could not be told.
    let _ = writeln!(anstream::stderr(), "jose: {style}{what}{style:#}");
}

/// Shows what `report` tells of a token, and the octets that go into a pipe.
pub(crate) fn show(report: &Report, octets: &[u8]) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = view(report, octets).into_iter().try_for_each(|line| writeln!(out, "{line}"));
    written.and_then(|()| out.flush()).map_err(|error| Failure::io("standard output", &error))
}

/// The octets of a text, as a terminal may have them; nothing of what is no text.
pub(crate) fn text(octets: &[u8]) -> Option<Cow<'_, str>> {
    std::str::from_utf8(octets).ok().filter(|text| !text.contains('\0')).map(harmless)
}

/// The lines of a view.
fn view(report: &Report, octets: &[u8]) -> Vec<String> {
    let mut lines = vec![state(report)];
    lines.extend(headers(report));
    if let Some(signed) = report.get("signed").and_then(Value::as_object) {
        lines.push(format!("{HEADING}signed inside{HEADING:#}"));
        lines.extend(headers(signed));
    }
    lines.extend(each(report, "signatures").flat_map(|signature| of_signature(signature, report)));
    lines.extend(each(report, "recipients").flat_map(|recipient| of_recipient(recipient, report)));
    if let Some(claims) = report.get("claims") {
        lines.extend(section("claims", claims));
    } else if report.contains_key("payload") {
        lines.push(format!("{HEADING}payload{HEADING:#}"));
        match text(octets) {
            Some(text) => {
                lines.extend(quoted(&text));
                lines.push(format!("{HEADING}end of the payload{HEADING:#}"));
            }
            None => lines.push(format!("{} octets; -o FILE or a pipe takes them", octets.len())),
        }
    }
    if let Some(times) = report.get("times").and_then(Value::as_object) {
        lines.push(format!("{HEADING}times{HEADING:#}"));
        lines.extend(of_times(times));
    }
    lines
}

/// The lines of a payload, each with a mark before it: nothing in it can stand where our lines begin, and
/// look like one of them.
fn quoted(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.trim_end_matches('\n').split('\n') {
        let (mut piece, mut width) = (String::new(), 0_usize);
        for c in line.chars() {
            let own = match c {
                '\t' => 8,
                // As wide as it may be.
                _ if !c.is_ascii() => 2,
                _ => 1,
            };
            // What the terminal would break would go on where it has no mark.
            if width.saturating_add(own) > QUOTED {
                lines.push(format!("| {piece}"));
                (piece, width) = (String::new(), 0);
            }
            piece.push(c);
            width = width.saturating_add(own);
        }
        lines.push(format!("| {piece}"));
    }
    lines
}

/// How wide a quoted line is at most: a usual terminal without the mark, and with the room that a tab may
/// take.
const QUOTED: usize = 72;

/// What is known of a token, in one line.
fn state(report: &Report) -> String {
    let is = |name| report.get(name) == Some(&Value::Bool(true));
    match (is("valid"), is("verified")) {
        (true, true) => format!("{GOOD}valid{GOOD:#}: the signature was verified"),
        // Whoever has the key can have written it, and to a public key that is everyone.
        (true, false) => format!("{GOOD}decrypted{GOOD:#}: it says nothing of who has written it"),
        _ => format!("{WARNING}NOT VERIFIED{WARNING:#}: anyone can have written this"),
    }
}

fn headers(report: &Map<String, Value>) -> Vec<String> {
    let header = |name| report.get(name).filter(|header| !header.is_null());
    let names = [("header", "header"), ("unprotected", "header, unprotected")];
    let found = names.into_iter().filter_map(|(name, title)| Some((title, header(name)?)));
    found.flat_map(|(title, header)| section(title, header)).collect()
}

fn section(title: &str, value: &Value) -> [String; 2] {
    let mut text = String::new();
    pretty(value, 0, &mut text);
    [format!("{HEADING}{title}{HEADING:#}"), text]
}

fn each<'r>(report: &'r Report, name: &str) -> impl Iterator<Item = &'r Value> + use<'r> {
    report.get(name).and_then(Value::as_array).into_iter().flatten()
}

/// `signature 0: verified, ES256, kid "anna"`, and its headers if they are nowhere else.
fn of_signature(signature: &Value, report: &Report) -> Vec<String> {
    let (style, state) = match signature.get("verified") {
        Some(Value::Bool(true)) => (GOOD, "verified"),
        _ => (BAD, "not verified"),
    };
    let mut line = format!("{}: {style}{state}{style:#}", name_of("signature", signature));
    line.push_str(&alg_and_kid(signature));
    let mut lines = vec![line];
    let is_nested = report.contains_key("signed");
    let several = each(report, "signatures").nth(1).is_some();
    if several || !is_nested && !report.contains_key("header") {
        lines.extend(signature.as_object().map(headers).unwrap_or_default());
    }
    lines
}

/// `recipient 0: decrypted, A256KW, kid "anna"`, and the header of its own.
fn of_recipient(recipient: &Value, report: &Report) -> Vec<String> {
    let mut line = format!("{}:", name_of("recipient", recipient));
    let decrypted = report.get("decrypted") == Some(&Value::Bool(true));
    if decrypted && report.get("index") == recipient.get("index") {
        let _ = write!(line, " {GOOD}decrypted{GOOD:#}");
    } else {
        line.push_str(" not decrypted");
    }
    line.push_str(&alg_and_kid(recipient));
    let own = recipient.get("header").filter(|header| !header.is_null());
    let own = own.map(|header| section("header of the recipient", header));
    std::iter::once(line).chain(own.into_iter().flatten()).collect()
}

fn name_of(what: &str, value: &Value) -> String {
    let index = value.get("index").and_then(Value::as_u64).unwrap_or_default();
    format!("{HEADING}{what} {index}{HEADING:#}")
}

fn alg_and_kid(value: &Value) -> String {
    let member = |name| value.get(name).and_then(Value::as_str);
    let mut text = String::new();
    // A `String` takes everything.
    if let Some(alg) = member("alg") {
        let _ = write!(text, ", {}", one_line(alg));
    }
    if let Some(kid) = member("kid") {
        let _ = write!(text, ", kid {}", one_line(&Value::from(kid).to_string()));
    }
    let message = value.get("error").and_then(|error| error.get("message")?.as_str());
    if let Some(message) = message {
        let _ = write!(text, ": {}", one_line(message));
    }
    text
}

/// `exp  2027-01-15T08:00:00Z, expires in 4 m`.
fn of_times(times: &Map<String, Value>) -> Vec<String> {
    let moment = |name: &str| times.get(name)?.as_str()?.parse::<Timestamp>().ok();
    let Some(now) = moment("now") else { return Vec::new() };
    let line = |name: &str| {
        let time = moment(name)?;
        let left = time.as_second().saturating_sub(now.as_second());
        let distance = distance(left.unsigned_abs());
        let told = match (name, left) {
            ("exp", 1..) => format!("expires in {distance}"),
            // At that second it is expired already (RFC 7519 §4.1.4).
            ("exp", _) => format!("{BAD}expired {distance} ago{BAD:#}"),
            ("nbf", 1..) => format!("{BAD}valid in {distance}{BAD:#}"),
            ("nbf", _) => format!("valid since {distance}"),
            (_, 1..) => format!("{BAD}issued in {distance}{BAD:#}"),
            _ => format!("issued {distance} ago"),
        };
        Some(format!("{NAME}{name}{NAME:#}  {time}, {told}"))
    };
    ["iat", "nbf", "exp"].into_iter().filter_map(line).collect()
}

/// Seconds in the unit that tells most of them in a short number, by the letters that options take.
fn distance(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} m", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} D", seconds / 86_400),
    }
}

/// JSON on many lines and in colours, its members in their order.
fn pretty(value: &Value, depth: usize, into: &mut String) {
    let line = |into: &mut String, depth: usize| {
        into.push('\n');
        into.extend(std::iter::repeat_n("  ", depth));
    };
    let (open, close, empty) = match value {
        Value::Array(values) => ('[', ']', values.is_empty()),
        Value::Object(members) => ('{', '}', members.is_empty()),
        _ => return scalar(value, into),
    };
    into.push(open);
    let names = value.as_object().into_iter().flatten().map(|(name, value)| (Some(name), value));
    let values = value.as_array().into_iter().flatten().map(|value| (None, value));
    for (index, (name, value)) in names.chain(values).enumerate() {
        if index > 0 {
            into.push(',');
        }
        line(into, depth + 1);
        if let Some(name) = name {
            let name = Value::from(name.as_str()).to_string();
            let _ = write!(into, "{NAME}{}{NAME:#}: ", one_line(&name));
        }
        pretty(value, depth + 1, into);
    }
    if !empty {
        line(into, depth);
    }
    into.push(close);
}

fn scalar(value: &Value, into: &mut String) {
    let style = if value.is_string() { TEXT } else { OTHER };
    let _ = write!(into, "{style}{}{style:#}", one_line(&value.to_string()));
}

/// A text of strangers without what would move the cursor, change colours or say more than it seems to.
///
/// What is left out is written as JSON escapes it, so that JSON stays what it was.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && c != '\t' && is_harmful(c))
}

/// The same in one line, so that nobody can add lines that look like ours.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

fn escaped(text: &str, escapes: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escapes) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len());
    for c in text.chars() {
        if escapes(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // A `String` takes everything.
                let _ = write!(harmless, "\\u{unit:04x}");
            }
        } else {
            harmless.push(c);
        }
    }
    Cow::Owned(harmless)
}

/// Characters that steer a terminal (C0, DEL, C1), end a line, reorder it, or show as nothing: those which
/// Unicode calls default ignorable, the tags and variation selectors that hide texts in texts among them.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
            | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The lines without colours.
    fn plain(report: Value, octets: &[u8]) -> String {
        let Value::Object(report) = report else { unreachable!("a report is an object") };
        let lines = view(&report, octets).join("\n");
        anstream::adapter::strip_str(&lines).to_string()
    }

    #[test]
    fn what_steers_reorders_or_hides_is_escaped() {
        let escaped = [
            ("\u{1b}[2J\r\u{7f}\u{9b}", r"\u001b[2J\u000d\u007f\u009b"),
            ("\u{202e}gnp\u{2066}", r"\u202egnp\u2066"),
            ("a\u{2028}b\u{2029}", r"a\u2028b\u2029"),
            ("a\u{200b}\u{2060}\u{feff}\u{ad}", r"a\u200b\u2060\ufeff\u00ad"),
            ("\u{e0041}\u{fe0f}", r"\udb40\udc41\ufe0f"),
        ];
        for (text, expected) in escaped {
            assert_eq!(harmless(text), expected);
        }
        assert_eq!(harmless("ä\t\n\u{1F511}漢"), "ä\t\n\u{1F511}漢");
    }

    #[test]
    fn an_escaped_json_is_the_same_json() {
        let text = json!({"a\u{202e}": "\u{e0041}\u{9b}\u{2028}"}).to_string();
        let again: Value = serde_json::from_str(&harmless(&text)).unwrap();
        assert_eq!(again.to_string(), text);
    }

    #[test]
    fn a_diagnostic_has_one_line() {
        assert_eq!(one_line("a\njose: valid"), r"a\u000ajose: valid");
    }

    #[test]
    fn a_distance_is_told_in_one_unit() {
        let told = [
            (0, "0 s"),
            (119, "119 s"),
            (240, "4 m"),
            (299, "4 m"),
            (7_199, "119 m"),
            (7_200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 D"),
        ];
        for (seconds, expected) in told {
            assert_eq!(distance(seconds), expected);
        }
    }

    #[test]
    fn times_are_dates_and_how_far_away_they_are() {
        let times = json!({
            "iat": "2027-01-15T07:55:00Z", "nbf": "2027-01-15T08:01:00Z", "exp": "2027-01-15T08:04:30Z",
            "now": "2027-01-15T08:00:00Z", "expires_in": 270,
        });
        let told = plain(json!({"valid": true, "verified": true, "times": times}), b"");
        assert!(told.contains("iat  2027-01-15T07:55:00Z, issued 5 m ago"), "{told}");
        assert!(told.contains("nbf  2027-01-15T08:01:00Z, valid in 60 s"), "{told}");
        assert!(told.contains("exp  2027-01-15T08:04:30Z, expires in 4 m"), "{told}");
    }

    #[test]
    fn a_token_expires_at_its_second() {
        let times = json!({"exp": "2027-01-15T08:00:00Z", "now": "2027-01-15T08:00:00Z"});
        let told = plain(json!({"times": times}), b"");
        assert!(told.contains("expired 0 s ago"), "{told}");
    }

    #[test]
    fn each_state_has_its_words() {
        let state = |report| plain(report, b"").lines().next().unwrap_or_default().to_owned();
        assert!(state(json!({"valid": true, "verified": true})).starts_with("valid: "));
        let decrypted = json!({"valid": true, "verified": false, "decrypted": true});
        assert!(state(decrypted).starts_with("decrypted: "));
        assert!(state(json!({"verified": false})).starts_with("NOT VERIFIED: "));
        assert!(state(json!({"valid": false, "verified": true})).starts_with("NOT VERIFIED: "));
    }

    #[test]
    fn members_stay_in_their_order() {
        let told = plain(json!({"header": {"typ": "JWT", "alg": "ES256", "b64": [true, {}]}}), b"");
        let header = "header\n{\n  \"typ\": \"JWT\",\n  \"alg\": \"ES256\",\n  \"b64\": [\n    true,\n    {}\n  ]\n}";
        assert!(told.contains(header), "{told}");
    }

    #[test]
    fn a_payload_that_is_no_text_is_counted_and_not_shown() {
        for octets in [&b"\xff\xfe\xfd"[..], b"a\0b"] {
            let told = plain(json!({"payload": "_"}), octets);
            assert!(told.ends_with("3 octets; -o FILE or a pipe takes them"), "{told}");
        }
    }

    #[test]
    fn each_signature_tells_what_became_of_it() {
        let signatures = json!([
            {"index": 0, "verified": true, "alg": "ES256", "kid": "a\nb", "header": {"alg": "ES256"}},
            {"index": 1, "verified": false, "alg": "PS256", "kid": null, "error": {"message": "refused"}},
        ]);
        let told = plain(json!({"verified": true, "signatures": signatures}), b"");
        assert!(told.contains("signature 0: verified, ES256, kid \"a\\nb\"\nheader\n{"), "{told}");
        assert!(told.contains("signature 1: not verified, PS256: refused"), "{told}");
    }

    #[test]
    fn the_recipient_whose_key_it_was_is_told() {
        let recipients = json!([
            {"index": 0, "alg": "A256KW", "kid": null, "header": null},
            {"index": 1, "alg": "A128KW", "kid": "anna", "header": {"alg": "A128KW"}},
        ]);
        let report =
            json!({"valid": true, "decrypted": true, "index": 1, "recipients": recipients});
        let told = plain(report, b"");
        assert!(told.contains("recipient 0: not decrypted, A256KW\n"), "{told}");
        assert!(told.contains("recipient 1: decrypted, A128KW, kid \"anna\""), "{told}");
    }
}
