"""Windows as Python and the command line see it."""

from __future__ import annotations

import json
import shlex
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import tlslab as tl
from tlslab import windows
from tlslab.cli import main

CLIENT_OFF = {"DisableClientExtendedMasterSecret": 1}
SERVER_OFF = {"DisableServerExtendedMasterSecret": 1}
REG = (
    "Windows Registry Editor Version 5.00\r\n\r\n"
    "[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL]\r\n"
    '"DisableServerExtendedMasterSecret"=dword:00000001\r\n'
)


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 0
    return capsys.readouterr().out


def printed_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:  # noqa: ANN401 - whatever is printed
    return json.loads(printed(capsys, *arguments, "--json"))


def test_platforms_and_updates_lead_to_each_other() -> None:
    assert len(windows.platforms()) == 18
    assert len(windows.updates()) == 15
    for name in windows.platforms():
        platform = windows.show(name)
        assert platform.name == name
        assert platform.updates == tuple(update for update in windows.updates() if name in update.platforms)
        assert platform.enforced_since == windows.enforced_since(name) == date(2019, 10, 8)
        assert platform.enforced_since_by_edition["ja"] == date(2019, 10, 9)
        assert set(platform.sources) <= set(windows.sources())
    for update in windows.updates():
        assert windows.kb(update.kb) == windows.kb(int(update.kb[2:])) == windows.kb(update.kb[2:]) == update


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(tl.CatalogueError, match=r"did you mean Windows Server 2012 R2"):
        windows.show("Windows Server 2012 R")
    with pytest.raises(tl.CatalogueError, match=r"did you mean KB4517389"):
        windows.kb(4517398)
    with pytest.raises(tl.CatalogueError, match=r"no platform"):
        windows.profile("")


def test_a_profile_says_what_it_is() -> None:
    profile = windows.profile("windows 10 1607", updated=False, registry={"disableclientextendedmastersecret": 1})
    assert profile.name == profile.platform.name == "Windows 10, version 1607"
    assert not profile.updated
    assert not profile.ems_enforced
    assert not profile.leading_zero_update
    assert profile.registry == CLIENT_OFF
    assert profile.client.ems == "off"
    assert profile.server.ems == "on"
    assert profile.client.premaster_zeros == "keep"
    assert windows.profile("windows 10 1607").leading_zero_update
    assert windows.profile("windows 10 1607", leading_zero_update=False).client.premaster_zeros == "keep"
    assert any("nothing was said" in one for one in windows.profile("Windows 8.1").assumptions)
    assert not any("nothing was said" in one for one in windows.profile("Windows 8.1", updated=True).assumptions)


def test_what_makes_no_profile_is_refused() -> None:
    with pytest.raises(tl.RegistryError, match=r"no registry value \"DisableEMS\""):
        windows.profile("Windows 7", registry={"DisableEMS": 1})
    for value in (-1, 1 << 32, True):
        with pytest.raises(tl.RegistryError, match="is a DWORD"):
            windows.profile("Windows 7", registry={"DisableClientExtendedMasterSecret": value})
    with pytest.raises(tl.RunError, match=r"expected `Z` or `public_value`"):
        windows.profile("Windows 7", reading="z")  # type: ignore[arg-type]


def test_the_case_of_kb4557473_fails_once_in_256() -> None:
    client = windows.profile("Windows Server 2012 R2", updated=True)
    server = windows.profile("Windows Server 2019", updated=True, registry=SERVER_OFF)
    result = tl.Experiment(client.client, server.server).run(20_000, seed=1, progress=False)
    assert result.expected_rate == pytest.approx(1 / 256)
    assert result.p_value is not None
    assert result.p_value > 1e-3
    assert result.causes == {"Z": result.failures}
    assert result.outcomes["alert:bad_record_mac:server"] == result.failures > 0
    established = result.replay(0).established
    assert established is not None
    assert established["suite"] == "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"  # by the two lists, and by nobody's wish
    assert established["ems"] is False


