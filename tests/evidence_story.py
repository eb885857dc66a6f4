"""A story that ends in an evidence bundle: a real recorder, store and trust file, and a clock that tests set.

`Story` is told step by step; each step takes the time it says and no other. `rewrite` and `reseal` are what an
attacker does to the lines afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from attest.agent.windows import Moment, OpenWindow
from attest.codec import canonical, instant
from attest.codec.clock import Clock
from attest.codec.octets import sha256_hex
from attest.codec.records import Record
from attest.evidence.bundle import LogSource, write_bundle
from attest.evidence.disclosing import Kept
from attest.evidence.grammar import BundleEnd, Tier
from attest.evidence.verdict import Verdict
from attest.evidence.verify.file import verify_file
from attest.evidence.verify.question import Question
from attest.provenance.certified_writer import ATTESTATION_KIND, KEY_KIND
from attest.recorder import Draft, Recorder, open_recorder
from attest.signing.dsse import encode_envelope, read_envelope, sign_envelope
from attest.signing.keyfiles import public_pem
from attest.signing.keys import PrivateKey
from attest.statement.digests import Subject
from attest.statement.enforcing import Action, Result
from attest.statement.findings import Finding, FindingKind, Findings
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates import (
    runtime_event,
    runtime_measurement,
    runtime_reference,
    runtime_violation,
)
from attest.statement.predicates.runtime_event import ContextValue, Event, EventKind, RuntimeEvent
from attest.statement.predicates.runtime_measurement import (
    Coverage,
    Measured,
    MeasuredProcess,
    MeasuredUpstream,
    RuntimeMeasurement,
    Window,
)
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.predicates.runtime_violation import RuntimeViolation
from attest.statement.receipt import ReceiptHeader
from attest.statement.statement import findings_subject, make_statement, payload_digest
from attest.statement.states import State
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified
from attest.tlog.documents import Documents
from attest.tlog.stores import SQLITE
from tests import documents
from tests.world import NOW, SEALER, TRUST, WRITER

RUN: Final = "ab" * 16
SESSION: Final = "cd" * 16
CYCLE: Final = 10_000
"""Milliseconds between the beginnings of two cycles."""

EVIDENCE: Final = (documents.PROVENANCE, documents.SBOM)
WHEEL: Final = documents.WHEEL
DRIFT: Final = Findings(
    state=State.DRIFT,
    findings=(Finding(kind=FindingKind.CHANGED, where="tree/server.py", expected="sha256 aa", found="sha256 bb"),),
    total=1,
)


def change(record: Any, **changes: Any) -> Any:
    """Return a record with other values; a dotted field (`validity__sequence`) changes the record inside."""
    for name, value in changes.items():
        outer, _, inner = name.partition("__")
        new = change(getattr(record, outer), **{inner: value}) if inner else value
        record = msgspec.structs.replace(record, **{outer: new})
    return record


def seal(
    reference: RuntimeReference,
    key: PrivateKey = SEALER,
    subjects: tuple[Subject, ...] = documents.SUBJECTS,
) -> tuple[str, bytes]:
    """Sign a reference; return its digest and the bytes of its envelope."""
    payload = canonical.encode(make_statement(runtime_reference.PREDICATE_TYPE, reference, subjects))
    return sha256_hex(payload), encode_envelope(sign_envelope(payload, key))


REFERENCE: Final[RuntimeReference] = change(
    documents.REFERENCE,
    sealed_at=instant.text(NOW - 3_600_000),
    validity__not_before=instant.text(NOW - 3_600_000),
)
REFERENCE_DIGEST, REFERENCE_ENVELOPE = seal(REFERENCE)


PROCESS: Final = MeasuredProcess(
    pid=1, start_time_ticks=2, uid=3, executable_path="/usr/bin/python3.12", executable_sha256="c" * 64
)


class Story:
    """One log as an agent writes it. `now` is in milliseconds and moves with what is told."""

    def __init__(
        self,
        folder: Path,
        *,
        reference: RuntimeReference = REFERENCE,
        sealer: PrivateKey = SEALER,
        writer: PrivateKey = WRITER,
        attestation: bytes | None = None,
        evidence: Sequence[bytes] = EVIDENCE,
        runtimes: Sequence[bytes] = (),
        boot_drift: Callable[[int], int] = lambda _now: 0,
        subjects: tuple[Subject, ...] = documents.SUBJECTS,
    ) -> None:
        self.folder = folder
        self.now = NOW - 600_000
        self.reference, envelope = seal(reference, sealer, subjects)
        self.subjects = subjects
        self.sealed = reference
        self.envelope = envelope
        self.binding, self.isolation = Binding.ADOPTED, Isolation.OTHER_UID
        self._drift = boot_drift
        clock = Clock(
            real=lambda: self.now,
            boot=lambda: self.now - NOW + 86_400_000 + self._drift(self.now),
            boot_id="11111111-2222-3333-4444-555555555555",
        )
        self.clock = clock
        self.writer = writer
        self.recorder: Recorder = open_recorder(folder, writer, clock=clock, pinned=None, session_id=SESSION)
        store = Documents(folder)
        self.attestation = attestation
        """Of the writer's key, which then stands in no trust file."""
        if attestation is not None:
            store.put(KEY_KIND, writer.keyid, public_pem(writer.public))
            store.put(ATTESTATION_KIND, writer.keyid, attestation)
        store.put("reference", self.reference, envelope)
        self.runtimes = tuple(
            payload_digest(read_envelope(each, where="runtime"), where="runtime") for each in runtimes
        )
        for digest, each in zip(self.runtimes, runtimes, strict=True):
            store.put("reference", digest, each)
        self.runtime: str | None = self.runtimes[0] if runtimes else None
        """The digest of the runtime's reference that the next measurements name."""
        self.process: MeasuredProcess | None = PROCESS
        self.upstream: MeasuredUpstream | None = None
        self.cycles = OpenWindow(cycles=10_000)
        self.begun: Moment | None = None
        self._states: dict[str, State] = {}
        """The newest state of each reference in this run."""
        for piece in evidence:
            store.put("evidence", sha256_hex(piece), piece)

    def record(
        self,
        kind: str,
        make: Callable[[ReceiptHeader], tuple[Record, tuple[Subject, ...]]],
        reference: str | None,
    ) -> int:
        """Record anything; return its sequence number."""
        draft = Draft(
            predicate_type=kind,
            make=make,
            isolation=self.isolation,
            binding=self.binding,
            time=self.now,
            reference=reference,
        )
        return self.recorder.record(draft).sequence

    def event(self, event: Event, *, reference: str | None = None) -> int:
        """Record an event."""

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return RuntimeEvent(receipt=header, event=event), findings_subject(event, name="event")

        return self.record(runtime_event.PREDICATE_TYPE, make, reference)

    def start(self, nonce: str | None = None, context: dict[str, str] | None = None, run: str = RUN) -> Story:
        """Begin a run."""
        self._states.clear()
        values = tuple(ContextValue(name=name, value=value) for name, value in sorted((context or {}).items()))
        self.event(
            Event(
                kind=EventKind.START,
                run=run,
                references=(self.reference, *self.runtimes),
                verifier_nonce=nonce,
                context=values,
                key_attestation=None if self.attestation is None else sha256_hex(self.attestation),
            )
        )
        return self

    def stop(self, run: str = RUN) -> Story:
        """End a run."""
        self.event(Event(kind=EventKind.STOP, run=run, outcome="asked to"))
        return self

    def wait(self, milliseconds: int) -> Self:
        """Let time pass."""
        self.now += milliseconds
        return self

    def measured(self) -> Measured:
        """Measure for 50 ms from now on."""
        started = self.now
        self.now += 50
        coverage = Coverage(
            files=5,
            bytes=479,
            rehashed=5,
            cached=0,
            derived=2,
            oldest_hash_age_milliseconds=50,
            process=self.process,
            upstream=self.upstream,
        )
        return Measured(
            started_at=instant.text(started),
            finished_at=instant.text(self.now),
            coverage=coverage,
            runtime=self.runtime,
        )

    def measure(
        self,
        times: int = 1,
        *,
        after: int = CYCLE,
        reference: str | None = None,
        subjects: tuple[Subject, ...] | None = None,
    ) -> Story:
        """Record so many cycles that matched, each begun `after` milliseconds."""
        for _ in range(times):
            self.wait(after)
            measured = self.measured()

            def make(header: ReceiptHeader, measured: Measured = measured) -> tuple[Record, tuple[Subject, ...]]:
                return RuntimeMeasurement(receipt=header, measured=measured), subjects or self.subjects

            self.record(runtime_measurement.PREDICATE_TYPE, make, reference or self.reference)
            self.turn(State.MATCH, reference or self.reference)
        return self

    def forget(self) -> Story:
        """Tell no transition from what was measured until now."""
        self._states.clear()
        return self

    def turn(self, state: State, reference: str) -> Story:
        """Record the transition to a state, if it is one."""
        before = self._states.get(reference)
        self._states[reference] = state
        if before not in {None, state}:
            self.event(Event(kind=EventKind.TRANSITION, before=before, after=state), reference=reference)
        return self

    def window(
        self,
        times: int,
        *,
        after: int = CYCLE,
        size: int = 6,
        edit: Callable[[Window], Window] = lambda window: window,
    ) -> Story:
        """Record so many cycles that matched, `size` in a receipt; `edit` changes what each window says."""
        for number in range(times):
            self.wait(after)
            begun = Moment(real=self.now, boot=self.clock.boot())
            self.cycles.add(self.measured(), begun, before=self.begun, run=RUN)
            self.begun = begun
            if self.cycles.size == size or number == times - 1:
                self._close_window(edit)
        return self

    def _close_window(self, edit: Callable[[Window], Window]) -> None:
        measured = self.cycles.said()
        self.cycles.closed()
        assert measured is not None
        assert measured.window is not None
        said = msgspec.structs.replace(measured, window=edit(measured.window))

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            return RuntimeMeasurement(receipt=header, measured=said), documents.SUBJECTS

        self.record(runtime_measurement.PREDICATE_TYPE, make, self.reference)

    def violate(self, findings: Findings = DRIFT, subjects: tuple[Subject, ...] | None = None) -> int:
        """Record a cycle that did not match; return its sequence number."""
        measured = self.wait(CYCLE).measured()

        def make(header: ReceiptHeader) -> tuple[Record, tuple[Subject, ...]]:
            predicate = RuntimeViolation(receipt=header, measured=measured, findings=findings)
            return predicate, subjects or findings_subject(findings)

        sequence = self.record(runtime_violation.PREDICATE_TYPE, make, self.reference)
        self.turn(findings.state, self.reference)
        return sequence

    def act(
        self, sequence: int, *, outcome: bool = True, action: Action | None = None, result: Result = Result.DONE
    ) -> Story:
        """Record an action for a violation, the sealed one unless another is given, and its outcome."""
        action = action or self.sealed.enforcement.on_drift
        self.event(Event(kind=EventKind.ACTION_INTENDED, action=action, caused_by=sequence), reference=self.reference)
        if outcome:
            taken = Event(
                kind=EventKind.ACTION_TAKEN, action=action, caused_by=sequence, result=result, outcome="it ended"
            )
            self.event(taken, reference=self.reference)
        return self

    def checkpoint(self) -> Checkpoint:
        """Have everything covered, and return the checkpoint as somebody else would keep it."""
        return read_checkpoint_unverified(self.recorder.checkpoint().result(), where="note")

    def export(
        self, tier: Tier = Tier.RECEIPTS, since: Checkpoint | None = None, disclose: Iterable[range] = ()
    ) -> list[bytes]:
        """Have everything covered, and return the lines of the bundle."""
        return export_all([self], tier, since, disclose)

    def restart(self, session_id: str) -> Self:
        """Let go of the log, and open it again for another session."""
        self.recorder.close()
        self.recorder = open_recorder(self.folder, self.writer, clock=self.clock, pinned=None, session_id=session_id)
        return self

    def close(self) -> None:
        """Release the log."""
        self.recorder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def export_all(
    stories: Iterable[Story],
    tier: Tier = Tier.RECEIPTS,
    since: Checkpoint | None = None,
    disclose: Iterable[range] = (),
) -> list[bytes]:
    """Have everything covered, and return the lines of the bundle over the logs of all stories."""
    with contextlib.ExitStack() as stack:
        sources = []
        for story in stories:
            story.checkpoint()
            reader = stack.enter_context(contextlib.closing(SQLITE.open_reader(story.folder)))
            sources.append(LogSource(reader=reader, documents=Documents(story.folder), kept=Kept(story.folder)))
        return list(write_bundle(sources, tier=tier, since=since, disclose=disclose))


