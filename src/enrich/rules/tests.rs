//! The engine on rules of its own, then the shipped rules on hosts that matter.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::*;
use crate::enrich::Told;
use crate::enrich::basis::Basis;

const HEAD: &str = "[ruleset]\nname = \"t\"\nversion = \"1\"\nabout = \"test\"\n";

fn rule(id: &str, lines: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\n{lines}\nsays = \"s\"\nsource = \"x\"\ndate = \"2020\"\nconfidence = \"high\"\n")
}

fn with(parts: &[String]) -> Rules {
    let mut rules = Rules::none("DJI");
    rules.add_text("t.toml", &format!("{HEAD}{}", parts.concat()), Origin::Shipped).unwrap();
    rules
}

fn dji() -> Rules {
    Rules::shipped("DJI").unwrap()
}

fn named<'a>(names: &'a [(&'a str, &'a str)]) -> Question<'a> {
    Question { names, transport: "tcp", remote_port: Some(443), ..Question::default() }
}

fn requested<'a>(requests: &'a [(&'a str, &'a str, &'a str)]) -> Question<'a> {
    Question { requests, transport: "tcp", remote_port: Some(80), ..Question::default() }
}

fn by_name(rules: &Rules, name: &str) -> Decision {
    rules.decide(&named(&[(name, "sni")]))
}

/// What the bodies of requests told decides before the path, and kinds that differ remain candidates.
#[test]
fn content_decides_before_the_path_and_names_of_fields_after_it() {
    let rules = with(&[
        rule("path", "host = \"a.example.org\"\npath = '^/up'\ncategory = [\"diagnostics\"]"),
        rule("host", "host = \"a.example.org\"\ncategory = [\"push\"]"),
    ]);
    let picture = || Told::new(["image/jpeg"], [], []);
    let position = || Told::new(["application/json"], [], ["position"]);
    let got = |paths: &[&str], contents: &[Told]| {
        let requests: Vec<_> = paths.iter().map(|path| ("POST", "a.example.org", *path)).collect();
        let decision = rules.decide(&Question { contents, ..requested(&requests) });
        (decision.category, decision.candidates, decision.basis)
    };
    assert_eq!(got(&["/up"], &[picture()]), ("media", vec![], Basis::Content));
    assert_eq!(got(&["/up"], &[position()]), ("diagnostics", vec![], Basis::Path));
    assert_eq!(got(&["/other"], &[position()]), ("location_check", vec![], Basis::Content));
    assert_eq!(got(&["/up", "/up"], &[picture()]), ("unknown", vec!["media", "diagnostics"], Basis::Path));
    assert_eq!(got(&["/x", "/y"], &[picture(), picture()]), ("media", vec![], Basis::Content));
    assert_eq!(got(&["/x", "/y"], &[Told::default(), picture()]), ("unknown", vec!["media", "push"], Basis::Path));
    assert_eq!(got(&["/x"], &[]), ("push", vec![], Basis::Name));
}

#[test]
fn the_strongest_basis_wins() {
    let rules = with(&[
        rule("app", "application = \"dns\"\ncategory = [\"name_service\"]"),
        rule("path", "host = \"a.example.org\"\npath = '^/up'\ncategory = [\"media\"]"),
        rule("host", "host = \"a.example.org\"\ncategory = [\"account\"]"),
        rule("net", "address = \"203.0.113.0/24\"\ncategory = [\"push\"]"),
        rule("port", "port = \"tcp/80\"\ncategory = [\"time\"]"),
    ]);
    let names = [("a.example.org", "sni")];
    let requests = [("GET", "a.example.org", "/up")];
    let mut question = Question {
        names: &names,
        requests: &requests,
        address: Some("203.0.113.7".parse().unwrap()),
        transport: "tcp",
        remote_port: Some(80),
        application: Some("dns"),
        ..Question::default()
    };
    let got = |question: &Question<'_>| {
        let decision = rules.decide(question);
        (decision.category, decision.basis)
    };
    assert_eq!(got(&question), ("name_service", Basis::Content));
    question.application = None;
    assert_eq!(got(&question), ("media", Basis::Path));
    question.requests = &[];
    assert_eq!(got(&question), ("account", Basis::Name));
    question.names = &[];
    assert_eq!(got(&question), ("push", Basis::Address));
    question.address = None;
    assert_eq!(got(&question), ("time", Basis::Port));
    question.remote_port = None;
    assert_eq!(got(&question), ("unknown", Basis::None));
    assert_eq!(rules.decide(&question).rule, None);
}

#[test]
fn the_closest_host_network_and_port_win() {
    let rules = with(&[
        rule("wide", "host = \"*.example.org\"\ncategory = [\"content\"]"),
        rule("wider-glob", "host = \"*.s3-*.example.org\"\ncategory = [\"cloud_storage\"]"),
        rule("narrow", "host = \"*.up.example.org\"\ncategory = [\"media\"]"),
        rule("exact", "host = \"up.example.org\"\ncategory = [\"push\"]"),
        rule("net-8", "address = \"10.0.0.0/8\"\ncategory = [\"content\"]"),
        rule("net-32", "address = \"10.1.2.3\"\ncategory = [\"media\"]"),
        rule("net-6", "address = \"2001:db8::/32\"\ncategory = [\"push\"]"),
        rule("ports", "port = \"udp/1-100\"\ncategory = [\"content\"]"),
        rule("port", "port = \"udp/53\"\ncategory = [\"name_service\"]"),
        rule("port-local", "port = \"udp/53\"\nscope = \"local\"\ncategory = [\"local\"]"),
    ]);
    let name = |name: &str| by_name(&rules, name).rule.unwrap();
    assert_eq!(name("example.org"), "wide");
    assert_eq!(name("x.s3-eu.example.org"), "wider-glob");
    assert_eq!(name("a.up.example.org"), "narrow");
    assert_eq!(name("UP.example.org."), "exact");
    let net = |address: &str| {
        let address: IpAddr = address.parse().unwrap();
        rules.decide(&Question { address: Some(address), ..Question::default() }).rule
    };
    assert_eq!(net("10.1.2.3").as_deref(), Some("net-32"));
    assert_eq!(net("10.1.2.4").as_deref(), Some("net-8"));
    assert_eq!(net("2001:db8::1").as_deref(), Some("net-6"));
    assert_eq!(net("192.0.2.1"), None);
    let port = |port: u16, scope_local: bool| {
        rules.decide(&Question { transport: "udp", remote_port: Some(port), scope_local, ..Question::default() }).rule.unwrap()
    };
    assert_eq!((port(52, false), port(53, false), port(53, true)), ("ports".into(), "port".into(), "port-local".into()));
}

#[test]
fn the_user_beats_the_shipped_rule_of_the_same_basis_only() {
    let mut rules = with(&[
        rule("host", "host = \"a.example.org\"\ncategory = [\"account\"]"),
        rule("path", "host = \"a.example.org\"\npath = '^/x'\ncategory = [\"push\"]"),
    ]);
    let mine = rule("mine", "host = \"*.example.org\"\ncategory = [\"media\"]\nparty = \"support\"");
    rules.add_text("mine.toml", &format!("{HEAD}{mine}"), Origin::User).unwrap();
    let decision = by_name(&rules, "a.example.org");
    assert_eq!((decision.rule.as_deref(), decision.party), (Some("mine"), Party::Support));
    assert_eq!(rules.decide(&requested(&[("GET", "a.example.org", "/x")])).rule.as_deref(), Some("path"));
    let warnings: Vec<String> = rules.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["t.toml:5: warning: rule host never decides on a.example.org: mine comes first"]);
}

