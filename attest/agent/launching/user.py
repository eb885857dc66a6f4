"""As whom a server runs: another user than we are, where we may choose."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass

from attest.errors import RefusedError

_NUMBERS = "0123456789"


@dataclass(frozen=True, kw_only=True)
class User:
    """A user and the primary group; supplementary groups are given up."""

    uid: int
    gid: int
    variables: Mapping[str, str]
    """What a login as this user would set; empty if it is who we are."""

    @property
    def is_other(self) -> bool:
        """Whether this is not who we are."""
        return self.uid != os.geteuid()


def server_user(asked: str | None, environment: Mapping[str, str]) -> User:
    """Return the user for the server: who is `asked` for, else who called sudo, else who we are.

    Raises `RefusedError` for a user that is not there, or that we may not become.
    """
    sudo = environment.get("SUDO_UID") if os.geteuid() == 0 else None
    wanted = asked or (sudo if sudo != "0" else None)
    if wanted is None:
        return User(uid=os.geteuid(), gid=os.getegid(), variables={})
    user = _look_up(wanted)
    if user.is_other and os.geteuid() != 0:
        raise RefusedError(f"--user {wanted}", "root, who alone may become another", f"uid {os.geteuid()}")
    return user if user.is_other else User(uid=user.uid, gid=os.getegid(), variables={})


def _look_up(wanted: str) -> User:
    try:
        row = pwd.getpwuid(int(wanted)) if set(wanted) <= set(_NUMBERS) else pwd.getpwnam(wanted)
    except (KeyError, OverflowError) as error:
        hint = "make one for the server: useradd --system --no-create-home NAME"
        raise RefusedError(f"--user {wanted}", "a user of this machine", "none", hint=hint) from error
    variables = {"HOME": row.pw_dir, "LOGNAME": row.pw_name, "SHELL": row.pw_shell, "USER": row.pw_name}
    return User(uid=row.pw_uid, gid=row.pw_gid, variables=variables)
