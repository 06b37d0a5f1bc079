//! Other files in their smallest valid form: still pictures of one colour, a second of silence, an empty scene.

use serde_json::json;

use super::Made;
use super::bits::Bits;

/// Samples of a second of silence.
const RATE: u32 = 44_100;

/// Bits one behind the other, the lowest of a byte first, as GIF and WebP write them.
#[derive(Default)]
struct Low {
    bytes: Vec<u8>,
    rest: u64,
    count: u32,
}

impl Low {
    fn put(&mut self, count: u32, number: u32) {
        self.rest |= u64::from(number) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.rest.to_le_bytes()[0]);
            self.rest >>= 8;
            self.count -= 8;
        }
    }

    fn finish(mut self) -> Vec<u8> {
        if self.count > 0 {
            self.put(8 - self.count, 0);
        }
        self.bytes
    }
}

/// A lossless WebP: of each component there is one value, whose code is empty, so that no pixel needs any bits.
pub(super) fn webp(made: &Made) -> Vec<u8> {
    webp_of(made.width, made.height, made.color, None)
}

/// The same of a size and colour, and of a transparency if it has any.
pub(super) fn webp_of(width: u32, height: u32, color: [u8; 3], alpha: Option<u8>) -> Vec<u8> {
    const MAX_SIDE: u32 = 1 << 14;
    let [red, green, blue] = color.map(u32::from);
    let mut bits = Low::default();
    bits.put(8, 0x2F);
    bits.put(14, width.clamp(1, MAX_SIDE) - 1);
    bits.put(14, height.clamp(1, MAX_SIDE) - 1);
    // Whether there is alpha, and version 0; no transforms, no cache of colours, one group of codes.
    bits.put(4, u32::from(alpha.is_some()));
    bits.put(3, 0);
    for value in [green, red, blue, alpha.map_or(255, u32::from)] {
        // A simple code of one symbol of eight bits.
        bits.put(3, 0b101);
        bits.put(8, value);
    }
    // Distances: one symbol of one bit.
    bits.put(4, 0b0001);
    let mut data = bits.finish();
    let length = u32::try_from(data.len()).unwrap_or_default();
    if data.len() % 2 == 1 {
        data.push(0);
    }
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(u32::try_from(data.len() + 12).unwrap_or_default().to_le_bytes());
    bytes.extend(*b"WEBPVP8L");
    bytes.extend(length.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// A GIF of one frame. The table of codes is cleared before it grows, so that all codes have three bits.
pub(super) fn gif(made: &Made) -> Vec<u8> {
    let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX).max(1);
    let (width, height) = (side(made.width), side(made.height));
    let mut bytes = b"GIF89a".to_vec();
    let extent: Vec<u8> = [width.to_le_bytes(), height.to_le_bytes()].concat();
    bytes.extend(&extent);
    bytes.extend([0x80, 0, 0]);
    bytes.extend(made.color);
    bytes.extend([0; 3]);
    bytes.extend([0x2C, 0, 0, 0, 0]);
    bytes.extend(&extent);
    bytes.extend([0, 2]);
    let mut bits = Low::default();
    for pixel in 0..u32::from(width) * u32::from(height) {
        if pixel % 2 == 0 {
            bits.put(3, 4);
        }
        bits.put(3, 0);
    }
    bits.put(3, 5);
    for block in bits.finish().chunks(255) {
        bytes.push(u8::try_from(block.len()).unwrap_or_default());
        bytes.extend(block);
    }
    bytes.extend([0, 0x3B]);
    bytes
}

/// A second of silence in FLAC: frames whose samples are all the same.
pub(super) fn flac() -> Vec<u8> {
    const BLOCK: u32 = 4096;
    let mut bits = Bits::default();
    bits.extend(b"fLaC");
    // The last block of metadata: the stream's, 34 bytes.
    bits.put(8, 0x80);
    bits.put(24, 34);
    bits.put(16, u64::from(BLOCK));
    bits.put(16, u64::from(BLOCK));
    bits.put(48, 0);
    bits.put(20, u64::from(RATE));
    // One channel of 16 bits.
    bits.put(3, 0);
    bits.put(5, 15);
    bits.put(36, u64::from(RATE));
    bits.extend(&[0; 16]);
    let mut bytes = bits.finish();
    let mut left = RATE;
    let mut number = 0;
    while left > 0 {
        let samples = left.min(BLOCK);
        let mut head = Bits::default();
        // Frames of one size; its length in 16 bits, the rate as in the stream, one channel, 16 bits.
        head.put(16, 0xFFF8);
        head.put(4, 7);
        head.put(4, 0);
        head.put(4, 0);
        // 16 bits are the fourth size in a table, in front of a bit that is 0.
        head.put(4, 4 << 1);
        head.put(8, number);
        head.put(16, u64::from(samples) - 1);
        let mut frame = head.finish();
        frame.push(checksum(&frame, 8, 0x07).to_be_bytes()[1]);
        // A constant: no sample differs from the first, which is 0.
        frame.extend([0, 0, 0]);
        frame.extend(checksum(&frame, 16, 0x8005).to_be_bytes());
        bytes.extend(frame);
        left -= samples;
        number += 1;
    }
    bytes
}

/// A remainder of polynomials, of 8 or 16 bits.
fn checksum(bytes: &[u8], width: u32, polynomial: u16) -> u16 {
    let top = 1_u32 << (width - 1);
    let mask = (top << 1) - 1;
    let mut rest = 0_u32;
    for byte in bytes {
        rest ^= u32::from(*byte) << (width - 8);
        for _ in 0..8 {
            let is_over = rest & top != 0;
            rest = (rest << 1) & mask;
            if is_over {
                rest ^= u32::from(polynomial);
            }
        }
    }
    u16::try_from(rest).unwrap_or_default()
}

/// A second of silence in MP3: frames of layer III with no data in them.
pub(super) fn mp3() -> Vec<u8> {
    // 128 kbit/s at 44.1 kHz, so that a frame is 417 bytes and 1152 samples; one channel.
    let mut frame = vec![0xFF, 0xFB, 0x90, 0xC4];
    frame.resize(417, 0);
    frame.repeat(RATE.div_ceil(1152) as usize)
}

/// An empty latent in safetensors.
pub(super) fn latent(made: &Made) -> Vec<u8> {
    let shape = [1, 0, made.height / 8, made.width / 8];
    let tensor = |kind: &str, shape: &[u32]| json!({ "dtype": kind, "shape": shape, "data_offsets": [0, 0] });
    let head = json!({
        "latent_tensor": tensor("F32", &shape),
        "latent_format_version_0": tensor("F32", &[0]),
    });
    let mut head = head.to_string();
    while !head.len().is_multiple_of(8) {
        head.push(' ');
    }
    let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
    bytes.extend(head.as_bytes());
    bytes
}

/// An empty scene in binary glTF.
pub(super) fn glb() -> Vec<u8> {
    let mut scene = json!({ "asset": { "version": "2.0", "generator": "wfc sim" } }).to_string();
    while !scene.len().is_multiple_of(4) {
        scene.push(' ');
    }
    let length = |length: usize| u32::try_from(length).unwrap_or_default().to_le_bytes();
    let mut bytes = b"glTF".to_vec();
    bytes.extend(2_u32.to_le_bytes());
    bytes.extend(length(scene.len() + 20));
    bytes.extend(length(scene.len()));
    bytes.extend(*b"JSON");
    bytes.extend(scene.as_bytes());
    bytes
}
