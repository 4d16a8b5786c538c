//! Where a campaign keeps what it has found: each file as soon as there is something to keep.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tlslab::fuzzing::Part;

/// What a stack died of.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Finding {
    /// The stack, with its version.
    pub(crate) stack: String,
    /// How the process ended.
    pub(crate) ended: String,
    /// After how many parts, and how many seconds.
    pub(crate) execution: u64,
    pub(crate) seconds: u64,
    /// The seed of the lab's side; as text, since many readers of JSON lose digits of such numbers.
    pub(crate) seed: String,
    /// The lab's side.
    pub(crate) part: Part,
}

impl Finding {
    pub(crate) fn read(path: &Path) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        Ok(serde_json::from_str(&text).map_err(|error| format!("{} is no finding: {error}", path.display()))?)
    }
}

/// The folders `findings` and `corpus` in a folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: PathBuf) -> Result<Self, Box<dyn Error>> {
        for inner in ["findings", "corpus"] {
            fs::create_dir_all(path.join(inner))
                .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        }
        Ok(Self(path))
    }

    /// The parts of earlier campaigns.
    pub(crate) fn corpus(&self) -> Result<Vec<Part>, Box<dyn Error>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.0.join("corpus"))? {
            files.push(entry?.path());
        }
        files.sort();
        let read = |path: &PathBuf| -> Result<Part, Box<dyn Error>> {
            let part = Part::from_json(&fs::read_to_string(path)?);
            Ok(part.map_err(|error| format!("{}: {error}", path.display()))?)
        };
        files.iter().map(read).collect()
    }

    pub(crate) fn keep_part(&self, number: u64, part: &Part) -> Result<(), Box<dyn Error>> {
        self.write(&format!("corpus/{number:08}.json"), &serde_json::to_string(part)?).map(drop)
    }

    pub(crate) fn keep_finding(&self, finding: &Finding) -> Result<PathBuf, Box<dyn Error>> {
        self.write(&format!("findings/{:08}.json", finding.execution), &serde_json::to_string_pretty(finding)?)
    }

    /// Whole or not at all.
    fn write(&self, name: &str, text: &str) -> Result<PathBuf, Box<dyn Error>> {
        let (path, partial) = (self.0.join(name), self.0.join("partial"));
        let written = fs::write(&partial, format!("{text}\n")).and_then(|()| fs::rename(&partial, &path));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
        Ok(path)
    }
}
