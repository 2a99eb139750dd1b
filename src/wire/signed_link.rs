//! Links to storage that are signed: whoever has one needs no other proof. Told by the keys of their queries.
//!
//! | service | keys |
//! |---|---|
//! | S3 | `X-Amz-Signature`, `X-Amz-Expires` (AWS, Signature Version 4); `AWSAccessKeyId`, `Signature`, `Expires` (version 2) |
//! | GCS | `X-Goog-Signature`, `X-Goog-Expires`; `GoogleAccessId`, `Signature`, `Expires` |
//! | OSS | `x-oss-signature`, `x-oss-expires` (Alibaba Cloud, version 4); `OSSAccessKeyId`, `Signature`, `Expires` |
//! | COS | `q-signature`, `q-sign-time` (Tencent Cloud) |
//! | Azure | `sig`, `sv`, `se` (shared access signature) |

use crate::time::Span;

/// A signed link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SignedLink {
    /// Whose storage.
    pub(crate) service: &'static str,
    /// How long it was made for, or when it ends.
    pub(crate) lifetime: Option<Lifetime>,
}

/// How long a link is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// From its signature on.
    For(Span),
    /// Until this second since 1970.
    Until(i64),
}

impl SignedLink {
    /// By the pairs of a query.
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Option<Self> {
        let value = |key: &str| pairs.iter().find(|(held, _)| held.eq_ignore_ascii_case(key)).map(|(_, value)| *value);
        let seconds = |key: &str| value(key).and_then(|value| value.parse::<i64>().ok()).filter(|seconds| *seconds >= 0);
        let span = |key: &str| seconds(key).map(Span::from_secs).map(Lifetime::For);
        let until = |key: &str| seconds(key).map(Lifetime::Until);
        let found = |service, lifetime| Some(Self { service, lifetime });
        match () {
            () if value("X-Amz-Signature").is_some() => found("S3", span("X-Amz-Expires")),
            () if value("X-Goog-Signature").is_some() => found("GCS", span("X-Goog-Expires")),
            () if value("x-oss-signature").is_some() => found("OSS", span("x-oss-expires")),
            () if value("OSSAccessKeyId").is_some() && value("Signature").is_some() => found("OSS", until("Expires")),
            () if value("AWSAccessKeyId").is_some() && value("Signature").is_some() => found("S3", until("Expires")),
            () if value("GoogleAccessId").is_some() && value("Signature").is_some() => found("GCS", until("Expires")),
            () if value("q-signature").is_some() && value("q-sign-time").is_some() => {
                let times = value("q-sign-time").and_then(|times| times.split_once([';', '%']));
                let end = times.and_then(|(_, end)| end.trim_start_matches("3B").trim_start_matches("3b").parse().ok());
                found("COS", end.map(Lifetime::Until))
            }
            () if value("sig").is_some() && value("sv").is_some() && value("se").is_some() => found("Azure", None),
            () => None,
        }
    }
}
