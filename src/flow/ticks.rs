//! The clock behind a device's TCP timestamps (RFC 7323 section 5.4) against that of the capture.
//!
//! A timestamp is put on a segment before it leaves, so it reaches the capture late by a delay that varies and is never
//! negative. Of the points (timestamp, time of capture) the lower convex hull holds those with least delay, and its edge
//! over the mean is the line below all points that is nearest to them (Kohno, Broido, Claffy: Remote physical device
//! fingerprinting, 2005, section 4). Its slope is how the two clocks run; the mean height of the points above it is how
//! far it can be trusted. A device that slept stops its timestamps: the step makes that height large, and so the doubt.

use crate::limits;
use crate::record::ClockRate;
use crate::time::{Span, Timestamp};

/// Ticks per second that systems use: RFC 7323 asks for 1 to 1000.
const RATES: [f64; 5] = [1_000.0, 300.0, 250.0, 100.0, 10.0];
/// Difference from such a rate, in parts of a million, above which the ticks are of another one.
const SAME_RATE: f64 = 2_000.0;
/// Time that the edge must cover.
const OVER: Span = Span::from_secs(600);
/// Points below which the mean height says nothing.
const POINTS: u32 = 10;

/// What one sender's timestamps have told so far.
#[derive(Clone, Debug)]
pub(crate) struct Ticks {
    began: Timestamp,
    last: u32,
    /// The lower hull: ticks and nanoseconds since the first point.
    hull: Vec<(i64, i64)>,
    points: u32,
    /// Sums over the points, for their mean.
    sums: (i128, i128),
}

impl Ticks {
    /// Begins with the first timestamp.
    pub(crate) fn new(value: u32, time: Timestamp) -> Self {
        Self { began: time, last: value, hull: vec![(0, 0)], points: 1, sums: (0, 0) }
    }

    /// Notes a timestamp; one that runs backwards is an old segment's.
    pub(crate) fn note(&mut self, value: u32, time: Timestamp) {
        let forward = value.wrapping_sub(self.last);
        let Some((ticks, _)) = self.hull.last().copied() else { return };
        if forward > u32::MAX / 2 {
            return;
        }
        self.last = value;
        let point = (ticks.saturating_add(forward.into()), time.since(self.began).nanos());
        self.points = self.points.saturating_add(1);
        self.sums = (self.sums.0 + i128::from(point.0), self.sums.1 + i128::from(point.1));
        self.add(point);
    }

    /// Keeps the hull convex from below.
    fn add(&mut self, point: (i64, i64)) {
        if let Some(last) = self.hull.last().copied().filter(|last| last.0 == point.0) {
            if last.1 <= point.1 {
                return;
            }
            self.hull.pop();
        }
        while let [.., before, last] = self.hull[..] {
            if is_left_turn(before, last, point) {
                break;
            }
            self.hull.pop();
        }
        if self.hull.len() >= limits::TICK_POINTS {
            // The oldest but the first: what it held up is a hair of the line at worst.
            self.hull.remove(1);
        }
        self.hull.push(point);
    }

    /// How the capture's clock runs against these ticks; none where they cannot tell.
    #[expect(clippy::cast_precision_loss, reason = "ticks and nanoseconds of a capture fit 53 bits")]
    pub(crate) fn rate(&self) -> Option<ClockRate> {
        if self.points < POINTS {
            return None;
        }
        let points = f64::from(self.points);
        let mean = (self.sums.0 as f64 / points, self.sums.1 as f64 / points);
        let edge = self.hull.windows(2).find(|edge| edge.last().is_some_and(|end| end.0 as f64 >= mean.0))?;
        let [from, to] = edge else { return None };
        let (ticks, nanos) = ((to.0 - from.0) as f64, (to.1 - from.1) as f64);
        if nanos < OVER.nanos() as f64 {
            return None;
        }
        let slope = nanos / ticks;
        let ppm = |rate: f64| (slope * rate / 1e9 - 1.0) * 1e6;
        let rate = RATES.into_iter().find(|rate| ppm(*rate).abs() < SAME_RATE)?;
        let height = mean.1 - (from.1 as f64 + slope * (mean.0 - from.0 as f64));
        Some(ClockRate { ppm: ppm(rate), error_ppm: (1e9 / rate + height.max(0.0)) / nanos * 1e6 })
    }
}

/// Whether `point` lies above the line from `before` through `last`.
fn is_left_turn(before: (i64, i64), last: (i64, i64), point: (i64, i64)) -> bool {
    let [dx, dy] = [last.0 - before.0, last.1 - before.1].map(i128::from);
    let [ex, ey] = [point.0 - before.0, point.1.saturating_sub(before.1)].map(i128::from);
    dx * ey > dy * ex
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Segments every ten seconds for two hours, delayed by `delay` milliseconds, of a sender whose clock is read by
    /// one that runs `ppm` fast and ticks `hz` times a second.
    fn read(hz: f64, ppm: f64, delay: impl Fn(u32) -> f64) -> Option<ClockRate> {
        let mut ticks: Option<Ticks> = None;
        for number in 0..720 {
            let sent = f64::from(number) * 10.0;
            // Begins shortly before the counter comes round.
            let value = (4_294_960_000.0 + sent * hz).rem_euclid(4_294_967_296.0) as u32;
            let time = Timestamp::from_nanos(((sent * (1.0 + ppm / 1e6)) * 1e9 + delay(number) * 1e6) as i64);
            match &mut ticks {
                Some(ticks) => ticks.note(value, time),
                None => ticks = Some(Ticks::new(value, time)),
            }
        }
        ticks.unwrap().rate()
    }

    #[test]
    fn the_rate_is_found_below_delays_that_vary() {
        for (hz, ppm) in [(1_000.0, 200.0), (1_000.0, -35.0), (250.0, 80.0), (100.0, 0.0)] {
            let rate = read(hz, ppm, |number| f64::from(number * 7_919 % 97)).unwrap();
            assert!((rate.ppm - ppm).abs() < 4.0 && rate.error_ppm < 12.0, "{hz} {ppm}: {rate:?}");
        }
    }

    #[test]
    fn a_device_that_slept_is_in_doubt() {
        let rate = read(1_000.0, 0.0, |number| if number > 360 { 900.0 } else { 0.0 });
        assert!(rate.is_none_or(|rate| rate.ppm.abs() < 4.0 * rate.error_ppm), "{rate:?}");
    }

    #[test]
    fn too_little_tells_nothing() {
        let mut short = Ticks::new(5, Timestamp::from_parts(0, 0));
        (1..100).for_each(|second: u32| short.note(5 + second * 1_000, Timestamp::from_parts(second.into(), 0)));
        assert_eq!(short.rate(), None, "a hundred seconds");
        assert_eq!(read(64.0, 0.0, |_| 0.0), None, "a rate that no system uses");
        let mut wild = Ticks::new(0, Timestamp::from_nanos(i64::MIN));
        (0..1_000_u32).for_each(|number| wild.note(number.wrapping_mul(0x6000_0001), Timestamp::from_nanos(i64::from(number) << 53)));
        assert!(wild.hull.len() <= limits::TICK_POINTS);
        wild.rate();
    }
}
