//! What cannot be found or read.

/// A name that the catalogue does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// No platform has this name.
    #[error("the catalogue has no platform {got:?}{}; `tlslab windows list` shows them all", did_you_mean(.nearest))]
    UnknownPlatform {
        /// What was given.
        got: String,
        /// The names that come nearest, the nearest first.
        nearest: Vec<String>,
    },
    /// No update has this number.
    #[error("the catalogue has no update {got:?}{}; `tlslab windows list` shows them all", did_you_mean(.nearest))]
    UnknownUpdate {
        /// What was given.
        got: String,
        /// The numbers that come nearest, the nearest first.
        nearest: Vec<String>,
    },
}

/// Registry values that mean nothing here, or a `.reg` file that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The catalogue knows no such value.
    #[error("no registry value {got:?}{}; the values are: {}", did_you_mean(.nearest), .valid.join(", "))]
    UnknownValue {
        /// What was given.
        got: String,
        /// The names that come nearest.
        nearest: Vec<String>,
        /// All names.
        valid: Vec<String>,
    },
    /// A number that is no DWORD.
    #[error("{name} is a DWORD, a whole number from 0 to {}, and not {got}", u32::MAX)]
    NoDword {
        /// The value's name.
        name: String,
        /// What was given.
        got: String,
    },
    /// A file that is too long to be read.
    #[error("a .reg file may have {limit} bytes at most; export the SCHANNEL key alone")]
    TooLong {
        /// The most bytes that are read.
        limit: usize,
    },
    /// Bytes that are no text.
    #[error("the file is neither UTF-16LE with a byte order mark nor UTF-8 ({reason}); export it again with regedit")]
    NotText {
        /// What is wrong.
        reason: String,
    },
    /// A line that does not belong into a `.reg` file. Nothing of the file is applied.
    #[error("line {line}: {reason}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// What is wrong there, and what was expected.
        reason: String,
    },
}

fn did_you_mean(nearest: &[String]) -> String {
    match nearest {
        [] => String::new(),
        names => format!(" (did you mean {}?)", names.join(" or ")),
    }
}
