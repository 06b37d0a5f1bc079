//! Whether others can read what is made.

use std::io::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use super::{Channel, Kind, Made, Still, preview, texts};

fn made(kind: Kind, width: u32, height: u32, frames: u32) -> Vec<u8> {
    let texts = texts(&json!({ "1": { "class_type": "ä", "inputs": {} } }), &Value::Null);
    Made { kind, width, height, frames, rate: 16.0, color: [200, 40, 90], texts }.bytes()
}

/// What ffprobe says of a file; nothing where there is no ffprobe.
fn probed(name: &str, bytes: &[u8]) -> Option<Value> {
    let mut file = tempfile::Builder::new().suffix(name).tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let arguments = ["-v", "error", "-count_frames", "-show_streams", "-show_format", "-of", "json"];
    let output = match Command::new("ffprobe").args(arguments).arg(file.path()).output() {
        Ok(output) => output,
        Err(error) => {
            eprintln!("skipped, since ffprobe does not run: {error}");
            return None;
        }
    };
    let problems = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && problems.is_empty(), "{name}: {problems}");
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn videos_can_be_played_and_have_their_size_rate_and_frames() {
    for (width, height, frames) in [(832, 480, 81), (16, 16, 1), (50, 34, 40), (2, 2, 2), (1920, 1088, 5)] {
        let bytes = made("mp4", width, height, frames);
        assert_eq!(&bytes[4..12], b"ftypisom");
        let Some(probe) = probed(".mp4", &bytes) else { return };
        let stream = &probe["streams"][0];
        assert_eq!(stream["codec_name"], "h264");
        assert_eq!([&stream["width"], &stream["height"]], [&json!(width), &json!(height)]);
        assert_eq!(stream["nb_read_frames"], frames.to_string());
        assert_eq!(stream["avg_frame_rate"], "16/1");
    }
}

#[test]
fn other_files_can_be_read_too() {
    for (kind, codec) in [("png", "png"), ("webp", "webp"), ("gif", "gif"), ("flac", "flac"), ("mp3", "mp3")]
    {
        let bytes = made(kind, 30, 17, 1);
        let Some(probe) = probed(&format!(".{kind}"), &bytes) else { return };
        let stream = &probe["streams"][0];
        assert_eq!(stream["codec_name"], codec, "{probe}");
        if stream["codec_type"] == "video" {
            assert_eq!([&stream["width"], &stream["height"]], [&json!(30), &json!(17)], "{kind}");
        }
    }
    for grey in [0, 1, 127, 128, 129, 255] {
        let Some(probe) = probed(".jpg", &preview(grey)) else { return };
        assert_eq!(probe["streams"][0]["codec_name"], "mjpeg");
    }
}

#[test]
fn pictures_carry_the_prompt() {
    let bytes = made("png", 3, 2, 1);
    let reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
    let info = reader.info();
    assert_eq!((info.width, info.height), (3, 2));
    let text = &info.uncompressed_latin1_text[0];
    assert_eq!(text.keyword, "prompt");
    assert_eq!(text.text, r#"{"1": {"class_type": "\u00e4", "inputs": {}}}"#);
}

#[test]
fn scenes_and_latents_are_as_long_as_they_say() {
    let scene = made("glb", 1, 1, 1);
    assert_eq!(u32::from_le_bytes(scene[8..12].try_into().unwrap()) as usize, scene.len());
    let latent = made("latent", 64, 64, 1);
    let head = u64::from_le_bytes(latent[..8].try_into().unwrap());
    assert_eq!(usize::try_from(head).unwrap() + 8, latent.len());
    assert!(String::from_utf8(made("webm", 1, 1, 1)).unwrap().contains(".webm"));
}

#[test]
fn previews_have_the_size_and_the_middle_of_the_colours() {
    let pixels: Vec<u8> =
        (0..33 * 17).flat_map(|at| if at % 2 == 0 { [250, 0, 0, 255] } else { [50, 100, 0, 55] }).collect();
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, 33, 17);
    encoder.set_color(png::ColorType::Rgba);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    let still = Still::read(&png).expect("a picture");
    for (name, bytes, kind) in [
        (".jpg", still.jpeg(), "mjpeg"),
        (".webp", still.webp(), "webp"),
        (".webp", still.clone().opaque().webp(), "webp"),
        (".png", still.channel(Channel::Alpha).expect("it is written"), "png"),
    ] {
        // Others of our own can tell the size, too.
        if name != ".png" {
            let again = Still::read(&bytes).expect("a picture");
            assert_eq!(again.size(), (33, 17), "{name}");
        }
        let Some(probe) = probed(name, &bytes) else { return };
        let stream = &probe["streams"][0];
        assert_eq!(stream["codec_name"], kind);
        assert_eq!([&stream["width"], &stream["height"]], [&json!(33), &json!(17)], "{name}");
    }
    for bytes in [
        &b"GIF89a"[..],
        b"\xFF\xD8\xFF\xC0",
        b"RIFF\0\0\0\0WEBPVP8 ",
        b"\x89PNG\r\n\x1a\n",
        b"",
        b"0123456789",
    ] {
        assert_eq!(Still::read(bytes), None);
    }
    assert_eq!(Still::read(&png[..png.len() / 2]), None);
}

#[test]
fn colours_are_those_that_a_reader_of_jpeg_sees() {
    // Computed by the formulas of JFIF 1.02, page 3.
    assert_eq!(super::jpeg::components([255, 255, 255]), [255, 128, 128]);
    assert_eq!(super::jpeg::components([255, 0, 0]), [76, 85, 255]);
    assert_eq!(super::jpeg::components([0, 0, 255]), [29, 255, 107]);
}
