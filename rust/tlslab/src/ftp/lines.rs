//! The lines of a control connection.

use super::{FtpError, MAX_LINE};

/// Joins what arrives to lines. It keeps no more than the longest line and what arrived last.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether everything that arrived has been taken.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes that wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The next whole line, without its end: CR LF, or a lone LF, which some send. Bytes that are no UTF-8 are replaced.
    pub(super) fn next(&mut self) -> Result<Option<String>, FtpError> {
        let window = &self.bytes[..self.bytes.len().min(MAX_LINE)];
        let Some(end) = window.iter().position(|byte| *byte == b'\n') else {
            return if self.bytes.len() >= MAX_LINE { Err(FtpError::LineTooLong) } else { Ok(None) };
        };
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        let line = line[..end].strip_suffix(b"\r").unwrap_or(&line[..end]);
        Ok(Some(String::from_utf8_lossy(line).into_owned()))
    }
}
