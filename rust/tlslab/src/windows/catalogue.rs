//! The catalogue: platforms, updates, and where the two articles disagree.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::error::CatalogueError;
use super::names::{PlatformName, nearest};

/// All that the articles say, as data.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Where the facts are from, by a short name.
    pub sources: BTreeMap<String, Source>,
    /// What the updates enforce, and since when.
    pub enforcement: Enforcement,
    /// The second fact about a platform, independent of the first.
    pub leading_zero_update: LeadingZeroUpdate,
    /// What the kinds of updates are.
    pub kinds: BTreeMap<UpdateKind, KindOfUpdate>,
    /// The platforms, in the article's order.
    pub platforms: Vec<Platform>,
    /// The updates that bring the enforcement, in the article's order.
    pub updates: Vec<Update>,
    /// Where the articles do not agree.
    pub disagreements: Vec<Disagreement>,
}

/// Something that facts are from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its title.
    pub title: String,
    /// Its address.
    pub url: String,
}

/// The enforcement of Extended Master Secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// What is enforced.
    pub what: String,
    /// The vulnerability that it is for.
    pub cve: String,
    /// The date of the first updates with it, `YYYY-MM-DD`.
    pub since: String,
    /// The date as each edition of the article has it.
    pub since_by_edition: BTreeMap<Edition, String>,
    /// What is taken for granted about the date.
    pub assumption: String,
    /// The source's short name.
    pub source: String,
}

/// An edition of the article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// The English one.
    En,
    /// The Japanese one.
    Ja,
}

/// The leading-zero update.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct LeadingZeroUpdate {
    /// What it does.
    pub what: String,
    /// What is taken for granted about it.
    pub assumption: String,
    /// The source's short name.
    pub source: String,
}

/// The kind of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum UpdateKind {
    /// All fixes so far.
    #[serde(rename = "cumulative")]
    Cumulative,
    /// All fixes so far, for older systems.
    #[serde(rename = "monthly rollup")]
    MonthlyRollup,
    /// The security fixes of one month.
    #[serde(rename = "security-only")]
    SecurityOnly,
}

/// What a kind of update is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KindOfUpdate {
    /// In words.
    pub what: String,
    /// Whether every later update of this kind contains it.
    pub in_later_updates: bool,
}

/// A Windows to which the article applies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Its name.
    pub name: String,
    /// The name of its list of suites, in `behaviours.json`.
    pub suites: String,
    /// Since when it has the leading-zero update.
    pub leading_zero_update: Availability,
    /// The platform whose updates it is taken to get, where the article has no row for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub built_on: Option<BuiltOn>,
}

/// Since when a platform has something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// From its release on.
    FromRelease,
    /// Not at all.
    Never,
    /// By its updates since a date, `YYYY-MM-DD`; in JSON the date alone.
    #[serde(untagged)]
    ByUpdatesSince(String),
}

impl Availability {
    /// Whether a platform has it that is updated or is not.
    pub fn holds(&self, updated: bool) -> bool {
        match self {
            Self::FromRelease => true,
            Self::ByUpdatesSince(_) => updated,
            Self::Never => false,
        }
    }
}

/// The platform that another is built on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BuiltOn {
    /// Its name.
    pub platform: String,
    /// What is taken for granted.
    pub assumption: String,
}

/// An update that brings the enforcement.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// Its number, `KBnnnnnnn`.
    pub kb: String,
    /// Its kind.
    pub kind: UpdateKind,
    /// The platforms that it is for.
    pub platforms: Vec<String>,
}

/// Something that the two articles say differently.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Disagreement {
    /// What it is about.
    pub about: String,
    /// What each says, in short.
    pub says: BTreeMap<String, String>,
    /// What the lab makes of it.
    pub here: String,
}

/// An update by number and kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateName {
    /// Its number.
    pub kb: String,
    /// Its kind.
    pub kind: UpdateKind,
}

