//! Planted identifiers are found in every form and however the bytes are cut, and nothing else is.

use std::io::Write as _;
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use md5::{Digest as _, Md5};
use proptest::prelude::*;
use sha1::Sha1;
use sha2::Sha256;

use super::*;
use crate::wire::hex;

const LIST: &str = r#"
[[identifier]]
what = "email"
value = "pilot.lab@example.net"
id = "mail"
whose = "the pilot"
[[identifier]]
what = "phone"
value = "+1 202-555-0143"
[[identifier]]
what = "name"
value = "Jörg Probst"
[[identifier]]
what = "imei"
value = 356938035643809
[[identifier]]
what = "imsi"
value = "228017712345678"
[[identifier]]
what = "serial"
value = "0ASUE7L0021LAB"
[[identifier]]
what = "mac"
value = "60:60:1f:5a:3c:01"
[[identifier]]
what = "ssid"
value = "Spark-Lab-01"
[[identifier]]
what = "advertising_id"
value = "38400000-8cf0-11bd-b23e-10b96e40000d"
[[identifier]]
what = "user_id"
value = "771204418896"
[[identifier]]
what = "password"
value = "Secret-Lab-1"
[[identifier]]
what = "account"
value = "lab7x"
[[identifier]]
what = "position"
value = "46.948120, 7.447710"
id = "home"
"#;

fn search() -> &'static Search {
    static SEARCH: LazyLock<Search> = LazyLock::new(|| search_of(LIST));
    &SEARCH
}

pub(crate) fn search_of(text: &str) -> Search {
    #[derive(serde::Deserialize)]
    struct Document {
        identifier: Vec<Identifier>,
    }
    Search::new(&toml::from_str::<Document>(text).unwrap().identifier, Reveal::Masked).unwrap()
}

fn whole(search: &Search, bytes: &[u8]) -> Vec<Hit> {
    let mut hits = Vec::new();
    search.whole(bytes, <_>::default(), &mut hits);
    hits
}

fn cut(search: &Search, pieces: &[&[u8]]) -> Vec<Hit> {
    let (mut lane, mut hits) = (Lane::default(), Vec::new());
    pieces.iter().for_each(|piece| search.next(&mut lane, piece, <_>::default(), &mut hits));
    search.gap(&mut lane, 0, &mut hits);
    hits
}

/// Kinds of identifiers of the list, with the form.
fn found(hits: &[Hit]) -> Vec<(&'static str, &'static str)> {
    hits.iter().filter_map(|hit| Some((hit.what?.as_str(), hit.form))).collect()
}

/// In the middle of base64, at each alignment.
fn aligned() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for before in 0..3 {
        let text = [&b"xyz"[..before], br#"{"mail":"pilot.lab@example.net","a":1}"#].concat();
        all.push(("email", "base64", STANDARD.encode(&text).into_bytes()));
        all.push((
            "serial",
            "base64",
            URL_SAFE_NO_PAD.encode([&b"\xff\xfe\xfd"[..before], b"0ASUE7L0021LAB\xff\xff\xff"].concat()).into_bytes(),
        ));
    }
    all
}

