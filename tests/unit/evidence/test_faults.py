"""Every check is seen failing once, for its own reason; the honest story beside each fault passes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from attest.agent.windows import OpenWindow
from attest.codec import canonical, instant
from attest.codec.octets import from_base64, sha256_hex, to_base64
from attest.evidence.grammar import Tier
from attest.evidence.verdict import Kind
from attest.evidence.verify import checks_of_calls, checks_of_policy
from attest.evidence.verify.checks import CHECKS
from attest.provenance.certified_writer import CERTIFICATE_CHECK, WINDOW_CHECK
from attest.provenance.model import Expectations, sealed
from attest.provenance.read import read_evidence
from attest.signing.dsse import encode_envelope, sign_envelope
from attest.signing.keys import PrivateKey
from attest.statement.digests import DigestSet
from attest.statement.findings import Findings
from attest.statement.levels import Binding, Isolation, Origin
from attest.statement.predicates.runtime_event import Event, EventKind
from attest.statement.predicates.runtime_measurement import Window
from attest.statement.predicates.runtime_reference import RuntimeDemand, Unclaimed
from attest.statement.states import State
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified, sign_checkpoint
from attest.tlog.documents import Documents
from attest.tlog.merkle import Frontier, leaf_hash
from attest.trust.document import Minima, SealRules
from attest.trust.trust import Trust
from tests import documents
from tests.evidence_story import (
    DRIFT,
    REFERENCE,
    REFERENCE_DIGEST,
    REFERENCE_ENVELOPE,
    RUN,
    WHEEL,
    Story,
    change,
    failing,
    honest,
    judge,
    reseal,
    rewrite,
    seal,
)
from tests.revoking import known, of_reference
from tests.world import (
    BUILDER_ID,
    NOW,
    SECOND_WRITER,
    SOURCE,
    STRANGER,
    TRUST,
    WRITER,
    make_provenance,
    make_trust_file,
    trust_of,
)

EARLY = instant.text(NOW - 599_000)
LATE = instant.text(NOW)

Made = tuple[list[bytes], dict[str, Any]]
"""Lines of a bundle, and what the question has other than the honest one."""

DAY = 86_400_000
NONE = Unclaimed(files=0, paths=())


def _sealed(folder: Path, **changes: Any) -> Made:
    """An honest story about another reference, asked about that one."""
    reference = change(REFERENCE, **changes)
    return honest(folder, reference=reference), {"references": (seal(reference)[0],)}


def _told(folder: Path, tell: Callable[[Story], object], **changes: Any) -> Made:
    with Story(folder, **changes) as story:
        tell(story)
        return story.export(), {"references": (story.reference,)}


def _honestly(folder: Path, **changes: Any) -> Made:
    return honest(folder, **changes), {}


def _without_its_runtime(folder: Path) -> Made:
    return _sealed(folder, runtime=RuntimeDemand(name="cpython-3.12", sequence=1))


def _grammar(folder: Path) -> Made:
    lines = honest(folder)
    return reseal([lines[0], lines[3], *lines[1:3], *lines[4:]]), {}


def _end_line(folder: Path) -> Made:
    return honest(folder)[:-1], {}


def _wrong_end_line(folder: Path) -> Made:
    lines = honest(folder)
    return [*lines[:-1], lines[-1].replace(b'"lines":', b'"lines":1')], {}


def _entry_chain(folder: Path) -> Made:
    lines = honest(folder)
    return reseal([*lines[:6], *lines[7:]]), {}


def _falling_time(folder: Path) -> Made:
    def back(line: Any) -> None:
        line["entry"]["time"] = instant.text(NOW - DAY)

    return rewrite(honest(folder), "entry", back, 2), {}


def _commitment(folder: Path) -> Made:
    lines = honest(folder)
    other = rewrite(lines, "entry", lambda line: line.update(receipt=_receipt(lines, 3)), 2)
    return other, {}


def _receipt(lines: list[bytes], index: int) -> Any:
    entries = [json.loads(line) for line in lines if line.startswith(b'{"entry"')]
    return entries[index]["receipt"]


def _subject(folder: Path) -> Made:
    other = change(documents.SUBJECTS[0], digest=DigestSet(sha256="1" * 64))
    return _told(folder, lambda story: story.start().measure().measure(subjects=(other,)).stop())


def _negative_subject(folder: Path) -> Made:
    """A violation whose subject is the good artifact."""
    return _told(folder, lambda story: (story.start().measure(), story.violate(subjects=documents.SUBJECTS)))


def _tree(folder: Path) -> Made:
    def other(line: Any) -> None:
        origin, size, _ = line["note"].split("\n")[:3]
        root = b"\x01" * 32
        line["note"] = sign_checkpoint(Checkpoint(origin=origin, size=int(size), root=root), WRITER).decode()

    return rewrite(honest(folder), "checkpoint", other), {}


def _start(folder: Path) -> Made:
    with Story(folder) as story:
        pinned = story.start().measure().checkpoint()
        lines = story.measure(2).stop().export(since=pinned)

    def other(line: Any) -> None:
        line["previousEntry"]["commitment"] = "2" * 64

    return rewrite(lines, "log", other), {"checkpoints": (pinned,)}


def _trust(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(expires=NOW - 1))}


def _sealer(folder: Path) -> Made:
    return honest(folder, sealer=STRANGER), {}


def _unused_reference(folder: Path) -> Made:
    digest, envelope = seal(change(REFERENCE, validity__sequence=7))

    def add(lines: list[bytes]) -> list[bytes]:
        line = b'{"digest":"%b","envelope":%b,"kind":"reference"}\n' % (digest.encode(), envelope)
        at = next(i for i, each in enumerate(lines) if b'"kind":"reference"' in each)
        both = sorted([lines[at], line])
        return reseal([*lines[:at], *both, *lines[at + 1 :]])

    return add(honest(folder)), {}


def _wider(folder: Path) -> Made:
    folder.mkdir()
    Documents(folder).put("reference", REFERENCE_DIGEST, REFERENCE_ENVELOPE)
    child = change(REFERENCE, parent=REFERENCE_DIGEST, validity__not_after=None)
    return honest(folder, reference=child), {"references": (seal(child)[0],)}


def _writer(folder: Path) -> Made:
    return honest(folder, writer=STRANGER), {}


def _writer_not_sealed(folder: Path) -> Made:
    trust = trust_of(make_trust_file(writers=(WRITER, SECOND_WRITER)))
    return honest(folder, writer=SECOND_WRITER), {"trust": trust}


def _reference_digest(folder: Path) -> Made:
    return rewrite(honest(folder), "reference", lambda line: line.update(digest="f" * 64)), {}


def _two_writers(folder: Path) -> Made:
    """The last receipt and the checkpoint are another writer's, whom trust file and reference name as well."""
    both = (WRITER, SECOND_WRITER)
    reference = change(REFERENCE, writers=tuple(sorted(key.keyid for key in both)))
    lines = [json.loads(line) for line in honest(folder, reference=reference)]
    entries = [line["entry"] for line in lines if line["kind"] == "entry"]
    [last] = [line for line in lines if line.get("entry") is entries[-1]]
    said = json.loads(from_base64(last["receipt"]["payload"], where="receipt"))
    said["predicate"]["receipt"]["writer"] = SECOND_WRITER.keyid
    receipt = encode_envelope(sign_envelope(canonical.encode_value(said), SECOND_WRITER))
    last["receipt"], last["entry"]["commitment"] = json.loads(receipt), sha256_hex(receipt)
    tree = Frontier()
    for entry in entries:
        tree.append(leaf_hash(canonical.encode_value(entry)))
    checkpoint = Checkpoint(origin=last["entry"]["origin"], size=len(entries), root=tree.root())
    lines[-2]["note"] = sign_checkpoint(checkpoint, SECOND_WRITER).decode()
    trust = trust_of(make_trust_file(writers=both))
    changed = [canonical.encode_value(line) + b"\n" for line in lines]
    return reseal(changed), {"trust": trust, "references": (seal(reference)[0],)}


