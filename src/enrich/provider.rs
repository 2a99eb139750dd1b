//! The lists of address ranges that cloud providers publish, each known by its structure:
//!
//! | list | looks like |
//! |---|---|
//! | AWS `ip-ranges.json` | `{"createDate", "prefixes": [{"ip_prefix", "region", "service", "network_border_group"}], "ipv6_prefixes"}` |
//! | Google `cloud.json`, `goog.json` | `{"creationTime", "prefixes": [{"ipv4Prefix" or "ipv6Prefix", "service", "scope"}]}` |
//! | Azure `ServiceTags_Public_YYYYMMDD.json` | `{"changeNumber", "cloud", "values": [{"name", "properties": {"region", "addressPrefixes"}}]}` |
//! | Cloudflare `ips-v4`, `ips-v6`, or its API | one range a line; `{"result": {"ipv4_cidrs", "ipv6_cidrs"}}` |

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use hashbrown::HashMap;
use ipnet::IpNet;
use serde::Deserialize;

use super::Country;
use super::geo::{GeoError, shipped_error};
use super::prefixes::{Prefixes, net};
use crate::limits;
use crate::wire::escape;

/// Countries of the regions that providers name.
const REGIONS: (&str, &str) = ("provider-regions.toml", include_str!("../../geoip/provider-regions.toml"));

/// Ranges by which Cloudflare's plain lists are known: they do not say whose they are, and these have been its own since
/// its first list.
const CLOUDFLARE: [&str; 2] = ["173.245.48.0/20", "2400:cb00::/32"];

/// Services of AWS whose addresses are announced from many places, whichever region they are counted to.
const AWS_ANYCAST: [&str; 2] = ["CLOUDFRONT", "GLOBALACCELERATOR"];

/// What a list says of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    /// Whose it is.
    pub(crate) provider: &'static str,
    /// The provider's own word for the place, escaped.
    pub(crate) region: Option<Arc<str>>,
    /// The country of that.
    pub(crate) country: Option<Country>,
    /// Announced from many places at once.
    pub(crate) is_anycast: bool,
}

/// A list that was read.
#[derive(Debug)]
pub(super) struct Listed {
    /// What it says.
    pub(super) ranges: Prefixes<Range>,
    /// Whose it is.
    pub(super) provider: &'static str,
    /// The provider's number of this edition.
    pub(super) version: String,
    /// Its day, `YYYY-MM-DD`; empty when it has none.
    pub(super) date: String,
}

/// Countries by provider and region.
#[derive(Debug)]
pub(super) struct Regions(HashMap<(String, String), Country>);

impl Regions {
    /// The table inside the program.
    pub(super) fn shipped() -> Result<Self, GeoError> {
        let file: BTreeMap<String, Provider> = toml::from_str(REGIONS.1).map_err(|error| shipped_error(REGIONS.0, error.message()))?;
        let mut regions = HashMap::new();
        for (key, provider) in file {
            for (code, names) in provider.regions {
                let country = Country::from_code(&code).ok_or_else(|| shipped_error(REGIONS.0, &format!("{code} is no country")))?;
                for name in names {
                    if regions.insert((key.clone(), name.clone()), country).is_some() {
                        return Err(shipped_error(REGIONS.0, &format!("{key} {name} stands there twice")));
                    }
                }
            }
        }
        Ok(Self(regions))
    }

    fn country(&self, key: &str, region: &str) -> Option<Country> {
        self.0.get(&(key.to_owned(), region.to_owned())).copied()
    }
}

/// A provider in the table.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Provider {
    #[expect(dead_code, reason = "for who reads the file")]
    name: String,
    #[expect(dead_code, reason = "for who checks the file")]
    source: String,
    #[expect(dead_code, reason = "for who checks the file")]
    date: String,
    regions: BTreeMap<String, Vec<String>>,
}

/// A range in JSON; what is none is told with its line.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
struct Net(IpNet);

impl TryFrom<String> for Net {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        net(&text).map(Self)
    }
}

/// Any of the lists in JSON: which one it is, is told by what is there.
#[derive(Deserialize)]
struct Document {
    #[serde(rename = "createDate")]
    created_aws: Option<String>,
    #[serde(rename = "creationTime")]
    created_google: Option<String>,
    #[serde(rename = "syncToken")]
    token: Option<String>,
    #[serde(rename = "changeNumber")]
    change: Option<u64>,
    prefixes: Option<Vec<Prefix>>,
    #[serde(default)]
    ipv6_prefixes: Vec<Prefix>,
    values: Option<Vec<Tag>>,
    result: Option<Cloudflare>,
}

