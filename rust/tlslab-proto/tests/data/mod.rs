//! Reading the known answers that known_answers.py wrote.

use serde_json::Value;

/// The array under `name` in a file of known answers.
pub fn cases(json: &str, name: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(json).expect("the file is JSON");
    let Value::Array(cases) = file[name].take() else { panic!("the file has no array {name}") };
    assert!(!cases.is_empty(), "the file has no {name}");
    cases
}

/// A field of a known answer that is not bytes.
pub fn field<T: serde::de::DeserializeOwned>(case: &Value, name: &str) -> T {
    serde_json::from_value(case[name].clone()).unwrap_or_else(|error| panic!("{name} in {case}: {error}"))
}

/// A field of a known answer that is bytes in hexadecimal.
pub fn bytes(case: &Value, name: &str) -> Vec<u8> {
    hex::decode(field::<String>(case, name)).expect("the field is hexadecimal")
}

/// [`bytes`] of a fixed length.
pub fn array<const N: usize>(case: &Value, name: &str) -> [u8; N] {
    bytes(case, name).try_into().expect("the field has the right length")
}
