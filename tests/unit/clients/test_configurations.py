"""Every form of configuration is read; one that is wrong is a complaint, and hides nothing else."""

from __future__ import annotations

import json

import pytest

from attest.clients.formats import FORMATS, read_servers
from attest.clients.places import PROJECT_PLACES, USER_PLACES, find_configurations, read_given
from attest.errors import AttestError, MalformedError

SERVER = {"command": "npx", "args": ["-y", "server"], "env": {"TOKEN": "secret", "PORT": 1}}
SHAPES = {
    "mcpServers": {"mcpServers": {"one": SERVER}},
    "servers": {"servers": {"one": SERVER}, "inputs": []},
    "settings": {"mcp": {"servers": {"one": SERVER}}, "editor.fontSize": 12},
    "projects": {"projects": {"/work": {"mcpServers": {"one": SERVER}}}, "mcpServers": {}},
    "context_servers": {"context_servers": {"one": {"command": {"path": "npx", "args": ["-y", "server"]}}}},
}
CODEX = b'[mcp_servers.one]\ncommand = "npx"\nargs = ["-y", "server"]\n[mcp_servers.one.env]\nTOKEN = "secret"\n'
EXAMPLES = {**{form: json.dumps(shape).encode() for form, shape in SHAPES.items()}, "codex": CODEX}


def test_every_form_has_an_example():
    assert EXAMPLES.keys() == FORMATS.keys()
    assert {place.form for place in (*USER_PLACES, *PROJECT_PLACES)} == FORMATS.keys()


@pytest.mark.parametrize("form", FORMATS)
def test_a_server_is_found_with_its_command(form):
    (server,) = read_servers(EXAMPLES[form], form, where="here")
    assert server.name.endswith("one")
    assert server.command == ("npx", "-y", "server")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("octets", [b"", b"\xff", b"[]", b'{"a": 1, "a": 2}', b"[" * 100_000, b"a = ["])
def test_what_is_no_configuration_is_refused(form, octets):
    try:
        servers = read_servers(octets, form, where="here")
    except AttestError:
        return
    assert servers == ()  # TOML: an empty file


@pytest.mark.parametrize("form", FORMATS)
def test_a_configuration_without_servers_has_none(form):
    assert read_servers(b"" if form == "codex" else b"{}", form, where="here") == ()


def test_a_server_that_is_wrong_has_a_complaint_and_hides_no_other():
    wrong: tuple[object, ...] = (
        {"args": "x"},
        {"command": 3},
        {"command": "x", "args": [1]},
        {"command": "x", "args": ["\0"]},
        [],
    )
    table = {"good": SERVER, **{f"wrong{at}": each for at, each in enumerate(wrong)}}
    good, *rest = read_servers(json.dumps({"mcpServers": table}).encode(), "mcpServers", where="here")
    assert good.complaint is None
    assert all(each.complaint is not None and not each.command for each in rest)


def test_an_address_is_shown_without_what_may_be_secret_in_it():
    url = "https://user:secret@api.example:8443/mcp?key=secret"
    (server,) = read_servers(json.dumps({"mcpServers": {"one": {"url": url}}}).encode(), "mcpServers", where="here")
    assert server.host == "https://api.example:8443"
    assert "secret" not in repr(server)


@pytest.mark.parametrize("url", ["https://[", "x", "https://h:99999999/"])
def test_an_address_that_is_none_is_no_accident(url):
    (server,) = read_servers(json.dumps({"mcpServers": {"one": {"url": url}}}).encode(), "mcpServers", where="here")
    assert isinstance(server.host, str)


def test_the_values_of_an_environment_are_not_in_what_is_printed():
    (server,) = read_servers(EXAMPLES["mcpServers"], "mcpServers", where="here")
    assert server.environment == {"TOKEN": "secret", "PORT": "1"}
    assert "secret" not in repr(server)


def test_configurations_are_found_where_clients_keep_them(tmp_path):
    home, project = tmp_path / "home", tmp_path / "project"
    for path, form in (
        (home / ".config/Claude/claude_desktop_config.json", "mcpServers"),
        (home / ".codex/config.toml", "codex"),
        (project / ".vscode/mcp.json", "servers"),
    ):
        path.parent.mkdir(parents=True)
        path.write_bytes(EXAMPLES[form])
    (home / ".cursor").mkdir()
    (home / ".cursor/mcp.json").write_text("{")
    found = find_configurations(str(home), str(project), {})
    told = {(each.client, len(each.servers), each.complaint is None) for each in found}
    assert told == {
        ("Claude Desktop", 1, True),
        ("Codex", 1, True),
        ("Cursor", 0, False),
        ("VS Code", 1, True),
    }


def test_in_the_home_folder_no_configuration_is_read_twice(tmp_path):
    (tmp_path / ".cursor").mkdir()
    (tmp_path / ".cursor/mcp.json").write_bytes(EXAMPLES["mcpServers"])
    (found,) = find_configurations(str(tmp_path), str(tmp_path), {})
    assert found.client == "Cursor"


@pytest.mark.parametrize("form", ["mcpServers", "servers", "codex"])
def test_a_named_configuration_is_read_in_whatever_form_it_is(tmp_path, form):
    path = tmp_path / ("x.toml" if form == "codex" else "x.json")
    path.write_bytes(EXAMPLES[form])
    assert [each.command for each in read_given(path, home=str(tmp_path)).servers] == [("npx", "-y", "server")]


def test_a_named_configuration_that_is_not_there_is_a_complaint(tmp_path):
    assert "readable" in str(read_given(tmp_path / "none.json", home=str(tmp_path)).complaint)


def test_the_variables_of_editors_are_filled_in(tmp_path):
    path = tmp_path / ".vscode/mcp.json"
    path.parent.mkdir()
    server = {"command": "${workspaceFolder}/run", "args": ["${userHome}/x", "${input:key}"]}
    path.write_text(json.dumps({"servers": {"one": server}}))
    (found,) = read_given(path, home="/users/me").servers
    assert found.command == (f"{tmp_path}/run", "/users/me/x", "${input:key}")


def test_a_duplicate_name_is_refused():
    with pytest.raises(MalformedError, match=r"duplicate|twice"):
        read_servers(b'{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}', "mcpServers", where="here")
