//! JSON from strangers: one strict pass before serde sees anything.
//!
//! serde's derived parsers are made for data one trusts. They read an array as a struct by
//! position, take `null` for absent, keep the last of two members with one name, skip every check
//! inside members they ignore, and quote their input in errors. Here each of those is a way in,
//! so headers, keys, key sets and claims are scanned first: valid UTF-8, RFC 8259 to the letter,
//! an object at the top, no repeated name at any depth, bounded nesting, and no number beyond a
//! finite double.
//!
//! The scan also remembers where each member of the outermost object lies, so members keep their
//! order and unknown ones their exact text, whatever features `serde_json` was built with.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use serde::de::DeserializeOwned;

use crate::error::Rule;
use crate::limits::Limits;

/// A JSON object that passed the scan, together with its text.
#[derive(Clone)]
pub(crate) struct Object<S> {
    text: S,
    members: Vec<Span>,
}

/// Where a member lies in the text.
#[derive(Clone)]
struct Span {
    /// The name without its quotes.
    name: Range<usize>,
    /// The name itself, where it is written with escapes.
    unescaped: Option<String>,
    value: Range<usize>,
}

/// How far down repeated names and number ranges are checked.
#[derive(Clone, Copy, PartialEq)]
enum Strict {
    Everywhere,
    /// Only the outermost object; what lies deeper is scanned again where it is used, half surrogate
    /// pairs included. This is how one bad key stays that key's problem and not its set's.
    Outermost,
}

/// Octets as text, if they are UTF-8.
pub(crate) fn text(octets: &[u8]) -> Result<&str, Rule> {
    core::str::from_utf8(octets).map_err(|_| Rule::Utf8)
}

/// Scans JSON of any type, nested at most `depth` deep.
pub(crate) fn check(text: &str, depth: usize) -> Result<(), Rule> {
    let mut scanner = Scanner::new(text, depth, Strict::Everywhere);
    scanner.skip_space();
    scanner.value(0)?;
    scanner.end()
}

/// JSON of any type, scanned and then read as `T`. serde's reason is dropped: it quotes its input.
pub(crate) fn read<T: DeserializeOwned>(octets: &[u8], depth: usize) -> Result<T, Rule> {
    let text = text(octets)?;
    check(text, depth)?;
    serde_json::from_str(text).map_err(|_| Rule::Shape)
}

impl<S: AsRef<str>> Object<S> {
    /// Scans `text`, nested at most `depth` deep: an object of plain members has depth 1.
    pub(crate) fn parse(text: S, depth: usize) -> Result<Self, Rule> {
        Self::scan(text, depth, Strict::Everywhere)
    }

    /// As [`parse`](Self::parse), without looking for repeated names and large numbers in nested
    /// values.
    pub(crate) fn parse_outermost(text: S, depth: usize) -> Result<Self, Rule> {
        Self::scan(text, depth, Strict::Outermost)
    }

    fn scan(text: S, depth: usize, strict: Strict) -> Result<Self, Rule> {
        let mut members = Vec::new();
        let mut scanner = Scanner::new(text.as_ref(), depth, strict);
        scanner.skip_space();
        if scanner.peek() != Some(b'{') {
            scanner.value(0)?;
            scanner.end()?;
            return Err(Rule::NotAnObject);
        }
        scanner.object(0, Some(&mut members))?;
        scanner.end()?;
        Ok(Self { text, members })
    }

    /// The whole text, as it came.
    pub(crate) fn text(&self) -> &str {
        self.text.as_ref()
    }

    /// The members in order: name, and value as JSON text.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.members.iter().map(|span| {
            let name = span.unescaped.as_deref().unwrap_or_else(|| self.slice(&span.name));
            (name, self.slice(&span.value))
        })
    }

    /// The value of the member called `name`, as JSON text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.members().find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// The value of the member called `name`, read by `read`.
    pub(crate) fn read<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&'static str, &str) -> Result<T, Rule>,
    ) -> Result<Option<T>, Rule> {
        self.get(name).map(|json| read(name, json)).transpose()
    }

    fn slice(&self, range: &Range<usize>) -> &str {
        self.text.as_ref().get(range.clone()).unwrap_or_default()
    }
}

