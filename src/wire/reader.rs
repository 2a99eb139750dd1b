//! The one place that knows bounds: a cursor over borrowed bytes.
#![expect(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "every index here is checked against the length just above it"
)]

/// Fewer bytes were left than a field needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Short {
    /// Bytes the field needs.
    pub needed: usize,
    /// Bytes that were left.
    pub left: usize,
}

/// Reads fields off the front of a byte slice; never reads past its end.
///
/// ```
/// use whereto::wire::Reader;
/// let mut reader = Reader::new(&[0x01, 0x02, 0x03]);
/// assert_eq!(reader.u16(), Ok(0x0102));
/// assert!(reader.u16().is_err());
/// assert_eq!(reader.rest(), &[0x03]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.at
    }

    /// Bytes left.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Nothing left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// What is left, without moving.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left; the position stays.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Short> {
        if count > self.left() {
            return Err(Short { needed: count, left: self.left() });
        }
        let taken = &self.bytes[self.at..self.at + count];
        self.at += count;
        Ok(taken)
    }

    /// At most `count` bytes: what a cut capture still holds of a declared length.
    pub fn take_up_to(&mut self, count: usize) -> &'a [u8] {
        let taken = &self.bytes[self.at..self.at + count.min(self.left())];
        self.at += taken.len();
        taken
    }

    /// A reader over the next `count` bytes only.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn sub(&mut self, count: usize) -> Result<Self, Short> {
        self.take(count).map(Self::new)
    }

    /// Moves over `count` bytes.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn skip(&mut self, count: usize) -> Result<(), Short> {
        self.take(count).map(|_| ())
    }

    /// The next `N` bytes as an array.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Short> {
        let taken = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(taken);
        Ok(array)
    }

    /// One byte.
    ///
    /// # Errors
    /// [`Short`] at the end.
    pub fn u8(&mut self) -> Result<u8, Short> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, network order.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u16(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes, network order.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u24(&mut self) -> Result<u32, Short> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, network order.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u32(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes, network order.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u64(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_be_bytes)
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u16_le(&mut self) -> Result<u16, Short> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u32_le(&mut self) -> Result<u32, Short> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// [`Short`] when fewer are left.
    pub fn u64_le(&mut self) -> Result<u64, Short> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_moves_nothing() {
        let mut reader = Reader::new(&[1, 2, 3]);
        assert_eq!(reader.u32(), Err(Short { needed: 4, left: 3 }));
        assert_eq!(reader.u24(), Ok(0x01_0203));
        assert!(reader.is_empty());
    }

    #[test]
    fn a_sub_reader_keeps_its_length() {
        let mut reader = Reader::new(&[1, 2, 3, 4]);
        let mut sub = reader.sub(2).unwrap();
        assert_eq!(sub.u16(), Ok(0x0102));
        assert!(sub.u8().is_err());
        assert_eq!(reader.take_up_to(9), &[3, 4]);
    }
}
