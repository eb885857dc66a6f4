"""A server in a cgroup of its own is frozen against every SIGCONT, and ended with whoever it disowned."""

from __future__ import annotations

import os
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from attest.agent.enforcement import cgroup
from attest.agent.enforcement.cgroup import OUR_PREFIX, lone_cgroup, our_cgroup
from tests import families
from tests.waiting import PATIENCE_SECONDS, wait_until

DISOWNING = "setsid sh -c 'sleep 60 & echo ready' & wait; exec sleep 60"
"""One whose grandchild has another session and no parent: nothing but a cgroup tells whose it is."""


@pytest.fixture
def made() -> Iterator[Path]:
    """A cgroup that was made for one server; skipped where we may not make one."""
    mount = cgroup._mount()
    if mount is None:
        pytest.skip("no cgroup of version 2 is mounted here")
    path = mount / f"{OUR_PREFIX}{secrets.token_hex(8)}"
    try:
        path.mkdir()
    except OSError:
        pytest.skip("no leave to make a cgroup here")
    yield path
    wait_until(lambda: removed(path))


def removed(path: Path) -> bool:
    """Remove a cgroup if nobody is left: who has ended may not be noticed by a new parent yet."""
    try:
        path.rmdir()
    except OSError:
        return False
    return True


def entering(path: Path, script: str) -> str:
    return f"echo $$ > {path}/cgroup.procs; {script}"


def test_whoever_a_server_disowned_is_found_frozen_and_ended(made: Path) -> None:
    with families.family_of(entering(made, DISOWNING)) as family:
        assert family.root is not None
        found = our_cgroup(family.root.pid)
        assert found is not None
        assert len(found.members()) >= 2
        assert family.freeze()
        assert {each.pid for each in family.living()} >= found.members()
        assert family.cgroup == found
        assert family.kill()
        assert not found.members()


def test_a_sigcont_from_outside_lets_nobody_run_in_a_frozen_cgroup(made: Path) -> None:
    with families.family_of(entering(made, "echo ready; while :; do :; done")) as family:
        assert family.freeze()
        assert family.root is not None
        os.kill(family.root.pid, signal.SIGCONT)
        assert b"frozen 1" in (made / "cgroup.events").read_bytes()
        before = spent(family.root.pid)
        families.ends_within(family.root, 0.1)
        assert spent(family.root.pid) == before


def test_what_is_let_end_in_a_cgroup_is_thawed_first(made: Path) -> None:
    with families.family_of(entering(made, families.TREE)) as family:
        assert family.freeze()
        assert family.let_end(PATIENCE_SECONDS)


def test_a_cgroup_with_others_in_it_is_not_the_familys(made: Path) -> None:
    with (
        families.family_of(entering(made, families.ALONE)) as family,
        families.family_of(entering(made, families.ALONE)) as other,
    ):
        assert family.root is not None
        assert other.root is not None
        assert lone_cgroup(family.root.pid, {family.root.pid}) is None
        assert lone_cgroup(family.root.pid, {family.root.pid, other.root.pid}) is not None


def spent(pid: int) -> int:
    """Processor time in the program itself, in clock ticks."""
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[11])
