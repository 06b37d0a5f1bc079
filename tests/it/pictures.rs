//! Workflows in pictures: what ComfyUI writes is read back, and no damage does harm.

use std::fmt::Write as _;
use std::io::Cursor;

use proptest::collection::vec;
use proptest::prelude::*;
use wfc::front::json::{Embedded, EmbeddedError, MAX_EMBEDDED, PictureKind};

/// Python writes `NaN`, which no JSON has.
const PROMPT: &str =
    r#"{"1": {"class_type": "SaveImage", "inputs": {"filename_prefix": "caf\u00e9"}, "is_changed": [NaN]}}"#;
const WORKFLOW: &str = r#"{"nodes": [{"id": 1, "type": "SaveImage"}], "links": [], "version": 0.4}"#;

fn read(bytes: &[u8]) -> Result<Embedded, EmbeddedError> {
    Embedded::read(Cursor::new(bytes))
}

fn message(bytes: &[u8]) -> String {
    read(bytes).expect_err("an error").to_string()
}

fn both() -> Embedded {
    Embedded { prompt: Some(PROMPT.into()), workflow: Some(WORKFLOW.into()) }
}

/// A PNG picture, with texts before its contents as `head` adds them, and with chunks behind.
fn png(head: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>), tail: &[([u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Grayscale);
    head(&mut encoder);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[7; 64 * 64]).unwrap();
    for (name, contents) in tail {
        writer.write_chunk(png::chunk::ChunkType(*name), contents).unwrap();
    }
    writer.finish().unwrap();
    bytes
}

/// As `SaveImage` writes it.
fn saved_png() -> Vec<u8> {
    png(
        |encoder| {
            encoder.add_text_chunk("prompt".into(), PROMPT.into()).unwrap();
            encoder.add_text_chunk("workflow".into(), WORKFLOW.into()).unwrap();
        },
        &[],
    )
}

/// A PNG picture of these chunks, with right checksums.
fn chunks(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, contents) in chunks {
        bytes.extend(u32::try_from(contents.len()).unwrap().to_be_bytes());
        let mut sum = flate2::Crc::new();
        for part in [name.as_slice(), contents] {
            sum.update(part);
            bytes.extend(part);
        }
        bytes.extend(sum.sum().to_be_bytes());
    }
    bytes
}

/// A WebP picture of these chunks.
fn webp(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (name, contents) in chunks {
        body.extend(*name);
        body.extend(u32::try_from(contents.len()).unwrap().to_le_bytes());
        body.extend(*contents);
        body.extend(vec![0; contents.len() % 2]);
    }
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
    bytes.extend(body);
    bytes
}

/// EXIF data with these texts in its first directory.
fn exif(is_little: bool, texts: &[(u16, &str)]) -> Vec<u8> {
    let short = |number: u16| if is_little { number.to_le_bytes() } else { number.to_be_bytes() };
    let long = |number: usize| {
        let number = u32::try_from(number).unwrap();
        if is_little { number.to_le_bytes() } else { number.to_be_bytes() }
    };
    let mut bytes = if is_little { b"II".to_vec() } else { b"MM".to_vec() };
    bytes.extend(short(42));
    bytes.extend(long(8));
    bytes.extend(short(u16::try_from(texts.len()).unwrap()));
    let mut values = Vec::new();
    let start = 8 + 2 + texts.len() * 12 + 4;
    for (tag, text) in texts {
        bytes.extend([short(*tag), short(2)].concat());
        bytes.extend([long(text.len() + 1), long(start + values.len())].concat());
        values.extend(text.as_bytes());
        values.push(0);
    }
    bytes.extend(long(0));
    bytes.extend(values);
    bytes
}