/// All that is known of a platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlatformFacts {
    /// Its name.
    pub name: String,
    /// The updates that the article lists for it.
    pub updates: Vec<UpdateName>,
    /// Further updates that it is taken to get.
    pub assumed_updates: Vec<UpdateName>,
    /// The date of the first updates that enforce Extended Master Secret, `YYYY-MM-DD`.
    pub enforced_since: String,
    /// That date as each edition of the article has it.
    pub enforced_since_by_edition: BTreeMap<Edition, String>,
    /// The vulnerability that the enforcement is for.
    pub cve: String,
    /// Since when it has the leading-zero update.
    pub leading_zero_update: Availability,
    /// What goes beyond the articles.
    pub assumptions: Vec<String>,
    /// The short names of the sources.
    pub sources: Vec<String>,
}

/// All that is known of an update.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpdateFacts {
    /// Its number.
    pub kb: String,
    /// Its kind.
    pub kind: UpdateKind,
    /// The platforms that it is for.
    pub platforms: Vec<String>,
    /// Whether every later update of this kind contains it.
    pub in_later_updates: bool,
    /// The vulnerability that it is for.
    pub cve: String,
    /// The source's short name.
    pub source: String,
}

/// The catalogue.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
        serde_json::from_str(include_str!("data/catalogue.json")).expect("the catalogue is checked by the tests")
    });
    &CATALOGUE
}

impl Catalogue {
    /// The platform that someone means who writes `name`: case, commas, hyphens, the service pack and words such as
    /// "version" and "Microsoft" do not matter.
    ///
    /// # Errors
    /// There is none, with the names that come nearest.
    pub fn platform(&self, name: &str) -> Result<&Platform, CatalogueError> {
        let asked = PlatformName::new(name);
        let found = self.platforms.iter().find(|platform| PlatformName::new(&platform.name).is_meant_by(&asked));
        found.ok_or_else(|| CatalogueError::UnknownPlatform {
            got: name.to_owned(),
            nearest: nearest(
                asked.key(),
                self.platforms.iter().map(|one| (PlatformName::new(&one.name).key().to_owned(), one.name.as_str())),
            ),
        })
    }

    /// The update of a number, with or without its `KB`.
    ///
    /// # Errors
    /// There is none, with the numbers that come nearest.
    pub fn update(&self, kb: &str) -> Result<&Update, CatalogueError> {
        let upper = kb.trim().to_uppercase();
        let asked = format!("KB{}", upper.strip_prefix("KB").unwrap_or(&upper).trim());
        self.updates.iter().find(|update| update.kb == asked).ok_or_else(|| CatalogueError::UnknownUpdate {
            got: kb.to_owned(),
            nearest: nearest(&asked, self.updates.iter().map(|update| (update.kb.clone(), update.kb.as_str()))),
        })
    }

    /// All that is known of a platform.
    pub fn platform_facts(&self, platform: &Platform) -> PlatformFacts {
        let updates = self.updates_for(&platform.name);
        let base = platform.built_on.as_ref();
        let mut assumed_updates = base.map(|base| self.updates_for(&base.platform)).unwrap_or_default();
        assumed_updates.retain(|update| !updates.contains(update));
        let mut assumptions = vec![self.enforcement.assumption.clone()];
        assumptions.extend(base.map(|base| base.assumption.clone()));
        PlatformFacts {
            name: platform.name.clone(),
            updates,
            assumed_updates,
            enforced_since: self.enforcement.since.clone(),
            enforced_since_by_edition: self.enforcement.since_by_edition.clone(),
            cve: self.enforcement.cve.clone(),
            leading_zero_update: platform.leading_zero_update.clone(),
            assumptions,
            sources: vec![self.enforcement.source.clone(), self.leading_zero_update.source.clone()],
        }
    }

    /// All that is known of an update.
    pub fn update_facts(&self, update: &Update) -> UpdateFacts {
        UpdateFacts {
            kb: update.kb.clone(),
            kind: update.kind,
            platforms: update.platforms.clone(),
            in_later_updates: self.kinds.get(&update.kind).is_some_and(|kind| kind.in_later_updates),
            cve: self.enforcement.cve.clone(),
            source: self.enforcement.source.clone(),
        }
    }

    fn updates_for(&self, platform: &str) -> Vec<UpdateName> {
        let rows = self.updates.iter().filter(|update| update.platforms.iter().any(|name| name == platform));
        rows.map(|update| UpdateName { kb: update.kb.clone(), kind: update.kind }).collect()
    }
}
