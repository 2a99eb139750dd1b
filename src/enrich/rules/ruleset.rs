//! A rule file: TOML text in, checked rules and owners out, every problem with its place.

use std::net::IpAddr;
use std::ops::Range;

use ipnet::IpNet;
use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::pattern::{Closeness, HostPattern, PortRange};
use super::problem::Problem;
use crate::enrich::basis::Basis;
use crate::enrich::category;
use crate::enrich::host::{Host, MAX_NAME_BYTES};
use crate::enrich::owner::Owner;
use crate::enrich::party::{Party, Role};
use crate::limits;

/// Bytes of an id.
const MAX_ID_BYTES: usize = 100;

/// Who wrote a rule. The user's word beats the shipped one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Origin {
    /// Built into the program.
    Shipped,
    /// Added by the user.
    User,
}

/// How sure the writer of a rule is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Confidence {
    /// Read in the primary text or code, or measured.
    High,
    /// Read in a secondary text, or general knowledge of a well-known service.
    Medium,
    /// A single weak source, or an inference.
    Low,
}

impl Confidence {
    /// The word in rule files.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// Where a remote is, as a rule may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reach {
    /// On the local network, multicast and broadcast included.
    Local,
    /// Anywhere else.
    Public,
}

impl Reach {
    /// The word in rule files.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Public => "public",
        }
    }
}

/// What a rule looks at. All that is set must be met.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selector {
    /// Hosts, any of them.
    pub(crate) hosts: Vec<HostPattern>,
    /// Expression that the path must match.
    pub(crate) path: Option<Regex>,
    /// HTTP method, in capitals.
    pub(crate) method: Option<String>,
    /// Address or network of the remote.
    pub(crate) address: Option<IpNet>,
    /// Port of the remote.
    pub(crate) port: Option<PortRange>,
    /// Protocol recognised in the bytes.
    pub(crate) application: Option<String>,
    /// Where the remote is.
    pub(crate) scope: Option<Reach>,
}

impl Selector {
    /// What an answer of such a rule rests on: the weakest part that it cannot do without.
    pub(crate) fn basis(&self) -> Basis {
        if self.application.is_some() {
            Basis::Content
        } else if self.path.is_some() {
            Basis::Path
        } else if !self.hosts.is_empty() {
            Basis::Name
        } else if self.port.is_some() {
            Basis::Port
        } else {
            Basis::Address
        }
    }

    /// Whether the rule knows no more than local or public: the last resort.
    pub(super) fn is_scope_only(&self) -> bool {
        self.basis() == Basis::Address && self.address.is_none()
    }

    /// How closely address, port and protocol describe what they match.
    pub(super) fn closeness(&self) -> Closeness {
        let prefix = self.address.map(|net| Closeness::of_width(usize::from(net.prefix_len())));
        let port = self.port.map(PortRange::closeness);
        if self.basis() == Basis::Address { prefix.unwrap_or_default() } else { port.unwrap_or_default() }
    }

    /// Conditions beside the one that gives the basis.
    pub(super) fn qualifiers(&self) -> usize {
        let set = [self.method.is_some(), self.address.is_some(), self.port.is_some(), self.scope.is_some()];
        set.into_iter().filter(|is_set| *is_set).count()
    }

    /// The selector for one of its hosts, in words.
    pub(crate) fn text(&self, host: Option<&HostPattern>) -> String {
        let mut words = Vec::new();
        words.extend(self.application.as_ref().map(|application| format!("application {application}")));
        words.extend(self.method.clone());
        words.extend(host.map(|host| host.as_str().to_owned()));
        words.extend(self.path.as_ref().map(|path| format!("path {}", path.as_str())));
        words.extend(self.address.map(|net| net.to_string()));
        words.extend(self.port.map(|port| port.to_string()));
        words.extend(self.scope.map(|scope| format!("{} address", scope.as_str())));
        words.join(" ")
    }
}

/// One checked rule.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// Id, unique over all files.
    pub(crate) id: String,
    /// Name of its file's ruleset.
    pub(crate) ruleset: String,
    /// File as the user named it.
    pub(crate) file: String,
    /// Line of the file on which the rule begins.
    pub(crate) line: usize,
    /// Who wrote it.
    pub(crate) origin: Origin,
    /// What it looks at.
    pub(crate) selector: Selector,
    /// Categories it speaks for; one is a decision, several are candidates.
    pub(crate) categories: Vec<&'static str>,
    /// Application protocol inside the encryption of connections to its hosts.
    pub(crate) carries: Option<String>,
    /// Party, where it differs from what the owner's role gives.
    pub(crate) party: Option<Party>,
    /// Id of the owner, where neither name nor network tells.
    pub(crate) owner: Option<String>,
    /// What the rule knows, in a sentence.
    pub(crate) says: String,
    /// Where it is known from.
    pub(crate) source: String,
    /// When the source said so, or when the rule was written.
    pub(crate) date: String,
    /// How sure its writer is.
    pub(crate) confidence: Confidence,
}

