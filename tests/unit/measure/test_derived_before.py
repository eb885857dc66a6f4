"""Byte code that was derived once is not derived again while it and its sources are the same, and only then."""

from __future__ import annotations

import hashlib

import pytest

from attest.measure.derivations import python_bytecode
from attest.measure.derived_before import DerivedBefore
from attest.statement.findings import FindingKind
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind
from attest.statement.observation import Derivation, Key, Observed, Trouble
from attest.statement.packed_entries import pack_entries
from tests.packing import pack_files

SOURCES = ("pkg/a.py", "pkg/b.py")
COMPILED = {path: f"pkg/__pycache__/{path[4]}.cpython-311.pyc" for path in SOURCES}
Outcomes = dict[Key, Derivation | Trouble | None]


def source(path: str, octets: bytes = b"source") -> Observed:
    digest = hashlib.sha256(path.encode() + octets).hexdigest()
    return Observed(root="tree", path=path, type_=FileKind.FILE, size=9, sha256=digest, executable=False)


def sealed_source(path: str) -> Entry:
    return Entry(
        root="tree",
        path=path,
        type_=FileKind.FILE,
        origin=Origin.BUILT,
        size=9,
        sha256=source(path).sha256,
        executable=False,
    )


def sealed_code(path: str, rule: str = python_bytecode.NAME) -> Entry:
    inputs = python_bytecode.derivation(("tree", path)).inputs
    return Entry(
        root="tree",
        path=COMPILED[path],
        type_=FileKind.FILE,
        origin=Origin.DERIVED,
        rank=Origin.BUILT,
        rule=rule,
        inputs=inputs,
    )


SEALED = [each for path in SOURCES for each in (sealed_source(path), sealed_code(path))]
SEEN = [source(path) for pair in COMPILED.items() for path in pair]
DERIVED: Outcomes = {("tree", code): python_bytecode.derivation(("tree", path)) for path, code in COMPILED.items()}
FOLDER = ("tree", "pkg/__pycache__")


def remembered(sealed: list[Entry], seen: list[Observed], outcomes: Outcomes, later: list[Observed]) -> frozenset[Key]:
    """Return which directories need not be asked about in the later look."""
    before = DerivedBefore()
    files = pack_files(seen)
    assert before.find(files).folders == frozenset()
    before.keep(files, pack_entries(sealed), outcomes)
    return before.find(pack_files(later)).folders


def test_what_is_as_it_was_has_the_derivations_that_it_had() -> None:
    before, files = DerivedBefore(), pack_files(SEEN)
    before.keep(files, pack_entries(SEALED), DERIVED)
    same = before.find(files)
    assert (same.folders, same.derivations) == (frozenset({FOLDER}), DERIVED)


@pytest.mark.parametrize("path", [*SOURCES, *COMPILED.values()])
@pytest.mark.parametrize("how", ["changed", "gone", "troubled", "beside"])
def test_after_any_change_it_is_asked_again(path: str, how: str) -> None:
    rest = [each for each in SEEN if each.path != path]
    trouble = Trouble(kind=FindingKind.UNREADABLE, detail="why")
    later = {
        "changed": [*rest, source(path, b"other")],
        "gone": rest,
        "troubled": [*rest, Observed(root="tree", path=path, type_=None, trouble=trouble)],
        "beside": [*SEEN, source(f"{path}.new")],
    }
    assert remembered(SEALED, SEEN, DERIVED, later[how]) == frozenset()


def test_what_changed_once_is_not_remembered_when_it_is_back() -> None:
    before, files = DerivedBefore(), pack_files(SEEN)
    before.keep(files, pack_entries(SEALED), DERIVED)
    before.find(pack_files(SEEN[1:]))
    assert before.find(files).folders == frozenset()


def test_nothing_is_remembered_unless_all_of_it_followed_as_sealed() -> None:
    code = ("tree", COMPILED[SOURCES[0]])
    other = Derivation(rule=python_bytecode.NAME, inputs=("tree/pkg/b.py",))
    in_doubt = Trouble(kind=FindingKind.UNREADABLE, detail="why")
    for outcome in (None, in_doubt, other, Derivation(rule="python-script", inputs=())):
        assert remembered(SEALED, SEEN, {**DERIVED, code: outcome}, SEEN) == frozenset()
    unsealed = [each for each in SEALED if each.path != SOURCES[0]]
    assert remembered(unsealed, SEEN, DERIVED, SEEN) == frozenset()
    extra = source("pkg/__pycache__/c.cpython-311.pyc")
    assert remembered(SEALED, [*SEEN, extra], DERIVED, [*SEEN, extra]) == frozenset()


def test_a_directory_with_other_entries_than_byte_code_is_judged_each_time() -> None:
    plain = sealed_source("pkg/__pycache__/plain.py")
    link = Entry(root="tree", path="pkg/__pycache__/l", type_=FileKind.LINK, origin=Origin.BUILT, target="x")
    for entry in (plain, link):
        assert remembered([*SEALED, entry], SEEN, DERIVED, SEEN) == frozenset()
