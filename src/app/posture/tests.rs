//! Conversations in, findings out; each conversation also in pieces.

use std::borrow::Cow;

use super::super::tests::flow_with_ports;
use super::super::{Context, Data, Follow, Side, Transport};
use super::*;
use crate::app::opened::marked;
use crate::record::Hellos;
use crate::wire::x509::Certificate;

type Step<'a> = (Side, &'a [u8]);

fn findings(port: u16, steps: &[Step<'_>]) -> Vec<Finding> {
    let whole = findings_in(port, steps, usize::MAX);
    assert_eq!(findings_in(port, steps, 7), whole);
    whole
}

fn findings_in(port: u16, steps: &[Step<'_>], length: usize) -> Vec<Finding> {
    let flow = flow_with_ports(Transport::Tcp, 50_000, port);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let mut follow = Follow::default();
    // 2026-06-17T12:00:00Z
    let time = Timestamp::from_parts(1_781_697_600, 0);
    for (side, bytes) in steps {
        for bytes in bytes.chunks(length) {
            follow.data(Data { side: *side, bytes, frame: 7, time, is_cut: false }, &mut context);
        }
    }
    follow.finish(&mut context);
    rows.into_iter().filter_map(|row| if let Row::Finding(finding) = row { Some(*finding) } else { None }).collect()
}

fn kinds(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    findings.iter().map(|finding| (finding.kind, finding.value.as_deref().unwrap_or_default())).collect()
}

const OK: Step<'_> = (Side::Remote, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

#[test]
fn credentials_in_clear_are_told_without_what_they_are() {
    let request = b"POST /login?user_token=0123456789abcdef&n=1&pwd=hunter2 HTTP/1.1\r\nHost: a.example\r\nAuthorization: Basic bWU6c2VjcmV0\r\n\
        Cookie: sessionid=SECRET1; theme=dark\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 25\r\n\r\nname=me&password=hunter22";
    let answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=SECRET2; HttpOnly\r\nContent-Length: 0\r\n\r\n";
    let found = findings(80, &[(Side::Device, request), (Side::Remote, answer)]);
    assert_eq!(
        kinds(&found),
        [
            ("clear-login", "Basic"),
            ("clear-login", "password"),
            ("clear-login", "pwd"),
            ("clear-cookie", "sessionid, theme"),
            ("clear-cookie", "sid"),
            ("url-token", "user_token"),
        ]
    );
    let text = format!("{found:?}");
    for secret in ["SECRET", "hunter", "bWU6", "0123456789"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(
        found.iter().all(|finding| finding.reason.is_some() && finding.frame == Some(7) && finding.name.as_deref() == Some("a.example"))
    );
}

#[test]
fn a_harmless_request_gives_nothing_away() {
    let request = b"GET /a?token=&v=12345678&auth=1 HTTP/1.1\r\nHost: a.example\r\nAuthorization: Digest username=\"me\"\r\n\r\n";
    assert_eq!(findings(80, &[(Side::Device, request), OK]), []);
}

#[test]
fn what_was_sealed_was_not_in_clear() {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 443);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let seen =
        |value: &str| Seen { at: (1, Timestamp::default()), what: String::new(), value: value.to_owned(), name: None, basis: "query" };
    marked(&mut context, |context| {
        tell(&CLEAR_LOGIN, seen("Basic"), context);
        tell(&CLEAR_COOKIE, seen("sid"), context);
        tell(&URL_TOKEN, seen("token"), context);
    });
    assert!(matches!(rows.as_slice(), [Row::Finding(finding)] if finding.kind == "url-token"), "{rows:?}");
}

#[test]
fn signed_links_say_how_long_they_last() {
    let link = |query: &str| {
        let request = format!("GET /b/o?{query} HTTP/1.1\r\nHost: s.example\r\n\r\n");
        let found = findings(80, &[(Side::Device, request.as_bytes()), OK]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(!format!("{found:?}").contains("abcdef"));
        (found[0].kind, found[0].value.clone().unwrap(), found[0].severity)
    };
    let told = |value: &str, severity| ("presigned-link", value.to_owned(), severity);
    let v4 =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIA&X-Amz-Date=20260617T115900Z&X-Amz-Expires=604800&X-Amz-Signature=abcdef";
    assert_eq!(link(v4), told("S3, 604800 s", Severity::Medium));
    assert_eq!(
        link("x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-expires=3600&x-oss-signature=abcdef"),
        told("OSS, 3600 s", Severity::Low)
    );
    assert_eq!(link("OSSAccessKeyId=LTAI&Expires=1781701200&Signature=abcdef"), told("OSS, 3600 s", Severity::Low));
    assert_eq!(link("AWSAccessKeyId=AKIA&Expires=1781701200&Signature=abcdef"), told("S3, 3600 s", Severity::Low));
    assert_eq!(link("X-Goog-Expires=900&X-Goog-Signature=abcdef"), told("GCS, 900 s", Severity::Low));
    assert_eq!(link("q-sign-time=1781697000;1781701200&q-signature=abcdef"), told("COS, 3600 s", Severity::Low));
    assert_eq!(link("sv=2024-01-01&se=2026-06-18T00%3A00Z&sig=abcdef").0, "presigned-link");
}

#[test]
fn storage_that_lists_itself_to_anybody() {
    let body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://doc.s3.amazonaws.com/2006-03-01\"><Name>b</Name></ListBucketResult>";
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let ask = |field: &str| {
        let request = format!("GET /?list-type=2 HTTP/1.1\r\nHost: b.s3.example\r\n{field}\r\n");
        let found = findings(80, &[(Side::Device, request.as_bytes()), (Side::Remote, answer.as_bytes())]);
        found.iter().map(|finding| finding.kind).collect::<Vec<_>>()
    };
    assert_eq!(ask(""), ["open-storage"]);
    assert_eq!(ask("Authorization: AWS4-HMAC-SHA256 Credential=x\r\n"), [""; 0]);
    let denied = answer.replace("200 OK", "403 Forbidden");
    let request = b"GET / HTTP/1.1\r\nHost: b.s3.example\r\n\r\n";
    assert_eq!(findings(80, &[(Side::Device, request), (Side::Remote, denied.as_bytes())]), []);
}

#[test]
fn mail_and_files_by_password() {
    let found = findings(21, &[(Side::Remote, b"220 (vsFTPd 3.0.3)\r\n"), (Side::Device, b"USER me\r\nPASS hunter2\r\nPASS hunter2\r\n")]);
    assert_eq!(kinds(&found), [("clear-login", "ftp PASS")]);
    assert!(!format!("{found:?}").contains("hunter"));
    let found = findings(143, &[(Side::Remote, b"* OK ready\r\n"), (Side::Device, b"a1 LOGIN me hunter2\r\n")]);
    assert_eq!(kinds(&found), [("clear-login", "imap LOGIN")]);
}

#[test]
fn old_versions_and_weak_ciphers() {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 443);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let texts = |list: &[&'static str]| list.iter().map(|text| Cow::from(*text)).collect::<Vec<_>>();
    let origin = flow.origin(3, Timestamp::default());
    let bad = Hellos {
        version: Some("TLS 1.0".into()),
        versions_offered: texts(&["TLS 1.2", "TLS 1.0"]),
        ciphers_offered: texts(&["TLS_AES_128_GCM_SHA256", "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_EXPORT_WITH_RC4_40_MD5"]),
        cipher: Some("TLS_RSA_WITH_RC4_128_SHA".into()),
        ..Hellos::default()
    };
    agreed(&Agreed::new(&origin, &bad), &mut context);
    let good = Hellos {
        version: Some("TLS 1.3".into()),
        versions_offered: texts(&["TLS 1.3", "TLS 1.2"]),
        ciphers_offered: texts(&["TLS_AES_128_GCM_SHA256", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"]),
        cipher: Some("TLS_AES_128_GCM_SHA256".into()),
        ..Hellos::default()
    };
    agreed(&Agreed::new(&origin, &good), &mut context);
    let told: Vec<_> = found(&rows).iter().map(|finding| (finding.kind, finding.value.clone().unwrap())).collect();
    let expected = [
        ("old-tls", "TLS 1.0"),
        ("old-tls-offered", "TLS 1.0"),
        ("weak-cipher", "TLS_RSA_WITH_RC4_128_SHA"),
        ("no-forward-secrecy", "TLS_RSA_WITH_RC4_128_SHA"),
        ("weak-cipher-offered", "TLS_RSA_WITH_RC4_128_SHA,TLS_RSA_EXPORT_WITH_RC4_40_MD5"),
    ];
    assert_eq!(told, expected.map(|(kind, value)| (kind, value.to_owned())));
}

fn found(rows: &[Row]) -> Vec<&Finding> {
    rows.iter().filter_map(|row| if let Row::Finding(finding) = row { Some(&**finding) } else { None }).collect()
}

/// What is wrong with a chain at second 2,000 for a client that asked for `asked`.
fn wrong(certificates: &[Certificate], asked: Option<&str>) -> Vec<&'static str> {
    let flow = flow_with_ports(Transport::Tcp, 50_000, 443);
    let mut rows = Vec::new();
    let mut context = Context { flow: &flow, rows: &mut rows };
    let data = Data { side: Side::Remote, bytes: &[], frame: 5, time: Timestamp::from_parts(2_000, 0), is_cut: false };
    chain(&certificates.iter().collect::<Vec<_>>(), asked.map(str::to_owned).as_ref(), data, &mut context);
    found(&rows).iter().map(|finding| finding.kind).collect()
}

#[test]
fn certificates_that_prove_nothing() {
    let good = || Certificate {
        subject: "CN=a.example".to_owned(),
        names: vec!["a.example".to_owned(), "*.b.example".to_owned()],
        not_before: 1_000,
        not_after: 3_000,
        key: "RSA 2048".to_owned(),
        signature: "sha256WithRSAEncryption".to_owned(),
        ..Certificate::default()
    };
    let root = Certificate { signature: "sha1WithRSAEncryption".to_owned(), is_self_issued: true, ..good() };
    assert_eq!(wrong(&[good(), root], Some("a.example")), [""; 0]);
    assert_eq!(wrong(&[good()], Some("x.b.example")), [""; 0]);
    assert_eq!(wrong(&[good()], Some("192.0.2.1")), [""; 0]);
    assert_eq!(wrong(&[good()], Some("c.example")), ["certificate-name-mismatch"]);
    assert_eq!(wrong(&[Certificate { not_after: 1_999, ..good() }], None), ["certificate-expired"]);
    assert_eq!(wrong(&[good(), Certificate { not_after: 1_999, ..good() }], None), ["certificate-expired"]);
    assert_eq!(wrong(&[Certificate { not_before: 2_001, ..good() }], None), ["certificate-not-yet-valid"]);
    assert_eq!(wrong(&[Certificate { is_self_issued: true, ..good() }], None), ["certificate-self-signed"]);
    assert_eq!(wrong(&[Certificate { key: "RSA 1024".to_owned(), ..good() }], None), ["certificate-weak-key"]);
    assert_eq!(wrong(&[Certificate { signature: "ecdsa-with-SHA1".to_owned(), ..good() }], None), ["certificate-weak-signature"]);
}

#[test]
fn versions_of_quic_that_are_no_standard() {
    let flow = flow_with_ports(Transport::Udp, 50_000, 443);
    let told = |version: &str| {
        let mut rows = Vec::new();
        let origin = flow.origin(7, Timestamp::default());
        let hellos = Hellos {
            version: Some("TLS 1.3".into()),
            versions_offered: vec!["TLS 1.3".into(), "TLS 1.1".into()],
            ciphers_offered: vec!["TLS_AES_128_GCM_SHA256".into(), "TLS_RSA_WITH_RC4_128_SHA".into()],
            cipher: Some("TLS_AES_128_GCM_SHA256".into()),
            ..Hellos::default()
        };
        let mut context = Context { flow: &flow, rows: &mut rows };
        let read = Agreed::new(&origin, &hellos);
        agreed(&read, &mut context);
        quic_version(version, &read, &mut context);
        let kinds = rows.iter().filter_map(|row| if let Row::Finding(finding) = row { Some(finding.kind) } else { None });
        kinds.collect::<Vec<_>>()
    };
    let offered = ["old-tls-offered", "weak-cipher-offered"];
    for standard in ["v1", "v2", "0x1a2a3a4a"] {
        assert_eq!(told(standard), offered, "{standard}");
    }
    for (version, kind) in [("draft-29", "old-quic"), ("Q046", "old-quic"), ("mvfst-02", "old-quic"), ("0xdeadbeef", "unknown-quic")] {
        assert_eq!(told(version), [&offered[..], &[kind]].concat(), "{version}");
    }
}
