"""Every ability can be asked for on every machine, as root and as nobody, and leaves nothing behind."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import mldsa

from attest.measure import probes
from attest.measure.abilities import ABILITIES, Ability
from tests.unprivileged import open_folder, unprivileged


@pytest.mark.parametrize("ability", ABILITIES, ids=lambda ability: ability.name)
def test_a_probe_answers_and_leaves_nothing(ability: Ability, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder() as folder:
        folder.chmod(0o777)
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        before = sorted(Path("/proc/self/fd").iterdir())
        for found in (ability.probe(), _as_nobody(ability)):
            assert found.what
        assert sorted(Path("/proc/self/fd").iterdir()) == before
        assert list(folder.iterdir()) == []
    assert ability.gives
    assert ability.more


def _as_nobody(ability: Ability) -> probes.Found:
    with unprivileged():
        return ability.probe()


def test_names_are_there_once() -> None:
    names = [ability.name for ability in ABILITIES]
    assert len(set(names)) == len(names)


def test_a_capability_is_told_by_its_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "effective_capabilities", lambda: 1 << 19)
    assert probes.capability(19)().there
    assert not probes.capability(28)().there


def test_what_is_missing_is_told_as_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not probes.tool("node")().there
    assert not probes.module("no_such_module")().there
    monkeypatch.delattr(mldsa, "MLDSA44PrivateKey")
    assert probes.post_quantum() == (False, "one that is older, or built without")
    monkeypatch.setattr(probes, "landlock_version", lambda: 3)
    assert probes.landlock() == (False, "version 3, which does not keep signals")
    monkeypatch.setattr(probes, "landlock_version", lambda: 0)
    assert probes.landlock() == (False, "none")
    monkeypatch.delattr(os, "pidfd_open")
    assert not probes.pidfd().there
