//! Reads DER, the encoding of keys and certificates (ITU-T X.690), as far as it is needed to look into them.

/// The tags of the types that are read.
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
/// The explicit tag `[0]`, as that of a certificate's version.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// Values that stand one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Self {
        Self(bytes)
    }

    /// The next value, with its tag; `None` at the end and when the bytes are no DER.
    pub(super) fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let length = match first {
            0..=0x7f => usize::from(*first),
            0x81..=0x84 => {
                let (digits, after) = rest.split_at_checked(usize::from(first - 0x80))?;
                rest = after;
                let add = |sum: usize, digit: &u8| sum << 8 | usize::from(*digit);
                digits.iter().fold(0, add)
            }
            _ => return None,
        };
        let (value, after) = rest.split_at_checked(length)?;
        self.0 = after;
        Some((*tag, value))
    }

    /// The next value, when it has this tag. Otherwise it stays the next one.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        let mut ahead = *self;
        let (found, value) = ahead.next()?;
        (found == tag).then(|| {
            *self = ahead;
            value
        })
    }

    /// The values of the next value, which is a sequence.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Self)
    }

    /// The next value, which is a whole number that is not negative.
    pub(super) fn number(&mut self) -> Option<u64> {
        let digits = self.take(INTEGER)?;
        let is_negative = digits.first()? & 0x80 != 0;
        let add = |sum: u64, digit: &u8| sum.checked_mul(256)?.checked_add(u64::from(*digit));
        let number = digits.iter().try_fold(0, add)?;
        (!is_negative).then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_are_read_in_order() {
        let mut long = vec![OCTET_STRING, 0x82, 0x01, 0x00];
        long.extend([7; 256]);
        let mut bytes = vec![SEQUENCE, 0x05, INTEGER, 0x03, 0x01, 0x00, 0x01];
        bytes.extend(&long);
        let mut der = Der::new(&bytes);
        assert_eq!(der.take(OCTET_STRING), None);
        assert_eq!(der.sequence().unwrap().number(), Some(65_537));
        assert_eq!(der.take(OCTET_STRING).map(<[u8]>::len), Some(256));
        assert_eq!(der.next(), None);
    }

    #[test]
    fn what_is_no_der_is_none() {
        for bytes in [
            &[0x30][..],
            &[0x30, 0x05, 0x00],
            &[0x30, 0x80, 0x00, 0x00],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x82, 0x01],
        ] {
            assert_eq!(Der::new(bytes).next(), None, "{bytes:?}");
        }
        assert_eq!(Der::new(&[INTEGER, 1, 0x80]).number(), None);
        let digits = [INTEGER, 9, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Der::new(&digits).number(), None);
    }

    proptest! {
        #[test]
        fn it_ends_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut der = Der::new(&bytes);
            let mut read = 0;
            while let Some((_, value)) = der.next() {
                read += value.len() + 2;
            }
            prop_assert!(read <= bytes.len());
        }
    }
}
