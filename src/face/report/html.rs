//! The page: first what a decision-maker needs, then everything a hostile reader asks for.

mod seen;
mod study;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::super::grid::printable;
use super::super::rows::Row;
use super::super::units::{bytes, count, share};
use super::commands::{Commands, cell};
use super::data::{Bytes, Report};
use super::picture;
use super::sections::{Kind, Section};
use super::world::countries;

pub(super) use study::rate;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Lines of the ledger, and captures, shown: a study may have thousands of both.
const LINES: usize = 1_000;
const INPUTS: usize = 200;

/// The page as text.
pub(super) fn page(report: &Report) -> String {
    let commands = Commands::default();
    // The body first: it is what fills the list of commands.
    let body = body(report, &commands);
    let policy = format!(
        "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let whole = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(report.made_by);
                title { (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                (how(&commands))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    // Whatever a table holds, no character that steers a terminal or turns a line of text around gets onto the page.
    whole.into_string().split('\n').map(printable).collect::<Vec<_>>().join("\n") + "\n"
}

/// A hash as a content security policy writes it.
fn hash(text: &str) -> String {
    base64(&Sha256::digest(text))
}

/// RFC 4648 section 4.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            text.push(if place <= group.len() { char::from(DIGITS[digit]) } else { '=' });
        }
    }
    text
}

fn body(report: &Report, commands: &Commands) -> Markup {
    html! {
        header {
            h1 { (report.title) }
            p { (inputs(report)) }
            nav aria-label="Contents" {
                @for (anchor, name) in CONTENTS { a href=(format!("#{anchor}")) { (name) } " " }
            }
        }
        main {
            (answer(report, commands))
            (study::verdicts(report, commands))
            (kinds(report, commands))
            (destinations(report, commands))
            (study::runs(report, commands))
            (study::settings(report))
            (study::over_time(report, commands))
            (seen::findings(report, commands))
            (seen::air(report, commands))
            (quality(report))
            (method())
            (ledger(report))
            (manifest(report))
        }
    }
}

const CONTENTS: &[(&str, &str)] = &[
    ("answer", "Answer"),
    ("verdicts", "Verdicts"),
    ("kinds", "Kinds of data"),
    ("destinations", "Destinations"),
    ("runs", "Runs"),
    ("settings", "Settings"),
    ("time", "Over time"),
    ("findings", "Findings"),
    ("air", "On the air"),
    ("quality", "Capture quality"),
    ("method", "Method and limits"),
    ("ledger", "Ledger"),
    ("inputs", "Inputs and rules"),
    ("how", "How to check a number"),
];

fn inputs(report: &Report) -> String {
    let (frames, wire) = report.frames(None);
    let captures = report.captures.len();
    let first = report.captures.iter().map(|row| row.text("first")).filter(|text| !text.is_empty()).min().unwrap_or("no time");
    let last = report.captures.iter().map(|row| row.text("last")).max().unwrap_or_default();
    let noun = if captures == 1 { "capture" } else { "captures" };
    let [first, last] = [first, last].map(to_the_second);
    format!("{captures} {noun}, {} frames, {} on the wire, {first} to {last}. Made by {}.", count(frames), bytes(wire), report.made_by)
}

/// A time to the millisecond.
fn to_the_millisecond(time: &str) -> String {
    let cut = time.split_once('.').and_then(|(second, rest)| Some(format!("{second}.{}Z", rest.get(..3)?)));
    cut.unwrap_or_else(|| time.to_owned())
}

pub(super) fn to_the_second(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(second, _)| format!("{second}Z"))
}

/// A sentence about the rows of a table that the page leaves out.
fn left_out(report: &Report, table: &str) -> Markup {
    html! { @if let Some(rows) = report.left_out.get(table) { p.small { (rows) " more rows are in table " code { (table) } " and not on this page." } } }
}

/// A number that links to the command that explains it.
fn linked(commands: &Commands, number: u64, what: &str) -> Markup {
    if number == 0 {
        return html! { "0 B" };
    }
    html! { a class="x" href=(format!("#{}", commands.explain(what))) { (bytes(number)) } }
}

