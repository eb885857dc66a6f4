"""What a killed launcher left behind is removed by the next one, and nothing else is."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from attest.agent.launching.byte_code import private_directory
from attest.agent.launching.sweeping import own_prefix, sweep
from tests.unprivileged import NOBODY


def made(folder: Path, name: str) -> Path:
    place = folder / name
    (place / "deep").mkdir(parents=True)
    (place / "deep/x.pyc").write_bytes(b"x")
    return place


def of_pid(pid: int, *, ticks: str | None = None, boot: str | None = None, namespace: str | None = None) -> str:
    *start, was_boot, was_namespace, _, was_ticks, _ = own_prefix().split("-")
    words = (*start, boot or was_boot, namespace or was_namespace, str(pid), ticks or was_ticks, "abc_1")
    return "-".join(words)


def ended_pid() -> int:
    with subprocess.Popen(["/bin/true"]) as process:
        process.wait()
    return process.pid


def test_only_what_nobody_uses_any_more_is_removed(tmp_path: Path) -> None:
    gone = [of_pid(ended_pid()), of_pid(os.getpid(), ticks="1"), of_pid(os.getpid(), boot="0" * 32)]
    kept = [f"{own_prefix()}abc", of_pid(ended_pid(), namespace="1"), "attest-byte-code-old", "other"]
    for name in (*gone, *kept):
        made(tmp_path, name)
    sweep(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(kept)


def test_links_are_neither_followed_nor_removed(tmp_path: Path) -> None:
    precious = made(tmp_path, "precious")
    (tmp_path / of_pid(ended_pid())).symlink_to(precious)
    place = made(tmp_path, of_pid(os.getpid(), ticks="1"))
    (place / "link").symlink_to(precious)
    sweep(tmp_path)
    assert not place.exists()
    assert (precious / "deep/x.pyc").exists()
    assert any(path.is_symlink() for path in tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a directory away")
def test_another_users_directory_is_left_alone(tmp_path: Path) -> None:
    place = made(tmp_path, of_pid(ended_pid()))
    os.chown(place, NOBODY, NOBODY)
    sweep(tmp_path)
    assert place.exists()


def test_a_launcher_sweeps_before_it_makes_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attest.agent.launching.byte_code._temporary", lambda: str(tmp_path))
    left = made(tmp_path, of_pid(ended_pid()))
    with private_directory() as place:
        assert not left.exists()
        assert Path(place).name.startswith(own_prefix())
    assert not Path(place).exists()
