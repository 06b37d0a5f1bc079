//! Bits one behind the other, the highest of a byte first, as video and sound formats write them.

/// Bits that become bytes.
#[derive(Debug, Default)]
pub(super) struct Bits {
    bytes: Vec<u8>,
    /// Bits that are no whole byte yet.
    rest: u8,
    count: u32,
}

impl Bits {
    /// The lowest `count` bits of a number.
    pub(super) fn put(&mut self, count: u32, number: u64) {
        for at in (0..count).rev() {
            self.rest = (self.rest << 1) | u8::from((number >> at) & 1 == 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.rest);
                (self.rest, self.count) = (0, 0);
            }
        }
    }

    /// An Exp-Golomb code, without sign.
    pub(super) fn golomb(&mut self, number: u32) {
        let code = u64::from(number) + 1;
        let length = u64::BITS - code.leading_zeros();
        self.put(2 * length - 1, code);
    }

    /// Zeros up to the next byte.
    pub(super) fn align(&mut self) {
        while self.count != 0 {
            self.put(1, 0);
        }
    }

    /// Whole bytes.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.put(8, u64::from(*byte));
        }
    }

    /// All of it, with ones at the end.
    pub(super) fn finish_with_ones(mut self) -> Vec<u8> {
        while self.count != 0 {
            self.put(1, 1);
        }
        self.bytes
    }

    /// All of it, with zeros at the end.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}
