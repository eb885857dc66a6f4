"""An agent whose clocks a test sets: what it would do in days, without waiting for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.agent import starting
from attest.agent.keeping import Reported
from attest.agent.run import Run
from attest.agent.starting import AgentRequest, open_agent
from attest.codec.clock import Clock
from attest.evidence.bundle import LogSource, write_bundle
from attest.evidence.verdict import Verdict
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.question import Question
from attest.signing.dsse import read_envelope
from attest.statement.findings import FindingKind
from attest.statement.states import State
from attest.tlog.check import check_structure
from attest.tlog.documents import Documents
from attest.tlog.stores import SQLITE
from attest.trust.document import Minima
from attest.trust.making import write_trust
from attest.trust.trust import load_trust
from tests.installed import Bench
from tests.world import NOW, WRITER, make_trust_file, write_key_pair


@dataclass
class Hands:
    """Both clocks, set by hand: milliseconds since 1970, and since the boot."""

    real: int = NOW
    boot: int = 5_000_000
    boot_id: str = "11111111-2222-3333-4444-555555555555"

    def wait(self, milliseconds: int) -> None:
        """Let time pass, asleep or not."""
        self.real += milliseconds
        self.boot += milliseconds

    def clock(self) -> Clock:
        """Return the clock that shows them."""
        return Clock(real=lambda: self.real, boot=lambda: self.boot, boot_id=self.boot_id)


@dataclass(kw_only=True)
class Watch:
    """A bench with a trust file and a writer's key, and the agents that run on it one after the other."""

    bench: Bench
    hands: Hands
    seen: list[Reported] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """The log's folder."""
        return self.bench.folder / "log"

    def trust(self, minima: Minima | None = None) -> None:
        """Write the trust file."""
        (self.bench.folder / "trust.json").write_bytes(write_trust(make_trust_file(minima=minima)))

    @contextmanager
    def running(self, *references: Path, **changes: Any) -> Iterator[Run]:
        """Open an agent and record its start; it ends without a stop, as after a kill, unless the test stops it."""
        folder = self.bench.folder
        given: dict[str, Any] = {
            "references": references,
            "trust": folder / "trust.json",
            "key": folder / "writer.key",
            "log": self.log,
            "places": {},
        }
        with open_agent(AgentRequest(**{**given, **changes}), self.seen.append) as run:
            run.tell = self.told.append
            yield run

    def once(self, *references: Path, **changes: Any) -> Reported:
        """Start, measure once, stop."""
        with self.running(*references, **changes) as run:
            run.once()
        return self.seen[-1]

    def events(self) -> list[str]:
        """Return what the log tells, in words."""
        return [_word(payload) for payload in self.payloads()]

    def payloads(self) -> list[Any]:
        """Return the payloads of all receipts, of a log whose structure is whole."""
        reader = SQLITE.open_reader(self.log)
        try:
            assert check_structure(reader) == ()
            rows = list(reader.rows(0, reader.size))
        finally:
            reader.close()
        return [msgspec.json.decode(read_envelope(row.receipt, where="receipt").payload) for row in rows]

    def verdict(self, **changes: Any) -> Verdict:
        """Return what is to be said of the whole log now."""
        reader = SQLITE.open_reader(self.log)
        try:
            lines = list(write_bundle([LogSource(reader=reader, documents=Documents(self.log))]))
        finally:
            reader.close()
        trust = load_trust(self.bench.folder / "trust.json")
        question = Question(**{"trust": trust, "at": self.hands.real, **changes})
        return verify_file(lines, question, file="e.jsonl")


def make_watch(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Return a watch whose agents take their clock from its hands."""
    watch = Watch(bench=bench, hands=Hands())
    watch.trust()
    if not (bench.folder / "writer.key").exists():
        write_key_pair(bench.folder, "writer", WRITER)
    monkeypatch.setattr(starting, "system_clock", watch.hands.clock)
    return watch


def kinds(reported: Reported) -> list[FindingKind]:
    """Return the kinds of what was found."""
    return [finding.kind for finding in reported.cycle.findings.findings]


def states(seen: list[Reported]) -> list[State]:
    """Return the states of some cycles."""
    return [reported.cycle.state for reported in seen]


def _word(payload: Any) -> str:
    predicate = payload["predicate"]
    name = payload["predicateType"].rsplit("/", 2)[-2]
    if name != "runtime-event":
        return str(name.removeprefix("runtime-"))
    event = predicate["event"]
    if event["kind"] == "transition":
        return f"{event['before']} -> {event['after']}"
    if event["kind"] == "clock-step":
        return f"clock-step {event['stepMilliseconds']}"
    return str(event["kind"])