/// What to plant: the kind, the form as it is reported, and the bytes.
fn planted() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mail = "pilot.lab@example.net";
    let utf16 = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    let doubles = |order: fn(f64) -> [u8; 8], unit: f64| [order(46.948_12 * unit), order(7.447_71 * unit)].concat();
    let floats = |order: fn(f32) -> [u8; 4], unit: f64| [order((46.948_12 * unit) as f32), order((7.447_71 * unit) as f32)].concat();
    let scaled = |order: fn(i32) -> [u8; 4], unit: f64| [order((46.948_12 * unit) as i32), order((7.447_71 * unit) as i32)].concat();
    let radian = std::f64::consts::PI / 180.0;
    let mut all = vec![
        ("email", "clear", mail.as_bytes().to_vec()),
        ("email", "clear", b"Pilot.Lab@EXAMPLE.net".to_vec()),
        ("email", "URL-encoded", b"pilot.lab%40example.net".to_vec()),
        ("email", "hex", hex(mail.as_bytes()).into_bytes()),
        ("email", "hex", hex(mail.as_bytes()).to_uppercase().into_bytes()),
        ("email", "UTF-16 LE", utf16(mail, u16::to_le_bytes)),
        ("email", "UTF-16 BE", utf16(mail, u16::to_be_bytes)),
        ("email", "MD5, hex", hex(&Md5::digest(mail)).into_bytes()),
        ("email", "SHA-1, hex", hex(&Sha1::digest(mail)).into_bytes()),
        ("email", "SHA-256, hex", hex(&Sha256::digest(mail)).to_uppercase().into_bytes()),
        ("email", "SHA-256, base64", STANDARD.encode(Sha256::digest(mail)).into_bytes()),
        ("email", "SHA-256, base64", URL_SAFE_NO_PAD.encode(Sha256::digest(mail)).into_bytes()),
        ("email", "MD5, bytes", Md5::digest(mail).to_vec()),
        ("email", "SHA-1, bytes", Sha1::digest("PILOT.LAB@EXAMPLE.NET").to_vec()),
        ("phone", "clear", b"+12025550143".to_vec()),
        ("phone", "URL-encoded", b"%2B1%20202-555-0143".to_vec()),
        ("phone", "SHA-256, hex", hex(&Sha256::digest("+12025550143")).into_bytes()),
        ("name", "clear", "Probst, Jörg".as_bytes().to_vec()),
        ("name", "URL-encoded", b"J%C3%B6rg+Probst".to_vec()),
        ("name", "JSON escapes", br"J\u00f6rg Probst".to_vec()),
        ("imei", "clear", b"356938035643809".to_vec()),
        ("imei", "BCD", vec![0x3a, 0x65, 0x39, 0x08, 0x53, 0x46, 0x83, 0x90]),
        ("imsi", "clear", b"228017712345678".to_vec()),
        ("serial", "clear", b"0asue7l0021lab".to_vec()),
        ("mac", "clear", b"60-60-1F-5A-3C-01".to_vec()),
        ("mac", "clear", b"60601f5a3c01".to_vec()),
        ("mac", "bytes", vec![0x60, 0x60, 0x1f, 0x5a, 0x3c, 1]),
        ("ssid", "clear", b"Spark-Lab-01".to_vec()),
        ("advertising_id", "clear", b"384000008cf011bdb23e10b96e40000d".to_vec()),
        ("advertising_id", "MD5, hex", hex(&Md5::digest("38400000-8CF0-11BD-B23E-10B96E40000D")).into_bytes()),
        ("user_id", "clear", b"771204418896".to_vec()),
        ("password", "clear", b"Secret-Lab-1".to_vec()),
        ("account", "clear", b"lab7x".to_vec()),
        ("position", "text, 5 decimals", b"\"lat\": 46.94812, \"lon\": 7.44771".to_vec()),
        ("position", "text, 2 decimals", b"q=46.95%2C7.45&".to_vec()),
        ("position", "text, 4 decimals", b"lng=7.4477&lat=46.9481&".to_vec()),
        ("position", "int32 LE, degrees × 10⁷", scaled(i32::to_le_bytes, 1e7)),
        ("position", "int32 BE, degrees × 10⁷", scaled(i32::to_be_bytes, 1e7)),
        ("position", "int32 LE, degrees × 10⁶", scaled(i32::to_le_bytes, 1e6)),
        ("position", "int32 BE, degrees × 10⁵", scaled(i32::to_be_bytes, 1e5)),
        ("position", "int32 LE, radians × 10⁷", scaled(i32::to_le_bytes, radian * 1e7)),
        ("position", "float LE, degrees", floats(f32::to_le_bytes, 1.0)),
        ("position", "float BE, degrees", floats(f32::to_be_bytes, 1.0)),
        ("position", "float LE, radians", floats(f32::to_le_bytes, radian)),
        ("position", "double LE, degrees", doubles(f64::to_le_bytes, 1.0)),
        ("position", "double BE, degrees", doubles(f64::to_be_bytes, 1.0)),
        ("position", "double LE, radians", doubles(f64::to_le_bytes, radian)),
        ("position", "double BE, radians", doubles(f64::to_be_bytes, radian)),
    ];
    all.extend(aligned());
    all
}

#[test]
fn every_form_is_found_wherever_the_bytes_are_cut() {
    let search = search();
    assert_eq!(search.refused(), [] as [&str; 0]);
    for (what, form, bytes) in planted() {
        let surrounded = [b"{\"x\": \"", &bytes[..], b"\" ... }"].concat();
        let expected = whole(search, &surrounded);
        assert!(found(&expected).contains(&(what, form)), "{what} {form}: {:?}", found(&expected));
        for at in 0..=surrounded.len() {
            let (one, other) = surrounded.split_at(at);
            assert_eq!(cut(search, &[one, other]), expected, "{what} {form} cut at {at}");
        }
        let bytewise: Vec<&[u8]> = surrounded.chunks(1).collect();
        assert_eq!(cut(search, &bytewise), expected, "{what} {form} byte by byte");
        assert!(expected.iter().all(|hit| !surrounded.windows(hit.shown.len().max(1)).any(|window| window == hit.shown.as_bytes())));
    }
}

