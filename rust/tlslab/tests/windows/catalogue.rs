//! The catalogue's data against a copy of the articles' tables, written down apart from it.

use std::collections::{BTreeMap, BTreeSet};

use tlslab::windows::{Availability, CatalogueError, Edition, UpdateKind, catalogue};

/// The list of updates of KB4528489.
const UPDATES: &str = "
| KB4517389 | cumulative (LCU) | Windows 10 version 1903 |
| KB4519338 | cumulative (LCU) | Windows 10 version 1809; Windows Server 2019 |
| KB4520008 | cumulative (LCU) | Windows 10 version 1803 |
| KB4520004 | cumulative (LCU) | Windows 10 version 1709 |
| KB4520010 | cumulative (LCU) | Windows 10 version 1703 |
| KB4519998 | cumulative (LCU) | Windows 10 version 1607; Windows Server 2016 |
| KB4520011 | cumulative (LCU) | Windows 10 version 1507 |
| KB4520005 | monthly rollup | Windows 8.1; Windows Server 2012 R2 |
| KB4520007 | monthly rollup | Windows Server 2012 |
| KB4519976 | monthly rollup | Windows 7 SP1; Windows Server 2008 R2 SP1 |
| KB4520002 | monthly rollup | Windows Server 2008 SP2 |
| KB4519990 | security-only | Windows 8.1; Windows Server 2012 R2 |
| KB4519985 | security-only | Windows Server 2012; Windows Embedded 8 Standard |
| KB4520003 | security-only | Windows 7 SP1; Windows Server 2008 R2 SP1 |
| KB4520009 | security-only | Windows Server 2008 SP2 |
";

/// The applies-to list of KB4528489, as it is written there.
const APPLIES_TO: [&str; 18] = [
    "Windows 10, version 1903, all editions",
    "Windows 10, version 1809, all editions",
    "Windows Server 2019, all editions",
    "Windows 10, version 1803, all editions",
    "Windows 10, version 1709, all editions",
    "Windows 10, version 1703, all editions",
    "Windows 10, version 1607, all editions",
    "Windows Server 2016, all editions",
    "Windows 10 (1507)",
    "Windows 8.1",
    "Windows Server 2012 R2",
    "Windows Server 2012",
    "Windows 7 Service Pack 1",
    "Windows Server 2008 R2",
    "Windows Server 2008 Service Pack 2",
    "Windows Embedded 8 Standard",
    "Windows Embedded Standard 7 Service Pack 1",
    "Windows Embedded POSReady 7",
];

type Row = (String, UpdateKind, BTreeSet<String>);

fn article_rows() -> Vec<Row> {
    let rows = UPDATES.trim().lines().map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let kind = match cells[1] {
            "cumulative (LCU)" => UpdateKind::Cumulative,
            "monthly rollup" => UpdateKind::MonthlyRollup,
            "security-only" => UpdateKind::SecurityOnly,
            other => panic!("{other}"),
        };
        let platforms = cells[2].split("; ").map(|name| catalogue().platform(name).unwrap().name.clone());
        (cells[0].to_owned(), kind, platforms.collect())
    });
    rows.collect()
}

#[test]
fn every_update_of_the_article_is_there_once_with_its_kind_and_platforms() {
    let held: Vec<Row> = catalogue()
        .updates
        .iter()
        .map(|update| (update.kb.clone(), update.kind, update.platforms.iter().cloned().collect()))
        .collect();
    assert_eq!(held, article_rows());
    let numbers: BTreeSet<_> = held.iter().map(|row| &row.0).collect();
    assert_eq!(numbers.len(), 15);
}

#[test]
fn every_platform_of_the_article_is_there_once() {
    let meant: BTreeSet<_> = APPLIES_TO.iter().map(|name| &catalogue().platform(name).unwrap().name).collect();
    assert_eq!(meant.len(), APPLIES_TO.len(), "two names of the article mean the same platform");
    let held: Vec<_> = catalogue().platforms.iter().map(|platform| &platform.name).collect();
    assert_eq!(held.len(), APPLIES_TO.len());
    assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), meant);
}

#[test]
fn a_platform_has_the_updates_of_the_rows_that_name_it() {
    let mut by_platform: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (kb, _, platforms) in article_rows() {
        for platform in platforms {
            by_platform.entry(platform).or_default().push(kb.clone());
        }
    }
    for platform in &catalogue().platforms {
        let facts = catalogue().platform_facts(platform);
        let listed: Vec<_> = facts.updates.iter().map(|update| update.kb.clone()).collect();
        assert_eq!(listed, by_platform.get(&platform.name).cloned().unwrap_or_default(), "{}", platform.name);
        assert!(!listed.is_empty() || !facts.assumed_updates.is_empty(), "{} has no update at all", platform.name);
        assert_eq!(facts.cve, "CVE-2019-1318");
        assert_eq!(facts.enforced_since, "2019-10-08");
        assert_eq!(facts.enforced_since_by_edition[&Edition::En], "2019-10-08");
        assert_eq!(facts.enforced_since_by_edition[&Edition::Ja], "2019-10-09");
    }
}

