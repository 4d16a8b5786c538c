//! `.reg` files: what an export looks like, and what none looks like.

use proptest::prelude::*;
use serde_json::json;
use tlslab::windows::{MAX_REG_BYTES, RegistryError, read_reg};

const KEY: &str = r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL]";
const HEADER: &str = "Windows Registry Editor Version 5.00";

fn values(text: &str) -> serde_json::Value {
    json!(read_reg(text.as_bytes()).unwrap_or_else(|error| panic!("{text}\n{error}")))
}

/// A file with `lines` in the SCHANNEL key.
fn file(lines: &str) -> String {
    format!("{HEADER}\r\n\r\n{KEY}\r\n{lines}\r\n")
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// The number of the line that is wrong.
fn wrong_line(text: &str) -> usize {
    match read_reg(text.as_bytes()) {
        Err(RegistryError::Malformed { line, .. }) => line,
        other => panic!("{text}\n{other:?}"),
    }
}

#[test]
fn an_export_of_regedit() {
    let export = file(concat!(
        "\"EventLogging\"=dword:00000001\r\n",
        "\"DisableClientExtendedMasterSecret\"=dword:00000001\r\n",
        "\r\n",
        r"[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL\Protocols\TLS 1.2]",
        "\r\n",
        "\"DisableServerExtendedMasterSecret\"=dword:00000001\r\n",
    ));
    let expected = json!({ "DisableClientExtendedMasterSecret": 1 });
    assert_eq!(values(&export), expected);
    assert_eq!(json!(read_reg(&utf16(&export)).unwrap()), expected);
    let marked = [b"\xef\xbb\xbf", export.as_bytes()].concat();
    assert_eq!(json!(read_reg(&marked).unwrap()), expected);
    assert_eq!(values(&export.replace("\r\n", "\n").replace(HEADER, "REGEDIT4")), expected);
}

#[test]
fn upper_and_lower_case_are_the_same() {
    let lower = file("\"disableserverextendedmastersecret\"=DWORD:0000000A").replace(KEY, &KEY.to_lowercase());
    assert_eq!(values(&lower), json!({ "DisableServerExtendedMasterSecret": 10 }));
}

#[test]
fn the_last_word_counts() {
    let twice = "\"DisableClientExtendedMasterSecret\"=dword:1\r\n\"DisableClientExtendedMasterSecret\"=dword:0";
    assert_eq!(values(&file(twice)), json!({ "DisableClientExtendedMasterSecret": 0 }));
    let deleted = "\"DisableClientExtendedMasterSecret\"=dword:1\r\n\"DisableClientExtendedMasterSecret\"=-";
    assert_eq!(values(&file(deleted)), json!({}));
}

#[test]
fn a_deleted_key_takes_its_values_and_its_inner_keys_with_it() {
    let set = file("\"DisableClientExtendedMasterSecret\"=dword:1");
    let control = r"[-HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control]";
    for key in [KEY.replace("[", "[-").as_str(), control] {
        assert_eq!(values(&format!("{set}{key}\r\n")), json!({}), "{key}");
    }
    for other in [r"[-HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Con]", &KEY.replace("[", "[-").replace("]", r"\X]")] {
        let kept = json!({ "DisableClientExtendedMasterSecret": 1 });
        assert_eq!(values(&format!("{set}{other}\r\n")), kept, "{other}");
    }
}

#[test]
fn comments_continued_lines_and_other_types_are_passed_over() {
    let text = file(concat!(
        "; a comment with [brackets] and \"quotes\" \\\r\n",
        "@=\"the default value\"\r\n",
        "\"Path\"=\"C:\\\\dir\\\\\"\r\n",
        "\"Quoted \\\"name\\\"\"=\"over\r\ntwo lines\"\r\n",
        "\"Bytes\"=hex:01,02,\\\r\n  03,\\\r\n  04\r\n",
        "\"None\"=hex(0):\r\n",
        "\"List\"=hex(7):61,00,00,00 ; trailing\r\n",
        "  \"DisableServerExtendedMasterSecret\" = dword:00000001 ; trailing",
    ));
    assert_eq!(values(&text), json!({ "DisableServerExtendedMasterSecret": 1 }));
}

#[test]
fn a_malformed_file_says_where() {
    for (lines, line) in [
        ("\"DisableClientExtendedMasterSecret\"=dword:1\r\nnonsense", 5),
        ("\"DisableClientExtendedMasterSecret\"=dword:", 4),
        ("\"DisableClientExtendedMasterSecret\"=dword:000000001", 4),
        ("\"DisableClientExtendedMasterSecret\"=dword:0x1", 4),
        ("\"DisableClientExtendedMasterSecret\"=\"1\"", 4),
        ("\"DisableClientExtendedMasterSecret\"=hex(4):01,00,00,00", 4),
        ("\"DisableClientExtendedMasterSecret\"=dword:1 dword:1", 4),
        ("\"DisableClientExtendedMasterSecret\"=", 4),
        ("\"DisableClientExtendedMasterSecret\" dword:1", 4),
        ("\"Other\"=\"not closed", 4),
        ("\"Other\"=hex:0g", 4),
        ("\"Other\"=hex:01,\\\r\n\"Next\"=-", 5),
        ("\"Other\"=hex:01,\\ 02", 4),
        ("\"Other\"=hex 01", 4),
        ("\"Other\"=-\r\n\r\n[HKEY_LOCAL_MACHINE", 6),
    ] {
        assert_eq!(wrong_line(&file(lines)), line, "{lines}");
    }
    assert_eq!(wrong_line(""), 1);
    assert_eq!(wrong_line(KEY), 1);
    assert_eq!(wrong_line(&format!("{HEADER}\n\"DisableClientExtendedMasterSecret\"=dword:1")), 2);
    let unmarked: Vec<u8> = file("").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert!(matches!(read_reg(&unmarked), Err(RegistryError::Malformed { line: 1, .. })));
}

#[test]
fn what_is_no_text_or_too_long_is_refused() {
    let mut odd = utf16(&file(""));
    odd.push(0);
    assert!(matches!(read_reg(&odd), Err(RegistryError::NotText { .. })));
    assert!(matches!(read_reg(b"\xff\xfe\x00\xd8"), Err(RegistryError::NotText { .. })));
    assert!(matches!(read_reg(b"REGEDIT4\n; \xe9"), Err(RegistryError::NotText { .. })));
    let mut long = file("").into_bytes();
    long.resize(MAX_REG_BYTES, b'\n');
    assert!(read_reg(&long).is_ok());
    long.push(b'\n');
    assert_eq!(read_reg(&long), Err(RegistryError::TooLong { limit: MAX_REG_BYTES }));
}

/// Lines that look like those of a file, whole and broken.
fn nearly_a_line() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        KEY,
        "[",
        "]",
        "[-",
        "\"",
        "\\",
        "\r\n",
        "\n",
        "=",
        "-",
        "@",
        ";",
        "dword:",
        "hex",
        "hex(2):",
        ":",
        ",",
        "01",
        "1",
        "\"DisableClientExtendedMasterSecret\"",
        "\"Other\"",
        " ",
        "é",
        "\u{1F511}",
    ]);
    prop::collection::vec(pieces, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_end_in_values_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = read_reg(&bytes);
        let _ = read_reg(&[b"\xff\xfe", bytes.as_slice()].concat());
        let _ = read_reg(&[HEADER.as_bytes(), b"\n", bytes.as_slice()].concat());
    }

    #[test]
    fn any_lines_end_in_values_or_an_error_with_a_line(lines in prop::collection::vec(nearly_a_line(), 0..12)) {
        let text = file(&lines.join("\r\n"));
        if let Err(error) = read_reg(text.as_bytes()) {
            let RegistryError::Malformed { line, .. } = error else { panic!("{error}") };
            prop_assert!((1..=text.matches('\n').count() + 1).contains(&line), "line {line} of\n{text}");
        }
        prop_assert_eq!(read_reg(&utf16(&text)), read_reg(text.as_bytes()));
    }

    #[test]
    fn every_dword_is_read(value: u32) {
        let text = file(&format!("\"DisableServerExtendedMasterSecret\"=dword:{value:08x}"));
        prop_assert_eq!(values(&text), json!({ "DisableServerExtendedMasterSecret": value }));
    }
}
