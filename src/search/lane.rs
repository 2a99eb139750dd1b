//! One direction of a stream, or one datagram, on its way through a search.

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};

use super::detect::{ADDRESS, Detected, Detector};
use super::filter::LONG;
use super::mask::Reveal;
use super::needle::{Border, Width};
use super::place::{Axis, Half, NUMBER_BYTES, Writing};
use super::view::View;
use super::{Hit, Role, Search};
use crate::limits::SEARCH_HALVES;
use crate::time::Timestamp;

/// Degrees that seconds without decimals, or minutes with three, leave open.
const SLACK_DEGREES: f64 = 0.0003;
/// Bytes before a cue that judging it may need.
const BEFORE: u64 = 96;
/// Bytes at the end where it cannot be told yet whether something begins.
const OPEN: usize = LONG - 1;
/// Bytes that are kept where nothing has begun and nothing waits.
const KEPT: u64 = BEFORE + OPEN as u64;

/// What is half read.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    /// Offset of the next byte.
    offset: u64,
    /// The latest bytes.
    recent: Vec<u8>,
    /// Beginnings of patterns that the bytes so far agree with, but for those in the last [`OPEN`] bytes.
    walks: Vec<Walk>,
    waiting: Vec<Waiting>,
    halves: Vec<Half>,
}

#[derive(Clone, Copy, Debug)]
struct Walk {
    state: StateID,
    start: u64,
}

/// Something that is judged when the bytes behind it have come.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    /// By its place among the roles; none for the mark of an address.
    role: Option<usize>,
    start: u64,
    end: u64,
    until: u64,
    seen: (u64, Timestamp),
}

impl Search {
    /// The next bytes of a stream, and the frame that brought them.
    pub(crate) fn next(&self, lane: &mut Lane, bytes: &[u8], seen: (u64, Timestamp), hits: &mut Vec<Hit>) {
        let base = lane.offset;
        self.walk(lane, bytes, seen);
        lane.offset = base.saturating_add(bytes.len() as u64);
        let joined;
        let view = if lane.recent.is_empty() {
            View::new(bytes, base)
        } else if lane.waiting.is_empty() && lane.walks.is_empty() && bytes.len() as u64 >= KEPT {
            lane.keep(bytes);
            return;
        } else {
            joined = [&lane.recent, bytes].concat();
            View::new(&joined, base.saturating_sub(lane.recent.len() as u64))
        };
        self.judge(lane, &view, lane.offset, hits);
        let from = lane.walks.iter().map(|walk| walk.start).chain(lane.waiting.iter().map(|waiting| waiting.start)).min();
        let from = from.unwrap_or(lane.offset).saturating_sub(BEFORE);
        let kept = view.from(from.max(base.saturating_sub(lane.recent.len() as u64)), usize::MAX).to_vec();
        lane.recent = kept;
    }

    /// Bytes are missing, or the stream has ended.
    pub(crate) fn gap(&self, lane: &mut Lane, length: u64, hits: &mut Vec<Hit>) {
        let recent = std::mem::take(&mut lane.recent);
        let view = View::new(&recent, lane.offset.saturating_sub(recent.len() as u64));
        self.judge(lane, &view, u64::MAX, hits);
        lane.walks.clear();
        lane.offset = lane.offset.saturating_add(length);
    }

    /// Bytes that stand alone: a datagram, a name, a head.
    pub(crate) fn whole(&self, bytes: &[u8], seen: (u64, Timestamp), hits: &mut Vec<Hit>) {
        let mut lane = Lane::default();
        self.walk(&mut lane, bytes, seen);
        if !lane.waiting.is_empty() {
            self.judge(&mut lane, &View::new(bytes, 0), u64::MAX, hits);
        }
    }

    /// Something to judge is in the bytes.
    pub(super) fn may_find(&self, bytes: &[u8]) -> bool {
        let mut lane = Lane::default();
        self.walk(&mut lane, bytes, <_>::default());
        !lane.waiting.is_empty()
    }