/// As `SaveAnimatedWEBP` writes it: the make is a text, the model another.
fn saved_webp() -> Vec<u8> {
    let texts = [
        (0x010e, "a note"),
        (0x010f, &*format!("workflow:{WORKFLOW}")),
        (0x0110, &*format!("prompt:{PROMPT}")),
    ];
    let picture = vec![9; 301];
    webp(&[(b"VP8X", &[0; 10]), (b"VP8L", &picture), (b"EXIF", &exif(true, &texts))])
}

#[test]
fn what_comfyui_writes_is_read_back_unchanged() {
    assert_eq!(read(&saved_png()).unwrap(), both());
    assert_eq!(read(&saved_webp()).unwrap(), both());
    let animated = png(
        |_| {},
        &[
            (*b"coMf", b"no".to_vec()),
            (*b"comf", format!("prompt\0{PROMPT}").into_bytes()),
            (*b"comf", format!("workflow\0{WORKFLOW}").into_bytes()),
        ],
    );
    assert_eq!(read(&animated).unwrap(), both());
}

#[test]
fn other_manners_of_writing_are_read_too() {
    let packed = png(
        |encoder| {
            encoder.add_ztxt_chunk("workflow".into(), WORKFLOW.into()).unwrap();
            encoder.add_itxt_chunk("Prompt".into(), PROMPT.into()).unwrap();
        },
        &[],
    );
    assert_eq!(read(&packed).unwrap(), both());
    let mut text = png::text_metadata::ITXtChunk::new("prompt", "{\"1\": \"火\"}");
    text.compressed = true;
    text.compress_text().unwrap();
    let mut contents = Vec::new();
    png::text_metadata::EncodableTextChunk::encode(&text, &mut contents).unwrap();
    // The encoder writes the whole chunk: length, name, contents, checksum.
    let bytes = [b"\x89PNG\r\n\x1a\n".as_slice(), &contents].concat();
    assert_eq!(read(&bytes).unwrap().prompt.unwrap(), "{\"1\": \"火\"}");

    let big_endian = exif(false, &[(0x0110, "prompt:{}"), (0x0100, "Workflow:{\"nodes\": []}")]);
    let found = read(&webp(&[(b"EXIF", &[b"Exif\0\0", big_endian.as_slice()].concat())])).unwrap();
    assert_eq!(found, Embedded { prompt: Some("{}".into()), workflow: Some("{\"nodes\": []}".into()) });

    // UTF-8 where PNG says Latin-1, Latin-1 itself, and a text twice.
    let found = chunks(&[
        (b"tEXt", "prompt\0é".as_bytes()),
        (b"tEXt", b"workflow\0\xe9"),
        (b"tEXt", b"workflow\0second"),
    ]);
    assert_eq!(read(&found).unwrap(), Embedded { prompt: Some("é".into()), workflow: Some("é".into()) });
}

#[test]
fn one_of_the_two_is_enough() {
    let bytes = png(|encoder| encoder.add_text_chunk("prompt".into(), PROMPT.into()).unwrap(), &[]);
    assert_eq!(read(&bytes).unwrap(), Embedded { prompt: Some(PROMPT.into()), workflow: None });
    let bytes = webp(&[(b"EXIF", &exif(true, &[(0x010f, "workflow:{}")]))]);
    assert_eq!(read(&bytes).unwrap(), Embedded { prompt: None, workflow: Some("{}".into()) });
}

#[test]
fn the_kind_is_in_the_first_bytes() {
    assert_eq!(PictureKind::of(&saved_png()[..12]), Some(PictureKind::Png));
    assert_eq!(PictureKind::of(&saved_webp()[..12]), Some(PictureKind::WebP));
    for other in [b"".as_slice(), b"{\"1\": {}}", b"\x89PNG", b"RIFF\x24\0\0\0WAVE", b"\xff\xd8\xff\xe0"] {
        assert_eq!(PictureKind::of(other), None);
        assert!(matches!(read(other), Err(EmbeddedError::NotAPicture)));
    }
}

