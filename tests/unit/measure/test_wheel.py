"""Wheels: read against their own RECORD, and bound to the places where installers put members."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.entry_points import read_commands
from attest.measure.record import read_record
from tests.wheels import SMALL, WHEEL, make_wheel, wheel_files, zipped


def test_a_wheel_is_read_with_the_digests_of_all_its_members(tmp_path):
    path = make_wheel(tmp_path)
    archive = WHEEL.read(path)
    assert archive.digest.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (archive.name, archive.version, archive.label) == ("small_tool", "1.0", "small_tool-1.0.dist-info")
    assert archive.generated == ("small",)
    members = {member.path: member for member in archive.members}
    assert members["small/native.so"].executable
    octets = SMALL["small/__init__.py"]
    assert members["small/__init__.py"].sha256 == hashlib.sha256(octets).hexdigest()
    assert members["small/__init__.py"].size == len(octets)


def written(tmp_path, files, name="small_tool-1.0-py3-none-any.whl"):
    path = tmp_path / name
    path.write_bytes(zipped(files))
    return path


FAULTS = {
    "a member with other content than its row": lambda files: {**files, "small/__init__.py": b"evil"},
    "a member without a row": lambda files: {**files, "small/extra.py": b""},
    "a row without a member": lambda files: {path: o for path, o in files.items() if path != "small/native.so"},
    "no RECORD": lambda files: {path: o for path, o in files.items() if not path.endswith("/RECORD")},
    "no METADATA": lambda files: {path: o for path, o in files.items() if not path.endswith("/METADATA")},
    "two distributions": lambda files: {**files, "other-1.dist-info/METADATA": b""},
    "a scheme that no installer knows": lambda files: wheel_files(
        {"small_tool-1.0.data/evil/x": b"", "small_tool-1.0.dist-info/entry_points.txt": b""}
    ),
    "a command that is no file name": lambda files: wheel_files(
        {"small_tool-1.0.dist-info/entry_points.txt": b"[console_scripts]\n../../x = small:main\n"}
    ),
    "a later format": lambda files: {
        path: o.replace(b"Wheel-Version: 1.0", b"Wheel-Version: 2.0") for path, o in files.items()
    },
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_wheel_that_contradicts_itself_is_refused(fault, tmp_path):
    with pytest.raises(MalformedError):
        WHEEL.read(written(tmp_path, fault(wheel_files(SMALL))))


@pytest.mark.parametrize("name", ["other-1.0-py3-none-any.whl", "small_tool-2.0-py3-none-any.whl", "small.whl"])
def test_a_wheel_under_another_name_is_refused(name, tmp_path):
    with pytest.raises(MalformedError):
        WHEEL.read(written(tmp_path, wheel_files(SMALL), name))


def test_names_and_versions_are_compared_in_their_normal_form(tmp_path):
    path = written(tmp_path, wheel_files(SMALL), "Small.Tool-1.0-py3-none-any.whl")
    assert WHEEL.read(path).name == "small_tool"


@pytest.mark.parametrize(
    "text",
    [
        "a,sha256=AAAA,1\n",
        "a,md5=1B2M2Y8AsgTpgAmY7PhCfg,1\n",
        "a,,1\na,,1\n",
        "a,,-1\n",
        "a,,1e3\n",
        "a,\n",
        "a,,,\n",
        ",,\n",
        'a,"',
        "a,sha256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU,0\n",
        "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=,0\n",
        "a,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV,0\n",
    ],
)
def test_a_record_that_can_be_read_in_two_ways_is_refused(text):
    with pytest.raises(MalformedError):
        read_record(text.encode(), where="RECORD")


@pytest.mark.parametrize(
    "text",
    [
        "a = b\n",
        "a = b:c()\n",
        "a = b:c; import os\n",
        "a = b c:d\n",
        "a/b = c:d\n",
        ".. = c:d\n",
        "a = b:c\na = b:d\n",
        "a = b:c\n[gui_scripts]\na = b:c\n",
    ],
)
def test_an_entry_point_that_would_write_another_program_is_refused(text):
    with pytest.raises(MalformedError):
        read_commands(f"[console_scripts]\n{text}".encode(), where="entry_points.txt")


def test_only_commands_are_read_from_entry_points():
    text = b"# x\n[console_scripts]\na.b-c = m.n:o.p [extra]\n\n[pytest11]\nx = ../y\n[gui_scripts]\ng=m:f\n"
    commands = read_commands(text, where="entry_points.txt")
    assert [(c.name, c.module, c.function, c.import_name) for c in commands] == [
        ("a.b-c", "m.n", "o.p", "o"),
        ("g", "m", "f", "f"),
    ]


@given(st.binary(max_size=300))
def test_readers_of_lists_refuse_or_read_and_raise_nothing_else(octets):
    for reader in (read_record, read_commands):
        with contextlib.suppress(MalformedError):
            assert isinstance(reader(octets, where="x"), tuple)
