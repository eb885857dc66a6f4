"""Files are compared as an exact set: what is as sealed has no finding, and any one change has."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attest.appraisal.files import compare_files
from attest.statement.findings import Finding, FindingKind
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind, Root, Scope
from attest.statement.observation import Derivation, Key, Observation, Observed, Trouble
from tests.packing import pack_files

TREE = Root(name="tree", scope=Scope.EXACT, mutable=("var/cache",))
PREFIX = Root(name="prefix", scope=Scope.LISTED, mutable=())
SHIM = Derivation(rule="python-script", inputs=("tree/a.py", "name=value"))


def digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def file_entry(path: str, octets: bytes = b"x", *, executable: bool = False) -> Entry:
    return Entry(
        root="tree",
        path=path,
        type_=FileKind.FILE,
        origin=Origin.LISTED,
        size=len(octets),
        sha256=digest(octets),
        executable=executable,
    )


def link_entry(path: str, target: str = "a.py") -> Entry:
    return Entry(root="tree", path=path, type_=FileKind.LINK, origin=Origin.LOCKED, target=target)


def derived_entry(path: str, derivation: Derivation = SHIM) -> Entry:
    return Entry(
        root="tree",
        path=path,
        type_=FileKind.FILE,
        origin=Origin.DERIVED,
        rank=Origin.LISTED,
        rule=derivation.rule,
        inputs=derivation.inputs,
    )


def as_sealed(entry: Entry) -> Observed:
    """What an honest machine shows for an entry."""
    if entry.type_ is FileKind.LINK:
        target = entry.target or "somewhere"
        return Observed(root=entry.root, path=entry.path, type_=FileKind.LINK, target=target)
    return Observed(
        root=entry.root,
        path=entry.path,
        type_=FileKind.FILE,
        size=1 if entry.size is None else entry.size,
        sha256=entry.sha256 or digest(b"derived"),
        executable=bool(entry.executable),
    )


def compare(
    entries: list[Entry],
    seen: list[Observed],
    derivations: Mapping[Key, Derivation | Trouble | None] | None = None,
    *,
    optional: frozenset[str] = frozenset(),
) -> tuple[Finding, ...]:
    """Compare what was seen, packed as a look packs it and each file by itself: it has to come to the same."""
    found, again = (
        compare_files(
            (TREE, PREFIX),
            {(entry.root, entry.path): entry for entry in entries},
            Observation(files=files, places={"tree": "/tree"}, started_at=0, finished_at=0),
            derivations or {},
            optional_rules=optional,
        )
        for files in ({item.key: item for item in seen}, pack_files(seen))
    )
    assert found == again
    return found


def kinds(findings: tuple[Finding, ...]) -> list[FindingKind]:
    return [finding.kind for finding in findings]


def in_trouble(path: str, kind: FindingKind) -> Observed:
    trouble = Trouble(kind=kind, detail="why")
    return Observed(root="tree", path=path, type_=None, trouble=trouble)


PATHS = st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=3).map("/".join)


@st.composite
def sealed_trees(draw: st.DrawFn) -> list[Entry]:
    makers = {
        "file": lambda path: file_entry(path, draw(st.binary(max_size=8)), executable=draw(st.booleans())),
        "link": lambda path: link_entry(path, draw(st.text("ab/.", min_size=1, max_size=5))),
        "derived": derived_entry,
    }
    chosen = draw(st.dictionaries(PATHS, st.sampled_from(sorted(makers)), min_size=1, max_size=8))
    return [makers[kind](path) for path, kind in chosen.items()]


def derivations_of(entries: list[Entry]) -> dict[Key, Derivation | Trouble | None]:
    return {
        (entry.root, entry.path): Derivation(rule=entry.rule, inputs=entry.inputs)
        for entry in entries
        if entry.rule is not None
    }


@given(entries=sealed_trees())
def test_what_is_as_sealed_has_no_finding(entries: list[Entry]) -> None:
    seen = [as_sealed(entry) for entry in entries]
    assert compare(entries, seen, derivations_of(entries)) == ()


@given(entries=sealed_trees(), data=st.data())
def test_any_one_missing_file_is_the_only_finding(entries: list[Entry], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(entries))
    seen = [as_sealed(entry) for entry in entries if entry is not gone]
    (finding,) = compare(entries, seen, derivations_of(entries))
    assert (finding.kind, finding.where) == (FindingKind.MISSING, f"tree/{gone.path}")


@given(entries=sealed_trees(), path=PATHS, kind=st.sampled_from([FileKind.FILE, FileKind.LINK, None]))
def test_any_one_extra_file_is_the_only_finding(entries: list[Entry], path: str, kind: FileKind | None) -> None:
    assume(path not in {entry.path for entry in entries})
    extra = Observed(root="tree", path=path, type_=kind, sha256=digest(b"x"), target="t")
    seen = [*(as_sealed(entry) for entry in entries), extra]
    (finding,) = compare(entries, seen, derivations_of(entries))
    assert (finding.kind, finding.where) == (FindingKind.EXTRA, f"tree/{path}")


CHANGES: Mapping[str, tuple[FindingKind, dict[str, object]]] = {
    "content": (FindingKind.CHANGED, {"sha256": digest(b"another content")}),
    "size": (FindingKind.CHANGED, {"size": 1_000}),
    "kind": (FindingKind.TYPE, {"type_": FileKind.LINK}),
    "device": (FindingKind.TYPE, {"type_": None}),
    "setuid": (FindingKind.SPECIAL_MODE, {"special": True}),
    "unread": (
        FindingKind.UNREADABLE,
        {"trouble": Trouble(kind=FindingKind.UNREADABLE, detail="denied")},
    ),
    "restless": (
        FindingKind.UNSTABLE,
        {"trouble": Trouble(kind=FindingKind.UNSTABLE, detail="changed")},
    ),
}


@pytest.mark.parametrize("change", sorted(CHANGES))
@given(entries=sealed_trees(), data=st.data())
def test_any_one_change_of_a_file_is_the_only_finding(change: str, entries: list[Entry], data: st.DataObject) -> None:
    files = [entry for entry in entries if entry.sha256 is not None]
    assume(files)
    changed = data.draw(st.sampled_from(files))
    kind, fields = CHANGES[change]
    seen = [
        msgspec.structs.replace(as_sealed(entry), **fields) if entry is changed else as_sealed(entry)
        for entry in entries
    ]
    (finding,) = compare(entries, seen, derivations_of(entries))
    assert (finding.kind, finding.where) == (kind, f"tree/{changed.path}")


def test_a_changed_file_names_both_digests() -> None:
    entry = file_entry("a.py", b"good")
    seen = msgspec.structs.replace(as_sealed(entry), sha256=digest(b"evil"))
    (finding,) = compare([entry], [seen])
    assert finding == Finding(
        kind=FindingKind.CHANGED,
        where="tree/a.py",
        expected=f"sha256:{digest(b'good')}",
        found=f"sha256:{digest(b'evil')}",
    )


def test_an_executable_bit_that_came_or_went_is_a_finding() -> None:
    for sealed in (True, False):
        entry = file_entry("bin/x", executable=sealed)
        seen = msgspec.structs.replace(as_sealed(entry), executable=not sealed)
        (finding,) = compare([entry], [seen])
        assert finding.kind is FindingKind.EXECUTABLE
        assert (finding.expected, finding.found)[sealed] == "not executable"


def test_two_changes_of_one_file_are_two_findings() -> None:
    entry = file_entry("bin/x")
    seen = msgspec.structs.replace(as_sealed(entry), executable=True, sha256=digest(b"e"), special=True)
    assert kinds(compare([entry], [seen])) == [
        FindingKind.CHANGED,
        FindingKind.EXECUTABLE,
        FindingKind.SPECIAL_MODE,
    ]


def test_a_link_to_elsewhere_is_a_finding() -> None:
    entry = link_entry("python", "/usr/bin/python3")
    seen = msgspec.structs.replace(as_sealed(entry), target="/tmp/evil\n")
    (finding,) = compare([entry], [seen])
    assert finding.kind is FindingKind.LINK_TARGET
    assert (finding.expected, finding.found) == ("/usr/bin/python3", "/tmp/evil\\x0a")


def test_a_derived_file_needs_the_same_derivation() -> None:
    entry = derived_entry("bin/shim")
    seen, key = as_sealed(entry), ("tree", "bin/shim")
    assert compare([entry], [seen], {key: SHIM}) == ()
    others: list[Derivation | None] = [
        None,
        Derivation(rule="python-script", inputs=("tree/b.py", "name=value")),
        Derivation(rule="python-bytecode", inputs=SHIM.inputs),
    ]
    for other in others:
        assert kinds(compare([entry], [seen], {key: other})) == [FindingKind.UNDERIVED]
    assert kinds(compare([entry], [seen])) == [FindingKind.UNDERIVED]


def test_a_derived_file_that_cannot_be_judged_is_a_finding_of_that_kind() -> None:
    entry = derived_entry("m.pyc")
    trouble = Trouble(kind=FindingKind.UNDERIVABLE, detail="no python 3.9")
    (finding,) = compare([entry], [as_sealed(entry)], {("tree", "m.pyc"): trouble})
    assert (finding.kind, finding.found) == (FindingKind.UNDERIVABLE, "no python 3.9")


def test_a_derived_file_may_be_absent_only_if_its_rule_is_optional() -> None:
    entry = derived_entry("m.pyc", Derivation(rule="python-bytecode", inputs=("tree/m.py",)))
    assert kinds(compare([entry], [])) == [FindingKind.MISSING]
    assert compare([entry], [], optional=frozenset({"python-bytecode"})) == ()
    assert kinds(compare([file_entry("a.py")], [], optional=frozenset({"python-bytecode"}))) == [FindingKind.MISSING]


def test_an_unsealed_file_that_derives_is_no_finding() -> None:
    seen = Observed(root="tree", path="m.pyc", type_=FileKind.FILE, sha256=digest(b""))
    assert compare([], [seen], {seen.key: SHIM}) == ()
    assert kinds(compare([], [seen], {seen.key: None})) == [FindingKind.EXTRA]
    trouble = Trouble(kind=FindingKind.UNDERIVABLE, detail="no interpreter")
    assert kinds(compare([], [seen], {seen.key: trouble})) == [FindingKind.UNDERIVABLE]


def test_a_derivation_does_not_excuse_a_setuid_bit() -> None:
    seen = Observed(root="tree", path="x", type_=FileKind.FILE, sha256=digest(b""), special=True)
    assert kinds(compare([], [seen], {seen.key: SHIM})) == [FindingKind.SPECIAL_MODE]


def test_below_a_mutable_directory_everything_may_lie_and_beside_it_nothing() -> None:
    def file(path: str) -> Observed:
        return Observed(root="tree", path=path, type_=FileKind.FILE, sha256=digest(b""))

    assert compare([], [file("var/cache/x"), file("var/cache/y/z")]) == ()
    assert kinds(compare([], [file("var/cache"), file("var/cache2")])) == [FindingKind.EXTRA] * 2


def test_in_a_listed_root_what_is_not_sealed_belongs_to_others() -> None:
    other = Observed(root="prefix", path="bin/ls", type_=FileKind.FILE, sha256=digest(b""))
    assert compare([], [other]) == ()


def test_trouble_with_an_unsealed_file_is_a_finding_in_every_root() -> None:
    trouble = Trouble(kind=FindingKind.MISSING, detail="no such directory")
    root = Observed(root="prefix", path=".", type_=None, trouble=trouble)
    assert kinds(compare([], [root])) == [FindingKind.MISSING]
    assert kinds(compare([], [in_trouble("a\\x01b", FindingKind.NAME)])) == [FindingKind.NAME]


@pytest.mark.parametrize("above", [".", "pkg", "pkg/inner"])
def test_below_what_could_not_be_read_nothing_is_called_missing(above: str) -> None:
    entries = [file_entry("pkg/inner/a.py"), file_entry("pkg/inner/b.py")]
    (finding,) = compare(entries, [in_trouble(above, FindingKind.UNREADABLE)])
    assert (finding.kind, finding.where) == (FindingKind.UNREADABLE, f"tree/{above}")


def test_a_root_that_is_not_there_misses_all_its_files() -> None:
    entries = [file_entry("a.py"), file_entry("b.py")]
    findings = compare(entries, [in_trouble(".", FindingKind.MISSING)])
    assert kinds(findings) == [FindingKind.MISSING] * 3


def test_a_neighbour_that_could_not_be_read_excuses_nothing() -> None:
    findings = compare([file_entry("pkg/a.py")], [in_trouble("pk", FindingKind.UNREADABLE)])
    assert kinds(findings) == [FindingKind.UNREADABLE, FindingKind.MISSING]


@given(entries=sealed_trees(), paths=st.sets(PATHS, max_size=6))
def test_findings_are_sorted_and_never_depend_on_the_order_of_looking(entries: list[Entry], paths: set[str]) -> None:
    seen = [Observed(root="tree", path=path, type_=FileKind.FILE, sha256=digest(b"?")) for path in sorted(paths)]
    findings = compare(entries, seen)
    assert findings == compare(entries[::-1], seen[::-1])
    wheres = [finding.where.encode() for finding in findings]
    assert wheres == sorted(wheres)


def test_an_unsealed_file_that_decides_which_code_runs_is_a_finding_though_it_derives() -> None:
    seen = as_sealed(link_entry("node_modules/a/node_modules/b", "../../b"))
    link = Derivation(rule="node-package-link", inputs=("tree/node_modules/b/package.json",))
    observation = Observation(files={seen.key: seen}, places={"tree": "/tree"}, started_at=0, finished_at=0)
    for rules, found in ((frozenset[str](), []), (frozenset({"node-package-link"}), [FindingKind.EXTRA])):
        assert kinds(compare_files([TREE], {}, observation, {seen.key: link}, sealed_rules=rules)) == found
