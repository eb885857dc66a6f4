"""SIGKILL at many points of a writer's life: what was acknowledged is in the log at the next start, and it goes on.

One program forks writer after writer into the same folder and kills each: before its nth SQL statement, or so many
microseconds after its nth acknowledgement. Between them it takes up the log as an agent would.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]

PROGRAM = """
import hashlib, os, signal, sys, time
from pathlib import Path
from attest.codec.clock import system_clock
from attest.recorder import Draft, open_recorder
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import runtime_event
from attest.statement.predicates.runtime_event import Event, EventKind, RuntimeEvent
from attest.statement.statement import findings_subject
from attest.tlog.check import check_log
from attest.tlog.checkpoint import open_checkpoint
from attest.tlog.stores import SQLITE
from attest.tlog.stores import sqlite as store
from tests.world import WRITER

FOLDER, HOW = Path(sys.argv[1]), sys.argv[2]
RUN = "a1" * 16


def draft(kind, number=None):
    event = Event(kind=kind, run=RUN, entries_found=number)
    return Draft(
        predicate_type=runtime_event.PREDICATE_TYPE,
        make=lambda header: (RuntimeEvent(receipt=header, event=event), findings_subject(event, name="event")),
        isolation=Isolation.SAME_UID,
        binding=Binding.TREE,
    )


def opened(pinned):
    return open_recorder(FOLDER, WRITER, clock=system_clock(), pinned=pinned)


def write_until_killed(told, pinned, die_at_statement):
    if die_at_statement is not None:
        open_for_writing, left = store.open_for_writing, die_at_statement

        def traced(path):
            connection = open_for_writing(path)

            def statement(sql):
                nonlocal left
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

            connection.set_trace_callback(statement)
            return connection

        store.open_for_writing = traced
    recorder = opened(pinned)
    found = recorder.interrupted
    kind = EventKind.START if found is None else EventKind.RESUME
    recorder.submit(draft(kind, found and found.entries_found)).result()
    while True:
        futures = [recorder.submit(draft(EventKind.ACTION_TAKEN)) for _ in range(3)]
        note = recorder.checkpoint()
        for future in futures:
            recorded = future.result()
            os.write(told, b"entry %d %s\\n" % (recorded.sequence, recorded.digest.encode()))
        os.write(told, b"note %s\\n" % note.result().hex().encode())
        # Two in this very thread: nothing of the batches above is left to share a flush with.
        for _ in range(2):
            recorded = recorder.record(draft(EventKind.ACTION_TAKEN))
            os.write(told, b"entry %d %s\\n" % (recorded.sequence, recorded.digest.encode()))


def spawn(pinned, die_at_statement):
    reading, told = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            write_until_killed(told, pinned, die_at_statement)
        finally:
            os._exit(9)
    os.close(told)
    return child, os.fdopen(reading, "rb")


def finish(child, pipe, lines):
    lines += pipe.read().splitlines(keepends=True)
    pipe.close()
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
        sys.exit(f"a writer ended by itself: {status}")
    return lines


def by_statement(number, pinned):
    child, pipe = spawn(pinned, number)
    return finish(child, pipe, [])


def by_time(number, pinned):
    child, pipe = spawn(pinned, None)
    lines = [pipe.readline() for _ in range(1 + number % 5)]
    until = time.perf_counter_ns() + number * 37_000
    while time.perf_counter_ns() < until:
        pass
    os.kill(child, signal.SIGKILL)
    return finish(child, pipe, lines)


acknowledged, size, pinned = {}, 0, None
for number in range(int(sys.argv[3])):
    for line in (by_statement if HOW == "statement" else by_time)(number, pinned):
        if not line.endswith(b"\\n"):
            continue
        kind, *values = line.split()
        if kind == b"entry":
            acknowledged[int(values[0])] = values[1].decode()
        else:
            pinned = open_checkpoint(bytes.fromhex(values[0].decode()), WRITER.public, where="note")
    if not (FOLDER / "log.db").exists():
        assert not acknowledged
        continue
    recorder = opened(pinned)
    assert recorder.size >= size, (number, recorder.size, size)
    if recorder.size:
        assert recorder.interrupted is not None and recorder.interrupted.run == RUN, number
        assert recorder.interrupted.entries_found == recorder.size, number
    size = recorder.size
    recorder.close()
    log = SQLITE.open_reader(FOLDER)
    assert check_log(log, WRITER.public) == (), number
    receipts = {row.sequence: row.receipt for row in log.rows(0, log.size)}
    log.close()
    for sequence, digest in acknowledged.items():
        assert hashlib.sha256(receipts[sequence]).hexdigest() == digest, (number, sequence)
print(size, len(acknowledged))
"""


@pytest.mark.parametrize(("how", "times"), [("statement", 40), ("time", 40)])
def test_a_killed_writer_loses_nothing_that_it_acknowledged(tmp_path, how, times):
    child = subprocess.run(
        [sys.executable, "-c", PROGRAM, tmp_path / "log", how, str(times)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    size, acknowledged = map(int, child.stdout.split())
    assert size >= acknowledged >= times
