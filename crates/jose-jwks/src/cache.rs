//! What is held of a set that is fetched, and when it is fetched again: a state machine. Time is an argument, and
//! nothing here waits, so that every order of events can be tried.
//!
//! Whoever drives it [asks](Cache::ask), does what the [`Step`] says, and [settles](Cache::settle) each [`Ticket`]:
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use jose_jwks::cache::{Cache, Outcome, Step, Times, Want};
//!
//! let mut cache = Cache::new(Times::default());
//! let now = Instant::now();
//! let Step::Fetch(ticket) = cache.ask(Want::Any, now) else { panic!("nothing is held yet") };
//! // Meanwhile somebody else asks: one fetch is enough.
//! assert!(matches!(cache.ask(Want::Any, now), Step::Wait));
//!
//! cache.settle(ticket, Outcome::New { keys: "the keys", age: None }, now);
//! let Step::Use(held) = cache.ask(Want::Any, now + Duration::from_secs(60)) else { panic!() };
//! assert_eq!(*held.keys(), "the keys");
//! ```

use std::time::{Duration, Instant};

/// How long a set is used, and how often it is asked for.
///
/// ```
/// use std::time::Duration;
///
/// use jose_jwks::Times;
///
/// let mut times = Times::default();
/// times.max_age = Duration::from_secs(600); // a key that was taken back verifies no longer than that
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Times {
    /// How long an answer is used that does not say. Default 10 minutes.
    pub default_age: Duration,
    /// How long an answer is used at least, whatever it says. Default 1 minute, and no less than a second.
    pub min_age: Duration,
    /// How long an answer is used at most, whatever it says: for so long a key that was taken back still verifies.
    /// Default 1 hour.
    pub max_age: Duration,
    /// How long before its end an answer is asked for again, while it is used. Default 1 minute, and no more than half
    /// the time it is used.
    pub refresh_ahead: Duration,
    /// How much longer an answer is used while no new one can be had. Default 1 hour; zero for not at all.
    pub stale_if_error: Duration,
    /// How long to wait after a fetch, of whatever cause, before a token that names an unknown key causes another.
    /// Default 30 seconds: tokens cost their senders nothing.
    pub cooldown: Duration,
    /// How long to wait after the first failure. Twice that after the second, and so on. Default 1 second.
    pub min_back_off: Duration,
    /// How long to wait after a failure at most, also where the server asks for more. Default 1 minute.
    pub max_back_off: Duration,
    /// How long a fetch takes at most, from looking up the name to the last octet. Default 10 seconds.
    pub timeout: Duration,
}

/// Longer than any of [`Times`] need be, and short enough for no clock to overflow.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

impl Default for Times {
    fn default() -> Self {
        Self {
            default_age: Duration::from_secs(600),
            min_age: Duration::from_secs(60),
            max_age: Duration::from_secs(3600),
            refresh_ahead: Duration::from_secs(60),
            stale_if_error: Duration::from_secs(3600),
            cooldown: Duration::from_secs(30),
            min_back_off: Duration::from_secs(1),
            max_back_off: Duration::from_secs(60),
            timeout: Duration::from_secs(10),
        }
    }
}

impl Times {
    /// The same within bounds in which nothing overflows or turns without pause.
    pub(crate) fn bounded(self) -> Self {
        let min_age = self.min_age.clamp(Duration::from_secs(1), LONGEST);
        let min_back_off = self.min_back_off.clamp(Duration::from_millis(1), LONGEST);
        Self {
            default_age: self.default_age.min(LONGEST),
            min_age,
            max_age: self.max_age.clamp(min_age, LONGEST),
            refresh_ahead: self.refresh_ahead.min(LONGEST),
            stale_if_error: self.stale_if_error.min(LONGEST),
            cooldown: self.cooldown.min(LONGEST),
            min_back_off,
            max_back_off: self.max_back_off.clamp(min_back_off, LONGEST),
            timeout: self.timeout.clamp(Duration::from_millis(1), LONGEST),
        }
    }
}

/// What is held of one set: the last answer that counts, and what is known of fetching.
#[derive(Clone, Debug)]
pub struct Cache<K> {
    times: Times,
    held: Option<Held<K>>,
    /// How many fetches were begun.
    begun: u64,
    /// When the last of them was.
    begun_at: Option<Instant>,
    /// The number of the last one, until it is settled.
    flight: Option<u64>,
    /// How many failed since one did not.
    failures: u32,
    /// The moment before which nothing is fetched, after a failure.
    retry_at: Option<Instant>,
}