def _missing_log(folder: Path) -> Made:
    return rewrite(honest(folder), "header", lambda line: line["logs"].append("attest.log/" + "f" * 32)), {}


def _signature(folder: Path) -> Made:
    def other(line: Any) -> None:
        signed = sign_envelope(b"something else", WRITER).signatures[0]
        line["receipt"]["signatures"] = [{"keyid": signed.keyid, "sig": to_base64(signed.sig)}]

    return rewrite(honest(folder), "entry", other, 1), {}


def _resigned(key: PrivateKey, **changes: Any) -> Callable[[Any], None]:
    def sign(line: Any) -> None:
        checkpoint = read_checkpoint_unverified(line["note"].encode(), where="note")
        line["note"] = sign_checkpoint(msgspec.structs.replace(checkpoint, **changes), key).decode()

    return sign


def _checkpoint(folder: Path) -> Made:
    return rewrite(honest(folder), "checkpoint", _resigned(STRANGER)), {}


def _another_writers_checkpoint(folder: Path) -> Made:
    trust = trust_of(make_trust_file(writers=(WRITER, SECOND_WRITER)))
    return rewrite(honest(folder), "checkpoint", _resigned(SECOND_WRITER)), {"trust": trust}


def _another_logs_checkpoint(folder: Path) -> Made:
    return rewrite(honest(folder), "checkpoint", _resigned(WRITER, origin="attest.log/" + "f" * 32)), {}


