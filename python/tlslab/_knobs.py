"""The keywords of Client and Server, made from the table of knobs by scripts/generate-knobs."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict

from tlslab.groups import Group


class ClientKnobs(TypedDict, total=False):
    """The knobs of a client."""

    alpn: Sequence[str]
    certificate_answer: Literal["fitting", "omit", "unproved"]
    certificates: Sequence[Literal["rsa", "ecdsa"]]
    close_notify: Literal["off", "on"]
    curves: Sequence[Literal["x25519", "secp256r1"]]
    downgrade_check: Literal["off", "on"]
    early_change_cipher_spec: Literal["refuse", "accept"]
    early_finished: Literal["refuse", "skip_change_cipher_spec", "skip_any"]
    ecdh_zeros: Literal["keep", "strip"]
    ems: Literal["off", "on", "required"]
    encrypt_then_mac: Literal["off", "on"]
    exponent_length: Literal["short", "full"] | int
    exponent_reuse: Literal["fresh", "within_trial"]
    fallback_scsv: Literal["off", "on"]
    finished_check: Literal["off", "on"]
    flight_records: Literal["per_message", "coalesced"]
    group_check: Literal["none", "safe_prime", "named"]
    groups: Sequence[str | Group | Mapping[str, str | int]]
    heartbeat: Literal["off", "on", "trust_length"]
    min_group_bits: int
    offer_downgrade: Literal["never", "offer"]
    offer_in_renegotiation: Literal["never", "offer"]
    offer_without_ems: Literal["never", "offer"]
    on_bad_finished: Literal["bad_record_mac", "decryption_failed", "decrypt_error", "close", "silence"]
    on_bad_record: Literal["bad_record_mac", "decryption_failed", "decrypt_error", "close", "silence"]
    on_unexpected: Literal["alert", "ignore", "close"]
    padding_check: Literal["off", "on"]
    premaster_zeros: Literal["strip", "keep", "strip_one", "sign_byte"] | Mapping[str, str]
    premaster_zeros_ems: Literal["strip", "keep", "strip_one", "sign_byte"] | Mapping[str, str]
    public_value: Literal["padded", "minimal"]
    public_value_check: Literal["none", "range", "subgroup"]
    record_padding: Literal["shortest", "longest"]
    record_size: int
    record_splitting: Literal["off", "on"]
    renegotiation: Literal["refuse", "secure", "legacy", "ignore"]
    renegotiation_info: Literal["off", "extension", "scsv"]
    resumed_certificate_request: Literal["refuse", "ignore", "answer"]
    resumed_ems_check: Literal["enforce", "ignore"]
    resumption: Literal["none", "session_id", "ticket", "both"]
    rsa_ciphertext_zeros: Literal["keep", "strip"]
    server_name: str | None
    short_public_value: Literal["accept", "reject", "miscompute"]
    short_rsa_signature: Literal["fail", "accept"]
    signature_algorithms: Sequence[str]
    signature_check: Literal["off", "on"]
    suites: Sequence[str]
    ticket_session_id: Literal["fresh", "empty"]
    verified_bytes: Literal["wire", "padded", "minimal"]
    versions: Sequence[Literal["TLSv1.0", "TLSv1.1", "TLSv1.2"]]
    without_suites: Sequence[str]


class ServerKnobs(TypedDict, total=False):
    """The knobs of a server."""

    alpn: Sequence[str]
    certificates: Sequence[Literal["rsa", "ecdsa"]]
    client_certificate: Literal["optional", "required"]
    close_notify: Literal["off", "on"]
    curves: Sequence[Literal["x25519", "secp256r1"]]
    downgrade_signal: Literal["off", "on"]
    early_change_cipher_spec: Literal["refuse", "accept"]
    early_finished: Literal["refuse", "skip_change_cipher_spec", "skip_any"]
    ecdh_zeros: Literal["keep", "strip"]
    ems: Literal["off", "on", "required"]
    encrypt_then_mac: Literal["off", "on"]
    exponent_length: Literal["short", "full"] | int
    exponent_reuse: Literal["fresh", "within_trial"]
    fallback_check: Literal["off", "on"]
    finished_check: Literal["off", "on"]
    flight_records: Literal["per_message", "coalesced"]
    groups: Sequence[str | Group | Mapping[str, str | int]]
    heartbeat: Literal["off", "on", "trust_length"]
    listed_groups: Literal["heed", "ignore"]
    on_bad_finished: Literal["bad_record_mac", "decryption_failed", "decrypt_error", "close", "silence"]
    on_bad_record: Literal["bad_record_mac", "decryption_failed", "decrypt_error", "close", "silence"]
    on_unexpected: Literal["alert", "ignore", "close"]
    padding_check: Literal["off", "on"]
    premaster_zeros: Literal["strip", "keep", "strip_one", "sign_byte"] | Mapping[str, str]
    premaster_zeros_ems: Literal["strip", "keep", "strip_one", "sign_byte"] | Mapping[str, str]
    public_value: Literal["padded", "minimal"]
    public_value_check: Literal["none", "range", "subgroup"]
    record_padding: Literal["shortest", "longest"]
    record_size: int
    record_splitting: Literal["off", "on"]
    renegotiation: Literal["refuse", "secure", "legacy", "ignore"]
    renegotiation_info: Literal["off", "on"]
    request_certificate: Literal["never", "full", "after_declined_resumption", "always"]
    resume_downgrade: Literal["full", "resume", "abort"]
    resume_legacy: Literal["full", "resume", "abort"]
    resume_upgrade: Literal["full", "resume", "abort"]
    resumed_ems_echo: Literal["session", "hello", "omit"]
    resumption: Literal["none", "session_id", "ticket", "both"]
    rsa_signature_zeros: Literal["keep", "strip"]
    session_lifetime: int
    short_public_value: Literal["accept", "reject", "miscompute"]
    short_rsa_ciphertext: Literal["fail", "accept"]
    signature_algorithms: Sequence[str]
    signed_bytes: Literal["wire", "padded", "minimal"]
    suite_preference: Literal["server", "client"]
    suites: Sequence[str]
    ticket_key: Literal["random", "zeros"]
    ticket_lifetime: int
    ticket_renewal: Literal["never", "always"]
    versions: Sequence[Literal["TLSv1.0", "TLSv1.1", "TLSv1.2"]]
    without_suites: Sequence[str]