@pytest.mark.parametrize(
    ("client", "server"),
    [
        (windows.profile("Windows Server 2012 R2"), windows.profile("Windows Server 2019")),
        (windows.profile("Windows Server 2016", registry=CLIENT_OFF), windows.profile("Windows Server 2019")),
        (windows.profile("Windows 7", registry=CLIENT_OFF), windows.profile("Windows Server 2012 R2")),
    ],
    ids=["EMS on both sides", "the leading-zero update on both", "the leading-zero update on neither"],
)
def test_each_remedy_is_enough(client: windows.Profile, server: windows.Profile) -> None:
    suites = ["TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"]
    group = tl.groups.custom(2**1024 + 1657867, 4)  # practically every Z has leading zeros
    experiment = tl.Experiment(
        client.client.replace(suites=suites), server.server.replace(suites=suites, groups=[group])
    )
    assert experiment.run(200, seed=1, fidelity="wire", progress=False).failures == 0


def test_reg_files(tmp_path: Path) -> None:
    path = tmp_path / "schannel.reg"
    path.write_bytes(REG.encode("utf-16"))
    assert windows.read_reg(path) == windows.read_reg(str(path)) == windows.read_reg(REG.encode()) == SERVER_OFF
    path.write_bytes(REG.encode() + b"rubbish\r\n")
    with pytest.raises(tl.RegistryError, match=rf"{path}: line 5: "):
        windows.read_reg(path)
    path.write_bytes(b";" * (1 << 24))
    with pytest.raises(tl.RegistryError, match="bytes at most"):
        windows.read_reg(path)
    with pytest.raises(tl.RegistryError, match="cannot read"):
        windows.read_reg(tmp_path)
    with pytest.raises(tl.RegistryError, match="cannot read"):
        windows.read_reg(tmp_path / "nowhere.reg")


def test_symptoms_of_a_real_failure() -> None:
    client = tl.Client(ems="off")
    server = tl.Server(ems="off", premaster_zeros="keep", groups=[tl.groups.custom(2**1024 + 1657867, 4)])
    outcome = tl.handshake(client, server, seed=7).outcome
    received, generated = windows.symptoms(outcome, "client"), windows.symptoms(outcome, "server")
    assert [one.event for one in received if one.event] == [36887]
    assert [one.event for one in generated if one.event] == [36888]
    assert "0x8009030f" in [one.code for one in received]
    assert received == windows.symptoms("alert:bad_record_mac:server", "client")
    japanese = windows.symptoms(outcome, "client", lang="ja")
    assert {one.source for one in japanese if one.lang == "en"} == {"KB4557473"}
    assert windows.symptoms(tl.handshake(tl.Client(), tl.Server(), seed=7).outcome, "client") == []
    for text in ("", "alert:bad_record_mac"):
        with pytest.raises(tl.RunError, match="is no outcome"):
            windows.symptoms(text, "client")
    with pytest.raises(tl.RunError, match="expected `en` or `ja`"):
        windows.symptoms("timed_out", "client", lang="fr")  # type: ignore[arg-type]


