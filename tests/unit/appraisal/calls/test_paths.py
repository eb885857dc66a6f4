"""Paths in arguments: below the sealed directories in every reading, links followed; anything else is refused."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.appraisal.calls.paths import Containment
from attest.errors import MalformedError
from attest.statement.tools.rules import PathRule
from tests.tool_rules import PLACES


def containment(
    pointer: str = "/path", *, folder: str | None = "/srv/tree/data", below: tuple[str, ...] = ()
) -> Containment:
    rule = PathRule(id="inside", argument=pointer, below=below or ("/tmp/shared", "{tree}/data"))
    return Containment(rule, PLACES, posixpath.normpath, folder)


def refused_at(arguments: Any, pointer: str = "/path", **changes: Any) -> str | None:
    ruling = containment(pointer, **changes).judge(arguments)
    if ruling is None:
        return None
    assert ruling.rule == "arguments.path:inside"
    assert "/etc" not in ruling.reason
    return ruling.where


@pytest.mark.parametrize(
    "path",
    [
        "/srv/tree/data",
        "/srv/tree/data/",
        "/srv/tree/data/a.txt",
        "//srv/tree/data/a.txt",
        "/srv/tree/other/../data/a.txt",
        "/tmp/shared/b",
        "a.txt",
        "./a.txt",
        "sub/../a.txt",
        "/srv/tree/data/100%.txt",
        "/srv/tree/data/a%20b.txt",
        "/srv/tree/data/a%252520b.txt",
        "/srv/tree/data/..a/...",
        "/srv/tree/data/Ünïcode ﬁle.txt",
        "",
        None,
    ],
)
def test_a_path_below_a_sealed_directory_passes(path: str | None) -> None:
    assert refused_at({"path": path}) is None


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "/",
        "/srv/tree",
        "/srv/tree/database",
        "/srv/tree/data/../../../etc/passwd",
        "../secret",
        "a/../../secret",
        "//etc/passwd",
        "/srv/tree/data/%2e%2e/%2e%2e/etc/passwd",
        "%2e%2e%2f%2e%2e%2fetc/passwd",
        "%252e%252e/%252e%252e/etc",
        "%25252e%25252e/x",
        "%2525252525252e",
        "%2fetc%2fpasswd",
        "/srv/tree/data/\uff0e\uff0e/\uff0e\uff0e/etc",
        "/srv/tree/data/\u2025/secret",
        " /etc/passwd",
        "\u00a0/etc/passwd",
        "~",
        "~/x",
        "~root/x",
        " ~/x",
        "C:\\Windows",
        "c:/windows",
        "\\\\host\\share",
        "a\\..\\b",
        "a%5c..%5cb",
        "file:///srv/tree/data/a.txt",
        "FILE:/etc/passwd",
        "https://example.org/",
        "a.txt\x00.png",
        "a%00.png",
        "a\nb",
        "a" * 4097,
        "\ud800",
        5,
        True,
        {"path": "a"},
        ["a"],
    ],
)
def test_a_path_that_leads_out_or_could_be_read_so_is_refused(path: Any) -> None:
    assert refused_at({"path": path}) == "/path"


def test_a_relative_path_needs_a_sealed_working_directory() -> None:
    assert refused_at({"path": "a.txt"}, folder=None) == "/path"
    assert refused_at({"path": "a.txt"}, folder="/elsewhere") == "/path"
    assert refused_at({"path": "/tmp/shared/a.txt"}, folder=None) is None


def test_a_wildcard_stands_for_every_element() -> None:
    assert refused_at({"paths": ["a", "/tmp/shared/b"]}, "/paths/-") is None
    assert refused_at({"paths": ["a", "/etc/passwd"]}, "/paths/-") == "/paths/1"
    assert refused_at({"edits": [{"file": "a"}, {"file": "/etc/x"}]}, "/edits/-/file") == "/edits/1/file"
    assert refused_at({"paths": ["/etc/x", "a"]}, "/paths/1") is None
    assert refused_at({"a/b": {"~": "/etc/x"}}, "/a~1b/~0") == "/a~1b/~0"


def test_a_key_that_some_servers_take_for_the_sealed_one_names_a_file_too() -> None:
    assert refused_at({"path": "a", "PATH": "/etc/passwd"}) == "/path"
    assert refused_at({"edits": [{"File": "/etc/x"}]}, "/edits/-/file") == "/edits/0/file"
    assert refused_at({"Path": "a"}) is None


def test_what_is_absent_names_no_file() -> None:
    absent: list[Any] = [{}, {"paths": []}, {"paths": None}, {"other": "/etc/passwd"}]
    for arguments in absent:
        assert refused_at(arguments, "/paths/-") is None


@pytest.mark.parametrize(
    ("arguments", "pointer"),
    [
        ({"paths": "/etc/passwd"}, "/paths/-"),
        ({"path": ["/etc/passwd"]}, "/path"),
        ({"file": ["x"]}, "/file/path"),
        ({"file": "/etc/passwd"}, "/file/path"),
        ({"edits": ["/etc/x"]}, "/edits/-/file"),
    ],
)
def test_arguments_of_another_shape_than_sealed_are_refused(arguments: Any, pointer: str) -> None:
    assert refused_at(arguments, pointer) is not None


def test_links_are_followed(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    data.mkdir()
    outside.mkdir()
    (data / "out").symlink_to(outside)
    (data / "in").symlink_to(data)
    (data / "etc").symlink_to("/etc/passwd")
    rule = PathRule(id="inside", argument="/path", below=(str(data),))
    judge = Containment(rule, {}, os.path.realpath, str(data)).judge
    assert judge({"path": "in/new.txt"}) is None
    for path in ("out/new.txt", "etc", "in/out/x", f"{data}/in/../out"):
        ruling = judge({"path": path})
        assert ruling is not None
        assert ruling.rule == "arguments.path:inside"


def test_a_sealed_directory_that_is_itself_a_link_holds_what_lies_behind_it(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    rule = PathRule(id="inside", argument="/path", below=(str(tmp_path / "link"),))
    judge = Containment(rule, {}, os.path.realpath, None).judge
    assert judge({"path": f"{tmp_path}/link/a"}) is None
    assert judge({"path": f"{real}/a"}) is None
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("/etc")
    assert judge({"path": f"{tmp_path}/link/passwd"}) is not None


def test_a_path_that_cannot_be_resolved_is_refused() -> None:
    def fail(path: str) -> str:
        if path == "/srv/tree/data":
            return path
        raise OSError(40, "Too many levels of symbolic links")

    rule = PathRule(id="inside", argument="/path", below=("/srv/tree/data",))
    ruling = Containment(rule, {}, fail, None).judge({"path": "/srv/tree/data/a"})
    assert ruling is not None


def test_the_whole_file_system_may_be_sealed() -> None:
    assert refused_at({"path": "/etc/passwd"}, below=("/",)) is None
    assert refused_at({"path": "/etc/../x"}, below=("/",)) is None


def test_an_unknown_place_is_no_rule() -> None:
    with pytest.raises(MalformedError, match="a root"):
        containment(below=("{nowhere}/data",))


STEPS = st.lists(st.sampled_from(["..", ".", "a", "%2e%2e", "\uff0e\uff0e", "data", "", "%2f", "%252e."]), max_size=8)


@given(STEPS, st.sampled_from(["", "/", "/srv/tree/data/", " /", "//"]))
def test_no_reading_of_a_permitted_path_leads_out(steps: list[str], begin: str) -> None:
    path = begin + "/".join(steps)
    if containment().judge({"path": path}) is not None:
        return
    for reading in (path, path.strip(), path.replace("%2e", ".").replace("%2f", "/"), path.replace("\uff0e", ".")):
        joined = posixpath.join("/srv/tree/data", reading)
        found = "/" + posixpath.normpath(joined).lstrip("/")
        assert found == "/srv/tree/data" or found.startswith("/srv/tree/data/")