/// The octets of a JSON string as text; `None` for any other value. `json` has been scanned.
pub(crate) fn unquote(json: &str) -> Option<Cow<'_, str>> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        serde_json::from_str(json).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(inner))
    }
}

/// The elements of a JSON array as JSON text, no more than `most` and one; `None` for any other
/// value. `json` has been scanned.
pub(crate) fn elements(json: &str, most: usize) -> Option<Vec<&str>> {
    let mut scanner = Scanner::new(json, Limits::MAX_DEPTH, Strict::Outermost);
    if !scanner.eat(b'[') {
        return None;
    }
    let mut elements = Vec::new();
    scanner.skip_space();
    if scanner.eat(b']') {
        return Some(elements);
    }
    loop {
        scanner.skip_space();
        let start = scanner.at;
        // As deep as in the object that held the array, so that nothing is checked twice.
        scanner.value(2).ok()?;
        elements.push(json.get(start..scanner.at)?);
        scanner.skip_space();
        if elements.len() > most || !scanner.eat(b',') {
            return Some(elements);
        }
    }
}

/// A JSON array of strings; `None` for any other value. `json` has been scanned.
pub(crate) fn strings(json: &str) -> Option<Vec<Cow<'_, str>>> {
    elements(json, usize::MAX)?.into_iter().map(unquote).collect()
}