#[test]
fn every_fault_says_what_it_is_and_what_to_do() {
    let mut report = String::new();
    let mut show = |what: &str, bytes: &[u8]| writeln!(report, "{what}: {}", message(bytes)).unwrap();
    show("text", b"{}");
    show("no texts", &png(|_| {}, &[]));
    show("no EXIF", &webp(&[(b"VP8L", &[1, 2, 3])]));
    show("other EXIF", &webp(&[(b"EXIF", &exif(true, &[(0x0110, "EOS 5D: a camera")]))]));
    show("cut", &saved_png()[..60]);
    show("cut in a head", &saved_png()[..38]);
    show("cut", &saved_webp()[..400]);
    let mut bytes = saved_png();
    bytes[60] ^= 1;
    show("one bit", &bytes);
    let mut bytes = saved_png();
    bytes[33..37].copy_from_slice(&[0xff; 4]);
    show("4 GiB", &bytes);
    show("not packed", &chunks(&[(b"zTXt", b"prompt\0\0not packed at all")]));
    show("manner", &chunks(&[(b"zTXt", b"prompt\0\x01x")]));
    show("no head", &chunks(&[(b"iTXt", b"prompt\0\x01\0en")]));
    show("no TIFF", &webp(&[(b"EXIF", b"MMMMMMMMMMMM")]));
    let mut lying = exif(true, &[(0x0110, "prompt:{}")]);
    lying[18..22].copy_from_slice(&[0xff; 4]);
    show("offset", &webp(&[(b"EXIF", &lying)]));
    let mut lying = exif(true, &[(0x0110, "prompt_{}")]);
    lying[8] = 0xff;
    show("count", &webp(&[(b"EXIF", &lying)]));
    insta::assert_snapshot!(report, @"
    text: not a PNG or WebP picture, which are what ComfyUI writes workflows into; give the picture as ComfyUI saved it, or the workflow as JSON
    no texts: this PNG picture holds no workflow; give the file that ComfyUI saved: websites and programs that change a picture drop what ComfyUI wrote into it, and so does `--disable-metadata`
    no EXIF: this WebP picture holds no workflow; give the file that ComfyUI saved: websites and programs that change a picture drop what ComfyUI wrote into it, and so does `--disable-metadata`
    other EXIF: this WebP picture holds no workflow; give the file that ComfyUI saved: websites and programs that change a picture drop what ComfyUI wrote into it, and so does `--disable-metadata`
    cut: this PNG picture ends in the middle of the chunk at byte 33; copy or download it again
    cut in a head: this PNG picture ends in the middle of the chunk at byte 33; copy or download it again
    cut: this WebP picture ends in the middle of the chunk at byte 340; copy or download it again
    one bit: this PNG picture is damaged: in the chunk at byte 33, the checksum does not fit; copy or download it again
    4 GiB: this PNG picture ends in the middle of the chunk at byte 33; copy or download it again
    not packed: this PNG picture is damaged: in the chunk at byte 8, the text cannot be unpacked; copy or download it again
    manner: this PNG picture is damaged: in the chunk at byte 8, the text is packed in an unknown manner; copy or download it again
    no head: this PNG picture is damaged: in the chunk at byte 8, the head of the text is cut; copy or download it again
    no TIFF: this WebP picture is damaged: in the chunk at byte 12, this is not EXIF data; copy or download it again
    offset: this WebP picture is damaged: in the chunk at byte 12, a text of the EXIF data lies outside of it; copy or download it again
    count: this WebP picture is damaged: in the chunk at byte 12, a text of the EXIF data lies outside of it; copy or download it again
    ");
}

#[test]
fn a_text_that_unpacks_without_end_is_refused() {
    let zeros = vec![0; usize::try_from(MAX_EMBEDDED).unwrap()];
    let mut packed = flate2::write::ZlibEncoder::new(b"prompt\0\0".to_vec(), flate2::Compression::fast());
    std::io::Write::write_all(&mut packed, &zeros).unwrap();
    std::io::Write::write_all(&mut packed, b"x").unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 1 << 20);
    let packed = chunks(&[(b"zTXt", &packed)]);
    assert!(matches!(read(&packed), Err(EmbeddedError::TooLong { kind: PictureKind::Png, at: 8 })));
    insta::assert_snapshot!(message(&packed), @"the text in the chunk at byte 8 of this PNG picture has more than 64 MiB, which no workflow has; give another picture");

    let long = [b"prompt\0".as_slice(), &zeros].concat();
    assert!(matches!(read(&chunks(&[(b"tEXt", &long)])), Err(EmbeddedError::TooLong { .. })));
    assert!(matches!(read(&webp(&[(b"EXIF", &long)])), Err(EmbeddedError::TooLong { .. })));
    // What has another keyword is not read.
    let bytes = chunks(&[(b"tEXt", &[b"paint\0".as_slice(), &zeros].concat()), (b"comf", b"prompt\0{}")]);
    assert_eq!(read(&bytes).unwrap().prompt.unwrap(), "{}");
}

