//! Time as JOSE writes it: seconds since 1970-01-01T00:00:00Z (RFC 7519 §2, `NumericDate`).
//!
//! Core asks no clock. Whoever signs or verifies passes the time in, so tests need no waiting
//! and a device without a clock can take the time from elsewhere.

use alloc::string::String;
use core::error::Error;
use core::fmt;
use core::time::Duration;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

/// A moment, in seconds and nanoseconds since the beginning of 1970 (UTC, leap seconds ignored).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixTime {
    secs: u64,
    nanos: u32,
}

impl UnixTime {
    /// The last moment a `NumericDate` may name here: 9999-12-31T23:59:59Z.
    pub const MAX: Self = Self { secs: 253_402_300_799, nanos: 999_999_999 };

    /// `secs` whole seconds after the beginning of 1970; later than [`MAX`](Self::MAX) becomes
    /// `MAX`.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        if secs > Self::MAX.secs { Self::MAX } else { Self { secs, nanos: 0 } }
    }

    /// The system's clock; before 1970 it is read as 1970.
    ///
    /// This is the one place in the crate where a clock is read, and nothing in it calls this.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one clock call of the workspace")]
        let now = std::time::SystemTime::now();
        Self::from(now)
    }

    /// Whole seconds since the beginning of 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.secs
    }

    /// The nanoseconds beyond [`as_secs`](Self::as_secs): 0 to 999 999 999.
    #[must_use]
    pub const fn subsec_nanos(self) -> u32 {
        self.nanos
    }

    /// The same moment without its fraction of a second.
    #[must_use]
    pub const fn floor(self) -> Self {
        Self { secs: self.secs, nanos: 0 }
    }

    /// This moment and `duration` later, unless that is past [`MAX`](Self::MAX).
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        Self::from_duration(self.as_duration().checked_add(duration)?)
    }

    /// As [`checked_add`](Self::checked_add), stopping at [`MAX`](Self::MAX).
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// This moment and `duration` earlier, stopping at the beginning of 1970.
    #[must_use]
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        let earlier = self.as_duration().saturating_sub(duration);
        Self { secs: earlier.as_secs(), nanos: earlier.subsec_nanos() }
    }

    const fn as_duration(self) -> Duration {
        Duration::new(self.secs, self.nanos)
    }

    fn from_duration(duration: Duration) -> Option<Self> {
        let time = Self { secs: duration.as_secs(), nanos: duration.subsec_nanos() };
        (time <= Self::MAX).then_some(time)
    }

    /// Reads a JSON number as a `NumericDate`, exactly: no float is involved, so 2^53 + 1 is
    /// itself. `None` for other JSON, for moments before 1970, and for those after
    /// [`MAX`](Self::MAX). Digits past the ninth after the point are dropped.
    pub(crate) fn from_json(number: &str) -> Option<Self> {
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return None;
        }
        let digits = || whole.bytes().chain(fraction.bytes()).map(|digit| u64::from(digit - b'0'));
        if digits().all(|digit| digit == 0) {
            return Some(Self { secs: 0, nanos: 0 });
        }
        if negative {
            return None;
        }
        // Where the decimal point stands among the digits once the exponent has moved it.
        let point = exponent.parse::<i64>().ok()?.checked_add(i64::try_from(whole.len()).ok()?)?;
        let mut digits = core::iter::repeat_n(0, usize::try_from(-point).unwrap_or(0).min(9))
            .chain(digits())
            .chain(core::iter::repeat(0));
        let (mut secs, mut nanos) = (0_u64, 0_u32);
        for _ in 0..point.max(0) {
            secs = secs.checked_mul(10)?.checked_add(digits.next()?)?;
            if secs > Self::MAX.secs {
                return None;
            }
        }
        for _ in 0..9 {
            nanos = nanos * 10 + u32::try_from(digits.next()?).ok()?;
        }
        Some(Self { secs, nanos })
    }
}

#[cfg(feature = "std")]
impl From<std::time::SystemTime> for UnixTime {
    fn from(time: std::time::SystemTime) -> Self {
        let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self::from_duration(since).unwrap_or(Self::MAX)
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.secs)?;
        if self.nanos == 0 {
            return Ok(());
        }
        let fraction = alloc::format!("{:09}", self.nanos);
        write!(f, ".{}", fraction.trim_end_matches('0'))
    }
}

