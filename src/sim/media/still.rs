//! What `/view` and `/upload/mask` make of a picture: its channels, and previews of it.
//!
//! Pixels are known of what nodes "made" and of PNG files. Of others only the size is read, and they count as grey. Previews
//! are of the right size, and of one colour, which is the middle of all pixels.

use std::io::Cursor;

use super::{Made, jpeg, small};

/// Most pixels of a picture that is looked into.
const MAX_PIXELS: u64 = 1 << 28;

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Still {
    width: u32,
    height: u32,
    has_alpha: bool,
    pixels: Pixels,
}

#[derive(Clone, Debug, PartialEq)]
enum Pixels {
    /// All alike: red, green, blue, alpha.
    One([u8; 4]),
    /// Four bytes each, by row.
    All(Vec<u8>),
}

/// The middle of all brightness, for pixels that nobody has read.
const GREY: [u8; 4] = [128, 128, 128, 255];

impl Still {
    /// What a node made, if it is a picture.
    pub(crate) fn made(made: &Made) -> Option<Self> {
        let [red, green, blue] = made.color;
        matches!(made.kind, "png" | "webp" | "gif").then(|| Self {
            width: made.width.max(1),
            height: made.height.max(1),
            has_alpha: false,
            pixels: Pixels::One([red, green, blue, 255]),
        })
    }

    /// A file, if it is a picture.
    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return read_png(bytes);
        }
        let (width, height) = jpeg_size(bytes).or_else(|| gif_size(bytes)).or_else(|| webp_size(bytes))?;
        let is_sane = width > 0 && height > 0 && u64::from(width) * u64::from(height) <= MAX_PIXELS;
        is_sane.then_some(Self { width, height, has_alpha: false, pixels: Pixels::One(GREY) })
    }

    /// The same with the transparency of another picture; nothing if they differ in size.
    pub(crate) fn masked(&self, mask: &Self) -> Option<Self> {
        if (self.width, self.height) != (mask.width, mask.height) {
            return None;
        }
        let pixels = self.each().zip(mask.each());
        let pixels = pixels.flat_map(|([red, green, blue, _], [_, _, _, alpha])| [red, green, blue, alpha]);
        Some(Self { has_alpha: true, pixels: Pixels::All(pixels.collect()), ..*self })
    }

    /// Width and height, in pixels.
    #[cfg(test)]
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The same without transparency.
    pub(crate) fn opaque(self) -> Self {
        Self { has_alpha: false, ..self }
    }

    fn each(&self) -> Box<dyn Iterator<Item = [u8; 4]> + '_> {
        match &self.pixels {
            Pixels::One(pixel) => {
                let count = self.width as usize * self.height as usize;
                Box::new(std::iter::repeat_n(*pixel, count))
            }
            Pixels::All(bytes) => Box::new(bytes.as_chunks::<4>().0.iter().copied()),
        }
    }

    /// As PNG: all of it, its colours, or its transparency on black.
    pub(crate) fn channel(&self, channel: Channel) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        encoder.set_color(match channel {
            Channel::Colors => png::ColorType::Rgb,
            Channel::Alpha | Channel::All => png::ColorType::Rgba,
        });
        let mut writer = encoder.write_header().ok()?;
        let mut stream = writer.stream_writer().ok()?;
        for [red, green, blue, alpha] in self.each() {
            let pixel = [red, green, blue, alpha];
            let pixel: &[u8] = match channel {
                Channel::Colors => pixel.get(..3).unwrap_or_default(),
                Channel::Alpha => &[0, 0, 0, alpha],
                Channel::All => &pixel,
            };
            std::io::Write::write_all(&mut stream, pixel).ok()?;
        }
        stream.finish().ok()?;
        writer.finish().ok()?;
        Some(bytes)
    }

    /// As WebP.
    pub(crate) fn webp(&self) -> Vec<u8> {
        let [red, green, blue, alpha] = self.middle();
        let alpha = self.has_alpha.then_some(alpha);
        small::webp_of(self.width, self.height, [red, green, blue], alpha)
    }

    /// As JPEG.
    pub(crate) fn jpeg(&self) -> Vec<u8> {
        let [red, green, blue, _] = self.middle();
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        jpeg::of(side(self.width), side(self.height), &jpeg::components([red, green, blue]))
    }

    /// The middle of all pixels.
    fn middle(&self) -> [u8; 4] {
        let mut sums = [0_u64; 4];
        let mut count = 0_u64;
        if let Pixels::One(pixel) = self.pixels {
            return pixel;
        }
        for pixel in self.each() {
            count += 1;
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += u64::from(value);
            }
        }
        sums.map(|sum| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX))
    }
}

/// What of a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    All,
    Colors,
    Alpha,
}

fn read_png(bytes: &[u8]) -> Option<Still> {
    let mut decoder = png::Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (reader.info().width, reader.info().height);
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let mut raw = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut raw).ok()?;
    let raw = raw.get(..frame.buffer_size())?;
    let has_alpha = matches!(frame.color_type, png::ColorType::Rgba | png::ColorType::GrayscaleAlpha);
    let pixels: Vec<u8> = match frame.color_type {
        png::ColorType::Rgba => raw.to_vec(),
        png::ColorType::Rgb => {
            raw.as_chunks::<3>().0.iter().flat_map(|[red, green, blue]| [*red, *green, *blue, 255]).collect()
        }
        png::ColorType::Grayscale => raw.iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect(),
        png::ColorType::GrayscaleAlpha => {
            raw.as_chunks::<2>().0.iter().flat_map(|[grey, alpha]| [*grey, *grey, *grey, *alpha]).collect()
        }
        png::ColorType::Indexed => return None,
    };
    Some(Still { width, height, has_alpha, pixels: Pixels::All(pixels) })
}

/// Width and height, if it is a JPEG file.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.strip_prefix(b"\xFF\xD8")?;
    loop {
        let [0xFF, marker, high, low, ..] = rest else { return None };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC) {
            let side = |at: usize| Some(u32::from(u16::from_be_bytes([*rest.get(at)?, *rest.get(at + 1)?])));
            return Some((side(7)?, side(5)?));
        }
        rest = rest.get(2 + length..)?;
    }
}

fn gif_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let [b'G', b'I', b'F', b'8', _, b'a', a, b, c, d, ..] = bytes else { return None };
    Some((u16::from_le_bytes([*a, *b]).into(), u16::from_le_bytes([*c, *d]).into()))
}

fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (b"RIFF", b"WEBP") = (bytes.get(..4)?, bytes.get(8..12)?) else { return None };
    let at = |at: usize| bytes.get(at).copied().map(u32::from);
    match bytes.get(12..16)? {
        b"VP8X" => {
            let side = |from: usize| Some((at(from)? | at(from + 1)? << 8 | at(from + 2)? << 16) + 1);
            Some((side(24)?, side(27)?))
        }
        b"VP8L" => {
            let bits = at(21)? | at(22)? << 8 | at(23)? << 16 | at(24)? << 24;
            Some(((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1))
        }
        b"VP8 " => {
            let side = |from: usize| Some((at(from)? | at(from + 1)? << 8) & 0x3FFF);
            Some((side(26)?, side(28)?))
        }
        _ => None,
    }
}
