"""Algorithms: what it costs to sign and verify a receipt with each kind of key, and how large it becomes."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Final

from attest.signing.algorithms import ALGORITHMS, DEFAULT
from attest.signing.dsse import IN_TOTO_PAYLOAD, pae, sign_to_octets
from attest.signing.keys import PrivateKey, generate
from attest.tlog.stores import SQLITE
from benchmarks.material import emitter, measurement
from benchmarks.report import Outcome, Report, figure, time_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone

SIGNATURES: Final = 200


def run(setting: Setting) -> Report:
    """Sign one receipt many times with a key of each algorithm, and verify the signatures."""
    amount = setting.size(SIGNATURES)
    payload = _payload(setting)
    keys = {name: generate(ALGORITHMS[name]) for name in ALGORITHMS}
    signing = [_candidate("sign", name, _sign(keys[name], payload, amount), amount) for name in keys]
    verifying = [_candidate("verify", name, _verify(keys[name], payload, amount), amount) for name in keys]
    signed, verified = setting.race(signing, rounds=21), setting.race(verifying, rounds=21)
    outcomes: list[Outcome] = []
    for name in keys:
        if name != DEFAULT:
            outcomes.append(time_outcome(signed, f"sign {name}", f"sign {DEFAULT}"))
            outcomes.append(time_outcome(verified, f"verify {name}", f"verify {DEFAULT}"))
    for name, key in keys.items():
        outcomes.append(figure(f"receipt by {name}", len(sign_to_octets(payload, key)), " B"))
    title = f"algorithms: a receipt of {len(payload)} signed bytes"
    return Report(title=title, races=(signed, verified), outcomes=tuple(outcomes))


def _payload(setting: Setting) -> bytes:
    store = SQLITE.create_or_open_writer(setting.folder / "algorithms")
    try:
        emitting = emitter(store.log)
    finally:
        store.close()
    receipt = emitting.emit(measurement(time=None, seconds=10))[1].receipt
    return base64.b64decode(json.loads(receipt)["payload"])


def _candidate(verb: str, name: str, work: Callable[[], None], amount: int) -> Candidate:
    return Candidate(name=f"{verb} {name}", run=timed_alone(work), amount=amount)


def _sign(key: PrivateKey, payload: bytes, amount: int) -> Callable[[], None]:
    def work() -> None:
        for _ in range(amount):
            sign_to_octets(payload, key)

    return work


def _verify(key: PrivateKey, payload: bytes, amount: int) -> Callable[[], None]:
    message = pae(IN_TOTO_PAYLOAD, payload)
    signature = key.sign(message)

    def work() -> None:
        for _ in range(amount):
            key.public.verify(signature, message)

    return work
