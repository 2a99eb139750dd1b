//! Where an address lies, as far as address databases can tell: every source is asked, sources that disagree
//! are shown, and nothing is averaged.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::geofeed::{self, Geofeed};
use super::mmdb::{Damage, Database, Entry, Holds};
use super::nearness::{Distances, Struck};
use super::prefixes::Prefixes;
use super::provider::{self, Range, Regions};
use super::{Country, Scope, Site, extent};
use crate::limits;
use crate::time::Timestamp;

/// Licences, checksums and dates of the files below.
const SOURCES: &str = include_str!("../../geoip/sources.toml");

/// The files inside the program, by the names that `sources.toml` gives them.
static SHIPPED: [(&str, &[u8]); 4] = [
    ("geo-whois-asn-country.mmdb", include_bytes!("../../geoip/geo-whois-asn-country.mmdb")),
    ("dbip-country.mmdb", include_bytes!("../../geoip/dbip-country.mmdb")),
    ("asn.mmdb", include_bytes!("../../geoip/asn.mmdb")),
    (extent::FILE.0, extent::FILE.1.as_bytes()),
];

/// Why address data cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GeoError {
    /// The file cannot be read.
    #[error("cannot read address database {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is damaged, or something else.
    #[error("cannot use {} as address database: {source}; expected a MaxMind DB file (.mmdb)", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Damage,
    },
    /// The file holds neither countries nor AS numbers under any key known.
    #[error("cannot use {} as address database: no country and no AS number in it; expected one of the keys country.iso_code, country_code, country, autonomous_system_number, asn", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The list cannot be read, or is none.
    #[error("cannot use {} as {what}: {detail}", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// What it was given as.
        what: &'static str,
        /// What is wrong, and on which line.
        detail: String,
    },
    /// The data inside the program does not fit its list of sources.
    #[error("address data inside the program: {file}: {detail}")]
    Shipped {
        /// The file as `sources.toml` names it.
        file: String,
        /// What does not fit.
        detail: String,
    },
}

/// Whose word it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Rank {
    /// A list that the provider of the addresses publishes.
    Provider,
    /// A geofeed the user gave.
    Geofeed,
    /// A file the user gave: it decides.
    User,
    /// A file inside the program.
    #[default]
    Shipped,
}

/// One source of address data, as a report must name it.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Source {
    /// Short name, used for candidates.
    pub(crate) name: Arc<str>,
    /// File name, or path as given by the user.
    pub(crate) file: String,
    /// Package it was made from; empty for a file of the user, as is all that follows but the last four.
    #[serde(default)]
    pub(crate) package: String,
    /// Version of the package.
    #[serde(default)]
    pub(crate) version: String,
    /// Checksum of the package.
    #[serde(default)]
    pub(crate) package_sha256: String,
    /// Licence by its SPDX name.
    #[serde(default)]
    pub(crate) licence: String,
    /// Where its text is.
    #[serde(default)]
    pub(crate) licence_url: String,
    /// Whom to name.
    #[serde(default)]
    pub(crate) attribution: String,
    /// What was done to the published data.
    #[serde(default)]
    pub(crate) changes: String,
    /// What the publisher says against it.
    #[serde(default)]
    pub(crate) known_errors: String,
    /// What a reader should know.
    #[serde(default)]
    pub(crate) note: String,
    /// Day the data was built, UTC.
    pub(crate) build_date: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    /// Length of the file.
    pub(crate) bytes: u64,
    /// `country`, `asn` or `extent` in `sources.toml`.
    #[serde(default)]
    what: String,
    /// What it knows.
    #[serde(skip)]
    pub(crate) holds: Holds,
    /// Whose word it is.
    #[serde(skip)]
    pub(crate) rank: Rank,
}