def _second_signature(folder: Path) -> Made:
    """A signature that nobody checks would be bytes that nothing binds."""

    def add(line: Any) -> None:
        line["note"] += line["note"].splitlines(keepends=True)[-1].replace("attest.log", "witness.log")

    return rewrite(honest(folder), "checkpoint", add), {}


def _unproven_start(folder: Path) -> Made:
    with Story(folder) as story:
        pinned = story.start().measure().checkpoint()
        return story.measure(2).stop().export(since=pinned), {}


def _windows(folder: Path, edit: Callable[[Window], Window], *, sealed: int | None = 6) -> Made:
    """Two windows of three cycles, each changed before it was signed."""
    reference = change(REFERENCE, measurement__window_cycles=sealed)
    with Story(folder, reference=reference) as story:
        lines = story.start().window(6, size=3, edit=edit).stop().export()
    return lines, {"references": (story.reference,)}


def _later(window: Window, **changes: Any) -> Window:
    """The same window, unless it is the second one."""
    return window if window.first == 0 else change(window, **changes)


def _lost_in_a_crash(folder: Path) -> Made:
    """After a crash, the cycles that nobody signed are counted all the same."""
    reference = change(REFERENCE, measurement__window_cycles=6)
    with Story(folder, reference=reference) as story:
        story.start().window(3)
        story.event(Event(kind=EventKind.RESUME, run=RUN, references=(story.reference,), entries_found=2))
        return story.window(3).stop().export(), {"references": (story.reference,)}


def _gap_before_a_window(folder: Path) -> Made:
    reference = change(REFERENCE, measurement__window_cycles=6)
    with Story(folder, reference=reference) as story:
        story.start().window(3).window(1, after=30_100).window(3)
        return story.stop().export(), {"references": (story.reference,)}


def _runs(folder: Path) -> Made:
    return _told(folder, lambda story: story.start().measure().stop().measure())


def _started_twice(folder: Path) -> Made:
    return _told(folder, lambda story: story.start().measure().start().measure().stop())


def _other_run_stopped(folder: Path) -> Made:
    return _told(folder, lambda story: story.start().measure().stop(run="ef" * 16))


def _no_start(folder: Path) -> Made:
    return _told(folder, lambda story: story.measure())


def _resume(found: int) -> Callable[[Path], Made]:
    def resume(folder: Path) -> Made:
        event = Event(kind=EventKind.RESUME, run=RUN, references=(REFERENCE_DIGEST,), entries_found=found)
        return _told(folder, lambda story: (story.start().measure().event(event), story.measure().stop()))

    return resume


def _old(folder: Path) -> Made:
    return honest(folder), {"at": NOW + 2 * DAY}


def _pinned_larger(folder: Path) -> Made:
    with Story(folder) as story:
        lines = story.start().measure(3).stop().export()
        story.start(run="ef" * 16).measure()
        return lines, {"checkpoints": (story.checkpoint(),)}


def _pinned_other(folder: Path) -> Made:
    with Story(folder) as story:
        lines = story.start().measure(3).stop().export()
        pin = Checkpoint(origin=story.recorder.origin, size=2, root=b"\x02" * 32)
    return lines, {"checkpoints": (pin,)}


