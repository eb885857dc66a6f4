"""Judge a file that is one receipt and the proof of its place in the log.

1. The receipt is by a writer of the trust file, or by a key that an attestation in the file certifies.
2. The entry commits to the receipt, and says the same of type, time and place.
3. The checkpoint is signed by the receipt's writer, as the head of the log that the receipt names.
4. The entry is the leaf at its number of the tree that the checkpoint signs.
5. That tree begins with the earlier one that the file tells of; which has to be each that the caller holds.
6. The receipt says what a receipt by itself has to (`one_receipt`). It shows nothing about a run.
"""

from __future__ import annotations

from typing import Final

import msgspec

from attest.codec import instant
from attest.codec.octets import sha256_hex
from attest.evidence.proof_file import ConsistencyLine, ProofFile, read_proof_file
from attest.evidence.verify.chain import Stretch
from attest.evidence.verify.noted import CHECK as CHECKPOINT
from attest.evidence.verify.noted import open_note
from attest.evidence.verify.one_receipt import judge_told, open_receipt
from attest.evidence.verify.question import Question
from attest.evidence.verify.result import Seen
from attest.evidence.verify.sheet import Sheet
from attest.evidence.verify.told import Told
from attest.evidence.verify.writers import Writers
from attest.statement.predicates import short_name
from attest.statement.statement import predicate_type_of
from attest.tlog.checkpoint import Checkpoint
from attest.tlog.merkle import leaf_hash, verify_consistency, verify_inclusion

COMMITMENT: Final = "integrity.commitment"
INCLUSION: Final = "integrity.inclusion"
PINNED: Final = "completeness.pinned"

_HERE: Final = "file"


def judge_proof(octets: bytes, question: Question, sheet: Sheet) -> Seen:
    """Judge a receipt and its place; raise what is wrong with the form of the file."""
    for check in (COMMITMENT, INCLUSION, CHECKPOINT):
        sheet.lay(check)
    file = read_proof_file(octets, where=_HERE)
    entry = file.entry
    writers = Writers(question, sheet)
    if file.writer is not None:
        writers.take(file.writer, _HERE)
    told = open_receipt(file.envelope, writers.ring, sheet)
    if told is not None and told.lasting.event is not None:
        writers.compare(told.lasting.writer, told.lasting.event, _HERE)
    _judge_commitment(file, told, sheet)
    time = instant.parse(entry.time)
    here = Stretch(origin=entry.origin, first=time, last=time)
    # Without a receipt that somebody trusted signed, the checkpoint is held against all writers: it says who it is by.
    writer = None if told is None else told.lasting.writer
    claimed = open_note(file.proof.note, here, writer, writers, question, sheet, _HERE)
    sheet.settle(CHECKPOINT)
    writers.close()
    pinned = None
    if claimed is not None:
        _judge_inclusion(file, claimed, sheet)
        pinned = _judge_pins(file.since, claimed, question, sheet)
    return msgspec.structs.replace(Seen() if told is None else judge_told(told, question, sheet), pinned=pinned)


def _judge_commitment(file: ProofFile, told: Told | None, sheet: Sheet) -> None:
    entry, digest = file.entry, sha256_hex(file.receipt)
    if entry.commitment != digest:
        detail = "the receipt is not the one that its entry commits to"
        sheet.fail(COMMITMENT, detail, expected=entry.commitment, found=digest)
    if told is not None:
        event = short_name(predicate_type_of(file.envelope, where=_HERE))
        claimed = (entry.event, entry.origin, entry.sequence, entry.previous, entry.time)
        said = (event, told.lasting.log_origin, told.sequence, told.previous, told.real_time)
        if said != claimed:
            expected, found = (" ".join(map(str, each)) for each in (claimed, said))
            detail = "the receipt belongs to another place than its entry"
            sheet.fail(COMMITMENT, detail, expected=expected, found=found)
    sheet.settle(COMMITMENT)


def _judge_inclusion(file: ProofFile, claimed: Checkpoint, sheet: Sheet) -> None:
    proof, leaf = file.proof, leaf_hash(file.leaf)
    if file.entry.sequence != proof.index:
        sheet.fail(INCLUSION, "a proof of another entry", expected=file.entry.sequence, found=proof.index)
    if not verify_inclusion(leaf, proof.index, claimed.size, proof.hashes, claimed.root):
        expected = f"entry {proof.index} of {claimed.size}, root {claimed.root.hex()}"
        sheet.fail(INCLUSION, "the proof does not lead from the entry to the checkpoint's root", expected=expected)
    sheet.settle(
        INCLUSION, detail=f"entry {proof.index} of {claimed.origin}, among the {claimed.size} of its checkpoint"
    )


def _judge_pins(since: ConsistencyLine | None, claimed: Checkpoint, question: Question, sheet: Sheet) -> int | None:
    """Judge the earlier tree, and each that the caller holds; return how many entries the largest of those has."""
    heads = {claimed.size: claimed.root}
    if since is not None:
        root, proof = bytes.fromhex(since.root), [bytes.fromhex(each) for each in since.proof]
        heads.setdefault(since.size, root)
        if not verify_consistency(since.size, claimed.size, proof, root, claimed.root):
            sheet.fail(PINNED, "the proof does not show that the log extends the earlier checkpoint", found=since.size)
    for pin in question.checkpoints:
        expected, root_here = f"{pin.size} entries, root {pin.root.hex()}", heads.get(pin.size)
        if pin.origin != claimed.origin:
            sheet.fail(PINNED, "the proof is of another log", expected=pin.origin, found=claimed.origin)
        elif root_here is None:
            sheet.unproven(
                PINNED, "the file does not tell of this checkpoint: attest log prove --since", expected=expected
            )
        elif root_here != pin.root:
            sheet.fail(PINNED, "the log had another content then", expected=expected, found=f"root {root_here.hex()}")
    sheet.settle(PINNED)
    proven = [pin.size for pin in question.checkpoints if heads.get(pin.size) == pin.root]
    return max(proven, default=None)