#[test]
fn offsets_are_those_of_the_stream() {
    let hits = cut(search(), &[&[b'.'; 1_000], b" pilot.lab@exam", b"ple.net "]);
    let mail: Vec<u64> = hits.iter().filter(|hit| hit.kind == "identifier").map(|hit| hit.offset).collect();
    assert_eq!(mail, [1_001]);
}

#[test]
fn what_goes_on_is_another() {
    let search = search();
    for text in [
        "copilot.lab@example.net",
        "pilot.lab@example.network",
        "7712044188961",
        "Spark-Lab-012",
        "xlab7x",
        "3569380356438091",
        "lab7xy",
        "46.9481, 7.5477",
        "146.94812, 7.44771",
    ] {
        assert_eq!(found(&whole(search, text.as_bytes())), [], "{text}");
    }
    for text in ["mailto:pilot.lab@example.net.", "uid771204418896;", "%22lab7x%22", "\\nlab7x"] {
        assert_eq!(found(&whole(search, text.as_bytes())).len(), 1, "{text}");
    }
}

#[test]
fn a_gap_parts_what_is_around_it() {
    let search = search();
    let (mut lane, mut hits) = (Lane::default(), Vec::new());
    search.next(&mut lane, b"pilot.lab@exam", <_>::default(), &mut hits);
    search.gap(&mut lane, 3, &mut hits);
    search.next(&mut lane, b"ple.net", <_>::default(), &mut hits);
    search.gap(&mut lane, 0, &mut hits);
    assert_eq!(found(&hits), []);
}

/// A linear congruential generator: enough for bytes that no needle was made of.
fn random(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    })
}

#[test]
fn random_bytes_and_random_text_hold_nothing() {
    let search = search();
    let bytes: Vec<u8> = random(1).map(|number| (number >> 8) as u8).take(1 << 20).collect();
    assert_eq!(whole(search, &bytes), []);
    let encoded = STANDARD.encode(&bytes);
    assert_eq!(whole(search, encoded.as_bytes()), []);
    assert_eq!(whole(search, hex(&bytes).as_bytes()), []);
    let numbers: Vec<u8> =
        random(2).take(100_000).flat_map(|number| format!("{},{}.{:03}\n", number, number % 180, number % 977).into_bytes()).collect();
    assert_eq!(found(&whole(search, &numbers)), []);
    // Words in the order of chance, the short and common ones among them, with the names of what is looked for.
    let words = [
        "the", "pilot", "lab", "example", "net", "of", "flight", "Secret", "Spark", "phone", "imei", "lat", "lon", "Probstei", "and",
        "position", "at", "mail", "user", "in", "Jane", "home", "is", "password", "jörg", "token", "serial", "0021", "202", "555", "key:",
        "a", "drone",
    ];
    let text: Vec<&str> = random(3).map(|number| words[number as usize % words.len()]).take(240_000).collect();
    let text = text.join(" ");
    assert!(text.len() > 1 << 20);
    assert_eq!(whole(search, text.as_bytes()), []);
}

#[test]
fn text_of_people_holds_nothing() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    // Nothing of a laboratory, which these texts tell of; single words that they hold in the middle of sentences.
    let search = search_of(
        r#"
[[identifier]]
what = "email"
value = "m.keller@mail.example"
[[identifier]]
what = "phone"
value = "+41 31 300 00 00"
[[identifier]]
what = "name"
value = ["Mara Keller", "Mara", "frames", "court"]
[[identifier]]
what = "ssid"
value = ["router7", "capture"]
[[identifier]]
what = "password"
value = ["passed", "4711x", "dialogues"]
[[identifier]]
what = "user_id"
value = [262144, 65535001]
[[identifier]]
what = "position"
value = "47.36667, 8.55"
within = 500
"#,
    );
    let mut bytes = 0;
    for file in ["README.md", "ARCHITECTURE.md", "docs/tables.md", "CONTRIBUTING.md", "src/limits.rs"] {
        let text = std::fs::read(root.join(file)).unwrap();
        bytes += text.len();
        assert_eq!(found(&whole(&search, &text)), [], "{file}");
    }
    assert!(bytes > 100_000, "{bytes}");
}