def test_the_commands_print_what_the_package_gives(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    listed = printed_json(capsys, "windows", "list")
    assert [platform["name"] for platform in listed["platforms"]] == windows.platforms()
    assert len(listed["disagreements"]) == len(windows.disagreements())
    shown = printed_json(capsys, "windows", "show", "Windows Server 2012 R2")
    assert shown["updates"] == [
        {"kb": "KB4520005", "kind": "monthly rollup"},
        {"kb": "KB4519990", "kind": "security-only"},
    ]
    assert shown["name"] == "Windows Server 2012 R2"
    assert shown["enforced_since"] == "2019-10-08"
    assert shown["cve"] == "CVE-2019-1318"
    update = printed_json(capsys, "windows", "kb", "4519338")
    assert update["platforms"] == ["Windows 10, version 1809", "Windows Server 2019"]
    (tmp_path / "server.reg").write_bytes(REG.encode("utf-16"))
    profile = printed_json(
        capsys, "windows", "profile", "Windows 7", "--not-updated", "--reg", str(tmp_path / "server.reg")
    )
    assert profile == windows.profile("Windows 7", updated=False, registry=SERVER_OFF).to_dict()
    symptoms = printed_json(capsys, "windows", "symptoms", "--outcome", "closed:server", "--side", "client")
    assert symptoms == [one.to_dict() for one in windows.symptoms("closed:server", "client")]


def test_the_commands_print_plain_text_too(capsys: pytest.CaptureFixture[str]) -> None:
    listed = printed(capsys, "windows", "list")
    assert all(name in listed for name in windows.platforms())
    assert all(update.kb in listed for update in windows.updates())
    assert all(one.here in listed for one in windows.disagreements())
    shown = printed(capsys, "windows", "show", "Windows Embedded POSReady 7")
    assert "KB4520003  security-only (assumed)" in shown
    assert "and every later update" in printed(capsys, "windows", "kb", "KB4517389")
    profile = windows.profile("Windows 8.1", updated=True)
    text = printed(capsys, "windows", "profile", "Windows 8.1", "--updated")
    assert all(one in text for one in (profile.client.to_json(), profile.server.to_json(), *profile.assumptions))
    symptoms = printed(
        capsys, "windows", "symptoms", "--outcome", "alert:bad_record_mac:server", "--side", "client", "--lang", "ja"
    )
    assert "event 36887: リモート エンドポイント" in symptoms
    assert "(KB4557473, en only)" in symptoms
    nothing = printed(capsys, "windows", "symptoms", "--outcome", "established:full:ems", "--side", "client")
    assert nothing == "nothing: the connection did not fail\n"


def test_symptoms_of_a_file(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    connection = tl.handshake(tl.Client(ems="required"), tl.Server(ems="off"), seed=7)
    expected = [one.to_dict() for one in windows.symptoms(connection.outcome, "server")]
    whole, alone = tmp_path / "connection.json", tmp_path / "outcome"
    whole.write_text(connection.to_json())
    alone.write_text(json.dumps(connection.to_dict()["outcome"]))
    for path in (whole, alone):
        assert printed_json(capsys, "windows", "symptoms", "--outcome", str(path), "--side", "server") == expected
    for broken in ("[]", "{", '{"outcome": {"kind": "exploded"}}'):
        whole.write_text(broken)
        assert main(["windows", "symptoms", "--outcome", str(whole), "--side", "client"]) == 2
    assert main(["windows", "symptoms", "--outcome", str(tmp_path / "nowhere.json"), "--side", "client"]) == 2


def commands_of_the_section(title: str) -> list[list[str]]:
    """Give the commands of a section of docs/windows.md."""
    page = (Path(__file__).parents[2] / "docs" / "windows.md").read_text()
    section = page.partition(f"### {title}\n")[2].partition("\n## ")[0]
    return [shlex.split(line)[1:] for line in section.splitlines() if line.startswith("tlslab ")]


def test_each_symptom_of_the_article_has_a_command_and_its_repair_another(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = windows.profile("Windows Server 2019", updated=True, registry=SERVER_OFF)
    Path("server.json").write_text(json.dumps(profile.to_dict()))
    commands = commands_of_the_section("Each symptom, and its repair")
    assert len(commands) == 18
    shown = [printed_json(capsys, *command) for command in commands]
    repaired = ["--remedy" in command or "--not-updated" in command for command in commands]
    assert [symptoms == [] for symptoms in shown] == repaired
    every = [symptom for symptoms in shown for symptom in symptoms]
    of_the_article = windows.symptoms("alert:bad_record_mac:server", "client")
    assert all(symptom.to_dict() in every for symptom in of_the_article)
    assert {symptom.get("event") for symptom in every} == {None, 36887, 36888}
    text = printed(capsys, *commands[3])
    assert text.startswith("the connection ended so: timed out\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "give an --outcome, a --cause"),
        (["--cause", "1", "--client", "ems=off"], "--client and --server go without"),
    ],
)
def test_symptoms_of_nothing_and_of_two_things_are_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["windows", "symptoms", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_a_windows_is_a_client_and_a_server_of_the_other_commands(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for state, updated in ((":updated", True), (":before", False), ("", None)):
        document = printed_json(
            capsys, "run", "--client", f"windows:Windows 10, version 1607{state}", "--trials", "10", "--seed", "1"
        )
        assert document["client"] == windows.profile("Windows 10 1607", updated=updated).client.to_dict()
    profile = windows.profile("Windows Server 2012 R2", registry=SERVER_OFF)
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(profile.to_dict()))
    options = ("--client", f"@{path}", "--server", f"@{path}", "--trials", "10", "--seed", "1")
    document = printed_json(capsys, "run", *options)
    assert document["client"] == profile.client.to_dict()
    assert document["server"] == profile.server.to_dict()