#[test]
fn equal_rules_fall_to_the_smaller_id_and_are_told() {
    let rules = with(&[
        rule("b", "host = \"a.example.org\"\ncategory = [\"account\"]"),
        rule("a", "host = \"a.example.org\"\ncategory = [\"media\"]"),
        rule("c", "host = \"*.com\"\ncategory = [\"content\"]"),
    ]);
    assert_eq!(by_name(&rules, "a.example.org").category, "media");
    let warnings: Vec<String> = rules.warnings().iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2);
    assert!(warnings[0].ends_with("rule b never decides on a.example.org: a comes first"), "{}", warnings[0]);
    assert!(warnings[1].ends_with("rule c takes in *.com: names of many owners"), "{}", warnings[1]);
}

#[test]
fn requests_of_several_kinds_decide_nothing() {
    let rules = with(&[
        rule("host", "host = \"a.example.org\"\ncategory = [\"media\"]"),
        rule("up", "host = \"a.example.org\"\npath = '^/up'\nmethod = \"POST\"\ncategory = [\"media\"]"),
        rule("log", "host = \"a.example.org\"\npath = '^/log'\ncategory = [\"diagnostics\"]"),
    ]);
    let decide = |paths: &[&str]| {
        let requests: Vec<(&str, &str, &str)> = paths.iter().map(|path| ("post", "a.example.org:80", *path)).collect();
        let decision = rules.decide(&requested(&requests));
        (decision.category, decision.candidates, decision.basis, decision.rule.unwrap(), decision.also)
    };
    assert_eq!(decide(&["/up", "/up2"]), ("media", vec![], Basis::Path, "up".into(), vec![]));
    assert_eq!(decide(&["/up", "/log"]), ("unknown", vec!["media", "diagnostics"], Basis::Path, "up".into(), vec!["log".into()]));
    // A request no path rule knows is judged by its host, and the answer rests on no more than that.
    assert_eq!(decide(&["/up", "/else"]), ("media", vec![], Basis::Name, "up".into(), vec!["host".into()]));
    assert_eq!(decide(&["/log", "/else"]).1, ["media", "diagnostics"]);
    let foreign = [("GET", "a.example.org", "/log"), ("GET", "b.example.org", "/")];
    assert_eq!(rules.decide(&requested(&foreign)).candidates, ["diagnostics", "unknown"]);
}

