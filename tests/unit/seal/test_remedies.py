"""Remedies name the exact flags."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.seal.remedies import GENERAL, remedy_for
from tests.wheels import PROGRAM, put

METADATA = "lib/python3.11/site-packages/pip-23.2.1.dist-info/METADATA"


@pytest.mark.parametrize("wheels", ["lib/python3.11/ensurepip/_bundled", "share/python-wheels"])
def test_for_pip_of_an_environment_its_bundled_wheel_is_named(wheels: str, tmp_path: Path) -> None:
    put(tmp_path / "home/bin/python3.11", b"\x7fELF", PROGRAM)
    bundled = f"{wheels}/pip-23.2.1-py3-none-any.whl"
    put(tmp_path / "home" / bundled, b"")
    (tmp_path / "tree/bin").mkdir(parents=True)
    (tmp_path / "tree/bin/python").symlink_to(tmp_path / "home/bin/python3.11")
    places = {"tree": str(tmp_path / "tree")}
    assert f"--artifact {tmp_path / 'home' / bundled};" in remedy_for([("tree", METADATA)], places)
    assert remedy_for([("tree", METADATA.replace("23.2.1", "99"))], places) == GENERAL
    assert remedy_for([("tree", "other.py")], places) == GENERAL