/// A JSON number; a fraction of a second survives to about a microsecond.
impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.nanos == 0 {
            serializer.serialize_u64(self.secs)
        } else {
            serializer.serialize_f64(self.as_duration().as_secs_f64())
        }
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumericDate;
        impl Visitor<'_> for NumericDate {
            type Value = UnixTime;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a NumericDate between 1970 and 9999")
            }
            fn visit_u64<E: serde::de::Error>(self, secs: u64) -> Result<UnixTime, E> {
                UnixTime::from_duration(Duration::from_secs(secs))
                    .ok_or_else(|| E::custom("out of range"))
            }
            fn visit_f64<E: serde::de::Error>(self, secs: f64) -> Result<UnixTime, E> {
                Duration::try_from_secs_f64(secs)
                    .ok()
                    .and_then(UnixTime::from_duration)
                    .ok_or_else(|| E::custom("out of range"))
            }
        }
        deserializer.deserialize_f64(NumericDate)
    }
}

/// A length of time as an option takes it: a number of seconds, a [`Duration`] of whole seconds, or
/// text such as `"15m"`.
///
/// Text is a number without sign, point or exponent, then a unit, with nothing between and
/// nothing around:
///
/// | unit | seconds |
/// |---|---|
/// | none, `s`, `second`, `seconds` | 1 |
/// | `m`, `minute`, `minutes` | 60 |
/// | `h`, `hour`, `hours` | 3 600 |
/// | `D`, `day`, `days` | 86 400 |
/// | `W`, `week`, `weeks` | 604 800 |
/// | `M`, `month`, `months` | 2 592 000 (30 days) |
/// | `Y`, `year`, `years` | 31 536 000 (365 days) |
///
/// Upper and lower case differ: `m` is a minute and `M` a month.
pub trait IntoSeconds {
    /// The length in whole seconds.
    ///
    /// # Errors
    ///
    /// [`DurationError`] if the text does not follow the grammar, the number of seconds does not
    /// fit 64 bits, or a [`Duration`] has a fraction of a second.
    fn into_seconds(self) -> Result<u64, DurationError>;
}

impl IntoSeconds for &str {
    fn into_seconds(self) -> Result<u64, DurationError> {
        let digits = self.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = self.split_at_checked(digits).unwrap_or_default();
        if number.is_empty() {
            return Err(DurationError::Grammar);
        }
        let unit: u64 = match unit {
            "" | "s" | "second" | "seconds" => 1,
            "m" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "D" | "day" | "days" => 86_400,
            "W" | "week" | "weeks" => 604_800,
            "M" | "month" | "months" => 2_592_000,
            "Y" | "year" | "years" => 31_536_000,
            _ => return Err(DurationError::Grammar),
        };
        let number: u64 = number.parse().map_err(|_| DurationError::Overflow)?;
        number.checked_mul(unit).ok_or(DurationError::Overflow)
    }
}

impl IntoSeconds for &String {
    fn into_seconds(self) -> Result<u64, DurationError> {
        self.as_str().into_seconds()
    }
}

/// A number of seconds.
impl IntoSeconds for u64 {
    fn into_seconds(self) -> Result<u64, DurationError> {
        Ok(self)
    }
}

impl IntoSeconds for Duration {
    fn into_seconds(self) -> Result<u64, DurationError> {
        match self.subsec_nanos() {
            0 => Ok(self.as_secs()),
            _ => Err(DurationError::Fraction),
        }
    }
}

/// A length of time that an option cannot take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DurationError {
    /// A fraction of a second.
    Fraction,
    /// Text outside the grammar of [`IntoSeconds`].
    Grammar,
    /// More seconds than 64 bits hold, or a moment after the year 9999.
    Overflow,
    /// Longer than this option allows.
    TooLong {
        /// The most seconds it allows.
        max: u64,
    },
    /// No time at all, where some is needed.
    Zero,
}

impl DurationError {
    /// A code that stays the same between versions.
    #[must_use]
    pub const fn code(self) -> &'static str {
        "ERR_JWT_CLAIM_INVALID"
    }
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fraction => f.write_str("a duration must be whole seconds"),
            Self::Grammar => f.write_str("a duration is a number and a unit, such as `15m`"),
            Self::Overflow => f.write_str("a duration that ends after the year 9999"),
            Self::TooLong { max } => write!(f, "at most {max} seconds are allowed here"),
            Self::Zero => f.write_str("a duration of no time"),
        }
    }
}

