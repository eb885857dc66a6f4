"""Durable: receipts that are on the disk before anybody is told, against a bare loop of write and fdatasync."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from attest.codec.clock import system_clock
from attest.recorder import open_recorder
from attest.tlog.stores import SQLITE
from benchmarks.machine import file_system_of
from benchmarks.material import emitter, measurement
from benchmarks.report import Report, at_least, rate_outcome
from benchmarks.rounds import Candidate
from benchmarks.setting import Setting, timed_alone
from tests.world import WRITER

RECEIPTS: Final = 320
"""More than fill the write-ahead log once, so that each round has its share of copying it back."""

CALLERS: Final = 32
_ROUNDS: Final = 31
_LONGEST_SECONDS: Final = 30.0
"""A third is enough on a disk that nobody else uses; on a busy one fewer rounds would say little."""

_PEER: Final = "bare write + fdatasync"
_STORE: Final = "store, ready rows"
_ONE: Final = "recorder, 1 caller"
_MANY: Final = f"recorder, {CALLERS} callers"


def run(setting: Setting) -> Report:
    """Append record after record, each of them flushed; all candidates on the same disk."""
    amount = setting.size(RECEIPTS)
    draft = measurement(time=None, seconds=10)
    with ExitStack() as stack:
        store = SQLITE.create_or_open_writer(setting.folder / "ready")
        stack.callback(store.close)
        emitting = emitter(store.log)
        # Rounds that only wait for the disk are never run again: so many, and one to warm up.
        ready = iter([emitting.emit(draft)[0] for _ in range(amount * (_ROUNDS + 1))])
        recorder = stack.enter_context(
            open_recorder(setting.folder / "recorded", WRITER, clock=system_clock(), pinned=None)
        )
        receipt = recorder.record(draft)
        octets = os.urandom(len(receipt.entry) + len(receipt.receipt))
        bare = os.open(setting.folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        stack.callback(os.close, bare)
        callers = stack.enter_context(ThreadPoolExecutor(CALLERS))

        def write() -> None:
            for _ in range(amount):
                os.write(bare, octets)
                os.fdatasync(bare)

        def append() -> None:
            for _ in range(amount):
                store.append(store.log.size, [next(ready)])

        def record(times: int) -> None:
            for _ in range(times):
                recorder.record(draft)

        def record_together() -> None:
            list(callers.map(record, [each] * CALLERS))

        each = max(1, amount // 16)
        seen = setting.race(
            [
                Candidate(name=_PEER, run=timed_alone(write), amount=amount, computes=False),
                Candidate(name=_STORE, run=timed_alone(append), amount=amount, computes=False),
                Candidate(name=_ONE, run=timed_alone(lambda: record(amount)), amount=amount, computes=False),
                Candidate(name=_MANY, run=timed_alone(record_together), amount=each * CALLERS, computes=False),
            ],
            rounds=_ROUNDS,
            longest=_LONGEST_SECONDS,
        )
    return Report(
        title=f"durable: records of {len(octets)} bytes on {file_system_of(setting.folder)}, every one flushed",
        remarks=(
            "the bare loop appends, and so flushes the file's new length each time; the store writes its write-ahead",
            "log over and over, and can be faster than that, copying it back every 300 records included",
        ),
        races=(seen,),
        outcomes=(
            rate_outcome(seen, _STORE, _PEER, at_least(0.8)),
            rate_outcome(seen, _ONE, _PEER, at_least(0.6)),
            rate_outcome(seen, _MANY, _ONE, at_least(2)),
        ),
    )