#[derive(Deserialize)]
struct Prefix {
    #[serde(alias = "ipv6_prefix", alias = "ipv4Prefix", alias = "ipv6Prefix")]
    ip_prefix: Net,
    region: Option<String>,
    network_border_group: Option<String>,
    service: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct Tag {
    name: String,
    properties: Properties,
}

#[derive(Deserialize)]
struct Properties {
    #[serde(default)]
    region: String,
    #[serde(rename = "addressPrefixes", default)]
    prefixes: Vec<Net>,
}

#[derive(Deserialize)]
struct Cloudflare {
    #[serde(default)]
    ipv4_cidrs: Vec<Net>,
    #[serde(default)]
    ipv6_cidrs: Vec<Net>,
}

/// Reads a list; `path` may have its date. An error names the line.
pub(super) fn read(text: &str, path: &Path, regions: &Regions) -> Result<Listed, String> {
    let text = text.trim_start_matches('\u{feff}');
    let listed = if text.trim_start().starts_with('{') { json(text, path, regions)? } else { plain(text)? };
    if listed.ranges.len() == 0 {
        return Err("no address range in it".to_owned());
    }
    Ok(listed)
}

fn json(text: &str, path: &Path, regions: &Regions) -> Result<Listed, String> {
    let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match document {
        Document { values: Some(tags), change: Some(change), .. } => azure(tags, change, path, regions),
        Document { result: Some(lists), .. } => {
            let nets = lists.ipv4_cidrs.into_iter().chain(lists.ipv6_cidrs).map(|net| net.0);
            cloudflare(nets.collect())
        }
        Document { prefixes: Some(prefixes), created_aws: Some(date), token, ipv6_prefixes, .. } => {
            let mut list = Listed::new("AWS", &date, token);
            prefixes.into_iter().chain(ipv6_prefixes).try_for_each(|prefix| list.add(prefix.ip_prefix.0, aws(&prefix, regions)))?;
            Ok(list)
        }
        Document { prefixes: Some(prefixes), created_google: Some(date), token, .. } => {
            let is_cloud = prefixes.iter().any(|prefix| prefix.scope.is_some());
            let mut list = Listed::new(if is_cloud { "Google Cloud" } else { "Google" }, &date, token);
            let provider = list.provider;
            prefixes.into_iter().try_for_each(|prefix| list.add(prefix.ip_prefix.0, google(provider, &prefix, regions)))?;
            Ok(list)
        }
        _ => Err("JSON of none of the lists known: ip-ranges.json of AWS, cloud.json of Google, ServiceTags of Azure, ips of Cloudflare"
            .to_owned()),
    }
}

impl Listed {
    fn new(provider: &'static str, date: &str, version: Option<String>) -> Self {
        let version = version.as_deref().map(|version| escape(version.as_bytes())).unwrap_or_default();
        Self { ranges: Prefixes::default(), provider, version, date: day(date) }
    }

    fn add(&mut self, net: IpNet, range: Range) -> Result<(), String> {
        if self.ranges.len() >= limits::FEED_PREFIXES {
            return Err(format!("more than {} ranges", limits::FEED_PREFIXES));
        }
        self.ranges.put(net, |known| match known {
            Some(known) => known.and(range),
            None => range,
        });
        Ok(())
    }
}

impl Range {
    /// The same range under several services: it is anycast when one of them is, and a place that only one of them names is
    /// its place; two different ones are none.
    fn and(self, other: Self) -> Self {
        let is_anycast = self.is_anycast || other.is_anycast;
        let (region, country) = match (self.country.is_some(), other.country.is_some()) {
            (false, true) => (other.region, other.country),
            (true, true) if self.region != other.region => (None, self.country.filter(|_| self.country == other.country)),
            _ => (self.region.or(other.region), self.country),
        };
        Self { provider: self.provider, region, country, is_anycast }
    }
}

fn word(region: &str) -> Option<Arc<str>> {
    (!region.is_empty()).then(|| escape(region.as_bytes()).into())
}

fn aws(prefix: &Prefix, regions: &Regions) -> Range {
    let region = prefix.network_border_group.as_deref().or(prefix.region.as_deref()).unwrap_or_default();
    let is_global = prefix.region.as_deref() == Some("GLOBAL");
    let is_anycast = is_global || prefix.service.as_deref().is_some_and(|service| AWS_ANYCAST.contains(&service));
    Range { provider: "AWS", region: word(region), country: regions.country("aws", region), is_anycast }
}

fn google(provider: &'static str, prefix: &Prefix, regions: &Regions) -> Range {
    let region = prefix.scope.as_deref().unwrap_or_default();
    Range { provider, region: word(region), country: regions.country("gcp", region), is_anycast: region == "global" }
}

/// A range stands under many tags: that of its service, with and without the region, and that of the cloud as a whole.
fn azure(tags: Vec<Tag>, change: u64, path: &Path, regions: &Regions) -> Result<Listed, String> {
    let mut list = Listed::new("Azure", &day_of_name(path), Some(change.to_string()));
    for tag in tags {
        let region = tag.properties.region;
        let range = Range {
            provider: "Azure",
            region: word(&region),
            country: regions.country("azure", &region),
            is_anycast: tag.name.starts_with("AzureFrontDoor"),
        };
        tag.properties.prefixes.into_iter().try_for_each(|net| list.add(net.0, range.clone()))?;
    }
    Ok(list)
}

fn plain(text: &str) -> Result<Listed, String> {
    let lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.split('#').next().unwrap_or_default().trim()));
    let nets = lines.filter(|(_, line)| !line.is_empty()).map(|(place, line)| net(line).map_err(|fault| format!("line {place}: {fault}")));
    let nets: Vec<IpNet> = nets.collect::<Result<_, _>>()?;
    if !nets.iter().any(|net| CLOUDFLARE.contains(&net.to_string().as_str())) {
        return Err(format!("a plain list does not say whose it is; Cloudflare's is known by {} or {}", CLOUDFLARE[0], CLOUDFLARE[1]));
    }
    cloudflare(nets)
}

