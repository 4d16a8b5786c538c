//! The alert protocol (RFC 5246 7.2).

use serde::{Deserialize, Serialize};

use super::codec::{Decode, Encode, Number, Reader};
use super::error::{DecodeError, EncodeError};
use super::registry::{AlertDescription, AlertLevel};

/// `Alert`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// Whether the sender means to go on.
    pub level: AlertLevel,
    /// What is wrong.
    pub description: AlertDescription,
}

impl Encode for Alert {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.level.put(out);
        self.description.put(out);
        Ok(())
    }
}

impl Decode for Alert {
    const NAME: &'static str = "Alert";

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self { level: r.number("Alert.level")?, description: r.number("Alert.description")? })
    }
}
