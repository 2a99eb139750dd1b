//! DNS messages beside tshark's: of every message its header, of every answer owner, type, time to live and data.
//!
//! Both sides are brought to one form before they are compared:
//!
//! * Names: lower-case, without the final dot; the root is `.`, which tshark writes `<Root>`. A dot inside a label has
//!   a backslash before it in our rows (RFC 1035 section 5.1) and none in tshark's, which cannot be told from the dots
//!   between labels; it goes.
//! * Types: by number, as tshark has them; ours by the name that stands in the row, or by `TYPEn`.
//! * Addresses: as Rust writes them, whatever their text was.
//! * Numbers: decimal; tshark writes the message identifier in hexadecimal.
//! * Data: the one field of it that the ground truth has, which is an address or a name ([`FIELDS`]); of TXT, HTTPS,
//!   DNSSEC and other records it has none, and their data is `?` on both sides.
//! * SRV: the ground truth has no owner, because tshark takes that apart into service, protocol and name; it is `?`
//!   on both sides.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;
use whereto::record::{Dns, Row};

/// Lines of both sides, and how often each stands there.
pub(crate) type Lines = BTreeMap<String, usize>;

const SRV: u16 = 33;

/// Type, field of the ground truth, and which word of our data it is.
const FIELDS: &[(u16, &str, usize)] = &[
    (1, "a", 0),
    (2, "ns", 0),
    (5, "cname", 0),
    (6, "soa.mname", 0),
    (12, "ptr.domain_name", 0),
    (15, "mx.mail_exchange", 1),
    (28, "aaaa", 0),
    (SRV, "srv.target", 3),
];