    /// Follows what has begun, and finds what begins.
    fn walk(&self, lane: &mut Lane, bytes: &[u8], seen: (u64, Timestamp)) {
        let Some((_, begin)) = &self.automaton else { return };
        let (base, open) = (lane.offset, bytes.len().saturating_sub(OPEN));
        let mut waiting = std::mem::take(&mut lane.waiting);
        let mut walks = Vec::new();
        let mut go = |walk: Walk, from: &[u8], is_open: bool| {
            let state = self.follow(walk, from, base.saturating_add((bytes.len() - from.len()) as u64), (seen, &mut waiting));
            walks.extend(state.filter(|_| !is_open).map(|state| Walk { state, ..walk }));
        };
        std::mem::take(&mut lane.walks).into_iter().for_each(|walk| go(walk, bytes, false));
        // Where the bytes before were cut: what ended there was found then.
        let before = lane.recent.get(lane.recent.len().saturating_sub(OPEN)..).unwrap_or_default();
        if !before.is_empty() {
            let border: Vec<u8> = before.iter().chain(bytes.iter().take(OPEN)).copied().collect();
            self.filter.each(&border, |at| {
                let Some(old @ [_, ..]) = before.get(at..) else { return };
                let start = base.saturating_sub(old.len() as u64);
                let state = self.follow(Walk { state: *begin, start }, old, start, (seen, &mut Vec::new()));
                if let Some(state) = state {
                    go(Walk { state, start }, bytes, old.len() + bytes.len() <= OPEN);
                }
            });
        }
        self.filter.each(bytes, |at| {
            let start = base.saturating_add(at as u64);
            go(Walk { state: *begin, start }, bytes.get(at..).unwrap_or_default(), at >= open);
        });
        let goes_on = |at: usize| bytes.get(at).is_none_or(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(byte));
        for at in memchr::memchr_iter(b'@', bytes).filter(|at| goes_on(at.wrapping_sub(1)) && goes_on(at.wrapping_add(1))) {
            let start = base.saturating_add(at as u64);
            let end = start.saturating_add(1);
            waiting.push(Waiting { role: None, start, end, until: end.saturating_add(ADDRESS.ahead), seen });
        }
        (lane.walks, lane.waiting) = (walks, waiting);
    }

    /// Goes on with a beginning; where it may still become something, its state.
    fn follow(&self, walk: Walk, bytes: &[u8], offset: u64, (seen, waiting): ((u64, Timestamp), &mut Vec<Waiting>)) -> Option<StateID> {
        let (automaton, _) = self.automaton.as_ref()?;
        let mut state = walk.state;
        for (at, byte) in bytes.iter().enumerate() {
            state = automaton.next_state(Anchored::Yes, state, byte.to_ascii_lowercase());
            if !automaton.is_special(state) {
                continue;
            }
            if automaton.is_dead(state) {
                return None;
            }
            if !automaton.is_match(state) {
                continue;
            }
            let end = offset.saturating_add(at as u64).saturating_add(1);
            for number in 0..automaton.match_len(state) {
                let pattern = automaton.match_pattern(state, number);
                // A state knows the patterns too that end here and begin later.
                if automaton.pattern_len(pattern) as u64 == end.saturating_sub(walk.start) {
                    let role = pattern.as_usize();
                    let until = end.saturating_add(self.roles.get(role).map_or(0, Role::ahead));
                    waiting.push(Waiting { role: Some(role), start: walk.start, end, until, seen });
                }
            }
        }
        Some(state)
    }