/// An answer that is held.
#[derive(Clone, Debug)]
pub struct Held<K> {
    keys: K,
    answer: Answer,
    age: Duration,
    since: Instant,
    refresh_at: Instant,
    fresh_until: Instant,
    usable_until: Instant,
}

/// Which answer keys came with. A later question has the greater answer, whenever it arrives.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Answer(u64);

/// What somebody needs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Want {
    /// Keys that may be used.
    Any,
    /// Keys of a later answer than this one, which had none that fits.
    Newer(Answer),
}

/// What to do.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<K> {
    /// Use these.
    Use(Held<K>),
    /// Use these, and fetch meanwhile.
    UseAndFetch(Held<K>, Ticket<K>),
    /// Fetch, and ask again.
    Fetch(Ticket<K>),
    /// Wait until what is being fetched is settled, and ask again.
    Wait,
    /// There is nothing to use, and nothing is fetched before this moment.
    Nothing {
        /// The moment.
        retry_at: Instant,
    },
}

/// Leave to fetch once, to be [settled](Cache::settle).
#[derive(Debug)]
#[must_use = "what is never settled is taken for lost only after twice the timeout"]
pub struct Ticket<K> {
    number: u64,
    held: Option<Held<K>>,
}

/// What became of a fetch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Outcome<K> {
    /// A set, for as long as it says.
    New {
        /// The keys.
        keys: K,
        /// How long the answer may be used, if it says so.
        age: Option<Duration>,
    },
    /// What the ticket [holds](Ticket::held) is still the set (`304 Not Modified`).
    Same {
        /// How long the answer may be used, if it says so.
        age: Option<Duration>,
    },
    /// No set.
    Failed {
        /// How long the server wants to be left alone, if it says so.
        retry_after: Option<Duration>,
        /// A random number, so that many clients do not come back together.
        jitter: u32,
    },
}

impl<K> Held<K> {
    /// The keys.
    #[must_use]
    pub const fn keys(&self) -> &K {
        &self.keys
    }

    /// Which answer they came with.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        self.answer
    }

    /// When that was.
    #[must_use]
    pub const fn since(&self) -> Instant {
        self.since
    }

    /// The moment from which a new answer is needed.
    #[must_use]
    pub const fn fresh_until(&self) -> Instant {
        self.fresh_until
    }

    /// The moment from which they are not used, even if no new answer can be had.
    #[must_use]
    pub const fn usable_until(&self) -> Instant {
        self.usable_until
    }
}

impl<K> Ticket<K> {
    /// What was held when the fetch began, for a conditional request.
    #[must_use]
    pub fn held(&self) -> Option<&K> {
        self.held.as_ref().map(Held::keys)
    }
}

impl<K: Clone> Cache<K> {
    /// Nothing is held. Times that make no sense are taken for the nearest that do.
    #[must_use]
    pub fn new(times: Times) -> Self {
        Self {
            times: times.bounded(),
            held: None,
            begun: 0,
            begun_at: None,
            flight: None,
            failures: 0,
            retry_at: None,
        }
    }

    /// What to do for somebody who needs keys.
    pub fn ask(&mut self, want: Want, now: Instant) -> Step<K> {
        let usable = self.held.clone().filter(|held| now < held.usable_until);
        let (flying, resting) = (self.is_flying(now), self.retry_at.filter(|at| now < *at));
        if let Want::Newer(than) = want {
            // Even one that is past its time: what is there has nothing that fits.
            if self.held.as_ref().is_none_or(|held| held.answer <= than) {
                let cooling = self.begun_at.map(|at| later(at, self.times.cooldown));
                let not_before = cooling.filter(|at| now < *at).max(resting);
                return match (flying, not_before, usable) {
                    (true, ..) => Step::Wait,
                    (false, None, _) => Step::Fetch(self.begin(now)),
                    (false, Some(_), Some(held)) => Step::Use(held),
                    (false, Some(retry_at), None) => Step::Nothing { retry_at },
                };
            }
        }
        let Some(held) = usable else {
            return match (flying, resting) {
                (true, _) => Step::Wait,
                (false, None) => Step::Fetch(self.begin(now)),
                (false, Some(retry_at)) => Step::Nothing { retry_at },
            };
        };
        // While a server is known to be down, nobody waits for it as long as what is held may be used.
        let patient = now < held.fresh_until || self.failures > 0;
        let due = now >= held.refresh_at;
        match (patient, flying) {
            (true, false) if due && resting.is_none() => {
                let ticket = self.begin(now);
                Step::UseAndFetch(held, ticket)
            }
            (true, _) => Step::Use(held),
            (false, true) => Step::Wait,
            (false, false) => Step::Fetch(self.begin(now)),
        }
    }

