"""From a command to the profile that is sealed."""

from __future__ import annotations

from pathlib import Path

import pytest

from attest.errors import RefusedError, UnavailableError
from attest.seal.command import ResolvedCommand, refuse_unsealed, resolve_command, resolve_request
from attest.seal.messages import SurveyRoot
from attest.seal.request import SealRequest
from attest.statement.manifest import Root, Scope


def script(folder: Path, head: str, name: str = "bin/server") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head)
    path.chmod(0o755)
    return path


def root(place: Path, *mutable: str, listed: tuple[str, ...] = ()) -> SurveyRoot:
    scope = Scope.LISTED if listed else Scope.EXACT
    return SurveyRoot(root=Root(name="tree", scope=scope, mutable=mutable), place=str(place), listed=listed)


def test_a_script_becomes_its_interpreter_and_itself(tmp_path: Path) -> None:
    python = script(tmp_path, "", "bin/python")
    path = script(tmp_path, f"#!{python} -E\nimport this\n")
    resolved = resolve_command([str(path), "--port", "1"], {"tree": str(tmp_path)})
    assert resolved is not None
    assert resolved.profile.interpreter == "{tree}/bin/python"
    assert resolved.profile.argv == ("-E", "{tree}/bin/server", "--port", "1")
    assert resolved.words[-1] == str(path)


def test_a_binary_is_itself(tmp_path: Path) -> None:
    resolved = resolve_command([str(script(tmp_path, "\x7fELF"))], {"tree": str(tmp_path)})
    assert resolved is not None
    assert (resolved.profile.interpreter, resolved.profile.argv) == (None, ("{tree}/bin/server",))


def test_a_root_is_known_by_both_of_its_names(tmp_path: Path) -> None:
    path = script(tmp_path / "real", "\x7fELF")
    (tmp_path / "link").symlink_to("real")
    resolved = resolve_command([str(path)], {"tree": str(tmp_path / "link")})
    assert resolved is not None
    assert resolved.profile.argv == ("{tree}/bin/server",)


def test_a_link_on_the_path_is_sealed_as_the_script_of_the_tree_that_it_leads_to(tmp_path: Path) -> None:
    path = script(tmp_path / "tree", "#!/bin/sh -e\n")
    link = tmp_path / "server"
    link.symlink_to(path)
    for place, sealed in (("tree", "{tree}/bin/server"), ("other", str(link))):
        resolved = resolve_command([str(link), str(link)], {"tree": str(tmp_path / place)})
        assert resolved is not None
        assert resolved.profile.argv[:2] == ("-e", sealed)


def with_parameters(folder: Path, command: tuple[str, ...], *parameters: int) -> ResolvedCommand:
    request = SealRequest(command=command, parameters=parameters, given_in=folder, given_with={"PATH": str(folder)})
    resolved = resolve_request(request, {"tree": str(folder)})
    assert resolved is not None
    return resolved


def test_a_parameter_stands_where_its_word_comes_out_and_is_no_place(tmp_path: Path) -> None:
    script(tmp_path, "#!/bin/sh -e\n", "server")
    label = f"{tmp_path}/x"
    profile = with_parameters(tmp_path, ("server", "--key", label, label), 2).profile
    assert profile.argv == ("-e", "{tree}/server", "--key", label, "{tree}/x")
    assert profile.parameters == (3,)


def test_a_parameter_that_says_which_code_is_started_is_refused(tmp_path: Path) -> None:
    script(tmp_path, "", "python3")
    script(tmp_path, "", "server.py")
    commands = (
        ("python3", "server.py"),
        ("python3", "-X", "dev", "server.py"),
        ("env", "A=b"),
    )
    for command in commands:
        for at in range(len(command)):
            with pytest.raises(RefusedError, match="behind all that says which code"):
                with_parameters(tmp_path, (*command, "server.py"), at)


def test_a_program_without_the_executable_bit_is_told_so(tmp_path: Path) -> None:
    path = script(tmp_path, "#!/bin/sh\n")
    path.chmod(0o644)
    with pytest.raises(UnavailableError, match="may not be executed"):
        resolve_command([str(path)], {})


def test_no_command_no_profile() -> None:
    assert resolve_command([], {}) is None


def test_code_in_no_tree_is_refused(tmp_path: Path) -> None:
    path = script(tmp_path, "#!/bin/sh\n")
    resolved = resolve_command([str(path)], {})
    refuse_unsealed([str(path)], resolved, [root(tmp_path)])
    refuse_unsealed([str(path)], resolved, [root(tmp_path / "bin", listed=("server",))])
    for elsewhere in (root(tmp_path / "other"), root(tmp_path, "bin"), root(tmp_path / "bin", listed=("other",))):
        with pytest.raises(RefusedError, match="code of a TREE"):
            refuse_unsealed([str(path)], resolved, [elsewhere])


def test_a_program_of_the_system_may_lie_in_no_tree(tmp_path: Path) -> None:
    path = script(tmp_path, "\x7fELF")
    refuse_unsealed([str(path)], resolve_command([str(path)], {}), [root(tmp_path / "other")])