#[test]
fn what_a_platform_without_a_row_gets_is_an_assumption() {
    let rows = article_rows();
    for (name, listed, assumed) in [
        ("Windows Embedded POSReady 7", vec![], vec!["KB4519976", "KB4520003"]),
        ("Windows Embedded Standard 7 SP1", vec![], vec!["KB4519976", "KB4520003"]),
        ("Windows Embedded 8 Standard", vec!["KB4519985"], vec!["KB4520007"]),
    ] {
        let platform = catalogue().platform(name).unwrap();
        let facts = catalogue().platform_facts(platform);
        let numbers =
            |updates: &[tlslab::windows::UpdateName]| updates.iter().map(|one| one.kb.clone()).collect::<Vec<_>>();
        assert_eq!(numbers(&facts.updates), listed);
        assert_eq!(numbers(&facts.assumed_updates), assumed);
        let reason = &platform.built_on.as_ref().unwrap().assumption;
        assert!(facts.assumptions.contains(reason), "{name}");
    }
    let without = catalogue().platforms.iter().filter(|one| one.built_on.is_none());
    for platform in without {
        assert!(rows.iter().any(|row| row.2.contains(&platform.name)), "{} has no row", platform.name);
    }
}

#[test]
fn the_leading_zero_update_is_where_kb4557473_has_it() {
    for platform in &catalogue().platforms {
        let expected = match platform.name.as_str() {
            "Windows 10, version 1607" | "Windows Server 2016" => Availability::ByUpdatesSince("2020-02-25".to_owned()),
            "Windows Server 2019" => Availability::FromRelease,
            // "Windows 10, version 1511 and later".
            name => match name.strip_prefix("Windows 10, version ").and_then(|version| version.parse::<u16>().ok()) {
                Some(version) if version >= 1511 => Availability::FromRelease,
                _ => Availability::Never,
            },
        };
        assert_eq!(platform.leading_zero_update, expected, "{}", platform.name);
    }
}

#[test]
fn the_data_refers_to_what_is_there() {
    let catalogue = catalogue();
    let named = |name: &String| catalogue.platforms.iter().any(|platform| &platform.name == name);
    assert!(catalogue.updates.iter().flat_map(|update| &update.platforms).all(named));
    assert!(catalogue.platforms.iter().filter_map(|one| one.built_on.as_ref()).all(|base| named(&base.platform)));
    for disagreement in &catalogue.disagreements {
        assert_eq!(disagreement.says.keys().collect::<Vec<_>>(), ["KB4528489", "KB4557473"], "{}", disagreement.about);
    }
    assert!(!catalogue.disagreements.is_empty());
    assert!(catalogue.kinds[&UpdateKind::Cumulative].in_later_updates);
    assert!(catalogue.kinds[&UpdateKind::MonthlyRollup].in_later_updates);
    assert!(!catalogue.kinds[&UpdateKind::SecurityOnly].in_later_updates);
}

#[test]
fn names_are_found_however_people_write_them() {
    for (written, name) in [
        ("Windows 10, version 1903", "Windows 10, version 1903"),
        ("windows 10 1903", "Windows 10, version 1903"),
        ("WINDOWS-10-1903", "Windows 10, version 1903"),
        ("Microsoft Windows 10 Version 1903 for x64-based Systems", "Windows 10, version 1903"),
        ("Windows 10 Version 1903 for 32-bit Systems", "Windows 10, version 1903"),
        ("Windows Server 2012R2", "Windows Server 2012 R2"),
        ("windows server 2012", "Windows Server 2012"),
        ("Windows 7", "Windows 7 SP1"),
        ("Windows 7 for x64-based Systems Service Pack 1", "Windows 7 SP1"),
        ("Windows Server 2008 R2 for x64-based Systems Service Pack 1", "Windows Server 2008 R2 SP1"),
        ("Windows Server 2008", "Windows Server 2008 SP2"),
        ("windows 8.1", "Windows 8.1"),
    ] {
        assert_eq!(catalogue().platform(written).unwrap().name, name, "{written}");
    }
    for platform in &catalogue().platforms {
        assert_eq!(catalogue().platform(&platform.name).unwrap(), platform);
    }
}

#[test]
fn an_unknown_name_gets_the_nearest_ones() {
    let nearest = |name: &str| match catalogue().platform(name) {
        Err(CatalogueError::UnknownPlatform { got, nearest }) => {
            assert_eq!(got, name);
            nearest
        }
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(nearest("Windows 10 1930")[0], "Windows 10, version 1903");
    assert_eq!(nearest("Window Server 2019")[0], "Windows Server 2019");
    assert_eq!(nearest("POSReady 7"), ["Windows Embedded POSReady 7"]);
    // Another service pack is another system, and a Windows 10 has a version.
    assert_eq!(nearest("Windows 7 SP2")[0], "Windows 7 SP1");
    assert_eq!(nearest("Windows 10").len(), 3);
    assert_eq!(nearest("OpenBSD"), [""; 0]);
    assert_eq!(nearest(""), [""; 0]);
}

#[test]
fn updates_are_found_with_and_without_kb() {
    for written in ["KB4517389", "4517389", "kb4517389", " KB 4517389 "] {
        assert_eq!(catalogue().update(written).unwrap().kb, "KB4517389", "{written:?}");
    }
    let Err(CatalogueError::UnknownUpdate { nearest, .. }) = catalogue().update("4517398") else {
        panic!("4517398 is no update");
    };
    assert_eq!(nearest[0], "KB4517389");
}
