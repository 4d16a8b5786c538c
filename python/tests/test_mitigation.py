"""Remedies: what they change, what comes of it, and at what cost."""

from __future__ import annotations

import json

import pytest

import tlslab as tl
from tlslab.causes import CAUSES, Cause
from tlslab.cli import main
from tlslab.mitigation import Attempt, Mitigation, compare
from tlslab.remedies import REMEDIES
from tlslab.result import Result

#: Practically every Z has a leading zero byte, so that a hundred trials decide.
BOUNDARY = tl.groups.custom(2**1024 + 1657867, 4)
KEEPER = tl.Server(ems="off", premaster_zeros="keep", groups=[BOUNDARY])


def tried(client: tl.Client, server: tl.Server, scenario: str = "full", trials: int = 100) -> Mitigation:
    return tl.mitigate(client, server, scenario=scenario, trials=trials, seed=1, progress=False)


def attempt(mitigation: Mitigation, name: str) -> Attempt:
    return {one.remedy.name: one for one in mitigation.attempts}[name]


def result(failures: int, trials: int) -> Result:
    experiment = tl.Experiment(tl.Client(), tl.Server())
    document = {"failures": failures, "trials": trials, "rate": failures / trials, "interval_kind": "clopper_pearson"}
    return Result(experiment, document)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ((40, 1000), (0, 1000), "repairs"),
        ((40, 1000), (3, 1000), "helps"),
        ((40, 1000), (40, 1000), "does not help"),
        ((40, 1000), (31, 1000), "does not help"),
        ((3, 1000), (40, 1000), "makes it worse"),
        ((0, 1000), (40, 1000), "makes it worse"),
        ((0, 1000), (0, 1000), "nothing to repair"),
        ((3, 1000), (0, 1000), "undecided"),
        ((0, 1000), (2, 1000), "undecided"),
    ],
)
def test_verdicts_follow_the_intervals(before: tuple[int, int], after: tuple[int, int], verdict: str) -> None:
    assert compare(result(*before), result(*after)) == verdict


def test_a_remedy_changes_what_it_says_and_no_more() -> None:
    by_name = {remedy.name: remedy for remedy in REMEDIES}
    client = tl.Client(ems="required", without_suites=["TLS_RSA_*"])
    experiment = tl.Experiment(client, KEEPER)
    assert by_name["ems"].apply(experiment) == tl.Experiment(client, KEEPER.replace(ems="on"))
    without = by_name["no_dhe"].apply(experiment)
    assert without == tl.Experiment(client.replace(without_suites=["TLS_RSA_*", "TLS_DHE_*"]), KEEPER)
    assert by_name["no_dhe"].apply(without) == without
    always = tl.Experiment(client, tl.Server(request_certificate="always"))
    assert by_name["certificate"].apply(always) == always
    assert by_name["ftp"].apply(experiment) == experiment
    strict = tl.Experiment(client, KEEPER, scenario=tl.ftp.scenario(client="insist", server="require_450"))
    assert by_name["ftp"].apply(strict) == tl.Experiment(client, KEEPER, scenario=tl.ftp.scenario())


def test_cause_1_is_repaired_by_the_articles_two_remedies_and_by_the_makers_update() -> None:
    mitigation = tried(tl.Client(), KEEPER)
    assert mitigation.before.failures == 100
    assert [one.remedy.name for one in mitigation.repairs] == ["ems", "no_dhe", "leading_zeros"]
    assert attempt(mitigation, "no_ems").verdict == "does not help"
    assert not mitigation.terms.ems
    ems = attempt(mitigation, "ems").terms
    assert ems is not None
    assert ems.ems
    assert ems.resumes


def test_removing_dhe_costs_forward_secrecy_where_the_server_has_no_ecdhe() -> None:
    suites = ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]
    costly = attempt(tried(tl.Client(), KEEPER.replace(suites=suites)), "no_dhe")
    assert costly.verdict == "repairs"
    assert "no forward secrecy" in costly.costs
    assert "no forward secrecy" not in attempt(tried(tl.Client(), KEEPER), "no_dhe").costs
    ended = attempt(tried(tl.Client(), KEEPER.replace(suites=suites[:1])), "no_dhe")
    assert ended.verdict == "does not help"  # another failure in place of the first
    assert "no suite is left that both have" in ended.costs
    impossible = attempt(tried(tl.Client(suites=suites[:1]), KEEPER), "no_dhe")
    assert impossible.verdict == "impossible"
    assert impossible.result is None
    assert "no suite is left" in (impossible.reason or "")


def test_switching_ems_off_costs_ems_and_resumption_and_can_make_it_worse() -> None:
    both_know_ems = tl.Server(premaster_zeros="keep", groups=[BOUNDARY])
    worse = attempt(tried(tl.Client(), both_know_ems), "no_ems")
    assert worse.verdict == "makes it worse"
    assert any("no EMS" in cost for cost in worse.costs)
    lost = attempt(tried(tl.Client(), tl.Server()), "no_ems")
    assert lost.verdict == "nothing to repair"
    assert any("no resumption" in cost for cost in lost.costs)


def test_the_defect_that_ems_does_not_reach_is_not_repaired_by_it() -> None:
    rival = tried(tl.Client(), KEEPER.replace(premaster_zeros_ems="keep"))
    assert attempt(rival, "ems").verdict == "does not help"
    assert [one.remedy.name for one in rival.repairs] == ["no_dhe", "leading_zeros"]


@pytest.mark.parametrize("cause", [one for one in CAUSES if one.name != "1"], ids=lambda cause: cause.name)
def test_causes_2_and_3_come_with_the_update_and_are_repaired_by_ems_and_by_the_maker(cause: Cause) -> None:
    def run(*, updated: bool) -> Mitigation:
        one = cause.experiment(updated=updated)
        return tl.mitigate(one.client, one.server, scenario=one.scenario, trials=60, seed=1, progress=False)

    assert run(updated=False).before.failures == 0
    after = run(updated=True)
    assert after.before.failures == 60
    by_the_maker = {"2": "certificate", "3": "ftp"}[cause.name[0]]
    assert [one.remedy.name for one in after.repairs] == ["ems", by_the_maker]
    assert attempt(after, "no_dhe").verdict == attempt(after, "no_ems").verdict == "does not help"
    assert attempt(after, "leading_zeros").verdict == "is in force"


def test_the_commands_print_what_the_package_gives(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["windows", "mitigate", "Windows 10 1903", "--cause", "2a", "--trials", "60", "--seed", "1"]
    assert main([*arguments, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["repairs"] == ["ems", "certificate"]
    assert document["before"]["client"]["certificates"] == ["rsa"]
    assert main(arguments) == 0
    text = capsys.readouterr().out
    assert all(remedy.what in text for remedy in REMEDIES)
    assert text.endswith("Repaired by: EMS on both sides; else a certificate asked for in every full handshake.\n")
    assert main(["mitigate", "--client", "ems=off", "--trials", "10", "--seed", "1"]) == 0
    assert "nothing to repair" in capsys.readouterr().out
    hopeless = ["mitigate", "--client", "versions=TLSv1.0", "--server", "versions=TLSv1.2", "--trials", "20"]
    assert main(hopeless) == 1
    assert "No remedy repairs it." in capsys.readouterr().out
