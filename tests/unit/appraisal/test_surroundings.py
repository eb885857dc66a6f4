"""What is around a process is held against what is sealed, and against the first look at it."""

from __future__ import annotations

from dataclasses import replace

from attest.appraisal.closure import Closure
from attest.appraisal.surroundings import Resolved, judge_surroundings
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import (
    FileIdentity,
    MappedFile,
    Mount,
    ObservedChild,
    ObservedMounts,
    ObservedProcess,
)
from attest.statement.profile import ProcessProfile

PROGRAM = FileIdentity(device=1, inode=1)
GIT = FileIdentity(device=1, inode=2)
SEEN = ObservedProcess(
    pid=7,
    start_time_ticks=1,
    boot_id="b",
    alive=True,
    uid=1000,
    real_uid=1000,
    working_directory="/srv/data",
    executable_identity=PROGRAM,
    namespaces=(("mnt", "mnt:[1]"), ("net", "net:[2]")),
)
CLOSURE = Closure(
    roots=(
        ("/srv/tree", Root(name="tree", scope=Scope.EXACT, mutable=("cache",))),
        ("/", Root(name="system", scope=Scope.LISTED, mutable=())),
    ),
    listed=frozenset({"/usr/lib/libc.so"}),
    digests=frozenset({"d" * 64}),
)
PROFILE = ProcessProfile(argv=("x",))


def kinds(
    seen: ObservedProcess = SEEN,
    *,
    profile: ProcessProfile | None = PROFILE,
    resolved: Resolved | None = None,
    first: ObservedProcess | None = None,
) -> list[FindingKind]:
    findings = judge_surroundings(profile, seen, resolved or Resolved(), CLOSURE, first=first)
    assert all(finding.where == "process" for finding in findings)
    return [finding.kind for finding in findings]


def with_child(executable: MappedFile | None) -> ObservedProcess:
    return replace(SEEN, children=(ObservedChild(pid=8, start_time_ticks=2, executable=executable),))


def mounted(*theirs: Mount, ours: tuple[Mount, ...] | None = None, owned: tuple[str, ...] = ()) -> ObservedProcess:
    return replace(SEEN, mounts=ObservedMounts(theirs=theirs, ours=ours, owned=owned))


def test_nothing_sealed_and_nothing_changed_is_no_finding() -> None:
    assert kinds(first=SEEN) == []
    assert kinds(profile=None) == []


def test_another_working_directory_is_a_finding_only_if_one_is_sealed() -> None:
    assert kinds(resolved=Resolved(working_directory="/srv/data")) == []
    assert kinds(resolved=Resolved(working_directory="/srv")) == [FindingKind.WORKING_DIRECTORY]


def test_another_user_than_at_first_is_a_finding() -> None:
    assert kinds(replace(SEEN, uid=0), first=SEEN) == [FindingKind.CREDENTIALS]
    assert kinds(replace(SEEN, real_uid=0), first=SEEN) == [FindingKind.CREDENTIALS]


def test_another_namespace_than_at_first_is_a_finding() -> None:
    moved = replace(SEEN, namespaces=(("mnt", "mnt:[9]"), ("net", "net:[2]")))
    assert kinds(moved, first=SEEN) == [FindingKind.NAMESPACE]
    assert kinds(replace(SEEN, namespaces=SEEN.namespaces[:1]), first=SEEN) == [FindingKind.NAMESPACE]


def test_a_child_may_run_what_the_server_could_not_have_written() -> None:
    assert kinds(with_child(MappedFile(path="/usr/bin/git", identity=GIT))) == []
    assert kinds(with_child(MappedFile(path="/srv/x", identity=PROGRAM, writable=True))) == []
    assert kinds(with_child(None)) == []
    assert kinds(with_child(MappedFile(path="/tmp/x", identity=GIT, writable=True))) == [FindingKind.CHILD]
    memory = MappedFile(path="/memfd:x", identity=GIT, in_memory=True, in_place=False, sha256="d" * 64)
    assert kinds(with_child(memory)) == [FindingKind.CHILD]
    gone = MappedFile(path="/usr/bin/git", identity=GIT, in_place=False)
    assert kinds(with_child(gone)) == [FindingKind.CHILD]
    assert kinds(with_child(replace(gone, sha256="d" * 64))) == []


def test_with_sealed_children_only_they_and_its_own_program_may_run() -> None:
    profile, resolved = ProcessProfile(argv=("x",), children=("/usr/bin/git",)), Resolved(programs=frozenset({GIT}))
    git = MappedFile(path="/usr/bin/git", identity=GIT)
    assert kinds(with_child(git), profile=profile, resolved=resolved) == []
    assert kinds(with_child(replace(git, identity=PROGRAM)), profile=profile, resolved=resolved) == []
    other = replace(git, identity=FileIdentity(device=9, inode=9))
    assert kinds(with_child(other), profile=profile, resolved=resolved) == [FindingKind.CHILD]
    assert kinds(with_child(None), profile=profile, resolved=resolved) == [FindingKind.UNREACHABLE]


def test_listening_is_judged_only_if_it_is_sealed() -> None:
    listening = replace(SEEN, listening=("tcp:127.0.0.1:80", "unix:@x"))
    assert kinds(listening) == []
    one = ProcessProfile(argv=("x",), listening=("tcp:127.0.0.1:80",))
    assert kinds(listening, profile=one) == [FindingKind.LISTENING]
    nowhere = ProcessProfile(argv=("x",), listening=())
    assert kinds(listening, profile=nowhere) == [FindingKind.LISTENING] * 2
    assert kinds(replace(SEEN, listening=()), profile=nowhere) == []


def test_a_mount_in_an_exact_root_is_a_finding_but_for_mutable_places() -> None:
    assert kinds(mounted(Mount(point="/", device="8:1", root="/"))) == []
    assert kinds(mounted(Mount(point="/srv", device="8:2", root="/"))) == []
    assert kinds(mounted(Mount(point="/srv/tree", device="8:2", root="/"))) == []
    assert kinds(mounted(Mount(point="/srv/tree/cache/x", device="0:9", root="/"))) == []
    assert kinds(mounted(Mount(point="/srv/treehouse", device="0:9", root="/"))) == []
    assert kinds(mounted(Mount(point="/srv/tree/lib", device="0:9", root="/"))) == [FindingKind.MOUNT]


def test_over_listed_files_only_what_is_mounted_for_the_process_alone_is_a_finding() -> None:
    usr = Mount(point="/usr", device="8:3", root="/")
    assert kinds(mounted(usr)) == []
    assert kinds(mounted(usr, ours=(usr,))) == []
    assert kinds(mounted(usr, ours=())) == [FindingKind.MOUNT]
    assert kinds(mounted(Mount(point="/usr/lib/libc.so", device="8:1", root="/evil"), ours=(usr,))) == [
        FindingKind.MOUNT
    ]
    assert kinds(mounted(Mount(point="/tmp", device="8:1", root="/private"), ours=(usr,))) == []


def test_a_place_that_is_another_directory_for_the_process_is_a_finding() -> None:
    assert kinds(mounted(owned=("/srv/tree",), ours=())) == [FindingKind.MOUNT]
