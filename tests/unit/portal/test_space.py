"""Room for the log: looked at now and then, and said when it is short."""

from __future__ import annotations

from attest.portal import space
from attest.portal.space import Space


def test_a_disk_with_room_is_not_short_and_nothing_is_said(tmp_path):
    said: list[str] = []
    assert not Space(tmp_path, said.append, reserve_bytes=1).is_short()
    assert said == []


def test_a_disk_without_the_reserve_is_short_which_is_said_once_and_once_when_it_ends(tmp_path, monkeypatch):
    said: list[str] = []
    monkeypatch.setattr(space, "_LOOK_SECONDS", 0)
    looked = Space(tmp_path, said.append, reserve_bytes=1 << 62)
    assert (looked.is_short(), looked.is_short()) == (True, True)
    assert len(said) == 1
    looked._reserve = 1
    assert (looked.is_short(), looked.is_short()) == (False, False)
    assert len(said) == 2


def test_it_is_looked_at_once_a_second_at_most(tmp_path):
    looked = Space(tmp_path, lambda _: None, reserve_bytes=1)
    assert not looked.is_short()
    looked._reserve = 1 << 62
    assert not looked.is_short()


def test_a_folder_that_cannot_be_asked_is_not_called_short(tmp_path):
    assert not Space(tmp_path / "none", lambda _: None).is_short()