impl Source {
    /// Says when a provider's list is more than a month from a capture of these days.
    pub(super) fn stale(&self, first: Timestamp, last: Timestamp) -> Option<String> {
        let own: Date = self.build_date.parse().ok().filter(|_| self.rank == Rank::Provider)?;
        let date = |time: Timestamp| day(u64::try_from(time.nanos() / 1_000_000_000).ok()?).parse::<Date>().ok();
        let (first, last) = (date(first)?, date(last)?);
        let days = |from: Date, to: Date| i64::from((to - from).get_days());
        let apart = days(own, first).max(days(last, own));
        (apart > limits::FEED_DAYS).then(|| {
            format!(
                "the address ranges in {} are of {own}, {apart} days from the capture, which begins on {first}: ranges may have changed hands or places since",
                crate::wire::escape(self.file.as_bytes())
            )
        })
    }
}

/// What the country of an address rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CountryBasis {
    /// The provider's own list of its ranges.
    ProviderRange,
    /// Geofeeds of the user, which agree.
    Geofeed,
    /// Files of the user, which agree.
    UserFile,
    /// Two or more sources, which agree.
    SourcesAgree,
    /// The only source that knows the address.
    OneSource,
    /// What is left when the countries that lie too far away for the round-trip time are struck out.
    Rtt,
    /// Every country that a source names lies too far away for the round-trip time.
    Struck,
    /// The address is announced from many places: databases cannot say where it was answered.
    Anycast,
    /// Sources that disagree: there is no country, only candidates.
    Disputed,
    /// The address is not one that lies in a country.
    SpecialRange,
    /// No source knows the address.
    None,
}

impl CountryBasis {
    /// The word in tables.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::ProviderRange => "provider-range",
            Self::Geofeed => "geofeed",
            Self::UserFile => "user-file",
            Self::SourcesAgree => "sources-agree",
            Self::OneSource => "one-source",
            Self::Rtt => "rtt",
            Self::Struck => "struck",
            Self::Anycast => "anycast",
            Self::Disputed => "disputed",
            Self::SpecialRange => "special-range",
            Self::None => "none",
        }
    }
}

/// What one source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Name of the source.
    pub(crate) source: Arc<str>,
    /// Whose word it is.
    pub(crate) rank: Rank,
    /// Its answer.
    pub(crate) country: Country,
}

/// Where an address lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The address that was looked up, its scope, and how it was carried.
    pub(crate) site: Site,
    /// The country, where it is settled.
    pub(crate) country: Option<Country>,
    /// Every answer, the user's files first, then the shipped ones, each in their order.
    pub(crate) country_candidates: Vec<Candidate>,
    /// What the country rests on.
    pub(crate) country_basis: CountryBasis,
    /// Answers that are none, because their countries lie too far away.
    pub(crate) struck: Vec<Struck>,
    /// What the provider's list says of the address.
    pub(crate) range: Option<Range>,
    /// Autonomous system that announces the address.
    pub(crate) asn: Option<u32>,
    /// Its organisation.
    pub(crate) as_org: Option<String>,
    /// Sources that are damaged where this address should be.
    pub(crate) unreadable: Vec<Arc<str>>,
}

/// A list of address ranges.
#[derive(Debug)]
enum Feed {
    Provider(Prefixes<Range>),
    Geofeed(Geofeed),
}

/// Lists of address ranges that the user gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lists<'a> {
    /// Lists that providers publish of their own ranges.
    pub(crate) provider_ranges: &'a [PathBuf],
    /// Geofeeds.
    pub(crate) geofeeds: &'a [PathBuf],
    /// Databases.
    pub(crate) databases: &'a [PathBuf],
}

/// The address data in use.
#[derive(Debug)]
pub(crate) struct Geo {
    /// Providers' lists first, then geofeeds.
    feeds: Vec<(Source, Feed)>,
    /// The user's files first, then the shipped ones.
    layers: Vec<(Source, Database)>,
    /// Where the land of countries lies.
    extent: Source,
}