def _pinned_elsewhere(folder: Path) -> Made:
    pin = Checkpoint(origin="attest.log/" + "9" * 32, size=2, root=b"\x02" * 32)
    return honest(folder), {"checkpoints": (pin,)}


def _gap(folder: Path) -> Made:
    return _told(folder, lambda story: story.start().measure(2).measure(after=60_000).stop())


def _gap_before_stop(folder: Path) -> Made:
    return _told(folder, lambda story: story.start().measure(2).wait(60_000).stop())


def _gap_at_the_end(folder: Path) -> Made:
    with Story(folder) as story:
        start = story.start().measure(2).wait(60_000)
        start.event(Event(kind=EventKind.ACTION_INTENDED), reference=None)
        return story.export(), {}


def _gap_by_boot_time(folder: Path) -> Made:
    """The real clock was held back; the time since boot tells."""
    return _honestly(folder, boot_drift=lambda now: (now - NOW + 600_000) * 9)


def _expired(folder: Path) -> Made:
    return _sealed(folder, validity__not_after=instant.text(NOW - 1))


def _not_yet(folder: Path) -> Made:
    return _sealed(folder, validity__not_before=instant.text(NOW - 585_000))


def _time_to_live(folder: Path) -> Made:
    return _sealed(folder, validity__ttl_seconds=25)


def _rolled_back(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(minima=Minima(reference_sequence=2)))}


def _future(folder: Path) -> Made:
    return honest(folder), {"at": NOW - 600_000 - 120_000}


def _clock(folder: Path) -> Made:
    return _honestly(folder, boot_drift=lambda now: -2 * (now - NOW + 600_000))


def _nonce(folder: Path) -> Made:
    return honest(folder), {"nonce": "ab" * 16}


def _older_nonce(folder: Path) -> Made:
    """The nonce of an earlier run proves nothing about the newest."""
    with Story(folder) as story:
        story.start(nonce="ab" * 16).measure().stop()
        return story.start(run="ef" * 16).measure().stop(run="ef" * 16).export(), {"nonce": "ab" * 16}


def _artifact(folder: Path) -> Made:
    return honest(folder), {"artifacts": (DigestSet(sha256="3" * 64),)}


def _locked_artifact(folder: Path) -> Made:
    lines, question = _sealed(folder, artifacts=(change(REFERENCE.artifacts[0], origin="locked"),))
    return lines, {**question, "artifacts": (WHEEL,)}


def _evidence_missing(folder: Path) -> Made:
    lines = honest(folder)
    return reseal([lines[0], *lines[2:]]), {}


def _evidence_unneeded(folder: Path) -> Made:
    octets = b"nobody asked"
    digest = sha256_hex(octets)
    line = b'{"bytes":"%b","digest":"%b","kind":"build-evidence"}\n' % (to_base64(octets).encode(), digest.encode())
    lines = honest(folder)
    evidence = sorted([*lines[1:3], line], key=lambda each: each[-98:])
    return reseal([lines[0], *evidence, *lines[3:]]), {}


def _builder(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(builders=(STRANGER,)))}


def _source(folder: Path) -> Made:
    expectations = Expectations(source="https://code.example/somebody/else")
    return honest(folder), {"expectations": expectations}


def _no_source(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(sources=()))}


def _level_claimed(folder: Path) -> Made:
    pieces = tuple(change(piece, slsa_level=3) if piece.slsa_level else piece for piece in REFERENCE.evidence)
    return _sealed(folder, evidence=pieces)


def _origin_claimed(folder: Path) -> Made:
    return _sealed(folder, artifacts=(change(REFERENCE.artifacts[0], digest=DigestSet(sha256="4" * 64)),))


def _exchanged_artifact(folder: Path) -> Made:
    """Under the name that provenance gives the wheel, another content: that nobody claims to know it is no excuse."""
    other = change(REFERENCE.artifacts[0], digest=DigestSet(sha256="4" * 64), origin="site", evidence=())
    return _sealed(folder, artifacts=(other,))


