//! Texts as Windows saves them.

/// The text of UTF-16 of either byte order, with a byte order mark or begun by an ASCII character, or of UTF-8. What is
/// no character becomes U+FFFD: numbers can be read all the same.
pub(super) fn decode(bytes: &[u8]) -> String {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [1..=0x7f, 0, ..] => units(bytes, u16::from_le_bytes),
        [0, 1..=0x7f, ..] => units(bytes, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}