impl Geo {
    /// The data inside the program. It is used in place: nothing is unpacked, and only the pages looked at are read.
    /// An error means that the program was built from a damaged tree.
    pub(crate) fn shipped() -> Result<Self, GeoError> {
        let list: List = toml::from_str(SOURCES).map_err(|error| shipped_error("sources.toml", error.message()))?;
        let (mut extents, databases): (Vec<_>, Vec<_>) = list.source.into_iter().partition(|source| source.what == "extent");
        let layers = databases.into_iter().map(shipped_layer).collect::<Result<_, _>>()?;
        let extent = extents.pop().ok_or_else(|| shipped_error("sources.toml", "it lists no extents"))?;
        let extent = Source { holds: Holds { other: "extent", ..Holds::default() }, ..extent };
        Ok(Self { feeds: Vec::new(), layers, extent })
    }

    /// The same, with what the user gives.
    pub(crate) fn with(lists: &Lists<'_>) -> Result<Self, GeoError> {
        let mut geo = Self::shipped()?;
        if !lists.provider_ranges.is_empty() {
            let regions = Regions::shipped()?;
            lists.provider_ranges.iter().try_for_each(|path| geo.add_provider_ranges(path, &regions))?;
        }
        lists.geofeeds.iter().try_for_each(|path| geo.add_geofeed(path))?;
        lists.databases.iter().try_for_each(|path| geo.add_file(path))?;
        Ok(geo)
    }

    fn add_provider_ranges(&mut self, path: &Path, regions: &Regions) -> Result<(), GeoError> {
        let what = "list of a provider's address ranges";
        let text = list_text(path, what)?;
        let list = provider::read(&text, path, regions).map_err(|detail| GeoError::List { path: path.to_path_buf(), what, detail })?;
        let source = Source {
            attribution: list.provider.to_owned(),
            version: list.version,
            build_date: list.date,
            ..self.given(path, text.as_bytes(), Rank::Provider)
        };
        self.feeds.push((source, Feed::Provider(list.ranges)));
        Ok(())
    }

    fn add_geofeed(&mut self, path: &Path) -> Result<(), GeoError> {
        let what = "geofeed";
        let text = list_text(path, what)?;
        let feed = geofeed::read(&text).map_err(|detail| GeoError::List { path: path.to_path_buf(), what, detail })?;
        let source = self.given(path, text.as_bytes(), Rank::Geofeed);
        self.feeds.push((source, Feed::Geofeed(feed)));
        Ok(())
    }

    /// What is known of a list of the user before it is read.
    fn given(&self, path: &Path, raw: &[u8], rank: Rank) -> Source {
        let file = path.display().to_string();
        let other = if rank == Rank::Provider { "provider ranges" } else { "geofeed" };
        Source {
            name: self.free_name(path, &file),
            file,
            sha256: sha256(raw),
            bytes: raw.len() as u64,
            holds: Holds { other, ..Holds::default() },
            rank,
            ..Source::default()
        }
    }

    /// Adds a database of the user, which decides before the shipped ones.
    fn add_file(&mut self, path: &Path) -> Result<(), GeoError> {
        let raw = std::fs::read(path).map_err(|source| GeoError::Read { path: path.to_path_buf(), source })?;
        let (bytes, sha256) = (raw.len() as u64, sha256(&raw));
        let database = Database::given(raw).map_err(|source| GeoError::Damaged { path: path.to_path_buf(), source })?;
        let holds = database.holds();
        if holds == Holds::default() {
            return Err(GeoError::Foreign { path: path.to_path_buf() });
        }
        let file = path.display().to_string();
        let source = Source {
            name: self.free_name(path, &file),
            file,
            build_date: day(database.build_epoch()),
            sha256,
            bytes,
            holds,
            rank: Rank::User,
            ..Source::default()
        };
        let position = self.layers.partition_point(|(source, _)| source.rank == Rank::User);
        self.layers.insert(position, (source, database));
        Ok(())
    }

