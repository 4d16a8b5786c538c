//! `.reg` files, as regedit exports them: which values they set in the SCHANNEL key.

use std::borrow::Cow;

use super::error::RegistryError;
use super::registry::{Registry, known};

/// The most bytes of a file that are read. An export of the SCHANNEL key has some hundreds.
pub const MAX_BYTES: usize = 4 << 20;

/// The key of the values, as an export writes it.
const SCHANNEL: &str = r"HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL";

/// The first lines that a file may have.
const HEADERS: [&str; 2] = ["Windows Registry Editor Version 5.00", "REGEDIT4"];

/// The values that a `.reg` file leaves in the SCHANNEL key where there were none. Other keys and values are checked
/// for their form and otherwise passed over.
///
/// # Errors
/// The file is too long, no text, or malformed; the error names the line, and nothing of the file is applied.
pub fn read_reg(bytes: &[u8]) -> Result<Registry, RegistryError> {
    if bytes.len() > MAX_BYTES {
        return Err(RegistryError::TooLong { limit: MAX_BYTES });
    }
    let text = decode(bytes)?;
    let mut file = Cursor { rest: &text, line: 1 };
    file.header()?;
    let mut registry = Registry::default();
    let mut key: Option<&str> = None;
    while file.next_entry() {
        if file.rest.starts_with('[') {
            let (name, deleted) = file.key()?;
            if deleted && contains(name, SCHANNEL) {
                registry.clear();
            }
            // What is deleted has no values; those that follow belong to no key.
            key = (!deleted).then_some(name);
        } else {
            let line = file.line;
            let (name, data) = file.value()?;
            let Some(key) = key else { return malformed(line, "a value stands under a [key]") };
            if let Some(known) = known(&name).filter(|_| key.eq_ignore_ascii_case(SCHANNEL)) {
                registry.apply(known, data.dword_or_deleted(&name, line)?);
            }
        }
    }
    Ok(registry)
}

/// Whether `key` is `inner`, or a key around it.
fn contains(key: &str, inner: &str) -> bool {
    match inner.get(..key.len()) {
        Some(start) => start.eq_ignore_ascii_case(key) && matches!(inner.as_bytes().get(key.len()), None | Some(b'\\')),
        None => false,
    }
}

/// The text of UTF-16LE with a byte order mark, or of UTF-8.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, RegistryError> {
    let no_text = |reason: String| RegistryError::NotText { reason };
    if let Some(units) = bytes.strip_prefix(b"\xff\xfe") {
        let (units, odd) = units.as_chunks::<2>();
        if !odd.is_empty() {
            return Err(no_text("it has half a UTF-16 unit at its end".to_owned()));
        }
        let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        return text.map(Cow::Owned).map_err(|error| no_text(error.to_string()));
    }
    let utf8 = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(utf8).map(Cow::Borrowed).map_err(|error| no_text(error.to_string()))
}

fn malformed<T>(line: usize, reason: impl Into<String>) -> Result<T, RegistryError> {
    Err(RegistryError::Malformed { line, reason: reason.into() })
}

/// The data of a value.
enum Data {
    Dword(u32),
    Deleted,
    /// Text, or bytes of any type.
    Other,
}

impl Data {
    fn dword_or_deleted(self, name: &str, line: usize) -> Result<Option<u32>, RegistryError> {
        match self {
            Self::Dword(value) => Ok(Some(value)),
            Self::Deleted => Ok(None),
            Self::Other => malformed(line, format!("{name} is a DWORD, such as dword:00000001")),
        }
    }
}

/// Where a file is read.
struct Cursor<'a> {
    rest: &'a str,
    /// The number of the line, from 1.
    line: usize,
}

impl<'a> Cursor<'a> {
    fn header(&mut self) -> Result<(), RegistryError> {
        let first = self.take_line();
        if HEADERS.contains(&first.trim_end()) {
            return Ok(());
        }
        malformed(1, format!("the first line is {:?} or {:?}", HEADERS[0], HEADERS[1]))
    }

    /// Goes on to the next key or value, over empty lines and comments; whether there is one.
    fn next_entry(&mut self) -> bool {
        loop {
            self.skip_blanks();
            match self.rest.chars().next() {
                None => return false,
                Some(';' | '\n') => drop(self.take_line()),
                Some(_) => return true,
            }
        }
    }

