"""Vectors of what is signed, and of what signs: envelopes, signed notes, checkpoints, key files."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from attest.codec.octets import to_base64
from attest.signing.algorithms.ecdsa_p256 import ECDSA_P256
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keyfiles import private_pem, public_pem
from attest.signing.keys import PrivateKey
from attest.signing.note import MAX_NOTE_BYTES, sign_note
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.tlog.merkle import EMPTY_ROOT
from scripts.faults import Fault, Places, base64_faults, with_value
from scripts.json_vectors import strict_faults
from scripts.vector import Vector, bad, good
from tests import ml_dsa_keys
from tests.documents import PRIVATE_KEY, PUBLIC_KEY, REVOCATION_ENVELOPE, REVOCATION_PAYLOAD
from tests.fuzz.targets import NOTE_NAME, TARGETS
from tests.log_documents import CHECKPOINT, ORIGIN, PAYLOADS
from tests.ml_dsa_keys import der, pkcs8
from tests.world import SEALER, STRANGER, WRITER

P256: Final = PrivateKey(ECDSA_P256, ec.derive_private_key(4242, ec.SECP256R1()))
NOTE: Final = TARGETS["note"].good


def envelopes() -> Iterator[Vector]:
    """Yield envelopes of a revocation, to be opened with the sealer's key."""
    places = Places(text=("payloadType",), digest=("signatures", 0, "keyid"))
    envelope = REVOCATION_ENVELOPE
    yield from good("good", envelope, "envelope")
    yield from good("good-with-line-feed", envelope + b"\n", "envelope")
    yield from bad("envelope", strict_faults(envelope, places))
    yield from bad("envelope", _envelope_faults(envelope))
    yield from bad("envelope", _untrusted_envelopes(envelope), error="UntrustedError")


def _envelope_faults(envelope: bytes) -> Iterator[Fault]:
    signature = json.loads(envelope)["signatures"][0]

    def sealed(payload: bytes, payload_type: str = "application/vnd.in-toto+json") -> bytes:
        return encode_envelope(sign_envelope(payload, SEALER, payload_type=payload_type))

    yield "wrong-payload-type", sealed(REVOCATION_PAYLOAD, "application/json")
    yield "payload-not-canonical", sealed(b" " + REVOCATION_PAYLOAD)
    yield "payload-of-another-predicate", sealed(PAYLOADS["runtime-reference"])
    yield "payload-no-statement", sealed(b"[]")
    yield "payload-empty", sealed(b"")
    yield "no-signature", with_value(envelope, ("signatures",), [])
    yield "too-many-signatures", with_value(envelope, ("signatures",), [signature] * 17)
    yield "keyid-missing", with_value(envelope, ("signatures",), [{"sig": signature["sig"]}])
    yield "keyid-empty", with_value(envelope, ("signatures", 0, "keyid"), "")
    yield "signature-unknown-field", with_value(envelope, ("signatures", 0, "cert"), "")
    yield "two-line-feeds", envelope + b"\n\n"
    for name, octets in base64_faults(REVOCATION_PAYLOAD, lambda text: with_value(envelope, ("payload",), text)):
        yield f"payload-{name}", octets
    raw = SEALER.sign(b"")
    for name, octets in base64_faults(raw, lambda text: with_value(envelope, ("signatures", 0, "sig"), text)):
        yield f"signature-{name}", octets


def _untrusted_envelopes(envelope: bytes) -> Iterator[Fault]:
    signature = json.loads(envelope)["signatures"][0]
    stranger = json.loads(encode_envelope(sign_envelope(REVOCATION_PAYLOAD, STRANGER)))["signatures"][0]

    def signed_by(*signatures: object) -> bytes:
        return with_value(envelope, ("signatures",), list(signatures))

    yield "keyid-unknown", signed_by(stranger)
    yield "keyid-of-another-key", signed_by({**stranger, "keyid": SEALER.keyid})
    yield "keyid-of-another-role", encode_envelope(sign_envelope(REVOCATION_PAYLOAD, WRITER))
    yield "signature-doubled", signed_by(signature, signature)
    yield "signature-of-a-stranger-beside", signed_by(signature, stranger)
    yield "signature-cut", signed_by({**signature, "sig": to_base64(SEALER.sign(REVOCATION_PAYLOAD)[:-2])})
    yield "signature-without-pae", signed_by({**signature, "sig": to_base64(SEALER.sign(REVOCATION_PAYLOAD))})
    yield "signature-empty", signed_by({**signature, "sig": ""})
    yield (
        "payload-changed",
        with_value(envelope, ("payload",), to_base64(REVOCATION_PAYLOAD.replace(b"found", b"still"))),
    )
    yield "payload-type-changed", with_value(envelope, ("payloadType",), "application/json")


