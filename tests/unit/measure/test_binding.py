"""Binding: each member of a wheel against the installed file at its place."""

from __future__ import annotations

import os

import pytest

from attest.measure.places import PREFIX_ROOT, locate, site_at
from tests.wheels import PROGRAM, SITE, WHEEL, install, look, make_wheel, put

DATA = "small_tool-1.0.data"
SCHEMES = {
    "small/__init__.py": b"",
    f"{DATA}/purelib/pure.py": b"1",
    f"{DATA}/platlib/plat.py": b"2",
    f"{DATA}/scripts/plain": b"#!/bin/sh\n",
    f"{DATA}/scripts/rewritten": b"#!python\nprint()\n",
    f"{DATA}/scripts/soft": b"echo\n",
    f"{DATA}/headers/small.h": b"int x;\n",
    f"{DATA}/data/share/small.txt": b"3",
}


@pytest.fixture
def archive(tmp_path):
    return WHEEL.read(make_wheel(tmp_path))


@pytest.fixture
def prefix(tmp_path):
    install(make_wheel(tmp_path), tmp_path / "prefix")
    return tmp_path / "prefix"


def test_every_member_is_bound_to_its_file(archive, prefix):
    bound = WHEEL.bind(archive, look({"tree": prefix}))
    assert bound.found
    assert not bound.mismatches
    assert not bound.missing
    assert {member.path for member in archive.members} - {file.member for file in bound.files.values()} == {
        "small_tool-1.0.dist-info/RECORD"
    }
    assert bound.files["tree", f"{SITE}/small/native.so"].executable


def test_a_file_that_differs_is_named_with_both_digests(archive, prefix):
    (prefix / SITE / "small/__init__.py").write_bytes(b"evil")
    bound = WHEEL.bind(archive, look({"tree": prefix}))
    (mismatch,) = bound.mismatches
    assert mismatch.key == ("tree", f"{SITE}/small/__init__.py")
    assert mismatch.expected != mismatch.found
    assert mismatch.key not in bound.files


def test_a_mode_that_differs_is_a_mismatch(archive, prefix):
    (prefix / SITE / "small/native.so").chmod(0o644)
    (mismatch,) = WHEEL.bind(archive, look({"tree": prefix})).mismatches
    assert mismatch.found.endswith("plain")


def test_a_link_in_the_place_of_a_member_is_a_mismatch(archive, prefix):
    place = prefix / SITE / "small/__init__.py"
    place.rename(place.with_name("real.py"))
    place.symlink_to("real.py")
    (mismatch,) = WHEEL.bind(archive, look({"tree": prefix})).mismatches
    assert mismatch.found == "a link to real.py"


def test_a_member_that_is_not_there_is_missing(archive, prefix):
    (prefix / SITE / "small/deep/__init__.py").unlink()
    bound = WHEEL.bind(archive, look({"tree": prefix}))
    assert bound.missing == (("tree", f"{SITE}/small/deep/__init__.py"),)


def test_an_archive_that_is_not_installed_is_not_found(archive, tmp_path):
    (tmp_path / "empty").mkdir()
    bound = WHEEL.bind(archive, look({"tree": tmp_path / "empty"}))
    assert not bound.found
    assert not bound.files


def installed_schemes(tmp_path):
    modes = {f"{DATA}/scripts/plain": PROGRAM, f"{DATA}/scripts/rewritten": PROGRAM}
    wheel = make_wheel(tmp_path, SCHEMES, modes=modes)
    prefix = tmp_path / "prefix"
    install(make_wheel(tmp_path, {"small/__init__.py": b""}), prefix)
    python = site_at(str(prefix / SITE)).python
    put(prefix / SITE / "pure.py", b"1")
    put(prefix / SITE / "plat.py", b"2")
    put(prefix / "bin/plain", b"#!/bin/sh\n", PROGRAM)
    put(prefix / "bin/rewritten", f"#!{prefix}/bin/python\nprint()\n".encode(), PROGRAM)
    put(prefix / "bin/soft", b"echo\n", PROGRAM)
    put(prefix / f"include/site/{python}/small-tool/small.h", b"int x;\n")
    put(prefix / "share/small.txt", b"3")
    wheel = make_wheel(tmp_path, SCHEMES, modes=modes)
    return WHEEL.read(wheel), prefix, python


def test_every_scheme_has_its_place(tmp_path):
    archive, prefix, python = installed_schemes(tmp_path)
    bound = WHEEL.bind(archive, look({"tree": prefix}))
    places = {file.member: key[1] for key, file in bound.files.items() if DATA in file.member}
    assert places == {
        f"{DATA}/purelib/pure.py": f"{SITE}/pure.py",
        f"{DATA}/platlib/plat.py": f"{SITE}/plat.py",
        f"{DATA}/scripts/plain": "bin/plain",
        f"{DATA}/headers/small.h": f"include/site/{python}/small-tool/small.h",
        f"{DATA}/data/share/small.txt": "share/small.txt",
    }
    assert not bound.missing
    owner, body = bound.promised["tree", "bin/rewritten"]
    assert owner == f"tree/{SITE}/small_tool-1.0.dist-info/METADATA"
    assert body.startswith("body=")
    owner, content = bound.promised["tree", "bin/soft"]
    assert content.startswith("content=")


def test_what_lies_outside_is_told_from_the_wheel_alone(tmp_path):
    archive, prefix, python = installed_schemes(tmp_path)
    seen = look({"site": prefix / SITE})
    outside = [os.path.relpath(path, prefix) for path in WHEEL.outside(archive, seen)]
    assert outside == [
        "bin/plain",
        "bin/rewritten",
        "bin/soft",
        f"include/site/{python}/small-tool/small.h",
        "share/small.txt",
    ]
    assert (PREFIX_ROOT, "bin/plain") in WHEEL.bind(archive, seen).missing
    listed = {PREFIX_ROOT: outside}
    bound = WHEEL.bind(archive, look({"site": prefix / SITE, PREFIX_ROOT: prefix}, listed))
    assert not bound.missing
    assert (PREFIX_ROOT, "bin/plain") in bound.files


def test_commands_count_as_outside_too(archive, prefix):
    assert WHEEL.outside(archive, look({"site": prefix / SITE})) == (str(prefix / "bin/small"),)
    assert WHEEL.outside(archive, look({"tree": prefix})) == ()


def test_a_distribution_that_is_installed_twice_is_bound_twice(archive, tmp_path):
    wheel = make_wheel(tmp_path)
    install(wheel, tmp_path / "both/one")
    install(wheel, tmp_path / "both/two")
    bound = WHEEL.bind(archive, look({"tree": tmp_path / "both"}))
    assert len(bound.files) == 2 * (len(archive.members) - 1)


def test_a_path_is_located_in_the_innermost_root():
    places = {"all": "/srv", "site": "/srv/lib", "other": "/srv/li"}
    assert locate(places, "/srv/lib/x") == ("site", "x")
    assert locate(places, "/srv/library") == ("all", "library")
    assert locate(places, "/etc/passwd") is None


def test_a_directory_of_unknown_layout_is_its_own_prefix():
    assert site_at("/srv/app").prefix == "/srv/app"
    assert site_at("/srv/v/lib/python3.12/site-packages").prefix == "/srv/v"
    assert site_at("/srv/v/lib64/python3.13t/site-packages").python == "python3.13t"