def _exchanged_artifact_of_a_folder(folder: Path) -> Made:
    """The same, where the builder named what it made with the folder that it lay in."""
    wheel = REFERENCE.artifacts[0]
    built = make_provenance([{"name": f"dist/{wheel.name}", "digest": {"sha256": "4" * 64}}])
    found = read_evidence(built, trust=TRUST.as_of(NOW), expectations=Expectations(), where="provenance")
    reference = change(
        REFERENCE, evidence=(sealed(found),), artifacts=(change(wheel, origin="site", evidence=()),), unbound=()
    )
    lines = honest(folder, reference=reference, evidence=(built,))
    return lines, {"references": (seal(reference)[0],)}


def _assurance(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(minima=Minima(assurance=Origin.LISTED)))}


def _unbound(folder: Path) -> Made:
    return honest(folder), {"trust": _ruled(require_bound=True)}


def _unclaimed(folder: Path) -> Made:
    return honest(folder), {"trust": _ruled(require_claimed=True)}


def _unclaimed_by_its_assurance(folder: Path) -> Made:
    lines, question = _sealed(folder, unclaimed=NONE)
    return lines, {**question, "trust": _ruled(require_claimed=True)}


def _unbound_and_silent(folder: Path) -> Made:
    """The SBOM names a component that the reference neither binds nor lists."""
    lines, question = _sealed(folder, unbound=())
    return lines, {**question, "trust": _ruled(require_bound=True)}


def _ruled_and_structural(folder: Path) -> Made:
    return _structural(folder, tier=Tier.STRUCTURAL, trust=_ruled(require_claimed=True))


def _ruled(**rules: bool) -> Trust:
    return trust_of(change(make_trust_file(), seal_rules=SealRules(**rules)))


def _level(folder: Path) -> Made:
    return honest(folder), {"expectations": Expectations(min_level=3)}


def _drift(folder: Path) -> Made:
    def tell(story: Story) -> None:
        story.start().measure()
        story.act(story.violate())
        story.stop()

    return _told(folder, tell)


def _unknown_state(folder: Path) -> Made:
    findings = Findings(state=State.UNKNOWN, findings=(), total=0)
    return _told(folder, lambda story: (story.start().measure(), story.violate(findings), story.stop()))


def _binding_of_trust(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(minima=Minima(binding=Binding.LAUNCHED)))}


def _binding_of_reference(folder: Path) -> Made:
    return _sealed(folder, measurement__min_binding=Binding.LAUNCHED)


def _no_process(folder: Path) -> Made:
    def tell(story: Story) -> None:
        story.start().measure()
        story.process = None
        story.measure().stop()

    return _told(folder, tell)


def _launched_twice_without_a_process(folder: Path) -> Made:
    def tell(story: Story) -> None:
        story.binding, story.process = Binding.LAUNCHED, None
        story.start().measure(2).stop()

    return _told(folder, tell)


def _launched_and_then_without_its_process(folder: Path) -> Made:
    def tell(story: Story) -> None:
        story.binding = Binding.LAUNCHED
        story.start().measure()
        story.process = None
        story.measure().stop()

    return _told(folder, tell)


def _nothing_was_launched(folder: Path) -> Made:
    """The files were looked at, and nothing was started."""

    def tell(story: Story) -> None:
        story.binding, story.process = Binding.LAUNCHED, None
        story.start().measure().stop()

    made, changes = _told(folder, tell)
    return made, {**changes, "trust": trust_of(make_trust_file(minima=Minima(binding=Binding.LAUNCHED)))}


def _isolation(folder: Path) -> Made:
    return _sealed(folder, measurement__min_isolation=Isolation.PRIVILEGED)


def _no_action(folder: Path) -> Made:
    return _told(folder, lambda story: (story.start().measure(), story.violate(), story.stop()))


def _no_outcome(folder: Path) -> Made:
    def tell(story: Story) -> None:
        story.start().measure()
        story.act(story.violate(DRIFT), outcome=False)
        story.stop()

    return _told(folder, tell)


def _untold_change(folder: Path) -> Made:
    """A change of state without its transition: the story is told that it was so before."""

    def tell(story: Story) -> None:
        story.start().measure()
        story.forget()
        story.act(story.violate())
        story.stop()

    return _told(folder, tell)


