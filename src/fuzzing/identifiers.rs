//! Laws of the search for identifiers: what is planted is found, and however the bytes are cut, the same is found.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::search::{Hit, Identifier, Lane, Reveal, Search};
use crate::wire::{Reader, hex};

const MAIL: &str = "pilot.lab@example.net";

static SEARCH: LazyLock<Option<Search>> = LazyLock::new(|| {
    #[derive(serde::Deserialize)]
    struct List {
        identifier: Vec<Identifier>,
    }
    let list: List = toml::from_str(
        r#"identifier = [
            { what = "email", value = "pilot.lab@example.net", id = "mail" },
            { what = "imei", value = "356938035643809" },
            { what = "mac", value = "60:60:1f:5a:3c:01" },
            { what = "account", value = "lab7x" },
            { what = "position", value = "46.948120, 7.447710", id = "home" },
        ]"#,
    )
    .ok()?;
    Search::new(&list.identifier, Reveal::Masked).ok()
});

/// One byte chooses the form, one where it is planted, one how many cuts follow, of two bytes each; the rest is what is
/// around.
pub(super) fn planted(bytes: &[u8]) {
    let Some(search) = SEARCH.as_ref() else { return };
    let mut reader = Reader::new(bytes);
    let (Ok(form), Ok(place), Ok(count)) = (reader.u8(), reader.u8(), reader.u8()) else { return };
    let cuts: Vec<usize> = (0..count % 8).map_while(|_| reader.u16().ok()).map(usize::from).collect();
    let noise = reader.rest();
    let (before, after) = noise.split_at_checked(place.into()).unwrap_or((noise, &[]));
    let (id, plant) = plant(form);
    let stream = [before, b"\"", &plant, b"\"", after].concat();
    let whole = sorted(|hits| search.whole(&stream, <_>::default(), hits));
    let is_found = whole.iter().any(|hit| hit.id.as_deref() == Some(id));
    assert!(is_found, "{id} is not found in form {form}");
    let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % stream.len().saturating_add(1)).chain([0, stream.len()]).collect();
    cuts.sort_unstable();
    let pieces: Vec<&[u8]> = cuts.windows(2).filter_map(|pair| stream.get(*pair.first()?..*pair.get(1)?)).collect();
    assert_eq!(in_pieces(search, pieces.into_iter()), whole, "it matters how the bytes are cut");
    assert_eq!(in_pieces(search, stream.chunks(1)), whole, "it matters that the bytes come one by one");
}

fn in_pieces<'a>(search: &Search, pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Hit> {
    sorted(|hits| {
        let mut lane = Lane::default();
        pieces.for_each(|piece| search.next(&mut lane, piece, <_>::default(), hits));
        search.gap(&mut lane, 0, hits);
    })
}

fn sorted(look: impl FnOnce(&mut Vec<Hit>)) -> Vec<Hit> {
    let mut hits = Vec::new();
    look(&mut hits);
    hits.iter().for_each(|hit| assert!(!hit.shown.contains("pilot.lab") && !hit.shown.contains("35643809"), "a secret is shown"));
    hits.sort_by(|one, other| (one.offset, one.kind, &one.id, one.form).cmp(&(other.offset, other.kind, &other.id, other.form)));
    hits
}

fn plant(form: u8) -> (&'static str, Vec<u8>) {
    let doubles = |order: fn(f64) -> [u8; 8], unit: f64| [order(46.948_12 * unit), order(7.447_71 * unit)].concat();
    match form % 14 {
        0 => ("mail", MAIL.as_bytes().to_vec()),
        1 => ("mail", MAIL.to_uppercase().into_bytes()),
        2 => ("mail", b"pilot.lab%40example.net".to_vec()),
        3 => ("mail", hex(MAIL.as_bytes()).into_bytes()),
        4 => ("mail", MAIL.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        5 => ("mail", hex(&Sha256::digest(MAIL)).into_bytes()),
        6 => ("mail", Sha256::digest(MAIL).to_vec()),
        choice @ 7..=9 => ("mail", STANDARD.encode([&b"abc"[..usize::from(choice - 7)], MAIL.as_bytes(), b"yz"].concat()).into_bytes()),
        10 => ("imei-2", b"356938035643809".to_vec()),
        11 => ("mac-3", vec![0x60, 0x60, 0x1f, 0x5a, 0x3c, 1]),
        12 => ("home", b"46.9481,7.4477".to_vec()),
        _ => ("home", doubles(f64::to_le_bytes, std::f64::consts::PI / 180.0)),
    }
}
