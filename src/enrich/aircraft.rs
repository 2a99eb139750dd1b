//! Does the aircraft itself talk to the world? Of every flow with an aircraft or a remote controller at one end:
//! whether it is their link, local, or goes to a public address, which is a finding.

use super::devices::Kinds;
use super::scope::{Scope, Site};
use crate::record::{Finding, Flow, KindBasis, Reach, Severity};

/// Where the other end of an aircraft's flow is; nothing where neither end is an aircraft.
pub(super) fn reach(flow: &Flow) -> Option<Reach> {
    let is_aircraft = |kind: Option<(crate::record::DeviceKind, KindBasis)>| kind.is_some_and(|(kind, _)| kind.is_aircraft());
    let other = match (is_aircraft(flow.answer.device_kind), is_aircraft(flow.answer.remote_kind)) {
        (true, _) => flow.remote_ip,
        (false, true) => flow.device_ip,
        (false, false) => return None,
    };
    Some(match Site::of(other).scope {
        Scope::Global => Reach::Public,
        _ if flow.link.is_some() => Reach::Link,
        _ => Reach::Local,
    })
}

/// What an answered flow shows of an aircraft.
pub(crate) fn finding(flow: &Flow, kinds: &mut Kinds) -> Option<Finding> {
    if Site::of(flow.remote_ip).scope != Scope::Global {
        return None;
    }
    if let Some((kind, basis)) = flow.answer.device_kind.filter(|(kind, _)| kind.is_aircraft()) {
        let severity = if basis == KindBasis::Oui { Severity::Medium } else { Severity::High };
        let (sent, got) = (flow.outbound.ip_bytes, flow.inbound.ip_bytes);
        let what = format!("the {} itself sent {sent} bytes to a public address and got {got} from it", kind.as_str());
        return Some(Finding { device_kind: Some(kind), ..about(flow, "aircraft-to-public", severity, (what, basis)) });
    }
    let (kind, basis) = kinds.passes_on(flow)?;
    let what = format!(
        "a link address known as that of a {} carries the packets of {} with public addresses; it carries other devices' packets too, so these need not be its own",
        kind.as_str(),
        flow.device_ip
    );
    Some(about(flow, "through-aircraft", Severity::Info, (what, basis)))
}

fn about(flow: &Flow, kind: &'static str, severity: Severity, (what, basis): (String, KindBasis)) -> Finding {
    Finding {
        kind,
        severity,
        what,
        capture: std::sync::Arc::clone(&flow.capture),
        flow_id: Some(flow.flow_id),
        frame: Some(flow.first_frame),
        time: Some(flow.first),
        device_ip: Some(flow.device_ip),
        device_mac: flow.device_mac.clone(),
        remote_ip: Some(flow.remote_ip),
        remote_port: flow.remote_port,
        name: flow.answer.name.clone(),
        country: flow.answer.country.clone(),
        basis: basis.as_str(),
        owner: flow.answer.owner.clone(),
        count: 1,
        ..Finding::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::DeviceKind;
    use crate::record::tests::flow;

    const DRONE: Option<(DeviceKind, KindBasis)> = Some((DeviceKind::Drone, KindBasis::Link));

    #[test]
    fn public_local_and_link() {
        let mut seen = flow();
        seen.remote_ip = [8, 8, 8, 8].into();
        assert_eq!(reach(&seen), None);
        seen.answer.device_kind = DRONE;
        assert_eq!(reach(&seen), Some(Reach::Public));
        let found = finding(&seen, &mut Kinds::new(&[])).unwrap();
        assert_eq!((found.kind, found.severity, found.basis), ("aircraft-to-public", Severity::High, "link"));
        seen.remote_ip = [192, 168, 2, 20].into();
        assert_eq!((reach(&seen), finding(&seen, &mut Kinds::new(&[]))), (Some(Reach::Local), None));
        seen.link = Some(Box::default());
        assert_eq!(reach(&seen), Some(Reach::Link));
    }

    #[test]
    fn a_phone_s_public_flow_is_not_the_aircraft_s() {
        let mut seen = flow();
        seen.remote_ip = [8, 8, 8, 8].into();
        seen.answer.device_kind = Some((DeviceKind::Phone, KindBasis::Link));
        assert_eq!((reach(&seen), finding(&seen, &mut Kinds::new(&[]))), (None, None));
    }
}
