"""Captures and key logs as files; what tshark makes of them is tested beside the peers."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import tlslab as tl
from tlslab.cli import main

#: The first bytes of a pcapng file: a Section Header Block.
PCAPNG = b"\x0a\x0d\x0d\x0a"
KEEPER = tl.Server(ems="off", premaster_zeros="keep")


def connection(seed: int = 7) -> tl.Connection:
    return tl.handshake(tl.Client(), tl.Server(), seed=seed)


def test_a_capture_is_the_same_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        connection().to_pcap(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert (tmp_path / "one").read_bytes().startswith(PCAPNG)


def test_secrets_are_embedded_only_if_asked_for(tmp_path: Path) -> None:
    connection().to_keylog(tmp_path / "keys")
    line = (tmp_path / "keys").read_bytes()
    connection().to_pcap(tmp_path / "open", secrets=True)
    connection().to_pcap(tmp_path / "sealed")
    assert line in (tmp_path / "open").read_bytes()
    assert b"CLIENT_RANDOM" not in (tmp_path / "sealed").read_bytes()


def test_a_key_log_has_a_line_for_each_handshake(tmp_path: Path) -> None:
    scenario = {"name": "two", "connections": [{}, {"renegotiates": {"by": "client"}}]}
    experiment = tl.Experiment(tl.Client(), tl.Server(renegotiation="secure"), scenario=scenario, signatures="real")
    connections = experiment.replay_all(7, 0)
    tl.to_keylog(connections, tmp_path / "keys")
    lines = [line.split() for line in (tmp_path / "keys").read_text().splitlines()]
    hellos = [message for one in connections for message in one.messages if message.name == "ClientHello"]
    assert [random for _, random, _ in lines] == [hello.fields["random"] for hello in hellos]
    assert {label for label, _, _ in lines} == {"CLIENT_RANDOM"}
    assert len(lines) == 3
    assert lines[0][2] == lines[1][2] != lines[2][2]


def test_where_the_sides_differ_it_is_the_keys_of_who_protects_first(tmp_path: Path) -> None:
    result = tl.Experiment(tl.Client(ems="off"), KEEPER.replace(groups=["modp768"])).run(2000, seed=1)
    failed = result.replay(result.failed_trials[0])
    failed.to_keylog(tmp_path / "keys")
    client, server = (failed.secrets_of(side)["master_secret"] for side in ("client", "server"))
    assert client != server
    assert (tmp_path / "keys").read_text().split()[2] == client


def test_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    connection().to_keylog(tmp_path / "keys")
    connection().to_pcap(tmp_path / "open", secrets=True)
    connection().to_pcap(tmp_path / "sealed")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("keys", "open", "sealed")]
    mask = os.umask(0)
    os.umask(mask)
    assert modes == [0o600, 0o600, 0o666 & ~mask]


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "capture.pcapng"
    path.write_text("as it was")
    capture = tl.Capture(pcap=path, keylog=tmp_path / "keys")
    capture.add([connection()])
    capture.__exit__(KeyboardInterrupt, None, None)
    assert [one.name for one in tmp_path.iterdir()] == ["capture.pcapng"]
    assert path.read_text() == "as it was"


def test_a_link_stays_a_link_and_a_device_a_device(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "target")
    connection().to_pcap(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes().startswith(PCAPNG)
    connection().to_pcap(os.devnull)
    assert not Path(os.devnull).is_file()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(tl.RunError, match=r"cannot write .*nowhere"):
        connection().to_pcap(tmp_path / "nowhere" / "x.pcapng")
    with pytest.raises(tl.RunError, match="cannot write"):
        tl.Capture(pcap=tmp_path / "x.pcapng", keylog=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [
        ["handshake", "--seed", "7"],
        ["handshake", "--seed", "7", "--scenario", "resume"],
        ["replay", "--seed", "7", "--trial", "3"],
    ],
    ids=["handshake", "scenario", "replay"],
)
def test_commands_write_captures(command: list[str], tmp_path: Path) -> None:
    pcap, keylog = tmp_path / "x.pcapng", tmp_path / "x.keys"
    assert main([*command, "--pcap", str(pcap), "--keylog", str(keylog), "--pcap-secrets"]) == 0
    assert pcap.read_bytes().startswith(PCAPNG)
    assert all(line.encode() in pcap.read_bytes() for line in keylog.read_text().splitlines())


def test_secrets_without_a_capture_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["handshake", "--pcap-secrets"]) == 2
    assert "--pcap-secrets embeds the keys in the file of --pcap" in capsys.readouterr().err


def test_connect_and_serve_write_captures(tmp_path: Path) -> None:
    served, made = tmp_path / "served.pcapng", tmp_path / "made.pcapng"
    argv = [
        sys.executable,
        "-m",
        "tlslab",
        "serve",
        "--json",
        "--pcap",
        str(served),
        "--keylog",
        str(tmp_path / "keys"),
    ]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        address = json.loads(server.stdout.readline())["listening"]
        assert main(["connect", address, "--data", "hello", "--pcap", str(made)]) == 0
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0
    assert served.read_bytes().startswith(PCAPNG)
    assert made.read_bytes().startswith(PCAPNG)
    assert (tmp_path / "keys").read_text().startswith("CLIENT_RANDOM ")
