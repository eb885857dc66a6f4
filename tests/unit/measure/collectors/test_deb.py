"""Debian packages: from ar and tar to the files below a root directory."""

from __future__ import annotations

import gzip
import io
import lzma
import shutil
import subprocess

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.ar import content, read_ar
from attest.measure.collectors import COLLECTORS
from attest.measure.places import PREFIX_ROOT
from tests.archives import install_deb
from tests.debs import CONTROL, FILES, ar, control, data, deb, make_deb
from tests.tars import file, header, tar
from tests.wheels import PROGRAM, look, put

DEB = COLLECTORS["deb"]


def test_it_says_what_it_is_called_and_what_may_be_changed(tmp_path):
    archive = DEB.read(make_deb(tmp_path))
    assert (archive.name, archive.version) == ("small-tool", "1:1.0-2")
    assert archive.purl == "pkg:deb/small-tool@1%3A1.0-2?arch=amd64"
    assert archive.changeable == {"etc/small-tool.conf"}
    assert {member.path for member in archive.members} == set(FILES)
    assert [(link.path, link.target) for link in archive.links] == [("usr/bin/also", "tool")]


@pytest.mark.parametrize(
    "part",
    [
        ("data.tar", data()),
        ("data.tar.gz", gzip.compress(data())),
        ("data.tar.xz", lzma.compress(data())),
        ("data.tar.zst", zstandard.compress(data())),
        ("data.tar/", data()),
    ],
    ids=lambda part: part[0],
)
def test_all_packings_hold_the_same_members(part, tmp_path):
    (tmp_path / "other").mkdir()
    archive = DEB.read(make_deb(tmp_path, deb(part)))
    assert archive.members == DEB.read(make_deb(tmp_path / "other")).members


FAULTS = {
    "another version": deb(version=b"3.0\n"),
    "no data": ar([("debian-binary", b"2.0\n"), ("control.tar", control())]),
    "data twice": deb(more=[("data.tar", data())]),
    "more data": deb(more=[("data.tar.gz", gzip.compress(data()))]),
    "data before control": ar([("debian-binary", b"2.0\n"), ("data.tar", data()), ("control.tar", control())]),
    "a packing that nobody knows": deb(("data.tar.lzma", b"x")),
    "data that is not packed as it is called": deb(("data.tar.gz", data())),
    "cut data": deb(("data.tar.xz", lzma.compress(data())[:-20])),
    "more after the data": deb(("data.tar.xz", lzma.compress(data()) + b"x")),
    "bytes after the package": deb() + b"x",
    "a name that is a path": ar([("debian-binary", b"2.0\n"), ("../control.tar", control()), ("data.tar", data())]),
    "a size that is none": deb().replace(b"4         `\n", b"-4        `\n", 1),
    "a traversal": deb(("data.tar", data(file("./../evil")))),
    "a name twice": deb(("data.tar", data(file("./usr/bin/tool")))),
    "a device": deb(("data.tar", data(header(b"./dev/x", type_=b"3")))),
    "a hard link to nothing": deb(("data.tar", data(header(b"./x", type_=b"1", link=b"./y")))),
    "a file below a link": deb(("data.tar", data(file("./usr/bin/also/x")))),
    "no control file": deb(control_part=("control.tar", tar(file("./conffiles")))),
    "a package name that is a path": deb(control_part=("control.tar", control(CONTROL.replace(b"small", b"../s")))),
    "no version": deb(control_part=("control.tar", control(CONTROL.replace(b"Version", b"V")))),
    "a field twice": deb(control_part=("control.tar", control(CONTROL + b"package: other\n"))),
    "a field that is none": deb(control_part=("control.tar", control(CONTROL + b"what\n"))),
}


@pytest.mark.parametrize("octets", FAULTS.values(), ids=FAULTS.keys())
def test_a_hostile_package_is_refused(octets, tmp_path):
    with pytest.raises(MalformedError):
        DEB.read(make_deb(tmp_path, octets))


names = st.text("abz.-_", min_size=1, max_size=16).filter(lambda name: not name.endswith("/"))


@given(st.dictionaries(names, st.binary(max_size=9), min_size=1, max_size=5))
def test_an_ar_archive_is_read_as_it_was_written(files):
    stream = io.BytesIO(ar(list(files.items())))
    found = read_ar(stream, where="x")
    assert {member.name: b"".join(content(stream, member)) for member in found} == files


def test_what_dpkg_builds_is_read(tmp_path):
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb at hand")
    for path, octets in FILES.items():
        put(tmp_path / "built" / path, octets)
    put(tmp_path / "built/DEBIAN/control", CONTROL + b"Maintainer: somebody <a@b.example>\n")
    for packing in ("none", "gzip", "xz", "zstd"):
        path = tmp_path / f"{packing}.deb"
        done = subprocess.run(
            ["dpkg-deb", f"-Z{packing}", "--build", tmp_path / "built", path], capture_output=True, check=False
        )
        if done.returncode == 0:
            assert {member.path for member in DEB.read(path).members} == set(FILES)
    assert (tmp_path / "xz.deb").exists()


def test_a_changed_configuration_file_is_left_to_the_sealer(tmp_path):
    path = make_deb(tmp_path)
    install_deb(path, tmp_path / "root")
    (tmp_path / "root/etc/small-tool.conf").write_bytes(b"colour = blue\n")
    bound = DEB.bind(DEB.read(path), look({"tree": tmp_path / "root"}))
    assert not bound.mismatches
    assert ("tree", "etc/small-tool.conf") not in bound.files


def test_documentation_may_be_left_out_and_a_program_may_not(tmp_path):
    path = make_deb(tmp_path)
    install_deb(path, tmp_path / "root")
    shutil.rmtree(tmp_path / "root/usr/share")
    archive = DEB.read(path)
    assert not DEB.bind(archive, look({"tree": tmp_path / "root"})).missing
    (tmp_path / "root/usr/bin/tool").unlink()
    assert DEB.bind(archive, look({"tree": tmp_path / "root"})).missing == (("tree", "usr/bin/tool"),)


def test_files_outside_the_tree_are_told(tmp_path):
    path = make_deb(tmp_path)
    install_deb(path, tmp_path / "image")
    archive = DEB.read(path)
    tree = tmp_path / "image/usr/lib/small-tool"
    outside = [path.removeprefix(f"{tmp_path}/image/") for path in DEB.outside(archive, look({"tree": tree}))]
    assert outside == [
        "etc/small-tool.conf",
        "usr/bin/also",
        "usr/bin/tool",
        "usr/share/doc/small-tool/copyright",
    ]
    listed = {PREFIX_ROOT: outside}
    bound = DEB.bind(archive, look({"tree": tree, PREFIX_ROOT: tmp_path / "image"}, listed))
    assert not bound.missing
    assert len(bound.files) == len(FILES)


def test_a_program_of_an_older_package_is_found_on_a_merged_system(tmp_path):
    path = make_deb(tmp_path, deb(("data.tar", tar(file("./bin/tool", b"\x7fELF tool", 0o755)))))
    put(tmp_path / "root/usr/bin/tool", b"\x7fELF tool", PROGRAM)
    (tmp_path / "root/bin").symlink_to("usr/bin")
    bound = DEB.bind(DEB.read(path), look({"tree": tmp_path / "root"}))
    assert set(bound.files) == {("tree", "usr/bin/tool")}
    assert not bound.missing
