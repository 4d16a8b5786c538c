//! The direction of imports: what lies lower knows nothing of what lies higher.
//!
//! Between crates the dependency trees tell; inside a crate the paths in the sources do, read as tokens, so that
//! comments and strings say nothing and a `use` in braces hides nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use proc_macro2::{Ident, TokenStream, TokenTree};

/// The rooms of `tlslab-proto`, lowest first. Rooms on one floor may name each other.
const PROTO: &[&[&str]] = &[&["wire"], &["crypto"], &["record"], &["behaviour"], &["endpoint"]];

/// The rooms of `tlslab`, lowest first.
const LAB: &[&[&str]] = &[
    &["link", "ftp"],
    &["starttls"],
    &["scenario"],
    &["experiment"],
    &["attack", "capture", "vectors", "peer", "windows", "fuzzing"],
    &["probe", "diagnose"],
    &["targets"],
];

#[test]
fn rooms_name_no_higher_room() {
    for (name, floors) in [("tlslab-proto", PROTO), ("tlslab", LAB)] {
        let files = sources(&crate_dir(name).join("src"));
        assert!(!files.is_empty(), "{name} has no sources");
        for file in files {
            let Some(room) = room_of(&file, name) else { continue };
            let floor = floor_of(&room, floors)
                .unwrap_or_else(|| panic!("{}: the room `{room}` has no place in the order", file.display()));
            for path in paths(parse(&file)) {
                let Some(named) = named_room(&path) else { continue };
                let higher = floor_of(named, floors).is_some_and(|named| named > floor);
                assert!(!higher, "{}: `{room}` names the higher room `{}`", file.display(), path.join("::"));
            }
        }
    }
}

#[test]
fn an_experiment_knows_no_tls_message() {
    let experiment = crate_dir("tlslab").join("src/experiment");
    for file in sources(&experiment) {
        for path in paths(parse(&file)) {
            let wire = path.windows(2).position(|pair| pair == ["tlslab_proto", "wire"]);
            // The registries hold numbers, such as an alert's, and no message.
            let message = wire.is_some_and(|at| path.get(at + 2).is_none_or(|module| module != "registry"));
            assert!(!message, "{}: an experiment names `{}`", file.display(), path.join("::"));
        }
    }
}

#[test]
fn crates_depend_on_lower_crates_only() {
    for (name, lower) in [
        ("tlslab-dh", &[][..]),
        ("tlslab-proto", &["tlslab-dh"]),
        ("tlslab", &["tlslab-dh", "tlslab-proto"]),
        ("tlslab-ffi", &["tlslab", "tlslab-dh", "tlslab-proto"]),
        ("tlslab-python", &["tlslab", "tlslab-dh", "tlslab-proto"]),
    ] {
        let of_the_lab: BTreeSet<_> =
            dependencies(name).into_iter().filter(|dependency| dependency.starts_with("tlslab")).collect();
        assert_eq!(of_the_lab, lower.iter().map(|name| name.to_string()).collect(), "the dependencies of {name}");
    }
}

#[test]
fn the_protocol_has_no_randomness_of_its_own() {
    let dependencies = dependencies("tlslab-proto");
    assert!(dependencies.contains("sha2"), "the tree of tlslab-proto was not read: {dependencies:?}");
    for source in ["getrandom", "rand"] {
        assert!(!dependencies.contains(source), "tlslab-proto depends on {source}");
    }
}

#[test]
fn unsafe_code_is_forbidden() {
    for name in ["tlslab-proto", "tlslab", "tlslab-python"] {
        let root = fs::read_to_string(crate_dir(name).join("src/lib.rs")).unwrap();
        assert!(root.lines().any(|line| line == "#![forbid(unsafe_code)]"), "{name} does not forbid unsafe code");
    }
}

#[test]
fn paths_are_read_through_braces_macros_and_supers() {
    let source = r#"
        //! crate::comment
        use crate::{wire::{alert, codec as c}, crypto};
        fn f() -> super::super::record::Layer { let _ = "crate::string"; vec![crate::endpoint::NEW] }
    "#;
    let paths = paths(source.parse().unwrap());
    let named: BTreeSet<_> = paths.iter().filter_map(|path| named_room(path)).collect();
    assert_eq!(named, BTreeSet::from(["wire", "crypto", "record", "endpoint"]));
    let codec = ["crate", "wire", "codec"].map(str::to_owned);
    assert!(paths.iter().any(|path| path == &codec), "{paths:?}");
}

/// The folder of a crate of the workspace.
fn crate_dir(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(name)
}

/// All Rust files under a folder; none if it does not exist.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let entries = entries.map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.extension() {
            _ if path.is_dir() => sources(&path),
            Some(extension) if extension == "rs" => vec![path],
            _ => Vec::new(),
        })
        .collect()
}

fn parse(file: &Path) -> TokenStream {
    let text = fs::read_to_string(file).unwrap();
    text.parse().unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The top module that a file belongs to, or `None` for the crate's root.
fn room_of(file: &Path, name: &str) -> Option<String> {
    let inside = file.strip_prefix(crate_dir(name).join("src")).unwrap();
    let room = Path::new(inside.iter().next().unwrap()).file_stem().unwrap().to_str().unwrap();
    (room != "lib").then(|| room.to_owned())
}

fn floor_of(room: &str, floors: &[&[&str]]) -> Option<usize> {
    floors.iter().position(|floor| floor.contains(&room))
}

/// What a path names first after `crate` or a climb of `super`s.
fn named_room(path: &[String]) -> Option<&str> {
    let start = path.iter().rposition(|part| part == "crate" || part == "super")?;
    path.get(start + 1).map(String::as_str)
}

/// Every `a::b::c` in the tokens, with the braces of a `use` multiplied out.
fn paths(tokens: TokenStream) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect_paths(tokens, &[], &mut found);
    found
}

/// Appends the paths in `tokens`, each behind `prefix`.
fn collect_paths(tokens: TokenStream, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut rest = &tokens[..];
    while let [token, tail @ ..] = rest {
        rest = tail;
        match token {
            TokenTree::Ident(first) => rest = collect_path(first, tail, prefix, found),
            TokenTree::Group(group) => collect_paths(group.stream(), prefix, found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Appends the path, or the paths in braces, that start with `first`; returns the tokens after them.
fn collect_path<'a>(
    first: &Ident,
    mut rest: &'a [TokenTree],
    prefix: &[String],
    found: &mut Vec<Vec<String>>,
) -> &'a [TokenTree] {
    let mut path = prefix.to_vec();
    path.push(first.to_string());
    while let [colon, second, next, tail @ ..] = rest
        && is_colon(colon)
        && is_colon(second)
    {
        match next {
            TokenTree::Ident(next) => path.push(next.to_string()),
            TokenTree::Group(group) => {
                collect_paths(group.stream(), &path, found);
                return tail;
            }
            // A glob, or generics, whose own paths are found in their turn.
            TokenTree::Punct(_) | TokenTree::Literal(_) => break,
        }
        rest = tail;
    }
    found.push(path);
    rest
}

fn is_colon(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':')
}

/// The names of all crates that a crate is built from, itself excluded, on this machine.
fn dependencies(name: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--package", name])
        .current_dir(crate_dir(name))
        .output()
        .unwrap();
    assert!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    tree.lines().filter_map(|line| line.split(' ').next()).filter(|line| *line != name).map(str::to_owned).collect()
}