fn answer(report: &Report, commands: &Commands) -> Markup {
    let matrix = &report.matrix;
    html! {
        section #answer {
            (study::summary(report))
            h2 { "What was sent, and where" }
            p.lead {
                "The devices sent " strong { (bytes(matrix.total.out)) } " and received " strong { (bytes(matrix.total.inward)) } " in "
                (count(matrix.total.flows)) " flows, counted as IP datagrams."
                @if !report.ledger_closes { strong.alarm { " The ledger does not close: the numbers are wrong, this is an error of the program." } }
            }
            (heat_map(report, commands))
            div.side {
                figure { (picture::map(&report.countries)) figcaption { "Area of a mark: bytes sent to servers in that country. Only countries that the sources agree on." } }
                (country_table(report, commands))
            }
            @if !report.redacted.is_empty() {
                h3 #redaction { "What was redacted" }
                ul { @for sentence in &report.redacted { li { (sentence) } } }
                details { summary { "By table and column" }
                    (seen::any_table(&report.redactions, &[("level", "level"), ("table", "table"), ("column", "column"), ("what", "what"), ("cells", "values"), ("rows", "rows"), ("ip_bytes", "IP bytes")])) }
            }
            h3 { "What could not be seen" }
            ul.unseen { @for sentence in &report.unseen { li { (sentence) } } }
        }
    }
}

fn heat_map(report: &Report, commands: &Commands) -> Markup {
    let matrix = &report.matrix;
    let most = matrix.cells.iter().map(|cell| cell.bytes.out).max().unwrap_or_default();
    html! {
        div.wide { table.heat {
            caption { "Bytes from the device by kind of data and region of the server. Darker is more; each step is a factor of eight." }
            thead { tr { th scope="col" { "kind of data" } @for region in &matrix.regions { th scope="col" { (region) } } th scope="col" { "total" } th scope="col" { "share" } } }
            tbody { @for category in &matrix.categories {
                @let total = matrix.bytes(Some(category), None);
                tr {
                    th scope="row" { (category) }
                    @for region in &matrix.regions {
                        @let found = matrix.bytes(Some(category), Some(region));
                        td class=(picture::heat(found.out, most)) {
                            @if found.flows > 0 { (linked(commands, found.out, &cell(&[("category", category), ("region", region)]))) } @else { "–" }
                        }
                    }
                    td.total { (linked(commands, total.out, &cell(&[("category", category)]))) }
                    td.total { (share(total.out, matrix.total.out)) }
                }
            } }
            tfoot { tr {
                th scope="row" { "total" }
                @for region in &matrix.regions { td.total { (linked(commands, matrix.bytes(None, Some(region)).out, &cell(&[("region", region)]))) } }
                td.total { (bytes(matrix.total.out)) }
                td.total { "100 %" }
            } }
        } }
    }
}

fn country_table(report: &Report, commands: &Commands) -> Markup {
    let names = countries();
    html! {
        div.wide { table.sortable {
            caption { "Bytes by country of the server" }
            thead { tr { th scope="col" { "country" } th scope="col" { "out" } th scope="col" { "in" } th scope="col" { "flows" } } }
            tbody { @for place in &report.countries { tr {
                th scope="row" { (names.get(place.country.as_str()).map_or(place.country.as_str(), |country| country.name)) " (" (place.country) ")" }
                td data-n=(place.bytes.out) { (linked(commands, place.bytes.out, &cell(&[("country", &place.country)]))) }
                td data-n=(place.bytes.inward) { (bytes(place.bytes.inward)) }
                td data-n=(place.bytes.flows) { (count(place.bytes.flows)) }
            } } }
        } }
    }
}

fn kinds(report: &Report, commands: &Commands) -> Markup {
    html! {
        section #kinds {
            h2 { "Kinds of data" }
            p { "Each number of bytes links to the command that lists its flows. A run's part of a kind is " code { "whereto explain DIR run=RUN,category=KIND" } "." }
            @for section in &report.sections { (heading(section, commands)) }
            (servers(report, commands))
        }
    }
}

fn heading(section: &Section, commands: &Commands) -> Markup {
    html! {
        h3 { (section.heading) }
        p.small { (section.about) }
        @if section.kinds.is_empty() {
            p { "None of this was recognised (looked for: " (section.looked_for.join(", ")) "). That is no proof that none was sent: see what could not be seen." }
        } @else {
            div.wide { table {
                caption.hidden { (section.heading) }
                thead { tr { @for name in ["kind", "out", "in", "flows", "rests on", "countries", "owners", "caused by", "encryption"] { th scope="col" { (name) } } } }
                tbody { @for kind in &section.kinds { (kind_row(kind, commands)) } }
            } }
        }
    }
}