    /// A line `[key]` or `[-key]`: the key, and whether it is deleted.
    fn key(&mut self) -> Result<(&'a str, bool), RegistryError> {
        let line = self.line;
        let text = self.take_line().trim_end();
        match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(name) => Ok(name.strip_prefix('-').map_or((name, false), |name| (name, true))),
            None => malformed(line, "a key ends with ]"),
        }
    }

    /// A value, `"name"=data` or `@=data`, to the end of its line.
    fn value(&mut self) -> Result<(String, Data), RegistryError> {
        let name = if self.take("@") {
            String::new()
        } else if self.rest.starts_with('"') {
            self.quoted()?
        } else {
            return malformed(self.line, "a line is a [key], a \"value\"=data, or a ; comment");
        };
        self.skip_blanks();
        if !self.take("=") {
            return malformed(self.line, "= follows a value's name");
        }
        self.skip_blanks();
        let data = self.data()?;
        self.skip_blanks();
        match self.rest.chars().next() {
            None | Some(';' | '\n') => Ok((name, data)),
            Some(_) => malformed(self.line, "more follows a value's data"),
        }
    }

    fn data(&mut self) -> Result<Data, RegistryError> {
        if self.take("-") {
            return Ok(Data::Deleted);
        }
        if self.rest.starts_with('"') {
            return self.quoted().map(|_| Data::Other);
        }
        if self.take("dword:") {
            let digits = self.take_while(|c| c.is_ascii_hexdigit());
            return match u32::from_str_radix(digits, 16) {
                Ok(value) if digits.len() <= 8 => Ok(Data::Dword(value)),
                _ => malformed(self.line, format!("dword: takes 1 to 8 hexadecimal digits, not {digits:?}")),
            };
        }
        if self.take("hex") {
            return self.hex().map(|()| Data::Other);
        }
        malformed(self.line, "a value's data is \"text\", dword:, hex: or -")
    }

    /// What follows `hex`: `:` or `(type):`, and bytes, whose lines may be continued by a backslash.
    fn hex(&mut self) -> Result<(), RegistryError> {
        if self.take("(") {
            let kind = self.take_while(|c| c.is_ascii_hexdigit());
            if kind.is_empty() || !self.take(")") {
                return malformed(self.line, "a type stands in brackets, such as hex(2):");
            }
        }
        if !self.take(":") {
            return malformed(self.line, ": follows hex");
        }
        loop {
            self.continued()?;
            let byte = self.take_while(|c| c.is_ascii_hexdigit());
            self.continued()?;
            match (byte.len(), self.take(",")) {
                (1 | 2, true) => {}
                // No bytes at all, and a comma after the last one, are what regedit takes too.
                (0..=2, false) => return Ok(()),
                _ => return malformed(self.line, "hex: takes bytes of two digits, joined by commas"),
            }
        }
    }

    /// Goes over blanks, and over a backslash and the end of its line.
    fn continued(&mut self) -> Result<(), RegistryError> {
        self.skip_blanks();
        while self.take("\\") {
            let line = self.line;
            if !self.take_line().trim().is_empty() {
                return malformed(line, "a line ends after its backslash");
            }
            self.skip_blanks();
        }
        Ok(())
    }

    /// Text in quotes, which may go over lines; `\\` and `\"` stand for the second character.
    fn quoted(&mut self) -> Result<String, RegistryError> {
        let start = self.line;
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\\' => text.extend(chars.next().map(|(_, escaped)| escaped)),
                '\n' => {
                    self.line += 1;
                    text.push(c);
                }
                _ => text.push(c),
            }
        }
        malformed(start, "the text that starts here has no closing quote")
    }

    /// Takes `expected`, in upper or lower case, if it comes next.
    fn take(&mut self, expected: &str) -> bool {
        match self.rest.get(..expected.len()) {
            Some(start) if start.eq_ignore_ascii_case(expected) => {
                self.rest = &self.rest[expected.len()..];
                true
            }
            _ => false,
        }
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip_blanks(&mut self) {
        self.take_while(|c| matches!(c, ' ' | '\t' | '\r'));
    }

    /// Takes what is left of the line, and its end.
    fn take_line(&mut self) -> &'a str {
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        self.rest = rest;
        self.line += 1;
        line
    }
}
