//! The targets of fuzzers as ordinary tests: every seed runs, and what libFuzzer needs is there.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use tlslab::fuzzing::Input;
use tlslab::targets::{TARGETS, Target, dictionary};

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

/// The files of `fuzz/seeds` for a target, in the order of their names.
fn seeds(target: Target) -> Vec<PathBuf> {
    let folder = fuzz().join("seeds").join(target.name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs the seeds of each target, or those of the one whose name `TLSLAB_TARGET` has.
#[test]
fn every_seed_runs() {
    let mut failed = Vec::new();
    let only = std::env::var("TLSLAB_TARGET").ok();
    for target in TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| only == target.name)) {
        let seeds = seeds(*target);
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        for seed in seeds {
            let bytes = fs::read(&seed).unwrap();
            match catch_unwind(|| target.run(&bytes)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failed.push(format!("{}: {error}", seed.display())),
                // Its words have been printed.
                Err(_) => failed.push(format!("{}: a panic", seed.display())),
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn each_target_has_a_program() {
    let cargo = fs::read_to_string(fuzz().join("Cargo.toml")).unwrap();
    for target in TARGETS {
        let path = format!("targets/{}.rs", target.name);
        let program = fs::read_to_string(fuzz().join(&path)).unwrap();
        let mutated = if target.is_structured() { "structured_target" } else { "target" };
        assert_eq!(program, format!("#![no_main]\ntlslab_fuzz::{mutated}!(\"{}\");\n", target.name));
        assert!(cargo.contains(&format!("name = \"{}\"\npath = \"{path}\"", target.name)), "{cargo}");
    }
    assert_eq!(fs::read_dir(fuzz().join("targets")).unwrap().count(), TARGETS.len());
    assert_eq!(fs::read_dir(fuzz().join("seeds")).unwrap().count(), TARGETS.len());
}

#[test]
fn the_dictionaries_are_those_of_the_registries() {
    for (name, expected) in [("numbers", dictionary::numbers()), ("knobs", dictionary::knobs())] {
        let file = fuzz().join(format!("dictionaries/{name}.dict"));
        assert_eq!(fs::read_to_string(file).unwrap(), expected, "run make fuzz-seeds");
        assert!(expected.lines().filter(|line| line.starts_with('"')).count() > 40);
    }
    assert!(dictionary::numbers().contains("suite TLS_DHE_RSA_WITH_AES_128_GCM_SHA256\n\"\\x00\\x9E\"\n"));
    assert!(dictionary::knobs().contains("\"\\\"premaster_zeros\\\"\"\n"));
}

#[test]
fn a_mutation_is_an_input_and_is_its_seed() {
    for target in TARGETS.iter().filter(|target| target.is_structured()) {
        let [one, other] = [0, 1].map(|at| fs::read(&seeds(*target)[at]).unwrap());
        let mut changed = 0;
        for seed in 0..300 {
            // What is no input counts as none.
            for (input, other) in [(&one, &other), (&one, &vec![0xff]), (&vec![], &one)] {
                let Some(mutated) = target.mutate(input, other, seed, 1 << 16) else { continue };
                assert_eq!(target.mutate(input, other, seed, 1 << 16).as_ref(), Some(&mutated));
                assert_eq!(target.mutate(input, other, seed, mutated.len() - 1), None, "there is no room for it");
                let read = Input::from_json(std::str::from_utf8(&mutated).unwrap()).unwrap();
                assert!(target.name != "resumption" || read.scenario.connections.len() > 1);
                changed += usize::from(&mutated != input);
            }
        }
        assert!(changed > 700, "{}: {changed} of 900", target.name);
    }
    assert_eq!(Target::by_name("record").unwrap().mutate(&[1], &[2], 3, 1000), None);
}

#[test]
fn what_is_no_input_is_refused() {
    for target in TARGETS {
        for bytes in [&b""[..], b"{}", b"\xff", b"{\"schema\": 7}"] {
            assert_eq!(target.run(bytes).is_err(), target.is_structured(), "{}", target.name);
            assert_eq!(target.check(bytes).is_err(), target.is_structured(), "{}", target.name);
        }
    }
}
