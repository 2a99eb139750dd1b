//! Whether a conversation is one that a claim is about: yes, no, or perhaps, with what is not known of it.

use std::collections::BTreeSet;

use super::super::experiment::Experiment;
use super::super::facts::Fact;
use super::super::file::{DeviceKind, Select, Study, Where};
use super::super::kinds::fits;

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It is, on strong enough ground to speak against somebody.
    Yes,
    /// It may be; what is not known.
    Perhaps(String),
    /// It is not.
    No,
}

/// Kinds that can hold any other.
const OPAQUE: [&str; 2] = ["cloud_storage", "tunnel"];

/// One thing that a selection asks.
type Criterion = fn(&Select, &Fact, &Experiment<'_>, &Study) -> Fit;

/// Asks all that a selection asks of a conversation.
pub(super) fn fit(select: &Select, fact: &Fact, experiment: &Experiment<'_>, study: &Study) -> Fit {
    let criteria: [Criterion; 11] = [place, amount, device, remote, party, host, owner, category, app, initiation, reading];
    let mut doubts = Vec::new();
    for criterion in criteria {
        match criterion(select, fact, experiment, study) {
            Fit::Yes => {}
            Fit::No => return Fit::No,
            Fit::Perhaps(doubt) => doubts.push(doubt),
        }
    }
    if doubts.is_empty() { Fit::Yes } else { Fit::Perhaps(doubts.join("; ")) }
}

#[expect(clippy::fn_params_excessive_bools, reason = "the one argument is what the answer says in another word")]
const fn when(holds: bool) -> Fit {
    if holds { Fit::Yes } else { Fit::No }
}

fn place(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    when(match select.place.as_ref().map(|place| place.get_ref().as_str()) {
        Some("public") => fact.is_public(),
        Some("outside") => fact.is_public() || fact.asks_outside(),
        Some("local") => !fact.is_public(),
        _ => true,
    })
}

fn amount(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    when(fact.payload_out >= select.at_least)
}

fn device(select: &Select, fact: &Fact, _: &Experiment<'_>, study: &Study) -> Fit {
    let Some(wanted) = &select.device else { return Fit::Yes };
    let kind = |kind: DeviceKind| {
        let word = match kind {
            DeviceKind::Phone => "phone",
            DeviceKind::Drone => "drone",
            DeviceKind::Controller => "controller",
            DeviceKind::Gateway => "gateway",
            DeviceKind::Other => "other",
        };
        word == wanted
    };
    let mut devices = study.devices.iter().filter(|device| device.id == *wanted || kind(device.kind));
    when(devices.any(|device| device.is(fact.device_mac.as_deref(), fact.device_ip)))
}

fn remote(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    when(select.remote.is_empty() || select.remote.values().iter().any(|net| net.0.contains(&fact.remote_ip)))
}

fn party(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    let has = |party: &str| select.party.values().iter().any(|wanted| wanted == party);
    match fact.party {
        _ if select.party.is_empty() => Fit::Yes,
        party if has(party) && fact.party_basis == "address" && party != "local" => {
            Fit::Perhaps(format!("party {party} only by its address"))
        }
        party if has(party) => Fit::Yes,
        "unknown" if fact.is_public() => Fit::Perhaps("party not known".to_owned()),
        _ => Fit::No,
    }
}

fn host(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    if select.host.is_empty() {
        return Fit::Yes;
    }
    match &fact.name {
        Some(name) => when(is_among(select.host.values(), name)),
        None if fact.is_public() && fact.payload_out >= select.unsettled_at_least => Fit::Perhaps("no host name".to_owned()),
        None => Fit::No,
    }
}

fn owner(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    if select.owner.is_empty() {
        return Fit::Yes;
    }
    match &fact.owner {
        Some(owner) => when(is_among(select.owner.values(), owner)),
        None if fact.is_public() => Fit::Perhaps("owner not known".to_owned()),
        None => Fit::No,
    }
}

fn category(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    let has = |kind: &str| select.category.values().iter().any(|wanted| wanted == kind);
    if select.category.is_empty() {
        return Fit::Yes;
    }
    let bytes = fact.payload_out;
    let open = select.unsettled_at_least.max(1);
    if fact.category != "unknown" {
        let is_strong = matches!(fact.category_basis, "content" | "path" | "name");
        return match fact.category {
            kind if has(kind) && is_strong => Fit::Yes,
            kind if has(kind) => Fit::Perhaps(format!("{kind} only by {}", fact.category_basis)),
            kind if OPAQUE.contains(&kind) && fact.is_unreadable() && bytes >= open => {
                Fit::Perhaps(format!("{kind}, {bytes} bytes out that nobody can read"))
            }
            kind if hides(select, fact) => Fit::Perhaps(format!("{kind} by its host alone, {bytes} bytes out that nobody can read")),
            _ => Fit::No,
        };
    }
    match fact.candidates.is_empty() {
        false if bytes >= open && fact.candidates.iter().any(|candidate| has(candidate)) => {
            Fit::Perhaps(format!("one of {}, {bytes} bytes out", fact.kind()))
        }
        // Of what could be anything, only what sends enough to hide it.
        true if fact.is_public() && bytes >= select.hidden_at_least.unwrap_or(open) => {
            Fit::Perhaps(format!("kind not known, {bytes} bytes out"))
        }
        _ => Fit::No,
    }
}

/// An unreadable flow of another kind, of which only the host tells, sends enough to hold what is meant.
fn hides(select: &Select, fact: &Fact) -> bool {
    let is_enough = select.hidden_at_least.is_some_and(|least| fact.payload_out >= least);
    is_enough && fact.is_public() && fact.is_unreadable() && fact.category_basis == "name" && fact.party != "platform"
}

fn app(select: &Select, fact: &Fact, experiment: &Experiment<'_>, _: &Study) -> Fit {
    let Some(wanted) = &select.app else { return Fit::Yes };
    // `study` is the application under study, whatever the study file calls it.
    let wanted = if wanted == "study" { experiment.app_id() } else { Some(wanted.as_str()) };
    let party = if fact.asked.is_empty() { fact.party } else { fact.asked_party };
    match (&fact.app, wanted) {
        (Some(app), Some(wanted)) => when(app == wanted),
        (None, Some(wanted)) if fact.app_by_host.is_some() => when(fact.app_by_host.as_deref() == Some(wanted)),
        _ if party == "platform" => Fit::No,
        _ if party == "first" => Fit::Yes,
        _ => Fit::Perhaps("the captures do not tell the application".to_owned()),
    }
}

fn initiation(select: &Select, fact: &Fact, experiment: &Experiment<'_>, _: &Study) -> Fit {
    let acts = experiment.acts.as_deref().unwrap_or_default();
    let action = fact.action.and_then(|place| acts.get(place));
    let is_action =
        select.action.is_empty() || action.is_some_and(|act| select.action.values().iter().any(|wanted| fits(wanted, &act.action)));
    if !is_action {
        return Fit::No;
    }
    let has = |word: &str| select.initiation.values().iter().any(|wanted| wanted == word);
    match fact.initiation {
        _ if select.initiation.is_empty() => Fit::Yes,
        word if has(word) => Fit::Yes,
        word @ ("ambiguous" | "unknown") => Fit::Perhaps(format!("initiation {word}: {}", fact.initiation_basis)),
        _ => Fit::No,
    }
}

fn reading(select: &Select, fact: &Fact, _: &Experiment<'_>, _: &Study) -> Fit {
    let is_encryption = select.encryption.is_empty() || select.encryption.values().iter().any(|word| word == fact.encryption.as_str());
    let methods = select.method.values();
    when(is_encryption && (methods.is_empty() || fact.requests.iter().any(|request| methods.contains(&request.method))))
}

/// Whether a name is one of these; `*` stands for any text, `*.` also for none.
pub(super) fn is_among(patterns: &[String], name: &str) -> bool {
    patterns.iter().any(|pattern| fits(pattern, name) || pattern.strip_prefix("*.").is_some_and(|domain| domain == name))
}

/// Whether a run is one that a claim is about.
pub(super) fn is_meant(place: &Where, experiment: &Experiment<'_>, all: &[Experiment<'_>]) -> bool {
    place.iter().all(|(key, wanted)| {
        let values = values(key, experiment, all);
        wanted.values().iter().any(|wanted| values.iter().any(|value| fits(wanted, value)))
    })
}

/// What a run has under a key of `where`.
fn values(key: &str, experiment: &Experiment<'_>, all: &[Experiment<'_>]) -> BTreeSet<String> {
    let run = experiment.run;
    let one = |value: Option<&str>| value.map(str::to_owned).into_iter().collect();
    if let Some(key) = key.strip_prefix("follows.") {
        let before = run.follows.as_ref().and_then(|id| all.iter().find(|other| other.run.id == *id.get_ref()));
        return before.filter(|before| before.run.id != run.id).map(|before| setting(key, before)).unwrap_or_default();
    }
    match key {
        "run" => one(Some(&run.id)),
        "tag" => run.tags.values().iter().cloned().collect(),
        "device" => one(run.device.as_ref().map(|id| id.get_ref().as_str())),
        "app" => one(experiment.app_id()),
        "app_version" => one(experiment.app_version()),
        "action" => experiment.steps().into_iter().map(str::to_owned).collect(),
        _ => setting(key, experiment),
    }
}

fn setting(name: &str, experiment: &Experiment<'_>) -> BTreeSet<String> {
    experiment.run.settings.get(name).map(super::super::file::Setting::word).into_iter().collect()
}