/// A file that counts what is read of it.
struct Counting<'a>(Cursor<&'a [u8]>, &'a mut usize);

impl std::io::Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.0.read(buffer)?;
        *self.1 += count;
        Ok(count)
    }
}

impl std::io::Seek for Counting<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}

#[test]
fn the_picture_itself_is_not_read() {
    let picture = vec![1; 8 << 20];
    let texts = exif(true, &[(0x0110, "prompt:{}")]);
    let large = webp(&[(b"VP8L", &picture), (b"EXIF", &texts)]);
    let mut count = 0;
    let found = Embedded::read(Counting(Cursor::new(&large), &mut count)).unwrap();
    assert_eq!(found.prompt.unwrap(), "{}");
    assert!(count < 64 << 10, "{count} bytes of {} were read", large.len());
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    let heads = prop_oneof![
        Just(b"\x89PNG\r\n\x1a\n".to_vec()),
        Just(b"RIFF\xff\0\0\0WEBPEXIF\x40\0\0\0II*\0\x08\0\0\0".to_vec()),
        Just(b"\x89PNG\r\n\x1a\n\0\0\0\x20iTXtprompt\0".to_vec()),
        Just(Vec::new()),
    ];
    (heads, vec(any::<u8>(), 0..300)).prop_map(|(head, tail)| [head, tail].concat())
}

/// Both kinds of pictures with bytes replaced, removed and put in.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![Just(0), Just(1), Just(0xff), any::<u8>()];
    let change = (any::<prop::sample::Index>(), 0_usize..4, vec(byte, 0..5));
    (prop_oneof![Just(saved_png()), Just(saved_webp())], vec(change, 0..6)).prop_map(
        |(mut bytes, changes)| {
            for (at, removed, new) in changes {
                let at = at.index(bytes.len() + 1);
                let end = (at + removed).min(bytes.len());
                bytes.splice(at..end, new);
            }
            bytes
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_do_harm(bytes in prop_oneof![anything(), damaged()]) {
        match read(&bytes) {
            Ok(found) => prop_assert!(found.prompt.is_some() || found.workflow.is_some()),
            Err(error) => prop_assert!(!error.to_string().contains("cannot be read"), "{error}"),
        }
    }

    #[test]
    fn a_damaged_png_gives_the_texts_unchanged_or_an_error(at in any::<prop::sample::Index>(), bit in 0..8) {
        let mut bytes = saved_png();
        let at = at.index(bytes.len());
        bytes[at] ^= 1_u8 << bit;
        // A bit in the name of a chunk can hide a text, but no text can be another one.
        if let Ok(found) = read(&bytes) {
            for (text, saved) in [(found.prompt, PROMPT), (found.workflow, WORKFLOW)] {
                prop_assert!(text.is_none_or(|text| text == saved));
            }
        }
    }
}
