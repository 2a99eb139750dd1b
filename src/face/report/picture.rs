//! Pictures drawn as inline SVG: the map, and strips over time. Beside each stands the same as text.

use maud::{Markup, html};

use super::super::rows::Row;
use super::super::units::bytes;
use super::data::{BINS, Place, Timeline, bin};
use super::html::{rate, to_the_second};
use super::world::{coasts, countries, place};
use crate::table::time;
use crate::time::Timestamp;

/// Steps of colour, from little to much.
const STEPS: u32 = 6;
/// Width and height of the map in tenths of a degree: all longitudes, 84 N to 58 S.
const MAP: (i32, i32) = (3_600, 1_420);
/// Radius of the largest and the smallest mark on it.
const RADII: (f64, f64) = (100.0, 12.0);
/// Width of the names before the strips, of a part of the time, and height of a strip.
const NAMES: usize = 150;
const PART: usize = 7;
const STRIP: usize = 18;
/// Room above the strips for two lines of numbers, besides the height of a strip.
const HEAD: usize = 6;

/// The colour class of a number of bytes: `h0` for none, `h6` for the most; a step is a factor of eight.
pub(super) fn heat(bytes: u64, most: u64) -> String {
    let below = most.checked_div(bytes).map_or(STEPS, |times| times.max(1).ilog2() / 3);
    format!("h{}", if bytes == 0 { 0 } else { STEPS.saturating_sub(below).max(1) })
}