    /// The sources in use, in the order in which they are asked; what says where countries lie comes last.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        let lists = self.feeds.iter().map(|(source, _)| source);
        lists.chain(self.layers.iter().map(|(source, _)| source)).chain([&self.extent])
    }

    /// Compares the shipped data with the checksums of its list.
    pub(crate) fn check(&self) -> Result<(), GeoError> {
        for source in self.sources().filter(|source| source.rank == Rank::Shipped) {
            let found = sha256(shipped_bytes(&source.file)?);
            if found != source.sha256 {
                return Err(shipped_error(&source.file, &format!("its sha256 is {found}, expected {}", source.sha256)));
            }
        }
        Ok(())
    }

    /// Everything the sources say about an address.
    #[must_use]
    pub(crate) fn look_up(&self, address: IpAddr) -> Place {
        let mut place = Place::nowhere(Site::of(address));
        if place.site.scope != Scope::Global {
            place.country_basis = CountryBasis::SpecialRange;
            return place;
        }
        for (source, feed) in &self.feeds {
            place.hear_list(source, feed);
        }
        for (source, database) in &self.layers {
            match database.look_up(place.site.address) {
                Ok(entry) => place.hear(source, entry),
                Err(_) => place.unreadable.push(Arc::clone(&source.name)),
            }
        }
        place.settle();
        place
    }

    /// The file's name without its ending, or the whole path when another source has that name.
    fn free_name(&self, path: &Path, file: &str) -> Arc<str> {
        let stem = path.file_stem().map_or_else(|| file.into(), |stem| stem.to_string_lossy());
        let taken = self.sources().any(|source| *source.name == *stem);
        Arc::from(if taken { file } else { &stem })
    }
}

impl Place {
    const fn nowhere(site: Site) -> Self {
        Self {
            site,
            country: None,
            country_candidates: Vec::new(),
            country_basis: CountryBasis::None,
            struck: Vec::new(),
            range: None,
            asn: None,
            as_org: None,
            unreadable: Vec::new(),
        }
    }

    /// The countries that the deciding sources name: the user's files where one of them answers, else the shipped ones.
    #[must_use]
    pub(crate) fn deciding(&self) -> BTreeSet<Country> {
        let rank = self.country_candidates.first().map(|candidate| candidate.rank);
        self.country_candidates.iter().filter(|candidate| Some(candidate.rank) == rank).map(|candidate| candidate.country).collect()
    }

    /// Strikes out what lies farther away than the remote can be, and settles anew. What is left of a dispute is settled
    /// by that, and so is a country that only a weaker source still names.
    pub(crate) fn strike(&mut self, distances: &Distances, reach_km: u64) {
        let said = self.country;
        let (left, struck) = distances.strike(std::mem::take(&mut self.country_candidates), reach_km);
        (self.country_candidates, self.struck) = (left, struck);
        if self.struck.is_empty() {
            return;
        }
        self.country = None;
        self.settle();
        if self.country_candidates.is_empty() && !self.is_anycast() {
            self.country_basis = CountryBasis::Struck;
        } else if self.country.is_some() && self.country != said {
            self.country_basis = CountryBasis::Rtt;
        }
    }

    /// The provider says that the address is announced from many places.
    fn is_anycast(&self) -> bool {
        self.range.as_ref().is_some_and(|range| range.is_anycast)
    }

    /// An address that is announced from many places has the country of none of them by its provider's list.
    fn hear_list(&mut self, source: &Source, feed: &Feed) {
        let said = match feed {
            Feed::Geofeed(feed) => feed.look_up(self.site.address).and_then(|(_, country)| *country),
            Feed::Provider(ranges) => {
                let Some((_, range)) = ranges.look_up(self.site.address) else { return };
                // Of several lists one that knows the place tells more.
                if self.range.as_ref().is_none_or(|known| known.region.is_none() && !known.is_anycast) {
                    self.range = Some(range.clone());
                }
                range.country.filter(|_| !range.is_anycast)
            }
        };
        if let Some(country) = said {
            self.country_candidates.push(Candidate { source: Arc::clone(&source.name), rank: source.rank, country });
        }
    }

