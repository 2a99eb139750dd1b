//! `whereto geoip`: the address data in use, with licences and checksums, and what it says about an address.

use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use crate::enrich::{Embedding, Geo, Grouping, Lists, Place, Source};
use crate::wire::escape;

const EXAMPLES: &str = "Examples:
  whereto geoip                                    which data, from whom, of which day
  whereto geoip 47.91.161.230                      what every source says about an address
  whereto geoip --geoip GeoLite2-Country.mmdb IP   a file of your own decides
  whereto geoip --provider-ranges ip-ranges.json   the ranges that AWS publishes, and of which day
  whereto geoip --regions un-m49 --json IP         for a machine";

const CAVEATS: &str =
    "What address data cannot tell: an anycast or CDN address stands in many places at once; a range may be listed where its
holder is registered, not where its servers are; ranges change hands, so use data of the day of the capture. Sources
that disagree are shown as disputed, never averaged.";

/// Arguments of `whereto geoip`.
#[derive(Args, Debug)]
#[command(about = "Address data in use, and what it says about an address", after_help = EXAMPLES)]
pub struct GeoipArgs {
    /// Addresses to look up; without any, the sources are listed
    #[arg(value_name = "IP")]
    pub addresses: Vec<IpAddr>,
    /// Address database of your own (.mmdb of MaxMind, DB-IP, IPinfo, ip-location-db); decides before the shipped ones; repeatable
    #[arg(long = "geoip", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Geofeed (RFC 8805) of your own; decides before databases; repeatable
    #[arg(long, value_name = "FILE")]
    pub geofeed: Vec<PathBuf>,
    /// List that a cloud provider publishes of its address ranges: AWS, Google, Azure or Cloudflare; decides before all
    /// others; repeatable
    #[arg(long, value_name = "FILE")]
    pub provider_ranges: Vec<PathBuf>,
    /// Grouping of countries into regions
    #[arg(long, value_name = "GROUPING", default_value = Grouping::DEFAULT)]
    pub regions: String,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Lists the sources, or looks addresses up.
///
/// # Errors
///
/// When a file is no address database, a grouping does not exist, or `out` cannot be written.
pub fn run(args: &GeoipArgs, out: &mut dyn Write) -> anyhow::Result<()> {
    let geo = Geo::with(&Lists { provider_ranges: &args.provider_ranges, geofeeds: &args.geofeed, databases: &args.files })?;
    let grouping = Grouping::shipped(&args.regions)?;
    let places: Vec<_> = args.addresses.iter().map(|address| (*address, geo.look_up(*address))).collect();
    if args.json {
        return print_json(&geo, &grouping, &places, out);
    }
    if places.is_empty() {
        return list(&geo, out);
    }
    for (address, place) in &places {
        show(*address, place, &grouping, out)?;
    }
    Ok(())
}

fn list(geo: &Geo, out: &mut dyn Write) -> anyhow::Result<()> {
    geo.check()?;
    for source in geo.sources() {
        writeln!(out, "{}  {}  {}", escape(source.name.as_bytes()), source.holds.as_str(), source.build_date)?;
        for (label, value) in details(source) {
            if !value.is_empty() {
                writeln!(out, "  {label:<13}{}", escape(value.as_bytes()))?;
            }
        }
        writeln!(out)?;
    }
    for grouping in Grouping::all_shipped()? {
        writeln!(out, "regions {} {}: {}\n  {:<13}{}", grouping.id, grouping.version, grouping.title, "source", grouping.source)?;
        writeln!(out, "  {:<13}{}\n", "note", grouping.note)?;
    }
    writeln!(out, "{CAVEATS}\nThe shipped files have the checksums listed.")?;
    Ok(())
}

fn details(source: &Source) -> [(&'static str, String); 9] {
    let package = format!("{} {}", source.package, source.version);
    [
        ("file", source.file.clone()),
        ("sha256", source.sha256.clone()),
        ("bytes", source.bytes.to_string()),
        ("from", package.trim().to_owned()),
        ("changes", source.changes.clone()),
        ("licence", format!("{} {}", source.licence, source.licence_url).trim().to_owned()),
        ("attribution", source.attribution.clone()),
        ("known errors", source.known_errors.clone()),
        ("note", source.note.clone()),
    ]
}

fn show(address: IpAddr, place: &Place, grouping: &Grouping, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "{address}")?;
    if let Some(embedding) = place.site.embedding {
        writeln!(out, "  {:<11}{} ({})", "carries", place.site.address, embedding.as_str())?;
    }
    writeln!(out, "  {:<11}{}", "scope", place.site.scope.as_str())?;
    let country = place.country.map_or("-", |country| country.as_str());
    writeln!(out, "  {:<11}{country} ({})", "country", place.country_basis.as_str())?;
    for candidate in &place.country_candidates {
        writeln!(out, "  {:<13}{} {}", "", candidate.country, escape(candidate.source.as_bytes()))?;
    }
    for source in &place.unreadable {
        writeln!(out, "  {:<13}-- {}: damaged at this address", "", escape(source.as_bytes()))?;
    }
    if let Some(range) = &place.range {
        let region = range.region.as_deref().unwrap_or_default();
        let anycast = if range.is_anycast { "anycast" } else { "" };
        writeln!(out, "  {:<11}{}", "provider", [range.provider, region, anycast].join(" ").trim_end())?;
    }
    writeln!(out, "  {:<11}{} ({} {})", "region", grouping.region(place), grouping.id, grouping.version)?;
    if let Some(asn) = place.asn {
        let organisation = place.as_org.as_deref().unwrap_or_default();
        writeln!(out, "  {:<11}{asn} {}", "AS", escape(organisation.as_bytes()))?;
    }
    Ok(())
}

fn print_json(geo: &Geo, grouping: &Grouping, places: &[(IpAddr, Place)], out: &mut dyn Write) -> anyhow::Result<()> {
    geo.check()?;
    let object = json!({
        "addresses": places.iter().map(|(address, place)| place_json(*address, place, grouping)).collect::<Vec<_>>(),
        "regions": { "grouping": grouping.id, "version": grouping.version, "source": grouping.source },
        "sources": geo.sources().map(source_json).collect::<Vec<_>>(),
    });
    serde_json::to_writer_pretty(&mut *out, &object)?;
    writeln!(out)?;
    Ok(())
}

fn place_json(address: IpAddr, place: &Place, grouping: &Grouping) -> Value {
    json!({
        "address": address,
        "carries": place.site.embedding.map(|_| place.site.address),
        "embedding": place.site.embedding.map(Embedding::as_str),
        "scope": place.site.scope.as_str(),
        "country": place.country.map(|country| country.as_str()),
        "country_candidates": place.country_candidates.iter().map(|candidate| json!({
            "source": &*candidate.source,
            "country": candidate.country.as_str(),
        })).collect::<Vec<_>>(),
        "country_basis": place.country_basis.as_str(),
        "provider": place.range.as_ref().map(|range| range.provider),
        "provider_region": place.range.as_ref().and_then(|range| range.region.as_deref()),
        "anycast": place.range.as_ref().map(|range| range.is_anycast),
        "region": grouping.region(place),
        "asn": place.asn,
        "as_org": place.as_org,
        "unreadable": place.unreadable.iter().map(|source| &**source).collect::<Vec<_>>(),
    })
}

fn source_json(source: &Source) -> Value {
    json!({
        "name": &*source.name,
        "file": source.file,
        "holds": source.holds.as_str(),
        "build_date": source.build_date,
        "sha256": source.sha256,
        "bytes": source.bytes,
        "package": source.package,
        "version": source.version,
        "package_sha256": source.package_sha256,
        "changes": source.changes,
        "licence": source.licence,
        "licence_url": source.licence_url,
        "attribution": source.attribution,
        "known_errors": source.known_errors,
        "note": source.note,
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        geoip: GeoipArgs,
    }

    fn output(arguments: &[&str]) -> String {
        let line = Line::parse_from(["geoip"].iter().chain(arguments));
        let mut out = Vec::new();
        run(&line.geoip, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_address_is_shown_with_every_answer() {
        let shown = output(&["47.91.161.230"]);
        assert_eq!(
            shown,
            "47.91.161.230
  scope      global
  country    - (disputed)
               US geo-whois-asn
               HK dbip
  region     disputed (study 1)
  AS         45102 Alibaba (US) Technology Co., Ltd.
"
        );
    }

    #[test]
    fn what_an_address_carries_is_shown() {
        let shown = output(&["64:ff9b::192.168.1.1"]);
        assert!(shown.contains("carries    192.168.1.1 (nat64)") && shown.contains("scope      private"), "{shown}");
        assert!(shown.contains("region     local network"), "{shown}");
    }

    #[test]
    fn the_list_names_everyone_who_must_be_named() {
        let shown = output(&[]);
        for word in ["nro.net", "db-ip.com", "routeviews.org", "naturalearthdata.com", "CC-BY-4.0", "sha256", "known errors", "un-m49"] {
            assert!(shown.contains(word), "{word} is missing from\n{shown}");
        }
    }

    #[test]
    fn json_is_one_object() {
        let object: Value = serde_json::from_str(&output(&["--json", "47.91.161.230", "fe80::1"])).unwrap();
        assert_eq!(object["addresses"][0]["country"], Value::Null);
        assert_eq!(object["addresses"][0]["country_candidates"][1]["country"], "HK");
        assert_eq!(object["addresses"][1]["region"], "link-local");
        assert_eq!(object["sources"].as_array().map(Vec::len), Some(4));
    }

    #[test]
    fn a_hostile_organisation_reaches_no_terminal() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/geo/ipinfo.mmdb");
        let shown = output(&["--geoip", file, "47.91.161.230"]);
        assert!(shown.contains(r"64501 Example \x1b[31mHost") && !shown.contains('\x1b'), "{shown}");
    }
}
