"""Evidence under a sub-mandate: judged with its parents, and about nothing but itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from attest.evidence.verdict import Kind, Verdict
from attest.evidence.verify.file import verify_file
from attest.signing.dsse import encode_envelope, read_envelope
from attest.signing.keys import PrivateKey
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.predicates.runtime_revocation import Revoked
from attest.statement.statement import payload_digest
from attest.tlog.documents import Documents
from attest.trust.narrowing import MAX_DEPTH
from attest.trust.revocations import open_revocations
from attest.trust.revoking import make_revocation, sign_revocation
from attest.trust.trust import Trust
from tests.documents import WHEEL, after
from tests.evidence_story import Story, ask, change, failing, judge, reseal, rewrite, seal
from tests.mandates import (
    CHILD,
    MANDATES,
    PARENT,
    PARENT_DIGEST,
    PARENT_ENVELOPE,
    lineage,
    narrowed,
)
from tests.world import NOW, SEALER, SECOND_SEALER, make_key, make_trust_file, trust_of

CHECK = "authenticity.sub-mandate"
CHILD_DIGEST = seal(CHILD)[0]
BOTH = (PARENT_ENVELOPE,)


class Narrow(Story):
    """The log of an agent that was given a sub-mandate, and the parents beside it."""

    def __init__(
        self,
        folder: Path,
        reference: RuntimeReference = CHILD,
        *,
        sealer: PrivateKey = SECOND_SEALER,
        parents: tuple[bytes, ...] = BOTH,
    ) -> None:
        super().__init__(folder, reference=reference, sealer=sealer)
        self.keep(*parents)

    def keep(self, *envelopes: bytes) -> None:
        """Keep further references beside the log."""
        for each in envelopes:
            Documents(self.folder).put("reference", payload_digest(read_envelope(each, where="it"), where="it"), each)


def told(folder: Path, *given: Any, **changes: Any) -> list[bytes]:
    with Narrow(folder, *given, **changes) as story:
        return story.start().measure(3).stop().export()


def verdict(lines: list[bytes], *, trust: Trust = MANDATES, **changes: Any) -> Verdict:
    return judge(lines, trust=trust, **{"references": (CHILD_DIGEST,), **changes})


@pytest.mark.parametrize("expected", [{}, {"references": (), "artifacts": (WHEEL,)}])
def test_what_was_measured_under_one_is_judged_with_its_parent(tmp_path: Path, expected: dict[str, Any]) -> None:
    lines = told(tmp_path)
    assert sum(b'"kind":"reference"' in line for line in lines) == 2
    found = verdict(lines, **expected)
    assert found.passed, list(failing(found))
    assert [each.status for each in found.checks if each.id == CHECK] == ["pass"]
    assert found.assurance is not None


def test_it_is_no_evidence_for_the_parent_nor_the_parents_for_it(tmp_path: Path) -> None:
    lines = told(tmp_path / "child")
    assert "conformance.measured" in set(failing(verdict(lines, references=(PARENT_DIGEST,))))
    with Narrow(tmp_path / "parent", PARENT, sealer=SEALER, parents=()) as story:
        lines = story.start().measure(3).stop().export()
    assert verdict(lines, references=(PARENT_DIGEST,)).passed
    assert "build-link.reference" in set(failing(verdict(lines)))
    assert CHECK not in {each.id for each in verdict(lines).checks}


def test_where_both_were_used_both_are_judged(tmp_path: Path) -> None:
    with Narrow(tmp_path) as story:
        story.start().measure(3).stop()
        story.reference = PARENT_DIGEST
        story.restart("ef" * 16).start(run="ef" * 16).measure(1)
        story.violate()
        lines = story.stop(run="ef" * 16).export()
    assert verdict(lines).passed
    for question in ({"references": ()}, {"references": (), "artifacts": (WHEEL,)}):
        assert "conformance.matched" in set(failing(verdict(lines, **question)))


def refused(lines: list[bytes], **changes: Any) -> None:
    assert CHECK in set(failing(verdict(lines, **changes)))


def without(lines: list[bytes], digest: str) -> list[bytes]:
    start = b'{"digest":"%b"' % digest.encode()
    return reseal([line for line in lines if not line.startswith(start)])


def test_without_its_parent_it_counts_for_nothing(tmp_path: Path) -> None:
    refused(without(told(tmp_path), PARENT_DIGEST))


@pytest.mark.parametrize(
    "wider",
    [
        {"validity__not_after": after(90_000)},
        {"validity__ttl_seconds": None},
        {"tools": change(PARENT.tools, sequences=())},
        {"enforcement__audit_only": True},
        {"derivers": ()},
    ],
    ids=str,
)
def test_one_that_is_wider_counts_for_nothing(tmp_path: Path, wider: dict[str, Any]) -> None:
    child = change(CHILD, **wider)
    refused(told(tmp_path, child), references=(seal(child)[0],))


def test_one_by_a_key_that_its_parent_does_not_name_counts_for_nothing(tmp_path: Path) -> None:
    other = make_key("third sealer")
    trust = trust_of(make_trust_file(sealers=(SEALER, SECOND_SEALER, other)))
    lines = told(tmp_path, sealer=other)
    refused(lines, trust=trust)
    assert verdict(told(tmp_path / "named"), trust=trust).passed


@pytest.mark.parametrize(("depth", "expected"), [(MAX_DEPTH, set()), (MAX_DEPTH + 1, {CHECK})])
def test_the_line_of_parents_has_an_end(tmp_path: Path, depth: int, expected: set[str]) -> None:
    _, *parents = lineage(depth)
    reference, digest = PARENT, PARENT_DIGEST
    for _ in range(depth):
        reference = narrowed(reference, digest, "list", "read")
        digest = seal(reference)[0]
    found = verdict(told(tmp_path, reference, parents=tuple(parents)), references=(digest,))
    assert expected <= set(failing(found))
    assert found.passed == (not expected)


def test_a_parent_by_nobody_who_is_trusted_takes_it_along(tmp_path: Path) -> None:
    lines = told(tmp_path)
    trust = trust_of(make_trust_file(sealers=(SECOND_SEALER,)))
    assert {"authenticity.references", CHECK} <= set(failing(verdict(lines, trust=trust)))


def test_a_reference_that_is_nobodys_parent_is_one_too_many(tmp_path: Path) -> None:
    other = seal(change(PARENT, validity__sequence=2))
    lines = told(tmp_path)
    line = next(line for line in lines if b'"kind":"reference"' in line)
    with Narrow(tmp_path / "more") as story:
        story.reference = other[0]
        story.keep(other[1])
        more = story.start().measure(1).stop().export()
    strange = next(each for each in more if each.startswith(b'{"digest":"%b"' % other[0].encode()))
    body = sorted([*(each for each in lines if b'"kind":"reference"' in each), strange])
    at = lines.index(line)
    added = reseal([*lines[:at], *body, *lines[at + 2 :]])
    assert "authenticity.references" in set(failing(verdict(added)))


def test_a_digest_that_is_not_the_documents_is_found(tmp_path: Path) -> None:
    lines = rewrite(told(tmp_path), "reference", lambda value: value.update(digest="0" * 64))
    assert "integrity.grammar" in set(failing(verdict(lines)))


@pytest.mark.parametrize("digest", [PARENT_DIGEST, CHILD_DIGEST])
def test_it_is_void_when_it_or_its_parent_is(tmp_path: Path, digest: str) -> None:
    lines = told(tmp_path)
    revocation = make_revocation(Revoked.REFERENCE, digest, void_from=NOW - 60_000, reason="over")
    envelope = encode_envelope(sign_revocation(revocation, SEALER, at=NOW))
    known = open_revocations([("it", envelope)], MANDATES)
    assert "authenticity.revocation" in set(failing(verdict(lines, revocations=known)))
    assert verdict(lines, revocations=open_revocations([], MANDATES)).passed


def test_a_time_to_live_began_with_the_first_use_of_the_parent(tmp_path: Path) -> None:
    parent = change(PARENT, validity__ttl_seconds=120)
    digest, envelope = seal(parent)
    child = narrowed(parent, digest, "read")
    own = seal(child)[0]
    for name, first in (("parents", digest), ("own", own)):
        with Narrow(tmp_path / name, child, parents=(envelope,)) as story:
            story.reference = first
            story.start().measure(3).stop()
            story.reference = own
            story.restart("ef" * 16).wait(100_000).start(run="ef" * 16).measure(3)
            found = verdict(story.stop(run="ef" * 16).export(), references=(own,))
        assert "freshness.validity" in set(failing(found)), name
    with Narrow(tmp_path / "alone", child, parents=(envelope,)) as story:
        assert verdict(story.wait(100_000).start().measure(3).stop().export(), references=(own,)).passed


def document(*lines: bytes, **changes: Any) -> Verdict:
    question = ask(**{"trust": MANDATES, "references": (CHILD_DIGEST,), **changes})
    return verify_file([line + b"\n" for line in lines], question, file="child.ref")


def test_a_single_one_is_judged_with_the_lines_behind_it() -> None:
    child = seal(CHILD, SECOND_SEALER)[1]
    good = document(child, PARENT_ENVELOPE)
    assert good.kind is Kind.RUNTIME_REFERENCE
    assert {each.id: each.status for each in good.checks}[CHECK] == "pass"
    for lines in ((child,), (child, child), (child, PARENT_ENVELOPE, PARENT_ENVELOPE), (child, b"{}")):
        bad = document(*lines)
        assert bad.kind is Kind.RUNTIME_REFERENCE
        assert {"authenticity.references", CHECK} & set(failing(bad))
    alone = document(PARENT_ENVELOPE, references=(PARENT_DIGEST,))
    assert CHECK not in {each.id for each in alone.checks}
    assert set(failing(good)) == set(failing(alone))
    assert "authenticity.references" in set(failing(document(PARENT_ENVELOPE, PARENT_ENVELOPE)))
