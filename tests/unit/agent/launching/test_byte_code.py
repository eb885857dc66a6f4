"""The private directory of byte code: what an interpreter puts there is no finding, anything else is one."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from attest.agent.launching.byte_code import Sealed, look_at_byte_code, private_directory
from attest.agent.launching.library import Library, library_of
from attest.measure.deriver import Deriver
from attest.measure.standpoint import Standpoint
from attest.measure.tree import look_at_roots
from attest.statement.findings import Finding, FindingKind
from attest.statement.manifest import Root, Scope
from attest.statement.observation import Trouble
from tests.launches import PYTHON
from tests.unprivileged import NOBODY
from tests.world import NOW

EXACT = Root(name="tree", scope=Scope.EXACT, mutable=())
MODULES = {"tiny/__init__.py": "VALUE = 'good'\n", "tiny/deep/__init__.py": "from tiny import VALUE\n"}
LIBRARY = library_of(PYTHON, os.geteuid())
"""That of the interpreter that runs these tests, which is not sealed."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "tree"


@pytest.fixture
def compiled(tree: Path, tmp_path: Path) -> Path:
    """A directory that a first start has filled, from the tree and from the library."""
    place = tmp_path / "byte-code"
    place.mkdir()
    run(tree, place, "import tiny.deep, textwrap")
    assert len(list(place.rglob("*.pyc"))) > len(MODULES)
    return place


def run(tree: Path, place: Path, program: str, *options: str) -> None:
    environment = {"PYTHONPYCACHEPREFIX": str(place), "PYTHONPATH": str(tree)}
    subprocess.run([PYTHON, *options, "-c", program], check=True, env=environment)


def look(tree: Path, place: Path, library: Library = LIBRARY) -> tuple[Finding, ...]:
    seen = look_at_roots({"tree": str(tree)}, (EXACT,), {}, clock_ms=lambda: NOW)
    known = {key: item.sha256 for key, item in seen.files.items() if item.sha256 and key[1] in MODULES}
    sealed = Sealed(observations=(seen,), known=known, derived=frozenset())
    return look_at_byte_code(str(place), sealed, library, Deriver(workers=1), lambda: NOW).findings


def test_what_a_first_start_leaves_is_no_finding(tree: Path, compiled: Path) -> None:
    assert look(tree, compiled) == ()
    for level in ("-O", "-OO"):
        run(tree, compiled, "import tiny.deep", level)
    assert look(tree, compiled) == ()


def test_where_nobody_could_look_at_the_sources_their_byte_code_is_no_drift(tree: Path, compiled: Path) -> None:
    ended = Standpoint(trouble=Trouble(kind=FindingKind.UNREACHABLE, detail="the process has ended"))
    seen = look_at_roots({"tree": str(tree)}, (EXACT,), {}, clock_ms=lambda: NOW, standpoint=ended)
    sealed = Sealed(observations=(seen,), known={("tree", name): "0" * 64 for name in MODULES}, derived=frozenset())

    def kinds() -> set[FindingKind]:
        found = look_at_byte_code(str(compiled), sealed, LIBRARY, Deriver(workers=1), lambda: NOW).findings
        return {each.kind for each in found}

    assert kinds() == {FindingKind.UNREACHABLE}
    plant_foreign(compiled)
    assert kinds() == {FindingKind.UNREACHABLE, FindingKind.EXTRA}


def test_a_tree_that_is_reached_through_a_link_is_the_sealed_one(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)
    place = tmp_path / "by-link"
    place.mkdir()
    run(tmp_path / "link", place, "import tiny.deep")
    assert look(tree, place) == ()


def change(place: Path, constant: bytes) -> Path:
    """Change one letter of a constant in a .pyc, its header kept."""
    path = next(path for path in sorted(place.rglob("*.pyc")) if constant in path.read_bytes())
    octets = bytearray(path.read_bytes())
    octets[octets.index(constant)] ^= 0x01
    path.write_bytes(octets)
    return path


def plant_foreign(place: Path) -> Path:
    """Byte code of a module that lies in the place of nobody's tree, made as an interpreter would."""
    folder = place.parent / "elsewhere"
    folder.mkdir()
    (folder / "evil.py").write_text("import os\n")
    run(folder, place, "import evil")
    return next(place.rglob("evil*.pyc"))


def plant_stray(place: Path) -> Path:
    path = place / "payload.so"
    path.write_bytes(b"\x7fELF")
    return path