def _context(folder: Path) -> Made:
    with Story(folder) as story:
        lines = story.start(context={"commit": "c0ffee"}).measure().stop().export()
    return lines, {"context": (("commit", "deadbeef"),)}


def _structural(folder: Path, **question: Any) -> Made:
    with Story(folder) as story:
        return story.start().measure(2).stop().export(tier=Tier.STRUCTURAL), question


def _revoked(folder: Path) -> Made:
    return honest(folder), {"revocations": known(of_reference(since=NOW - 600_000))}


def _no_revocations(folder: Path) -> Made:
    return honest(folder), {"trust": trust_of(make_trust_file(minima=Minima(revocation_age_seconds=3600)))}


FAULTS: list[tuple[str, Callable[[Path], Made]]] = [
    ("integrity.grammar", _grammar),
    ("integrity.grammar", _evidence_unneeded),
    ("integrity.grammar", _reference_digest),
    ("integrity.grammar", _missing_log),
    ("integrity.end-line", _end_line),
    ("integrity.end-line", _wrong_end_line),
    ("integrity.entry-chain", _entry_chain),
    ("integrity.entry-chain", _falling_time),
    ("integrity.commitment", _commitment),
    ("integrity.subject", _subject),
    ("integrity.subject", _negative_subject),
    ("integrity.tree", _tree),
    ("integrity.start", _start),
    ("authenticity.trust", _trust),
    ("authenticity.references", _sealer),
    ("authenticity.references", _unused_reference),
    ("authenticity.sub-mandate", _wider),
    ("authenticity.receipts", _writer),
    ("authenticity.receipts", _writer_not_sealed),
    ("authenticity.receipts", _two_writers),
    ("authenticity.receipts", _signature),
    ("authenticity.checkpoint", _checkpoint),
    ("authenticity.checkpoint", _another_writers_checkpoint),
    ("authenticity.checkpoint", _another_logs_checkpoint),
    ("authenticity.checkpoint", _second_signature),
    ("authenticity.revocation", _revoked),
    ("completeness.start", _unproven_start),
    ("completeness.runs", _runs),
    ("completeness.runs", _started_twice),
    ("completeness.runs", _other_run_stopped),
    ("completeness.runs", _no_start),
    ("completeness.runs", _resume(7)),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: _later(window, first=4))),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: change(window, first=1, last=1))),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: _later(window, head="7" * 64), sealed=2)),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: window, sealed=None)),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: change(window, head="7" * 64))),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: _later(window, began_at=EARLY))),
    ("completeness.windows", lambda folder: _windows(folder, lambda window: change(window, began_at=LATE))),
    (
        "completeness.windows",
        lambda folder: _windows(folder, lambda window: change(window, largest_gap_milliseconds=9_000)),
    ),
    ("completeness.windows", _lost_in_a_crash),
    ("completeness.end", _old),
    ("completeness.pinned", _pinned_larger),
    ("completeness.pinned", _pinned_other),
    ("completeness.pinned", _pinned_elsewhere),
    ("freshness.age", _old),
    ("freshness.cadence", _gap),
    ("freshness.cadence", _gap_before_stop),
    ("freshness.cadence", _gap_at_the_end),
    ("freshness.cadence", _gap_by_boot_time),
    (
        "freshness.cadence",
        lambda folder: _windows(folder, lambda window: change(window, largest_gap_milliseconds=30_001)),
    ),
    ("freshness.cadence", _gap_before_a_window),
    ("freshness.validity", _expired),
    ("freshness.validity", _not_yet),
    ("freshness.validity", _time_to_live),
    ("freshness.validity", _rolled_back),
    ("freshness.revocation", _no_revocations),
    ("freshness.future", _future),
    ("freshness.clock", _clock),
    ("freshness.nonce", _nonce),
    ("freshness.nonce", _older_nonce),
    ("freshness.nonce", lambda folder: _structural(folder, tier=Tier.STRUCTURAL, nonce="ab" * 16)),
    ("build-link.reference", lambda folder: (honest(folder), {"references": ("5" * 64,)})),
    ("build-link.reference", lambda folder: (honest(folder), {"references": ()})),
    ("build-link.artifact", _artifact),
    ("build-link.artifact", _locked_artifact),
    ("build-link.evidence", _evidence_missing),
    ("build-link.evidence", _builder),
    ("build-link.evidence", _source),
    ("build-link.evidence", _no_source),
    ("build-link.evidence", _level_claimed),
    ("build-link.evidence", _origin_claimed),
    ("build-link.contradiction", _exchanged_artifact),
    ("build-link.contradiction", _exchanged_artifact_of_a_folder),
    ("build-link.assurance", _assurance),
    ("build-link.complete", _unbound),
    ("build-link.complete", _unclaimed),
    ("build-link.complete", _unclaimed_by_its_assurance),
    ("build-link.complete", _unbound_and_silent),
    ("build-link.complete", _ruled_and_structural),
    ("build-link.level", _level),
    ("conformance.measured", lambda folder: _told(folder, lambda story: story.start().stop())),
    ("conformance.matched", _drift),
    ("conformance.matched", _unknown_state),
    ("conformance.binding", _binding_of_trust),
    ("conformance.binding", _binding_of_reference),
    ("conformance.binding", _no_process),
    ("conformance.binding", _launched_twice_without_a_process),
    ("conformance.binding", _launched_and_then_without_its_process),
    ("conformance.binding", _nothing_was_launched),
    ("conformance.isolation", _isolation),
    ("conformance.runtime", _without_its_runtime),
    ("conformance.actions", _no_action),
    ("conformance.actions", _no_outcome),
    ("conformance.transitions", _untold_change),
    ("conformance.context", _context),
    ("conformance.kind", lambda folder: (honest(folder), {"kind": "receipt"})),
    ("conformance.tier", _structural),
]
"""Check id, and a bundle in which just that is wrong."""

