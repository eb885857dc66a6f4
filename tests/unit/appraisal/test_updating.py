"""Which sets of files may be an update under way, and which are none."""

from __future__ import annotations

from attest.appraisal.state import make_finding
from attest.appraisal.updating import contents_of, is_mixture
from attest.statement.findings import Finding, FindingKind
from attest.statement.manifest import FileKind
from attest.statement.observation import Observation, Observed

ROOTS = frozenset({"tree"})
GOOD, EVIL = "a" * 64, "e" * 64


def lying(*files: tuple[str, str]) -> Observation:
    seen = [Observed(root="tree", path=path, type_=FileKind.FILE, sha256=digest) for path, digest in files]
    return Observation(files={each.key: each for each in seen}, places={}, started_at=0, finished_at=0)


def found(kind: FindingKind, where: str) -> tuple[Finding, ...]:
    return (make_finding(kind, where),)


def mixed(kind: FindingKind, path: str, observation: Observation, where: str = "tree") -> bool:
    """Whether a file that neither reference has may be one that was moved aside."""
    both = found(kind, f"{where}/{path}")
    return is_mixture(both, both, observation, {}, ROOTS, frozenset({GOOD}))


def test_a_file_of_known_content_may_lie_aside_and_no_other() -> None:
    assert mixed(FindingKind.EXTRA, "~kg/x.py", lying(("~kg/x.py", GOOD)))
    assert not mixed(FindingKind.EXTRA, "~kg/x.py", lying(("~kg/x.py", EVIL)))
    assert not mixed(FindingKind.CHANGED, "pkg/x.py", lying(("pkg/x.py", GOOD)))


def test_what_lies_in_a_root_of_single_files_or_of_the_runtime_is_no_update_of_the_server() -> None:
    assert not mixed(FindingKind.EXTRA, "x.py", lying(("x.py", GOOD)), where="system")
    assert not mixed(FindingKind.MISSING, "x.py", lying(), where="byte code")


def test_a_name_that_is_spelled_like_that_of_a_good_file_excuses_no_evil_one() -> None:
    observation = lying(("x\n.py", EVIL), ("x\\x0a.py", GOOD))
    assert not mixed(FindingKind.EXTRA, "x\n.py", observation)
    assert not mixed(FindingKind.EXTRA, "x\\x0a.py", observation)


def test_a_reference_that_may_not_be_used_makes_no_update() -> None:
    gone = found(FindingKind.MISSING, "tree/x.py")
    expired = found(FindingKind.EXPIRED, "reference")
    assert is_mixture(gone, gone, lying(), {}, ROOTS, frozenset())
    assert not is_mixture(gone, (*gone, *expired), lying(), {}, ROOTS, frozenset())
    assert not is_mixture((*gone, *expired), gone, lying(), {}, ROOTS, frozenset())
    assert not is_mixture((), gone, lying(), {}, ROOTS, frozenset())


def test_contents_are_those_of_files_and_links() -> None:
    link = Observed(root="tree", path="l", type_=FileKind.LINK, target="x")
    seen = lying(("x", GOOD))
    assert contents_of(Observation(files={**seen.files, link.key: link}, places={}, started_at=0, finished_at=0)) == {
        GOOD,
        "link to x",
    }
