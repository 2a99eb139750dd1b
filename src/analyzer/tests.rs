use super::*;
use crate::wire::LinkType;
use proptest::prelude::*;

fn analyze(link: u16, frames: &[Vec<u8>]) -> Finished {
    let mut analyzer = Analyzer::new("case".into(), Devices::default(), 1);
    for (index, bytes) in frames.iter().enumerate() {
        analyzer.push(&Frame {
            number: index as u64 + 1,
            time: Timestamp::from_parts(i64::try_from(index).unwrap(), 0),
            interface: 0,
            interface_name: None,
            link: LinkType(link),
            wire_len: u32::try_from(bytes.len()).unwrap(),
            bytes,
            direction: None,
            offset: 0,
        });
    }
    analyzer.finish()
}

proptest! {
    #[test]
    fn the_ledger_closes_on_anything(link in 0_u16..300, frames in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..120), 0..20)) {
        let finished = analyze(link, &frames);
        prop_assert!(finished.closes());
        let flows: u64 = finished.rows.iter().map(|row| match row {
            Row::Flow(flow) => flow.outbound.wire_bytes + flow.inbound.wire_bytes,
            _ => 0,
        }).sum();
        let charged: u64 = finished.ledger.iter().filter(|line| line.disposition == Disposition::Flow).map(|line| line.wire_bytes).sum();
        prop_assert_eq!(flows, charged);
    }
}
