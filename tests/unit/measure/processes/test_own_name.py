"""The name by which a process was started, and where CPython looks for packages because of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from attest.measure.process import links_of
from attest.measure.processes.own_name import environment_by_name, environment_of


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "venv"
    (made / "bin").mkdir(parents=True)
    (made / "pyvenv.cfg").touch()
    (made / "bin/python").touch(mode=0o755)
    return made


def test_a_program_is_in_the_environment_above_it_wherever_it_is_a_link_to(environment: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "python").symlink_to(environment / "bin/python")
    (tmp_path / "alias").symlink_to(environment)
    (tmp_path / "bin").symlink_to(environment / "bin")
    assert environment_of(f"{environment}/bin/python") == str(environment)
    assert environment_of(f"{tmp_path}/alias/bin/python") == str(environment)
    assert environment_of(f"{other}/python") is None
    assert environment_of(f"{tmp_path}/bin/python") is None, "above a link is not what is above its target"
    assert environment_of("/python\0") is None


def test_a_bare_name_is_looked_up_and_a_relative_one_starts_where_the_process_stands(environment: Path) -> None:
    path = f"A=1\0PATH=/nowhere:{environment}/bin\0".encode()
    assert environment_by_name(("python", "x"), path, "/") == str(environment)
    assert environment_by_name(("python",), b"PATH=bin\0", str(environment)) == str(environment)
    assert environment_by_name(("bin/python",), b"", str(environment)) == str(environment)
    for arguments, variables in ((("ruby",), path), (("",), path), ((), path), (("python",), b"")):
        assert environment_by_name(arguments, variables, "/") is None
    (environment / "bin/python").chmod(0o644)
    assert environment_by_name(("python",), path, "/") is None


def test_a_process_with_a_root_of_its_own_is_led_below_it(environment: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "opt").mkdir(parents=True)
    environment.rename(root / "opt/venv")
    (root / "link").symlink_to("/opt/venv")
    assert environment_of("/link/bin/python", str(root)) == "/opt/venv"
    assert environment_by_name(("python",), b"PATH=/link/bin\0", "/", str(root)) == "/opt/venv"


def test_an_argument_that_leads_up_over_a_link_is_told_by_where_it_leads(tmp_path: Path) -> None:
    folder = tmp_path.resolve()
    (folder / "far/away").mkdir(parents=True)
    (folder / "link").symlink_to(folder / "far/away")
    way = f"{folder}/link/../server"
    assert os.path.normpath(way) == f"{folder}/server"
    found = dict(links_of(("python", way, "link/../x", "a..b/c", "plain/x"), str(folder)))
    assert found == {way: f"{folder}/far/server", "link/../x": f"{folder}/far/x"}
