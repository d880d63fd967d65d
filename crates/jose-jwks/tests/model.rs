//! The machine of [`cache`] under every order of events, held to what can be said of them all: a history is kept, and
//! what the machine may do is found anew from that whole history each time.
#![allow(
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test"
)]

use std::time::{Duration, Instant};

use jose_jwks::cache::{Answer, Cache, Held, Outcome, Step, Ticket, Times, Want};
use proptest::collection::vec;
use proptest::prelude::*;

/// What can happen.
#[derive(Clone, Debug)]
enum Event {
    /// Time goes by, in milliseconds.
    Pass(u64),
    AskAny,
    /// Somebody missed a key in one of the last answers; this one of them, counted backwards.
    AskNewer(usize),
    /// One of the fetches that are under way ends.
    End(usize, End),
    Force,
}

#[derive(Clone, Copy, Debug)]
enum End {
    New(Option<u64>),
    Same(Option<u64>),
    Failed(Option<u64>, u32),
}

/// A fetch that has begun.
struct Flight {
    number: u64,
    begun: Instant,
    by_miss: bool,
    /// The keys that were held then, by the fetch they came with, and their age.
    held: Option<(u64, Duration)>,
    ticket: Option<Ticket<u64>>,
}

/// A fetch that has ended and counted.
struct Ended {
    number: u64,
    at: Instant,
    /// The keys and their age, unless it failed.
    keys: Option<(u64, Duration)>,
    /// The least and the greatest time of rest after a failure.
    rest: (Duration, Duration),
}

struct History {
    times: Times,
    now: Instant,
    flights: Vec<Flight>,
    ended: Vec<Ended>,
    /// Answers that were handed out, in order.
    used: Vec<Answer>,
}

fn times() -> Times {
    let mut times = Times::default();
    times.default_age = Duration::from_secs(40);
    times.min_age = Duration::from_secs(10);
    times.max_age = Duration::from_secs(60);
    times.refresh_ahead = Duration::from_secs(8);
    times.stale_if_error = Duration::from_secs(50);
    times.cooldown = Duration::from_secs(15);
    times.min_back_off = Duration::from_secs(2);
    times.max_back_off = Duration::from_secs(16);
    times.timeout = Duration::from_secs(5);
    times
}

impl History {
    /// The answer that counts: the latest question that was answered.
    fn held(&self) -> Option<&Ended> {
        self.ended.iter().filter(|ended| ended.keys.is_some()).max_by_key(|ended| ended.number)
    }

    fn fresh_until(&self) -> Option<Instant> {
        self.held().and_then(|held| held.keys.map(|(_, age)| held.at + age))
    }

    fn usable_until(&self) -> Option<Instant> {
        self.fresh_until().map(|until| until + self.times.stale_if_error)
    }

    fn is_usable(&self) -> bool {
        self.usable_until().is_some_and(|until| self.now < until)
    }

    fn is_fresh(&self) -> bool {
        self.fresh_until().is_some_and(|until| self.now < until)
    }

    /// Failures since the last answer that counted arrived.
    fn failures(&self) -> Vec<&Ended> {
        let last = self.ended.iter().rposition(|ended| ended.keys.is_some());
        self.ended.iter().skip(last.map_or(0, |last| last + 1)).collect()
    }

    /// Whether a failure keeps us from fetching: surely, or at most perhaps.
    fn rests(&self) -> (bool, bool) {
        match self.failures().last() {
            Some(last) => (self.now < last.at + last.rest.0, self.now < last.at + last.rest.1),
            None => (false, false),
        }
    }

    /// Whether the last fetch that began is under way, and not lost.
    fn flies(&self) -> bool {
        let Some(last) = self.flights.last() else { return false };
        last.ticket.is_some() && self.now < last.begun + self.times.timeout * 2
    }

    fn cools(&self) -> bool {
        self.flights.last().is_some_and(|last| self.now < last.begun + self.times.cooldown)
    }

    fn begin(&mut self, ticket: Ticket<u64>, by_miss: bool) {
        let number = self.flights.len() as u64 + 1;
        let held = self.held().and_then(|held| held.keys);
        assert_eq!(ticket.held().copied(), held.map(|(keys, _)| keys));
        let begun = self.now;
        self.flights.push(Flight { number, begun, by_miss, held, ticket: Some(ticket) });
    }

