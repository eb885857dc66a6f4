"""The systemd unit: what it starts measures a server of another user, with the rights that it leaves and no others."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from configparser import RawConfigParser
from pathlib import Path
from string import Template

import pytest

from tests.access_lists import give_to
from tests.commands import attest, passed
from tests.installed import Bench
from tests.launches import make_launch_bench, receipts, seal_script
from tests.processes import started
from tests.unprivileged import NOBODY, open_folder
from tests.waiting import PATIENCE_SECONDS

UNIT = Path(__file__).resolve().parent.parent.parent / "packaging/systemd/mcp-attest.service"
SERVE = "print('ready', flush=True); input()"


def service() -> Mapping[str, str]:
    """Return the unit's settings of the service."""
    unit = RawConfigParser()
    unit.read_string(UNIT.read_text())
    return unit["Service"]


def started_words(folder: Path) -> list[str]:
    """Return what the unit starts, with what stands in a folder instead of on the whole machine."""
    settings = service()
    name, _, reference = settings["Environment"].partition("=")
    values = {name: reference, "CREDENTIALS_DIRECTORY": "/etc/mcp-attest"}
    words = [Template(word).substitute(values) for word in settings["ExecStart"].split()]
    return [word.replace("/etc/mcp-attest", str(folder)).replace("/var/lib/mcp-attest", str(folder)) for word in words]


def make_sealed(folder: Path) -> Bench:
    bench = make_launch_bench(folder)
    seal_script(bench, SERVE)
    return bench


def test_what_it_starts_is_a_command_of_ours(tmp_path):
    make_sealed(tmp_path)
    program, *words = started_words(tmp_path)
    assert Path(program).name == "attest"
    passed(attest(tmp_path, *words, "--once"))


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="takes root, and setpriv")
def test_the_rights_that_it_leaves_are_enough_for_a_server_of_another_user():
    settings = service()
    rights = settings["AmbientCapabilities"].lower().replace("cap_", "+").replace(" ", ",")
    assert settings["CapabilityBoundingSet"] == settings["AmbientCapabilities"]
    bounds = ["--bounding-set", f"-all,{rights}", "--inh-caps", rights, "--ambient-caps", rights, "--no-new-privs"]
    with open_folder() as folder:
        bench = make_sealed(folder)
        give_to(folder / "writer.key", NOBODY)
        (folder / "log").mkdir(mode=0o700)
        os.chown(folder / "log", NOBODY, NOBODY)
        server = [os.path.realpath(sys.executable), str(bench.tree / "serve.py")]
        with started(server) as handle:
            words = [sys.executable, "-m", *started_words(folder), "--once", "--pid", str(handle.pid)]
            words[2] = "attest"
            who = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
            done = subprocess.run(
                [*who, *bounds, *words], cwd=UNIT.parent, capture_output=True, check=False, timeout=PATIENCE_SECONDS
            )
        assert done.returncode == 0, done.stderr.decode()
        measured = receipts(bench)[1]["predicate"]
    assert measured["receipt"]["binding"] == "adopted"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_itself_finds_no_fault_in_it(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/usr/bin/attest", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert (done.returncode, done.stderr) == (0, b"")