    fn hear(&mut self, source: &Source, entry: Entry) {
        if let Some(country) = entry.country {
            self.country_candidates.push(Candidate { source: Arc::clone(&source.name), rank: source.rank, country });
        }
        self.asn = self.asn.or(entry.asn);
        if self.as_org.is_none() && self.asn == entry.asn {
            self.as_org = entry.as_org;
        }
    }

    fn settle(&mut self) {
        let deciding = self.deciding();
        let rank = self.country_candidates.first().map_or(Rank::Shipped, |first| first.rank);
        if self.is_anycast() && rank == Rank::Shipped {
            self.country_basis = CountryBasis::Anycast;
            return;
        }
        let Some(first) = self.country_candidates.first() else { return };
        self.country_basis = match (deciding.len(), first.rank) {
            (2.., _) => CountryBasis::Disputed,
            (_, Rank::Provider) => CountryBasis::ProviderRange,
            (_, Rank::Geofeed) => CountryBasis::Geofeed,
            (_, Rank::User) => CountryBasis::UserFile,
            (_, Rank::Shipped) if self.country_candidates.len() > 1 => CountryBasis::SourcesAgree,
            (_, Rank::Shipped) => CountryBasis::OneSource,
        };
        if self.country_basis != CountryBasis::Disputed {
            self.country = Some(first.country);
        }
    }
}

#[derive(Deserialize)]
struct List {
    source: Vec<Source>,
}

fn shipped_layer(mut source: Source) -> Result<(Source, Database), GeoError> {
    source.holds = Holds { country: source.what == "country", asn: source.what == "asn", other: "" };
    let database =
        Database::shipped(shipped_bytes(&source.file)?, source.holds).map_err(|error| shipped_error(&source.file, &error.to_string()))?;
    Ok((source, database))
}

fn shipped_bytes(file: &str) -> Result<&'static [u8], GeoError> {
    let found = SHIPPED.iter().find(|(name, _)| *name == file);
    found.map(|(_, bytes)| *bytes).ok_or_else(|| shipped_error(file, "listed in sources.toml, but not in the program"))
}

pub(super) fn shipped_error(file: &str, detail: &str) -> GeoError {
    GeoError::Shipped { file: file.to_owned(), detail: detail.to_owned() }
}

/// The text of a list of address ranges.
fn list_text(path: &Path, what: &'static str) -> Result<String, GeoError> {
    let fault = |detail: String| GeoError::List { path: path.to_path_buf(), what, detail };
    let mut raw = Vec::new();
    let file = std::fs::File::open(path).map_err(|error| fault(error.to_string()))?;
    file.take(limits::FEED_BYTES + 1).read_to_end(&mut raw).map_err(|error| fault(error.to_string()))?;
    if raw.len() as u64 > limits::FEED_BYTES {
        return Err(fault(format!("it has more than {} bytes", limits::FEED_BYTES)));
    }
    String::from_utf8(raw).map_err(|error| fault(format!("no text behind byte {}", error.utf8_error().valid_up_to())))
}

