//! Elements of fast transition, by which a station takes its keys along from one access point to the next (IEEE
//! 802.11-2020, 9.4.2.46 and 9.4.2.47).
//!
//! | size | field of the mobility domain element, 54 |
//! |---|---|
//! | 2 | mobility domain |
//! | 1 | capabilities |
//!
//! | size | field of the fast transition element, 55 |
//! |---|---|
//! | 2 | control; elements covered by the integrity code in its high byte |
//! | 16 or 24 | message integrity code |
//! | 32 | nonce of the access point |
//! | 32 | nonce of the station |
//! | n | sub-elements: 1 holder of the second level's key, 2 group key, 3 holder of the first level's key |

use super::management::Elements;
use super::{Reader, Short};

const RSN: u8 = 48;
const DOMAIN: u8 = 54;
const TRANSITION: u8 = 55;

/// What the elements of one message say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Transition<'a> {
    /// Mobility domain.
    pub(crate) domain: [u8; 2],
    /// Message integrity code; zeros where there is none.
    pub(crate) code: &'a [u8],
    /// Nonce of the access point.
    pub(crate) anonce: [u8; 32],
    /// Nonce of the station.
    pub(crate) snonce: [u8; 32],
    /// Holder of the first level's key.
    pub(crate) first_holder: Option<&'a [u8]>,
    /// Holder of the second level's key.
    pub(crate) second_holder: Option<[u8; 6]>,
    /// Group keys: number, wrapped key.
    pub(crate) group_keys: Vec<(u8, &'a [u8])>,
    /// The elements that the code covers, with zeros in its place.
    pub(crate) covered: Vec<u8>,
}

impl<'a> Transition<'a> {
    /// Reads the elements; `None` when they do not speak of fast transition.
    pub(crate) fn among(elements: Elements<'a>, code_bytes: usize) -> Option<Self> {
        let find = |id: u8| { elements }.find(|element| element.id == id && !element.is_cut).map(|element| element.bytes);
        let (domain, transition) = (find(DOMAIN)?, find(TRANSITION)?);
        let mut covered = Vec::new();
        for (id, bytes) in [(RSN, find(RSN).unwrap_or_default()), (DOMAIN, domain)] {
            push_element(&mut covered, id, bytes);
        }
        let domain = *domain.first_chunk()?;
        Self::read(domain, transition, code_bytes, covered).ok()
    }

    fn read(domain: [u8; 2], bytes: &'a [u8], code_bytes: usize, mut covered: Vec<u8>) -> Result<Self, Short> {
        let mut reader = Reader::new(bytes);
        let control = reader.take(2)?;
        let code = reader.take(code_bytes)?;
        let zeroed = [control, &vec![0; code_bytes], reader.rest()].concat();
        push_element(&mut covered, TRANSITION, &zeroed);
        let (anonce, snonce) = (reader.array()?, reader.array()?);
        let parts = Elements::new(reader.rest());
        let part = |id: u8| { parts }.find(|element| element.id == id).map(|element| element.bytes);
        let group_keys = { parts }.filter(|element| element.id == 2 && !element.is_cut).filter_map(|element| group_key(element.bytes));
        Ok(Self {
            domain,
            code,
            anonce,
            snonce,
            first_holder: part(3),
            second_holder: part(1).and_then(|holder| holder.try_into().ok()),
            group_keys: group_keys.collect(),
            covered,
        })
    }
}

/// Key information, length of the key, receive sequence counter, wrapped key (9.4.2.47).
fn group_key(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let [number, _, _length, _, _, _, _, _, _, _, _, wrapped @ ..] = bytes else { return None };
    Some((number & 3, wrapped))
}

fn push_element(bytes: &mut Vec<u8>, id: u8, body: &[u8]) {
    bytes.push(id);
    bytes.push(u8::try_from(body.len()).unwrap_or(u8::MAX));
    bytes.extend_from_slice(body);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_elements_are_needed() {
        let transition =
            [&[0, 3][..], &[7; 16], &[1; 32], &[2; 32], &[1, 6, 9, 9, 9, 9, 9, 9, 3, 2, b'a', b'b'], &[2, 13, 1, 0, 16], &[0; 8], &[5, 6]]
                .concat();
        let mut bytes = vec![54, 3, 0xaa, 0xbb, 1, 55];
        bytes.push(u8::try_from(transition.len()).unwrap());
        bytes.extend(&transition);
        let read = Transition::among(Elements::new(&bytes), 16).unwrap();
        assert_eq!((read.domain, read.first_holder, read.second_holder), ([0xaa, 0xbb], Some(&b"ab"[..]), Some([9; 6])));
        assert_eq!((read.anonce[0], read.snonce[0], read.group_keys), (1, 2, vec![(1, &[5, 6][..])]));
        assert_eq!((read.covered.len(), &read.covered[..8]), (2 + bytes.len(), &[48, 0, 54, 3, 0xaa, 0xbb, 1, 55][..]));
        assert_eq!(Transition::among(Elements::new(&bytes[5..]), 16), None);
    }
}
