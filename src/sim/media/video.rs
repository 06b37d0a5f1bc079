//! MP4 files of one colour: H.264 of the baseline profile, one picture and others that change nothing.
//!
//! The first block of the first picture is written sample by sample; each other one is predicted from its neighbours, and
//! all blocks of the other pictures are skipped. So a file is small, and its size and number of frames are what was asked.

use super::Made;
use super::bits::Bits;

/// Most pixels of a side that levels of H.264 allow for.
const MAX_SIDE: u32 = 8192;

/// Units of time of a frame.
const DELTA: u32 = 1000;

/// The whole file.
pub(super) fn mp4(made: &Made, brand: [u8; 4]) -> Vec<u8> {
    let (width, height) = (even(made.width), even(made.height));
    let frames = made.frames.max(1);
    let samples: Vec<Vec<u8>> = (0..frames)
        .map(
            |number| if number == 0 { first(width, height, made.color) } else { same(width, height, number) },
        )
        .map(|unit| sized(&unit))
        .collect();
    let mut kind = brand.to_vec();
    kind.extend(512_u32.to_be_bytes());
    kind.extend(*b"isomiso2avc1mp41");
    let mut file = atom(*b"ftyp", &kind);
    let movie = Movie { width, height, rate: made.rate, samples: &samples };
    // Where the samples begin depends on how long what stands before them is.
    let length = file.len() + movie.atom(0).len() + 8;
    file.extend(movie.atom(u32::try_from(length).unwrap_or_default()));
    file.extend(atom(*b"mdat", &samples.concat()));
    file
}

/// Half as many samples of colour as of brightness need an even number.
fn even(side: u32) -> u32 {
    side.clamp(2, MAX_SIDE).next_multiple_of(2)
}

/// A unit behind its length.
fn sized(unit: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(unit.len()).unwrap_or_default().to_be_bytes().to_vec();
    bytes.extend(unit);
    bytes
}

/// A unit of H.264: its head, and its bits with an end and without what would look like the start of another unit.
fn unit(head: u8, mut bits: Bits) -> Vec<u8> {
    bits.put(1, 1);
    let mut bytes = vec![head];
    let mut zeros = 0;
    for byte in bits.finish() {
        if zeros >= 2 && byte <= 3 {
            bytes.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        bytes.push(byte);
    }
    bytes
}

/// Blocks of 16 by 16 pixels in a row, and rows.
fn blocks(width: u32, height: u32) -> (u32, u32) {
    (width.div_ceil(16), height.div_ceil(16))
}

/// The sequence: size and limits.
fn sequence(width: u32, height: u32) -> Vec<u8> {
    let (columns, rows) = blocks(width, height);
    let mut bits = Bits::default();
    // Baseline, also for decoders of the main profile; level 3.1, or 5.1 for large pictures.
    bits.extend(&[66, 0xC0, if columns * rows <= 3600 { 31 } else { 51 }]);
    bits.golomb(0);
    // Numbers of frames have four bits; pictures are shown in the order in which they come.
    bits.golomb(0);
    bits.golomb(2);
    bits.golomb(1);
    bits.put(1, 0);
    bits.golomb(columns - 1);
    bits.golomb(rows - 1);
    bits.put(2, 0b11);
    let (right, below) = ((columns * 16 - width) / 2, (rows * 16 - height) / 2);
    let is_cut = right + below > 0;
    bits.put(1, u64::from(is_cut));
    if is_cut {
        bits.golomb(0);
        bits.golomb(right);
        bits.golomb(0);
        bits.golomb(below);
    }
    bits.put(1, 0);
    unit(0x67, bits)
}

/// How pictures are coded: with variable lengths, and a say on the filter of edges.
fn pictures() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.golomb(0);
    bits.golomb(0);
    bits.put(2, 0);
    bits.golomb(0);
    bits.golomb(0);
    bits.golomb(0);
    bits.put(3, 0);
    bits.golomb(0);
    bits.golomb(0);
    bits.golomb(0);
    bits.put(3, 0b100);
    unit(0x68, bits)
}

/// The first picture.
fn first(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    let (columns, rows) = blocks(width, height);
    let mut bits = Bits::default();
    bits.golomb(0);
    bits.golomb(7);
    bits.golomb(0);
    bits.put(4, 0);
    bits.golomb(0);
    bits.put(2, 0);
    bits.golomb(0);
    bits.golomb(1);
    let (brightness, blue, red) = samples(color);
    bits.golomb(25);
    bits.align();
    bits.extend(&[brightness; 256]);
    bits.extend(&[blue; 64]);
    bits.extend(&[red; 64]);
    for row in 0..rows {
        for column in 0..columns {
            if row + column == 0 {
                continue;
            }
            // As its neighbours are, and no difference to that.
            bits.golomb(3);
            bits.golomb(0);
            bits.golomb(0);
            // The code for "no coefficients" is another beside the block that was written sample by sample.
            if row + column == 1 { bits.put(6, 0b00_0011) } else { bits.put(1, 1) }
        }
    }
    unit(0x65, bits)
}