fn sha256(raw: &[u8]) -> String {
    Sha256::digest(raw).iter().fold(String::with_capacity(64), |mut text, byte| {
        #[expect(clippy::let_underscore_must_use, reason = "writing to a String cannot fail")]
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The day of a build time, UTC.
fn day(epoch: u64) -> String {
    let time = Timestamp::from_parts(i64::try_from(epoch).unwrap_or(i64::MAX), 0).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/geo").join(name)
    }

    fn geo(files: &[&str]) -> Geo {
        listed(&[], &[], files)
    }

    fn listed(provider_ranges: &[&str], geofeeds: &[&str], databases: &[&str]) -> Geo {
        let [provider_ranges, geofeeds, databases] =
            [provider_ranges, geofeeds, databases].map(|files| files.iter().map(|file| fixture(file)).collect::<Vec<_>>());
        Geo::with(&Lists { provider_ranges: &provider_ranges, geofeeds: &geofeeds, databases: &databases }).unwrap()
    }

    fn place(geo: &Geo, address: &str) -> Place {
        geo.look_up(address.parse().unwrap())
    }

    fn codes(place: &Place) -> Vec<&'static str> {
        place.country_candidates.iter().map(|candidate| candidate.country.as_str()).collect()
    }

    fn country(place: &Place) -> Option<&'static str> {
        place.country.map(Country::as_str)
    }

    #[test]
    fn the_shipped_files_are_the_ones_listed() {
        let geo = geo(&[]);
        geo.check().unwrap();
        assert_eq!(geo.sources().map(|source| source.holds.as_str()).collect::<Vec<_>>(), ["country", "country", "asn", "extent"]);
        for source in geo.sources() {
            assert_eq!(source.bytes, shipped_bytes(&source.file).unwrap().len() as u64);
            assert!(
                ![&source.licence, &source.attribution, &source.known_errors, &source.package_sha256].iter().any(|text| text.is_empty())
            );
        }
        for (_, database) in &geo.layers {
            assert!(database.build_epoch() > 1_700_000_000);
        }
    }

    #[test]
    fn addresses_with_labels_from_outside() {
        let geo = geo(&[]);
        let argued_over = place(&geo, "47.91.161.230");
        assert_eq!((country(&argued_over), argued_over.country_basis), (None, CountryBasis::Disputed));
        assert_eq!(codes(&argued_over), ["US", "HK"]);
        assert_eq!(argued_over.asn, Some(45102));
        assert!(argued_over.as_org.as_deref().is_some_and(|name| name.starts_with("Alibaba (US)")));
        for (address, code, asn) in [("121.43.186.94", "CN", 37963), ("47.88.66.155", "US", 45102), ("120.132.176.172", "CN", 23724)] {
            let found = place(&geo, address);
            assert_eq!((country(&found), found.country_basis), (Some(code), CountryBasis::SourcesAgree), "{address}");
            assert_eq!(found.asn, Some(asn), "{address}");
        }
        assert_eq!(place(&geo, "2400:cb00::1").asn, Some(13335));
    }

    #[test]
    fn an_address_inside_another_is_the_one_looked_up() {
        let geo = geo(&[]);
        for carrier in ["::ffff:121.43.186.94", "64:ff9b::121.43.186.94", "2002:792b:ba5e::1"] {
            assert_eq!(country(&place(&geo, carrier)), Some("CN"), "{carrier}");
        }
    }

    #[test]
    fn special_ranges_lie_in_no_country() {
        let geo = geo(&[]);
        for address in ["192.0.2.1", "2001:db8::1", "10.0.0.1", "100.64.0.1", "fe80::1", "239.255.255.250", "2002:a00:1::"] {
            let found = place(&geo, address);
            assert_eq!(found, Place { country_basis: CountryBasis::SpecialRange, ..Place::nowhere(found.site) }, "{address}");
        }
    }

    #[test]
    fn a_file_of_the_user_decides() {
        let found = place(&geo(&["maxmind.mmdb", "maxmind-asn.mmdb"]), "47.91.161.230");
        assert_eq!((country(&found), found.country_basis), (Some("HK"), CountryBasis::UserFile));
        assert_eq!(codes(&found), ["HK", "US", "HK"]);
        assert_eq!((found.asn, found.as_org.as_deref()), (Some(64500), Some("Example Carrier")));
    }

    #[test]
    fn what_is_published_for_the_range_comes_first() {
        let geo = listed(&["ip-ranges.json"], &["geofeed.csv"], &["maxmind.mmdb"]);
        let of_provider = place(&geo, "54.169.3.77");
        assert_eq!((country(&of_provider), of_provider.country_basis), (Some("SG"), CountryBasis::ProviderRange));
        assert_eq!(codes(&of_provider)[..2], ["SG", "CN"]);
        let range = of_provider.range.unwrap();
        assert_eq!((range.provider, range.region.as_deref(), range.is_anycast), ("AWS", Some("ap-southeast-1"), false));
        let of_feed = place(&geo, "47.91.161.230");
        assert_eq!((country(&of_feed), of_feed.country_basis, of_feed.range), (Some("HK"), CountryBasis::Geofeed, None));
        let inside = place(&geo, "::ffff:47.91.161.9");
        assert_eq!(inside.country_basis, CountryBasis::Geofeed);
    }

    #[test]
    fn databases_do_not_settle_where_an_anycast_address_was_answered() {
        let anycast = place(&listed(&["ip-ranges.json"], &[], &[]), "13.112.60.5");
        assert_eq!((country(&anycast), anycast.country_basis), (None, CountryBasis::Anycast));
        assert!(!anycast.country_candidates.is_empty() && anycast.range.is_some_and(|range| range.is_anycast));
        // The analyst may know.
        let known = place(&listed(&["ip-ranges.json"], &["geofeed.csv"], &[]), "13.112.60.5");
        assert_eq!((country(&known), known.country_basis), (Some("JP"), CountryBasis::Geofeed));
    }

    #[test]
    fn a_list_of_another_time_is_told() {
        let geo = listed(&["ip-ranges.json"], &["geofeed.csv"], &["ipinfo.mmdb"]);
        let told = |first: &str, last: &str| {
            let time = |day: &str| {
                let days = (day.parse::<Date>().unwrap() - "1970-01-01".parse::<Date>().unwrap()).get_days();
                Timestamp::from_parts(i64::from(days) * 86_400 + 3_600, 0)
            };
            geo.sources().filter_map(|source| source.stale(time(first), time(last))).collect::<Vec<_>>()
        };
        assert!(told("2024-01-20", "2024-02-01").is_empty() && told("2023-12-10", "2023-12-10").is_empty());
        let late = told("2026-06-17", "2026-06-18");
        assert!(late.len() == 1 && late[0].contains("of 2024-01-01, 898 days from the capture, which begins on 2026-06-17"), "{late:?}");
        assert_eq!(told("2023-11-01", "2023-11-02").len(), 1);
    }

    fn struck(files: &[&str], address: &str, vantage: &str, reach_km: u64) -> Place {
        let mut found = place(&geo(files), address);
        found.strike(&Distances::from(vantage.parse().unwrap()).unwrap(), reach_km);
        found
    }

    #[test]
    fn a_dispute_is_settled_by_what_lies_too_far_away() {
        let found = struck(&[], "47.91.161.230", "37.77,-122.42,US", 1_000);
        assert_eq!((country(&found), found.country_basis), (Some("US"), CountryBasis::Rtt));
        assert_eq!((codes(&found), found.struck.len()), (vec!["US"], 1));
        assert_eq!(found.struck[0].candidate.country.as_str(), "HK");
        let found = struck(&[], "47.91.161.230", "22.3,114.17,HK", 1_000);
        assert_eq!((country(&found), found.country_basis), (Some("HK"), CountryBasis::Rtt));
        // A bound that reaches all of them settles nothing.
        let found = struck(&[], "47.91.161.230", "37.77,-122.42,US", 12_000);
        assert_eq!((country(&found), found.country_basis, found.struck.len()), (None, CountryBasis::Disputed, 0));
    }

    #[test]
    fn what_cannot_be_is_not_believed_whoever_says_it() {
        let found = struck(&[], "121.43.186.94", "37.77,-122.42,US", 1_000);
        assert_eq!((country(&found), found.country_basis), (None, CountryBasis::Struck));
        assert_eq!((codes(&found), found.struck.len()), (vec![], 2));
        // The user's file says HK, and only the shipped US is near enough.
        let found = struck(&["maxmind.mmdb"], "47.91.161.230", "37.77,-122.42,US", 1_000);
        assert_eq!((country(&found), found.country_basis, codes(&found)), (Some("US"), CountryBasis::Rtt, vec!["US"]));
        // It says HK, and that is near enough: what else is struck out changes nothing.
        let found = struck(&["maxmind.mmdb"], "47.91.161.230", "22.3,114.17,HK", 1_000);
        assert_eq!((country(&found), found.country_basis, found.struck.len()), (Some("HK"), CountryBasis::UserFile, 1));
    }

    #[test]
    fn where_a_file_of_the_user_is_silent_the_shipped_ones_decide() {
        let found = place(&geo(&["maxmind.mmdb", "maxmind-asn.mmdb"]), "121.43.186.94");
        assert_eq!((country(&found), found.country_basis, found.asn), (Some("CN"), CountryBasis::SourcesAgree, Some(37963)));
    }

    #[test]
    fn files_of_the_user_that_disagree_settle_nothing() {
        let found = place(&geo(&["ipinfo.mmdb", "plain-v4.mmdb"]), "47.91.161.230");
        assert_eq!((country(&found), found.country_basis), (None, CountryBasis::Disputed));
        assert_eq!(codes(&found), ["SG", "US", "US", "HK"]);
        assert_eq!(found.deciding().len(), 2);
    }

    #[test]
    fn flat_keys_and_numbers_as_text_are_read() {
        let found = place(&geo(&["plain-v4.mmdb"]), "47.91.161.230");
        assert_eq!((country(&found), found.asn, found.as_org.as_deref()), (Some("US"), Some(64502), Some("Example Org")));
        assert_eq!(place(&geo(&["ipinfo.mmdb"]), "47.91.161.230").asn, Some(64501));
    }

    #[test]
    fn what_is_no_country_is_no_candidate() {
        let found = place(&geo(&["plain-v4.mmdb"]), "1.1.1.1");
        assert!(found.country_candidates.iter().all(|candidate| candidate.rank == Rank::Shipped));
        assert_ne!(found.as_org.as_deref(), Some("not an organisation without a number"));
    }

    #[test]
    fn an_ipv4_file_says_nothing_about_ipv6() {
        let found = place(&geo(&["plain-v4.mmdb"]), "2400:cb00::1");
        assert!(found.unreadable.is_empty());
    }

    #[test]
    fn files_are_told_apart_and_dated() {
        let geo = geo(&["ipinfo.mmdb", "ipinfo.mmdb"]);
        let names: BTreeSet<_> = geo.sources().map(|source| Arc::clone(&source.name)).collect();
        assert_eq!(names.len(), 6);
        let first = geo.sources().next().unwrap();
        assert_eq!((&*first.name, first.build_date.as_str(), first.holds.as_str()), ("ipinfo", "2020-01-01", "country, asn"));
        assert_eq!(first.sha256, sha256(&std::fs::read(fixture("ipinfo.mmdb")).unwrap()));
    }

    #[test]
    fn a_file_that_cannot_serve_is_refused_by_name() {
        for (file, reason) in [("ip-ranges.json", "as geofeed: line 1: "), ("nowhere.csv", "as geofeed: ")] {
            let error = Geo::with(&Lists { geofeeds: &[fixture(file)], ..Lists::default() }).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(file), "{error}");
        }
        for (file, reason) in [("nowhere.mmdb", "cannot read"), ("make", "cannot use"), ("foreign.mmdb", "no country and no AS number")] {
            let error = Geo::shipped().unwrap().add_file(&fixture(file)).unwrap_err().to_string();
            assert!(error.contains(reason) && error.contains(file), "{error}");
        }
    }
}
