use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};
use tlslab::diagnose::{
    self, Assumptions, Case, Counted, Counts, Direction, Event, Explanation, KeyLog, Weighed, Weighing,
};
use tlslab::experiment::Fidelity;

use crate::files::{connections, experiment, pcapng};

fn explanation(id: &str, client: Value, server: Value) -> Explanation {
    serde_json::from_value(json!({"id": id, "client": client, "server": server, "scenario": null})).unwrap()
}

fn explanations() -> Vec<Explanation> {
    vec![
        explanation("server keeps", json!({}), json!({"premaster_zeros": "keep"})),
        explanation("client keeps", json!({"premaster_zeros": "keep"}), json!({})),
        explanation("short Ys refused", json!({"short_public_value": "reject"}), json!({})),
        explanation("EMS required", json!({"ems": "off"}), json!({"ems": "required"})),
    ]
}

fn weigh(case: &Case) -> Weighing {
    weigh_assuming(case, &Assumptions::default())
}

fn weigh_assuming(case: &Case, assumptions: &Assumptions) -> Weighing {
    diagnose::weigh(case, &explanations(), 20.0, assumptions, &AtomicBool::new(false)).unwrap().unwrap()
}

/// The explanations that are not told apart from the best one.
fn alike(weighing: &Weighing) -> Vec<&str> {
    let predicted = |one: &&Weighed| one.predicted.is_some();
    weighing.explanations.iter().filter(predicted).map(|one| one.id.as_str()).collect()
}

#[test]
fn counts_tell_a_rate_and_no_more() {
    let counted = |failures, connections| Case { counts: Some(Counts { failures, connections }), ..Case::default() };
    assert_eq!(alike(&weigh(&counted(400, 100_000))), ["server keeps", "client keeps", "short Ys refused"]);
    assert_eq!(alike(&weigh(&counted(500, 500))), ["EMS required"]);
    let half = weigh(&counted(500, 1000));
    assert!(alike(&half).is_empty(), "nothing fails every second time");
    assert!(alike(&weigh(&counted(0, 1000))).is_empty());
}

#[test]
fn events_tell_who_sent_what() {
    let event = |direction, alert| {
        let events = vec![Counted { seen: Event { direction, alert }, count: 5, first: None }];
        Case { events, ..Case::default() }
    };
    assert_eq!(alike(&weigh(&event(Direction::Received, 20))), ["server keeps", "client keeps"]);
    assert_eq!(alike(&weigh(&event(Direction::Received, 47))), ["short Ys refused"]);
}

#[test]
fn connections_that_fail_each_time_are_explained() {
    let all: Vec<_> = (0..8).flat_map(|_| connections("ems=off", "ems=required,groups=modp768", "full")).collect();
    let file = pcapng(&all);
    let capture = diagnose::read_capture(&file[..], &KeyLog::default(), &AtomicBool::new(false));
    let case = Case { connections: capture.connections, ..Case::default() };
    let weighing = weigh(&case);
    assert_eq!((weighing.failures, weighing.connections), (8, 8));
    assert_eq!(alike(&weighing), ["EMS required"]);
}

/// What is assumed is halved and doubled; what is left in the end is the same.
#[test]
fn no_conclusion_hangs_on_what_is_assumed() {
    let usual = Assumptions::default();
    let others = [0.5, 2.0].into_iter().flat_map(|factor| {
        let unlike = (1.0 - usual.reaction) * factor;
        [
            Assumptions { fault: usual.fault * factor, ..usual },
            Assumptions { reaction: 1.0 - unlike, ..usual },
            Assumptions { explains: usual.explains * factor, ..usual },
        ]
    });
    for (client, server) in [("ems=off", "premaster_zeros=keep"), ("ems=off,short_public_value=reject", "ems=off")] {
        let case = case_of(client, server, 1500);
        let expected = weigh(&case);
        assert!(expected.failures > 1, "{} of {}", expected.failures, expected.connections);
        assert!(!alike(&expected).is_empty());
        for other in others.clone() {
            assert_eq!(alike(&weigh_assuming(&case, &other)), alike(&expected), "{other:?}");
        }
    }
}

/// The capture of so many trials.
fn case_of(client: &str, server: &str, trials: u64) -> Case {
    let experiment = experiment(client, &format!("{server},groups=modp768"), "full");
    let connections = (0..trials).flat_map(|trial| experiment.replay(1, trial, Fidelity::Wire).unwrap().connections);
    let file = pcapng(&connections.collect::<Vec<_>>());
    let capture = diagnose::read_capture(&file[..], &KeyLog::default(), &AtomicBool::new(false));
    Case { connections: capture.connections, ..Case::default() }
}

#[test]
fn an_interrupted_weighing_gives_nothing() {
    let cancelled = AtomicBool::new(true);
    assert_eq!(
        diagnose::weigh(&Case::default(), &explanations(), 20.0, &Assumptions::default(), &cancelled).unwrap(),
        None
    );
}
