//! A token in cookies (RFC 6265): one, or as many as it takes, written and read without anything else of a session.
//!
//! A token for which one cookie is too small is cut: the cookie `name` then has the value `__chunked__N`, and its `N`
//! parts are in the cookies `name.1` to `name.N`. Parts that a request brought and that are needed no more are expired
//! with the answer. A part that is missing is no token at all.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::fmt;
use std::time::Duration;

use cookie::time::OffsetDateTime;
use http::{HeaderMap, HeaderValue, header};
use jose_core::UnixTime;

/// Most octets of a cookie, its name and attributes included: what every browser stores (RFC 6265 §6.1).
pub const MAX_COOKIE: usize = 4096;
/// Most parts of a token that is read.
pub const MAX_PARTS: usize = 100;
/// Most parts of a token that is written: Chromium drops an answer whole whose header is longer than 256 KiB, and keeps
/// the cookies of before.
pub const MAX_WRITTEN: usize = 60;

const CHUNKED: &str = "__chunked__";
/// Fewest octets that attributes and name have to leave to the value.
const MIN_ROOM: usize = 1024;

/// The attributes of a session's cookies. Unless told otherwise `Path=/; Secure; HttpOnly; SameSite=Lax`, and with a
/// maximum age `Max-Age` and `Expires`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CookieOptions {
    name: Option<String>,
    path: String,
    domain: Option<String>,
    secure: bool,
    http_only: bool,
    same_site: SameSite,
}

/// With which requests from other sites a browser sends the cookie (RFC 6265bis §5.6.7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SameSite {
    /// With those that navigate to this one.
    Lax,
    /// With all; needs `Secure`. Requests that change something then have to be protected otherwise.
    None,
    /// With none.
    Strict,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            name: None,
            path: "/".into(),
            domain: None,
            secure: true,
            http_only: true,
            same_site: SameSite::Lax,
        }
    }
}

impl CookieOptions {
    /// The default ones.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another name than the session's.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Only requests below `path` bring it.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Requests to hosts below `domain` bring it too, and not only those to the one that set it.
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Also sent over connections that are not encrypted. For tests it is seldom needed: most browsers take `localhost`
    /// for secure.
    #[must_use]
    pub const fn insecure(mut self) -> Self {
        self.secure = false;
        self
    }

    /// Also shown to scripts of the page. What runs in the page by mistake then has the session.
    #[must_use]
    pub const fn script_readable(mut self) -> Self {
        self.http_only = false;
        self
    }

    /// With which requests from other sites it is sent.
    #[must_use]
    pub const fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    pub(crate) fn own_name(&self) -> Option<&str> {
        self.name.as_deref()
    }
}

/// The cookies of one session: their name and attributes, checked.
#[derive(Clone, Debug)]
pub struct Cookies {
    name: String,
    options: CookieOptions,
    max_token: usize,
    room: usize,
}

/// What a request brought in the cookies of a session.
#[derive(Clone, Default)]
pub struct Found {
    token: Option<String>,
    broken: bool,
    /// The numbers of the parts that it brought, needed or not.
    parts: BTreeSet<usize>,
}

impl Found {
    /// The token, if there is a whole one.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Whether there is nothing of a session.
    pub(crate) fn is_empty(&self) -> bool {
        self.token.is_none() && !self.broken && self.parts.is_empty()
    }

    /// There are also these by now.
    pub(crate) fn add_parts(&mut self, count: usize) {
        self.parts.extend(1..=count);
    }

    /// Whether there is one that is not whole: parts are missing, too many, or too long together.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        self.broken
    }
}

impl fmt::Debug for Found {
    /// A token is a secret of whom it names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("token", &self.token.is_some())
            .field("broken", &self.broken)
            .field("parts", &self.parts)
            .finish()
    }
}

impl Cookies {
    /// Cookies called `name`, unless the options have a name of their own, for tokens of at most `max_token` octets.
    ///
    /// # Errors
    ///
    /// [`CookieError`] for what a browser would not store, or would store otherwise than it is meant.
    pub fn new(name: &str, options: CookieOptions, max_token: usize) -> Result<Self, CookieError> {
        let name = options.own_name().unwrap_or(name).to_owned();
        options.check(&name)?;
        let mut cookies = Self { name, options, max_token, room: 0 };
        let longest = (Duration::from_secs(u64::MAX / 2), UnixTime::MAX);
        let last = cookies.part_name(MAX_PARTS);
        let taken = cookies.set_cookie(&last, "", Lifetime::Until(longest.0, longest.1)).len();
        cookies.room = MAX_COOKIE.saturating_sub(taken);
        if cookies.room < MIN_ROOM {
            return Err(CookieError::TooLong);
        }
        Ok(cookies)
    }

