"""Experiments as Python sees them."""

import _thread
import json
import signal
import threading
from collections.abc import Iterator

import pytest

import tlslab as tl

EXPERIMENT = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"]))


def test_a_result_is_honest_about_chance() -> None:
    result = EXPERIMENT.run(4000, seed=1, progress=False)
    assert result.trials == 4000
    assert result.expected_rate == pytest.approx(1 / 256, rel=1e-9)
    assert result.p_value is not None
    assert result.p_value > 0.001
    low, high = result.interval()
    wide_low, wide_high = result.interval(0.999)
    assert result.rate is not None
    assert wide_low < low < result.rate < high < wide_high
    assert result.outcomes["alert:bad_record_mac:server"] == result.failures == len(result.failed_trials)
    assert result.causes == {"Z": result.failures}
    with pytest.raises(tl.RunError, match="confidence"):
        result.interval(1.5)


def test_threads_change_nothing() -> None:
    one, seven = (EXPERIMENT.run(1000, seed=3, threads=threads, digest=True, progress=False) for threads in (1, 7))
    assert one.digest == seven.digest
    assert one.failed_trials == seven.failed_trials


def test_a_trial_can_be_looked_at() -> None:
    result = EXPERIMENT.run(1500, seed=11, progress=False)
    connection = result.replay(result.failed_trials[0])
    assert connection.outcome.cause == "Z"
    assert connection.secrets["z"].startswith("00")
    assert EXPERIMENT.replay(11, result.failed_trials[0]).flights == connection.flights


def test_the_json_has_what_scripts_lean_on() -> None:
    document = json.loads(EXPERIMENT.run(100, seed=2**63, progress=False).to_json())
    names = ["client", "server", "scenario", "seed", "fidelity", "trials", "failures", "rate", "interval"]
    names += ["expected_rate", "p_value", "outcomes", "failed_trials", "failed_trials_total", "audited"]
    names += ["stopped_by", "exponents", "timing"]
    assert set(names) <= document.keys()
    assert document["seed"] == str(2**63)


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Let SIGINT interrupt, whatever the shell that started the tests has set."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_progress_is_shown_and_an_interrupt_keeps_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    interrupt = threading.Timer(0.7, _thread.interrupt_main)
    interrupt.start()
    result = EXPERIMENT.run(10**9, seed=1, progress=True)
    interrupt.join()
    assert result.stopped_by == "interrupted"
    assert 0 < result.trials < 10**9
    assert "trial/s" in capsys.readouterr().err
    whole = EXPERIMENT.run(result.trials, seed=1, progress=False)
    assert whole.failed_trials == result.failed_trials


def test_what_cannot_be_run_is_refused() -> None:
    with pytest.raises(tl.RunError, match="full"):
        tl.Experiment(tl.Client(), tl.Server(), scenario="half")
    with pytest.raises(tl.RunError, match="at least one trial"):
        EXPERIMENT.run(0)
    with pytest.raises(tl.RunError, match="auto, wire, class, census, not 'exact'"):
        EXPERIMENT.run(1, fidelity="exact")
    with pytest.raises(tl.RunError, match="one of wire, class, census, not 'auto'"):
        EXPERIMENT.replay(1, 1, fidelity="auto")
    with pytest.raises(tl.RunError, match=r"a trial's index is a whole number from 0 to 2\*\*64 - 1"):
        EXPERIMENT.replay(1, 2**64)
    with pytest.raises(tl.RunError, match="the number of trials is a whole number"):
        EXPERIMENT.run(2**64)
    with pytest.raises(tl.RunError, match="threads is a whole number from 0 to 1024, not -1"):
        EXPERIMENT.run(1, threads=-1)
    with pytest.raises(tl.RunError, match="memory_budget is a whole number"):
        EXPERIMENT.run(1, memory_budget=-1)
    with pytest.raises(tl.RunError, match="too small"):
        EXPERIMENT.run(1, memory_budget=100)
    with pytest.raises(tl.RunError, match="signatures"):
        tl.Experiment(tl.Client(), tl.Server(), signatures="forged").run(1)


def test_classes_count_what_wire_counts() -> None:
    by_class = EXPERIMENT.run(3000, seed=3, fidelity="class", progress=False)
    by_wire = EXPERIMENT.run(3000, seed=3, fidelity="wire", progress=False)
    assert (by_class.fidelity, by_wire.fidelity) == ("class", "wire")
    assert by_class.failed_trials == by_wire.failed_trials
    assert by_class.outcomes == by_wire.outcomes
    assert sum(one["trials"] for one in by_class.classes) == 3000
    assert by_class.audited == sum(one["audited"] for one in by_class.classes) > 0
    assert by_wire.classes == []
    failed = by_class.replay(by_class.failed_trials[0])
    assert failed.outcome.cause == "Z"
    for kernel in tl.kernels():
        assert EXPERIMENT.run(500, seed=3, fidelity="class", kernel=kernel, progress=False).failed_trials == [
            trial for trial in by_wire.failed_trials if trial < 500
        ]


