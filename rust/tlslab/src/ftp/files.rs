//! The files of a server: a virtual file system in memory, of bounded size.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{FtpError, MAX_TRANSFER};

/// The most files of a server.
const MAX_FILES: usize = 1_000;

/// The most bytes of all files of a server.
const MAX_BYTES: usize = MAX_TRANSFER;

/// Files by their absolute paths. A directory is there while a file is under it; the root always is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    by_path: BTreeMap<String, Arc<[u8]>>,
    bytes: usize,
}

impl Files {
    /// These files, their paths relative to the root or absolute.
    ///
    /// # Errors
    /// More than a server keeps.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, FtpError> {
        let mut all = Self::default();
        files.into_iter().try_for_each(|(path, data)| all.write(&resolve("/", &path), data))?;
        Ok(all)
    }

    /// The file at an absolute path.
    pub fn read(&self, path: &str) -> Option<Arc<[u8]>> {
        self.by_path.get(path).cloned()
    }

    /// Keeps a file in place of the one before.
    ///
    /// # Errors
    /// There are too many, or too long ones; nothing is changed then.
    pub fn write(&mut self, path: &str, data: Vec<u8>) -> Result<(), FtpError> {
        let before = self.by_path.get(path).map(|data| data.len());
        let bytes = self.bytes - before.unwrap_or(0) + data.len();
        if bytes > MAX_BYTES || (before.is_none() && self.by_path.len() == MAX_FILES) {
            return Err(FtpError::TooManyFiles { max_files: MAX_FILES, max_bytes: MAX_BYTES });
        }
        self.bytes = bytes;
        self.by_path.insert(path.to_owned(), data.into());
        Ok(())
    }

    /// Whether an absolute path is a directory.
    pub fn is_dir(&self, path: &str) -> bool {
        path == "/" || self.under(path).next().is_some()
    }

    /// The names of a file, or of what is directly in a directory: with its length where it is a file.
    pub fn list(&self, path: &str) -> BTreeMap<String, Option<usize>> {
        if let Some(data) = self.by_path.get(path) {
            return BTreeMap::from([(path.rsplit('/').next().unwrap_or(path).to_owned(), Some(data.len()))]);
        }
        let entries = self.under(path).map(|(rest, data)| match rest.split_once('/') {
            Some((directory, _)) => (directory.to_owned(), None),
            None => (rest.to_owned(), Some(data.len())),
        });
        entries.collect()
    }

    /// The absolute paths of all files.
    pub fn paths(&self) -> BTreeSet<&str> {
        self.by_path.keys().map(String::as_str).collect()
    }

    /// The files under a directory, with the rest of their paths.
    fn under(&self, path: &str) -> impl Iterator<Item = (&str, &Arc<[u8]>)> {
        let prefix = if path == "/" { path.to_owned() } else { format!("{path}/") };
        self.by_path.iter().filter_map(move |(known, data)| Some((known.strip_prefix(&prefix)?, data)))
    }
}

/// The absolute path of `path`, seen from the directory `from`: `.` and `..` resolved, never above the root.
pub(super) fn resolve(from: &str, path: &str) -> String {
    let start = if path.starts_with('/') { "" } else { from };
    let mut parts: Vec<&str> = Vec::new();
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Files that several sessions share.
#[derive(Debug, Clone, Default)]
pub struct SharedFiles(Arc<Mutex<Files>>);

impl SharedFiles {
    /// These files.
    pub fn new(files: Files) -> Self {
        Self(Arc::new(Mutex::new(files)))
    }

    /// The files, while nobody else changes them.
    pub fn lock(&self) -> MutexGuard<'_, Files> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_under_the_root() {
        for (from, path, resolved) in [
            ("/", "", "/"),
            ("/", "a", "/a"),
            ("/a", "b", "/a/b"),
            ("/a", "/b", "/b"),
            ("/a/b", "..", "/a"),
            ("/a", "../../../etc", "/etc"),
            ("/a", "./b//c/", "/a/b/c"),
            ("/a", "..", "/"),
        ] {
            assert_eq!(resolve(from, path), resolved, "{path} from {from}");
        }
    }

    #[test]
    fn directories_are_where_files_are() {
        let files = Files::new([("readme".to_owned(), vec![1]), ("pub/a/b".to_owned(), vec![2, 3])]).unwrap();
        assert!(files.is_dir("/") && files.is_dir("/pub") && files.is_dir("/pub/a"));
        assert!(!files.is_dir("/pu") && !files.is_dir("/readme"));
        assert_eq!(files.list("/"), BTreeMap::from([("pub".to_owned(), None), ("readme".to_owned(), Some(1))]));
        assert_eq!(files.list("/pub/a/b"), BTreeMap::from([("b".to_owned(), Some(2))]));
        assert!(Files::default().is_dir("/") && Files::default().list("/nowhere").is_empty());
    }

    #[test]
    fn what_is_too_much_changes_nothing() {
        let mut files = Files::new([("a".to_owned(), vec![7; 10])]).unwrap();
        assert!(files.write("/b", vec![0; MAX_BYTES]).is_err());
        assert!(files.write("/a", vec![0; MAX_BYTES]).is_ok(), "in place of the one before");
        let many = (0..=MAX_FILES).map(|number| (number.to_string(), Vec::new()));
        assert!(Files::new(many).is_err());
    }
}