/// A picture that is the same as the one before.
fn same(width: u32, height: u32, number: u32) -> Vec<u8> {
    let (columns, rows) = blocks(width, height);
    let mut bits = Bits::default();
    bits.golomb(0);
    bits.golomb(5);
    bits.golomb(0);
    bits.put(4, u64::from(number % 16));
    bits.put(3, 0);
    bits.golomb(0);
    bits.golomb(1);
    bits.golomb(columns * rows);
    unit(0x41, bits)
}

/// Brightness and differences of blue and red, in the range of video.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range of video")]
fn samples([red, green, blue]: [u8; 3]) -> (u8, u8, u8) {
    let [red, green, blue] = [red, green, blue].map(f64::from);
    let level = |number: f64| number.round().clamp(16.0, 240.0) as u8;
    (
        level(16.0 + 0.257 * red + 0.504 * green + 0.098 * blue),
        level(128.0 - 0.148 * red - 0.291 * green + 0.439 * blue),
        level(128.0 + 0.439 * red - 0.368 * green - 0.071 * blue),
    )
}

/// An atom: its length, its name, and what is in it.
fn atom(name: [u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(content.len() + 8).unwrap_or_default().to_be_bytes().to_vec();
    bytes.extend(name);
    bytes.extend(content);
    bytes
}

/// Numbers of 32 bits.
fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// What all transformations are: none.
const MATRIX: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

struct Movie<'a> {
    width: u32,
    height: u32,
    rate: f64,
    samples: &'a [Vec<u8>],
}

impl Movie<'_> {
    /// What is known of the samples, which begin at this byte of the file.
    fn atom(&self, at: u32) -> Vec<u8> {
        let (scale, duration) = (self.scale(), self.count() * DELTA);
        let mut head = words(&[0, 0, 0, scale, duration, 0x1_0000, 0x0100_0000, 0, 0]);
        head.extend(words(&MATRIX));
        head.extend(words(&[0, 0, 0, 0, 0, 0, 2]));
        let mut track = words(&[3, 0, 0, 1, 0, duration, 0, 0, 0, 0]);
        track.extend(words(&MATRIX));
        track.extend(words(&[self.width << 16, self.height << 16]));
        let media_head = words(&[0, 0, 0, scale, duration, 0x55C4_0000]);
        let mut handler = words(&[0, 0]);
        handler.extend(*b"vide");
        handler.extend(words(&[0, 0, 0]));
        handler.extend(*b"wfc sim\0");
        let place = atom(*b"dref", &[words(&[0, 1]), atom(*b"url ", &words(&[1]))].concat());
        let information =
            [atom(*b"vmhd", &words(&[1, 0, 0])), atom(*b"dinf", &place), atom(*b"stbl", &self.table(at))];
        let media =
            [atom(*b"mdhd", &media_head), atom(*b"hdlr", &handler), atom(*b"minf", &information.concat())];
        let track = [atom(*b"tkhd", &track), atom(*b"mdia", &media.concat())];
        atom(*b"moov", &[atom(*b"mvhd", &head), atom(*b"trak", &track.concat())].concat())
    }

    fn count(&self) -> u32 {
        u32::try_from(self.samples.len()).unwrap_or_default()
    }

    /// Units of time in a second.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped before")]
    fn scale(&self) -> u32 {
        (self.rate * f64::from(DELTA)).round().clamp(1.0, 1e9) as u32
    }

    fn table(&self, at: u32) -> Vec<u8> {
        let count = self.count();
        let sizes = self.samples.iter().map(|sample| u32::try_from(sample.len()).unwrap_or_default());
        let sizes: Vec<u32> = [0, 0, count].into_iter().chain(sizes).collect();
        [
            atom(*b"stsd", &[words(&[0, 1]), self.description()].concat()),
            atom(*b"stts", &words(&[0, 1, count, DELTA])),
            atom(*b"stss", &words(&[0, 1, 1])),
            atom(*b"stsc", &words(&[0, 1, 1, count, 1])),
            atom(*b"stsz", &words(&sizes)),
            atom(*b"stco", &words(&[0, 1, at])),
        ]
        .concat()
    }

    /// The decoder's settings.
    fn description(&self) -> Vec<u8> {
        let (sequence, pictures) = (sequence(self.width, self.height), pictures());
        let short = |length: usize| u16::try_from(length).unwrap_or_default().to_be_bytes();
        let mut settings = vec![1, 66, 0xC0, sequence.get(3).copied().unwrap_or_default(), 0xFF, 0xE1];
        settings.extend(short(sequence.len()));
        settings.extend(&sequence);
        settings.push(1);
        settings.extend(short(pictures.len()));
        settings.extend(&pictures);
        let mut entry = words(&[0, 1, 0, 0, 0, 0]);
        entry.extend(short(self.width as usize));
        entry.extend(short(self.height as usize));
        entry.extend(words(&[0x48_0000, 0x48_0000, 0]));
        entry.extend([0, 1]);
        // A name of 32 bytes, which is empty; depth, and no palette.
        entry.extend([0; 32]);
        entry.extend([0, 24, 0xFF, 0xFF]);
        entry.extend(atom(*b"avcC", &settings));
        atom(*b"avc1", &entry)
    }
}