def plant_link(place: Path) -> Path:
    path = next(place.rglob("__init__*.pyc"))
    path.rename(place.parent / "moved.pyc")
    path.symlink_to(place.parent / "moved.pyc")
    return path


PLANTED: dict[str, tuple[Callable[[Path], Path], FindingKind]] = {
    "poisoned byte code of a sealed source": (lambda place: change(place, b"good"), FindingKind.UNDERIVED),
    "poisoned byte code of the library": (lambda place: change(place, b"fix_sentence_endings"), FindingKind.UNDERIVED),
    "byte code of a source that is not sealed": (plant_foreign, FindingKind.EXTRA),
    "another file": (plant_stray, FindingKind.EXTRA),
    "a link to byte code": (plant_link, FindingKind.UNDERIVED),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_no_sealed_source_makes_is_a_finding(tree: Path, compiled: Path, name: str) -> None:
    plant, kind = PLANTED[name]
    path = plant(compiled)
    (finding,) = look(tree, compiled)
    assert finding.kind is kind
    assert finding.where == f"byte code/{path.relative_to(compiled)}"


def test_byte_code_of_a_changed_source_is_a_finding(tree: Path, compiled: Path, tmp_path: Path) -> None:
    (tree / "tiny/__init__.py").write_text("VALUE = 'evil'\n")
    place = tmp_path / "anew"
    place.mkdir()
    run(tree, place, "import tiny")
    sealed = Sealed(
        observations=(look_at_roots({"tree": str(tree)}, (EXACT,), {}, clock_ms=lambda: NOW),),
        known={("tree", "tiny/__init__.py"): "0" * 64},
        derived=frozenset(),
    )
    found = look_at_byte_code(str(place), sealed, LIBRARY, Deriver(workers=1), lambda: NOW).findings
    assert [finding.kind for finding in found] == [FindingKind.EXTRA]


def test_byte_code_of_a_source_that_is_being_written_is_not_called_a_stranger(tree: Path, compiled: Path) -> None:
    seen = look_at_roots({"tree": str(tree)}, (EXACT,), {}, clock_ms=lambda: NOW)
    key = ("tree", "tiny/__init__.py")
    known = {key: item.sha256 or "" for key, item in seen.files.items() if key[1] in MODULES}
    trouble = Trouble(kind=FindingKind.UNSTABLE, detail="changed in 4 readings")
    writing = msgspec.structs.replace(seen.files[key], sha256=None, trouble=trouble)
    during = replace(seen, files={**seen.files, key: writing})
    sealed = Sealed(observations=(during,), known=known, derived=frozenset())
    found = look_at_byte_code(str(compiled), sealed, LIBRARY, Deriver(workers=1), lambda: NOW).findings
    assert [finding.kind for finding in found] == [FindingKind.UNDERIVABLE]


def test_a_name_in_the_making_is_no_finding(tree: Path, compiled: Path) -> None:
    path = next(compiled.rglob("*.pyc"))
    path.with_name(f"{path.name}.140123").write_bytes(b"half")
    assert look(tree, compiled) == ()


def test_an_unsealed_source_is_of_no_server_that_could_have_written_it(tree: Path, compiled: Path) -> None:
    nobody = Library(prefix=None, uid=NOBODY)
    library = [path for path in compiled.rglob("*.pyc") if str(tree) not in str(path)]
    owned_by_root = Path(os.__file__).stat().st_uid == 0
    assert len(look(tree, compiled, nobody)) == (0 if owned_by_root else len(library))
    assert len(look(tree, compiled, Library(prefix=None, uid=0))) == len(library)


def test_a_copy_in_an_environment_uses_the_library_of_what_it_was_copied_from(tmp_path: Path) -> None:
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--copies", tmp_path / "env"], check=True)
    program = tmp_path / "env/bin/python"
    assert not program.is_symlink()
    assert library_of(str(program), os.geteuid()) == LIBRARY


def test_a_directory_that_is_gone_is_a_finding(tree: Path, tmp_path: Path) -> None:
    (finding,) = look(tree, tmp_path / "gone")
    assert finding.kind is FindingKind.MISSING


def test_the_directory_is_private_and_gone_at_the_end() -> None:
    with private_directory() as place:
        assert Path(place).stat().st_mode & 0o777 == 0o700
        assert list(Path(place).iterdir()) == []
        (Path(place) / "usr").mkdir()
        (Path(place) / "usr" / "x.pyc").write_bytes(b"")
    assert not Path(place).exists()
