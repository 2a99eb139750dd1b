//! Identifiers in what was sent: the analyst's list in every form, and what tells itself, in one pass over the bytes.
//!
//! [`Search`] is made once and shared. Each direction of a stream has a `Lane`, which carries what is half read over to the
//! next bytes, so that it does not matter how the stream was cut. Most bytes cost less than one look at a table; only where
//! the first bytes of a needle fit, the automaton is asked. What it finds is then judged by what is around it.

mod coordinates;
mod cover;
mod detect;
mod filter;
mod lane;
mod links;
pub mod list;
pub mod mask;
mod needle;
mod place;
mod spelling;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;
use std::sync::Arc;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind};

use crate::error::{Error, Kind};
use crate::limits::{IDENTIFIERS, SEARCH_BYTES};
use crate::time::Timestamp;

use detect::{DETECTORS, Detector};
use filter::Filter;
pub(crate) use lane::Lane;
pub use list::{Identifier, What};
pub use mask::Reveal;
use needle::{Border, Case, Width};
use place::{Cue, DEGREE_METRES, Places};

/// Metres that a position may be off when the list does not say.
const WITHIN: f64 = 50.0;
/// Metres from the vantage beyond which no device went: a day's drive.
const FAR_METRES: f64 = 500_000.0;

/// What to look for, ready to look.
pub struct Search {
    /// With the state it begins in; none when nothing is looked for.
    automaton: Option<(NFA, StateID)>,
    filter: Filter,
    /// What each pattern of the automaton stands for.
    roles: Vec<Role>,
    seeds: Vec<Seed>,
    refused: Vec<String>,
    reveal: Reveal,
    /// Where the devices were, in degrees north and east.
    vantage: Option<(f64, f64)>,
}

/// One entry of the list.
struct Seed {
    what: What,
    id: Arc<str>,
    whose: Option<Arc<str>>,
    /// Its first value, plain and as it is shown.
    value: String,
    places: Option<Places>,
}

enum Role {
    Needle { seed: usize, form: &'static str, border: Border, width: Width, exact: Option<Box<[u8]>> },
    Place(Cue),
    Detector(&'static Detector),
}

/// Something found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// What it is: `identifier` for one of the list, else what it shows itself to be.
    pub(crate) kind: &'static str,
    /// What the list calls it.
    pub(crate) id: Option<Arc<str>>,
    /// Kind of an identifier of the list.
    pub(crate) what: Option<What>,
    /// Whose it is.
    pub(crate) whose: Option<Arc<str>>,
    /// The form it was sent in.
    pub(crate) form: &'static str,
    /// Offset of its first byte.
    pub(crate) offset: u64,
    /// Offset behind its last byte, as far as it was read.
    pub(crate) end: u64,
    /// Frame that brought its last byte.
    pub(crate) seen: (u64, Timestamp),
    /// As it may be shown.
    pub(crate) shown: String,
}

impl Default for Search {
    fn default() -> Self {
        Self::detectors(Reveal::Masked)
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Search")
            .field("identifiers", &self.seeds.len())
            .field("patterns", &self.roles.len())
            .finish_non_exhaustive()
    }
}

/// Patterns being gathered.
#[derive(Default)]
struct Gathered {
    patterns: Vec<Vec<u8>>,
    roles: Vec<Role>,
    bytes: usize,
    refused: Vec<String>,
}

impl Gathered {
    fn push(&mut self, pattern: Vec<u8>, role: Role) {
        self.bytes = self.bytes.saturating_add(pattern.len());
        self.patterns.push(pattern);
        self.roles.push(role);
    }
}

impl Search {
    /// Only what shows itself.
    #[must_use]
    pub fn detectors(reveal: Reveal) -> Self {
        let nothing = || Self {
            automaton: None,
            filter: Filter::new(&[]),
            roles: Vec::new(),
            seeds: Vec::new(),
            refused: Vec::new(),
            reveal,
            vantage: None,
        };
        Self::build(Gathered::default(), Vec::new(), reveal).unwrap_or_else(|_| nothing())
    }

    /// A list, and what shows itself.
    ///
    /// # Errors
    /// The file of a track cannot be read, or the list is longer than the limits allow.
    pub fn new(list: &[Identifier], reveal: Reveal) -> Result<Self, Error> {
        let mut gathered = Gathered::default();
        let mut seeds = Vec::new();
        if list.len() > IDENTIFIERS {
            return Err(Kind::Usage(format!("found {} identifiers, expected at most {IDENTIFIERS}", list.len())).into());
        }
        for (number, identifier) in list.iter().enumerate() {
            let id = identifier.id.clone().unwrap_or_else(|| format!("{}-{}", identifier.what.as_str(), number.saturating_add(1)));
            if identifier.what.is_place() {
                gathered.place(identifier, &id, &mut seeds)?
            } else {
                gathered.text(identifier, &id, &mut seeds)
            }
            if gathered.bytes > SEARCH_BYTES {
                let told = format!("the identifiers up to {id} come to more than {SEARCH_BYTES} bytes of things to look for");
                return Err(Kind::Usage(told).into());
            }
        }
        Self::build(gathered, seeds, reveal)
    }

