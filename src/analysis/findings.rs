//! What was found in bytes, on its way to the join: the same thing in the same place is one finding that is counted.

use hashbrown::HashMap;

use crate::limits::FINDINGS;
use crate::record::{Finding, Flow, Severity};

/// Findings of one flow.
type Kept = Vec<Box<Finding>>;

/// Findings that wait for their flows, by the number of the flow.
#[derive(Default)]
pub(super) struct Findings {
    of: HashMap<u64, Kept>,
    count: usize,
    /// Found beyond the limit, and not kept.
    pub(super) lost: u64,
}

impl Findings {
    /// Takes one that belongs to a flow.
    pub(super) fn push(&mut self, finding: Box<Finding>) {
        let known = self.of.entry(finding.flow_id.unwrap_or_default()).or_default();
        if let Some(known) = known.iter_mut().find(|known| is_same(known, &finding)) {
            known.count = known.count.saturating_add(finding.count);
            known.decrypted &= finding.decrypted;
        } else if self.count < FINDINGS {
            self.count = self.count.saturating_add(1);
            known.push(finding);
        } else {
            self.lost = self.lost.saturating_add(1);
        }
    }

    /// Those of an answered flow, complete.
    pub(super) fn take(&mut self, flow: &Flow) -> Kept {
        let Some(mut found) = self.of.remove(&flow.flow_id) else { return Vec::new() };
        // What the list names shows itself too, in the same place: once is enough.
        let place = |finding: &Finding| (finding.frame, finding.part.clone(), finding.offset, finding.from_device);
        let named: Vec<_> = found.iter().filter(|finding| finding.identifier.is_some()).map(|finding| place(finding)).collect();
        found.retain(|finding| finding.identifier.is_some() || finding.offset.is_none() || !named.contains(&place(finding)));
        located(&mut found);
        once(&mut found);
        for finding in &mut found {
            if finding.name.is_none() {
                finding.name.clone_from(&flow.answer.name);
            }
            finding.country.clone_from(&flow.answer.country);
            finding.owner.clone_from(&flow.answer.owner);
            finding.device_mac.clone_from(&flow.device_mac);
            finding.device_kind = flow.answer.device_kind.map(|(kind, _)| kind);
            // Only what was looked for has a form; others say themselves what they are.
            if finding.form.is_some() {
                finding.severity = severity(finding, flow.answer.scope);
                finding.what = sentence(finding);
            }
        }
        found
    }
}

/// Numbers beside their names that the list knows as a place are told as that place.
fn located(found: &mut Kept) {
    let place = |finding: &Finding| (finding.frame, finding.part.clone(), finding.from_device);
    let is_place = |finding: &Finding| finding.identifier.is_some() && matches!(finding.what.as_str(), "position" | "track");
    let known: Vec<_> =
        found.iter().filter(|finding| is_place(finding)).map(|finding| (place(finding), finding.offset.unwrap_or_default())).collect();
    let is_beside = |finding: &Finding| {
        let offset = finding.offset.unwrap_or_default();
        known.iter().any(|(other, at)| *other == place(finding) && at.abs_diff(offset) <= BESIDE_BYTES)
    };
    found.retain(|finding| finding.kind != "position" || !is_beside(finding));
}

/// Bytes between the name of a number and that number, or the other one.
const BESIDE_BYTES: u64 = 128;

/// A login in clear tells the same bytes as the credentials that were found in its field, which tell more: these take over
/// why it matters.
fn once(found: &mut Kept) {
    let form = |login: &Finding| login.value.as_deref().and_then(|scheme| SCHEMES.iter().find(|form| form.ends_with(scheme)));
    let logins: Kept = found.iter().filter(|finding| finding.kind == "clear-login" && finding.basis == "header").cloned().collect();
    for login in logins {
        let mut told = false;
        let is_told = |finding: &&mut Box<Finding>| finding.form.is_some() && finding.form == form(&login).copied() && !finding.decrypted;
        for finding in found.iter_mut().filter(is_told) {
            finding.reason = login.reason;
            told = true;
        }
        if told {
            found.retain(|finding| *finding != login);
        }
    }
}

/// Forms of credentials in a field of HTTP, by the scheme at their end.
const SCHEMES: [&str; 2] = ["HTTP Basic", "HTTP Bearer"];

fn is_same(one: &Finding, other: &Finding) -> bool {
    let key = |finding: &Finding| (finding.kind, finding.form, finding.from_device, finding.decrypted);
    key(one) == key(other) && one.identifier == other.identifier && one.part == other.part && one.value == other.value
}

/// Sent out to the world weighs more than received, in clear more than under keys, what the analyst named and what gives
/// access more than the rest.
fn severity(finding: &Finding, scope: &str) -> Severity {
    let weighs = matches!(finding.kind, "identifier" | "credentials" | "cloud-key" | "private-key" | "presigned-link" | "imei" | "imsi");
    match (scope == "global", finding.from_device == Some(true), finding.decrypted, weighs) {
        (false, ..) => Severity::Info,
        (true, true, false, true) => Severity::High,
        (true, true, false, false) | (true, true, true, true) => Severity::Medium,
        (true, true, true, false) | (true, false, false, true) => Severity::Low,
        (true, false, ..) => Severity::Info,
    }
}

/// In plain words; of an identifier of the list `what` tells the kind until now.
fn sentence(finding: &Finding) -> String {
    let thing = match finding.kind {
        "identifier" => {
            let whose = finding.whose.as_deref().map_or_else(String::new, |whose| format!(" of {whose}"));
            let id = finding.identifier.as_deref().unwrap_or_default();
            format!("the {}{whose} ({id})", finding.what.replace('_', " "))
        }
        "credentials" => "a user's name and password".to_owned(),
        "token" => "a token that gives access".to_owned(),
        "cloud-key" => "a key of a cloud service".to_owned(),
        "private-key" => "a private key".to_owned(),
        "presigned-link" => "a signed link to storage".to_owned(),
        "email" => "an e-mail address".to_owned(),
        "phone-number" => "a telephone number".to_owned(),
        "imei" => "a phone's serial number (IMEI)".to_owned(),
        "imsi" => "a subscriber's number (IMSI)".to_owned(),
        "flight-record" => "a record of a flight".to_owned(),
        other => format!("a {other}"),
    };
    let went = if finding.from_device == Some(true) { "sent" } else { "received" };
    let how = if finding.decrypted { "encrypted, opened with keys" } else { "readable for everybody on the way" };
    let part = finding.part.as_deref().unwrap_or("payload");
    let form = finding.form.unwrap_or("clear");
    format!("{thing} was {went}, {how}: {form}, in {part}")
}