/// All of its ranges are announced from all of its places.
fn cloudflare(nets: Vec<IpNet>) -> Result<Listed, String> {
    let mut list = Listed::new("Cloudflare", "", None);
    let range = Range { provider: "Cloudflare", region: None, country: None, is_anycast: true };
    nets.into_iter().try_for_each(|net| list.add(net, range.clone()))?;
    Ok(list)
}

/// `2026-06-17-19-03-07` and `2026-06-17T13:03:47.1` to their day; anything else is none.
fn day(text: &str) -> String {
    let day = text.get(..10).unwrap_or_default();
    if day.parse::<jiff::civil::Date>().is_ok() { day.to_owned() } else { String::new() }
}

/// The day in `ServiceTags_Public_20260615.json`.
fn day_of_name(path: &Path) -> String {
    let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let digits = name.rsplit('_').next().unwrap_or_default();
    let parts = (digits.get(..4), digits.get(4..6), digits.get(6..8));
    match parts {
        (Some(year), Some(month), Some(date)) if digits.len() == 8 => day(&format!("{year}-{month}-{date}")),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str, name: &str) -> Listed {
        read(text, Path::new(name), &Regions::shipped().unwrap()).unwrap()
    }

    /// Provider, region, country and anycast of an address.
    fn said(listed: &Listed, address: &str) -> (&'static str, Option<String>, Option<&'static str>, bool) {
        let (_, range) = listed.ranges.look_up(address.parse().unwrap()).unwrap();
        (range.provider, range.region.as_deref().map(str::to_owned), range.country.map(Country::as_str), range.is_anycast)
    }

    const AWS: &str = r#"{"syncToken": "1781723000", "createDate": "2026-06-17-19-03-20", "prefixes": [
        {"ip_prefix": "3.5.140.0/22", "region": "ap-northeast-2", "service": "AMAZON", "network_border_group": "ap-northeast-2"},
        {"ip_prefix": "3.5.140.0/22", "region": "ap-northeast-2", "service": "S3", "network_border_group": "ap-northeast-2"},
        {"ip_prefix": "15.220.120.0/21", "region": "us-east-1", "service": "EC2", "network_border_group": "us-east-1-bue-1"},
        {"ip_prefix": "120.52.22.96/27", "region": "GLOBAL", "service": "CLOUDFRONT", "network_border_group": "GLOBAL"},
        {"ip_prefix": "13.248.0.0/20", "region": "us-west-2", "service": "GLOBALACCELERATOR", "network_border_group": "us-west-2"},
        {"ip_prefix": "198.51.100.0/24", "region": "xx-new-9", "service": "EC2", "network_border_group": "xx-new-9"}],
        "ipv6_prefixes": [
        {"ipv6_prefix": "2a05:d07a:a000::/40", "region": "eu-south-1", "service": "AMAZON", "network_border_group": "eu-south-1"}]}"#;

    #[test]
    fn amazons_list() {
        let aws = list(AWS, "ip-ranges.json");
        assert_eq!((aws.provider, aws.date.as_str(), aws.version.as_str(), aws.ranges.len()), ("AWS", "2026-06-17", "1781723000", 6));
        assert_eq!(said(&aws, "3.5.141.1"), ("AWS", Some("ap-northeast-2".into()), Some("KR"), false));
        // A Local Zone in Buenos Aires belongs to a region in Virginia.
        assert_eq!(said(&aws, "15.220.120.9"), ("AWS", Some("us-east-1-bue-1".into()), Some("AR"), false));
        assert_eq!(said(&aws, "120.52.22.97"), ("AWS", Some("GLOBAL".into()), None, true));
        assert_eq!(said(&aws, "13.248.1.1"), ("AWS", Some("us-west-2".into()), Some("US"), true));
        assert_eq!(said(&aws, "198.51.100.1"), ("AWS", Some("xx-new-9".into()), None, false));
        assert_eq!(said(&aws, "2a05:d07a:a000::1"), ("AWS", Some("eu-south-1".into()), Some("IT"), false));
    }

    #[test]
    fn googles_lists() {
        let text = r#"{"syncToken": "1", "creationTime": "2026-06-17T13:03:47.4", "prefixes": [
            {"ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud", "scope": "africa-south1"},
            {"ipv6Prefix": "2600:1900:8000::/44", "service": "Google Cloud", "scope": "us-central1"},
            {"ipv4Prefix": "34.96.64.0/18", "service": "Google Cloud", "scope": "global"}]}"#;
        let cloud = list(text, "cloud.json");
        assert_eq!((cloud.provider, cloud.date.as_str()), ("Google Cloud", "2026-06-17"));
        assert_eq!(said(&cloud, "34.1.209.1"), ("Google Cloud", Some("africa-south1".into()), Some("ZA"), false));
        assert_eq!(said(&cloud, "2600:1900:8000::1"), ("Google Cloud", Some("us-central1".into()), Some("US"), false));
        assert_eq!(said(&cloud, "34.96.64.1"), ("Google Cloud", Some("global".into()), None, true));
        let all = list(r#"{"creationTime": "2026-06-17T13:03:47", "prefixes": [{"ipv4Prefix": "8.8.8.0/24"}]}"#, "goog.json");
        assert_eq!(said(&all, "8.8.8.8"), ("Google", None, None, false));
    }

    #[test]
    fn microsofts_list() {
        let text = r#"{"changeNumber": 377, "cloud": "Public", "values": [
            {"name": "AzureCloud", "id": "AzureCloud", "properties": {"region": "", "addressPrefixes": ["4.144.0.0/17", "192.0.2.0/24"]}},
            {"name": "AzureCloud.uksouth", "properties": {"region": "uksouth", "addressPrefixes": ["4.144.0.0/17"]}},
            {"name": "Storage.UKSouth", "properties": {"region": "uksouth", "addressPrefixes": ["4.144.0.0/17"]}},
            {"name": "AzureFrontDoor.Frontend", "properties": {"region": "", "addressPrefixes": ["13.107.208.0/24", "2620:1ec:bdf::/48"]}}]}"#;
        let azure = list(text, "lists/ServiceTags_Public_20260615.json");
        assert_eq!((azure.date.as_str(), azure.version.as_str()), ("2026-06-15", "377"));
        assert_eq!(said(&azure, "4.144.0.1"), ("Azure", Some("uksouth".into()), Some("GB"), false));
        assert_eq!(said(&azure, "192.0.2.1"), ("Azure", None, None, false));
        assert_eq!(said(&azure, "2620:1ec:bdf::1"), ("Azure", None, None, true));
        assert_eq!(list(text, "tags.json").date, "");
    }

    #[test]
    fn cloudflares_lists() {
        let plain = list("173.245.48.0/20\n103.21.244.0/22\n", "ips-v4");
        assert_eq!(said(&plain, "103.21.244.1"), ("Cloudflare", None, None, true));
        let text = r#"{"result": {"ipv4_cidrs": ["173.245.48.0/20"], "ipv6_cidrs": ["2400:cb00::/32"], "etag": "x"}, "success": true}"#;
        assert_eq!(said(&list(text, "ips.json"), "2400:cb00::1"), ("Cloudflare", None, None, true));
        assert_eq!(plain.date, "");
    }

    #[test]
    fn two_places_of_one_range_are_none() {
        let text = AWS.replacen(
            "\"region\": \"ap-northeast-2\", \"service\": \"S3\", \"network_border_group\": \"ap-northeast-2\"",
            "\"region\": \"eu-west-1\", \"service\": \"S3\", \"network_border_group\": \"eu-west-1\"",
            1,
        );
        assert_eq!(said(&list(&text, "x"), "3.5.141.1"), ("AWS", None, None, false));
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        let regions = Regions::shipped().unwrap();
        let refused = |text: &str| read(text, Path::new("x"), &regions).err().unwrap();
        assert!(refused("{\"prefixes\": []}").contains("none of the lists known"));
        assert!(refused("192.0.2.0/24\n").contains("does not say whose it is"));
        assert!(refused("192.0.2.0/24\nbad\n").starts_with("line 2: \"bad\""));
        assert!(refused(&AWS.replace("3.5.140.0/22", "3.5.140.0/99")).contains("at line 2"));
        assert!(refused("{").contains("line 1"));
        assert!(refused("").contains("does not say whose"));
        assert!(refused("{\"createDate\": \"2026-06-17-1\", \"prefixes\": []}").contains("no address range"));
    }
}