    /// Judges what has come with the bytes that it needs.
    fn judge(&self, lane: &mut Lane, view: &View<'_>, there: u64, hits: &mut Vec<Hit>) {
        let (mut ready, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut lane.waiting).into_iter().partition(|waiting| waiting.until <= there);
        // In this order they would become ready if the bytes came one by one.
        let order = |waiting: &Waiting| (waiting.until, waiting.start, waiting.role);
        ready.sort_unstable_by_key(order);
        ready.dedup_by_key(|waiting| order(waiting));
        lane.waiting = rest;
        for waiting in ready {
            let Some(role) = waiting.role else {
                hits.extend(self.detected(&ADDRESS, view, waiting));
                continue;
            };
            match self.roles.get(role) {
                Some(Role::Needle { seed, form, border, width, exact }) => {
                    let is_exact = exact.as_ref().is_none_or(|bytes| view.slice(waiting.start, waiting.end) == Some(bytes));
                    if is_exact && stands_alone(view, waiting, *border, *width) {
                        hits.extend(self.seeded(*seed, form, (waiting.start, waiting.end), waiting.seen));
                    }
                }
                Some(Role::Place(cue)) => {
                    if let Some(half) = Half::read(view, cue, waiting.start) {
                        self.paired(lane, half, waiting.seen, hits);
                    }
                }
                Some(Role::Detector(detector)) => hits.extend(self.detected(detector, view, waiting)),
                None => {}
            }
        }
    }

    /// A number that may be half of a position: with one read before it, it may be a whole one.
    fn paired(&self, lane: &mut Lane, half: Half, seen: (u64, Timestamp), hits: &mut Vec<Hit>) {
        let near = self.seeds.iter().enumerate().filter_map(|(number, seed)| Some((number, seed.places.as_ref()?)));
        let near: Vec<_> = near.filter(|(_, places)| places.touch(&half)).collect();
        if near.is_empty() {
            return;
        }
        for (number, places) in near {
            let other = lane.halves.iter().rev().find(|other| half.pairs_with(other) && places.hold(&half, other));
            if let Some(other) = other {
                let hit = self.seeded(number, half.form(other), (half.start.min(other.start), half.end.max(other.end)), seen);
                let shown = |hit: Hit| if self.reveal == Reveal::Plain { Hit { shown: both(&half, other), ..hit } } else { hit };
                hits.extend(hit.map(shown));
            }
        }
        if !lane.halves.contains(&half) {
            if lane.halves.len() >= SEARCH_HALVES {
                lane.halves.remove(0);
            }
            lane.halves.push(half);
        }
    }

    fn seeded(&self, number: usize, form: &'static str, (offset, end): (u64, u64), seen: (u64, Timestamp)) -> Option<Hit> {
        let seed = self.seeds.get(number)?;
        let (id, whose) = (Some(seed.id.clone()), seed.whose.clone());
        Some(Hit { kind: "identifier", id, what: Some(seed.what), whose, form, offset, end, seen, shown: seed.shown(self.reveal) })
    }

    fn detected(&self, detector: &Detector, view: &View<'_>, waiting: Waiting) -> Vec<Hit> {
        let Some(Detected { kind, form, start, value, masked, place }) = (detector.look)(view, waiting.start, waiting.end) else {
            return Vec::new();
        };
        if let Some(place) = place {
            // Decimal numbers of the list have cues of their own.
            let is_at = |seed: &super::Seed| seed.places.as_ref().is_some_and(|places| places.is_at(place, SLACK_DEGREES));
            let named = self.seeds.iter().enumerate().filter(|(_, seed)| form != "named numbers" && is_at(seed));
            let range = (start, waiting.end);
            let named: Vec<Hit> = named.filter_map(|(number, _)| self.seeded(number, form, range, waiting.seen)).collect();
            if !named.is_empty() {
                return named;
            }
            if self.is_far(place) {
                return Vec::new();
            }
        }
        let shown = if self.reveal == Reveal::Plain { value } else { masked };
        vec![Hit { kind, id: None, what: None, whose: None, form, offset: start, end: waiting.end, seen: waiting.seen, shown }]
    }
}

fn both(half: &Half, other: &Half) -> String {
    let (lat, lon) = if half.axis == Axis::Latitude { (half, other) } else { (other, half) };
    format!("{}, {}", lat.shown(), lon.shown())
}

