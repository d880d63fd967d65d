//! Times as options give them, and as people read them.

use jiff::Timestamp;
use jose::UnixTime;
use jose::time::IntoSeconds;

/// A moment, or how far away it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Time {
    At(u64),
    In(u64),
}

/// `15m`, `+1h`, a date, or seconds since 1970.
pub(super) fn time(text: &str) -> Result<Time, String> {
    let distance = text.strip_prefix('+').unwrap_or(text);
    let at = moment(text).map(|time| Time::At(time.as_secs()));
    // A number alone is a moment, also if there is no such moment.
    if !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit()) {
        return at;
    }
    at.or_else(|_| seconds(distance).map(Time::In)).map_err(|_| {
        "such as `15m`, `+1h` (units are s m h D W M Y), `2027-01-31T12:00:00Z`, or seconds since 1970"
            .to_owned()
    })
}

/// A number of seconds: `90s`, `15m`, `1h`, `7D`.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    text.into_seconds().map_err(|error| error.to_string())
}

/// Seconds since 1970, or a date as in RFC 3339.
pub(super) fn moment(text: &str) -> Result<UnixTime, String> {
    let seconds = match text.parse::<Timestamp>() {
        Ok(date) => u64::try_from(date.as_second()).ok(),
        Err(_) => text.parse().ok().filter(|_| text.bytes().all(|octet| octet.is_ascii_digit())),
    };
    match seconds {
        Some(seconds) if seconds <= UnixTime::MAX.as_secs() => Ok(UnixTime::from_secs(seconds)),
        _ => Err("seconds since 1970, or a date as in RFC 3339, up to the year 9999".to_owned()),
    }
}

/// A claim that is a time, as a date; none for what is outside of the calendar.
pub(super) fn rfc3339(seconds: f64) -> Option<String> {
    #[allow(clippy::cast_possible_truncation, reason = "what does not fit is no date either")]
    let second = seconds.floor() as i64;
    Timestamp::from_second(second).ok().map(|date| date.to_string())
}

/// A moment as claims have it.
#[allow(clippy::cast_precision_loss, reason = "up to the year 9999 there is none")]
pub(super) fn seconds_of(time: UnixTime) -> f64 {
    time.as_secs() as f64
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
    fn a_date_has_an_offset_from_utc() {
        assert_eq!(time("2027-01-15T08:00:00Z"), Ok(Time::At(1_800_000_000)));
        assert_eq!(time("2027-01-15T10:00:00.9+02:00"), Ok(Time::At(1_800_000_000)));
        for text in
            ["2027-01-15T08:00:00", "2027-01-15", "2027-02-30T08:00:00Z", "1960-01-01T00:00:00Z"]
        {
            assert!(time(text).is_err(), "{text}");
        }
        assert_eq!(rfc3339(1_800_000_000.9).as_deref(), Some("2027-01-15T08:00:00Z"));
        assert_eq!(rfc3339(1e300), None);
    }

    #[test]
    fn no_time_is_after_the_year_9999() {
        assert_eq!(Time::In(u64::MAX).from(UnixTime::from_secs(1)), None);
        assert_eq!(Time::In(UnixTime::MAX.as_secs()).from(UnixTime::from_secs(1)), None);
    }
}