/// Who runs the servers, and where.
fn servers(report: &Report, commands: &Commands) -> Markup {
    html! {
        h3 { "Servers" }
        p.small { "by the owner of the name; an owner without a name is not known. " a href="#destinations" { "Destinations" } " has each of them" }
        div.wide { table {
            caption.hidden { "Servers" }
            thead { tr { @for name in ["owner", "out", "in", "flows", "countries", "kinds"] { th scope="col" { (name) } } } }
            tbody { @for owner in &report.servers { tr {
                th scope="row" { @if owner.name.is_empty() { "not known" } @else { (printable(&owner.name)) } }
                td { (linked(commands, owner.bytes.out, &cell(&[("owner", &owner.name)]))) }
                td { (bytes(owner.bytes.inward)) }
                td { (count(owner.bytes.flows)) }
                td.text { (parts_of(&owner.countries, "not settled")) }
                td.text { (parts_of(&owner.categories, "unknown")) }
            } } }
        } }
    }
}

fn kind_row(kind: &Kind, commands: &Commands) -> Markup {
    html! { tr {
        th scope="row" { (kind.category) }
        td { (linked(commands, kind.bytes.out, &cell(&[("category", &kind.category)]))) }
        td { (bytes(kind.bytes.inward)) }
        td { (count(kind.bytes.flows)) }
        @for (parts, none) in [(&kind.bases, "nothing"), (&kind.countries, "not settled"), (&kind.owners, "not known"), (&kind.initiations, "unknown"), (&kind.encryptions, "unknown")] {
            td.text { (parts_of(parts, none)) }
        }
    } }
}

pub(super) fn parts_of(parts: &[(String, Bytes)], none: &str) -> String {
    const SHOWN: usize = 5;
    let name = |text: &str| if text.is_empty() { none.to_owned() } else { printable(text).into_owned() };
    let mut shown: Vec<String> = parts.iter().take(SHOWN).map(|(text, sum)| format!("{} {}", name(text), bytes(sum.out))).collect();
    if parts.len() > SHOWN {
        shown.push(format!("and {} more", parts.len() - SHOWN));
    }
    shown.join(", ")
}

fn destinations(report: &Report, commands: &Commands) -> Markup {
    let left = report.destinations_in_all.saturating_sub(report.destinations.len());
    html! {
        section #destinations {
            h2 { "Destinations" }
            p { (count(u64::try_from(report.destinations_in_all).unwrap_or(u64::MAX))) " destinations."
                @if left > 0 { " The table shows those that got most; " (left) " more are in table destinations." } }
            label { "Show only rows with " input type="search" data-filter="destination-rows" placeholder="text"; }
            div.wide { table.sortable #destination-rows {
                caption.hidden { "Destinations" }
                thead { tr { @for name in ["name", "address", "owner", "network", "party", "country", "rests on", "kinds", "out", "in", "flows"] { th scope="col" { (name) } } } }
                tbody { @for row in &report.destinations { (destination(row, commands)) } }
            } }
        }
    }
}

fn destination(row: &Row, commands: &Commands) -> Markup {
    let (sum, address) = (Bytes::of(row), row.text("remote_ip"));
    let text = |column: &str| printable(row.text(column)).into_owned();
    html! { tr {
        th scope="row" { @if row.text("name").is_empty() { "no name" } @else { (text("name")) } }
        td.text { (address) }
        td.text { (text("owner")) }
        td.text { (text("as_org")) @if let Some(number) = row.number("asn") { " (AS" (number) ")" } }
        td.text { (text("party")) }
        td.text { @if row.text("country").is_empty() { (text("region")) } @else { (text("country")) } }
        td.text { (text("country_basis")) }
        td.text { (row.list("categories").join(", ")) }
        td data-n=(sum.out) { (linked(commands, sum.out, address)) }
        td data-n=(sum.inward) { (bytes(sum.inward)) }
        td data-n=(sum.flows) { (count(sum.flows)) }
    } }
}

fn quality(report: &Report) -> Markup {
    html! {
        section #quality {
            h2 { "Capture quality" }
            div.wide { table.sortable {
                caption { "What each capture can show; silences and lost frames are where something may have been missed" }
                thead { tr { @for name in ["capture", "frames", "cut short", "lost by the system", "longest silence", "clock went back", "ends in damage"] { th scope="col" { (name) } } } }
                tbody { @for row in report.captures.iter().take(INPUTS) { tr {
                    th scope="row" { (row.shown("capture")) }
                    @for column in ["frames", "cut_frames"] { td data-n=(row.number(column).unwrap_or_default()) { (count(row.number(column).unwrap_or_default())) } }
                    td { @if let Some(lost) = row.number("drops_reported") { (count(lost)) } @else { "not told" } }
                    td { (row.shown("longest_silence_s")) " s" }
                    td { (count(row.number("clock_jumps").unwrap_or_default())) }
                    td { @if row.is("truncated") { strong.alarm { "yes" } } @else { "no" } }
                } } }
            } }
            @if report.anomalies.is_empty() { p { "Nothing was damaged and nothing was odd." } }
            @else { div.wide { table {
                caption.hidden { "Damage and oddities" }
                thead { tr { @for name in ["kind", "times", "effect", "first example"] { th scope="col" { (name) } } } }
                tbody { @for kind in &report.anomalies { tr {
                    th scope="row" { (printable(&kind.kind)) }
                    td { (count(kind.count)) }
                    td.text { @if kind.is_damage { strong.alarm { "the result is incomplete" } } @else { "told as it was" } }
                    td.text { (printable(&kind.example)) }
                } } }
            } } }
        }
    }
}

