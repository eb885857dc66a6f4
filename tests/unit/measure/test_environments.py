"""Environments of pipx, `uv tool` and `venv --copies`: the same reference explains them all."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from attest.appraisal.files import compare_files
from attest.measure.deriver import Deriver
from attest.statement.findings import FindingKind
from attest.statement.levels import Origin
from attest.statement.manifest import Entry, FileKind, Root, Scope
from attest.statement.observation import Derivation, Trouble
from tests.wheels import SITE, WHEEL, facts_of, install, look, make_environment, make_wheel, put, unknown

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
