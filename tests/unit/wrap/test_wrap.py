"""`attest wrap` as a user meets it: what is protected, what is not, and the way back."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from attest.clients.commented import without_comments
from attest.clients.configuration import ConfiguredServer
from attest.clients.formats import read_servers
from attest.seal.unverified import read_unverified
from tests.commands import attest, passed
from tests.unit.wrap.conftest import Desk


def commands(desk: Desk) -> dict[str, tuple[str, ...]]:
    return {server.name: server.command for server in wrapped_servers(desk)}


def wrapped_servers(desk: Desk) -> tuple[ConfiguredServer, ...]:
    return read_servers(desk.configuration.read_bytes(), "mcpServers", where="here")


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_servers_are_sealed_and_started_through_the_portal(desk):
    told = passed(desk.wrap("--all")).decode()
    before = commands(desk)
    assert before["one"][1:] == ("portal", "one", "--", f"{desk.folder}/one/run.sh", "--quiet")
    assert before["two"][1:] == ("portal", "two", "--", "two/run.sh")
    assert os.access(before["one"][0], os.X_OK)
    assert Path(before["one"][0]).is_absolute()
    reference = read_unverified(desk.data / "references/one.ref").reference
    assert reference.enforcement.audit_only
    assert reference.process is not None
    assert reference.process.argv == ("{tree}/run.sh", "--quiet")
    assert told.count("  protected  ") == 2
    assert "NOT protected  elsewhere" in told
    assert "3 servers: 2 protected (2 audit-only), 1 not" in told
    assert "restart Claude Desktop" in told
    assert "sekret" not in told
    assert "make no new file or folder right in ~/, ~/.local/, ~/.local/share/:" in told
    assert f"attest tools record -o session.jsonl -- /bin/sh {desk.folder}/one/run.sh --quiet" in told
    assert f"-- /bin/sh {desk.folder}/one/run.sh --quiet" in passed(desk.wrap("--all")).decode()


def test_nothing_but_command_and_arguments_is_another(desk):
    passed(desk.wrap("--all"))
    new = desk.configuration.read_bytes()
    assert b"// theirs\n" in new
    assert b'"env": { "TOKEN": "sekret" }, },' in new
    assert stat.S_IMODE(desk.configuration.stat().st_mode) == 0o640
    assert [path.name for path in desk.configuration.parent.iterdir()] == [desk.configuration.name]


def test_the_command_that_is_told_is_one_for_a_shell(desk):
    program = desk.home / "my servers/run.sh"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\ncat\n")
    program.chmod(0o755)
    desk.put(json.dumps({"mcpServers": {"one": {"command": str(program), "args": [f"--at={desk.home}/a b"]}}}))
    told = passed(desk.wrap("--all")).decode()
    (command,) = re.findall("attest tools record -o session.jsonl -- (.*)", told)
    words = subprocess.run(["/bin/sh", "-c", f"printf '%s\\n' {command}"], capture_output=True, text=True, check=True)
    assert words.stdout.splitlines() == ["/bin/sh", str(program), f"--at={desk.home}/a b"]


def test_twice_changes_nothing(desk):
    passed(desk.wrap("--all"))
    before = everything(desk.home)
    told = passed(desk.wrap("--all")).decode()
    assert everything(desk.home) == before
    assert told.count("already protected  ") == 2


def test_undo_restores_every_byte_and_forgets_the_copy(desk):
    passed(desk.wrap("--all"))
    assert b"next: restart the clients" in passed(desk.wrap("--undo"))
    assert desk.configuration.read_bytes() == desk.original
    assert list((desk.data / "wrapped").iterdir()) == []
    assert passed(desk.wrap("--undo")) == b"nothing is wrapped\n"


def test_undo_of_a_server_that_is_not_wrapped_names_those_that_are(desk):
    passed(desk.wrap("--all"))
    before = everything(desk.home)
    done = desk.wrap("--undo", "--server", "nosuch")
    assert done.returncode == 2
    assert b"found 'nosuch'" in done.stderr
    assert everything(desk.home) == before


def test_a_dry_run_shows_what_would_change_without_secrets_and_touches_nothing(desk):
    before = everything(desk.folder)
    told = passed(desk.wrap("--all", "--dry-run")).decode()
    assert everything(desk.folder) == before
    assert "2 would be protected (2 audit-only)" in told
    assert '+    "one": { "command": "' in told
    assert '"args": ["portal", "one", "--", ' in told
    assert "sekret" not in told
    assert "theirs" not in told
    passed(desk.wrap("--all"))
    before = everything(desk.folder)
    assert "sekret" not in passed(desk.wrap("--undo", "--dry-run")).decode()
    assert everything(desk.folder) == before


def test_one_server_by_its_name(desk):
    passed(desk.wrap("--server", "two"))
    assert [name for name, command in commands(desk).items() if command[1:2] == ("portal",)] == ["two"]
    passed(desk.wrap("--server", "one"))
    passed(desk.wrap("--undo", "--server", "two"))
    assert [name for name, command in commands(desk).items() if command[1:2] == ("portal",)] == ["one"]
    passed(desk.wrap("--undo"))
    assert desk.configuration.read_bytes() == desk.original


def test_a_named_server_that_cannot_be_protected_is_a_failure_and_an_unknown_one_a_usage_error(desk):
    assert desk.wrap("--server", "elsewhere").returncode == 1
    assert desk.wrap("--server", "none").returncode == 2
    assert desk.configuration.read_bytes() == desk.original


def test_what_is_switched_off_is_taken_only_by_name_or_with_all(desk):
    desk.put(json.dumps({"mcpServers": {"off": {"command": str(desk.folder / "one/run.sh"), "disabled": True}}}))
    assert b"no server" in passed(desk.wrap())
    passed(desk.wrap("--all"))
    assert commands(desk)["off"][1] == "portal"
    assert json.loads(desk.configuration.read_bytes())["mcpServers"]["off"]["disabled"] is True


def test_an_edit_elsewhere_is_kept_when_undoing(desk):
    passed(desk.wrap("--all"))
    edited = desk.configuration.read_bytes().replace(b"sekret", b"another").replace(b"// theirs", b"// mine")
    desk.configuration.write_bytes(edited)
    passed(desk.wrap("--undo"))
    assert desk.configuration.read_bytes() == desk.original.replace(b"sekret", b"another").replace(b"theirs", b"mine")


def test_an_entry_that_was_edited_is_not_undone_and_the_copy_is_named(desk):
    passed(desk.wrap("--all"))
    edited = desk.configuration.read_bytes().replace(b'"portal", "one"', b'"portal", "other"')
    desk.configuration.write_bytes(edited)
    done = desk.wrap("--undo")
    assert done.returncode == 5
    assert desk.configuration.read_bytes() == edited
    (copy,) = (desk.data / "wrapped").glob("*.original")
    assert str(copy).encode() in done.stderr
    assert copy.read_bytes() == desk.original
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    passed(desk.wrap("--undo", "--server", "two"))
    assert b'"command": "two/run.sh"' in desk.configuration.read_bytes()


def test_what_somebody_restored_or_took_out_by_hand_is_no_obstacle(desk):
    passed(desk.wrap("--all"))
    desk.configuration.write_bytes(desk.original)
    assert b"nothing of attest wrap is in it" in passed(desk.wrap("--undo"))
    passed(desk.wrap("--all"))
    (two,) = (server for server in wrapped_servers(desk) if server.name == "two")
    document = {"mcpServers": {"two": {"command": two.command[0], "args": two.command[1:]}}}
    desk.put(json.dumps(document))
    passed(desk.wrap("--undo"))
    assert commands(desk) == {"two": ("two/run.sh",)}


def test_a_file_that_its_client_wrote_anew_is_undone_in_effect(desk):
    passed(desk.wrap("--all"))
    plain = without_comments(desk.configuration.read_bytes())
    desk.configuration.write_text(json.dumps(json.loads(plain), indent=4))
    passed(desk.wrap("--undo"))
    assert json.loads(desk.configuration.read_bytes())["mcpServers"]["one"] == {
        "command": f"{desk.folder}/one/run.sh", "args": ["--quiet"], "env": {"TOKEN": "sekret"}
    }  # fmt: skip
    assert commands(desk)["two"] == ("two/run.sh",)
    assert list((desk.data / "wrapped").iterdir()) == []


def test_a_server_that_was_added_later_is_wrapped_beside_and_all_is_undone(desk):
    passed(desk.wrap("--all"))
    bare = desk.original.replace(b'    "elsewhere"', b'    "three": { "command": "two/run.sh" },\n    "elsewhere"')
    desk.configuration.write_bytes(
        desk.configuration.read_bytes().replace(
            b'    "elsewhere"', b'    "three": { "command": "two/run.sh" },\n    "elsewhere"'
        )
    )
    passed(desk.wrap("--all"))
    assert commands(desk)["three"][1:3] == ("portal", "two"), "the same command needs no second reference"
    passed(desk.wrap("--undo"))
    assert desk.configuration.read_bytes() == bare


def test_another_server_of_the_same_name_has_a_reference_of_its_own(desk):
    other = desk.folder / "other.json"
    other.write_text(json.dumps({"mcpServers": {"one": {"command": "two/run.sh"}}}))
    passed(desk.wrap("--server", "one"))
    passed(desk.wrap(str(other)))
    assert '"one.2"' in other.read_text()


def test_a_reference_that_was_sealed_by_hand_is_taken(desk):
    passed(attest(desk.folder, "init"))
    words = ("seal", "one", "--name", "mine", "--allow-site", "*", "--", "one/run.sh", "--quiet")
    passed(attest(desk.folder, *words))
    told = passed(desk.wrap("--server", "one")).decode()
    assert commands(desk)["one"][1:3] == ("portal", "mine")
    assert "enforcing, sealed as mine" in told


def test_a_server_that_is_not_as_it_was_sealed_is_not_wrapped(desk):
    passed(desk.wrap("--server", "one"))
    passed(desk.wrap("--undo"))
    (desk.folder / "one/run.sh").write_text("#!/bin/sh\ncat -\n")
    done = desk.wrap("--server", "one")
    assert done.returncode == 1
    assert b"attest update one, then attest wrap" in done.stdout


def test_a_portal_without_its_reference_is_no_protection(desk):
    passed(desk.wrap("--server", "one"))
    (desk.data / "references/one.ref").unlink()
    done = desk.wrap("--server", "one")
    assert done.returncode == 1
    assert b"a reference that you sealed" in done.stdout


def test_a_link_is_followed_and_stays_one(desk):
    target = desk.folder / "dotfiles.json"
    desk.configuration.rename(target)
    desk.configuration.symlink_to(target)
    passed(desk.wrap("--all"))
    assert desk.configuration.is_symlink()
    assert b"portal" in target.read_bytes()
    passed(desk.wrap("--undo", str(desk.configuration)))
    assert target.read_bytes() == desk.original


def test_a_file_with_two_names_is_left_alone(desk):
    os.link(desk.configuration, desk.folder / "second")
    done = desk.wrap("--all")
    assert done.returncode == 1
    assert b"a file with one name" in done.stdout
    assert desk.configuration.read_bytes() == desk.original


def test_a_client_that_would_look_elsewhere_is_given_paths(desk, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(desk.folder / "data"))
    passed(desk.wrap("--server", "one"))
    words = commands(desk)["one"]
    place = desk.folder / "data/mcp-attest"
    assert words[2] == str(place / "references/one.ref")
    assert words[3:7] == ("--trust", str(place / "trust.json"), "--key", str(place / "writer.key"))
    assert b"already protected" in passed(desk.wrap("--server", "one"))


def test_a_named_file_that_cannot_be_read_is_a_failure(desk):
    desk.put("{")
    assert desk.wrap(str(desk.configuration)).returncode == 1
    passed(desk.wrap())


def test_undo_of_what_was_never_wrapped_is_refused(desk):
    assert desk.wrap("--undo", str(desk.configuration)).returncode == 5


def test_a_configuration_that_is_gone_is_said_to_be_with_the_place_of_the_copy(desk):
    passed(desk.wrap("--all"))
    desk.configuration.unlink()
    done = desk.wrap("--undo")
    assert done.returncode == 5
    assert b".original" in done.stderr


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"command": "bash", "args": ["-c", "x"]}, "decides by itself"),
        ({"command": sys.executable, "args": ["-c", "sekret"]}, "code in an argument"),
        ({"command": "one/run.sh", "env": {"PYTHONPATH": "sekret"}}, "PYTHONPATH"),
        ({"command": "one/run.sh", "env": {"LD_PRELOAD": "sekret"}}, "LD_PRELOAD"),
        ({"command": "${workspaceRoot}/run.sh"}, "NOT protected"),
        ({"command": "one/run.sh", "cwd": "${input:where}"}, "only the client fills in"),
        ({"command": "missing", "args": ["sekret"]}, "an executable file"),
        ({"command": 3}, "a command or an address"),
    ],
)
def test_what_cannot_be_sealed_is_listed_with_the_reason(desk, entry, reason):
    desk.put(json.dumps({"mcpServers": {"wrong": entry}}))
    before = desk.configuration.read_bytes()
    done = desk.wrap("--all")
    assert done.returncode == 1
    assert reason in done.stdout.decode()
    assert b"sekret" not in done.stdout + done.stderr
    assert desk.configuration.read_bytes() == before


def test_words_that_only_the_client_knows_and_secrets_are_not_sealed(desk):
    arguments = ["--api-key", "sekret", "--root", "${workspaceFolder}/x", "${input:more}", "--quiet"]
    desk.put(json.dumps({"mcpServers": {"one": {"command": "one/run.sh", "args": arguments}}}))
    told = passed(desk.wrap("--all")).decode()
    assert commands(desk)["one"][5:] == tuple(arguments)
    profile = read_unverified(desk.data / "references/one.ref").reference.process
    assert profile is not None
    assert profile.fixed_argv[1:] == ("--api-key", None, "--root", None, None, "--quiet")
    assert "not sealed: <secret>, ${workspaceFolder}/x, ${input:more}" in told
    assert not any(b"sekret" in octets for path, octets in everything(desk.data / "references").items())


def test_update_enforces_what_was_only_recorded(desk):
    passed(desk.wrap("--server", "one"))
    words = ("update", "one", "--enforce", "--evidence", "none", "--allow-site", "*", "--yes")
    passed(attest(desk.folder, *words))
    assert not read_unverified(desk.data / "references/one.ref").reference.enforcement.audit_only
    assert b"already protected  one" in (told := passed(desk.wrap("--server", "one")))
    assert b"enforcing" in told


def test_who_lives_below_the_directory_for_temporary_files_is_told_what_servers_cannot_do_there(desk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(desk.home.parent))
    told = passed(desk.wrap("--all")).decode()
    assert f"make temporary files right in {desk.home.parent}, where your keys lie" in told
    assert "set TMPDIR to it" in told


def test_nobody_else_is_told_so(desk, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(desk.folder / "one"))
    assert "temporary files" not in passed(desk.wrap("--all")).decode()
