//! PNG files of one colour, with the workflow in them as ComfyUI writes it.

use super::Made;

/// Most pixels of a picture's side; what is larger is drawn so large.
const MAX_SIDE: u32 = 16_384;

/// The picture; nothing if it cannot be encoded.
pub(super) fn png(made: &Made) -> Vec<u8> {
    let (width, height) = (made.width.clamp(1, MAX_SIDE), made.height.clamp(1, MAX_SIDE));
    encode(made, width, height).unwrap_or_default()
}

fn encode(made: &Made, width: u32, height: u32) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_palette(made.color.to_vec());
    encoder.set_compression(png::Compression::Fast);
    // ComfyUI writes texts of Latin-1 letters, and its JSON is ASCII.
    for (key, text) in &*made.texts {
        encoder.add_text_chunk(key.to_string(), text.to_string())?;
    }
    let mut writer = encoder.write_header()?;
    let row = width.div_ceil(8) as usize;
    writer.write_image_data(&vec![0; row * height as usize])?;
    writer.finish()?;
    Ok(bytes)
}
