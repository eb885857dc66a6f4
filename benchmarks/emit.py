"""Emit: build, canonicalise, sign and hash receipts in memory, against the bare signatures over the same payloads."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from attest.tlog.stores import SQLITE
from benchmarks.material import emitter, measurement
from benchmarks.report import Report, at_least, rate_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone

RECEIPTS: Final = 1000

_PEER: Final = "bare Ed25519 signature (cryptography)"
_EMIT: Final = "Emitter.emit"


def run(setting: Setting) -> Report:
    """Emit measurements one after the other."""
    amount = setting.size(RECEIPTS)
    store = SQLITE.create_or_open_writer(setting.folder / "emit")
    try:
        emitting = emitter(store.log)
    finally:
        store.close()
    draft = measurement(time=None, seconds=10)
    receipts = [emitting.emit(draft)[1].receipt for _ in range(amount)]
    payloads = [base64.b64decode(json.loads(receipt)["payload"]) for receipt in receipts]
    key = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"bare").digest())

    def emit() -> None:
        for _ in range(amount):
            emitting.emit(draft)

    def sign() -> None:
        for payload in payloads:
            key.sign(payload)

    seen = setting.race(
        [
            Candidate(name=_PEER, run=timed_alone(sign), amount=amount),
            Candidate(name=_EMIT, run=timed_alone(emit), amount=amount),
        ],
        rounds=61,
    )
    return Report(
        title=f"emit: receipts of {len(receipts[0])} bytes, {len(payloads[0])} of them signed, in memory",
        races=(seen,),
        outcomes=(rate_outcome(seen, _EMIT, _PEER, at_least(0.5)),),
    )
