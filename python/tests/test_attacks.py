"""The Triple Handshake attack from Python and on the command line, and channel bindings."""

import json
from dataclasses import FrozenInstanceError
from typing import Any, Literal

import pytest

import tlslab as tl
from tlslab import _tlslab
from tlslab.attacks import Attacker, triple_handshake
from tlslab.cli import main

CLIENT = tl.Client(ems="off", offer_without_ems="offer", renegotiation="secure", certificates=["rsa"])
SERVER = tl.Server(ems="off", resume_legacy="resume")
COMMAND = ["attack", "triple-handshake", "--seed", "1"]
CLIENT_OPTION = ["--client", "ems=off,offer_without_ems=offer,renegotiation=secure,certificates=rsa"]
SERVER_OPTION = ["--server", "ems=off,resume_legacy=resume"]


@pytest.mark.parametrize("key_exchange", ["rsa", "dhe"])
def test_the_attack_succeeds_without_ems(key_exchange: Literal["rsa", "dhe"]) -> None:
    attacker = Attacker(key_exchange=key_exchange, sends=b"\x00\\ caf\xc3\xa9 '\r\n")
    done = triple_handshake(CLIENT, SERVER, attacker=attacker, client_sends=b"me\n", seed=1)
    assert (done.succeeded, done.failed_at) == (True, None)
    assert list(done.steps.values()) == [True] * 8
    assert done.attributed is not None
    assert done.attributed.data == b"\x00\\ caf\xc3\xa9 '\r\nme\n"

    first, second, third = done.handshakes
    assert [handshake.number for handshake in done.handshakes] == [1, 2, 3]
    assert first.same == {"master_secret": True, "randoms": True, "tls_unique": False, "exporter": True}
    assert second.same == third.same == dict.fromkeys(first.same, True)
    assert second.client_binding == second.server_binding != third.client_binding
    assert second.client is not None
    assert second.client["resumed"] == "session_id"
    assert third.server is not None
    assert third.server["client_certificate"] == done.attributed.client_certificate

    # The connections are what they are elsewhere.
    legs = done.connections[1]
    assert legs.client.outcome.succeeded
    assert legs.server.outcome.succeeded
    assert legs.server.channel_bindings("server") == [second.server_binding, third.server_binding]
    assert legs.client.channel_binding == third.client_binding
    sent = b"".join(bytes.fromhex(m.fields["data"]) for m in legs.client.messages if m.name == "ApplicationData")
    assert sent == b"me\n"


def test_with_ems_it_fails_at_the_first_secret() -> None:
    done = triple_handshake(CLIENT.replace(ems="on"), tl.Server(), seed=1)
    assert (done.succeeded, done.failed_at) == (False, "same_master_secret")
    assert done.handshakes[0].same is not None
    assert not done.handshakes[0].same["exporter"]
    assert done.attributed is None
    assert [(one.connection, one.party) for one in done.refusals] == [(2, "client")]
    assert done.connections[1].client.outcome.alert == "decrypt_error"


def test_ems_disabled_by_the_registry_is_no_remedy() -> None:
    """It takes away what stops the attack; what is left is that an updated client offers no session without EMS."""
    values = {"DisableClientExtendedMasterSecret": 1, "DisableServerExtendedMasterSecret": 1}

    def failed_at(*, updated: bool, registry: dict[str, int]) -> str | None:
        windows = tl.windows.profile("Windows 10 1903", updated=updated, registry=registry, leading_zero_update=True)
        client = windows.client.replace(certificates=["rsa"], renegotiation="legacy")
        return triple_handshake(client, windows.server, seed=1).failed_at

    assert failed_at(updated=True, registry={}) == "same_master_secret"
    assert failed_at(updated=False, registry=values) is None
    assert failed_at(updated=True, registry=values) == "resumption"


def test_a_seed_gives_the_same_attack_and_none_draws_one() -> None:
    one = triple_handshake(CLIENT, SERVER)
    again = triple_handshake(CLIENT, SERVER, seed=one.seed)
    assert one.to_json() == again.to_json()
    assert json.loads(one.to_json())["seed"] == str(one.seed)


