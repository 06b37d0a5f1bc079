//! JPEG pictures of one colour. That of a preview is 16 by 16 pixels of one grey.

use super::bits::Bits;

/// The bytes of a preview: a baseline JPEG with one component.
pub(crate) fn preview(grey: u8) -> Vec<u8> {
    of(16, 16, &[grey])
}

/// Brightness and the two components of colour, as JFIF computes them.
pub(super) fn components([red, green, blue]: [u8; 3]) -> [u8; 3] {
    let [red, green, blue] = [red, green, blue].map(f64::from);
    let whole = |value: f64| {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
        let whole = value.round().clamp(0.0, 255.0) as u8;
        whole
    };
    [
        whole(0.299 * red + 0.587 * green + 0.114 * blue),
        whole(128.0 - 0.168_736 * red - 0.331_264 * green + 0.5 * blue),
        whole(128.0 + 0.5 * red - 0.418_688 * green - 0.081_312 * blue),
    ]
}

/// A baseline JPEG of this size, each component of one value: one for greys, three for colours.
pub(super) fn of(width: u16, height: u16, components: &[u8]) -> Vec<u8> {
    let count = u8::try_from(components.len()).unwrap_or(1);
    let mut bytes = vec![0xFF, 0xD8];
    bytes.extend([0xFF, 0xE0, 0, 16]);
    bytes.extend(*b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    // All coefficients are divided by 8, so that the first one is the value itself.
    bytes.extend([0xFF, 0xDB, 0, 67, 0]);
    bytes.extend([8; 64]);
    bytes.extend([0xFF, 0xC0, 0, 8 + 3 * count, 8]);
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.push(count);
    bytes.extend((1..=count).flat_map(|number| [number, 0x11, 0]));
    // Nine codes of four bits: how many bits a difference has, from 0 to 8.
    bytes.extend([0xFF, 0xC4, 0, 28, 0x00, 0, 0, 0, 9]);
    bytes.extend([0; 12]);
    bytes.extend(0..=8);
    // One code of one bit: the end of a block.
    bytes.extend([0xFF, 0xC4, 0, 20, 0x10, 1]);
    bytes.extend([0; 15]);
    bytes.push(0);
    bytes.extend([0xFF, 0xDA, 0, 6 + 2 * count, count]);
    bytes.extend((1..=count).flat_map(|number| [number, 0]));
    bytes.extend([0x00, 63, 0]);
    let blocks = usize::from(width).div_ceil(8) * usize::from(height).div_ceil(8);
    for byte in scan(blocks, components) {
        bytes.push(byte);
        if byte == 0xFF {
            bytes.push(0);
        }
    }
    bytes.extend([0xFF, 0xD9]);
    bytes
}

/// The blocks, the components of each one behind the other: the first ones differ from the middle, the others do not
/// differ from them.
fn scan(blocks: usize, components: &[u8]) -> Vec<u8> {
    let mut bits = Bits::default();
    for value in components {
        let difference = i64::from(*value) - 128;
        let length = u64::BITS - difference.unsigned_abs().leading_zeros();
        // Below 0, what is written is one less in two's complement.
        let written = if difference < 0 { difference - 1 } else { difference };
        bits.put(4, u64::from(length));
        bits.put(length, written.cast_unsigned());
        bits.put(1, 0);
    }
    for _ in 0..blocks.saturating_sub(1) * components.len() {
        // A difference of no bits, and the end.
        bits.put(5, 0);
    }
    bits.finish_with_ones()
}
