"""MCP bundles: from the archive to the directory that a host unpacks it into, whether it is signed or not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attest.errors import MalformedError
from attest.measure.collectors import COLLECTORS
from attest.measure.collectors.mcpb_binding import command_in
from tests.archives import MANIFEST, install_mcpb, make_mcpb, mcpb_files, signed_mcpb
from tests.wheels import PROGRAM, look, put, zipped

COLLECTOR = COLLECTORS["mcpb"]
UNSIGNED = zipped(mcpb_files(), {"server/run": PROGRAM})


def test_it_says_what_it_is_called_and_what_to_start(tmp_path):
    archive = COLLECTOR.read(make_mcpb(tmp_path))
    assert (archive.name, archive.version) == ("small-tool", "1.0.0")
    assert archive.purl == "pkg:generic/small-tool@1.0.0"
    assert archive.command == ("node", "${__dirname}/server/index.js")


def test_the_command_of_an_installation_names_its_files(tmp_path):
    path = make_mcpb(tmp_path)
    script = install_mcpb(path, tmp_path / "tree")
    assert COLLECTOR.bind(COLLECTOR.read(path), look({"tree": tmp_path / "tree"})).command == ("node", str(script))


def test_words_of_this_platform_replace_the_others(tmp_path):
    configuration = {
        "command": "node",
        "args": ["x"],
        "platform_overrides": {"win32": {"command": "node.exe"}, "linux": {"args": ["y"]}},
    }
    server = {**MANIFEST["server"], "mcp_config": configuration}  # type: ignore[dict-item]
    path = make_mcpb(tmp_path, zipped(mcpb_files({**MANIFEST, "server": server})))
    assert COLLECTOR.read(path).command == ("node", "y")


def test_a_command_that_the_user_has_to_complete_is_none():
    assert command_in(("node", "${__dirname}${/}x"), "/e") == ("node", "/e/x")
    assert command_in(("node", "${user_config.folder}"), "/e") == ()
    assert command_in((), "/e") == ()


@pytest.mark.parametrize("as_comment", [False, True])
def test_a_signature_is_cut_off_and_both_digests_are_known(as_comment, tmp_path):
    octets = signed_mcpb(UNSIGNED, as_comment=as_comment)
    archive = COLLECTOR.read(make_mcpb(tmp_path, octets))
    assert archive.digest.sha256 == hashlib.sha256(octets).hexdigest()
    assert [alias.sha256 for alias in archive.aliases] == [hashlib.sha256(UNSIGNED).hexdigest()]
    assert archive.members == COLLECTOR.read(make_mcpb(tmp_path, UNSIGNED)).members


@given(signature=st.binary(max_size=200))
def test_whatever_the_signature_is_the_members_are_the_same(signature, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mcpb")
    plain = COLLECTOR.read(make_mcpb(folder, UNSIGNED))
    if b"MCPB_SIG_V1" not in signature:
        assert COLLECTOR.read(make_mcpb(folder, signed_mcpb(UNSIGNED, signature))).members == plain.members


FAULTS = {
    "no manifest": zipped({"server/index.js": b""}),
    "a manifest that is a list": zipped(mcpb_files([])),
    "a manifest with one key twice": zipped({"manifest.json": b'{"name":"a","name":"b","version":"1"}'}),
    "no name": zipped(mcpb_files({**MANIFEST, "name": ""})),
    "a name of two lines": zipped(mcpb_files({**MANIFEST, "name": "a\nb"})),
    "a version that is a number": zipped(mcpb_files({**MANIFEST, "version": 1})),
    "arguments that are no texts": zipped(
        mcpb_files({**MANIFEST, "server": {"mcp_config": {"command": "node", "args": [1]}}})
    ),
    "a command that is none": zipped(mcpb_files({**MANIFEST, "server": {"mcp_config": {"command": ""}}})),
    "a signature of another length": UNSIGNED + b"MCPB_SIG_V1\xff\0\0\0abcMCPB_SIG_END",
    "a signature without beginning": UNSIGNED + b"abcMCPB_SIG_END",
    "a signature and something behind it": signed_mcpb(UNSIGNED) + b"x",
    "two signatures": signed_mcpb(signed_mcpb(UNSIGNED)),
    "a comment that is no signature": UNSIGNED[:-2] + b"\x04\x00evil",
    "a comment longer than the signature": signed_mcpb(UNSIGNED, as_comment=True).replace(
        b"MCPB_SIG_V1", b"MCPB_SIG_V2"
    ),
    "a traversal": zipped({**mcpb_files(), "../evil": b""}),
    "a link": zipped({**mcpb_files(), "link": b"/etc/passwd"}, {"link": 0o120777}),
}


@pytest.mark.parametrize("octets", FAULTS.values(), ids=FAULTS.keys())
def test_a_hostile_bundle_is_refused(octets, tmp_path):
    with pytest.raises(MalformedError):
        COLLECTOR.read(make_mcpb(tmp_path, octets))


def test_permissions_count_without_a_file_type_as_well(tmp_path):
    path = make_mcpb(tmp_path, zipped(mcpb_files(), dict.fromkeys(mcpb_files(), 0o755)))
    assert all(member.executable for member in COLLECTOR.read(path).members)


def test_the_old_name_of_the_format_is_known(tmp_path):
    assert COLLECTOR.read(make_mcpb(tmp_path, name="small-tool.dxt")).kind == "mcpb"


def test_a_manifest_of_another_bundle_is_not_taken_for_it(tmp_path):
    archive = COLLECTOR.read(make_mcpb(tmp_path))
    put(tmp_path / "tree/manifest.json", b"{}")
    assert not COLLECTOR.bind(archive, look({"tree": tmp_path / "tree"})).found


def test_each_installation_is_bound_and_a_missing_file_named(tmp_path):
    path = make_mcpb(tmp_path)
    install_mcpb(path, tmp_path / "tree/one")
    install_mcpb(path, tmp_path / "tree/two").unlink()
    bound = COLLECTOR.bind(COLLECTOR.read(path), look({"tree": tmp_path / "tree"}))
    assert bound.missing == (("tree", "two/extension/server/index.js"),)
    assert len(bound.files) == 5