/// A rule file, checked.
#[derive(Clone, Debug)]
pub(super) struct Ruleset {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) about: String,
    pub(super) rules: Vec<(Rule, Range<usize>)>,
    pub(super) owners: Vec<(Owner, Range<usize>)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    ruleset: RawHeader,
    #[serde(default)]
    rule: Vec<Spanned<RawRule>>,
    #[serde(default)]
    owner: Vec<Spanned<RawOwner>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHeader {
    name: Spanned<String>,
    version: Spanned<String>,
    about: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    id: Spanned<String>,
    host: Option<Spanned<String>>,
    #[serde(default)]
    hosts: Vec<Spanned<String>>,
    path: Option<Spanned<String>>,
    method: Option<Spanned<String>>,
    address: Option<Spanned<String>>,
    port: Option<Spanned<String>>,
    application: Option<Spanned<String>>,
    scope: Option<Reach>,
    category: Spanned<Vec<Spanned<String>>>,
    carries: Option<Spanned<String>>,
    party: Option<Spanned<String>>,
    owner: Option<String>,
    says: Spanned<String>,
    source: Spanned<String>,
    date: Spanned<String>,
    confidence: Confidence,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOwner {
    id: Spanned<String>,
    name: Spanned<String>,
    country: Spanned<String>,
    #[serde(default)]
    domains: Vec<Spanned<String>>,
    #[serde(default)]
    asns: Vec<u32>,
    role: Spanned<String>,
    source: Spanned<String>,
    date: Spanned<String>,
}

/// Reads a rule file, or tells everything that is wrong with it.
pub(super) fn read(file: &str, text: &str, origin: Origin) -> Result<Ruleset, Vec<Problem>> {
    let raw: RawFile = toml::from_str(text)
        .map_err(|error| vec![Problem::at(file, text, error.span().unwrap_or_default(), error.message().to_owned())])?;
    let mut reader = Reader { file, text, origin, ruleset: raw.ruleset.name.get_ref().clone(), problems: Vec::new() };
    if raw.rule.len().saturating_add(raw.owner.len()) > limits::RULE_ENTRIES {
        reader.complain(0..0, format!("more than {} rules and owners in one file", limits::RULE_ENTRIES));
        return Err(reader.problems);
    }
    reader.id(&raw.ruleset.name);
    reader.sentence(&raw.ruleset.version);
    let rules = raw.rule.into_iter().map(|rule| (rule.span(), rule.into_inner()));
    let rules = rules.map(|(span, rule)| (reader.rule(rule, &span), span)).collect();
    let owners = raw.owner.into_iter().map(|owner| (owner.span(), owner.into_inner()));
    let owners = owners.map(|(span, owner)| (reader.owner(&owner), span)).collect();
    if !reader.problems.is_empty() {
        return Err(reader.problems);
    }
    let RawHeader { name, version, about } = raw.ruleset;
    Ok(Ruleset { name: name.into_inner(), version: version.into_inner(), about, rules, owners })
}

/// Checks one file's entries; what cannot be used becomes a problem and an empty value.
struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    origin: Origin,
    ruleset: String,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn complain(&mut self, span: Range<usize>, message: impl Into<String>) {
        if self.problems.len() < limits::RULE_PROBLEMS {
            self.problems.push(Problem::at(self.file, self.text, span, message));
        }
    }

    fn rule(&mut self, raw: RawRule, span: &Range<usize>) -> Rule {
        let selector = self.selector(&raw, span);
        Rule {
            id: self.id(&raw.id),
            ruleset: self.ruleset.clone(),
            file: self.file.to_owned(),
            line: line_of(self.text, span.start),
            origin: self.origin,
            selector,
            categories: self.categories(&raw.category),
            carries: raw.carries.as_ref().map(|carries| self.word(carries).to_ascii_lowercase()),
            party: raw.party.and_then(|word| self.party(&word)),
            owner: raw.owner,
            says: self.sentence(&raw.says),
            source: self.sentence(&raw.source),
            date: self.date(&raw.date),
            confidence: raw.confidence,
        }
    }

    fn selector(&mut self, raw: &RawRule, span: &Range<usize>) -> Selector {
        let selector = Selector {
            hosts: raw.host.iter().chain(&raw.hosts).filter_map(|host| self.host(host)).collect(),
            path: raw.path.as_ref().and_then(|path| self.path(path)),
            method: raw.method.as_ref().map(|method| self.word(method).to_ascii_uppercase()),
            address: raw.address.as_ref().and_then(|address| self.address(address)),
            port: raw.port.as_ref().and_then(|port| self.port(port)),
            application: raw.application.as_ref().map(|application| self.word(application).to_ascii_lowercase()),
            scope: raw.scope,
        };
        if let Some(message) = misfit(raw) {
            self.complain(span.clone(), message);
        }
        selector
    }

    fn owner(&mut self, raw: &RawOwner) -> Owner {
        let role = Role::parse(raw.role.get_ref());
        if role.is_none() {
            self.complain(raw.role.span(), "unknown role: `vendor:NAME` or one of the listed words, as `cloud` or `analytics`");
        }
        let country = raw.country.get_ref();
        if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
            self.complain(raw.country.span(), "not an ISO 3166-1 alpha-2 country code, as `US`");
        }
        if raw.domains.is_empty() && raw.asns.is_empty() {
            self.complain(raw.id.span(), "an owner needs `domains` or `asns`");
        }
        Owner {
            id: self.id(&raw.id),
            name: self.sentence(&raw.name),
            country: country.clone(),
            domains: raw.domains.iter().filter_map(|domain| self.domain(domain)).collect(),
            asns: raw.asns.clone(),
            role: role.unwrap_or(Role::Listed("internet", Party::Unknown)),
            source: self.sentence(&raw.source),
            date: self.date(&raw.date),
        }
    }

    fn id(&mut self, id: &Spanned<String>) -> String {
        let text = id.get_ref();
        let usable = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if text.is_empty() || text.len() > MAX_ID_BYTES || !text.bytes().all(usable) {
            self.complain(id.span(), "not kebab-case: an id has lower-case letters, digits and `-`");
        }
        text.clone()
    }

    fn host(&mut self, host: &Spanned<String>) -> Option<HostPattern> {
        HostPattern::parse(host.get_ref()).map_err(|error| self.complain(host.span(), error.to_string())).ok()
    }

    fn domain(&mut self, domain: &Spanned<String>) -> Option<String> {
        let host = Host::parse(domain.get_ref()).map(|host| host.as_str().to_owned());
        if host.as_ref().is_none_or(|host| host.contains('*')) {
            self.complain(domain.span(), "not a domain, as `example.org`");
        }
        host
    }

    fn path(&mut self, path: &Spanned<String>) -> Option<Regex> {
        let text = path.get_ref();
        if text.len() > limits::RULE_REGEX_BYTES {
            self.complain(path.span(), format!("path expression longer than {} bytes", limits::RULE_REGEX_BYTES));
            return None;
        }
        let built = RegexBuilder::new(text)
            .size_limit(limits::RULE_COMPILED_BYTES)
            .dfa_size_limit(limits::RULE_COMPILED_BYTES)
            .nest_limit(limits::RULE_REGEX_NESTING)
            .build();
        built.map_err(|error| self.complain(path.span(), format!("bad path expression: {}", brief(&error)))).ok()
    }

    fn address(&mut self, address: &Spanned<String>) -> Option<IpNet> {
        let text = address.get_ref();
        let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        match net {
            Ok(net) if net.trunc() == net => Some(net),
            Ok(net) => {
                self.complain(address.span(), format!("bits set behind the prefix, {} is meant", net.trunc()));
                None
            }
            Err(_) => {
                self.complain(address.span(), "neither an address nor a network, as `203.0.113.7` or `2001:db8::/32`");
                None
            }
        }
    }

    fn port(&mut self, port: &Spanned<String>) -> Option<PortRange> {
        PortRange::parse(port.get_ref()).map_err(|error| self.complain(port.span(), error.to_string())).ok()
    }

    fn word(&mut self, word: &Spanned<String>) -> String {
        let text = word.get_ref();
        if text.is_empty()
            || text.len() > MAX_NAME_BYTES
            || !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
        {
            self.complain(word.span(), "expected one word");
        }
        text.clone()
    }

    fn categories(&mut self, words: &Spanned<Vec<Spanned<String>>>) -> Vec<&'static str> {
        if words.get_ref().is_empty() {
            self.complain(words.span(), "a rule needs a category, `unknown` where only the host is known");
        }
        let mut categories = Vec::new();
        for word in words.get_ref() {
            match category::find(word.get_ref()) {
                Some(name) if categories.contains(&name) => self.complain(word.span(), "the same category twice"),
                Some(name) => categories.push(name),
                None => self.complain(word.span(), format!("unknown category, expected one of {}", known_categories())),
            }
        }
        categories
    }

    fn party(&mut self, word: &Spanned<String>) -> Option<Party> {
        let party = Party::find(word.get_ref());
        if party.is_none() {
            self.complain(word.span(), "unknown party, expected first, support, third, platform, local or unknown");
        }
        party
    }

    fn sentence(&mut self, text: &Spanned<String>) -> String {
        if text.get_ref().trim().is_empty() || text.get_ref().chars().any(char::is_control) {
            self.complain(text.span(), "empty, or with control characters");
        }
        text.get_ref().clone()
    }

    fn date(&mut self, date: &Spanned<String>) -> String {
        if !is_date(date.get_ref()) {
            self.complain(date.span(), "not a date: `2020`, `2020-09` or `2020-09-10`");
        }
        date.get_ref().clone()
    }
}