    /// The name of the first, or only, one.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Most octets that a token can have that is written into them. Others may have cut longer ones, which are read.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.max_token.min(self.room.saturating_mul(MAX_WRITTEN))
    }

    /// What a request with these fields brought. The first cookie of a name counts; what else is there is not looked at.
    #[must_use]
    pub fn read(&self, request: &HeaderMap) -> Found {
        let mut main = None;
        let mut parts: HashMap<usize, &str> = HashMap::new();
        for (name, value) in pairs(request) {
            if name == self.name.as_bytes() {
                main = main.or(Some(value));
            } else if let Some(number) = self.part_number(name) {
                parts.entry(number).or_insert(value);
            }
        }
        let mut found = Found { parts: parts.keys().copied().collect(), ..Found::default() };
        let Some(main) = main.filter(|main| !main.is_empty()) else { return found };
        found.token = match main.strip_prefix(CHUNKED) {
            None => Some(main.to_owned()).filter(|token| token.len() <= self.max_token),
            Some(count) => number(count).and_then(|count| self.join(count, &parts)),
        };
        found.broken = found.token.is_none();
        found
    }

    /// Adds to an answer the cookies that hold `token`, for as long as `lifetime` says: how long, and until when. What
    /// the request brought is `found`, and of it what is needed no more is expired.
    ///
    /// # Errors
    ///
    /// [`CookieError::TooLong`] for more octets than there is [room](Self::capacity) for; [`CookieError::Token`] for
    /// what would not be read as it is, which a JWT never is.
    pub fn write(
        &self,
        token: &str,
        lifetime: Option<(Duration, UnixTime)>,
        found: &Found,
        response: &mut HeaderMap,
    ) -> Result<(), CookieError> {
        if token.is_empty() || token.starts_with(CHUNKED) || !token.bytes().all(is_value) {
            return Err(CookieError::Token);
        }
        if token.len() > self.capacity() {
            return Err(CookieError::TooLong);
        }
        let lifetime = lifetime.map_or(Lifetime::Session, |(age, at)| Lifetime::Until(age, at));
        let count = self.parts_of(token);
        if count == 0 {
            self.append(&self.name, token, lifetime, response);
        } else {
            self.append(&self.name, &format!("{CHUNKED}{count}"), lifetime, response);
            for (index, part) in token.as_bytes().chunks(self.room).enumerate() {
                // Its octets are all of ASCII.
                let part = std::str::from_utf8(part).unwrap_or_default();
                self.append(&self.part_name(index + 1), part, lifetime, response);
            }
        }
        self.expire_parts_after(count, found, response);
        Ok(())
    }

    /// Adds to an answer what makes a browser forget the cookies.
    pub fn clear(&self, found: &Found, response: &mut HeaderMap) {
        self.append(&self.name, "", Lifetime::Over, response);
        self.expire_parts_after(0, found, response);
    }

    fn expire_parts_after(&self, count: usize, found: &Found, response: &mut HeaderMap) {
        for number in found.parts.iter().filter(|number| **number > count) {
            self.append(&self.part_name(*number), "", Lifetime::Over, response);
        }
    }

    /// In how many parts a token is written; 0 if in none.
    pub(crate) const fn parts_of(&self, token: &str) -> usize {
        if token.len() <= self.room { 0 } else { token.len().div_ceil(self.room) }
    }

    fn join(&self, count: usize, parts: &HashMap<usize, &str>) -> Option<String> {
        let mut token = String::new();
        for number in 1..=count {
            let part = parts.get(&number).filter(|part| !part.is_empty())?;
            if token.len() + part.len() > self.max_token {
                return None;
            }
            token.push_str(part);
        }
        Some(token)
    }

    fn part_name(&self, number: usize) -> String {
        format!("{}.{number}", self.name)
    }

    fn part_number(&self, name: &[u8]) -> Option<usize> {
        let rest = name.strip_prefix(self.name.as_bytes())?.strip_prefix(b".")?;
        number(std::str::from_utf8(rest).ok()?)
    }

    fn append(&self, name: &str, value: &str, lifetime: Lifetime, response: &mut HeaderMap) {
        // Name, value and attributes were looked at: all of it is visible ASCII.
        if let Ok(mut value) = HeaderValue::from_str(&self.set_cookie(name, value, lifetime)) {
            value.set_sensitive(true);
            response.append(header::SET_COOKIE, value);
        }
    }

    fn set_cookie(&self, name: &str, value: &str, lifetime: Lifetime) -> String {
        let options = &self.options;
        let mut cookie = cookie::Cookie::build((name, value))
            .path(options.path.as_str())
            .secure(options.secure)
            .http_only(options.http_only)
            .same_site(match options.same_site {
                SameSite::Lax => cookie::SameSite::Lax,
                SameSite::None => cookie::SameSite::None,
                SameSite::Strict => cookie::SameSite::Strict,
            });
        if let Some(domain) = &options.domain {
            cookie = cookie.domain(domain.as_str());
        }
        let (age, at) = match lifetime {
            Lifetime::Over => (Duration::ZERO, UnixTime::from_secs(0)),
            Lifetime::Session => return cookie.to_string(),
            Lifetime::Until(age, at) => (age, at),
        };
        let age = cookie::time::Duration::seconds(i64::try_from(age.as_secs()).unwrap_or(i64::MAX));
        let at = i64::try_from(at.as_secs()).unwrap_or_default();
        // A `UnixTime` ends with the year 9999, as what this takes does.
        let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        cookie.max_age(age).expires(at).to_string()
    }
}

