"""What an agent makes of a sub-mandate: it is as old as its parent, and its time began with that."""

from __future__ import annotations

from attest.agent.circumstances import Circumstances
from attest.agent.revocation_files import RevocationFiles
from attest.codec.clock import system_clock
from attest.trust.references import OpenedReference
from tests.mandates import CHILD, MANDATES, PARENT_DIGEST, lineage, open_lineage, opened
from tests.world import WRITER


def circumstances() -> Circumstances:
    return Circumstances(
        clock=system_clock(),
        files=RevocationFiles((), MANDATES),
        max_revocation_age_seconds=None,
        writer=WRITER.keyid,
    )


def first(child: OpenedReference, **used: int) -> int | None:
    found = circumstances()
    found.first_used = {{"own": child.digest, "parent": PARENT_DIGEST}[name]: at for name, at in used.items()}
    return found.first_use(child)


def test_its_time_to_live_began_when_any_of_its_parents_was_first_used() -> None:
    child = opened(CHILD)
    assert first(child) is None
    assert first(child, own=5) == 5
    assert first(child, parent=3) == 3
    assert first(child, own=5, parent=3) == 3
    assert first(child, own=2, parent=3) == 2
    assert first(open_lineage(lineage(3)), own=9, parent=4) == 4
    assert first(child.root, own=1, parent=3) == 3