    fn check_used(&mut self, held: &Held<u64>) {
        let counts = self.held().and_then(|held| held.keys).map(|(keys, _)| keys);
        assert_eq!(Some(*held.keys()), counts, "the keys of the latest answer are used");
        assert!(self.is_usable(), "nothing is used past its time");
        assert!(self.used.last().is_none_or(|last| *last <= held.answer()), "never backwards");
        self.used.push(held.answer());
    }

    fn check_may_begin(&self) {
        assert!(!self.flies(), "one fetch at a time");
        assert!(!self.rests().0, "nothing is fetched too soon after a failure");
    }

    fn ask(&mut self, cache: &mut Cache<u64>, want: Want) {
        // Somebody who missed a key in an answer that is not the last one has missed nothing yet.
        let missed = match want {
            Want::Newer(than) => cache.held().is_none_or(|held| held.answer() <= than),
            _ => false,
        };
        match cache.ask(want, self.now) {
            Step::Use(held) => {
                self.check_used(&held);
                if !missed && !self.is_fresh() {
                    assert!(
                        !self.failures().is_empty(),
                        "past its time only where none is to be had"
                    );
                }
                if missed {
                    assert!(self.cools() || self.rests().1, "there is a reason not to fetch");
                }
            }
            Step::UseAndFetch(held, ticket) => {
                self.check_used(&held);
                self.check_may_begin();
                assert!(!missed, "who misses a key waits");
                self.begin(ticket, false);
            }
            Step::Fetch(ticket) => {
                self.check_may_begin();
                assert!(missed || !self.is_fresh(), "what is fresh is used");
                assert!(!missed || !self.cools(), "a miss causes one fetch in each cooldown");
                self.begin(ticket, missed);
            }
            Step::Wait => {
                assert!(self.flies(), "there is something to wait for");
                assert!(missed || !self.is_fresh(), "what is fresh is used at once");
            }
            Step::Nothing { retry_at } => {
                assert!(!self.is_usable() && !self.flies());
                assert!(self.rests().1 || (missed && self.cools()));
                assert!(self.now < retry_at);
            }
            step => panic!("{step:?}"),
        }
    }

    fn end(&mut self, cache: &mut Cache<u64>, which: usize, end: End) {
        let open: Vec<usize> =
            (0..self.flights.len()).filter(|at| self.flights[*at].ticket.is_some()).collect();
        let Some(at) = open.get(which % open.len().max(1)) else { return };
        let (number, held) = (self.flights[*at].number, self.flights[*at].held);
        let ticket = self.flights[*at].ticket.take().unwrap();
        let counts = self.held().is_none_or(|held| held.number < number);
        let seconds = |seconds: Option<u64>| seconds.map(Duration::from_secs);
        let outcome = match end {
            End::New(age) => Outcome::New { keys: number, age: seconds(age) },
            End::Same(age) => Outcome::Same { age: seconds(age) },
            End::Failed(retry_after, jitter) => {
                Outcome::Failed { retry_after: seconds(retry_after), jitter }
            }
        };
        assert_eq!(cache.settle(ticket, outcome, self.now), counts, "older answers do not count");
        if !counts {
            return;
        }
        let clamp = |age: Duration| age.clamp(self.times.min_age, self.times.max_age);
        let (keys, asked) = match (end, held) {
            (End::New(age), _) => {
                (Some((number, clamp(seconds(age).unwrap_or(self.times.default_age)))), None)
            }
            (End::Same(age), Some((keys, before))) => {
                (Some((keys, clamp(seconds(age).unwrap_or(before)))), None)
            }
            (End::Same(_), None) => (None, None),
            (End::Failed(asked, _), _) => (None, seconds(asked)),
        };
        let doubled = self.times.min_back_off * 2_u32.pow(self.failures().len().min(8) as u32);
        let whole = doubled.min(self.times.max_back_off);
        let asked = asked.unwrap_or_default().min(self.times.max_back_off);
        let rest = ((whole / 2).max(asked), whole.max(asked));
        self.ended.push(Ended { number, at: self.now, keys, rest });
    }