/// Marks on a map of the world, their area as the bytes from the device.
pub(super) fn map(places: &[Place]) -> Markup {
    let known = countries();
    let most = places.iter().map(|place| place.bytes.out).max().unwrap_or_default().max(1);
    let marks = places.iter().filter_map(|place| Some((place, known.get(place.country.as_str())?)));
    html! {
        svg viewBox=(format!("0 0 {} {}", MAP.0, MAP.1)) role="img" aria-labelledby="map-title" {
            title id="map-title" { "Map of the countries that the device sent data to; the table beside it says the same." }
            path class="land" d=(coasts()) {}
            @for (found, country) in marks {
                @let (x, y) = place(country.latitude, country.longitude);
                circle class="mark" cx=(x) cy=(y) r=(format!("{:.0}", radius(found.bytes.out, most))) {
                    title { (country.name) ": " (bytes(found.bytes.out)) " out, " (bytes(found.bytes.inward)) " in" }
                }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
#[expect(clippy::as_conversions, reason = "a picture")]
fn radius(bytes: u64, most: u64) -> f64 {
    RADII.1.max(RADII.0 * (bytes as f64 / most as f64).sqrt())
}

/// A strip per kind of data, darker where more was sent, with the numbers of the user's actions above.
pub(super) fn timeline(place: usize, timeline: &Timeline, actions: &[&Row]) -> Markup {
    let Some((begin, end)) = timeline.span else { return html! { p { "No flows." } } };
    let most = timeline.strips.iter().flat_map(|(_, strip)| strip).copied().max().unwrap_or_default();
    let (width, height) = (NAMES + BINS * PART, (timeline.strips.len() + 2) * STRIP + HEAD);
    let title = format!("time-{}", place + 1);
    html! {
        svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-labelledby=(title) {
            title id=(title) { "Bytes from the device over time, a strip for each kind of data; the tables say how many in all and when the user did what." }
            @for (line, (name, strip)) in (1..).zip(&timeline.strips) {
                @let top = line * STRIP + HEAD;
                text class="name" x=(NAMES - 6) y=(top + STRIP - 5) text-anchor="end" { (name) }
                rect class="h0" x=(NAMES) y=(top) width=(BINS * PART) height=(STRIP - 2) {}
                @for (part, sent) in strip.iter().enumerate().filter(|(_, sent)| **sent > 0) {
                    rect class=(heat(*sent, most)) x=(NAMES + part * PART) y=(top) width=(PART) height=(STRIP - 2) {
                        title { (name) ": " (bytes(*sent)) " from " (instant(part, begin, end)) }
                    }
                }
            }
            @for (number, action) in (1..).zip(actions) { (mark(number, action, (begin, end), height)) }
            text class="name" x=(NAMES) y=(height - 4) { (to_the_second(&time(begin))) }
            text class="name" x=(width) y=(height - 4) text-anchor="end" { (to_the_second(&time(end))) }
        }
    }
}

/// An action: a line at its time; one before or after all flows stands at the edge.
fn mark(number: usize, action: &Row, (begin, end): (i64, i64), height: usize) -> Markup {
    let Some(at) = nanoseconds(action.text("time")) else { return html! {} };
    let x = NAMES + bin(at.clamp(begin, end), begin, end) * PART + PART / 2;
    // Neighbours do not write over each other.
    let y = if number.is_multiple_of(2) { STRIP - 9 } else { STRIP + 2 };
    html! {
        line class="action" x1=(x) x2=(x) y1=(y) y2=(height - STRIP) { title { (action.text("action")) " at " (action.text("time")) } }
        text class="number" x=(x + 2) y=(y) { (number) }
    }
}

/// Two bars for each kind of data: before and after a change of settings.
pub(super) fn before_after(place: usize, rows: &[&Row]) -> Markup {
    let values = |row: &Row| ["before", "after"].map(|side| rate(row, "out", side));
    let most = rows.iter().flat_map(|row| values(row)).max().unwrap_or_default().max(1);
    let (names, bars) = (NAMES * 2, BINS * PART / 2);
    let (width, height) = (names + bars + NAMES + NAMES / 2, (rows.len() + 1) * 2 * STRIP);
    let title = format!("change-{}", place + 1);
    html! {
        svg viewBox=(format!("0 0 {width} {height}")) role="img" aria-labelledby=(title) {
            title id=(title) { "Bytes from the device per minute before and after the change, by kind of data; the table beside it says the same." }
            @for (line, row) in rows.iter().enumerate() {
                @let (top, [before, after]) = (line * 2 * STRIP + STRIP / 2, values(row));
                text class="name" x=(names - 6) y=(top + STRIP + 3) text-anchor="end" { (row.shown("value").replace('|', " | ")) }
                rect class="before" x=(names) y=(top) width=(length(before, most, bars)) height=(STRIP - 4) { title { "before: " (bytes(before)) " per minute" } }
                rect class="after" x=(names) y=(top + STRIP - 3) width=(length(after, most, bars)) height=(STRIP - 4) { title { "after: " (bytes(after)) " per minute" } }
                text class="name" x=(names + length(before, most, bars).max(length(after, most, bars)) + 8) y=(top + STRIP + 3) {
                    (bytes(before)) " \u{2192} " (bytes(after)) " " (row.text("word").replace('-', " "))
                }
            }
        }
    }
}

/// Length of a bar; what is there is seen.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture")]
#[expect(clippy::as_conversions, reason = "a picture")]
fn length(bytes: u64, most: u64, longest: usize) -> usize {
    if bytes == 0 { 0 } else { ((bytes as f64 / most as f64).sqrt() * longest as f64).ceil() as usize }
}

fn instant(part: usize, begin: i64, end: i64) -> String {
    let span = i128::from(end) - i128::from(begin);
    let [part, bins] = [part, BINS].map(|number| i128::try_from(number).unwrap_or_default());
    i64::try_from(i128::from(begin) + span * part / bins.max(1)).map(time).unwrap_or_default()
}

fn nanoseconds(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .and_then(|at| i64::try_from(at.as_nanosecond()).ok())
        .map(Timestamp::from_nanos)
        .map(Timestamp::nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_from_nothing_to_the_most() {
        let classes: Vec<_> = [0, 1, 200, 1_000, 10_000].map(|bytes| heat(bytes, 10_000)).into();
        assert_eq!(classes, ["h0", "h2", "h5", "h5", "h6"]);
    }
}