#[test]
fn rival_names_agree_or_leave_it_open() {
    let rules = dji();
    let decision = rules.decide(&named(&[("active.dji.com", "dns"), ("account.dji.com", "dns")]));
    assert_eq!((decision.category, decision.party, decision.domain.as_deref()), ("account", Party::First, Some("dji.com")));
    assert_eq!(decision.also, ["dji-account"]);
    let decision = rules.decide(&named(&[("active.dji.com", "dns"), ("data.flurry.com", "dns")]));
    assert_eq!((decision.category, decision.candidates), ("unknown", vec!["account", "analytics"]));
    assert_eq!((decision.party, decision.party_basis), (Party::Unknown, Basis::None));
    assert_eq!((decision.owner, decision.domain), (None, None));
}

#[test]
fn a_rule_that_tells_no_kind_lets_weaker_ones_speak() {
    let rules = with(&[
        rule("host", "host = \"*.example.org\"\ncategory = [\"unknown\"]"),
        rule("port", "port = \"tcp/8883\"\ncategory = [\"push\"]"),
        rule("place", "scope = \"local\"\ncategory = [\"local\"]"),
    ]);
    let names = [("a.example.org", "sni")];
    let decision = by_name(&rules, "a.example.org");
    assert_eq!((decision.category, decision.basis, decision.rule.as_deref()), ("unknown", Basis::Name, Some("host")));
    assert!(decision.candidates.is_empty());
    let decision = rules.decide(&Question { remote_port: Some(8883), ..named(&names) });
    assert_eq!((decision.category, decision.basis), ("push", Basis::Port));
    let decision = rules.decide(&Question { scope_local: true, ..Question::default() });
    assert_eq!((decision.category, decision.basis, decision.party), ("local", Basis::Address, Party::Local));
}

#[test]
fn ids_and_owners_clash_with_a_place() {
    let mut rules = with(&[rule("a", "host = \"a.example.org\"\ncategory = [\"account\"]")]);
    let text = format!(
        "{HEAD}{}{}{}",
        rule("a", "host = \"b.example.org\"\ncategory = [\"account\"]"),
        rule("b", "host = \"b.example.org\"\ncategory = [\"account\"]\nowner = \"nobody\""),
        rule("b", "host = \"c.example.org\"\ncategory = [\"account\"]"),
    );
    let error = rules.add_text("mine.toml", &text, Origin::User).unwrap_err();
    let messages: Vec<&str> = error.problems().iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        ["rule id a is taken by t.toml:5", "rule b names owner nobody, which no file has", "rule id b is taken by line 13"]
    );
    assert_eq!(rules.iter().count(), 1, "nothing of a faulty file is taken");
}