    /// Leave to fetch now, whatever is held, being fetched or waited for: for a caller who knows that there is
    /// something new. Nothing that comes out of a token may lead here.
    pub fn force(&mut self, now: Instant) -> Ticket<K> {
        self.begin(now)
    }

    /// Takes what became of a fetch; and tells whether it counts. An answer to an older question than the one that
    /// is held does not, and neither does a failure to answer it.
    pub fn settle(&mut self, ticket: Ticket<K>, outcome: Outcome<K>, now: Instant) -> bool {
        if self.flight == Some(ticket.number) {
            self.flight = None;
        }
        let answer = Answer(ticket.number);
        if self.held.as_ref().is_some_and(|held| answer <= held.answer) {
            return false;
        }
        match (outcome, ticket.held) {
            (Outcome::New { keys, age }, _) => self.hold(keys, answer, age, now),
            // What was asked about, and not what may have come in between.
            (Outcome::Same { age }, Some(held)) => {
                self.hold(held.keys, answer, age.or(Some(held.age)), now);
            }
            // A server that has nothing to compare with cannot find it unchanged.
            (Outcome::Same { .. }, None) => self.fail(None, 0, now),
            (Outcome::Failed { retry_after, jitter }, _) => self.fail(retry_after, jitter, now),
        }
        true
    }

    /// What is held, past its time or not.
    #[must_use]
    pub const fn held(&self) -> Option<&Held<K>> {
        self.held.as_ref()
    }

    /// How many fetches were begun.
    #[must_use]
    pub const fn begun(&self) -> u64 {
        self.begun
    }

    /// How many failed since one did not.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    /// The moment before which nothing is fetched, after a failure.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The moment before which a token that names an unknown key causes no fetch.
    pub(crate) fn cool_at(&self) -> Option<Instant> {
        self.begun_at.map(|at| later(at, self.times.cooldown))
    }

    /// Whether something is being fetched. What is not settled after twice the timeout is lost.
    #[must_use]
    pub fn is_flying(&self, now: Instant) -> bool {
        let lost_at = self.begun_at.map(|at| later(at, self.times.timeout.saturating_mul(2)));
        self.flight.is_some() && lost_at.is_some_and(|at| now < at)
    }

    /// The times that it keeps.
    #[must_use]
    pub const fn times(&self) -> &Times {
        &self.times
    }

    /// The moment is noted before the fetch, so that one which fails or is lost is not repeated at once.
    fn begin(&mut self, now: Instant) -> Ticket<K> {
        self.begun += 1;
        self.begun_at = Some(now);
        self.flight = Some(self.begun);
        Ticket { number: self.begun, held: self.held.clone() }
    }

    fn hold(&mut self, keys: K, answer: Answer, age: Option<Duration>, now: Instant) {
        let times = &self.times;
        let age = age.unwrap_or(times.default_age).clamp(times.min_age, times.max_age);
        let fresh_until = later(now, age);
        self.held = Some(Held {
            keys,
            answer,
            age,
            since: now,
            refresh_at: later(now, age.saturating_sub(times.refresh_ahead.min(age / 2))),
            fresh_until,
            usable_until: later(fresh_until, times.stale_if_error),
        });
        self.failures = 0;
        self.retry_at = None;
    }

    fn fail(&mut self, retry_after: Option<Duration>, jitter: u32, now: Instant) {
        let doubled = 2_u32.saturating_pow(self.failures);
        self.failures = self.failures.saturating_add(1);
        let times = &self.times;
        let whole = times.min_back_off.saturating_mul(doubled).min(times.max_back_off);
        // Between half of it and the whole.
        let delay = whole / 2 + (whole / 2).mul_f64(f64::from(jitter) / f64::from(u32::MAX));
        let asked = retry_after.unwrap_or_default().min(times.max_back_off);
        self.retry_at = Some(later(now, delay.max(asked)));
    }
}

fn later(moment: Instant, by: Duration) -> Instant {
    // Where a clock cannot tell the sum, what was to be kept is not kept.
    moment.checked_add(by.min(LONGEST.saturating_mul(2))).unwrap_or(moment)
}
