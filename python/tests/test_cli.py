"""The command line, as a shell sees it."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

import tlslab as tl
import tlslab.reproduce
from tlslab.causes import CAUSES
from tlslab.cli import main, parser
from tlslab.cli.look_alikes import text
from tlslab.look_alikes import LOOK_ALIKES

ROOT = Path(__file__).parents[2]
TLSLAB = [sys.executable, "-m", "tlslab"]
KEEPER = "ems=off,premaster_zeros=keep,groups=modp768"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TLSLAB, *arguments], capture_output=True, text=True, timeout=600)


def test_reproduce_shows_the_failure_and_its_repairs() -> None:
    done = run("reproduce")
    assert done.returncode == 0, done.stderr
    table, _, _ = done.stdout.partition("\n\n")
    assert table in (ROOT / "README.md").read_text(), "the README shows another table"
    assert done.stdout.endswith("and every cause comes with the update and is repaired.\n")


def test_reproduce_as_json() -> None:
    document = json.loads(run("reproduce", "--trials", "1024", "--class-trials", "10000", "--json").stdout)
    assert document["ok"] is True
    by_name = {experiment["name"]: experiment for experiment in document["experiments"]}
    assert by_name["DHE, no EMS"]["failures"] > 0
    assert by_name["DHE, EMS on both sides"]["failures"] == 0
    assert by_name["no TLS_DHE suite on the client, no EMS"]["failures"] == 0
    assert len(by_name) == len(document["experiments"])
    for cause in (one.name for one in CAUSES):
        before, after = (by_name[f"cause {cause}: {when} the update"] for when in ("before", "after"))
        assert before["failures"] < after["failures"]
        assert after["verdict"] == "makes it worse"
        assert by_name[f"cause {cause}: after it, EMS on both sides"]["verdict"] == "repairs"


def test_a_cause_that_does_not_emerge_is_no_reproduction(monkeypatch: pytest.MonkeyPatch) -> None:
    harmless = replace(CAUSES[1], name="harmless", server=tl.Server())
    monkeypatch.setattr("tlslab.reproduce.CAUSES", (harmless,))
    done = tlslab.reproduce.reproduce(trials=20, class_trials=20, progress=False)
    assert not done.ok
    assert not done.emerges("harmless")
    before, after = (row for row in done.rows if row.condition.name in ("before the update", "after the update"))
    assert (before.verdict, after.verdict) == (None, "does not help")
    assert before.result.failures == after.result.failures


def test_look_alikes_print_their_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.modules["tlslab.look_alikes"], "LOOK_ALIKES", LOOK_ALIKES[:2])
    assert main(["look-alikes", "--trials", "100", "--seed", "3"]) == 0
    assert capsys.readouterr().out == text(tl.look_alikes(trials=100, seed=3, progress=False)) + "\n"


def test_the_rival_hypothesis_is_that_of_the_docs() -> None:
    done = run("rival")
    assert done.returncode == 0, done.stderr
    _, _, table = done.stdout.partition("\n\n")
    assert table in (ROOT / "docs" / "cause-1.md").read_text(), "docs/cause-1.md shows another table"


def test_handshake() -> None:
    done = run("handshake", "--client", "ems=off", "--server", KEEPER, "--seed", "7", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert document["outcome"]["kind"] == "established"
    assert document["seed"] == "7"
    failed = run("handshake", "--client", "ems=required", "--server", "ems=off")
    assert failed.returncode == 1
    assert "handshake_failure" in failed.stdout


def test_handshake_with_edits(tmp_path: Path) -> None:
    edit = {"side": "server", "select": {"message": "ServerHelloDone"}, "change": "drop"}
    (tmp_path / "edits.json").write_text(json.dumps([edit]))
    done = run("handshake", "--edits", str(tmp_path / "edits.json"))
    assert done.returncode == 1
    assert "timed out" in done.stdout


def test_run_then_replay_of_its_file(tmp_path: Path) -> None:
    done = run("run", "--client", "ems=off", "--server", KEEPER, "--trials", "1500", "--seed", "11", "--json")
    assert done.returncode == 0
    (tmp_path / "run.json").write_text(done.stdout)
    trial = json.loads(done.stdout)["failed_trials"][0]
    replayed = run("replay", "--result", str(tmp_path / "run.json"), "--trial", str(trial), "--json")
    assert replayed.returncode == 0
    (connection,) = json.loads(replayed.stdout)["connections"]
    assert connection["outcome"]["cause"] == "Z"
    by_knobs = run("replay", "--client", "ems=off", "--server", KEEPER, "--seed", "11", "--trial", str(trial), "--json")
    assert by_knobs.stdout == replayed.stdout


def test_an_interrupted_run_prints_what_was_done() -> None:
    process = subprocess.Popen(
        [
            *TLSLAB,
            "run",
            "--client",
            "ems=off",
            "--server",
            KEEPER,
            "--trials",
            "1000000000",
            "--seed",
            "1",
            "--json",
        ],
        stdout=subprocess.PIPE,
        text=True,
        # A shell that runs the tests in the background has them ignore SIGINT, and their children with them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=10)
    assert process.returncode == 130
    assert json.loads(output)["stopped_by"] == "interrupted"


def test_serve_and_connect() -> None:
    serving = subprocess.Popen([*TLSLAB, "serve", "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert serving.stdout is not None
    try:
        address = json.loads(serving.stdout.readline())["listening"]
        done = run("connect", address, "--data", "hello", "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout)["received"] == "hello"
        refused = run("connect", address, "--client", "suites=TLS_DH_anon_WITH_AES_128_CBC_SHA")
        assert refused.returncode == 1
        assert "handshake_failure" in refused.stdout
    finally:
        serving.send_signal(signal.SIGTERM)
        _, log = serving.communicate(timeout=10)
    assert serving.returncode == 0
    assert log.splitlines()[0].startswith("established, TLSv1.2")


def test_connect_sends_what_is_on_stdin_and_names_the_server() -> None:
    with tl.serve(tl.Server()) as serving:
        argv = [*TLSLAB, "connect", serving.address, "--sni", "lab.test", "--data", "-", "--renegotiate", "1", "--json"]
        done = subprocess.run(argv, input=b"from stdin", capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["received"] == "from stdin"
    assert document["note"] == "the server refused to renegotiate (no_renegotiation)"
    names = [one for one in document["messages"][0]["fields"]["extensions"] if one["type"] == "server_name"]
    assert names[0]["server_name_list"][0]["name"] == "lab.test"


def test_a_session_is_written_at_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "session.json"
    file.write_text("what was there before")
    file.chmod(0o644)
    with tl.serve(tl.Server()) as serving:
        for resumed in (None, "session_id"):
            offered = ["--session-in", str(file)] if resumed else []
            done = run("connect", serving.address, "--session-out", str(file), "--json", *offered)
            assert json.loads(done.stdout)["outcome"]["established"]["resumed"] == resumed
        assert (file.stat().st_mode & 0o777, list(tmp_path.iterdir())) == (0o600, [file])
        nowhere = run("connect", serving.address, "--session-out", str(tmp_path / "none" / "session.json"))
    assert nowhere.returncode == 2
    assert "cannot write" in nowhere.stderr


def test_serve_says_where_it_listens_in_plain_text_too() -> None:
    with subprocess.Popen([*TLSLAB, "serve"], stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        serving.send_signal(signal.SIGINT)
        assert serving.wait(timeout=10) == 0
    assert line.startswith("listening on 127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["handshake", "--client", "esm=off"], 'no knob "esm"'),
        (["handshake", "--client", "ems"], "knob=value"),
        (["handshake", "--client", "@/nowhere.json"], "cannot read /nowhere.json"),
        (["run", "--trials", "0"], "at least one trial"),
        (["run", "--scenario", "half"], 'no scenario "half"'),
        (["replay", "--trial", "1"], "--seed"),
        (["connect", "nowhere"], "HOST:PORT"),
        (["connect", "127.0.0.1:1"], "cannot connect"),
        (["connect", "127.0.0.1:1"], "nothing listens on that port"),
        (["connect", "127.0.0.1:1", "--starttls", "smtp"], "cannot connect"),
        (["connect", "127.0.0.1:1", "--starttls", "ftp", "--data", "x", "--list", "/"], "--data: not with --list"),
        (["connect", "127.0.0.1:1", "--renegotiate", "-1"], "renegotiations is a whole number"),
        (["connect", "127.0.0.1:1", "--timeout", "1e12"], "more than a year"),
        (["serve", "--cert", "/nowhere.pem"], "1 certificates and 0 keys"),
        (["serve", "--mode", "ftp", "--starttls", "smtp"], "AUTH TLS of its own"),
        (["serve", "--max-connections", "0"], "at least 1"),
        (["serve", "--max-bytes", "-1"], "max_bytes is a whole number"),
        (["serve", "--idle-timeout", "-1"], "no length of time"),
        (["serve", "--cert", "/nowhere.pem", "--key", "/nowhere.pem"], "cannot read /nowhere.pem"),
        (["serve", "--host", "203.0.113.1"], "cannot listen"),
        (["connect", "127.0.0.1:1", "--list", ""], "--starttls ftp"),
        (["connect", "127.0.0.1:1", "--starttls", "ftp"], "cannot connect"),
        (["connect", "127.0.0.1:1", "--starttls", "ftp", "--retrieve", "a\nb"], "a path of FTP"),
        (["serve", "--mode", "ftp", "--files", "/nowhere"], "no directory"),
        (["windows", "show", "Windows 10 1930"], "did you mean Windows 10, version 1903"),
        (["windows", "kb", "KB4517398"], "did you mean KB4517389"),
        (["windows", "profile", "Windows Servr 2019"], "did you mean Windows Server 2019"),
        (["windows", "profile", "Windows 7", "--reg", "/nowhere.reg"], "cannot read /nowhere.reg"),
        (["windows", "symptoms", "--outcome", "alert:bad_mac:server", "--side", "client"], "is no outcome"),
        (["handshake", "--client", "windows:Windows 10 1930"], "did you mean Windows 10, version 1903"),
        (["handshake", "--server", "windows:Windows 7:after"], ":updated or :before, not 'after'"),
    ],
)
def test_errors_go_to_stderr_with_exit_code_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert captured.out == ""


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ["reproduce", "look-alikes", "rival", "mitigate", "handshake", "run", "replay", "connect", "serve"]
    commands += ["vectors", "bench", "knobs"]
    commands += ["windows " + command for command in ("list", "show", "kb", "profile", "ftps", "mitigate", "symptoms")]
    for command in commands:
        with pytest.raises(SystemExit) as stopped:
            parser().parse_args([*command.split(), "--help"])
        assert stopped.value.code == 0
        assert f"example:\n  tlslab {command}" in capsys.readouterr().out


def test_knobs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["knobs", "server"]) == 0
    output = capsys.readouterr().out
    assert all(f"{knob['name']} = " in output for knob in tl.knobs("server"))
