"""Whether a configured server can be protected: what executes is found, and what there is to seal; nothing is done."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from attest.agent.sealed import SealedServer
from attest.clients.configuration import ConfiguredServer
from attest.clients.portal_command import PortalCommand, read_portal
from attest.errors import AttestError, RefusedError
from attest.measure.commands.invocation import Started
from attest.measure.commands.resolving import resolve
from attest.scan.executing import tell
from attest.scan.model import ConcernKind
from attest.scan.sealed import SealedServers
from attest.statement.placeholders import expand
from attest.statement.profile import FORBIDDEN_NAMES
from attest.wrap.model import Protected, Row, Sealable, Unprotected, unprotected
from attest.wrap.sealed_words import PLACEHOLDER, sealed_words
from attest.wrap.trees import SHELLS, trees_of

_BRIDGES = ("mcp-remote", "mcp-proxy", "supergateway")


@dataclass(frozen=True, kw_only=True)
class Judging:
    """The machine that servers are looked for on."""

    cwd: str
    home: str
    environment: Mapping[str, str]
    sealed: SealedServers | None

    def judge(self, row: Row) -> Sealable | Protected | Unprotected:
        """Return what to seal of a server, or that it is behind the portal already, or why it cannot be put there."""
        server = row.server
        if server.complaint is not None:
            return unprotected(row, server.complaint)
        if server.url is not None:
            hint = f"attest portal REF --upstream URL, in front of {server.host}: it checks calls, and who answers"
            return unprotected(row, "somebody else runs it: nothing of it can be measured here", hint)
        portal = read_portal(server.command)
        try:
            return self._sealable(row) if portal is None else self._behind(row, portal)
        except AttestError as error:
            return unprotected(row, error)

    def _behind(self, row: Row, portal: PortalCommand) -> Protected:
        """Refuse a portal that cannot be started any more, which is a server that cannot be either."""
        if shutil.which(portal.ours[0]) is None:
            hint = "attest wrap --undo, then attest wrap"
            raise RefusedError("its portal", "an attest that is installed", portal.ours[0], hint=hint)
        servers = () if self.sealed is None else self.sealed.servers
        names = {name: each for each in servers for name in (str(each.path), each.path.name.removesuffix(".ref"))}
        known = names.get(portal.reference)
        if known is None:
            raise RefusedError(
                "its portal",
                "a reference that you sealed",
                portal.reference,
                hint="attest wrap --undo, then attest wrap",
            )
        audit_only = known.reference.enforcement.audit_only
        return Protected(
            configuration=row.configuration,
            server=row.server,
            reference=known.path,
            executed=_sealed_command(known),
            audit_only=audit_only,
            before=True,
        )

    def _sealable(self, row: Row) -> Sealable | Unprotected:
        server = row.server
        _refuse_variables(server)
        cwd = self._directory(server)
        environment = {**self.environment, **variables_of(server)}
        told = tell(server, cwd=cwd, environment=environment)
        if told.started is None:
            concern = next(each for each in reversed(told.concerns) if each.kind is not ConcernKind.UNPINNED)
            return unprotected(row, concern.text, _then_wrap(concern.hint))
        sealed = self._sealed(told.started)
        words = sealed_words(server, told.started, cwd=cwd, environment=environment)
        labelled = resolve(words.words, cwd=cwd, environment=environment)
        return Sealable(
            configuration=row.configuration,
            server=server,
            cwd=cwd,
            words=words,
            executed=(*_listed(labelled.interpreter), *labelled.argv),
            trees=trees_of(told.started, home=self.home) if sealed is None else (),
            sealed=sealed,
            notes=tuple(_notes(server, told.started)),
        )

    def _sealed(self, started: Started) -> SealedServer | None:
        """Return the reference that this process is sealed in; refuse one that it is not like any more."""
        known = None if self.sealed is None else self.sealed.server_of(started)
        if self.sealed is None or known is None:
            return None
        name = known.path.name.removesuffix(".ref")
        _, drift = self.sealed.state_of(started) or (None, ())
        if drift:
            hint = f"if it was updated: attest update {name}, then attest wrap; if not: attest scan"
            raise RefusedError("its files", f"what {name} seals", drift[0].text, hint=hint)
        return known

    def _directory(self, server: ConfiguredServer) -> str:
        if server.cwd is None:
            return self.cwd
        if PLACEHOLDER.search(server.cwd):
            raise RefusedError("its working directory", "a path", f"{server.cwd}, which only the client fills in")
        return os.path.normpath(os.path.join(self.cwd, os.path.expanduser(server.cwd)))  # noqa: PTH111, PTH118


def variables_of(server: ConfiguredServer) -> dict[str, str]:
    """Return what a server is given, but for what only the client fills in."""
    return {name: value for name, value in server.environment.items() if not PLACEHOLDER.search(value)}


def _refuse_variables(server: ConfiguredServer) -> None:
    """Refuse variables that make a program load other code: us first, since we are started with them."""
    loading = sorted(name for name in server.environment if name in FORBIDDEN_NAMES or name.startswith("LD_"))
    if loading:
        raise RefusedError(
            "its environment",
            "no variable that makes a program load other code",
            ", ".join(loading),
            hint="install the server where it is found without, then take the variable out",
        )


def _sealed_command(sealed: SealedServer) -> tuple[str, ...]:
    profile = sealed.reference.process
    if profile is None:
        return ()
    known = zip(profile.argv, profile.fixed_argv, strict=True)
    argv = (label if word is None else expand(word, sealed.places) for label, word in known)
    interpreter = None if profile.interpreter is None else expand(profile.interpreter, sealed.places)
    return (*_listed(interpreter), *argv)


def _listed(word: str | None) -> tuple[str, ...]:
    return () if word is None else (word,)


def _then_wrap(hint: str | None) -> str | None:
    """Sealing, which a hint may end with, is what we do."""
    return None if hint is None else f"{hint.partition(', then seal the TREE ')[0]}, then attest wrap"


def _notes(server: ConfiguredServer, started: Started) -> Iterator[str]:
    if started.interpreter is not None and Path(started.interpreter).name in SHELLS:
        yield "a shell script: programs that it starts are measured as its children, and not sealed"
    if any(bridge in word for word in (*server.command, *started.code) for bridge in _BRIDGES):
        yield "it passes calls on to a server elsewhere, of which nothing is measured"
