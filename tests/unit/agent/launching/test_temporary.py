"""A server that can make no temporary files, since keys lie there, is not left to find that out by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.agent.launching.temporary import closed_temporary
from attest.measure.sandbox import landlock_version
from tests.launches import make_launch_bench, seal_script, start_run
from tests.waiting import PATIENCE_SECONDS

MAKING = """
import os
try:
    open(os.path.join(os.environ["TMPDIR"], "new"), "w").close()
except OSError as error:
    print(error.strerror, flush=True)
else:
    print("made", flush=True)
"""
HAS_LANDLOCK = landlock_version() > 1


@pytest.mark.parametrize("folder", [".", "temporary"])
def test_it_is_said_where_a_server_can_make_no_temporary_files_and_nowhere_else(tmp_path: Path, folder: str) -> None:
    bench = make_launch_bench(tmp_path)
    place = bench.folder / folder
    place.mkdir(exist_ok=True)
    seal_script(bench, MAKING)
    out, err = start_run(bench, environment={"TMPDIR": str(place)}).communicate(timeout=PATIENCE_SECONDS)
    is_closed = HAS_LANDLOCK and folder == "."
    assert out == (b"Permission denied\n" if is_closed else b"made\n")
    said = f"makes no temporary file right in {place}, which is on the way to key, log or trust file"
    assert (said in err.decode()) is is_closed
    assert b"set TMPDIR" in err or not is_closed


def test_a_server_without_the_variable_makes_them_where_all_do(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert closed_temporary([Path("/tmp/someone/.attest/writer.key")], {}) == "/tmp"
    assert closed_temporary([Path("/srv/someone/.attest/writer.key")], {"TMPDIR": ""}) is None
    assert closed_temporary([tmp_path / "writer.key"], {"TMPDIR": str(link)}) == str(link)