    fn build(mut gathered: Gathered, seeds: Vec<Seed>, reveal: Reveal) -> Result<Self, Error> {
        gathered.cues(&seeds);
        for detector in DETECTORS {
            gathered.push(detector.cue.to_vec(), Role::Detector(detector));
        }
        let filter = Filter::new(&gathered.patterns);
        // Bytes come to it with small letters: it needs no second transition for large ones.
        gathered.patterns.iter_mut().for_each(|pattern| pattern.make_ascii_lowercase());
        let automaton = NFA::builder().match_kind(MatchKind::Standard).prefilter(false).build(&gathered.patterns);
        let unusable = |why: String| Error::from(Kind::Usage(format!("the identifiers cannot be looked for: {why}")));
        let automaton = automaton.map_err(|error| unusable(error.to_string()))?;
        let start = automaton.start_state(Anchored::Yes).map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            automaton: Some((automaton, start)),
            filter,
            roles: gathered.roles,
            seeds,
            refused: gathered.refused,
            reveal,
            vantage: None,
        })
    }

    /// Where the devices were: numbers that would be places too far from there are no positions of theirs. What the list names is
    /// found wherever it is.
    #[must_use]
    pub const fn near(mut self, vantage: Option<(f64, f64)>) -> Self {
        self.vantage = vantage;
        self
    }

    fn is_far(&self, (lat, lon): (f64, f64)) -> bool {
        self.vantage.is_some_and(|(north, east)| {
            // Round the earth: 181 degrees east are 179 west.
            let apart = (lon - east + 540.0).rem_euclid(360.0) - 180.0;
            (lat - north).hypot(apart * north.to_radians().cos()) * DEGREE_METRES > FAR_METRES
        })
    }

    /// Identifiers that are not looked for, and why; without their values.
    #[must_use]
    pub fn refused(&self) -> &[String] {
        &self.refused
    }

    /// Entries of the list that are looked for.
    #[must_use]
    pub const fn identifiers(&self) -> usize {
        self.seeds.len()
    }
}

impl Gathered {
    fn text(&mut self, identifier: &Identifier, id: &str, seeds: &mut Vec<Seed>) {
        let values = identifier.value.texts();
        if values.is_empty() || identifier.lat.is_some() || identifier.file.is_some() {
            self.refused.push(format!("{id} is not looked for: it has no value, or one of another kind"));
            return;
        }
        let before = self.patterns.len();
        for value in &values {
            if let Some(why) = needle::refusal(value) {
                self.refused.push(format!("{id} is not looked for: {why}"));
                continue;
            }
            for needle in needle::needles(identifier.what, value) {
                let exact = (needle.case == Case::Exact).then(|| needle.bytes.clone().into_boxed_slice());
                let role = Role::Needle { seed: seeds.len(), form: needle.form, border: needle.border, width: needle.width, exact };
                self.push(needle.bytes, role);
            }
        }
        if self.patterns.len() > before {
            seeds.push(Seed::new(identifier, id, values.into_iter().next().unwrap_or_default(), None));
        }
    }

    fn place(&mut self, identifier: &Identifier, id: &str, seeds: &mut Vec<Seed>) -> Result<(), Error> {
        let pair = |text: String| {
            let (lat, lon) = text.split_once([',', ';']).or_else(|| text.split_once(' '))?;
            Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?))
        };
        let mut points: Vec<(f64, f64)> = identifier.value.texts().into_iter().filter_map(pair).collect();
        points.extend(identifier.lat.zip(identifier.lon));
        if let Some(file) = &identifier.file {
            points.extend(list::track(file)?);
        }
        let within = identifier.within.filter(|metres| metres.is_finite() && (0.0..=5_000.0).contains(metres)).unwrap_or(WITHIN);
        let places = Places::new(&points, within);
        if places.is_empty() {
            self.refused.push(format!("{id} is not looked for: no position is in it that is written as `46.947, 7.446`"));
            return Ok(());
        }
        let shown = points.first().map(|(lat, lon)| format!("{lat:.6}, {lon:.6}")).unwrap_or_default();
        seeds.push(Seed::new(identifier, id, shown, Some(places)));
        Ok(())
    }

    /// Where numbers may be positions of the list; each cue serves all of them.
    fn cues(&mut self, seeds: &[Seed]) {
        let cues: std::collections::BTreeSet<Cue> = seeds.iter().filter_map(|seed| seed.places.as_ref()).flat_map(Places::cues).collect();
        for cue in cues {
            self.push(cue.bytes.clone(), Role::Place(cue));
        }
    }
}

impl Seed {
    fn new(identifier: &Identifier, id: &str, value: String, places: Option<Places>) -> Self {
        let shown = |text: &str| Arc::from(crate::wire::escape(text.as_bytes()));
        Self { what: identifier.what, id: shown(id), whose: identifier.whose.as_deref().map(shown), value, places }
    }

    fn shown(&self, reveal: Reveal) -> String {
        match reveal {
            Reveal::Plain => self.value.clone(),
            Reveal::Masked if matches!(self.what, What::Password | What::Token) => mask::hidden(&self.value),
            Reveal::Masked if self.what.is_place() => "…".to_owned(),
            Reveal::Masked => mask::masked(&self.value),
        }
    }
}
