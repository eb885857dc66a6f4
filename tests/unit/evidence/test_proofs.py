"""One receipt and the proof of its place: what an auditor learns from it, and what nobody can make him believe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.codec import canonical
from attest.codec.octets import sha256_hex
from attest.errors import MalformedError, RefusedError, UnavailableError
from attest.evidence.proof_file import ProofFile, read_proof_file, write_proof_file
from attest.evidence.proving import find_receipt, prove
from attest.evidence.reports.text import render_text
from attest.evidence.show import show
from attest.evidence.verdict import Verdict
from attest.signing.dsse import encode_envelope, payload_of, sign_envelope
from attest.statement.predicates.runtime_reference import SignerIdentity
from attest.tlog.checkpoint import Checkpoint, read_checkpoint_unverified, sign_checkpoint
from attest.tlog.documents import Documents
from attest.tlog.merkle import leaf_hash
from attest.tlog.stores import SQLITE
from tests import certified
from tests.certified import IDENTITY, JOB_KEY, attest_key
from tests.evidence_story import REFERENCE, Story, change, failing, judge, seal
from tests.logs import make_log, read_log, tamper
from tests.world import STRANGER, WRITER

CYCLES = 12


class Proven:
    """An honest log, its checkpoint in the middle, and proofs of what is in it."""

    def __init__(self, folder: Path) -> None:
        with Story(folder) as story:
            story.start().measure(4)
            self.earlier = story.checkpoint()
            story.violate()
            story.measure(CYCLES).checkpoint()
        self.folder = folder
        self.size = 1 + 4 + 1 + CYCLES + 2  # two transitions: to drift, and back

    def prove(self, sequence: int, **given: Any) -> bytes:
        with closing(SQLITE.open_reader(self.folder)) as reader:
            return prove(reader, Documents(self.folder), sequence, **given)

    def read(self, sequence: int, **given: Any) -> ProofFile:
        return read_proof_file(self.prove(sequence, **given), where="proof")


@pytest.fixture(scope="module")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    return Proven(tmp_path_factory.mktemp("proven") / "log")


def verdict_of(octets: bytes, **question: Any) -> Verdict:
    return judge(octets.splitlines(keepends=True), **question)


def write(file: ProofFile, **changes: Any) -> bytes:
    """Put a file together as an attacker can: whatever it says."""
    parts = {"entry": file.leaf, "receipt": file.receipt, "writer": file.writer, "since": file.since}
    of_proof = {name: changes.pop(name) for name in ("index", "hashes", "note") if name in changes}
    proof = msgspec.structs.replace(file.proof, extra=b"", **of_proof)
    return write_proof_file(proof, **{**parts, **changes})


def detail(verdict: Verdict, check: str) -> str:
    (found,) = [each.detail for each in verdict.checks if each.id == check]
    return found


def test_a_measurement_with_its_proof_passes_and_the_verdict_says_where_it_stands(proven: Proven):
    verdict = verdict_of(proven.prove(proven.size - 1))
    assert list(failing(verdict)) == []
    assert verdict.passed
    assert verdict.kind == "receipt"
    assert verdict.axes.integrity == "asserted"  # of the sealed manifest nothing is in the file
    assert verdict.axes.completeness == "not-applicable"
    place = f"entry {proven.size - 1} of {proven.earlier.origin}, among the {proven.size} of its checkpoint"
    assert detail(verdict, "integrity.inclusion") == place
    assert f"place       {place}\n" in render_text([verdict])


def test_every_entry_is_proven_and_only_what_it_says_decides(proven: Proven):
    failed = {sequence: set(failing(verdict_of(proven.prove(sequence)))) for sequence in range(proven.size)}
    assert failed[0] == {"conformance.measured", "build-link.reference"}  # a start names its references elsewhere
    assert {frozenset(failed[sequence]) for sequence in range(1, proven.size)} == {
        frozenset(),
        frozenset({"conformance.measured"}),
        frozenset({"conformance.measured", "conformance.matched"}),  # the violation
    }


def test_a_receipt_without_its_proof_says_nothing_of_a_place(proven: Proven):
    verdict = verdict_of(proven.read(1).receipt)
    assert verdict.passed
    assert "integrity.inclusion" not in {check.id for check in verdict.checks}
    assert "place " not in render_text([verdict])


def test_what_a_bundle_is_asked_for_is_unproven_by_one_receipt(proven: Proven):
    assert set(failing(verdict_of(proven.prove(1), nonce="ab" * 16))) == {"freshness.nonce"}
    assert set(failing(verdict_of(proven.prove(1), references=()))) == {"build-link.reference"}


def nonce_of(payload: bytes) -> bytes:
    return payload.partition(b'"nonce":"')[2][:32]


def moved(file: ProofFile, other: ProofFile) -> Iterator[tuple[str, bytes]]:
    """What an attacker can put together of two honest proofs of one log, and a key that nobody trusts."""
    origin, size = file.entry.origin, 8
    yield "integrity.inclusion", write(file, index=other.proof.index, hashes=other.proof.hashes)
    yield "integrity.inclusion", write(file, hashes=file.proof.hashes[:-1])
    yield "integrity.inclusion", write(file, hashes=(*file.proof.hashes, bytes(32)))
    yield "integrity.inclusion", write(file, index=file.proof.index + 1)
    yield "integrity.commitment", write(file, receipt=other.receipt)
    yield "integrity.commitment", write(other, entry=file.leaf)
    forged = sign_checkpoint(Checkpoint(origin=origin, size=size, root=leaf_hash(file.leaf)), STRANGER)
    yield "authenticity.checkpoint", write(file, note=forged)
    alone = Checkpoint(origin="attest.log/else", size=1, root=leaf_hash(file.leaf))
    yield "authenticity.checkpoint", write(file, index=0, hashes=(), note=sign_checkpoint(alone, WRITER))
    payload = payload_of(file.envelope, where="receipt")
    said_again = payload.replace(nonce_of(payload), b"00" * 16)
    yield "integrity.commitment", write(file, receipt=encode_envelope(sign_envelope(said_again, WRITER)))
    receipt = encode_envelope(sign_envelope(payload, STRANGER))
    entry = msgspec.structs.replace(file.entry, commitment=sha256_hex(receipt))
    yield "authenticity.receipts", write(file, receipt=receipt, entry=canonical.encode(entry))


def test_nothing_that_is_put_together_otherwise_passes(proven: Proven):
    for check, octets in moved(proven.read(3), proven.read(4)):
        verdict = verdict_of(octets)
        assert not verdict.passed
        assert check in set(failing(verdict)), check


@given(choice=st.data())
def test_no_change_of_one_byte_of_the_proof_passes(proven: Proven, choice: st.DataObject):
    octets = proven.prove(3, since=proven.earlier)
    place = choice.draw(st.integers(0, len(octets) - 1))
    other = choice.draw(st.integers(0, 255).filter(lambda value: value != octets[place]))
    assert not verdict_of(octets[:place] + bytes([other]) + octets[place + 1 :]).passed


def test_a_proof_since_a_checkpoint_shows_that_the_log_goes_on_from_it(proven: Proven):
    octets = proven.prove(3, since=proven.earlier)
    verdict = verdict_of(octets, checkpoints=(proven.earlier,))
    assert list(failing(verdict)) == []
    assert verdict.pinned == proven.earlier.size
    assert verdict_of(octets).passed


def test_the_checkpoint_of_the_proof_itself_may_be_the_expected_one(proven: Proven):
    file = proven.read(3)
    with closing(SQLITE.open_reader(proven.folder)) as reader:
        assert reader.newest_checkpoint() == file.proof.note
    newest = read_checkpoint_unverified(file.proof.note, where="note")
    assert verdict_of(proven.prove(3), checkpoints=(newest,)).pinned == proven.size


def test_an_expected_checkpoint_of_which_the_proof_says_nothing_is_unproven(proven: Proven):
    verdict = verdict_of(proven.prove(3), checkpoints=(proven.earlier,))
    assert set(failing(verdict)) == {"completeness.pinned"}
    assert verdict.axes.completeness == "unproven"
    assert verdict.pinned is None


@pytest.mark.parametrize("changes", [{"root": b"\x02" * 32}, {"origin": "attest.log/else"}])
def test_another_expected_checkpoint_fails(proven: Proven, changes: dict[str, Any]):
    pin = msgspec.structs.replace(proven.earlier, **changes)
    verdict = verdict_of(proven.prove(3, since=proven.earlier), checkpoints=(pin,))
    assert set(failing(verdict)) == {"completeness.pinned"}
    assert verdict.axes.completeness == "fail"


def test_a_forged_proof_of_going_on_fails_even_if_nobody_asks(proven: Proven):
    file = proven.read(3, since=proven.earlier)
    assert file.since is not None
    since = msgspec.structs.replace(file.since, root="02" * 32)
    assert set(failing(verdict_of(write(file, since=since)))) == {"completeness.pinned"}


def test_a_key_that_a_job_made_brings_its_certificate(tmp_path: Path):
    named = SignerIdentity(identity=IDENTITY.identity, issuer=IDENTITY.issuer)
    sealed = change(REFERENCE, writer_identities=(named,), writers=())
    with Story(tmp_path / "log", reference=sealed, writer=JOB_KEY, attestation=attest_key()) as story:
        story.start().measure(2).checkpoint()
        with closing(SQLITE.open_reader(story.folder)) as reader:
            octets, start = (prove(reader, Documents(story.folder), sequence) for sequence in (1, 0))
    asked = {"trust": certified.TRUST, "references": (seal(sealed)[0],)}
    assert list(failing(verdict_of(octets, **asked))) == []
    assert "authenticity.writer-certificate" not in set(failing(verdict_of(start, **asked)))
    without = write(read_proof_file(octets, where="proof"), writer=None)
    assert "authenticity.receipts" in set(failing(verdict_of(without, **asked)))
    assert f"writer          key {JOB_KEY.keyid}" in "\n".join(show(octets))


def test_a_proof_is_shown_and_not_verified(proven: Proven):
    lines = list(show(proven.prove(3, since=proven.earlier)))
    assert lines[0].startswith("NOT VERIFIED")
    assert lines[1] == "receipt with the proof of its place"
    assert "\n".join(lines).count("runtime-measurement") == 2
    assert f"extends         {proven.earlier.size} entries" in "\n".join(lines)


def test_a_receipt_is_found_by_its_digest(proven: Proven):
    with closing(SQLITE.open_reader(proven.folder)) as reader:
        assert find_receipt(reader, sha256_hex(proven.read(5).receipt)) == 5
        with pytest.raises(UnavailableError, match="commits to the receipt"):
            find_receipt(reader, "0" * 64)


def test_an_entry_that_no_checkpoint_covers_is_refused(tmp_path: Path):
    make_log(tmp_path / "log", 3, uncovered=1)
    reader = read_log(tmp_path / "log")
    with pytest.raises(RefusedError, match="an entry from 0 to 2, found 3"):
        prove(reader, Documents(tmp_path / "log"), 3)


def test_a_checkpoint_of_another_log_is_refused(proven: Proven):
    with pytest.raises(RefusedError, match=r"log attest\.log/else"):
        proven.prove(3, since=msgspec.structs.replace(proven.earlier, origin="attest.log/else"))


def test_a_log_whose_tree_was_changed_is_told_and_not_proven(tmp_path: Path):
    with Story(tmp_path / "log") as story:
        story.start().measure(3).checkpoint()
    tamper(tmp_path / "log", "UPDATE entries SET subtrees = zeroblob(length(subtrees)) WHERE sequence = 2")
    reader = read_log(tmp_path / "log")
    with pytest.raises(MalformedError, match="in the tree of its checkpoint"):
        prove(reader, Documents(tmp_path / "log"), 3)