    fn happens(&mut self, cache: &mut Cache<u64>, event: &Event) {
        match event {
            Event::Pass(milliseconds) => self.now += Duration::from_millis(*milliseconds),
            Event::AskAny => self.ask(cache, Want::Any),
            Event::AskNewer(back) => {
                let than = self.used.iter().rev().nth(*back).or(self.used.first()).copied();
                if let Some(than) = than {
                    self.ask(cache, Want::Newer(than));
                }
            }
            Event::End(which, end) => self.end(cache, *which, *end),
            Event::Force => {
                let ticket = cache.force(self.now);
                self.begin(ticket, false);
            }
        }
    }
}

fn event() -> impl Strategy<Value = Event> {
    let age = || prop::option::of(prop_oneof![0_u64..100, Just(u64::MAX)]);
    let end = prop_oneof![
        3 => age().prop_map(End::New),
        2 => age().prop_map(End::Same),
        3 => (age(), any::<u32>()).prop_map(|(retry_after, jitter)| End::Failed(retry_after, jitter)),
    ];
    prop_oneof![
        4 => prop_oneof![0_u64..3_000, 3_000_u64..70_000].prop_map(Event::Pass),
        6 => Just(Event::AskAny),
        4 => (0_usize..3).prop_map(Event::AskNewer),
        4 => (0_usize..3, end).prop_map(|(which, end)| Event::End(which, end)),
        1 => Just(Event::Force),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_machine_keeps_to_its_rules(events in vec(event(), 1..80)) {
        let (mut cache, now) = (Cache::new(times()), Instant::now());
        let mut history =
            History { times: times(), now, flights: Vec::new(), ended: Vec::new(), used: Vec::new() };
        for event in &events {
            history.happens(&mut cache, event);
        }
        let misses: Vec<Instant> =
            history.flights.iter().filter(|flight| flight.by_miss).map(|flight| flight.begun).collect();
        for pair in misses.windows(2) {
            prop_assert!(pair[1] - pair[0] >= history.times.cooldown);
        }
    }

    #[test]
    fn whoever_keeps_asking_gets_keys_from_a_server_that_answers(
        events in vec(event(), 0..80),
    ) {
        let (mut cache, now) = (Cache::new(times()), Instant::now());
        let mut history =
            History { times: times(), now, flights: Vec::new(), ended: Vec::new(), used: Vec::new() };
        for event in &events {
            history.happens(&mut cache, event);
        }
        // From here on the server answers at once, and whatever was under way is lost.
        let (mut now, mut steps) = (history.now, 0);
        loop {
            match cache.ask(Want::Any, now) {
                Step::Use(_) | Step::UseAndFetch(..) => break,
                Step::Fetch(ticket) => {
                    cache.settle(ticket, Outcome::New { keys: 0, age: None }, now);
                }
                Step::Wait => now += times().timeout * 2,
                Step::Nothing { retry_at } => now = retry_at,
                step => panic!("{step:?}"),
            }
            steps += 1;
            prop_assert!(steps < 5, "it comes to an end");
        }
    }
}

#[test]
fn times_that_make_no_sense_overflow_nothing_and_turn_in_no_circle() {
    for extreme in [Duration::ZERO, Duration::MAX] {
        let mut times = Times::default();
        times.default_age = extreme;
        times.min_age = extreme;
        times.max_age = extreme;
        times.refresh_ahead = extreme;
        times.stale_if_error = extreme;
        times.cooldown = extreme;
        times.min_back_off = extreme;
        times.max_back_off = extreme;
        times.timeout = extreme;
        let (mut cache, now) = (Cache::new(times), Instant::now());
        let Step::Fetch(ticket) = cache.ask(Want::Any, now) else { panic!() };
        let failed = Outcome::Failed { retry_after: Some(Duration::MAX), jitter: u32::MAX };
        cache.settle(ticket, failed, now);
        let Step::Nothing { retry_at } = cache.ask(Want::Any, now) else { panic!() };
        assert!(now < retry_at);
        let Step::Fetch(ticket) = cache.ask(Want::Any, retry_at) else { panic!() };
        cache.settle(ticket, Outcome::New { keys: 1, age: Some(Duration::MAX) }, retry_at);
        assert!(matches!(cache.ask(Want::Any, retry_at), Step::Use(_)));
    }
}
