"""The environment that a server is started with: the caller's, without what would make it load other code.

Without sealed rules every other name is kept: servers are configured by variables of any name, and those who start them
should not have to declare each one. With rules, what they name and what every program expects is kept, and no more.
Values are handed on unread: they may be secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attest.statement.profile import EXPECTED_NAMES, FORBIDDEN_NAMES, EnvironmentRules, covers

BYTE_CODE_NAME: Final = "PYTHONPYCACHEPREFIX"
"""Where CPython keeps byte code (and looks for it) instead of beside the sources. A caller's own is never kept."""
SAFE_PATH_NAME: Final = "PYTHONSAFEPATH"
"""Keeps CPython, since 3.11, from importing what lies in the folder where it is started."""
OURS: Final = frozenset({BYTE_CODE_NAME, SAFE_PATH_NAME})
"""What a launcher sets."""

_OF_OTHER_RUNTIMES: Final = (
    "BASH_ENV",
    "BUN_OPTIONS",
    "CLASSPATH",
    "CORECLR_*",
    "DOTNET_ADDITIONAL_DEPS",
    "DOTNET_SHARED_STORE",
    "DOTNET_STARTUP_HOOKS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LUA_INIT*",
    "PERL5*",
    "PHPRC",
    "PHP_INI_SCAN_DIR",
    "RUBYLIB",
    "RUBYOPT",
    "_JAVA_OPTIONS",
)
"""By these, other interpreters than CPython and node load other code, be it in what a server starts. No findings: where
nobody seals an environment, half the machines of the world have one of them set."""


@dataclass(frozen=True, kw_only=True)
class CleanEnvironment:
    """What a server is given, and the names of what it is not."""

    variables: Mapping[str, str]
    withheld: tuple[str, ...]
    """Sorted."""


def clean_environment(
    given: Mapping[str, str],
    rules: EnvironmentRules | None,
    *,
    byte_code: str | None,
    login: Mapping[str, str],
    safe_path: bool = False,
) -> CleanEnvironment:
    """Return the environment for the server; `byte_code` is the directory for its byte code, None to have none.

    `safe_path` has it import nothing from the folder where it is started, unless a sealed value says otherwise.

    `login` says who the server runs as, if it is another user than the caller: `HOME` and the like, and no directory of
    the caller's session.

    The loader's own variables (`LD_...`) are no more kept than the forbidden names: only a sealed value is. Those of
    other runtimes are kept where they are sealed by name.
    """
    kept = {name: value for name, value in given.items() if _is_kept(name, rules)}
    if login:
        kept = {name: value for name, value in kept.items() if not name.startswith("XDG_")} | dict(login)
    fixed = {} if rules is None else {each.name: each.value for each in rules.fixed}
    ours = {} if byte_code is None else {BYTE_CODE_NAME: byte_code}
    safe = {SAFE_PATH_NAME: "1"} if safe_path else {}
    variables = {**kept, **safe, **fixed, **ours}
    return CleanEnvironment(variables=variables, withheld=tuple(sorted(given.keys() - variables.keys())))


def _is_kept(name: str, rules: EnvironmentRules | None) -> bool:
    if name in FORBIDDEN_NAMES or name.startswith("LD_"):
        return False
    if rules is None:
        return not any(covers(pattern, name) for pattern in _OF_OTHER_RUNTIMES)
    return any(covers(pattern, name) for pattern in (*rules.allowed, *EXPECTED_NAMES))