/// Types and response codes that the captures hold (IANA "DNS Parameters").
const TYPES: &[(&str, u16)] = &[
    ("A", 1),
    ("NS", 2),
    ("CNAME", 5),
    ("SOA", 6),
    ("PTR", 12),
    ("HINFO", 13),
    ("MX", 15),
    ("TXT", 16),
    ("AAAA", 28),
    ("SRV", SRV),
    ("DS", 43),
    ("RRSIG", 46),
    ("NSEC", 47),
    ("DNSKEY", 48),
    ("HTTPS", 65),
    ("ANY", 255),
];
const CODES: &[&str] = &["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/// What our rows say.
pub(crate) fn ours(rows: &[Row]) -> Lines {
    let mut lines = Lines::new();
    for row in rows.iter().filter_map(|row| if let Row::Dns(row) = row { Some(row) } else { None }) {
        add(&mut lines, our_message(row));
        row.answers.iter().for_each(|answer| add(&mut lines, our_answer(row.origin.frame, answer)));
    }
    lines
}

/// What tshark says.
pub(crate) fn theirs(truth: &Value) -> Lines {
    let mut lines = Lines::new();
    for message in truth["dns"].as_array().into_iter().flatten() {
        add(&mut lines, their_message(message));
        let answers = message["answers"].as_array().into_iter().flatten();
        answers.for_each(|answer| add(&mut lines, their_answer(&message["frame"], answer)));
    }
    lines
}

fn add(lines: &mut Lines, line: String) {
    *lines.entry(line).or_default() += 1;
}

fn our_message(row: &Dns) -> String {
    let code = row.response_code.as_deref().map(|code| CODES.iter().position(|known| *known == code).expect(code));
    let questions: Vec<_> = row.questions.iter().map(|question| our_question(question)).collect();
    let counts = (row.authorities.len(), row.additionals.len());
    message_line(&row.origin.frame, &row.protocol, (row.id, row.is_response, code), &questions.join(" "), counts)
}

fn their_message(message: &Value) -> String {
    let id = u16::from_str_radix(text(&message["id"]).trim_start_matches("0x"), 16).expect("a number");
    let code = message["rcode"].as_str().map(|code| code.parse().expect("a number"));
    let kind = |question: &Value| format!("{}/{}", name(text(&question["name"])), text(&question["type"]));
    let questions: Vec<_> = message["queries"].as_array().into_iter().flatten().map(kind).collect();
    let count = |part: &str| usize::try_from(message[part].as_u64().expect("a count")).unwrap();
    let header = (id, message["response"].as_bool().expect("a flag"), code);
    let counts = (count("authority"), count("additional"));
    message_line(&message["frame"], text(&message["kind"]), header, &questions.join(" "), counts)
}

fn message_line(
    frame: &dyn std::fmt::Display,
    protocol: &str,
    (id, is_response, code): (u16, bool, Option<usize>),
    questions: &str,
    (authorities, additionals): (usize, usize),
) -> String {
    let code = code.filter(|_| is_response).map_or_else(|| "-".to_owned(), |code| code.to_string());
    let kind = if is_response { "response" } else { "query" };
    format!("message {frame} {protocol} {kind} id {id} code {code} asks [{questions}] authorities {authorities} additionals {additionals}")
}

/// `[class] type name`, as the row has it.
fn our_question(question: &str) -> String {
    let question = question.replace(r"\.", ".");
    let words: Vec<_> = question.split(' ').collect();
    let [.., kind, name] = words[..] else { panic!("a question is a type and a name: {question}") };
    format!("{name}/{}", number(kind))
}

/// `name ttl [class] type data`, as the row has it.
fn our_answer(frame: u64, answer: &str) -> String {
    let answer = answer.replace(r"\.", ".");
    let words: Vec<_> = answer.split(' ').collect();
    let at = if is_class(words[2]) { 3 } else { 2 };
    let (kind, data) = (number(words[at]), &words[at + 1..]);
    let said = FIELDS.iter().find(|(known, ..)| *known == kind).and_then(|(.., word)| data.get(*word));
    answer_line(&frame, words[0], words[1], kind, said.map_or("?", |said| *said))
}

fn their_answer(frame: &Value, answer: &Value) -> String {
    let kind = text(&answer["type"]).parse().expect("a number");
    let field = FIELDS.iter().find(|(known, ..)| *known == kind).and_then(|(_, field, _)| answer[*field].as_str());
    answer_line(frame, &name(answer["name"].as_str().unwrap_or("?")), text(&answer["ttl"]), kind, &name(field.unwrap_or("?")))
}

fn answer_line(frame: &dyn std::fmt::Display, owner: &str, lifetime: &str, kind: u16, data: &str) -> String {
    let owner = if kind == SRV { "?" } else { owner };
    let data = data.parse::<IpAddr>().map_or_else(|_| data.to_owned(), |address| address.to_string());
    format!("answer {frame} {owner} {lifetime} type {kind} {data}")
}

fn is_class(word: &str) -> bool {
    matches!(word, "CH" | "HS" | "NONE") || word.starts_with("CLASS")
}

fn number(kind: &str) -> u16 {
    let known = TYPES.iter().find(|(name, _)| *name == kind).map(|(_, number)| *number);
    known.or_else(|| kind.strip_prefix("TYPE")?.parse().ok()).unwrap_or_else(|| panic!("type {kind} has no number here"))
}

fn name(name: &str) -> String {
    if name == "<Root>" { ".".to_owned() } else { name.trim_end_matches('.').to_ascii_lowercase() }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

fn is_compared(kind: u16, field: &str) -> bool {
    FIELDS.iter().any(|(known, name, _)| *known == kind && *name == field)
}

/// The ground truth with each answer's data of one type changed.
fn altered(truth: &Value, field: &str) -> Value {
    let mut truth = truth.clone();
    let answers = truth["dns"].as_array_mut().into_iter().flatten().filter_map(|message| message["answers"].as_array_mut());
    for said in answers.flatten().filter_map(|answer| answer.get_mut(field)) {
        *said = Value::from(format!("{}x", text(said)));
    }
    truth
}

/// What the ground truth says of answers is compared, all of it: a truth file that says more fails here. And a comparison
/// is one: whichever datum is changed, the two sides differ.
#[test]
fn every_datum_of_the_ground_truth_is_compared() {
    let Some(corpus) = crate::corpus::corpus() else { return };
    let mut counts = BTreeMap::<u16, [usize; 2]>::new();
    for truth in crate::corpus::truths(&corpus) {
        for answer in truth["dns"].as_array().into_iter().flatten().filter_map(|message| message["answers"].as_array()).flatten() {
            let kind: u16 = text(&answer["type"]).parse().expect("a number");
            let data = answer.as_object().expect("an answer").keys().filter(|key| !["name", "type", "ttl"].contains(&key.as_str()));
            let unknown: Vec<_> = data.clone().filter(|key| !is_compared(kind, key)).collect();
            assert!(unknown.is_empty(), "answers of type {kind} have {unknown:?} in the ground truth, which nothing compares");
            counts.entry(kind).or_default()[usize::from(data.count() == 0)] += 1;
        }
        for (_, field, _) in FIELDS {
            let differs = theirs(&altered(&truth, field)) != theirs(&truth);
            assert_eq!(differs, truth["dns"].to_string().contains(&format!("\"{field}\":")), "{field}");
        }
    }
    let bare = |kind: &u16| FIELDS.iter().all(|(known, ..)| known != kind);
    let silent: Vec<_> = counts.keys().filter(|kind| bare(kind)).copied().collect();
    let total = |which: usize| counts.values().map(|count| count[which]).sum::<usize>();
    assert_eq!(silent, [16, 46, 48, 65], "docs/tshark.md says of which types the ground truth has no data");
    assert!(total(0) > 900 && total(1) < 60, "answers with and without data: {counts:?}");
}
