"""Code is good where it is the very file that was looked at in the tree, or where the server could not have put it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attest.appraisal.closure import Closure, ClosurePart, Where, make_closure
from attest.appraisal.mapped import count_outside, judge_mapped
from attest.statement.findings import FindingKind
from attest.statement.manifest import FileKind, Root, Scope
from attest.statement.observation import (
    FileIdentity,
    MappedFile,
    Observation,
    Observed,
    ObservedProcess,
    Trouble,
)

PROGRAM = FileIdentity(device=1, inode=1)
SEALED = FileIdentity(device=1, inode=2)
OTHER = FileIdentity(device=1, inode=3)
DIGEST = "d" * 64
TREE = Root(name="tree", scope=Scope.EXACT, mutable=("cache",))
SYSTEM = Root(name="system", scope=Scope.LISTED, mutable=())
FILES = (
    Observed(root="tree", path="lib/a.so", type_=FileKind.FILE, sha256=DIGEST, device=1, inode=2),
    Observed(
        root="tree",
        path="lib/locked",
        type_=None,
        trouble=Trouble(kind=FindingKind.UNREADABLE, detail="Permission denied"),
    ),
)
PART = ClosurePart(
    roots=(TREE, SYSTEM),
    real_places={"tree": "/srv/tree", "system": "/"},
    digests=frozenset({DIGEST}),
    listed={"system": ("usr/lib/libc.so",)},
    observation=Observation(
        files={file.key: file for file in FILES},
        places={"tree": "/srv/tree", "system": "/"},
        started_at=0,
        finished_at=0,
    ),
)
CLOSURE = make_closure([PART], frozenset({SEALED, OTHER}))
PYTHON = MappedFile(path="/opt/py/bin/python3", identity=PROGRAM, writable=True)


def process(*mapped: MappedFile) -> ObservedProcess:
    return ObservedProcess(
        pid=7,
        start_time_ticks=1,
        boot_id="b",
        alive=True,
        executable_path="/opt/py/bin/python3",
        executable_identity=PROGRAM,
        mapped=(PYTHON, *mapped),
    )


def kinds(
    *mapped: MappedFile, closure: Closure = CLOSURE, earlier: frozenset[FileIdentity] = frozenset()
) -> list[FindingKind]:
    findings = judge_mapped(process(*mapped), closure, earlier=earlier)
    assert all(finding.where == "process" for finding in findings)
    return [finding.kind for finding in findings]


def test_a_path_is_sealed_mutable_or_outside() -> None:
    assert CLOSURE.where("/srv/tree/lib/a.so") is Where.SEALED
    assert CLOSURE.where("/srv/tree/lib/new.so") is Where.SEALED
    assert CLOSURE.where("/srv/tree/cache/a.so") is Where.MUTABLE
    assert CLOSURE.where("/srv/treehouse/a.so") is Where.OUTSIDE
    assert CLOSURE.where("/usr/lib/libc.so") is Where.SEALED
    assert CLOSURE.where("/usr/lib/libm.so") is Where.OUTSIDE


def test_of_two_roots_the_inner_one_counts() -> None:
    inner = Root(name="inner", scope=Scope.EXACT, mutable=())
    roots = (("/srv/tree", TREE), ("/srv/tree/cache/inner", inner))
    assert Closure(roots=roots).where("/srv/tree/cache/inner/a.so") is Where.SEALED


def test_a_mapped_file_that_was_looked_at_in_the_tree_is_judged_there() -> None:
    assert kinds(MappedFile(path="/srv/tree/lib/a.so", identity=SEALED, writable=True)) == []
    assert kinds(MappedFile(path="/cache/of/uv/a.so", identity=SEALED, writable=True)) == []


def test_code_outside_that_the_server_could_have_written_is_a_finding() -> None:
    assert kinds(MappedFile(path="/tmp/evil.so", identity=OTHER, writable=True)) == [FindingKind.MAPPED]
    assert kinds(MappedFile(path="/usr/lib/libm.so", identity=OTHER, writable=False)) == []
    assert kinds(MappedFile(path="/mnt/fuse/a.so", identity=OTHER, writable=None, in_place=None)) == []


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/opt/py/lib/libpython3.so", []),
        ("/opt/py/lib/python3/lib-dynload/a.so", []),
        ("/opt/py/lib/python3/site-packages/a.so", [FindingKind.MAPPED]),
        ("/opt/py/lib/../../evil/dist-packages/a.so", [FindingKind.MAPPED]),
        ("/opt/py/share/a.so", [FindingKind.MAPPED]),
        ("/opt/python/lib/a.so", [FindingKind.MAPPED]),
    ],
)
def test_what_belongs_to_an_interpreter_that_nobody_measures_is_no_finding(
    path: str, expected: list[FindingKind]
) -> None:
    file = MappedFile(path=path, identity=OTHER, writable=True)
    assert kinds(file) == expected
    assert kinds(file, closure=replace(CLOSURE, composed=True)) == [FindingKind.MAPPED]


def test_code_in_a_mutable_place_is_a_finding_whoever_may_write_it() -> None:
    assert kinds(MappedFile(path="/srv/tree/cache/a.so", identity=OTHER)) == [FindingKind.MAPPED]


def test_another_file_under_a_sealed_name_is_a_finding() -> None:
    assert kinds(MappedFile(path="/srv/tree/lib/b.so", identity=PROGRAM)) == []
    assert kinds(MappedFile(path="/usr/lib/libc.so", identity=FileIdentity(device=2, inode=2))) == [
        FindingKind.MAPPED_CHANGED
    ]
    # What could not be looked at has a finding already, which is not drift.
    assert kinds(MappedFile(path="/srv/tree/lib/locked/b.so", identity=FileIdentity(device=2, inode=2))) == []


def test_deleted_code_is_drift_unless_it_is_what_was_sealed() -> None:
    gone = MappedFile(path="/srv/tree/lib/a.so", identity=FileIdentity(device=1, inode=9), in_place=False)
    assert kinds(gone) == [FindingKind.MAPPED_DELETED]
    assert kinds(replace(gone, sha256="e" * 64)) == [FindingKind.MAPPED_DELETED]
    assert kinds(replace(gone, sha256=DIGEST)) == [FindingKind.EXECUTABLE_REPLACED]


def test_code_outside_that_lay_there_before_was_replaced_and_inside_only_its_content_tells() -> None:
    number = FileIdentity(device=1, inode=9)
    outside = MappedFile(path="/usr/lib/libssl.so", identity=number, in_place=False)
    inside = MappedFile(path="/srv/tree/lib/a.so", identity=number, in_place=False)
    assert kinds(outside) == [FindingKind.MAPPED_DELETED]
    assert kinds(outside, earlier=frozenset({number})) == [FindingKind.EXECUTABLE_REPLACED]
    assert kinds(inside, earlier=frozenset({number})) == [FindingKind.MAPPED_DELETED]


def test_code_in_memory_alone_and_changed_code_are_findings() -> None:
    memory = MappedFile(path="/memfd:code", identity=OTHER, in_memory=True, in_place=False, sha256=DIGEST)
    assert kinds(memory) == [FindingKind.EXECUTABLE_IN_MEMORY]
    patched = MappedFile(path="/srv/tree/lib/a.so", identity=SEALED, patched_pages=2)
    assert kinds(patched) == [FindingKind.PATCHED]
    assert kinds(replace(PYTHON, patched_pages=1)) == [FindingKind.PATCHED]


def test_what_lies_outside_without_a_finding_is_counted() -> None:
    seen = process(
        MappedFile(path="/srv/tree/lib/a.so", identity=SEALED),
        MappedFile(path="/usr/lib/libm.so", identity=FileIdentity(device=2, inode=1)),
        MappedFile(path="/usr/lib/libc.so", identity=FileIdentity(device=2, inode=2)),
        MappedFile(path="/tmp/evil.so", identity=FileIdentity(device=2, inode=3), writable=True),
    )
    # The interpreter and libm.
    assert count_outside(seen, CLOSURE) == 2
