"""What an agent makes of a sub-mandate: it is as old as its parent, and its time began with that."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from attest.agent.circumstances import Circumstances
from attest.agent.revocation_files import RevocationFiles
from attest.codec.clock import system_clock
from attest.errors import RefusedError
from attest.seal.deriving import Narrower, derive
from attest.seal.request import Rules
from attest.seal.writing import write_sealed
from attest.statement.findings import FindingKind
from attest.statement.states import State
from attest.trust.loading import load_reference
from attest.trust.references import OpenedReference
from tests.evidence_story import failing
from tests.installed import make_bench
from tests.mandates import CHILD, MANDATES, PARENT_DIGEST, lineage, open_lineage, opened
from tests.watching import Watch, kinds, make_watch
from tests.world import SEALER, TRUST, WRITER

DAY: Final = 86_400_000


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


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    return make_watch(make_bench(tmp_path), monkeypatch)


def derived(watch: Watch, reference: Path, *, until: int | None = None) -> Path:
    """Write what somebody derives from a reference by now."""
    less = Narrower(not_after=watch.hands.real + DAY if until is None else until)
    path = watch.bench.folder / "child.ref"
    write_sealed(path, derive(reference, less, TRUST, lambda: SEALER, at=watch.hands.real))
    return path


def test_a_time_to_live_is_not_begun_anew_and_verify_says_the_same(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal(rules=Rules(ttl=60)))
    watch.once(reference)
    child = derived(watch, reference)
    watch.hands.wait(60_000)
    assert watch.once(child).cycle.state is State.MATCH
    own = load_reference(child, TRUST, at=watch.hands.real).digest
    assert "freshness.validity" not in set(failing(watch.verdict(references=(own,))))
    watch.hands.wait(1)
    assert kinds(watch.once(child)) == [FindingKind.EXPIRED]
    assert "freshness.validity" in set(failing(watch.verdict(references=(own,))))


def test_a_second_one_does_not_begin_anew_the_time_that_the_first_one_used(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal(rules=Rules(ttl=60)))
    watch.once(derived(watch, reference))
    watch.hands.wait(60_001)
    again = derived(watch, reference)
    for late in (again, reference):
        assert kinds(watch.once(late)) == [FindingKind.EXPIRED]
        digest = load_reference(late, TRUST, at=watch.hands.real).digest
        assert "freshness.validity" in set(failing(watch.verdict(references=(digest,))))


def test_of_what_is_given_in_the_middle_of_a_run_the_time_began_before(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal(rules=Rules(ttl=60)))
    given = derived(watch, reference)
    with watch.running(given) as run:
        run._start()
        watch.hands.wait(60_001)
        derived(watch, reference)
        run._reload()
        assert run.circumstances.first_use(run.request.targets[0].server.opened) == watch.hands.real - 60_001


def test_what_was_replaced_does_not_come_back_by_an_end_of_its_own(watch: Watch) -> None:
    reference = watch.bench.write(watch.bench.seal())
    child = derived(watch, reference)
    assert watch.once(child).cycle.state is State.MATCH
    watch.once(watch.bench.write(watch.bench.seal(supersedes=(reference,)), "second.ref"))
    with pytest.raises(RefusedError, match="sequence 2 or higher"):
        watch.once(child)


def test_its_time_to_live_began_when_any_of_its_parents_was_first_used() -> None:
    child = opened(CHILD)
    assert first(child) is None
    assert first(child, own=5) == 5
    assert first(child, parent=3) == 3
    assert first(child, own=5, parent=3) == 3
    assert first(child, own=2, parent=3) == 2
    assert first(open_lineage(lineage(3)), own=9, parent=4) == 4
    assert first(child.root, own=1, parent=3) == 3
