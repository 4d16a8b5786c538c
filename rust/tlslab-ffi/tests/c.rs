//! The C interface from C: a harness is compiled against the header, linked with the static library, and run.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where cargo has put the static library: beside this test, or one folder up.
fn library() -> PathBuf {
    let beside = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let above = beside.parent().unwrap().to_owned();
    let found = [&beside, &above].into_iter().map(|folder| folder.join("libtlslab_ffi.a")).find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no libtlslab_ffi.a in {} or above", beside.display()))
}

#[test]
fn a_harness_in_c_gets_a_peer_that_completes_handshakes() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let program = std::env::current_exe().unwrap().with_extension("harness");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-O1", "-I"])
        .arg(crate_dir.join("include"))
        .arg(crate_dir.join("tests/harness.c"))
        .arg(library())
        .args(["-lpthread", "-ldl", "-lm", "-o"])
        .arg(&program)
        .output()
        .unwrap();
    assert!(compiled.status.success(), "cc: {}", String::from_utf8_lossy(&compiled.stderr));
    let ran = Command::new(&program).output().unwrap();
    assert!(ran.status.success(), "{}: {}", ran.status, String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.stdout, b"fine\n");
    std::fs::remove_file(program).unwrap();
}
