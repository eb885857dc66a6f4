"""npm tarballs: read once and strictly, and bound to every folder that they were installed into."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError, UnavailableError
from attest.measure.package_json import read_package
from tests.npm_packages import (
    LEAF,
    MENDED,
    NPM,
    SCRIPT,
    SMALL,
    WINDOWS,
    install,
    make_tarball,
    package,
    touch_byte,
    unpack,
)
from tests.tars import file, tar, tarball, write
from tests.wheels import look, put


def read(folder, files, **changes):
    return NPM.read(make_tarball(folder, files, **changes))


@pytest.mark.parametrize("top", ["package", "server-1.0.0"])
def test_a_tarball_is_read_with_the_digests_of_its_members(tmp_path, top):
    path = make_tarball(tmp_path, SMALL, top=top)
    archive = NPM.read(path)
    assert archive.digest.sha512 == hashlib.sha512(path.read_bytes()).hexdigest()
    assert (archive.name, archive.version, archive.purl) == ("@small/server", "1.0.0", "pkg:npm/%40small/server@1.0.0")
    assert archive.generated == ("small",)
    members = {member.path: member for member in archive.members}
    assert members.keys() == SMALL.keys()
    assert members["dist/index.js"].sha256 == hashlib.sha256(SCRIPT).hexdigest()
    assert [members[path].executable for path in ("dist/index.js", "LICENSE")] == [True, False]


HOSTILE = {
    "two folders": tarball({"package/package.json": package("a"), "other/x.js": b""}),
    "a file beside the folder": tarball({"package/package.json": package("a"), "x.js": b""}),
    "no package.json": tarball({"package/x.js": b""}),
    "two contents of a file": tarball(
        {"package/package.json": package("a"), "package/./x.js": b"1", "package/x.js": b"2"}
    ),
    "two manifests": tarball({"package/package.json": package("a"), "package/./package.json": package("b")}),
    "traversal": tarball({"package/package.json": package("a"), "package/../../evil": b""}),
    "no gzip": tar(file("package/package.json", package("a"))),
    "trailing bytes": tarball({"package/package.json": package("a")}) + b"x",
    "two gzip files": tarball({"package/package.json": package("a")}) + gzip.compress(b""),
    "a name that leads out": tarball({"package/package.json": package("../evil")}),
    "a name of a hidden folder": tarball({"package/package.json": package(".bin")}),
    "no version": tarball({"package/package.json": b'{"name": "a"}'}),
    "no JSON": tarball({"package/package.json": b"{"}),
    "a key twice": tarball({"package/package.json": b'{"name": "a", "version": "1", "bin": "a", "bin": "b"}'}),
}


@pytest.mark.parametrize("octets", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_tarball_is_refused(octets, tmp_path):
    with pytest.raises(MalformedError):
        NPM.read(write(tmp_path, "a-1.tgz", octets))


def test_a_file_that_was_packed_under_two_spellings_is_one(tmp_path):
    octets = tarball({"package/package.json": package("a"), "package/./dist/x.js": b"1", "package/dist/x.js": b"1"})
    archive = NPM.read(write(tmp_path, "a.tgz", octets))
    assert [member.path for member in archive.members] == ["package.json", "dist/x.js"]


def test_a_tarball_that_is_not_there_is_unavailable(tmp_path):
    with pytest.raises(UnavailableError):
        NPM.read(tmp_path / "absent.tgz")


@pytest.mark.parametrize(
    ("fields", "bins"),
    [
        ({"bin": "./cli.js"}, {"tool": "cli.js"}),
        ({"bin": {"../../x": "../../etc/passwd"}}, {"x": "etc/passwd"}),
        ({"bin": {"a\\b:c": "d\\e.js", "no": 1}}, {"c": "d/e.js"}),
        ({"bin": ["bin/one", "bin/two"]}, {"one": "bin/one", "two": "bin/two"}),
        ({}, {}),
    ],
)
def test_commands_are_brought_into_the_form_that_npm_gives_them(fields, bins):
    assert read_package(package("tool", **fields), where="p").bin == bins


def test_a_folder_of_commands_counts_only_without_a_list_of_them():
    folder = read_package(package("tool", directories={"bin": "./bin"}), where="p")
    assert folder.is_command("run", "bin/deep/run")
    assert not folder.is_command("run", "lib/run")
    assert not read_package(package("tool", directories={"bin": "bin"}, bin={"a": "b"}), where="p").is_program(
        "bin/run"
    )


@pytest.mark.parametrize(
    ("fields", "files", "told"),
    [
        ({"scripts": {"postinstall": "x", "test": "y"}}, {}, ("postinstall",)),
        ({"scripts": {"preinstall": "x", "install": "y"}}, {"binding.gyp": b"{}"}, ("preinstall", "install")),
        ({}, {"binding.gyp": b"{}"}, ("binding.gyp",)),
        ({"gypfile": False}, {"binding.gyp": b"{}"}, ()),
        ({"scripts": {"prepare": "x"}}, {}, ()),
    ],
)
def test_what_runs_at_installation_is_told(fields, files, told, tmp_path):
    assert read(tmp_path, {"package.json": package("native", **fields), **files}).install_scripts == told


@given(st.binary(max_size=200))
def test_no_package_json_makes_it_raise_anything_else(octets):
    with pytest.raises(MalformedError):
        read_package(b"[" + octets, where="p")


def archives(folder):
    return [read(folder, SMALL), read(folder, LEAF)]


def test_every_member_is_found_where_it_was_installed(tmp_path):
    project = install(tmp_path / "project", make_tarball(tmp_path, SMALL), make_tarball(tmp_path, LEAF))
    small, leaf = NPM.bind_all(archives(tmp_path), look({"tree": project}))
    assert small.found
    assert set(small.files) == {("tree", f"node_modules/@small/server/{path}") for path in SMALL}
    assert set(leaf.files) == {("tree", f"node_modules/leaf/{path}") for path in LEAF}
    assert not small.mismatches + leaf.mismatches
    assert not small.missing + leaf.missing


def test_several_copies_and_several_versions_are_told_apart(tmp_path):
    newer = {"package.json": package("leaf", "2.0.0"), "index.js": b"module.exports = 2\n"}
    for place, files in {"leaf": LEAF, "a/node_modules/leaf": LEAF, "b/node_modules/leaf": newer}.items():
        unpack(tmp_path / "node_modules" / place, files)
    old, new = NPM.bind_all([read(tmp_path, LEAF), read(tmp_path, newer)], look({"tree": tmp_path / "node_modules"}))
    assert len(old.files) == 2 * len(LEAF)
    assert set(new.files) == {("tree", f"b/node_modules/leaf/{path}") for path in newer}


def test_a_folder_that_is_itself_the_package_is_found(tmp_path):
    unpack(tmp_path / "unpacked", LEAF)
    assert NPM.bind(read(tmp_path, LEAF), look({"tree": tmp_path / "unpacked"})).found


CHANGES = {
    "a changed file": lambda place: touch_byte(place / "index.js"),
    "a changed package.json": lambda place: put(place / "package.json", package("leaf", main="evil.js")),
    "an executable bit": lambda place: (place / "index.js").chmod(0o755),
    "a link instead of a file": lambda place: ((place / "index.js").unlink(), (place / "index.js").symlink_to("x")),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_an_installed_file_that_differs_is_a_mismatch(change, tmp_path):
    unpack(tmp_path / "node_modules/leaf", LEAF)
    change(tmp_path / "node_modules/leaf")
    bound = NPM.bind(read(tmp_path, LEAF), look({"tree": tmp_path / "node_modules"}))
    assert len(bound.mismatches) == 1


def test_a_file_that_is_gone_is_missing(tmp_path):
    unpack(tmp_path / "node_modules/leaf", LEAF)
    (tmp_path / "node_modules/leaf/index.js").unlink()
    bound = NPM.bind(read(tmp_path, LEAF), look({"tree": tmp_path / "node_modules"}))
    assert bound.missing == (("tree", "leaf/index.js"),)


def test_another_version_than_the_one_at_hand_is_nobodys(tmp_path):
    unpack(tmp_path / "node_modules/leaf", {**LEAF, "package.json": package("leaf", "3.0.0")})
    bound = NPM.bind(read(tmp_path, LEAF), look({"tree": tmp_path / "node_modules"}))
    assert (bound.found, bound.mismatches) == (False, ())


def test_a_bundled_package_belongs_to_the_one_that_brought_it(tmp_path):
    bundle = {
        "package.json": package("outer", bundleDependencies=["leaf"]),
        "node_modules/leaf/package.json": LEAF["package.json"],
    }
    unpack(tmp_path / "node_modules/outer", bundle)
    outer, leaf = NPM.bind_all(
        [read(tmp_path, bundle), read(tmp_path, LEAF)], look({"tree": tmp_path / "node_modules"})
    )
    assert set(outer.files) == {("tree", f"outer/{path}") for path in bundle}
    assert not leaf.found


def test_a_first_line_as_on_windows_is_mended_in_commands_alone(tmp_path):
    files = {"package.json": package("cli", bin="cli.js"), "cli.js": WINDOWS, "other.js": WINDOWS}
    unpack(tmp_path / "node_modules/cli", {**files, "cli.js": MENDED}, {"cli.js"})
    bound = NPM.bind(read(tmp_path, files), look({"tree": tmp_path / "node_modules"}))
    mended = hashlib.sha256(MENDED).hexdigest()
    assert bound.promised == {("tree", "cli/cli.js"): ("tree/cli/package.json", f"content={mended}")}
    assert ("tree", "cli/other.js") in bound.files


@pytest.mark.parametrize("names", [{".gitignore": b"x"}, {".gitignore": b"x", ".npmignore": b"y"}])
def test_an_ignore_file_is_found_under_either_name(names, tmp_path):
    files = {**LEAF, **names}
    for number, installed in enumerate(({".gitignore": b"x"}, {".npmignore": b"x"}, {})):
        modules = tmp_path / f"{number}/node_modules"
        unpack(modules / "leaf", {**LEAF, **names, **installed} if len(names) > 1 else {**LEAF, **installed})
        if len(names) > 1:
            (modules / "leaf/.npmignore").write_bytes(b"y")
        bound = NPM.bind(read(tmp_path, files), look({"tree": modules}))
        assert not bound.mismatches + bound.missing
        assert len(bound.files) == len(look({"tree": modules}).files)
