"""The environment that a server is started with: the caller's, without what would make it load other code.

Without sealed rules every other name is kept: servers are configured by variables of any name, and those who start them
should not have to declare each one. With rules, what they name and what every program expects is kept, and no more.
Values are handed on unread: they may be secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from attest.statement.profile import FORBIDDEN_NAMES, EnvironmentRules, covers

EXPECTED_NAMES: Final = (
    "COLORTERM",
    "HOME",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "LOGNAME",
    "NO_COLOR",
    "PATH",
    "SHELL",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_RUNTIME_DIR",
)
"""What programs expect to find: where things lie, who and where the user is. None of them makes a program load code."""

BYTE_CODE_NAME: Final = "PYTHONPYCACHEPREFIX"
"""Where CPython keeps byte code (and looks for it) instead of beside the sources. A caller's own is never kept."""


@dataclass(frozen=True, kw_only=True)
class CleanEnvironment:
    """What a server is given, and the names of what it is not."""

    variables: Mapping[str, str]
    withheld: tuple[str, ...]
    """Sorted."""


def clean_environment(
    given: Mapping[str, str], rules: EnvironmentRules | None, *, byte_code: str | None
) -> CleanEnvironment:
    """Return the environment for the server; `byte_code` is the directory for its byte code, None to have none.

    The loader's own variables (`LD_...`) are no more kept than the forbidden names: only a sealed value is.
    """
    kept = {name: value for name, value in given.items() if _is_kept(name, rules)}
    fixed = {} if rules is None else {each.name: each.value for each in rules.fixed}
    ours = {} if byte_code is None else {BYTE_CODE_NAME: byte_code}
    variables = {**kept, **fixed, **ours}
    return CleanEnvironment(variables=variables, withheld=tuple(sorted(given.keys() - variables.keys())))


def _is_kept(name: str, rules: EnvironmentRules | None) -> bool:
    if name in FORBIDDEN_NAMES or name == BYTE_CODE_NAME or name.startswith("LD_"):
        return False
    return rules is None or any(covers(pattern, name) for pattern in (*rules.allowed, *EXPECTED_NAMES))