OF_BUILD_EVIDENCE = {
    check.id for check in CHECKS.values() if not check.kinds & {Kind.EVIDENCE_BUNDLE, Kind.RUNTIME_REFERENCE}
}
"""Checks that no evidence bundle has; `test_build_evidence` and `test_proofs` see each of them fail."""

OF_CALLS = {*checks_of_calls.JUDGED, checks_of_calls.DISCLOSURES}
"""`test_calls`, `test_calls_replay` and `test_disclosures` see each of them fail."""

OF_JOBS = {CERTIFICATE_CHECK, WINDOW_CHECK}
"""`test_certified_writers` sees each of them fail."""

OF_ANCHORS = {"freshness.anchor"}
"""`test_anchors` sees it fail."""

OF_POLICY = {row.id for row in checks_of_policy.ROWS}
"""`policy.test_rules` and `policy.test_exceptions` see each of them fail."""


@pytest.mark.parametrize(
    ("check", "make"), FAULTS, ids=[f"{check}-{make.__name__.strip('_<>')}" for check, make in FAULTS]
)
def test_a_fault_fails_its_own_check(check: str, make: Callable[[Path], Made], tmp_path: Path):
    lines, question = make(tmp_path / "log")
    verdict = judge(lines, **question)
    assert check in set(failing(verdict))
    assert not verdict.passed
    axis = dict(verdict.axes.items())[CHECKS[check].axis]
    assert axis in {"fail", "unproven"}


@pytest.mark.parametrize(
    ("field", "value", "detail"),
    [
        ("origin", "attest.log/" + "0" * 32, "an entry of another log"),
        ("sequence", 99, "an entry is missing, doubled or moved"),
        ("previous", "0" * 64, "the entry before is not the one it was"),
        ("time", instant.text(NOW - DAY), "time falls"),
    ],
)
@pytest.mark.parametrize("tier", [Tier.STRUCTURAL, Tier.RECEIPTS])
def test_the_last_entry_is_held_to_its_place_by_itself(tier: Tier, field: str, value: Any, detail: str, tmp_path: Path):
    """Behind any other one the next entry gives it away."""
    with Story(tmp_path / "log") as story:
        lines = story.start().measure().stop().export(tier)
    last = sum(json.loads(line)["kind"] == "entry" for line in lines) - 1
    verdict = judge(rewrite(lines, "entry", lambda line: line["entry"].update({field: value}), last), tier=tier)
    [check] = [each for each in verdict.checks if each.id == "integrity.entry-chain"]
    assert (check.status, check.detail) == ("fail", detail)


