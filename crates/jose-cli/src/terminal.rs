//! What people read on a terminal: colours, times as dates, and nothing that would steer the terminal.

use std::fmt::Display;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use serde_json::Value;

use crate::failure::Failure;
use crate::tokens::Report;

pub(crate) const FAILURE: Style = AnsiColor::Red.on_default().bold();
pub(crate) const NOTE: Style = Style::new();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();
const HEADING: Style = Style::new().bold();

/// Says something on standard error.
pub(crate) fn say(style: Style, what: impl Display) {
    let what = harmless(&what.to_string());
    // There is nobody to tell that it could not be told.
    let _ = writeln!(anstream::stderr(), "jose: {style}{what}{style:#}");
}

/// Shows what `report` tells of a token, and the octets that go into a pipe.
pub(crate) fn show(report: &Report, octets: &[u8]) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = view(report, octets).into_iter().try_for_each(|line| writeln!(out, "{line}"));
    written.and_then(|()| out.flush()).map_err(|error| Failure::io("standard output", &error))
}

/// The lines of a view.
fn view(report: &Report, octets: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    if report.get("valid") == Some(&Value::Bool(true)) {
        lines.push(format!("{GOOD}valid{GOOD:#}"));
    }
    for name in ["header", "claims"] {
        if let Some(value) = report.get(name) {
            lines.push(format!("{HEADING}{name}{HEADING:#}"));
            lines.push(harmless(&serde_json::to_string_pretty(value).unwrap_or_default()));
        }
    }
    if !report.contains_key("claims") {
        lines.push(harmless(&String::from_utf8_lossy(octets)));
    }
    lines
}

/// A text of strangers without what would move the cursor, change colours or say more than it seems to.
pub(crate) fn harmless(text: &str) -> String {
    let escape = |c: char| match c {
        '\n' | '\t' => c.to_string(),
        c if c.is_control() || is_bidi(c) => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Characters that reorder a text, so that it is read as another one.
const fn is_bidi(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}