#[test]
fn short_words_count_only_as_values() {
    let search = search_of("[[identifier]]\nwhat = \"name\"\nvalue = \"Jane\"\n[[identifier]]\nwhat = \"ssid\"\nvalue = \"wifi\"\n");
    assert_eq!(search.refused().len(), 1, "{:?}", search.refused());
    assert!(search.refused()[0].starts_with("ssid-2 is not looked for") && !search.refused()[0].contains("wifi"));
    for text in [r#"{"name":"Jane"}"#, "name=jane&x", "X-User: Jane\r\n"] {
        assert_eq!(found(&whole(&search, text.as_bytes())), [("name", "clear")], "{text}");
    }
    assert_eq!(found(&whole(&search, b"so Jane went home with Janet")), []);
}

#[test]
fn a_track_is_a_place_after_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("track.csv");
    let mut file = std::fs::File::create(&path).unwrap();
    writeln!(file, "time_ms,latitude,longitude").unwrap();
    (0..5_000).for_each(|step| writeln!(file, "{},{:.6},{:.6}", step * 100, 46.948 + f64::from(step) * 1e-6, -7.4474).unwrap());
    let list = format!("[[identifier]]\nwhat = \"track\"\nfile = {:?}\nwithin = 20\n", path.display().to_string());
    let search = search_of(&list);
    let place = |lat: f64, lon: f64| [((lat * 1e7) as i32).to_le_bytes(), ((lon * 1e7) as i32).to_le_bytes()].concat();
    assert_eq!(found(&whole(&search, &place(46.9505, -7.4474))), [("track", "int32 LE, degrees × 10⁷")]);
    assert_eq!(found(&whole(&search, b"46.9525,-7.4475")), [("track", "text, 4 decimals")]);
    assert_eq!(found(&whole(&search, &place(46.9540, -7.4474))), []);
    assert_eq!(found(&whole(&search, &place(46.9505, -7.4494))), []);
}

/// Finds one thing, as it is shown, wherever the text is cut.
fn check_detected(search: &Search, text: &str, kind: &str, shown: &str) {
    let hits = whole(search, text.as_bytes());
    assert_eq!(hits.iter().map(|hit| hit.kind).collect::<Vec<_>>(), [kind], "{text}");
    let is_as_said = hits[0].shown.starts_with(shown) || kind == "phone-number" && hits[0].shown.starts_with('+');
    assert!(is_as_said, "{text}: {}", hits[0].shown);
    for at in 0..=text.len() {
        let (one, other) = text.as_bytes().split_at(at);
        assert_eq!(cut(search, &[one, other]), hits, "{text} cut at {at}");
    }
}