impl Lane {
    /// Only what judging a later place may look back to.
    fn keep(&mut self, bytes: &[u8]) {
        let from = bytes.len().saturating_sub(usize::try_from(KEPT).unwrap_or(0));
        self.recent.clear();
        self.recent.extend_from_slice(bytes.get(from..).unwrap_or_default());
    }
}

impl Role {
    /// Bytes behind it that judging it needs.
    const fn ahead(&self) -> u64 {
        match self {
            Self::Needle { border: Border::Free, .. } => 0,
            Self::Needle { .. } => 2,
            Self::Place(cue) => match cue.writing {
                Writing::Text => NUMBER_BYTES,
                Writing::Binary(_) => 8,
            },
            Self::Detector(detector) => detector.ahead,
        }
    }
}

/// Whether what is beside a needle lets it be a value of its own.
fn stands_alone(view: &View<'_>, waiting: Waiting, border: Border, width: Width) -> bool {
    let behind = |at: u64| view.get(waiting.end.saturating_add(at));
    let ahead = |at: u64| waiting.start.checked_sub(at).and_then(|offset| view.get(offset));
    // Of a wide character only one below 256 can be a letter or digit that goes on.
    let narrow = |byte: Option<u8>, high: Option<u8>| byte.filter(|_| high == Some(0));
    let (before, after) = match width {
        Width::One => (ahead(1), behind(0)),
        Width::Little => (narrow(ahead(2), ahead(1)), narrow(behind(0), behind(1))),
        Width::Big => (narrow(ahead(1), ahead(2)), narrow(behind(1), behind(0))),
    };
    let escaped = width == Width::One && is_escape(view, waiting.start);
    let goes_on = |byte: u8| match border {
        Border::Free => false,
        Border::Digits => byte.is_ascii_digit(),
        Border::Word => byte.is_ascii_alphanumeric() || byte >= 0x80,
        Border::Address => byte.is_ascii_alphanumeric() || b"._-+".contains(&byte),
        Border::Value => !is_mark(byte),
    };
    // An address at the end of a sentence has a full stop behind it, and nothing that goes on.
    let ends_sentence = border == Border::Address && after == Some(b'.') && behind(1).is_none_or(|byte| !byte.is_ascii_alphanumeric());
    let is_field = border == Border::Value && before == Some(b' ') && begins_field(view, waiting.start);
    // As in a sentence: `court, and`.
    let is_prose = border == Border::Value && matches!(after, Some(b',' | b';' | b':' | b'?')) && behind(1) == Some(b' ');
    let (is_begun, is_ended) = (before.is_none_or(|byte| !goes_on(byte)), after.is_none_or(|byte| !goes_on(byte)));
    (is_begun || escaped || is_field) && (is_ended && !is_prose || ends_sentence)
}

/// Behind `Name: ` at the beginning of a line, a word is a value; behind `as follows: ` it is not.
fn begins_field(view: &View<'_>, start: u64) -> bool {
    let line = view.until(start.saturating_sub(1), 64).rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    line.strip_suffix(b":")
        .is_some_and(|name| !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_\"".contains(byte)))
}

/// The needle stands behind a mark that is encoded, whose last character is no letter of a word: `%22pilot`, `\npilot`.
fn is_escape(view: &View<'_>, start: u64) -> bool {
    match view.until(start, 3) {
        [b'%', high, low] => matches!(high, b'0' | b'2' | b'3' | b'5' | b'7') && low.is_ascii_hexdigit(),
        [rest @ .., b'\\', b'n' | b'r' | b't'] => rest != b"\\",
        _ => false,
    }
}

/// What stands before and behind a value in JSON, forms, URLs, heads and strings of programs.
const fn is_mark(byte: u8) -> bool {
    matches!(
        byte,
        0..=0x1f
            | b'"'
            | b'\''
            | b'='
            | b':'
            | b'&'
            | b'/'
            | b'?'
            | b','
            | b';'
            | b'<'
            | b'>'
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'%'
            | b'#'
            | b'|'
            | 0x7f
    )
}