impl Error for DurationError {}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_has_its_seconds() {
        for (names, seconds) in [
            (&["", "s", "second", "seconds"][..], 1),
            (&["m", "minute", "minutes"], 60),
            (&["h", "hour", "hours"], 3_600),
            (&["D", "day", "days"], 86_400),
            (&["W", "week", "weeks"], 604_800),
            (&["M", "month", "months"], 2_592_000),
            (&["Y", "year", "years"], 31_536_000),
        ] {
            for name in names {
                assert_eq!(format!("7{name}").as_str().into_seconds(), Ok(7 * seconds), "{name}");
            }
        }
        assert_eq!("01h".into_seconds(), Ok(3_600));
        assert_eq!("0".into_seconds(), Ok(0));
    }

    #[test]
    fn text_outside_the_grammar_is_refused() {
        for text in [
            "", "h", "1d", "1w", "1y", "1H", "1S", "1 h", " 1h", "1h ", "-1h", "+1h", "1.5h",
            "1e3", "10ms", "1h30m", "1hours ", "1sec", "١h", "0x10",
        ] {
            assert_eq!(text.into_seconds(), Err(DurationError::Grammar), "{text:?}");
        }
    }

    #[test]
    fn more_seconds_than_fit_are_refused() {
        for text in ["999999999999999999999Y", "18446744073709551616", "584942417356Y"] {
            assert_eq!(text.into_seconds(), Err(DurationError::Overflow), "{text}");
        }
        assert_eq!("18446744073709551615".into_seconds(), Ok(u64::MAX));
    }

    #[test]
    fn a_duration_is_taken_only_in_whole_seconds() {
        assert_eq!(90.into_seconds(), Ok(90));
        assert_eq!(Duration::from_secs(90).into_seconds(), Ok(90));
        assert_eq!(Duration::from_millis(1500).into_seconds(), Err(DurationError::Fraction));
    }

    #[test]
    fn numeric_dates_are_read_exactly() {
        let read = |text: &str| UnixTime::from_json(text).map(|t| (t.secs, t.nanos));
        assert_eq!(read("1300819380"), Some((1_300_819_380, 0)));
        assert_eq!(read("0"), Some((0, 0)));
        assert_eq!(read("-0"), Some((0, 0)));
        assert_eq!(read("-0.0e5"), Some((0, 0)));
        assert_eq!(read("1.5"), Some((1, 500_000_000)));
        assert_eq!(read("1.5e3"), Some((1500, 0)));
        assert_eq!(read("15e-1"), Some((1, 500_000_000)));
        assert_eq!(read("0.000000001"), Some((0, 1)));
        assert_eq!(read("1E-9"), Some((0, 1)));
        assert_eq!(read("1E-10"), Some((0, 0)));
        assert_eq!(read("123456789.987654321987"), Some((123_456_789, 987_654_321)));
        assert_eq!(read("253402300799.999999999"), Some((253_402_300_799, 999_999_999)));
        for text in [
            "253402300800",
            "9007199254740993000",
            "18446744073709551616",
            "1e300",
            "1e12",
            "-1",
            "-0.5",
            "1e99999999999999999999",
            "\"1\"",
            "null",
            "",
            "[1]",
            "e1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_date_is_shown_as_it_is_written() {
        assert_eq!(UnixTime::from_json("1.250").unwrap().to_string(), "1.25");
        assert_eq!(UnixTime::from_secs(17).to_string(), "17");
    }

    #[test]
    fn arithmetic_stops_at_both_ends_of_time() {
        assert_eq!(UnixTime::from_secs(5).saturating_sub(Duration::MAX), UnixTime::from_secs(0));
        assert_eq!(UnixTime::from_secs(5).checked_add(Duration::MAX), None);
        assert_eq!(UnixTime::from_secs(u64::MAX), UnixTime::MAX);
    }

    proptest! {
        #[test]
        fn whole_seconds_round_trip(secs in 0_u64..=253_402_300_799) {
            let time = UnixTime::from_secs(secs);
            prop_assert_eq!(UnixTime::from_json(&time.to_string()), Some(time));
            prop_assert_eq!(serde_json::to_string(&time).unwrap(), secs.to_string());
            prop_assert_eq!(serde_json::from_str::<UnixTime>(&secs.to_string()).unwrap(), time);
        }

        #[test]
        fn no_text_makes_the_readers_panic(text in "\\PC{0,24}", digits in "-?[0-9]{1,30}(\\.[0-9]{1,30})?([eE][-+]?[0-9]{1,25})?") {
            let _any = UnixTime::from_json(&text);
            let _any = UnixTime::from_json(&digits);
            let _any = text.as_str().into_seconds();
        }
    }
}