#[test]
fn places_in_other_writings_and_signed_links_show_themselves() {
    let search = Search::default();
    for (text, kind, shown) in [
        ("at 37°46'12\"N 122°25'9.5\"W.", "position", "38…, -122…"),
        (r#"{"q":"37\u00b046'12\"N, 122\u00b025'9\"W"}"#, "position", "38…, -122…"),
        ("q=37%C2%B046%2712%22N+122%C2%B025%279%22W&", "position", "38…, -122…"),
        ("GPS Position : 37 deg 46' 12.00\" N, 122 deg 25' 9.10\" W", "position", "38…, -122…"),
        ("$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n", "position", "48…, 12…"),
        ("$GNRMC,123519,A,3746.200,N,12225.150,W,022.4,084.4,230394,003.1,W\r\n", "position", "38…, -122…"),
        (&format!("d={}&", STANDARD.encode(r#"{"sn":"x","lat":46.947,"lon":7.446}"#)), "position", "47…, 7…"),
        (&format!("[{}]", URL_SAFE_NO_PAD.encode(r#"[{"longitude": 7.4461, "latitude": 46.9471}]"#)), "position", "47…, 7…"),
        (
            r#"{"url":"https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256\u0026X-Amz-Expires=3600\u0026X-Amz-Signature=00ff"}"#,
            "presigned-link",
            "S3, 3600 s",
        ),
        (
            "<a href=\"https://b.oss-cn-x.example/k?OSSAccessKeyId=LTAI0&amp;Expires=1800000000&amp;Signature=ab%3D\">",
            "presigned-link",
            "OSS, until second 1800000000",
        ),
        ("\"https://a.blob.example/c/k?sv=2021-08-06&se=2026-07-01T00%3A00Z&sr=b&sp=r&sig=abc%3D\"", "presigned-link", "Azure"),
    ] {
        check_detected(&search, text, kind, shown);
    }
}

#[test]
fn what_shows_itself_is_found_and_checked() {
    let search = Search::default();
    let token = format!(
        "{}.{}.c2lnbmF0dXJl",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(r#"{"sub":"123456"}"#)
    );
    for (text, kind, shown) in [
        ("Authorization: Basic bGFiOlNlY3JldC1MYWItMQ==\r\n", "credentials", "user … (3 characters), password … (12 characters)"),
        ("authorization: Bearer 0123456789abcdef0\r\n", "token", "… (17 characters)"),
        (&format!("t={token}&"), "token", "signed with HS256"),
        ("id AKIAIOSFODNN7EXAMPLE.", "cloud-key", "AKIA… (20 characters)"),
        ("-----BEGIN RSA PRIVATE KEY-----\n", "private-key", "a RSA PRIVATE KEY"),
        (r#""imei": "356938035643809","#, "imei", "356… (15 characters)"),
        ("imsi=228017712345678&", "imsi", "228… (15 characters)"),
        (r#""phoneNumber":"+1 (202) 555-0143""#, "phone-number", "+12… (12 characters)"),
        ("mobile=%2B41790000000&", "phone-number", "+12"),
        ("from <pilot.lab@example.net>", "email", "p…@e….net"),
        (r#"{"lat": 46.947, "lon": 7.446}"#, "position", "47…, 7…"),
        ("longitude=-7.4461&latitude=-46.9471&x", "position", "-47…, -7…"),
    ] {
        check_detected(&search, text, kind, shown);
    }
}

#[test]
fn what_is_almost_one_is_none() {
    let search = Search::default();
    for text in [
        "imei 356938035643808",
        "imei: 3569380356438090",
        "number 356938035643809",
        "phone: 0202 555 0143",
        "icon@2x.png",
        "a@b",
        "user@host",
        "lat: 46.9, lon: 7.4",
        "flat: 46.947",
        "lat: 0.0000, lon: 0.0000",
        "eyJhbGciOiJub25lIn0",
        "AKIAIOSFODNN7EXAMPL",
        "Basic training",
        "lat=146.947&lon=7.446",
        "20°C and 37°46'12\" of it",
        "37°46'72\"N 122°25'9\"W",
        "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*48",
        "$GPRMC,123519,V,4807.038,N,01131.000,E,022.4",
        "$GPGGA,123519,4807.038,N,01131.000,E,0,00,,,M,,M,,",
        "eyJsYXQiOiAxfQ",
        "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600",
        "sv=2021-08-06",
    ] {
        assert_eq!(whole(&search, text.as_bytes()), [], "{text}");
    }
}

#[test]
fn positions_of_the_list_in_other_writings() {
    let search = search_of("[[identifier]]\nwhat = \"position\"\nid = \"home\"\nvalue = \"46.948120, 7.447710\"\n");
    let packed = STANDARD.encode(r#"{"lat":46.94812,"lon":7.44771}"#);
    for (text, form) in [
        ("46°56'53.2\"N 7°26'51.8\"E", "degrees, minutes, seconds"),
        ("$GPRMC,1,A,4656.8872,N,00726.8626,E,0", "NMEA 0183"),
        (packed.as_str(), "named numbers, base64"),
    ] {
        assert_eq!(found(&whole(&search, text.as_bytes())), [("position", form)], "{text}");
    }
    assert_eq!(found(&whole(&search, "46°57'53.2\"N 7°26'51.8\"E".as_bytes())), []);
}

#[test]
fn numbers_far_from_the_vantage_are_no_positions() {
    let count = |vantage: Option<(f64, f64)>, text: &str| whole(&Search::default().near(vantage), text.as_bytes()).len();
    let text = r#"{"lat": 46.947, "lon": 7.446}"#;
    assert_eq!([None, Some((47.4, 8.5)), Some((37.8, -122.4))].map(|vantage| count(vantage, text)), [1, 1, 0]);
    assert_eq!(count(Some((52.0, 179.9)), r#"{"lat": 52.001, "lon": -179.801}"#), 1, "round the earth");
}

proptest! {
    #[test]
    fn what_is_planted_is_found_however_it_is_cut(
        number in 0_usize..50,
        before in proptest::collection::vec(any::<u8>(), 0..300),
        cuts in proptest::collection::vec(0_usize..1_000, 0..8),
    ) {
        let all = planted();
        let (what, form, bytes) = &all[number % all.len()];
        let bytes = [&before[..], b"\"", bytes, b"\""].concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|at| at % (bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        let search = search();
        let mut hits = cut(search, &pieces);
        prop_assert!(found(&hits).contains(&(what, form)), "{} {}: {:?}", what, form, found(&hits));
        let mut at_once = whole(search, &bytes);
        hits.sort_by_key(|hit| (hit.offset, hit.form, hit.kind));
        at_once.sort_by_key(|hit| (hit.offset, hit.form, hit.kind));
        prop_assert_eq!(hits, at_once);
    }
}
