"""Vectors of proofs: a receipt, its place in the log, the checkpoint, in one file of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attest.codec.octets import from_base64, to_base64
from attest.evidence.proof_file import write_proof_file
from attest.tlog.checkpoint import Checkpoint, sign_checkpoint
from attest.tlog.merkle import leaf_hash
from attest.tlog.proof import TlogProof
from scripts.faults import Fault, base64_faults
from scripts.vector import Vector, bad, good
from tests.log_documents import LOG, ORIGIN, PROOF
from tests.world import WRITER

_HEAD, _EXTRA, _INDEX, *_REST = PROOF.decode().split("\n")
_TAIL: Final = "\n".join(_REST)
_LINES: Final = from_base64(_EXTRA.removeprefix("extra "), where="extra").splitlines(keepends=True)


def proofs() -> Iterator[Vector]:
    """Yield receipts with proofs; whether a proof leads to the root is a matter of the verdict."""
    alone = sign_checkpoint(Checkpoint(origin=ORIGIN, size=1, root=leaf_hash(LOG[0].entry)), WRITER)
    only = TlogProof(index=0, hashes=(), note=alone)
    yield from good("good", PROOF, "tlog-proof")
    yield from good(
        "good-of-the-only-entry", write_proof_file(only, entry=LOG[0].entry, receipt=LOG[0].envelope), "tlog-proof"
    )
    yield from bad("tlog-proof", _line_faults())
    yield from bad("tlog-proof", _extra_faults())


def _file(*, head: str = _HEAD, extra: str = _EXTRA, index: str = _INDEX, tail: str = _TAIL) -> bytes:
    return "\n".join([head, *([extra] if extra else []), index, tail]).encode()


def _line_faults() -> Iterator[Fault]:
    yield "empty", b""
    yield "another-version", _file(head="c2sp.org/tlog-proof@v2")
    yield "carriage-returns", PROOF.replace(b"\n", b"\r\n", 3)
    yield "index-missing", _file(index=_REST[0], tail="\n".join(_REST[1:]))
    yield "index-with-leading-zero", _file(index="index 01")
    yield "index-negative", _file(index="index -1")
    yield "index-in-other-digits", _file(index="index \uff11")
    yield "index-beyond-2-53", _file(index="index 9007199254740992")
    yield "index-twice", _file(index=f"{_INDEX}\n{_INDEX}")
    yield "hash-too-short", _file(tail=_TAIL.replace(_REST[0], to_base64(bytes(31)), 1))
    yield "hash-in-hexadecimal", _file(tail=_TAIL.replace(_REST[0], "00" * 32, 1))
    yield "too-many-hashes", _file(tail=f"{_REST[0]}\n" * 64 + _TAIL)
    yield "without-checkpoint", PROOF.partition(b"\n\n")[0] + b"\n\n"
    yield "without-gap", PROOF.replace(b"\n\n", b"\n", 1)
    yield "checkpoint-cut", PROOF[:-1]
    for name, octets in base64_faults(b"four", lambda text: _file(extra=f"extra {text}")):
        yield f"extra-{name}", octets


def _extra_faults() -> Iterator[Fault]:
    entry, since = _LINES

    def holding(*lines: bytes) -> bytes:
        return _file(extra=f"extra {to_base64(b''.join(lines))}")

    yield "no-extra", _file(extra="")
    yield "extra-empty", _file(extra="extra ")
    yield "extra-after-index", _file(extra=_INDEX, index=_EXTRA)
    yield "extra-of-something-else", holding(b"age-v1.2.1")
    yield "without-entry", holding(since)
    yield "without-receipt", holding(b'{"entry":' + LOG[1].entry + b',"kind":"entry"}\n')
    yield "entry-twice", holding(entry, entry)
    yield "consistency-first", holding(since, entry)
    yield "consistency-twice", holding(entry, since, since)
    yield "extra-cut", holding(entry, since[:-1])
    yield "entry-not-canonical", holding(entry.replace(b'"event":', b'"event": ', 1))
    yield "consistency-with-unknown-field", holding(entry, since.replace(b"{", b'{"a":1,', 1))
    yield "line-of-another-kind", holding(entry, b'{"kind":"checkpoint","note":"x"}\n')