def test_every_check_was_seen_failing():
    elsewhere = OF_BUILD_EVIDENCE | OF_CALLS | OF_JOBS | OF_ANCHORS | OF_POLICY
    assert {check for check, _ in FAULTS} | elsewhere == set(CHECKS)


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"artifacts": (WHEEL,)},
        {"references": (), "artifacts": (WHEEL,)},
        {"kind": "evidence-bundle"},
        {"tier": Tier.STRUCTURAL},
        {"expectations": Expectations(source=SOURCE, builder_id=BUILDER_ID, min_level=2)},
        {"trust": trust_of(make_trust_file(minima=Minima(binding=Binding.ADOPTED, isolation=Isolation.OTHER_UID)))},
        {"trust": TRUST, "max_evidence_age": 600_000},
    ],
)
def test_an_honest_story_passes(question: dict[str, Any], tmp_path: Path):
    verdict = judge(honest(tmp_path / "log"), **question)
    assert list(failing(verdict)) == []
    assert verdict.passed


def test_what_was_good_of_one_measurement_is_asked_of_the_next_that_says_something_else(tmp_path: Path):
    """Writer and subject of a measurement are looked at once for all that say the same of them, unless they are bad."""
    other = (change(documents.SUBJECTS[0], digest=DigestSet(sha256="1" * 64)),)

    def tell(story: Story) -> None:
        story.start().measure().measure().measure(subjects=other).measure(subjects=other).measure()
        story.measure(subjects=other).stop()

    lines, question = _told(tmp_path, tell)
    [check] = [each for each in judge(lines, **question).checks if each.id == "integrity.subject"]
    assert check.where == "line 9"
    assert check.detail.endswith("(and 2 more)")


def test_a_measurement_like_those_of_a_run_is_not_inside_one_after_its_stop(tmp_path: Path):
    def tell(story: Story) -> None:
        story.start().measure().measure().stop()
        story.measure()

    lines, question = _told(tmp_path, tell)
    [check] = [each for each in judge(lines, **question).checks if each.id == "completeness.runs"]
    assert check.status == "fail"
    assert check.where == "line 10"


_PROVENANCE = tuple(each for each in REFERENCE.evidence if each.authenticated)


def test_windows_pass_and_their_cycles_are_counted(tmp_path: Path):
    lines, question = _windows(tmp_path, lambda window: window)
    verdict = judge(lines, **question)
    assert list(failing(verdict)) == []
    assert verdict.counts is not None
    assert (verdict.counts.measurements, verdict.counts.cycles) == (2, 6)


def test_after_a_resume_cycles_are_numbered_from_zero(tmp_path: Path):
    reference = change(REFERENCE, measurement__window_cycles=6)
    with Story(tmp_path, reference=reference) as story:
        story.start().window(3)
        story.event(Event(kind=EventKind.RESUME, run=RUN, references=(story.reference,), entries_found=2))
        story.cycles = OpenWindow(cycles=6)
        verdict = judge(story.window(3).stop().export(), references=(story.reference,))
    assert list(failing(verdict)) == []


def test_windows_of_the_pinned_part_need_not_be_here(tmp_path: Path):
    reference = change(REFERENCE, measurement__window_cycles=6)
    with Story(tmp_path, reference=reference) as story:
        pinned = story.start().window(3).checkpoint()
        lines = story.window(3).stop().export(since=pinned)
    assert list(failing(judge(lines, references=(story.reference,), checkpoints=(pinned,)))) == []


def test_a_reference_that_leaves_nothing_over_keeps_both_seal_rules(tmp_path: Path):
    lines, question = _sealed(
        tmp_path / "log", unbound=(), unclaimed=NONE, assurance__least="built", evidence=_PROVENANCE
    )
    verdict = judge(lines, **{**question, "trust": _ruled(require_bound=True, require_claimed=True)})
    assert list(failing(verdict)) == []
    [check] = [each for each in verdict.checks if each.id == "build-link.complete"]
    assert check.status == "asserted"
    assert "every component and archive is bound and every file is claimed" in check.detail


def test_without_seal_rules_the_check_does_not_apply(tmp_path: Path):
    assert "build-link.complete" not in {each.id for each in judge(honest(tmp_path / "log")).checks}