#[test]
fn folders_are_read_in_the_order_of_names() {
    let folder = std::env::temp_dir().join(format!("whereto-rules-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut rules = Rules::none("DJI");
    assert!(matches!(rules.add_path(&folder), Err(RulesError::Empty(_))));
    for name in ["b", "a"] {
        let text = format!("{HEAD}{}", rule(name, &format!("host = \"{name}.example.org\"\ncategory = [\"media\"]")));
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
    }
    std::fs::write(folder.join("notes.txt"), "not rules").unwrap();
    rules.add_path(&folder).unwrap();
    assert_eq!(rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(rules.add_path(&folder.join("none.toml")).unwrap_err().is_io());
    std::fs::write(folder.join("bytes.toml"), b"\xff\xfe").unwrap();
    assert!(rules.add_path(&folder.join("bytes.toml")).is_err());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn hostile_questions_are_answered() {
    let rules = dji();
    let long = "a.".repeat(40_000);
    let path = "/flight/".repeat(20_000);
    let odd =
        ["", ".", "..", "*", "*.dji.com", "\u{0}.dji.com", "dji.com\u{202e}", "xn--.com", long.as_str(), "[::1]", "münchen.de", "-.-.-"];
    for name in odd {
        let names = [(name, "sni")];
        let requests = [(name, name, path.as_str()), ("", "mydjiflight.dji.com", "\u{10ffff}"), ("GET", "", "http://")];
        let question = Question { requests: &requests, application: Some(name), transport: name, ..named(&names) };
        let decision = rules.decide(&question);
        assert!(decision.candidates.iter().all(|name| category_exists(name)), "{name:?}");
        assert!(!rules.explain(&question).is_empty());
    }
    let many: Vec<(&str, &str, &str)> = vec![("GET", "mydjiflight.dji.com", path.as_str()); 300];
    assert_eq!(rules.decide(&requested(&many)).category, "unknown");
}

fn category_exists(name: &str) -> bool {
    crate::enrich::category::find(name).is_some()
}

#[test]
fn explaining_and_deciding_agree() {
    let rules = dji();
    for name in ["active.dji.com", "x.dji.com", "mydjiflight.dji.com", "b.oss-us-west-1.aliyuncs.com", "nobody.example"] {
        let names = [(name, "sni")];
        let question = named(&names);
        let decided: BTreeSet<String> = rules
            .explain(&question)
            .into_iter()
            .filter(|attempt| attempt.outcome == Outcome::Decided)
            .map(|attempt| attempt.rule)
            .collect();
        assert_eq!(decided, rules.decide(&question).rule.into_iter().collect(), "{name}");
    }
}

#[test]
fn shipped_rules_are_sourced_and_unique() {
    let rules = dji();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids.len(), rules.iter().count());
    assert!(ids.len() > 500);
    for rule in rules.iter() {
        for text in [&rule.says, &rule.source, &rule.date] {
            assert!(!text.trim().is_empty() && !text.contains("decompiled or public"), "{}: {text}", rule.id);
        }
    }
    for owner in rules.owners.iter() {
        assert!(!owner.source.is_empty() && !owner.date.is_empty(), "{}", owner.id);
    }
    let mut domains = BTreeSet::new();
    let mut systems = BTreeSet::new();
    for owner in rules.owners.iter() {
        assert!(owner.domains.iter().all(|domain| domains.insert(domain)), "{}: a domain twice", owner.id);
        assert!(owner.asns.iter().all(|asn| systems.insert(asn)), "{}: a system twice", owner.id);
    }
    assert_eq!(rules.warnings(), []);
    assert!(rules.knows_vendor());
    assert!(!Rules::shipped("Acme").unwrap().knows_vendor());
}

/// Host, category or candidates, party, owner. `-` is no owner.
const EXPECTED: &[(&str, &str, &str, &str)] = &[
    ("active.dji.com", "account", "first", "DJI"),
    ("account-api.dji.com", "account", "first", "DJI"),
    ("mydjiflight.dji.com", "flight_log|diagnostics|location_check|firmware", "first", "DJI"),
    ("flysafe-api.dji.com", "location_check", "first", "DJI"),
    ("dict.djiservice.org", "location_check", "first", "DJI"),
    ("statistical-report.djiservice.org", "diagnostics", "first", "DJI"),
    ("djigo-hk.djiservice.org", "diagnostics|content", "first", "DJI"),
    ("us.djiservice.org", "unknown", "first", "DJI"),
    ("push.djiservice.org", "push", "first", "DJI"),
    ("content.djiservice.org", "content", "first", "DJI"),
    ("service-adhoc.dji.com", "app_update", "first", "DJI"),
    ("never-seen.dji.com", "unknown", "first", "DJI"),
    ("cdn.djicdn.com", "firmware|app_update|content", "first", "DJI"),
    ("fffdrone.aasky.net", "flight_log|location_check", "first", "DJI"),
    ("media-upload.skypixel.com", "media|content", "first", "DJI"),
    ("sentry.djiops.com", "crash_report", "first", "DJI"),
    ("djigo4-f53cb.firebaseio.com", "diagnostics|push|unknown", "support", "Google"),
    ("oss-us-west-1.aliyuncs.com", "cloud_storage", "support", "Alibaba Cloud"),
    ("skypixel-media.s3.us-west-2.amazonaws.com", "cloud_storage", "support", "Amazon Web Services"),
    ("ec2-52-1-2-3.compute-1.amazonaws.com", "unknown", "support", "Amazon Web Services"),
    ("d111abc.cloudfront.net", "media|firmware|app_update|content", "support", "Amazon Web Services"),
    ("android.bugly.qq.com", "crash_report", "third", "Tencent"),
    ("data.flurry.com", "analytics", "third", "Yahoo (Flurry)"),
    ("devs.data.mob.com", "analytics", "third", "MobTech"),
    ("api.weibo.com", "live_stream|social", "third", "Sina Weibo"),
    ("maps.googleapis.com", "map_tiles", "third", "Google"),
    ("grid.amap.com", "map_tiles", "third", "AutoNavi (Alibaba)"),
    ("apilocate.amap.com", "location_check", "third", "AutoNavi (Alibaba)"),
    ("offline-live1.services.u-blox.com", "location_check", "third", "u-blox"),
    ("graph.facebook.com", "live_stream|social|analytics", "third", "Meta"),
    ("app-measurement.com", "analytics", "third", "Google"),
    ("googleads.g.doubleclick.net", "advertising", "third", "Google"),
    ("o1.ingest.sentry.io", "crash_report", "third", "Sentry"),
    ("cdn.mouseflow.com", "analytics", "third", "-"),
    ("connectivitycheck.gstatic.com", "platform", "platform", "Google"),
    ("mtalk.google.com", "platform", "platform", "Google"),
    ("time.android.com", "time", "platform", "Google"),
    ("2.android.pool.ntp.org", "time", "platform", "NTP Pool"),
    ("17-courier.push.apple.com", "platform", "platform", "Apple"),
    ("captive.apple.com", "platform", "platform", "Apple"),
    ("mask.icloud.com", "tunnel", "platform", "Apple"),
    ("connectivitycheck.platform.hicloud.com", "platform", "platform", "Huawei"),
    ("dns.google", "name_service", "third", "Google"),
    ("someone.github.io", "content", "support", "GitHub (Microsoft)"),
    ("fw.dji-lab.example", "unknown", "unknown", "-"),
];

#[test]
fn well_known_hosts_resolve() {
    let rules = dji();
    for (name, kinds, party, owner) in EXPECTED {
        let decision = by_name(&rules, name);
        let got = if decision.candidates.is_empty() { decision.category.to_owned() } else { decision.candidates.join("|") };
        let organisation = decision.owner.as_deref().unwrap_or("-");
        assert_eq!((got.as_str(), decision.party.as_str(), organisation), (*kinds, *party, *owner), "{name}");
    }
}

/// Host, method, path, category.
const PATHS: &[(&str, &str, &str, &str)] = &[
    ("mydjiflight.dji.com", "POST", "/api/v2/flight_log/zipupload", "flight_log"),
    ("mydjiflight.dji.com", "POST", "/flight/zipupload", "flight_log"),
    ("mydjiflight.dji.com", "GET", "/getfile/downpath", "firmware"),
    ("mydjiflight.dji.com", "GET", "/links/links/pilot_v2", "firmware"),
    ("mydjiflight.dji.com", "GET", "/api/v2/geocoder_service/geoip", "location_check"),
    ("mydjiflight.dji.com", "GET", "/api/gnss_service/assistnow_offline_data", "location_check"),
    ("mydjiflight.dji.com", "POST", "/api/v2/firmware/upgrade_log", "diagnostics"),
    ("mydjiflight.dji.com", "GET", "/api/v2/firmware/release_note", "firmware"),
    ("active.dji.com", "POST", "/verify", "account"),
    ("active.dji.com", "POST", "/errorlog", "diagnostics"),
    ("fffdrone.aasky.net", "POST", "/flying_record_upload/secret/dji", "flight_log"),
    ("www.skypixel.com", "PUT", "/api/v2/uploads/photos", "media"),
    ("djigo-hk.djiservice.org", "POST", "/api/v1/quiz/status", "content"),
    ("old.djiexplore.com", "GET", "/agreement/pp/22.543/113.952", "location_check"),
    ("rqd.uu.qq.com", "POST", "/rqd/sync", "crash_report"),
    ("ditu.google.cn", "GET", "/maps/api/geocode/json", "location_check"),
];

#[test]
fn well_known_paths_resolve() {
    let rules = dji();
    for (host, method, path, kind) in PATHS {
        let decision = rules.decide(&requested(&[(method, host, path)]));
        assert_eq!((decision.category, decision.basis), (*kind, Basis::Path), "{method} {host}{path}");
    }
}

#[test]
fn firmware_and_positions_on_one_connection_stay_open() {
    let requests = [("GET", "mydjiflight.dji.com", "/getfile/downpath"), ("GET", "mydjiflight.dji.com", "/api/v2/geocoder_service/geoip")];
    let decision = dji().decide(&requested(&requests));
    assert_eq!((decision.category, decision.basis), ("unknown", Basis::Path));
    assert_eq!(decision.candidates, ["location_check", "firmware"]);
}

#[test]
fn without_a_name_the_network_tells_the_party() {
    let rules = dji();
    let ask = |address: &str, asn: u32| {
        let address: IpAddr = address.parse().unwrap();
        let question = Question { address: Some(address), asn: Some(asn), transport: "tcp", remote_port: Some(443), ..Question::default() };
        let decision = rules.decide(&question);
        (decision.party, decision.party_basis, decision.owner, decision.category)
    };
    assert_eq!(ask("47.91.161.230", 45_102), (Party::Support, Basis::Address, None, "unknown"));
    assert_eq!(ask("121.43.186.94", 37_963), (Party::First, Basis::Address, Some("DJI".into()), "location_check"));
    assert_eq!(ask("142.250.72.99", 15_169), (Party::Unknown, Basis::None, None, "unknown"));
    assert_eq!(ask("120.132.176.172", 23_724), (Party::Unknown, Basis::None, None, "unknown"));
    assert_eq!(ask("192.0.2.1", 1), (Party::Unknown, Basis::None, None, "unknown"));
    // A first-party name on a cloud's network is first by name.
    let names = [("statistical-report.djiservice.org", "sni")];
    let decision = rules.decide(&Question { asn: Some(45_102), ..named(&names) });
    assert_eq!((decision.party, decision.party_basis), (Party::First, Basis::Name));
}

#[test]
fn the_study_of_another_vendor_turns_the_parties() {
    let rules = Rules::shipped("Parrot").unwrap();
    assert_eq!(by_name(&rules, "api.parrot.com").party, Party::First);
    assert_eq!(by_name(&rules, "active.dji.com").party, Party::Third);
    assert_eq!(dji().party_of(rules.owners.by_id("parrot").unwrap()), Party::Third);
}

#[test]
fn protocols_ports_and_places_resolve() {
    let rules = dji();
    let ask = |transport: &str, port: u16, application: Option<&str>, scope_local: bool| {
        let decision = rules.decide(&Question { transport, remote_port: Some(port), application, scope_local, ..Question::default() });
        (decision.category, decision.candidates.len(), decision.basis, decision.party)
    };
    assert_eq!(ask("udp", 40_000, Some("dns"), false), ("name_service", 0, Basis::Content, Party::Unknown));
    assert_eq!(ask("udp", 53, None, true), ("name_service", 0, Basis::Port, Party::Local));
    assert_eq!(ask("udp", 123, Some("ntp"), false).0, "time");
    assert_eq!(ask("tcp", 853, Some("tls"), false), ("name_service", 0, Basis::Port, Party::Unknown));
    assert_eq!(ask("udp", 9003, None, true), ("unknown", 3, Basis::Port, Party::Local));
    assert_eq!(ask("udp", 9003, None, false), ("unknown", 0, Basis::None, Party::Unknown));
    assert_eq!(ask("udp", 51_820, None, false).0, "tunnel");
    assert_eq!(ask("esp", 0, None, false), ("tunnel", 0, Basis::Content, Party::Unknown));
    assert_eq!(ask("icmpv6", 0, None, true), ("local", 0, Basis::Content, Party::Local));
    assert_eq!(ask("icmp", 0, None, false), ("unknown", 0, Basis::Content, Party::Unknown));
    assert_eq!(ask("tcp", 8443, Some("tls"), true), ("local", 0, Basis::Address, Party::Local));
    let network = rules.decide(&Question {
        transport: "udp",
        remote_port: Some(53),
        application: Some("dns"),
        asn: Some(13_335),
        ..Question::default()
    });
    assert_eq!((network.category, network.party), ("name_service", Party::Support));
}

#[test]
fn the_order_of_rules_does_not_matter() {
    let (mut forward, mut backward) = (Rules::none("DJI"), Rules::none("DJI"));
    for (file, text) in SHIPPED {
        let (head, entries) = text.split_once("\n[[").unwrap();
        let mut entries: Vec<String> = entries.split("\n[[").map(|entry| format!("\n[[{entry}")).collect();
        forward.add_text(file, text, Origin::Shipped).unwrap();
        entries.reverse();
        backward.add_text(file, &format!("{head}{}", entries.concat()), Origin::Shipped).unwrap();
    }
    for (name, ..) in EXPECTED {
        assert_eq!(by_name(&forward, name), by_name(&backward, name), "{name}");
    }
    for (host, method, path, _) in PATHS {
        let requests = [(*method, *host, *path)];
        assert_eq!(forward.decide(&requested(&requests)), backward.decide(&requested(&requests)), "{host}{path}");
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_a_rule_file_or_an_error_with_a_place(text in "(\\PC|\n){0,200}") {
        if let Err(error) = Rules::none("DJI").add_text("any.toml", &text, Origin::User) {
            proptest::prop_assert!(error.problems().iter().all(|problem| problem.line >= 1));
            proptest::prop_assert!(!error.to_string().is_empty());
        }
    }

    #[test]
    fn any_name_gets_one_party_and_a_known_category(name in "\\PC{0,80}", tail in "(\\.dji\\.com|\\.s3\\.amazonaws\\.com|)") {
        let rules = with(&[rule("a", "host = \"*.dji.com\"\ncategory = [\"media\"]"), rule("b", "host = \"*.s3.*.amazonaws.com\"\ncategory = [\"push\"]")]);
        let name = format!("{name}{tail}");
        let decision = by_name(&rules, &name);
        proptest::prop_assert!(category_exists(decision.category));
        proptest::prop_assert_eq!(decision.rule.is_some(), decision.category != "unknown");
    }
}

#[test]
fn a_resolver_carries_dns_over_https() {
    let rules = dji();
    for (name, carries) in [
        ("dns.google", Some("doh")),
        ("dns.google.com", None),
        ("chrome.cloudflare-dns.com", Some("doh")),
        ("Mozilla.Cloudflare-DNS.com.", Some("doh")),
        ("other.cloudflare-dns.com", None),
        ("adblock.dns.mullvad.net", Some("doh")),
        ("my.nextdns.io", None),
        ("doh.dns.apple.com", Some("doh")),
        ("www.dji.com", None),
    ] {
        assert_eq!(by_name(&rules, name).carries.as_deref(), carries, "{name}");
        assert_eq!(by_name(&rules, name).category == "name_service", name != "www.dji.com", "{name}");
    }
    let both = rules.decide(&named(&[("dns.google", "certificate"), ("www.google.com", "certificate")]));
    assert_eq!(both.carries, None);
}
