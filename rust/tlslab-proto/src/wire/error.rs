//! What is wrong with bytes that do not decode, or with a value that does not encode: which field, what, and what it
//! should be.

/// Why bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends inside a field.
    #[error("{field} needs {needed} bytes, but only {had} are left")]
    Missing {
        /// The field, such as `ClientHello.random`.
        field: &'static str,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        had: usize,
    },
    /// Bytes are left after the last field.
    #[error("{extra} bytes follow the end of {what}")]
    Trailing {
        /// What should have ended.
        what: &'static str,
        /// Bytes left.
        extra: usize,
    },
    /// A vector is shorter or longer than the RFC allows.
    #[error("{field} is {got} bytes long, but must be {min} to {max}")]
    BadLength {
        /// The field, such as `ClientHello.session_id`.
        field: &'static str,
        /// Its length in bytes.
        got: usize,
        /// The least length allowed.
        min: usize,
        /// The greatest length allowed.
        max: usize,
    },
    /// A vector does not hold a whole number of elements.
    #[error("{field} is {got} bytes long, but its elements are {of} bytes each")]
    NotMultiple {
        /// The field, such as `ClientHello.cipher_suites`.
        field: &'static str,
        /// Its length in bytes.
        got: usize,
        /// The length of an element in bytes.
        of: usize,
    },
    /// A field holds a value other than the only one defined.
    #[error("{field} is {got:#04x}, but must be {expected:#04x}")]
    BadValue {
        /// The field, such as `ChangeCipherSpec.type`.
        field: &'static str,
        /// The value found.
        got: u8,
        /// The value defined.
        expected: u8,
    },
}

/// A vector that outgrew its length prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {got} bytes long, but its length prefix holds at most {max}")]
pub struct EncodeError {
    /// The field, such as `ClientHello.session_id`.
    pub field: &'static str,
    /// Its length in bytes.
    pub got: usize,
    /// The greatest length that the prefix can say.
    pub max: usize,
}
