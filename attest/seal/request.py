"""What a person asks to have sealed: trees, evidence, rules; values only, already read from flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from attest.errors import RefusedError
from attest.provenance.model import Expectations
from attest.statement.enforcing import Action, Breaker, Hook
from attest.statement.levels import Binding, Isolation
from attest.statement.predicates.runtime_reference import RuntimeReference
from attest.statement.tools.rules import ToolRules
from attest.trust.document import TrustedIdentity


@dataclass(frozen=True, kw_only=True)
class Tree:
    """An installed directory, or a single file, and the name of its root."""

    name: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How the server has to be measured and what follows; seconds."""

    cycle: int = 10
    max_gap: int = 30
    max_age: int = 60
    window: int | None = None
    """Clean cycles a receipt; None: one."""
    scrub: int | None = None
    """By when every file is read again, where digests may be kept; None: in every cycle."""
    ttl: int | None = None
    min_binding: Binding | None = None
    min_isolation: Isolation | None = None
    on_drift: Action = Action.ALERT
    audit_only: bool = False
    hook: Hook | None = None
    breaker: Breaker | None = None
    """None: the default one, where anything is done on drift."""
    not_before: int | None = None
    not_after: int | None = None


@dataclass(frozen=True, kw_only=True)
class ProcessRules:
    """What the process of the command may do, as given."""

    environment: tuple[str, ...] = ()
    """`NAME`, `NAME*` or `NAME=VALUE`; without any, every name that cannot load other code is good."""
    working_directory: Path | None = None
    children: tuple[str, ...] = ()
    """Programs by path, or by a name that is found on ours."""
    listening: tuple[str, ...] = ()
    """`tcp:ADDRESS:PORT`, `unix:PATH`, or `none` alone."""


@dataclass(frozen=True, kw_only=True)
class SealRequest:
    """Everything that a sealing is made from, apart from key and trust file."""

    trees: tuple[Tree, ...] = ()
    program: Path | None = None
    """Seal the runtime of this executable, or of the environment whose link to one it is, instead of trees."""
    runtime: Path | None = None
    """The reference of the runtime that the server runs on."""
    upstream: str | None = None
    """Seal the server at this address, of which there is no file here, instead of trees."""
    artifacts: tuple[Path, ...] = ()
    evidence: tuple[Path, ...] = ()
    expectations: Expectations = field(default_factory=Expectations)
    allow_site: tuple[str, ...] = ()
    mutable: tuple[Path, ...] = ()
    name: str | None = None
    command: tuple[str, ...] = ()
    parameters: tuple[int, ...] = ()
    """Where in `command` any one word may stand when the server is started; in order."""
    given_in: Path | None = None
    """The directory that the command is given in; None: ours."""
    given_with: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Variables that it is given with, beside ours."""
    supersedes: tuple[Path, ...] = ()
    accept_downgrade: str | None = None
    """Why less evidence than in a superseded reference is right."""
    writers: tuple[Path, ...] = ()
    """Public keys of the only writers; without these and `writer_identities`, all of the trust file."""
    writer_identities: tuple[TrustedIdentity, ...] = ()
    derivers: tuple[Path, ...] = ()
    """Public keys of sealers that may sign sub-mandates, beside those that sign the reference."""
    process: ProcessRules = ProcessRules()
    rules: Rules = Rules()
    tools: ToolRules | None = None
    """What callers may do; None: as in `like`, else nothing is said of it."""
    like: RuntimeReference | None = None
    """Take every term from this reference, and none from `rules`: what it demands, for how long, whose receipts."""


def name_trees(paths: Sequence[Path], named: Mapping[str, Path]) -> tuple[Tree, ...]:
    """Name the trees: as `named` says (`--root NAME=PATH`), the others `tree`, `tree2`, ... in their order."""
    names = {path.resolve(): name for name, path in named.items()}
    if len(names) != len(named):
        raise RefusedError("--root", "a name for each place", "two names for one place")
    trees: list[Tree] = []
    unnamed = 0
    for path in paths:
        name = names.pop(path.resolve(), None)
        if name is None:
            unnamed += 1
            name = "tree" if unnamed == 1 else f"tree{unnamed}"
        trees.append(Tree(name=name, path=path))
    return (*trees, *(Tree(name=name, path=path) for path, name in names.items()))