fn method() -> Markup {
    html! {
        section #method {
            h2 { "Method and limits" }
            ul {
                li { strong { "Bytes" } " are IP datagrams, headers included, by their own length. Out is from the device, whoever spoke first." }
                li { strong { "Names" } " come from the connection itself (TLS, QUIC, HTTP), else from the DNS answer that this device got for that address, else from a certificate. Each flow says which." }
                li { strong { "Places" } " are those of address databases. Where two sources disagree the place is disputed and counted apart; nothing is averaged. A country of an address is not the home of its owner." }
                li { strong { "Kinds of data" } " rest, strongest first, on the content, the path asked for, the host's name, the address, the port. A host that serves several kinds stays undecided, with candidates." }
                li { strong { "Unknown, disputed and undetermined" } " are answers. They are in every total." }
                li { strong { "Every number" } " can be followed to its flows and frames: it links to a command below, and the frames can be looked at in Wireshark." }
            }
        }
    }
}

fn ledger(report: &Report) -> Markup {
    let (frames, wire) = report.frames(None);
    html! {
        section #ledger {
            h2 { "Ledger: where every frame went" }
            div.wide { table {
                caption.hidden { "Ledger" }
                thead { tr { @for name in ["capture", "went to", "reason", "frames", "bytes on the wire", "IP bytes"] { th scope="col" { (name) } } } }
                tbody { @for row in report.ledger.iter().take(LINES) { tr {
                    td.text { (row.shown("capture")) } td.text { (row.shown("disposition")) } td.text { (row.shown("reason")) }
                    @for column in ["frames", "wire_bytes", "ip_bytes"] { td { (count(row.number(column).unwrap_or_default())) } }
                } } }
                tfoot { tr { th scope="row" colspan="3" { "total" } td.total { (count(frames)) } td.total { (count(wire)) } td {} } }
            } }
            @if report.ledger.len() > LINES { p.small { (report.ledger.len() - LINES) " more lines are in table " code { "ledger" } "; the total has them." } }
            @if report.ledger_closes { p { "The ledger closes: every frame and byte read is accounted for." } }
            @else { p.alarm { strong { "The ledger does not close. The numbers of this report are wrong; this is an error of the program." } } }
        }
    }
}

fn manifest(report: &Report) -> Markup {
    html! {
        section #inputs {
            h2 { "Inputs and rules" }
            p { "The hashes of all inputs, rules and files of this result stand in " code { "manifest.json" } " beside this page, which is sealed: " code { "whereto verify DIR" } " finds a changed byte, " code { "whereto verify DIR --rerun" } " makes the result again." }
            @if report.captures.len() > INPUTS { p.small { (report.captures.len() - INPUTS) " more captures are in table " code { "captures" } " and in manifest.json." } }
            @for row in report.captures.iter().take(INPUTS) {
                h3 { (row.shown("capture")) }
                dl {
                    @for (column, name) in [("sha256", "SHA-256"), ("file_bytes", "bytes"), ("container", "container"), ("link_types", "link types"), ("written_by", "written by"),
                        ("first", "first frame"), ("last", "last frame"), ("drops_reported", "lost by the capturing system"), ("rules", "rules"), ("address_data", "address data"), ("tool_version", "program")] {
                        dt { (name) } dd { (row.shown(column)) }
                    }
                }
            }
        }
    }
}

fn how(commands: &Commands) -> Markup {
    html! {
        section #how {
            h2 { "How to check a number" }
            p { "Each command prints the flows, frames, rules and sources behind a number, and a display filter for Wireshark; with " code { "--capture FILE.pcapng" } " it writes the frames themselves. DIR is the folder this report lies in." }
            ol { @for (anchor, command) in commands.all() { li id=(anchor) { code { (command) } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648 section 10.
        let texts = ["", "f", "fo", "foo", "foob", "fooba", "foobar"].map(|text| base64(text.as_bytes()));
        assert_eq!(texts, ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"]);
    }
}