/// Why the parts of a selector do not go together.
fn misfit(raw: &RawRule) -> Option<&'static str> {
    let hosts = raw.host.is_some() || !raw.hosts.is_empty();
    let request = raw.path.is_some() || raw.method.is_some();
    if request && !hosts {
        Some("`path` and `method` need a `host`")
    } else if raw.method.is_some() && raw.path.is_none() {
        Some("`method` needs a `path`")
    } else if raw.host.is_some() && !raw.hosts.is_empty() {
        Some("both `host` and `hosts`")
    } else if raw.carries.is_some() && (!hosts || request) {
        Some("`carries` needs a `host`, and goes with no `path`")
    } else if raw.application.is_some() && hosts {
        Some("`application` and `host` in one rule")
    } else if !hosts && raw.address.is_none() && raw.port.is_none() && raw.application.is_none() && raw.scope.is_none() {
        Some("a rule needs `host`, `hosts`, `address`, `port`, `application` or `scope`")
    } else {
        None
    }
}

fn known_categories() -> String {
    let names: Vec<&str> = category::CATEGORIES.iter().map(|category| category.name).collect();
    names.join(", ")
}

fn brief(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or_default();
    memchr::memchr_iter(b'\n', before.as_bytes()).count().saturating_add(1)
}

fn is_date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut number = |digits: usize| match parts.next() {
        None => Some(None),
        Some(part) if part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()) => part.parse::<u16>().ok().map(Some),
        Some(_) => None,
    };
    let (Some(Some(year)), Some(month), Some(day)) = (number(4), number(2), number(2)) else {
        return false;
    };
    parts.next().is_none()
        && (1970..=2199).contains(&year)
        && month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "[ruleset]\nname = \"t\"\nversion = \"1\"\nabout = \"test\"\n";
    const TAIL: &str = "says = \"s\"\nsource = \"x\"\ndate = \"2020-09\"\nconfidence = \"high\"\n";

    fn read_rule(lines: &str) -> Result<Rule, String> {
        let text = format!("{HEAD}[[rule]]\nid = \"a-1\"\n{lines}\n{TAIL}");
        match read("t.toml", &text, Origin::User) {
            Ok(mut set) => Ok(set.rules.remove(0).0),
            Err(problems) => Err(problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }

    #[test]
    fn the_basis_follows_from_the_selector() {
        let basis = |lines: &str| read_rule(&format!("{lines}\ncategory = [\"media\"]")).unwrap().selector.basis();
        assert_eq!(basis("host = \"a.example.org\""), Basis::Name);
        assert_eq!(basis("hosts = [\"a.example.org\", \"*.example.com\"]\npath = '^/x'\nmethod = \"post\""), Basis::Path);
        assert_eq!(basis("address = \"203.0.113.0/24\""), Basis::Address);
        assert_eq!(basis("address = \"203.0.113.0/24\"\nport = \"udp/9\""), Basis::Port);
        assert_eq!(basis("port = \"udp/9\"\nscope = \"local\""), Basis::Port);
        assert_eq!(basis("application = \"DNS\""), Basis::Content);
        assert_eq!(basis("scope = \"local\""), Basis::Address);
    }

    #[test]
    fn an_unknown_category_is_shown_with_a_caret() {
        let message = read_rule("host = \"a.example.org\"\ncategory = [\"media\", \"photos\"]").unwrap_err();
        assert!(message.starts_with("t.toml:8:22: unknown category, expected one of media, "), "{message}");
        assert!(message.ends_with("\n8 | category = [\"media\", \"photos\"]\n  |                      ^^^^^^^^"), "{message}");
    }

    #[test]
    fn toml_errors_have_a_place_too() {
        for (lines, place, word) in [
            ("host = a", "t.toml:7:8: ", "string values must be quoted"),
            ("hst = \"a.example.org\"", "t.toml:7:1: ", "unknown field `hst`"),
            ("host = \"a.example.org\"\ncategory = \"media\"", "t.toml:8:12: ", "invalid type"),
            ("host = \"a.example.org\"", "t.toml:5:1: ", "missing field `category`"),
        ] {
            let message = read_rule(lines).unwrap_err();
            assert!(message.starts_with(place) && message.contains(word) && message.contains('^'), "{message}");
        }
    }

    #[test]
    fn each_part_is_checked() {
        for (lines, word) in [
            ("host = \"*.*.com\"", "spelled out"),
            ("host = \"a.example.org\"\npath = '('", "unclosed group"),
            ("host = \"a.example.org\"\npath = '(\\pL{100}){100}'", "bad path expression"),
            ("path = '^/x'", "need a `host`"),
            ("host = \"a.example.org\"\nmethod = \"GET\"", "needs a `path`"),
            ("host = \"a.example.org\"\nhosts = [\"b.example.org\"]", "both"),
            ("host = \"a.example.org\"\napplication = \"dns\"", "in one rule"),
            ("port = \"tcp/443\"\ncarries = \"doh\"", "`carries` needs a `host`"),
            ("host = \"a.example.org\"\npath = '^/x'\ncarries = \"doh\"", "goes with no `path`"),
            ("host = \"a.example.org\"\ncarries = \"d h\"", "one word"),
            ("address = \"10.0.0.1/8\"", "10.0.0.0/8 is meant"),
            ("address = \"dji.com\"", "neither an address"),
            ("port = \"53\"", "a port is"),
            ("host = \"a.example.org\"\nparty = \"os\"", "unknown party"),
            ("", "a rule needs"),
        ] {
            let message = read_rule(&format!("{lines}\ncategory = [\"media\"]")).unwrap_err();
            assert!(message.contains(word), "{lines}: {message}");
        }
    }

    #[test]
    fn a_huge_expression_is_refused_quickly() {
        let nested = format!("host = \"a.example.org\"\npath = '{}a{}'\ncategory = [\"media\"]", "(".repeat(400), ")".repeat(400));
        assert!(read_rule(&nested).unwrap_err().contains("bad path expression"));
        let long = format!("host = \"a.example.org\"\npath = '{}'\ncategory = [\"media\"]", "a".repeat(2000));
        assert!(read_rule(&long).unwrap_err().contains("longer than"));
    }

    #[test]
    fn dates_may_be_coarse() {
        for date in ["2020", "2020-09", "2020-09-30"] {
            assert!(is_date(date), "{date}");
        }
        for date in ["", "20", "2020-", "2020-13", "2020-9", "2020-09-32", "2020-09-01-01", "late 2017", "1020"] {
            assert!(!is_date(date), "{date}");
        }
    }

    #[test]
    fn owners_are_checked() {
        let owner = |lines: &str| {
            let text = format!("{HEAD}[[owner]]\nid = \"o\"\nname = \"O\"\n{lines}\nsource = \"x\"\ndate = \"2020\"\n");
            read("t.toml", &text, Origin::User).map(|set| set.owners.into_iter().map(|(owner, _)| owner).collect::<Vec<_>>())
        };
        let good = owner("country = \"US\"\nrole = \"cloud\"\ndomains = [\"Example.ORG\"]\nasns = [1]").unwrap();
        assert_eq!(good[0].domains, ["example.org"]);
        for bad in [
            "country = \"USA\"\nrole = \"cloud\"\nasns = [1]",
            "country = \"US\"\nrole = \"os\"\nasns = [1]",
            "country = \"US\"\nrole = \"cloud\"",
            "country = \"US\"\nrole = \"cloud\"\ndomains = [\"10.0.0.1\"]",
        ] {
            assert!(owner(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_of_nonsense_gives_a_bounded_answer() {
        let text =
            format!("{HEAD}{}", "[[rule]]\nid = \"A\"\ncategory = []\nsays=\"\"\nsource=\"\"\ndate=\"\"\nconfidence=\"low\"\n".repeat(500));
        assert_eq!(read("t.toml", &text, Origin::User).unwrap_err().len(), limits::RULE_PROBLEMS);
        assert_eq!(read("t.toml", "\u{0}\u{ffff}[[[", Origin::User).unwrap_err().len(), 1);
    }
}