def test_the_defaults_are_the_labs() -> None:
    given = triple_handshake(CLIENT, SERVER, seed=1).to_dict()["attack"]
    assert given == json.loads(_tlslab.triple_handshake(CLIENT.to_json(), SERVER.to_json(), "{}", 1))["attack"]


def test_nothing_changes() -> None:
    done = triple_handshake(CLIENT, SERVER, seed=1)
    with pytest.raises(AttributeError, match="does not change"):
        done.seed = 2
    with pytest.raises(TypeError):
        done.steps["injection"] = False  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        done.handshakes[0].number = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("keywords", "error", "reason"),
    [
        ({"attacker": Attacker(key_exchange="ecdhe")}, tl.RunError, "unknown variant `ecdhe`"),  # type: ignore[arg-type]
        ({"renegotiates": "client"}, tl.RunError, "request_certificate is what a server asks for"),
        ({"client_sends": bytes(1 << 21)}, tl.RunError, "client_sends has 2097152 bytes"),
        ({"seed": -1}, tl.RunError, "a seed is a whole number"),
    ],
)
def test_what_is_no_attack(keywords: dict[str, Any], error: type[Exception], reason: str) -> None:
    with pytest.raises(error, match=reason):
        triple_handshake(CLIENT, SERVER, **keywords)


def test_the_exit_code_says_whether_it_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*COMMAND, *CLIENT_OPTION, *SERVER_OPTION]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("the attack succeeded\n")
    assert "from the client with certificate" in shown
    assert main([*COMMAND, *CLIENT_OPTION, *SERVER_OPTION, "--request-certificate", "never", "-v"]) == 0
    shown = capsys.readouterr().out
    assert "the attack failed at client_authentication\n" in shown
    assert "from nobody in particular" in shown
    assert shown.startswith("connection 1, at the client\n")


def test_json_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    more = ["--key-exchange", "dhe", "--sends", "mine", "--client-sends", "its", "--json"]
    assert main([*COMMAND, *CLIENT_OPTION, *SERVER_OPTION, *more]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["attributed"]["data"] == "mineits"
    assert document["verdict"]["succeeded"] is True
    assert document["attack"]["attacker"]["key_exchange"] == "dhe"
    client = ["--renegotiates", "client", "--server", "ems=off,resume_legacy=resume,renegotiation=secure"]
    assert main([*COMMAND, *CLIENT_OPTION, *client]) == 0
    assert "failed at client_authentication" in capsys.readouterr().out
    assert main([*COMMAND, *client, "--request-certificate", "full"]) == 2
    assert "the client begins this one" in capsys.readouterr().err


def test_a_channel_binding() -> None:
    connection = tl.handshake(tl.Client(), tl.Server(), seed=7)
    binding = connection.channel_binding
    assert binding is not None
    assert [binding] == connection.channel_bindings("client") == connection.channel_bindings("server")
    assert hash(binding) == hash(connection.channel_bindings("server")[0])
    assert binding.master_secret.hex() == connection.secrets["master_secret"]
    assert (len(binding.tls_unique), len(binding.client_random), len(binding.server_random)) == (12, 32, 32)
    assert binding.exporter("EXPORTER-a", length=40)[:20] == binding.exporter("EXPORTER-a", length=20)
    assert binding.exporter("EXPORTER-a", length=20) != binding.exporter("EXPORTER-a", length=20, context=b"")
    for label, length, context, reason in (
        ("key expansion", 1, None, "a label of the handshake's own"),
        ("EXPORTER-a", 65536, None, "at most 65535 bytes"),
        ("EXPORTER-a", -1, None, "not -1"),
        ("EXPORTER-a", 1, bytes(65536), "at most 65535 bytes"),
    ):
        with pytest.raises(tl.RunError, match=reason):
            binding.exporter(label, length=length, context=context)
    failed = tl.handshake(tl.Client(ems="required"), tl.Server(ems="off"), seed=7)
    assert failed.channel_binding is None
