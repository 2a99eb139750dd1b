//! An explanation for a reader: labelled lines, long ones continued below.

use super::super::grid::{Style, Tone, printable};
use super::super::rows::Row;
use super::super::rules::{attempt_line, rule_lines};
use super::super::units::{bytes, count, counted};
use super::evidence::Told;
use super::{Explained, Explanation};
use crate::enrich::{Attempt, Outcome};

/// Columns of a label and the space before the value.
const LABEL: usize = 12;
/// Rows of one table shown for a flow when not all are wanted.
const ROWS: usize = 8;
/// Bytes of a display filter that a reader would still copy.
const FILTER_BYTES: usize = 4_096;

/// How much is told of each flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Detail {
    /// What decided in full, the rest put together.
    Brief,
    /// Nothing is put together or left out.
    Full,
}

/// The whole page.
pub(super) fn page(explanation: &Explanation, style: Style, detail: Detail) -> String {
    let mut page = Page { style, text: String::new(), detail, tried: Vec::new() };
    page.overview(explanation);
    for flow in &explanation.flows {
        page.flow(explanation, flow);
    }
    if explanation.not_shown() > 0 {
        let rest = counted(explanation.not_shown().try_into().unwrap_or(u64::MAX), "more flow", "more flows");
        page.heading(&format!("{rest}: --all explains them too"));
    }
    page.text
}

struct Page<'a> {
    style: Style,
    text: String,
    detail: Detail,
    /// Attempts shown so far, with the flow they were shown for.
    tried: Vec<(u64, &'a [Attempt])>,
}

impl<'a> Page<'a> {
    fn overview(&mut self, explanation: &Explanation) {
        let sums = &explanation.sums;
        self.heading(&printable(&explanation.what));
        for (label, text) in &explanation.said {
            self.value(label, text);
        }
        let flows = counted(sums.flows.try_into().unwrap_or(u64::MAX), "flow", "flows");
        self.value("flows", &flows);
        let amount = |packets: u64, ip: u64| format!("{}, {} IP bytes ({})", counted(packets, "packet", "packets"), count(ip), bytes(ip));
        self.value("out", &amount(sums.packets_out, sums.ip_bytes_out));
        self.value("in", &amount(sums.packets_in, sums.ip_bytes_in));
        self.value("time", &format!("{} to {}", sums.first.as_deref().unwrap_or("-"), sums.last.as_deref().unwrap_or("-")));
        for part in &explanation.captures {
            let (flows, packets) = (part.flows.try_into().unwrap_or(u64::MAX), counted(part.packets, "packet", "packets"));
            self.value("capture", &format!("{}: {}, {packets}", part.capture, counted(flows, "flow", "flows")));
            match &part.filter {
                Some(filter) if filter.len() <= FILTER_BYTES => self.whole("Wireshark", filter),
                Some(filter) => self.doubt(
                    "Wireshark",
                    &format!("the filter takes {} bytes: --json prints it", count(filter.len().try_into().unwrap_or(u64::MAX))),
                ),
                None => self.doubt("Wireshark", "too many flows for one display filter: explain less at a time"),
            }
            if part.shift > 0 {
                self.doubt(
                    "",
                    &format!(
                        "Wireshark also numbers {} of this capture: its frame numbers may be higher by as many",
                        counted(part.shift, "custom block", "custom blocks")
                    ),
                );
            }
        }
        if let Some(written) = &explanation.excerpt {
            let (frames, captures) = (counted(written.frames, "frame", "frames"), written.captures.try_into().unwrap_or(u64::MAX));
            let opening = match written.opening {
                0 => String::new(),
                some => format!(", {} of them of the handshakes that open the others", count(some)),
            };
            self.value("excerpt", &format!("{}: {frames} of {}{opening}", written.path, counted(captures, "capture", "captures")));
            if !written.without_frames.is_empty() {
                let flows: Vec<_> = written.without_frames.iter().take(ROWS).map(u64::to_string).collect();
                let more = if written.without_frames.len() > ROWS { ", …" } else { "" };
                self.doubt(
                    "",
                    &format!("no frame of flow {}{more} could be read again: on a protected network give its key", flows.join(", ")),
                );
            }
        }
        if !explanation.stale_rules.is_empty() {
            self.doubt(
                "rules",
                &format!("the tables were made with {}, which are not the rules asked below", explanation.stale_rules.join(", ")),
            );
        }
    }

