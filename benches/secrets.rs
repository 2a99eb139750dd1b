//! What a long key log costs: 100,000 lines as an instrumented phone writes them in some weeks.
//!
//! `cargo bench --no-default-features --bench secrets`; well under a second is asked for.
#![expect(clippy::unwrap_used, reason = "the bench makes what it measures")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use sha2::{Digest as _, Sha384};
use whereto::secrets::Secrets;
use whereto::wire::hex;

criterion_group!(benches, key_log);
criterion_main!(benches);

const LINES: u64 = 100_000;
/// Labels of a connection's lines, in the order in which OpenSSL writes them.
const LABELS: [&str; 5] = [
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "EXPORTER_SECRET",
    "SERVER_TRAFFIC_SECRET_0",
    "CLIENT_TRAFFIC_SECRET_0",
];

fn key_log(criterion: &mut Criterion) {
    let mut text = String::new();
    for connection in 0..LINES / LABELS.len() as u64 {
        let random = hex(&Sha384::digest(connection.to_le_bytes())[..32]);
        for label in LABELS {
            let secret = hex(&Sha384::digest(format!("{connection} {label}")));
            writeln!(text, "{label} {random} {secret}").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.txt");
    std::fs::write(&path, text).unwrap();
    let mut group = criterion.benchmark_group("key log");
    group.throughput(Throughput::Elements(LINES)).sample_size(10);
    group.bench_function("100,000 lines", |bencher| {
        bencher.iter(|| {
            let mut secrets = Secrets::default();
            secrets.add_key_log(&path).unwrap();
            black_box(secrets)
        });
    });
    group.finish();
}