def notes() -> Iterator[Vector]:
    """Yield signed notes, to be opened with the sealer's key under the name of the example."""
    text, signature = NOTE.decode().split("\n\n")
    stranger = sign_note(f"{text}\n", "other.example/log", STRANGER).decode().split("\n\n")[1]
    yield from good("good", NOTE, "note")
    yield from good("good-witnessed", f"{text}\n\n{stranger}{signature}".encode(), "note")
    yield from good("good-with-empty-lines", sign_note("a\n\nb\n", NOTE_NAME, SEALER), "note")
    yield from bad("note", _note_faults(text, signature))
    yield from bad("note", _untrusted_notes(text, signature), error="UntrustedError")


def _note_faults(text: str, signature: str) -> Iterator[Fault]:
    line = signature.removesuffix("\n")
    yield "empty", b""
    yield "without-signature", f"{text}\n".encode()
    yield "without-empty-line", f"{text}\n{signature}".encode()
    yield "cut-line-feed", NOTE[:-1]
    yield "carriage-returns", NOTE.replace(b"\n", b"\r\n")
    yield "tab-in-text", f"a\tb\n\n{signature}".encode()
    yield "invalid-utf8", b"\xff" + NOTE
    yield "hyphen-for-dash", NOTE.replace("— ".encode(), b"-- ")
    yield "signature-line-of-two-words", f"{text}\n\n— {NOTE_NAME}\n".encode()
    yield "signature-line-of-four-words", f"{text}\n\n{line} x\n".encode()
    yield "base64-without-padding", f"{text}\n\n{line.rstrip('=')}\n".encode()
    yield "too-many-signatures", f"{text}\n\n{signature * 17}".encode()
    yield "too-large", f"{'a' * MAX_NOTE_BYTES}\n\n{signature}".encode()


def _untrusted_notes(text: str, signature: str) -> Iterator[Fault]:
    yield "text-changed", f"{text.replace('three', 'four')}\n\n{signature}".encode()
    yield "signature-of-a-stranger", sign_note(f"{text}\n", NOTE_NAME, STRANGER)
    yield "signature-under-another-name", sign_note(f"{text}\n", "other.example/log", SEALER)
    yield "signature-doubled", f"{text}\n\n{signature * 2}".encode()
    key_id = SEALER.public.note_key_id(NOTE_NAME)
    yield "signature-of-nothing", f"{text}\n\n— {NOTE_NAME} {to_base64(key_id)}\n".encode()


def checkpoints() -> Iterator[Vector]:
    """Yield checkpoints of a log, to be opened with the writer's key."""
    empty = sign_checkpoint(Checkpoint(origin=ORIGIN, size=0, root=EMPTY_ROOT), WRITER)
    yield from good("good", CHECKPOINT, "checkpoint")
    yield from good("good-of-an-empty-log", empty, "checkpoint")
    yield from bad("checkpoint", _checkpoint_faults())
    other = sign_checkpoint(Checkpoint(origin=ORIGIN, size=3, root=EMPTY_ROOT), STRANGER)
    untrusted = [
        ("signature-of-a-stranger", other),
        ("size-changed", CHECKPOINT.replace(b"\n3\n", b"\n2\n")),
        ("origin-changed", CHECKPOINT.replace(ORIGIN.encode() + b"\n3", b"attest.log/0\n3")),
    ]
    yield from bad("checkpoint", untrusted, error="UntrustedError")


def _checkpoint_faults() -> Iterator[Fault]:
    origin, size, root = CHECKPOINT.decode().split("\n")[:3]

    def signed(*lines: str) -> bytes:
        return sign_note("".join(f"{line}\n" for line in lines), ORIGIN, WRITER)

    yield "empty", b""
    yield "without-signature", f"{origin}\n{size}\n{root}\n".encode()
    yield "without-root", signed(origin, size)
    yield "extension-line", signed(origin, size, root, "more")
    yield "empty-origin", signed("", size, root)
    yield "origin-with-space", signed(f"{origin} x", size, root)
    yield "origin-with-plus", signed(f"{origin}+x", size, root)
    yield "size-with-leading-zero", signed(origin, "03", root)
    yield "size-with-sign", signed(origin, "+3", root)
    yield "size-negative", signed(origin, "-3", root)
    yield "size-in-hexadecimal", signed(origin, "0x3", root)
    yield "size-in-other-digits", signed(origin, "\uff13", root)
    yield "size-with-underscore", signed(origin, "1_0", root)
    yield "size-beyond-2-53", signed(origin, "9007199254740992", root)
    yield "size-empty", signed(origin, "", root)
    yield "size-zero-of-another-root", signed(origin, "0", root)
    yield "root-too-short", signed(origin, size, to_base64(b"\0" * 31))
    yield "root-without-padding", signed(origin, size, root.rstrip("="))
    yield "root-in-hexadecimal", signed(origin, size, "00" * 32)