def honest(folder: Path, cycles: int = 3, **changes: Any) -> list[bytes]:
    """Return the lines of a bundle with nothing wrong: start, cycles, stop."""
    with Story(folder, **changes) as story:
        return story.start().measure(cycles).stop().export()


def ask(**changes: Any) -> Question:
    """Return the question that an honest story answers with PASSED."""
    return Question(**{"trust": TRUST, "at": NOW, "references": (REFERENCE_DIGEST,), **changes})


def judge(lines: Iterable[bytes], **changes: Any) -> Verdict:
    """Verify lines; `changes` are those of the question."""
    return verify_file(lines, ask(**changes), file="e.jsonl")


def reseal(lines: Sequence[bytes]) -> list[bytes]:
    """Write the end line anew, as an attacker can: it is not signed."""
    body = list(lines[:-1])
    end = BundleEnd(lines=len(body), sha256=hashlib.sha256(b"".join(body)).hexdigest())
    return [*body, canonical.encode(end) + b"\n"]


def rewrite(lines: Sequence[bytes], kind: str, edit: Callable[[Any], None], index: int = 0) -> list[bytes]:
    """Edit the JSON of the line of that kind (the `index`-th of them), and write the end line anew."""
    number = [at for at, line in enumerate(lines) if json.loads(line)["kind"] == kind][index]
    value = json.loads(lines[number])
    edit(value)
    changed = list(lines)
    changed[number] = canonical.encode_value(value) + b"\n"
    return reseal(changed)


def failing(verdict: Verdict) -> Iterator[str]:
    """Yield the ids of the checks that failed or stayed unproven, those not reached left out."""
    for check in verdict.checks:
        if check.status in {"fail", "unproven"} and not check.detail.startswith("not reached"):
            yield check.id
