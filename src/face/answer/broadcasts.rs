//! Broadcasts of aircraft: who was heard, from when to when, and where last.

use serde_json::{Value, json as object};

use super::super::grid::{Cell, Fit, Grid, Tone, printable};
use super::super::units::{count, second};
use super::Page;
use crate::record::Place;
use crate::table::{Broadcaster, Tables};
use crate::time::Timestamp;

/// Transmitters shown.
const SHOWN: usize = 10;

/// The transmitters, first heard first; nothing when there are none.
pub(super) fn seen(tables: &Tables, page: &mut Page) {
    let all = &tables.broadcasters;
    if all.is_empty() {
        return;
    }
    page.heading("Broadcasts seen");
    let mut grid = Grid::new(&[
        ("transmitter", Fit::Left),
        ("identity", Fit::CutEnd(12)),
        ("format", Fit::Left),
        ("first", Fit::Left),
        ("last", Fit::Left),
        ("last place", Fit::Left),
        ("heard", Fit::Right),
    ]);
    for heard in all.iter().take(SHOWN) {
        grid.row(line(heard));
    }
    page.text.push_str(&grid.lines(page.style));
    if all.len() > SHOWN {
        page.paragraph(Tone::Faint, &format!("and {} more, see table remote_id", all.len() - SHOWN));
    }
}

fn line(heard: &Broadcaster) -> Vec<Cell> {
    let times = match heard.doubted {
        0 => count(heard.broadcasts).into(),
        doubted => Cell::new(Tone::Doubt, format!("{}, {} doubted", count(heard.broadcasts), count(doubted))),
    };
    let joined = |words: Vec<&str>| if words.is_empty() { "-".to_owned() } else { words.join(", ") };
    let identities = joined(heard.identities.iter().map(String::as_str).collect());
    vec![
        printable(&heard.transmitter).into_owned().into(),
        printable(&identities).into_owned().into(),
        joined(heard.systems.iter().copied().collect()).into(),
        second(heard.first).into(),
        until(heard).into(),
        heard.position.map_or_else(|| "-".to_owned(), |(_, place)| degrees(place)).into(),
        times,
    ]
}

/// The time of the last broadcast, without the date where it is that of the first.
fn until(heard: &Broadcaster) -> String {
    let (first, last) = (second(heard.first), second(heard.last));
    match (first.split_once('T'), last.split_once('T')) {
        (Some((first, _)), Some((date, time))) if first == date => time.to_owned(),
        _ => last,
    }
}

/// A place to the metre, as `46.94800, 7.44740`.
fn degrees(place: Place) -> String {
    format!("{:.5}, {:.5}", place.latitude, place.longitude)
}

/// The transmitters for a machine.
pub(super) fn json(tables: &Tables) -> Value {
    let at = |place: Option<(Timestamp, Place)>| {
        place.map(|(time, place)| object!({"time": time.to_string(), "latitude": place.latitude, "longitude": place.longitude}))
    };
    let entry = |heard: &Broadcaster| {
        object!({
            "transmitter": heard.transmitter,
            "systems": heard.systems,
            "identities": heard.identities,
            "operator_ids": heard.operator_ids,
            "first": heard.first.to_string(),
            "last": heard.last.to_string(),
            "last_position": at(heard.position),
            "last_operator_position": at(heard.operator),
            "broadcasts": heard.broadcasts,
            "doubted": heard.doubted,
        })
    };
    tables.broadcasters.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{PLAIN, shown};
    use super::super::{Style, json as answer};
    use crate::analysis::Output as _;
    use crate::record::Row;
    use crate::table::{Formats, Store, samples};

    #[test]
    fn shows_who_was_heard_and_where() {
        let folder = samples::Folder::new("answer-broadcasts");
        let mut store = Store::create(folder.path(), Formats::default()).unwrap();
        store.row(Row::RemoteId(Box::new(samples::remote_id()))).unwrap();
        let tables = store.finish().unwrap();
        let text = shown(&tables, Style { width: 200, ..PLAIN });
        let line = text.lines().find(|line| line.contains("60:60:1f:5a:3c:01")).unwrap();
        for part in ["0ASUE7L0021LAB", "dji-droneid", "2019-11-03T12:21:03Z", "46.94800, 7.44740"] {
            assert!(line.contains(part), "{part}\n{text}");
        }
        let value = answer(&tables).unwrap();
        assert_eq!(value["broadcasts"][0]["last_position"]["latitude"], 46.948);
        assert_eq!(value["broadcasts"][0]["identities"][0], "0ASUE7L0021LAB");
    }

    #[test]
    fn nothing_is_said_of_none() {
        let folder = samples::Folder::new("answer-no-broadcasts");
        let tables = Store::create(folder.path(), Formats::default()).unwrap().finish().unwrap();
        assert!(!shown(&tables, PLAIN).contains("Broadcasts"));
    }
}
