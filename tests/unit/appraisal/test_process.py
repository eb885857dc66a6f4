"""A process matches if it is the same one, runs the sealed executable from disk, and was told the sealed things."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from attest.appraisal.closure import Closure
from attest.appraisal.process import judge_process, sealed_executable
from attest.appraisal.runtime import judge_runtime
from attest.appraisal.surroundings import Resolved
from attest.codec.printable import printable
from attest.statement.findings import FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import FileIdentity, ObservedProcess, Trouble
from attest.statement.profile import ProcessProfile

PYTHON = FileIdentity(device=1, inode=2)
PLACES = {"tree": "/srv/venv"}
SCRIPT = ProcessProfile(argv=("{tree}/bin/server", "--zone", "UTC"), interpreter="{tree}/bin/python")
PROGRAM = ProcessProfile(argv=("{tree}/bin/server", "--stdio"))
ARGV = ("/srv/venv/bin/python", "/srv/venv/bin/server", "--zone", "UTC")
SEEN = ObservedProcess(
    pid=7,
    start_time_ticks=100,
    boot_id="b",
    alive=True,
    uid=1000,
    argv=ARGV,
    executable_path="/usr/bin/python3.11",
    executable_sha256="a" * 64,
    executable_identity=PYTHON,
)


def kinds(
    observed: ObservedProcess,
    *,
    profile: ProcessProfile | None = SCRIPT,
    executable: FileIdentity | None = PYTHON,
    first: ObservedProcess | None = None,
    given: Mapping[str, str] | None = None,
) -> list[FindingKind]:
    findings = judge_process(profile, PLACES, observed, Resolved(executable=executable), first=first, given=given)
    assert all(finding.where == "process" for finding in findings)
    return [finding.kind for finding in findings]


def test_a_title_over_the_arguments_says_nothing_of_a_process_that_we_started() -> None:
    titled = dataclasses.replace(SEEN, argv=("my-server", "", "", ""))
    assert kinds(titled) == [FindingKind.ARGUMENTS]
    assert kinds(titled, given={}) == []
    for argv in (("my-server", "", "--zone", ""), ("", "", "", ""), ("my-server",)):
        assert kinds(dataclasses.replace(SEEN, argv=argv), given={}) == [FindingKind.ARGUMENTS]


def test_the_sealed_process_has_no_finding() -> None:
    assert kinds(SEEN, first=SEEN) == []


def test_of_a_script_the_interpreter_is_what_runs() -> None:
    assert sealed_executable(SCRIPT) == "{tree}/bin/python"
    assert sealed_executable(PROGRAM) == "{tree}/bin/server"
    assert sealed_executable(ProcessProfile(argv=())) is None


def test_a_program_of_its_own_is_compared_after_its_name() -> None:
    seen = dataclasses.replace(SEEN, argv=("server", "--stdio"))
    assert kinds(seen, profile=PROGRAM) == []


def test_a_link_is_as_good_as_the_sealed_file_that_it_leads_to() -> None:
    called = dataclasses.replace(SEEN, argv=("python", "/usr/bin/server", "--zone", "UTC"))
    assert kinds(called) == [FindingKind.ARGUMENTS]
    assert kinds(dataclasses.replace(called, links=(("/usr/bin/server", "/srv/venv/bin/server"),))) == []
    for links in ((("/usr/bin/server", "/srv/evil"),), (("/usr/bin/other", "/srv/venv/bin/server"),)):
        assert kinds(dataclasses.replace(called, links=links)) == [FindingKind.ARGUMENTS]


def test_what_leads_up_is_no_matter_of_text_since_there_may_be_a_link_before_it() -> None:
    seen = dataclasses.replace(SEEN, working_directory="/srv/venv/lib")
    for way in ("../bin/server", "/me/link/../../srv/venv/bin/server"):
        led = dataclasses.replace(seen, argv=("python", way, "--zone", "UTC"))
        assert kinds(led) == [FindingKind.ARGUMENTS]
        assert kinds(dataclasses.replace(led, links=((way, "/srv/venv/bin/server"),))) == []
        assert kinds(dataclasses.replace(led, links=((way, "/evil/server"),))) == [FindingKind.ARGUMENTS]
    # To node, which follows no link here, this is another script.
    other = dataclasses.replace(seen, argv=("node", "/me/link/../server", "--zone", "UTC"))
    assert kinds(dataclasses.replace(other, links=(("/me/link/../server", "/srv/venv/bin/server"),))) == [
        FindingKind.ARGUMENTS
    ]


@pytest.mark.parametrize("found", [None, "/me/venv"])
def test_an_interpreter_that_is_called_out_of_the_sealed_environment_takes_other_packages(found: str | None) -> None:
    resolved = Resolved(executable=PYTHON, virtual_environment="/srv/venv")
    called = dataclasses.replace(SEEN, virtual_environment=found)
    (finding,) = judge_process(SCRIPT, PLACES, called, resolved)
    assert (finding.kind, "/srv/venv" in str(finding.expected)) == (FindingKind.EXECUTABLE_OTHER, True)
    assert judge_process(PROGRAM, PLACES, dataclasses.replace(called, argv=("x", "--stdio")), resolved) == ()
    titled = dataclasses.replace(called, argv=("my-server", "", "", ""))
    assert judge_process(SCRIPT, PLACES, titled, resolved, given={}) == ()
    assert judge_process(SCRIPT, PLACES, dataclasses.replace(SEEN, virtual_environment="/srv/venv"), resolved) == ()


def test_the_sealed_program_by_another_name_is_another_one() -> None:
    """A hard link is the same file, and an interpreter takes its library from beside it."""
    for path, expected in (("/usr/bin/python3.11", []), ("/me/bin/python3.11", [FindingKind.EXECUTABLE_OTHER])):
        resolved = Resolved(executable=PYTHON, executable_path="/usr/bin/python3.11")
        seen = dataclasses.replace(SEEN, executable_path=path)
        assert [each.kind for each in judge_process(SCRIPT, PLACES, seen, resolved)] == expected
    odd = Resolved(executable=PYTHON, executable_path="/srv/\x1b/python")
    assert (
        judge_process(SCRIPT, PLACES, dataclasses.replace(SEEN, executable_path=printable("/srv/\x1b/python")), odd)
        == ()
    )


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("/srv/venv/bin/python",),
        (*ARGV, "--debug"),
        ("python", "-i", *ARGV[1:]),
        ("python", "/srv/other/bin/server", "--zone", "UTC"),
        ("python", "/srv/venv/bin/server", "--zone UTC"),
        None,
    ],
)
def test_other_arguments_are_a_finding(argv: tuple[str, ...] | None) -> None:
    assert kinds(dataclasses.replace(SEEN, argv=argv)) == [FindingKind.ARGUMENTS]


def test_arguments_are_shown_without_ambiguity() -> None:
    seen = dataclasses.replace(SEEN, argv=("python", "a b", "\udcff\n"))
    (finding,) = judge_process(SCRIPT, PLACES, seen, Resolved(executable=PYTHON))
    assert finding.expected == "'/srv/venv/bin/server' '--zone' 'UTC'"
    assert finding.found == "'a b' '\\udcff\\n'"


@pytest.mark.parametrize("executable", [None, FileIdentity(device=1, inode=3)])
def test_another_executable_is_a_finding(executable: FileIdentity | None) -> None:
    assert kinds(SEEN, executable=executable) == [FindingKind.EXECUTABLE_OTHER]


def test_an_executable_that_was_replaced_on_disk_is_its_own_finding() -> None:
    seen = dataclasses.replace(SEEN, executable_deleted=True)
    assert kinds(seen, executable=FileIdentity(device=1, inode=9)) == [
        FindingKind.EXECUTABLE_DELETED,
        FindingKind.EXECUTABLE_OTHER,
    ]
    assert kinds(seen, profile=None) == [FindingKind.EXECUTABLE_DELETED]


@pytest.mark.parametrize(("path", "kind"), [("bin", "replaced"), ("copy", "deleted")])
def test_only_what_lay_where_the_sealed_program_lies_was_replaced(path: str, kind: str) -> None:
    """A copy of an interpreter takes its library from where it lay, be its own content the sealed one."""
    root = Root(name="tree", scope=Scope.EXACT, mutable=())
    closure = Closure(roots=(("/srv/venv", root),), digests=frozenset({"a" * 64}))
    seen = dataclasses.replace(SEEN, executable_deleted=True, executable_path=f"/srv/venv/{path}/python")
    resolved = Resolved(executable=FileIdentity(device=1, inode=9), executable_path="/srv/venv/bin/python")
    found = [finding.kind for finding in judge_process(SCRIPT, PLACES, seen, resolved, closure=closure)]
    other = [FindingKind.EXECUTABLE_DELETED, FindingKind.EXECUTABLE_OTHER]
    assert found == ([FindingKind.EXECUTABLE_REPLACED] if kind == "replaced" else other)
    older = dataclasses.replace(closure, digests=frozenset(), elsewhere=frozenset({"a" * 64}))
    found = [finding.kind for finding in judge_process(SCRIPT, PLACES, seen, resolved, closure=older)]
    assert found == ([FindingKind.UPDATED] if kind == "replaced" else other)


def test_a_copy_of_the_sealed_content_outside_was_not_replaced() -> None:
    closure = Closure(digests=frozenset({"a" * 64}))
    seen = dataclasses.replace(SEEN, executable_deleted=True, executable_path="/evil/bin/python")
    found = judge_process(SCRIPT, PLACES, seen, Resolved(executable=PYTHON), closure=closure)
    assert [finding.kind for finding in found] == [FindingKind.EXECUTABLE_DELETED]


def test_a_runtime_that_was_replaced_on_disk_is_not_another_one() -> None:
    replaced = dataclasses.replace(SEEN, executable_deleted=True)
    now = FileIdentity(device=1, inode=9)
    assert judge_runtime("/usr/bin/python3.11", now, {}, replaced) == ()
    assert [each.kind for each in judge_runtime("/opt/python", now, {}, replaced)] == [FindingKind.RUNTIME_OTHER]
    assert [each.kind for each in judge_runtime("/usr/bin/python3.11", now, {}, SEEN)] == [FindingKind.RUNTIME_OTHER]


def test_a_process_that_ended_is_gone_and_nothing_else() -> None:
    gone = ObservedProcess(pid=7, start_time_ticks=100, boot_id="b", alive=False)
    assert kinds(gone, first=SEEN) == [FindingKind.PROCESS_GONE]


@pytest.mark.parametrize("change", [{"pid": 8}, {"start_time_ticks": 101}, {"boot_id": "c"}])
def test_another_process_under_the_same_name_is_replaced(change: dict[str, object]) -> None:
    other = dataclasses.replace(SEEN, **change)  # type: ignore[arg-type]  # one field of several types
    assert kinds(other, first=SEEN) == [FindingKind.PROCESS_REPLACED]


def test_any_word_is_right_for_a_parameter_and_none_is_shown() -> None:
    profile = ProcessProfile(argv=("{tree}/bin/server", "--key", "KEY", "--stdio"), parameters=(2,))

    def found(*words: str) -> str | None:
        seen = dataclasses.replace(SEEN, argv=("x", *words))
        findings = judge_process(profile, PLACES, seen, Resolved(executable=PYTHON))
        return next((each.found for each in findings if each.kind is FindingKind.ARGUMENTS), None)

    assert found("--key", "sekret", "--stdio") is None
    assert found("--key", "sekret") == "'--key' …"
    assert found("--lock", "sekret", "--stdio") == "'--lock' … '--stdio'"
    assert found("--key", "a", "sekret", "--stdio") == "'--key' … … '--stdio'"


def test_a_process_that_became_another_program_is_a_finding_without_a_profile() -> None:
    other = dataclasses.replace(SEEN, executable_sha256="b" * 64)
    assert kinds(other, profile=None, first=SEEN) == [FindingKind.EXECUTABLE_OTHER]
    assert kinds(SEEN, profile=None, first=SEEN) == []


def test_what_could_not_be_observed_is_a_finding() -> None:
    trouble = Trouble(kind=FindingKind.UNREADABLE, detail="Permission denied")
    seen = ObservedProcess(pid=7, start_time_ticks=100, boot_id="b", alive=True, trouble=trouble)
    assert kinds(seen) == [FindingKind.UNREADABLE]
