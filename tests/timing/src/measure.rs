//! Two classes of inputs that lie in memory alike, the clock, and the statistics of what it shows.

use std::hint::black_box;
use std::time::Instant;

/// Which of the two an input belongs to.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Class {
    Left,
    Right,
}

/// Texts of one length in one piece of memory, as far apart from one another as from the next line of a
/// cache, in an order that tells nothing of their classes.
struct Arena {
    octets: Vec<u8>,
    len: usize,
    stride: usize,
    classes: Vec<Class>,
}

impl Arena {
    fn new(texts: &[(Class, Vec<u8>)]) -> Self {
        let len = texts.first().map_or(0, |(_, text)| text.len());
        let stride = len.next_multiple_of(64);
        let mut octets = Vec::with_capacity(stride * texts.len());
        for (_, text) in texts {
            assert_eq!(text.len(), len, "texts of several lengths differ by more than a secret");
            octets.extend_from_slice(text);
            octets.resize(octets.len().next_multiple_of(stride), 0);
        }
        Self { octets, len, stride, classes: texts.iter().map(|(class, _)| *class).collect() }
    }

    fn get(&self, index: usize) -> (Class, &[u8]) {
        let start = index * self.stride;
        (self.classes[index], &self.octets[start..start + self.len])
    }
}

/// What is measured: how often, how many texts are drawn for both classes together, and whether the classes
/// are drawn alike, which has to show no difference.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) texts: usize,
    pub(crate) times: usize,
    pub(crate) alike: bool,
}

/// What `prepare` makes of each text is given to `operation`, in an order that is random, and timed.
pub(crate) fn run<T>(
    plan: Plan,
    draw: impl Fn(Class) -> Vec<u8>,
    prepare: impl for<'a> Fn(&'a [u8]) -> T,
    operation: impl Fn(&[u8], &T),
) -> Summary {
    let texts: Vec<_> = (0..plan.texts)
        .map(|_| {
            let class = if fastrand::bool() { Class::Left } else { Class::Right };
            (class, draw(if plan.alike { Class::Left } else { class }))
        })
        .collect();
    let arena = Arena::new(&texts);
    // Allocated one after another, in the same order for both classes.
    let prepared: Vec<T> = texts.iter().map(|(_, text)| prepare(text)).collect();
    drop(texts);
    let mut samples = [Vec::with_capacity(plan.times), Vec::with_capacity(plan.times)];
    for round in 0..plan.times + plan.times / 20 {
        let index = fastrand::usize(..plan.texts);
        let (class, text) = arena.get(index);
        let prepared = &prepared[index];
        let start = Instant::now();
        operation(black_box(text), black_box(prepared));
        let nanoseconds = start.elapsed().as_nanos() as f64;
        // What comes first warms up.
        if round >= plan.times / 20 {
            samples[usize::from(class == Class::Right)].push(nanoseconds);
        }
    }
    Summary::of(samples)
}

/// How two classes of times differ.
pub(crate) struct Summary {
    /// Measurements of both classes.
    pub(crate) times: usize,
    /// The median of both, in nanoseconds.
    pub(crate) median: f64,
    /// By how much the means of the faster nine tenths differ, in nanoseconds.
    pub(crate) difference: f64,
    /// The greatest |t| of Welch's test over all measurements and over the fastest of them, cut at several
    /// places, because what interrupts a machine makes a few of them very slow.
    pub(crate) t: f64,
}

impl Summary {
    fn of([left, right]: [Vec<f64>; 2]) -> Self {
        let mut all: Vec<f64> = left.iter().chain(&right).copied().collect();
        all.sort_by(f64::total_cmp);
        let quantile = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
        let faster = |limit: f64| [&left, &right].map(|times| Moments::of(times, limit));
        let [fast_left, fast_right] = faster(quantile(0.9));
        let cuts = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0];
        let t = cuts.iter().map(|share| {
            let [left, right] = faster(quantile(*share));
            left.t(&right).abs()
        });
        Self {
            times: all.len(),
            median: quantile(0.5),
            difference: fast_right.mean - fast_left.mean,
            t: t.fold(0.0, f64::max),
        }
    }
}

struct Moments {
    count: f64,
    mean: f64,
    variance: f64,
}

impl Moments {
    /// Of what is not above `limit`.
    fn of(times: &[f64], limit: f64) -> Self {
        let within = || times.iter().copied().filter(|time| *time <= limit);
        let count = within().count() as f64;
        let mean = within().sum::<f64>() / count;
        let squares: f64 = within().map(|time| (time - mean).powi(2)).sum();
        Self { count, mean, variance: squares / (count - 1.0) }
    }

    fn t(&self, other: &Self) -> f64 {
        let error = (self.variance / self.count + other.variance / other.count).sqrt();
        let t = (self.mean - other.mean) / error;
        // A clock that shows one number alone has no variance.
        if t.is_finite() { t } else { 0.0 }
    }
}