#[derive(Clone, Copy)]
enum Lifetime {
    Over,
    Session,
    Until(Duration, UnixTime),
}

impl CookieOptions {
    fn check(&self, name: &str) -> Result<(), CookieError> {
        // One that ends so would be a part of another's.
        let is_part = name.rsplit_once('.').is_some_and(|(_, last)| number(last).is_some());
        if name.is_empty() || !name.bytes().all(is_token) || is_part {
            return Err(CookieError::Name);
        }
        let attribute =
            |text: &str| text.bytes().all(|octet| matches!(octet, 0x21..=0x7e) && octet != b';');
        if !self.path.starts_with('/') || !attribute(&self.path) {
            return Err(CookieError::Path);
        }
        let host = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'.' | b'-');
        if let Some(domain) = &self.domain
            && (domain.is_empty() || !domain.bytes().all(host))
        {
            return Err(CookieError::Domain);
        }
        // Browsers read the prefixes in any case (RFC 6265bis §5.7).
        let lower = name.to_ascii_lowercase();
        let host = lower.starts_with("__host-");
        if (host || lower.starts_with("__secure-")) && !self.secure {
            return Err(CookieError::Prefix);
        }
        if host && (self.path != "/" || self.domain.is_some()) {
            return Err(CookieError::Prefix);
        }
        if self.same_site == SameSite::None && !self.secure {
            return Err(CookieError::SameSite);
        }
        Ok(())
    }
}

/// Every cookie of a request whose value is text: its name and its value.
fn pairs(request: &HeaderMap) -> impl Iterator<Item = (&[u8], &str)> {
    let fields = request.get_all(header::COOKIE).iter();
    let pairs = fields.flat_map(|field| field.as_bytes().split(|octet| *octet == b';'));
    pairs.filter_map(|pair| {
        let at = pair.iter().position(|octet| *octet == b'=')?;
        let (name, value) = pair.split_at_checked(at)?;
        let value = std::str::from_utf8(value.get(1..)?).ok()?.trim();
        Some((name.trim_ascii(), value))
    })
}

/// 1 to [`MAX_PARTS`], in the one way to write it.
fn number(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    let canonical = !text.starts_with(['+', '0']);
    (canonical && (1..=MAX_PARTS).contains(&number)).then_some(number)
}

/// RFC 9110 §5.6.2.
pub(crate) const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// RFC 6265 §4.1.1, `cookie-octet`.
const fn is_value(octet: u8) -> bool {
    matches!(octet, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e)
}

/// Why there are no such cookies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CookieError {
    /// The domain is none.
    Domain,
    /// The name is none: letters, digits and some signs (RFC 9110 §5.6.2).
    Name,
    /// The path does not begin with `/`, or holds what ends an attribute.
    Path,
    /// `__Host-` needs `Secure`, `Path=/` and no `Domain`; `__Secure-` needs `Secure`.
    Prefix,
    /// `SameSite=None` needs `Secure`.
    SameSite,
    /// The token is empty, has octets that a cookie may not have, or reads as a number of parts.
    Token,
    /// Name and attributes leave too little room, or the token is too long.
    TooLong,
}

impl CookieError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Token => "ERR_SESSION_COOKIE",
            Self::TooLong => "ERR_SESSION_TOO_LONG",
            _ => "ERR_SESSION_CONFIG",
        }
    }
}

impl fmt::Display for CookieError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "a cookie's domain is a name of a host",
            Self::Name => "a cookie's name has letters, digits and some signs",
            Self::Path => "a cookie's path begins with `/` and has neither `;` nor spaces",
            Self::Prefix => {
                "`__Host-` needs `Secure`, `Path=/` and no `Domain`, and `__Secure-` needs `Secure`"
            }
            Self::SameSite => "`SameSite=None` needs `Secure`",
            Self::Token => "the token would not be read as it is",
            Self::TooLong => "a cookie would be longer than browsers store",
        })
    }
}

impl Error for CookieError {}
