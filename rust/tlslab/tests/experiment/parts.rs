//! Parts of runs, and what they add up to.

use std::time::Duration;

use tlslab::experiment::{
    Experiment, FidelityChoice, Monitor, Part, PartError, Prepared, RunOptions, StopRules, Stopped,
};

use super::{comparable, experiment};

const SEED: u64 = 8;

fn keeper() -> Experiment {
    experiment("ems=off", "ems=off,premaster_zeros=keep,groups=modp768")
}

fn prepared(experiment: &Experiment, fidelity: FidelityChoice) -> Prepared {
    experiment.prepare(&RunOptions { fidelity, ..RunOptions::new(1, SEED) }).unwrap()
}

fn part(prepared: &Prepared, range: std::ops::Range<u64>) -> Part {
    prepared.part(range, 0, &StopRules::default(), &Monitor::default()).unwrap().0
}

#[test]
fn parts_add_up_to_what_one_run_counts() {
    for (fidelity, trials) in
        [(FidelityChoice::Wire, 1_500), (FidelityChoice::Class, 12_000), (FidelityChoice::Census, 120_000)]
    {
        let options = RunOptions { fidelity, ..RunOptions::new(trials, SEED) };
        let whole = keeper().run(&options, &Monitor::default()).unwrap();
        let prepared = prepared(&keeper(), fidelity);
        let borders = [0, 1, trials / 3, trials / 2 + 7, trials];
        let mut parts = borders.windows(2).map(|pair| part(&prepared, pair[0]..pair[1]));
        let mut all = parts.next().unwrap();
        for part in parts {
            part.validate().unwrap();
            all.add(serde_json::from_str(&serde_json::to_string(&part).unwrap()).unwrap()).unwrap();
        }
        all.validate().unwrap();
        let report = prepared.report(all, Stopped::Trials, Duration::ZERO, &Monitor::default()).unwrap();
        assert_eq!(comparable(&report), comparable(&whole), "{fidelity:?}");
    }
}

#[test]
fn a_rule_stops_a_part_where_it_stops_a_run() {
    let rules = StopRules { max_failures: Some(20), ..StopRules::default() };
    let options = RunOptions { stop: rules, fidelity: FidelityChoice::Class, ..RunOptions::new(100_000, SEED) };
    let whole = keeper().run(&options, &Monitor::default()).unwrap();
    let prepared = prepared(&keeper(), FidelityChoice::Class);
    let border = whole.trials - 500;
    let before = part(&prepared, 0..border);
    assert!(!before.may_reach(&rules, 0).unwrap());
    let after = part(&prepared, border..border + 4_000);
    assert!(after.may_reach(&rules, before.failures).unwrap());
    let (last, stopped) = prepared.part(border..border + 4_000, before.failures, &rules, &Monitor::default()).unwrap();
    assert_eq!((stopped, last.end()), (Stopped::MaxFailures, whole.trials));
}

#[test]
fn a_border_of_precision_within_a_part_is_seen() {
    let rules = StopRules { precision: Some(0.4), ..StopRules::default() };
    let options = RunOptions { stop: rules, fidelity: FidelityChoice::Class, ..RunOptions::new(200_000, SEED) };
    let whole = keeper().run(&options, &Monitor::default()).unwrap();
    assert_eq!(whole.stopped_by, Stopped::Precision);
    let prepared = prepared(&keeper(), FidelityChoice::Class);
    assert!(!part(&prepared, 0..whole.trials - 1).may_reach(&rules, 0).unwrap());
    assert!(part(&prepared, 0..whole.trials).may_reach(&rules, 0).unwrap());
}

#[test]
fn parts_that_do_not_add_up_are_refused() {
    let prepared = prepared(&keeper(), FidelityChoice::Class);
    let first = part(&prepared, 0..600);
    let after_a_gap = first.clone().add(part(&prepared, 601..700)).unwrap_err();
    assert!(matches!(after_a_gap, PartError::NotNextToEachOther { end: 600, next: 601 }), "{after_a_gap}");
    let of_another_seed = Part { seed: 1, ..part(&prepared, 600..700) };
    assert!(matches!(first.clone().add(of_another_seed), Err(PartError::OfDifferentRuns { what: "seeds", .. })));
    let mut contradicting = part(&prepared, 600..700);
    contradicting.classes[0].outcome = "closed".to_owned();
    assert!(matches!(first.clone().add(contradicting), Err(PartError::ClassesDisagree { next: 600, .. })));
}

#[test]
fn a_damaged_part_is_refused() {
    let sound = part(&prepared(&keeper(), FidelityChoice::Class), 0..2_000);
    sound.validate().unwrap();
    assert!(sound.failures > 1);
    type Damage = fn(&mut Part);
    let damages: [(&str, Damage); 6] = [
        ("more trials than there are", |part| part.first = u64::MAX),
        ("its outcomes do not add up", |part| part.trials += 1),
        ("its causes do not add up", |part| part.causes.clear()),
        ("of another length", |part| part.failed_trials.truncate(1)),
        ("its failed trials are none", |part| part.failed_trials.swap(0, 1)),
        ("samples that are none", |part| part.classes[0].sample[0] = 2_000),
    ];
    for (what, damage) in damages {
        let mut damaged = sound.clone();
        damage(&mut damaged);
        let error = damaged.validate().unwrap_err().to_string();
        assert!(error.contains(what), "{what}: {error}");
    }
}

#[test]
fn codes_tell_what_each_trial_came_to() {
    for fidelity in [FidelityChoice::Wire, FidelityChoice::Class, FidelityChoice::Census] {
        let prepared = prepared(&keeper(), fidelity);
        let range = 300..2_300;
        let codes = prepared.codes(range.clone(), &Monitor::default()).unwrap();
        let counted = part(&prepared, range.clone());
        assert_eq!(codes.codes.len(), 2_000);
        let failed = |code: &u16| match codes.classes.get(usize::from(*code)) {
            Some(class) => class.failed,
            None => codes.outcomes[usize::from(*code)].starts_with("alert"),
        };
        let indices: Vec<u64> =
            range.zip(&codes.codes).filter(|(_, code)| failed(code)).map(|(index, _)| index).collect();
        assert_eq!(indices, counted.failed_trials, "{fidelity:?}");
    }
}
