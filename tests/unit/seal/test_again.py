"""Sealing anew what a reference sealed keeps every term of it, and approves nothing that was not approved again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from attest.errors import RefusedError
from attest.provenance.model import Expectations
from attest.seal.again import request_again
from attest.seal.comparing import compare
from attest.seal.request import Rules, SealRequest, Tree
from attest.seal.seal import seal
from attest.seal.sealed import Sealed
from attest.seal.unverified import read_side, read_unverified
from attest.statement.enforcing import Action
from attest.statement.levels import Binding, Isolation
from tests.call_documents import LEAST_RULES
from tests.call_documents import RULES as RULES_OF_CALLS
from tests.installed import Bench, make_bench
from tests.world import NOW, SEALER, TRUST

RULES = Rules(
    cycle=7,
    max_gap=70,
    max_age=77,
    ttl=777,
    min_binding=Binding.TREE,
    min_isolation=Isolation.SAME_UID,
    on_drift=Action.TERMINATE,
    audit_only=True,
    not_after=NOW + 3_600_000,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


def again(bench: Bench, path: Path, **given: object) -> Sealed:
    fresh = SealRequest(artifacts=(bench.wheel,), evidence=(bench.provenance,), **given)  # type: ignore[arg-type]
    request = request_again(path, read_unverified(path), fresh)
    return seal(request, TRUST, lambda: SEALER, at=NOW + 1000)


def test_every_term_is_kept_and_only_the_times_differ(bench):
    script = str(bench.tree / "tiny_server/tools.py")
    (bench.tree / "cache").mkdir()
    first = bench.write(
        bench.seal(
            rules=RULES,
            command=(os.path.realpath(sys.executable), script, "--flag", "{tree}/label"),
            parameters=(3,),
            mutable=(bench.tree / "cache",),
            name="mine",
        )
    )
    second = again(bench, first)
    old, new = read_unverified(first), read_side(second.envelope, second.manifest, where="new")
    difference = compare(old, new)
    assert not difference.packages
    assert not difference.files
    assert {term.name for term in difference.terms} == {
        "validity.notBefore", "validity.notAfter", "validity.sequence", "validity.supersedes"
    }  # fmt: skip
    assert new.reference.process is not None
    assert new.reference.process.parameters == (3,)
    assert new.reference.validity.sequence == old.reference.validity.sequence + 1
    assert new.reference.validity.supersedes == (old.digest,)


def test_tool_rules_are_kept_unless_others_are_given(bench):
    first = bench.write(bench.seal(tools=LEAST_RULES))
    assert again(bench, first).reference.tools == LEAST_RULES
    assert again(bench, first, tools=RULES_OF_CALLS).reference.tools == RULES_OF_CALLS
    assert bench.seal().reference.tools is None


def test_what_changed_is_sealed_as_it_is_now(bench):
    first = bench.write(bench.seal())
    (bench.tree / "tiny_server/tools.py").write_bytes(b"TOOLS = ()\n")
    with pytest.raises(RefusedError, match=r"tools\.py"):
        again(bench, first)


def test_what_was_approved_without_evidence_has_to_be_approved_again(bench):
    (bench.tree / "extra.py").write_bytes(b"")
    first = bench.write(bench.seal(allow_site=("*",)))
    with pytest.raises(RefusedError, match=r"extra\.py"):
        again(bench, first)
    assert again(bench, first, allow_site=("tree/extra.py",)).reference.unclaimed.files == 1


def test_a_single_file_is_the_same_single_file_again(bench):
    path = bench.folder / "one.sh"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)

    first = bench.write(
        bench.seal(
            trees=(Tree(name="tree", path=path),), artifacts=(), evidence=(), allow_site=("*",), command=(str(path),)
        )
    )
    request = request_again(first, read_unverified(first), SealRequest(allow_site=("*",), expectations=Expectations()))
    second = seal(request, TRUST, lambda: SEALER, at=NOW + 1000)
    assert second.reference.manifest == read_unverified(first).reference.manifest
    assert second.reference.process == read_unverified(first).reference.process
