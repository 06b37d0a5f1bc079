//! The picture of a preview: JPEG, 16 by 16 pixels, of one grey.

/// The bytes of a baseline JPEG with one component.
pub(crate) fn preview(grey: u8) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    bytes.extend([0xFF, 0xE0, 0, 16]);
    bytes.extend(*b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0");
    // All coefficients are divided by 8, so that the first one is the grey itself.
    bytes.extend([0xFF, 0xDB, 0, 67, 0]);
    bytes.extend([8; 64]);
    bytes.extend([0xFF, 0xC0, 0, 11, 8, 0, 16, 0, 16, 1, 1, 0x11, 0]);
    // Nine codes of four bits: how many bits a difference has, from 0 to 8.
    bytes.extend([0xFF, 0xC4, 0, 28, 0x00, 0, 0, 0, 9]);
    bytes.extend([0; 12]);
    bytes.extend(0..=8);
    // One code of one bit: the end of a block.
    bytes.extend([0xFF, 0xC4, 0, 20, 0x10, 1]);
    bytes.extend([0; 15]);
    bytes.push(0);
    bytes.extend([0xFF, 0xDA, 0, 8, 1, 1, 0x00, 0, 63, 0]);
    bytes.extend(scan(grey));
    bytes.extend([0xFF, 0xD9]);
    bytes
}

/// Four blocks: the first differs from the middle grey, the others do not differ from it.
fn scan(grey: u8) -> Vec<u8> {
    let difference = i64::from(grey) - 128;
    let length = u64::BITS - difference.unsigned_abs().leading_zeros();
    // Below 0, what is written is one less in two's complement.
    let written = if difference < 0 { difference - 1 } else { difference };
    let mut all = u64::from(length);
    all = (all << length) | (written.cast_unsigned() & ((1 << length) - 1));
    // The end of this block, and three with a difference of no bits and their ends.
    let mut count = 4 + length + 1 + 3 * 5;
    all <<= 1 + 3 * 5;
    // What is left of the last byte is filled with ones.
    while count % 8 != 0 {
        all = (all << 1) | 1;
        count += 1;
    }
    let mut bytes = Vec::new();
    for at in (0..count / 8).rev() {
        let byte = u8::try_from((all >> (8 * at)) & 0xFF).unwrap_or_default();
        bytes.push(byte);
        if byte == 0xFF {
            bytes.push(0);
        }
    }
    bytes
}
