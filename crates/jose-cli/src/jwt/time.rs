//! Times as options give them.

use jose::UnixTime;
use jose::time::IntoSeconds;

/// A moment, or how far away it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Time {
    At(u64),
    In(u64),
}

/// `15m`, `+1h` or seconds since 1970.
pub(super) fn time(text: &str) -> Result<Time, String> {
    let all_digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    if all_digits {
        return moment(text).map(|time| Time::At(time.as_secs()));
    }
    seconds(text.strip_prefix('+').unwrap_or(text)).map(Time::In)
}

/// A number of seconds: `90s`, `15m`, `1h`, `7D`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    text.into_seconds().map_err(|error| error.to_string())
}

/// Seconds since 1970.
pub(super) fn moment(text: &str) -> Result<UnixTime, String> {
    match text.parse() {
        Ok(seconds) if seconds <= UnixTime::MAX.as_secs() => Ok(UnixTime::from_secs(seconds)),
        _ => Err("seconds since 1970, up to the year 9999".to_owned()),
    }
}

impl Time {
    /// Seconds since 1970, if that is before the year 10000.
    pub(super) fn from(self, now: UnixTime) -> Option<u64> {
        let seconds = match self {
            Self::At(seconds) => seconds,
            Self::In(seconds) => now.as_secs().checked_add(seconds)?,
        };
        (seconds <= UnixTime::MAX.as_secs()).then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_moment_and_with_a_unit_or_a_sign_a_distance() {
        assert_eq!(time("1800000000"), Ok(Time::At(1_800_000_000)));
        assert_eq!(time("15m"), Ok(Time::In(900)));
        assert_eq!(time("+1h"), Ok(Time::In(3600)));
        assert_eq!(time("+90"), Ok(Time::In(90)));
        for text in ["", "+", "-5m", "1.5h", "soon", "999999999999"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn no_time_is_after_the_year_9999() {
        assert_eq!(Time::In(u64::MAX).from(UnixTime::from_secs(1)), None);
        assert_eq!(Time::In(UnixTime::MAX.as_secs()).from(UnixTime::from_secs(1)), None);
    }
}
