"""Environments of pipx, `uv tool`, `uvx` and `venv --copies`: the same reference explains them all."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
import sys
from pathlib import Path

import pytest

from attest.appraisal.files import compare_files
from attest.measure.derivations.known_files import ACTIVATION
from attest.measure.derivations.venv_activate import normal_digest
from attest.measure.deriver import Deriver
from attest.statement.findings import FindingKind
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind, Root, Scope
from attest.statement.observation import Derivation, Trouble
from tests.wheels import SITE, WHEEL, facts_of, install, look, make_environment, make_wheel, put, record_hash, unknown

SHARED = f"{SITE}/pipx_shared.pth"


@pytest.fixture
def prefix(tmp_path):
    prefix = make_environment(tmp_path / "environment")
    install(make_wheel(tmp_path), prefix)
    return prefix


def outcomes(prefix, **more):
    places = {"tree": prefix, **more}
    seen = look(places)
    wheels = [make_wheel(prefix.parent), *prefix.parent.glob("pip-*.whl")]
    facts = facts_of(seen, [WHEEL.bind(WHEEL.read(wheel), seen) for wheel in wheels])
    return Deriver(workers=1).derive_all(facts, unknown(facts))


def unexplained(prefix, **more):
    found = outcomes(prefix, **more)
    return {
        path: getattr(what, "detail", None) for (_, path), what in found.items() if not isinstance(what, Derivation)
    }


PIPX = {"pipx_metadata_version": "0.12", "main_package": {"package": "Small.Tool", "package_version": "1.0"}}
RECEIPT = '[tool]\nrequirements = [{ name = "small-tool" }]\nentrypoints = [{ name = "small" }]\n'


@pytest.mark.parametrize(
    ("name", "text"), [("pipx_metadata.json", json.dumps(PIPX)), ("uv-receipt.toml", RECEIPT)], ids=["pipx", "uv"]
)
def test_the_note_of_a_tool_is_explained_by_the_program_that_it_is_about(name, text, prefix):
    put(prefix / name, text.encode())
    metadata = f"tree/{SITE}/small_tool-1.0.dist-info/METADATA"
    assert outcomes(prefix)["tree", name] == Derivation(rule="tool-receipt", inputs=(metadata,))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pipx_metadata.json", "{}"),
        ("pipx_metadata.json", "import os"),
        ("pipx_metadata.json", json.dumps({**PIPX, "main_package": {"package": "other"}})),
        ("pipx_metadata.json", json.dumps({**PIPX, "main_package": ["small-tool"]})),
        ("uv-receipt.toml", RECEIPT.replace("small-tool", "other")),
        ("uv-receipt.toml", RECEIPT + "[build]\n"),
        ("uv-receipt.toml", "[tool]\nrequirements = []\n"),
        ("uv-receipt.toml", "= ="),
    ],
)
def test_another_note_is_a_finding(name, text, prefix):
    put(prefix / name, text.encode())
    found = outcomes(prefix)["tree", name]
    assert isinstance(found, Trouble)
    assert found.kind is FindingKind.UNDERIVED


def test_a_note_beside_no_environment_is_nothing_of_the_rules(tmp_path):
    put(tmp_path / "prefix/uv-receipt.toml", RECEIPT.encode())
    install(make_wheel(tmp_path), tmp_path / "prefix")
    assert outcomes(tmp_path / "prefix")["tree", "uv-receipt.toml"] is None


def shared_environment(folder: Path) -> Path:
    shared = make_environment(folder / "shared")
    wheel = make_wheel(folder, {"pip/__init__.py": b"x = 1\n"}, label="pip-1.0")
    install(wheel, shared)
    return shared


def test_pipx_may_bring_in_its_pip_only_from_a_sealed_environment(prefix):
    shared = shared_environment(prefix.parent)
    put(prefix / SHARED, f"{shared / SITE}\n".encode())
    assert "as a further TREE" in unexplained(prefix)[SHARED]
    assert unexplained(prefix, shared=shared) == {}


@pytest.mark.parametrize("text", ["import os\n", "/tmp\n", "{site}\nimport os\n", "{site}\n{site}\n", "{shared}\n", ""])
def test_a_line_that_does_anything_else_is_a_finding(text, prefix):
    shared = shared_environment(prefix.parent)
    put(prefix / SHARED, text.format(site=shared / SITE, shared=shared).encode())
    assert SHARED in unexplained(prefix, shared=shared)


def test_a_directory_without_a_sealed_pip_is_not_brought_in(prefix):
    other = make_environment(prefix.parent / "other")
    put(prefix / SHARED, f"{other / SITE}\n".encode())
    assert SHARED in unexplained(prefix, shared=other)


def test_a_script_that_pipx_isolated_is_explained_with_the_record_of_before(prefix):
    script = prefix / "bin/small"
    octets = script.read_bytes()
    script.write_bytes(octets.replace(b"\n", b" -E\n", 1))
    assert unexplained(prefix) == {}
    script.write_bytes(octets.replace(b"\n", b" -I\n", 1))
    assert set(unexplained(prefix)) == {"bin/small", f"{SITE}/small_tool-1.0.dist-info/RECORD"}


def copied(prefix: Path) -> Path:
    real = os.path.realpath(sys.executable)
    for name in ("python", "python3"):
        (prefix / "bin" / name).unlink()
        shutil.copy(real, prefix / "bin" / name)
    return prefix


def test_a_copied_interpreter_is_explained_by_its_home(prefix):
    assert unexplained(copied(prefix)) == {}


def test_another_program_in_its_place_is_a_finding(prefix):
    with (copied(prefix) / "bin/python3").open("ab") as program:
        program.write(b"x")
    assert set(unexplained(prefix)) == {"bin/python3"}
    shutil.copy(prefix / "bin/python3", prefix / "bin/python")
    assert set(unexplained(prefix)) == {"bin/python3", "bin/python", "pyvenv.cfg"}


def test_a_link_here_may_be_a_copy_there(prefix):
    seen = look({"tree": copied(prefix)})
    key = ("tree", "bin/python")
    entry = Entry(
        root="tree", path="bin/python", type_=FileKind.LINK, origin=Origin.DERIVED, rank=Origin.BUILT, rule="venv-link"
    )
    roots = (Root(name="tree", scope=Scope.LISTED, mutable=()),)
    assert compare_files(roots, {key: entry}, seen, {key: Derivation(rule="venv-link", inputs=())}) == ()
    (finding,) = compare_files(roots, {key: entry}, seen, {key: None})
    assert finding.kind == FindingKind.TYPE


MOVABLE = b"#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''\n"


def movable(prefix: Path, head: bytes = MOVABLE) -> Path:
    """Change an environment into one of `uvx`: RECORD holds the script as uv wrote it."""
    with (prefix / "pyvenv.cfg").open("a") as configuration:
        configuration.write("relocatable = true\n")
    script = prefix / "bin/small"
    before = script.read_bytes()
    after = head + before.partition(b"\n")[2]
    script.write_bytes(after)
    record = prefix / SITE / "small_tool-1.0.dist-info/RECORD"
    old, new = (f"{record_hash(octets)},{len(octets)}" for octets in (before, after))
    record.write_text(record.read_text().replace(old, new))
    return prefix


def test_an_environment_that_may_be_moved_is_explained(prefix):
    assert unexplained(movable(prefix)) == {}
    prefix.rename(prefix.with_name("moved"))
    assert unexplained(prefix.with_name("moved")) == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"'python'", b"'../evil/python'"),
        (b"'python'", b"'evil'"),
        (b"'python'", b"'python' -m"),
        (b"dirname -- ", b"dirname -- /tmp/"),
        (b"realpath -- ", b"realpath -- /tmp/evil; "),
        (b'"$@"\n', b'"$@"; evil\n'),
    ],
)
def test_a_script_that_finds_anything_else_beside_it_is_a_finding(old, new, prefix):
    assert old in MOVABLE
    assert "bin/small" in unexplained(movable(prefix, MOVABLE.replace(old, new, 1)))


def test_uv_may_have_made_a_movable_environment_elsewhere_in_its_cache(prefix, monkeypatch):
    cached = prefix.parent / "archive-v0/Ab12"
    cached.parent.mkdir()
    movable(prefix).rename(cached)
    digest = normal_digest(b"setenv VIRTUAL_ENV '/x/y'\n", "/x/y")
    monkeypatch.setitem(ACTIVATION, "activate.csh", {digest: "for this test"})
    scripts = {
        f"{prefix.parent}/builds-v0/.tmpAb12Cd": True,
        str(cached): True,
        f"{prefix.parent}/builds-v0/.tmpAb12Cd/x": False,
        f"{prefix.parent}/builds-v0/other": False,
        "/tmp/builds-v0/.tmpAb12Cd": False,
    }
    for place, good in scripts.items():
        put(cached / "bin/activate.csh", f"setenv VIRTUAL_ENV '{place}'\n".encode())
        found = Deriver(workers=1).derive(facts_of(look({"tree": cached}), []), ("tree", "bin/activate.csh"))
        assert isinstance(found, Derivation) == good, place


def test_byte_code_of_uvx_may_name_where_uv_had_made_the_environment(prefix):
    cached = prefix.parent / "archive-v0/Ab12"
    cached.parent.mkdir()
    movable(prefix).rename(cached)
    wheel = make_wheel(cached.parent)
    source = cached / SITE / "small/__init__.py"
    compiled = f"{SITE}/small/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"
    made_at = f"{prefix.parent}/builds-v0/.tmpAb12Cd"
    py_compile.compile(str(source), cfile=str(cached / compiled), dfile=f"{made_at}/{SITE}/small/__init__.py")
    seen = look({"tree": cached})
    facts = facts_of(seen, [WHEEL.bind(WHEEL.read(wheel), seen)])
    assert isinstance(Deriver(workers=1).derive(facts, ("tree", compiled)), Derivation)