def test_a_census_counts_and_replays() -> None:
    census = EXPERIMENT.run(300_000, seed=5, fidelity="census", progress=False)
    assert (census.fidelity, census.exponents, census.interval_kind) == ("census", "full_length_sums", "variance")
    low, high = census.interval()
    assert low < 1 / 256 < high
    assert [one["zeros"][0]["z"] for one in census.classes[:2]] == [0, 1]
    assert census.audited >= 8192
    for trial in census.failed_trials[:3]:
        assert census.replay(trial).outcome.cause == "Z"
        assert EXPERIMENT.replay(5, trial, fidelity="census").secrets["z"].startswith("00")
    with pytest.raises(tl.RunError, match="max_failures is no rule for a census"):
        EXPERIMENT.run(10, fidelity="census", max_failures=1)
    with pytest.raises(tl.RunError, match="as a census: its endpoints do no finite-field"):
        tl.Experiment(tl.Client(without_suites=["TLS_DHE_*"]), tl.Server()).run(10, fidelity="census")


def test_all_failed_trials_are_found_again() -> None:
    result = EXPERIMENT.run(3_000_000, seed=5, fidelity="census", progress=False)
    assert len(result.failed_trials) == 10_000 < result.failures
    failed = result.all_failed_trials(progress=False)
    assert (failed.typecode, failed.itemsize, len(failed)) == ("Q", 8, result.failures)
    assert list(failed[:10_000]) == result.failed_trials
    part = result.all_failed_trials(start=2_000_000, stop=2_100_000, threads=1, progress=False)
    assert list(part) == [index for index in failed if 2_000_000 <= index < 2_100_000]
    with pytest.raises(tl.RunError, match="is no part of it"):
        result.all_failed_trials(stop=3_000_001)


@pytest.mark.usefixtures("interruptible")
def test_an_audit_can_be_interrupted() -> None:
    big = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", groups=["ffdhe3072"]))
    done: list[int] = []

    def interrupt_in_audit(trials: int, _failures: int | None) -> None:
        done.append(trials)
        if done.count(30_000) == 3:  # all of them are done, so this is the audit, which would take 20 seconds
            raise KeyboardInterrupt

    result = big.run(30_000, seed=1, fidelity="census", progress=interrupt_in_audit)
    assert (result.stopped_by, result.trials, result.audited) == ("interrupted", 30_000, 0)
    assert all(one["audit_can_have_missed"] is None for one in result.classes)


def test_auto_picks_classes_where_they_pay_and_may() -> None:
    assert EXPERIMENT.run(20_001, seed=3, progress=False).fidelity == "class"
    assert EXPERIMENT.run(1000, seed=3, progress=False).fidelity == "wire"
    signed = tl.Experiment(tl.Client(ems="off", premaster_zeros="sign_byte"), EXPERIMENT.server)
    assert signed.run(20_001, seed=3, progress=False).fidelity == "wire"
    with pytest.raises(tl.RunError, match="sign_byte looks at the top bit"):
        signed.run(10, fidelity="class")


def test_a_run_stops_by_its_rules() -> None:
    result = EXPERIMENT.run(10**9, seed=6, max_failures=5, progress=False)
    assert (result.stopped_by, result.failures, result.interval_kind) == ("max_failures", 5, "negative_binomial")
    assert result.failed_trials[-1] == result.trials - 1
    assert result.p_value is None
    low, high = result.interval()
    assert result.rate is not None
    assert low < result.rate < high
    precise = EXPERIMENT.run(10**9, seed=6, precision=0.5, progress=False)
    assert (precise.stopped_by, precise.interval_kind) == ("precision", "confidence_sequence")
    assert EXPERIMENT.run(10**9, seed=6, seconds=0.2, progress=False).stopped_by == "seconds"
    with pytest.raises(tl.RunError, match="at least 1"):
        EXPERIMENT.run(10, max_failures=0)


def test_progress_goes_to_a_function_which_may_interrupt() -> None:
    seen: list[tuple[int, int]] = []

    def watch(done: int, failures: int | None) -> None:
        seen.append((done, failures or 0))
        if done >= 1000:
            raise KeyboardInterrupt

    result = EXPERIMENT.run(10**9, seed=1, progress=watch)
    assert result.stopped_by == "interrupted"
    assert result.trials >= 1000
    assert seen == sorted(seen)

    def fail(_done: int, _failures: int | None) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        EXPERIMENT.run(10**9, seed=1, progress=fail)


def test_planning() -> None:
    assert tl.plan(1 / 256, power=0.95) == 766
    assert 1 - (255 / 256) ** 766 >= 0.95 > 1 - (255 / 256) ** 765
    assert tl.plan(1 / 256, against=1 / 128) > 1000
    with pytest.raises(tl.RunError, match="probability 2"):
        tl.plan(2.0)


def test_a_scenario_is_data() -> None:
    plans = [{"client_sends": "one", "server_sends": "two"}, {}]
    experiment = tl.Experiment(tl.Client(), tl.Server(), scenario={"name": "twice", "connections": plans})
    assert experiment.scenario["connections"][1]["client_sends"] == "ping"
    connections = experiment.replay_all(1, 0)
    assert [connection.outcome.kind for connection in connections] == ["established"] * 2
    sent = [bytes(message.bytes) for message in connections[0].messages if message.name == "ApplicationData"]
    assert sent == [b"one", b"two"]
    assert connections[0].flights != connections[1].flights
