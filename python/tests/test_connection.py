"""Connections in memory: whole ones, and ones to step through."""

import json

import pytest

import tlslab as tl

NO_EMS = tl.Client(ems="off")
KEEPER = tl.Server(ems="off", premaster_zeros="keep", groups=[{"p": 2**1024 + 1657867, "g": 4}])


def test_a_failure_says_what_when_who_and_why() -> None:
    connection = tl.handshake(NO_EMS, KEEPER, seed=7)
    outcome = connection.outcome
    assert (outcome.kind, outcome.alert, outcome.code) == ("alert", "bad_record_mac", 20)
    assert (outcome.sender, outcome.at, outcome.cause) == ("server", "Finished", "Z")
    assert outcome.failed
    assert connection.secrets["z"].startswith("00")
    assert connection.secrets_of("client")["z"] == connection.secrets_of("server")["z"]
    assert connection.secrets_of("client")["premaster"] == connection.secrets["z"].lstrip("0").rjust(2, "0")
    assert connection.secrets_of("server")["premaster"] == connection.secrets["z"]


def test_a_success_says_what_was_agreed() -> None:
    connection = tl.handshake(tl.Client(), tl.Server(), seed=7)
    assert connection.established == {
        "version": "TLSv1.2",
        "suite": "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
        "ems": True,
        "resumed": None,
        "encrypt_then_mac": False,
        "alpn": None,
        "client_certificate": None,
    }
    assert not connection.outcome.failed
    assert [message.name for message in connection.messages[:5]] == [
        "ClientHello",
        "ServerHello",
        "Certificate",
        "ServerKeyExchange",
        "ServerHelloDone",
    ]


def test_the_seed_is_the_connection() -> None:
    first, again, other = (tl.handshake(NO_EMS, tl.Server(), seed=seed) for seed in (5, 5, 6))
    assert first.flights == again.flights
    assert first.flights != other.flights
    drawn = tl.handshake(NO_EMS, tl.Server())
    assert tl.handshake(NO_EMS, tl.Server(), seed=drawn.seed).flights == drawn.flights
    with pytest.raises(tl.RunError, match="seed"):
        tl.handshake(NO_EMS, tl.Server(), seed=-1)


def test_everything_is_there_as_json() -> None:
    document = json.loads(tl.handshake(NO_EMS, KEEPER, seed=7).to_json())
    assert document["seed"] == "7"
    assert document["outcome"]["alert"] == "bad_record_mac"
    assert document["messages"][0]["fields"]["client_version"] == "TLSv1.2"


def test_a_ladder_shows_who_sent_what() -> None:
    ladder = tl.handshake(NO_EMS, KEEPER, seed=7).ladder()
    assert "ClientHello (142) --------------->" in ladder
    assert "<-- Alert fatal bad_record_mac (2)" in ladder
    assert ladder.endswith("the server sent fatal alert 20, bad_record_mac, while it expected Finished; the cause is Z")


def test_stepping_without_changes_is_the_handshake() -> None:
    live = tl.open(NO_EMS, KEEPER, seed=7)
    names = [(message.sender, message.name) for message in live]
    whole = tl.handshake(NO_EMS, KEEPER, seed=7)
    assert names == [(message.sender, message.name) for message in whole.messages]
    assert live.connection.flights == whole.flights
    assert live.connection.outcome == whole.outcome
    assert live.edits == []


def test_changes_by_hand_are_edits_that_run_again() -> None:
    careless = tl.Client(downgrade_check="off")
    live = tl.open(careless, tl.Server(), seed=7)
    hello = live.step()
    assert hello is not None
    assert '"client_version": "TLSv1.2"' in hello.show()
    hello.replace(client_version="TLSv1.1")
    assert '"client_version": "TLSv1.1"' in hello.show()
    connection = live.run()
    assert connection.established is not None
    assert connection.established["version"] == "TLSv1.1"
    assert connection.messages[0].edited
    again = tl.handshake(careless, tl.Server(), seed=7, edits=live.edits)
    assert again.flights == connection.flights


def test_dropped_inserted_and_swapped_messages() -> None:
    def step_to(live: tl.LiveConnection, name: str) -> tl.LiveMessage:
        return next(message for message in live if message.name == name)

    live = tl.open(tl.Client(), tl.Server(), seed=7)
    step_to(live, "ServerKeyExchange").drop()
    outcome = live.run().outcome
    assert (outcome.alert, outcome.sender, outcome.cause) == ("unexpected_message", "client", "edit")

    live = tl.open(tl.Client(), tl.Server(), seed=7)
    step_to(live, "Certificate").insert_before({"type": "HelloRequest"})
    connection = live.run()
    assert connection.outcome.kind == "established"
    assert "HelloRequest" in [message.name for message in connection.messages]

    live = tl.open(tl.Client(), tl.Server(), seed=7)
    step_to(live, "ClientKeyExchange").swap()
    outcome = live.run().outcome
    assert (outcome.alert, outcome.sender) == ("unexpected_message", "server")


def test_a_change_is_made_to_the_message_and_not_to_what_was_inserted_beside_it() -> None:
    careless = tl.Client(downgrade_check="off")
    live = tl.open(careless, tl.Server(), seed=7)
    hello = live.step()
    assert hello is not None
    hello.insert_before({"type": "Alert", "level": "warning", "description": "user_canceled"})
    hello.set("client_version", "TLSv1.1")
    connection = live.run()
    assert [message.name for message in connection.messages[:2]] == ["Alert", "ClientHello"]
    assert connection.messages[1].fields["client_version"] == "TLSv1.1"
    assert connection.outcome.kind == "established"
    assert tl.handshake(careless, tl.Server(), seed=7, edits=live.edits).flights == connection.flights


def test_bytes_of_a_message_are_changed_by_hand_and_again() -> None:
    live = tl.open(tl.Client(), tl.Server(), seed=7)
    for message in live:
        if message.name == "ServerHelloDone":
            message.append(bytes(3)).append(bytes(9)).truncate(4)  # as it was
        elif message.name == "Finished" and message.sender == "client":
            message.xor(15, b"\x01")
    assert live.connection.outcome.alert == "decrypt_error"
    assert live.connection.outcome.cause == "edit"
    assert tl.handshake(tl.Client(), tl.Server(), seed=7, edits=live.edits).flights == live.connection.flights


def test_changes_that_cannot_be_made_change_nothing() -> None:
    live = tl.open(tl.Client(), tl.Server(), seed=7)
    hello = live.step()
    assert hello is not None
    with pytest.raises(tl.EditError, match=r'ClientHello has no field "session".*session_id'):
        hello.set("session", "00")
    with pytest.raises(tl.EditError, match=r"ClientHello.client_version does not take"):
        hello.set("client_version", "TLSv9")
    live.step()
    with pytest.raises(tl.EditError, match="sent already"):
        hello.drop()
    assert live.run().outcome.kind == "established"
    edit = {
        "side": "client",
        "select": {"message": "ClientHello"},
        "change": {"set_field": {"path": "x", "value": 1}},
    }
    with pytest.raises(tl.EditError, match='no field "x"'):
        tl.handshake(tl.Client(), tl.Server(), edits=[edit])