    fn flow(&mut self, explanation: &Explanation, flow: &'a Explained) {
        let row = &flow.row;
        self.heading(&format!("Flow {}", row.number("flow_id").unwrap_or(0)));
        self.traffic(row);
        self.value("Wireshark", &format!("{} of {}", frames(row), row.text("capture")));
        self.whole("", &flow.filter);
        self.name(row, &explanation.evidence.told(row));
        self.place(row);
        self.kind(flow);
        self.tried(flow);
        for &table in super::evidence::TABLES {
            self.rows(table, explanation.evidence.of(table, row));
        }
    }

    fn traffic(&mut self, row: &Row) {
        self.value("time", &format!("{} to {}", row.text("first"), row.text("last")));
        let mac = some(", ", row.text("device_mac"), "");
        self.value(
            "device",
            &format!(
                "{}{mac} (basis {}){}{}",
                end(row, "device"),
                row.text("device_basis"),
                kind_of(row, "device"),
                some(", app ", row.text("app"), "")
            ),
        );
        self.value("remote", &format!("{}, {} address{}", end(row, "remote"), row.text("scope"), kind_of(row, "remote")));
        let opened = match row.text("initiator") {
            "unknown" => "opening not captured".to_owned(),
            side => format!("opened by the {side}"),
        };
        let states = [row.text("conn_state"), row.text("history")].map(|state| some(", ", state, ""));
        let layers = [some(", in ", row.text("tunnel"), ""), some(", VLAN ", row.text("vlan"), "")];
        self.value(
            "transport",
            &format!("{}, {opened}, ended by {}{}{}", row.text("protocol"), row.text("ended_by"), states.concat(), layers.concat()),
        );
        for (side, label) in [("out", "out"), ("in", "in")] {
            let number = |column: &str| row.number(&format!("{column}_{side}")).unwrap_or(0);
            let again = number("retransmitted_bytes");
            let again = if again > 0 { format!(", {} sent again", count(again)) } else { String::new() };
            let amount = format!(
                "{}, {} IP bytes, {} payload{again}",
                counted(number("packets"), "packet", "packets"),
                count(number("ip_bytes")),
                count(number("payload_bytes"))
            );
            self.value(label, &amount);
        }
        let application = match (row.text("application"), row.text("application_basis")) {
            ("", _) => "not recognised".to_owned(),
            (application, "content" | "") => application.to_owned(),
            (application, basis) => format!("{application} by {basis}"),
        };
        self.value("protocol", &format!("{application}, encryption {}", row.text("encryption")));
        if !row.list("quality").is_empty() {
            self.doubt("quality", &row.list("quality").join(", "));
        }
    }