/// `text` as a JSON string, quoted and escaped, appended to `out`.
pub(crate) fn quote_into(text: &str, out: &mut String) {
    // Serializing a `str` to memory has no way to fail.
    out.push_str(&serde_json::to_string(text).unwrap_or_default());
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    limit: usize,
    strict: Strict,
    /// Names of the objects that are open, the innermost last.
    names: Vec<Cow<'a, str>>,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, limit: usize, strict: Strict) -> Self {
        Self { text, at: 0, limit: limit.min(Limits::MAX_DEPTH), strict, names: Vec::new() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let octet = self.peek()?;
        self.at += 1;
        Some(octet)
    }

    fn eat(&mut self, octet: u8) -> bool {
        let found = self.peek() == Some(octet);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, octet: u8) -> Result<(), Rule> {
        if self.eat(octet) { Ok(()) } else { Err(Rule::Json) }
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<(), Rule> {
        self.skip_space();
        if self.at == self.text.len() { Ok(()) } else { Err(Rule::Json) }
    }

    /// One value, inside `depth` others.
    fn value(&mut self, depth: usize) -> Result<(), Rule> {
        match self.peek() {
            Some(b'{') => self.object(depth, None),
            Some(b'[') => self.array(depth),
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(depth),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => Err(Rule::Json),
        }
    }

    fn enter(&mut self, depth: usize) -> Result<usize, Rule> {
        if depth >= self.limit { Err(Rule::Depth { limit: self.limit }) } else { Ok(depth + 1) }
    }

    fn object(&mut self, depth: usize, mut out: Option<&mut Vec<Span>>) -> Result<(), Rule> {
        let depth = self.enter(depth)?;
        self.expect(b'{')?;
        let first = self.names.len();
        self.skip_space();
        if self.eat(b'}') {
            return Ok(());
        }
        loop {
            self.skip_space();
            let name = self.at;
            self.string()?;
            let name = name..self.at;
            let mut unescaped = None;
            if depth == 1 || self.strict == Strict::Everywhere {
                let text = self.text.get(name.clone()).and_then(unquote).ok_or(Rule::Json)?;
                if let (Cow::Owned(text), true) = (&text, out.is_some()) {
                    unescaped = Some(text.clone());
                }
                self.names.push(text);
            }
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            let value = self.at;
            self.value(depth)?;
            if let Some(members) = out.as_deref_mut() {
                let name = name.start + 1..name.end - 1;
                members.push(Span { name, unescaped, value: value..self.at });
            }
            self.skip_space();
            if self.eat(b'}') {
                break;
            }
            self.expect(b',')?;
        }
        // Sorting keeps this n log n for an object of nothing but names.
        let names = self.names.get_mut(first..).unwrap_or_default();
        names.sort_unstable();
        let repeated = names.windows(2).any(|pair| matches!(pair, [a, b] if a == b));
        self.names.truncate(first);
        if repeated { Err(Rule::DuplicateMember) } else { Ok(()) }
    }

    fn array(&mut self, depth: usize) -> Result<(), Rule> {
        let depth = self.enter(depth)?;
        self.expect(b'[')?;
        self.skip_space();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.skip_space();
            self.value(depth)?;
            self.skip_space();
            if self.eat(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn literal(&mut self, literal: &str) -> Result<(), Rule> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(literal.as_bytes()) {
            self.at += literal.len();
            Ok(())
        } else {
            Err(Rule::Json)
        }
    }

    fn string(&mut self) -> Result<(), Rule> {
        self.expect(b'"')?;
        loop {
            match self.next() {
                Some(b'"') => return Ok(()),
                Some(b'\\') => self.escape()?,
                None | Some(0..0x20) => return Err(Rule::Json),
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), Rule> {
        match self.next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(()),
            Some(b'u') => match self.four_hex_digits()? {
                // Half a surrogate pair is no character, so no text has it (RFC 7493 §2.1).
                0xD800..=0xDBFF => {
                    let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                    if self.strict == Strict::Outermost && !rest.starts_with(b"\\u") {
                        return Ok(());
                    }
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    match self.four_hex_digits()? {
                        0xDC00..=0xDFFF => Ok(()),
                        _ if self.strict == Strict::Outermost => Ok(()),
                        _ => Err(Rule::Json),
                    }
                }
                0xDC00..=0xDFFF if self.strict == Strict::Everywhere => Err(Rule::Json),
                _ => Ok(()),
            },
            _ => Err(Rule::Json),
        }
    }

    fn four_hex_digits(&mut self) -> Result<u32, Rule> {
        let mut value = 0;
        for _ in 0..4 {
            let digit = self.next().and_then(|octet| char::from(octet).to_digit(16));
            value = value * 16 + digit.ok_or(Rule::Json)?;
        }
        Ok(value)
    }

    fn digits(&mut self) -> Result<(), Rule> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Rule::Json) }
    }

    fn number(&mut self, depth: usize) -> Result<(), Rule> {
        let start = self.at;
        self.eat(b'-');
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _signed = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        if depth > 1 && self.strict == Strict::Outermost {
            return Ok(());
        }
        // A reader that saturates would turn `"exp": 1e400` into a token that never expires.
        let text = self.text.get(start..self.at).unwrap_or_default();
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(()),
            _ => Err(Rule::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn rule(text: &str) -> Rule {
        match Object::parse(text, 16) {
            Err(rule) => rule,
            Ok(_) => panic!("accepted {text}"),
        }
    }

    #[test]
    fn members_keep_their_order_and_their_text() {
        let object = Object::parse(r#" {"z":1.50, "\u0061":[ 1 ,2] ,"":{}} "#, 16).unwrap();
        let members: Vec<_> = object.members().map(|(n, v)| (n.to_string(), v)).collect();
        assert_eq!(
            members,
            [("z".to_string(), "1.50"), ("a".into(), "[ 1 ,2]"), (String::new(), "{}")]
        );
        assert_eq!(object.get("a"), Some("[ 1 ,2]"));
        assert_eq!(object.get("\\u0061"), None);
    }

    #[test]
    fn a_repeated_name_is_refused_at_any_depth_and_in_any_spelling() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"y":[{"a":1,"b":2,"a":3}]}}"#,
            r#"{"":1,"":2}"#,
        ] {
            assert_eq!(rule(text), Rule::DuplicateMember, "{text}");
        }
        assert!(Object::parse(r#"{"a":{"a":{"a":1}},"b":{"a":1}}"#, 16).is_ok());
    }

    #[test]
    fn what_is_no_object_is_told_apart_from_what_is_no_json() {
        for text in ["[]", "\"a\"", "1", "null", "true", r#"[{"alg":"HS256"}]"#] {
            assert_eq!(rule(text), Rule::NotAnObject, "{text}");
        }
        for text in [
            "",
            " ",
            "{",
            "}",
            "{}{}",
            "{} x",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{'a':1}",
            "{\"a\":01}",
            "{\"a\":+1}",
            "{\"a\":.5}",
            "{\"a\":1.}",
            "{\"a\":1e}",
            "{\"a\":NaN}",
            "{\"a\":Infinity}",
            "{\"a\":tru}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\udc00\\ud800\"}",
            "{\"a\":\"\\ud800\\u0041\"}",
            "\u{feff}{}",
            "{\"a\":[1,]}",
            "{\"a\":[1 2]}",
            "{,}",
            "/**/{}",
            "{\"a\":\"",
        ] {
            assert_eq!(rule(text), Rule::Json, "{text}");
        }
    }

    #[test]
    fn numbers_no_double_can_hold_are_refused() {
        for number in ["1e400", "-1e400", "1e99999999999999999999"] {
            assert_eq!(rule(&format!("{{\"a\":[{number}]}}")), Rule::Number);
        }
        for number in ["1e308", "-0", "1E-400", "18446744073709551616", "0.5e+1"] {
            assert!(Object::parse(format!("{{\"a\":{number}}}"), 16).is_ok(), "{number}");
        }
    }

    #[test]
    fn nesting_is_refused_one_level_past_the_limit() {
        let nested = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n), "]".repeat(n));
        assert!(Object::parse(nested(15), 16).is_ok());
        assert_eq!(rule(&nested(16)), Rule::Depth { limit: 16 });
        assert_eq!(
            Object::parse(nested(200_000), usize::MAX).err(),
            Some(Rule::Depth { limit: 128 })
        );
    }

    #[test]
    fn the_outermost_scan_leaves_inner_objects_to_their_own() {
        let text = r#"{"keys":[{"a":1,"a":2},{"n":1e400}]}"#;
        let object = Object::parse_outermost(text, 16).unwrap();
        let keys = elements(object.get("keys").unwrap(), 9).unwrap();
        assert_eq!(keys, [r#"{"a":1,"a":2}"#, r#"{"n":1e400}"#]);
        assert_eq!(rule(keys[0]), Rule::DuplicateMember);
        assert_eq!(rule(keys[1]), Rule::Number);
        assert!(Object::parse_outermost(r#"{"a":1,"a":2}"#, 16).is_err());
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,6}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_object_that_serde_writes_is_read(value in json()) {
            let text = value.to_string();
            match Object::parse(text.as_str(), 16) {
                Ok(object) => {
                    let again: serde_json::Map<String, Value> = object
                        .members()
                        .map(|(name, raw)| (name.into(), serde_json::from_str(raw).unwrap()))
                        .collect();
                    prop_assert_eq!(Value::Object(again), serde_json::from_str::<Value>(&text).unwrap());
                }
                Err(rule) => {
                    prop_assert_eq!(rule, Rule::NotAnObject);
                    prop_assert!(!value.is_object());
                }
            }
        }

        #[test]
        fn what_is_accepted_is_json_to_serde_too(text in r#"[{}\[\]":,0-9eE.+\-a-c\\utrfnls \n]{0,24}"#) {
            if Object::parse(text.as_str(), 16).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Map<String, Value>>(&text).is_ok());
            }
        }

        #[test]
        fn no_octets_make_the_scanner_panic(octets: Vec<u8>) {
            if let Ok(text) = text(&octets) {
                let _any = Object::parse(text, 16);
                let _any = elements(text, 9);
            }
        }
    }
}