def key_files() -> Iterator[Vector]:
    """Yield public and private key files."""
    yield from good("good-ed25519", PUBLIC_KEY, "public-key")
    yield from good("good-p256", public_pem(P256.public), "public-key")
    yield from good("good-without-last-line-feed", PUBLIC_KEY[:-1], "public-key")
    yield from good("good-ed25519", PRIVATE_KEY, "private-key")
    yield from good("good-p256", private_pem(P256), "private-key")
    for name in ml_dsa_keys.NAMES:
        key = ml_dsa_keys.key_of(name)
        yield from good(f"good-{name}", public_pem(key.public), "public-key")
        yield from good(f"good-{name}", private_pem(key), "private-key")
    other = ec.derive_private_key(4242, ec.SECP384R1())
    spki = other.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pkcs8 = other.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    yield from bad("public-key", _key_faults(PUBLIC_KEY, SEALER.public.spki, spki, "PUBLIC"))
    yield from bad("private-key", _key_faults(PRIVATE_KEY, SEALER.pkcs8(), pkcs8, "PRIVATE"))
    yield from bad("public-key", [("private-key-in-its-place", PRIVATE_KEY), *_spki_faults()])
    yield from bad("private-key", [("public-key-in-its-place", PUBLIC_KEY), *_ml_dsa_faults()])


def _key_faults(pem: bytes, der: bytes, unknown: bytes, label: str) -> Iterator[Fault]:
    def block(body: str, name: str = f"{label} KEY") -> bytes:
        return f"-----BEGIN {name}-----\n{body}\n-----END {name}-----\n".encode()

    yield "empty", b""
    yield "two-blocks", pem * 2
    yield "text-before", b"my key\n" + pem
    yield "text-after", pem + b"mine\n"
    yield "two-line-feeds", pem + b"\n"
    yield "carriage-returns", pem.replace(b"\n", b"\r\n")
    yield "byte-order-mark", b"\xef\xbb\xbf" + pem
    yield "wrong-label", block(to_base64(der), "EC KEY")
    yield "encrypted-label", block(to_base64(der), f"ENCRYPTED {label} KEY")
    yield "labels-that-differ", pem.replace(f"END {label}".encode(), b"END OTHER")
    yield "headers", block(f"Comment: a\n\n{to_base64(der)}")
    yield "trailing-bytes-in-der", block(to_base64(der + b"\0"))
    yield "length-beyond-the-end", block(to_base64(der[:1] + struct.pack("B", der[1] + 1) + der[2:]))
    yield "cut-der", block(to_base64(der[:-1]))
    yield "empty-body", block("")
    yield "unknown-curve", block(to_base64(unknown))
    yield "x448-of-the-wrong-length", block(to_base64(der.replace(b"\x2b\x65\x70", b"\x2b\x65\x6f")))
    for name, octets in base64_faults(der, block):
        if name != "base64-with-line-feed":
            yield name, octets


def _ml_dsa_faults() -> Iterator[Fault]:
    """The same key in the other forms that it has elsewhere, and in none."""
    name = ml_dsa_keys.NAMES[0]
    octets = bytes(ml_dsa_keys.EXPANDED_BYTES[name])
    seed, expanded = der(0x80, ml_dsa_keys.seed_of(name)), der(0x04, octets)
    forms = {
        "expanded-key": expanded,
        "seed-and-expanded-key": der(0x30, der(0x04, ml_dsa_keys.seed_of(name)) + expanded),
        "seed-too-long": der(0x80, ml_dsa_keys.seed_of(name) + b"\0"),
        "seed-and-trailing-bytes": seed + b"\0",
        "seed-in-an-octet-string": der(0x04, ml_dsa_keys.seed_of(name)),
    }
    for fault, form in forms.items():
        yield f"ml-dsa-{fault}", _pem(pkcs8(name, form))
    yield "ml-dsa-parameters", _pem(pkcs8(name, seed, parameters=b"\x05\0"))


def _pem(octets: bytes) -> bytes:
    body = to_base64(octets)
    return f"-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n".encode()


def _spki_faults() -> Iterator[Fault]:
    """The point of a P-256 key compressed: the same key, spelled otherwise. And an ML-DSA key of another set."""
    spki = P256.public.spki
    point = spki[-65:]
    short = bytes([2 + point[-1] % 2]) + point[1:33]
    head = bytearray(spki[:-65])
    head[1] -= 32
    head[-2] -= 32
    body = to_base64(bytes(head) + short)
    yield "compressed-point", f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n".encode()
    small, large = ml_dsa_keys.NAMES[:2]
    key = ml_dsa_keys.key_of(small).public.spki.replace(ml_dsa_keys.IDENTIFIERS[small], ml_dsa_keys.IDENTIFIERS[large])
    yield "ml-dsa-of-another-set", f"-----BEGIN PUBLIC KEY-----\n{to_base64(key)}\n-----END PUBLIC KEY-----\n".encode()