    fn name(&mut self, row: &Row, told: &[Told<'_>]) {
        if row.text("name").is_empty() {
            return self.doubt("name", "nothing told one");
        }
        let age = row.real("name_age_ms").map_or_else(String::new, |age| format!(", {age:.0} ms old"));
        let domain = some(", domain ", row.text("domain"), "");
        self.value("name", &format!("{} (source {}{age}){domain}", row.text("name"), row.text("name_source")));
        for told in told {
            let flow = told.row.number("flow_id").map_or_else(String::new, |id| format!(" of flow {id}"));
            let kind = match told.table {
                "certificates" => "certificate ",
                "http" => "http ",
                // What a hello or an answer says begins with its own word.
                _ => "",
            };
            let capture = told.row.text("capture");
            let place = if capture == row.text("capture") { String::new() } else { format!(" in {capture}") };
            let frame = told.row.number("frame").unwrap_or(0);
            self.value("", &format!("told by frame {frame}{flow}{place}: {kind}{}", line(told.table, told.row)));
        }
        if !row.list("name_candidates").is_empty() {
            self.doubt("rivals", &row.list("name_candidates").join(", "));
        }
    }

    fn place(&mut self, row: &Row) {
        let candidates = some(": ", &row.list("country_candidates").join(", "), "");
        let country = if row.text("country").is_empty() { "not settled" } else { row.text("country") };
        let tone = if matches!(row.text("country_basis"), "disputed" | "struck" | "anycast") { Tone::Doubt } else { Tone::Plain };
        self.line(tone, "country", &format!("{country} (basis {}){candidates}", row.text("country_basis")));
        if let (Some(km), Some(millis)) = (row.number("max_distance_km"), row.real("rtt_min_ms")) {
            let from = format!("at most {} km from the capture point: it was answered within {millis:.3} ms", count(km));
            self.value("distance", &from);
        }
        if !row.list("country_struck").is_empty() {
            self.doubt("struck out", &format!("{}: farther than that", row.list("country_struck").join(", ")));
        }
        self.value("region", row.text("region"));
        if !row.text("provider").is_empty() {
            let anycast = if row.is("anycast") { ", announced from many places (anycast)" } else { "" };
            self.value("provider", &format!("{}{}{anycast}", row.text("provider"), some(" ", row.text("provider_region"), "")));
        }
        if let Some(asn) = row.number("asn") {
            self.value("AS", &format!("{asn} {}", row.text("as_org")));
        }
        let owner = if row.text("owner").is_empty() { "no rule names one" } else { row.text("owner") };
        self.value("owner", &format!("{owner}{} (basis {})", some(", ", row.text("owner_country"), ""), row.text("owner_basis")));
        self.value("party", &format!("{} (basis {})", row.text("party"), row.text("party_basis")));
    }

    fn kind(&mut self, flow: &Explained) {
        let row = &flow.row;
        let candidates = some(", could be ", &row.list("category_candidates").join(", "), "");
        let tone = if row.text("category") == "unknown" { Tone::Doubt } else { Tone::Plain };
        self.line(tone, "category", &format!("{} (basis {}){candidates}", row.text("category"), row.text("category_basis")));
        match (&flow.rule, row.text("category_rule")) {
            (Some(rule), id) => {
                self.value("rule", id);
                for (label, text) in rule_lines(rule) {
                    self.line(Tone::Faint, "", &format!("{label:<11} {text}"));
                }
            }
            (None, "") if row.text("category_basis") == "content" => self.value("rule", "none: what the bodies are decides, see http"),
            (None, "") => self.value("rule", "none decided"),
            (None, id) => self.doubt("rule", &format!("{id}, which is not among the rules asked now: give it with --rules")),
        }
        for also in &flow.verdict.decision.also {
            self.value("", &format!("heard on the same basis: {also}"));
        }
        for difference in &flow.verdict.differs {
            let shown = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
            let (table, now) = (shown(&difference.table), shown(&difference.now));
            self.doubt(
                "asked again",
                &format!("{} is {now} by the rules at hand and what the tables hold; the table says {table}", difference.column),
            );
        }
    }

    /// The rules tried; those of flows asked alike are shown once.
    fn tried(&mut self, flow: &'a Explained) {
        let (id, tried) = (flow.row.number("flow_id").unwrap_or(0), flow.verdict.tried.as_slice());
        if let Some((first, _)) = self.tried.iter().find(|(_, shown)| *shown == tried).filter(|_| !tried.is_empty()) {
            let text = format!("{}, as for flow {first}", counted(tried.len().try_into().unwrap_or(u64::MAX), "rule", "rules"));
            return self.value("tried", &text);
        }
        self.value("tried", &counted(tried.len().try_into().unwrap_or(u64::MAX), "rule", "rules"));
        let is_told = |attempt: &&Attempt| self.detail == Detail::Full || !matches!(attempt.outcome, Outcome::Missed(_));
        let told: Vec<_> = tried.iter().filter(is_told).map(|attempt| attempt_line(attempt, |text| printable(text).into_owned())).collect();
        told.iter().for_each(|line| self.line(Tone::Faint, "", line));
        if self.detail == Detail::Brief {
            self.missed(tried);
        }
        self.tried.push((id, tried));
    }

    /// Rules that were not met, put together by what they were tried on and why.
    fn missed(&mut self, tried: &[Attempt]) {
        let mut missed = Vec::<((&str, &str), Vec<&str>)>::new();
        for attempt in tried {
            let Outcome::Missed(reason) = attempt.outcome else { continue };
            let key = (attempt.subject.as_str(), reason);
            match missed.iter_mut().find(|(known, _)| *known == key) {
                Some((_, rules)) => rules.push(&attempt.rule),
                None => missed.push((key, vec![&attempt.rule])),
            }
        }
        for ((subject, reason), rules) in missed {
            self.line(Tone::Faint, "", &format!("not met on {subject}, {reason}: {}", rules.join(", ")));
        }
    }

    fn rows(&mut self, table: &str, rows: &[Row]) {
        let limit = if self.detail == Detail::Full { usize::MAX } else { ROWS };
        for (place, row) in rows.iter().take(limit).enumerate() {
            let frame = row.number("frame").map_or_else(|| "no frame".to_owned(), |frame| format!("frame {frame}"));
            self.value(if place == 0 { table } else { "" }, &format!("{frame}: {}", line(table, row)));
        }
        if rows.len() > limit {
            self.line(Tone::Faint, "", &format!("and {} more: --all, or table {table}", rows.len() - limit));
        }
    }

    fn heading(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(&self.style.paint(Tone::Heading, text));
        self.text.push('\n');
    }

    fn value(&mut self, label: &str, text: &str) {
        self.line(Tone::Plain, label, text);
    }

    fn doubt(&mut self, label: &str, text: &str) {
        self.line(Tone::Doubt, label, text);
    }

    /// A label and its value, which goes on below at the terminal's width.
    fn line(&mut self, tone: Tone, label: &str, text: &str) {
        let room = self.style.width.saturating_sub(LABEL + 2).max(20);
        let text = printable(text);
        let mut line = String::new();
        let mut label = label;
        for word in text.split(' ') {
            if !line.is_empty() && line.chars().count() + word.chars().count() + 1 > room {
                self.part(tone, label, &line);
                (line, label) = (String::new(), "");
            } else if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.part(tone, label, &line);
    }

    /// A value to be copied: on one line, however long.
    fn whole(&mut self, label: &str, text: &str) {
        self.part(Tone::Plain, label, &printable(text));
    }

    fn part(&mut self, tone: Tone, label: &str, text: &str) {
        let label = self.style.paint(Tone::Faint, &format!("{label:<LABEL$}"));
        let line = format!("  {label}{}", self.style.paint(tone, text));
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

fn frames(row: &Row) -> String {
    format!("frames {} to {}", row.number("first_frame").unwrap_or(0), row.number("last_frame").unwrap_or(0))
}

/// Address and port of one side.
fn end(row: &Row, side: &str) -> String {
    let address = row.text(&format!("{side}_ip"));
    match row.number(&format!("{side}_port")) {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    }
}

/// `text` between `before` and `after`, or nothing.
fn some(before: &str, text: &str, after: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{before}{text}{after}") }
}

/// What a row of a table says.
/// What an end of the flow is, and what that rests on.
fn kind_of(row: &Row, side: &str) -> String {
    let basis = some(" (basis ", row.text(&format!("{side}_kind_basis")), ")");
    some(", ", row.text(&format!("{side}_kind")), &basis)
}

fn line(table: &str, row: &Row) -> String {
    match table {
        "tls" | "quic" => hello(row),
        "certificates" => certificate(row),
        "http" => exchange(row),
        "dns" => message(row),
        "names" => name(row),
        "drone_link" => messages(row),
        "findings" => format!("{} ({}): {}", row.text("kind"), row.text("severity"), row.text("what")),
        _ => format!("{}: {}{}", row.text("kind"), row.text("detail"), times(row)),
    }
}

fn messages(row: &Row) -> String {
    let command =
        [row.text("command_set"), row.text("command_id")].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let number = |column: &str| row.number(column).unwrap_or(0);
    let way = if row.is("from_device") { "from the device" } else { "to the device" };
    let parts = [
        format!("{}{}", row.text("protocol"), some(" ", &command, "")),
        row.text("name").to_owned(),
        some("", row.text("kind"), ""),
        format!("{way}, {} times, {} bytes", count(number("count")), count(number("bytes"))),
        if number("bad_checksums") > 0 { format!("{} with a wrong checksum", count(number("bad_checksums"))) } else { String::new() },
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn times(row: &Row) -> String {
    row.number("count").filter(|times| *times > 1).map_or_else(String::new, |times| format!(", {times} times"))
}

fn hello(row: &Row) -> String {
    let name =
        if row.text("server_name").is_empty() { "no server name".to_owned() } else { format!("server name {}", row.text("server_name")) };
    let parts = [
        some("QUIC ", row.text("quic_version"), ""),
        row.text("version").to_owned(),
        name,
        some("ALPN ", &row.list("alpn").join("/"), ""),
        some("chosen ", row.text("alpn_chosen"), ""),
        some("", row.text("cipher"), ""),
        some("JA4 ", row.text("ja4"), ""),
        some("ECH ", row.text("ech"), ""),
        some("user agent ", row.text("user_agent"), ""),
        if row.is("resumed") { "resumed".to_owned() } else { String::new() },
        some("hellos ", &row.list("hello_frames").join(" "), ""),
        some("alert ", row.text("alert"), ""),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn certificate(row: &Row) -> String {
    let validity = format!("valid {} to {}", row.text("not_before"), row.text("not_after"));
    let doubt = if row.is("valid_at_capture") { "" } else { ", not at the time of the capture" };
    let place = row.number("position").unwrap_or(0);
    format!(
        "{place} of the chain: {} for {}, issued by {}, {validity}{doubt}",
        row.text("subject"),
        row.list("names").join(", "),
        row.text("issuer")
    )
}

fn exchange(row: &Row) -> String {
    let keys = some("?", &row.list("query_keys").join("&"), "");
    let request = format!("{} {}{}{keys}", row.text("method"), row.text("host"), row.text("path"));
    let status = row.number("status").map_or_else(|| "no response seen".to_owned(), |status| format!("status {status}"));
    let body = |column: &str| count(row.number(column).unwrap_or(0));
    let sent = body_type(row, "request");
    let received = body_type(row, "response");
    let decrypted = if row.is("decrypted") { ", decrypted" } else { "" };
    let agent = some(", user agent ", row.text("user_agent"), "");
    format!(
        "{}, {status}, body {} bytes{sent}, response {} bytes{received}{agent}{decrypted}",
        request.trim(),
        body("request_body_bytes"),
        body("response_body_bytes")
    )
}

/// What a body was said to be, and what it was found to be.
fn body_type(row: &Row, half: &str) -> String {
    let mut found = row.list(&format!("{half}_part_types"));
    found.extend(Some(row.text(&format!("{half}_media_type"))).filter(|name| !name.is_empty()));
    let tells = some(" telling ", &row.list(&format!("{half}_tells")).join(", "), "");
    let position = some(", position in ", row.text(&format!("{half}_position")), "");
    let declared = some(" of ", row.text(&format!("content_type_{half}")), "");
    format!("{declared}{}{tells}{position}", some(" (found ", &found.join(", "), ")"))
}

fn message(row: &Row) -> String {
    let question = format!("{} {}", row.text("query_type"), row.text("query"));
    if !row.is("response") {
        return format!("{} question {}", row.text("protocol"), question.trim());
    }
    let answers = row.list("answers").join("; ");
    let cut = if row.is("truncated") { ", cut short" } else { "" };
    format!("{} answer {} {}{}{cut}", row.text("protocol"), row.text("response_code"), question.trim(), some(": ", &answers, ""))
}

fn name(row: &Row) -> String {
    let canonical = some(", by way of ", row.text("canonical"), "");
    format!(
        "{} is {}{canonical} ({}), from {}{}",
        row.text("name"),
        row.text("address"),
        row.text("source"),
        row.text("from"),
        some(" to ", row.text("until"), "")
    )
}
