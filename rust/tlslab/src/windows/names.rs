//! Names as people write them.

/// Words that tell no platform from another.
const NOISE: [&str; 12] =
    ["microsoft", "version", "for", "x64", "x86", "based", "systems", "bit", "32", "64", "all", "editions"];

/// How many near names are offered.
const NEAREST: usize = 3;

/// Names less similar than this are not offered.
const SIMILAR: f64 = 0.75;

/// The name of a platform without what people leave out or write differently: case, commas, hyphens, some words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PlatformName {
    /// The words that count, joined.
    key: String,
    /// The service pack, where the name has one.
    service_pack: Option<String>,
}

impl PlatformName {
    pub(super) fn new(name: &str) -> Self {
        let lower = name.to_lowercase().replace("service pack ", "sp");
        let words = lower.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|word| !word.is_empty());
        let (packs, words): (Vec<&str>, Vec<&str>) =
            words.filter(|word| !NOISE.contains(word)).partition(|word| is_service_pack(word));
        Self { key: words.concat(), service_pack: packs.first().map(|pack| (*pack).to_owned()) }
    }

    /// Whether someone who writes `asked` means this platform. A service pack may be left out, but not be another one.
    pub(super) fn is_meant_by(&self, asked: &Self) -> bool {
        self.key == asked.key && (asked.service_pack.is_none() || asked.service_pack == self.service_pack)
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }
}

fn is_service_pack(word: &str) -> bool {
    word.strip_prefix("sp").is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

/// The names whose keys come nearest to `asked`, the nearest first; the order of the list decides between equals. A piece
/// of a name is as near as can be.
pub(super) fn nearest<'a>(asked: &str, names: impl Iterator<Item = (String, &'a str)>) -> Vec<String> {
    let is_piece = |key: &str| !asked.is_empty() && key.contains(asked);
    let similarity = |key: &str| if is_piece(key) { 1.0 } else { strsim::jaro_winkler(asked, key) };
    let mut similar: Vec<_> =
        names.map(|(key, name)| (similarity(&key), name)).filter(|(similarity, _)| *similarity > SIMILAR).collect();
    similar.sort_by(|a, b| b.0.total_cmp(&a.0));
    similar.into_iter().take(NEAREST).map(|(_, name)| name.to_owned()).collect()
}
