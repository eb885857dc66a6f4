"""Explain files by rules: what installers and interpreters make of sealed files, made again."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from attest.errors import AttestError
from attest.measure.bytecode import BytecodeJudge
from attest.measure.derivations import RULES
from attest.measure.derivations.rule import CompileJob, Outcome, Rule, underivable
from attest.measure.derived_before import DerivedBefore
from attest.measure.facts import Contents, Facts
from attest.statement.observation import Derivation, Key

_STAGES: Final = sorted({rule.stage for rule in RULES.values()})


NOTHING_BEFORE: Final[Mapping[Key, Derivation]] = MappingProxyType({})


class Deriver:
    """All rules, with a memory by content: what was derived once costs nothing the next time.

    `interpreters` are programs to compile with besides our own; they are run, with `-I -S`, so
    they must lie outside what is measured. One deriver serves many cycles; not thread-safe.
    """

    def __init__(self, *, interpreters: Sequence[Path] = (), workers: int | None = None) -> None:
        """Take further interpreters, and how many children may compile at a time (all cores)."""
        self._bytecode = BytecodeJudge((Path(sys.executable), *interpreters), workers)
        self._contents = Contents()
        self._before: dict[str, DerivedBefore] = {}

    def derive(self, facts: Facts, key: Key) -> Outcome:
        """Explain one file; see `derive_all`, which is much quicker for many."""
        return self.derive_all(facts, (key,))[key]

    def derive_all(
        self, facts: Facts, keys: Iterable[Key], before: Mapping[Key, Derivation] = NOTHING_BEFORE
    ) -> dict[Key, Outcome]:
        """Explain files: how each is derived; or why it is not what its rule makes; or None.

        `before` is byte code of which that is known (`DerivedBefore`).

        None says that no rule has anything to do with it. Files that a RECORD may name besides its
        wheel's own have to be among `keys`, too.
        """
        outcomes: dict[Key, Outcome] = {**dict.fromkeys(keys), **before}
        facts = replace(facts, contents=self._contents)
        for stage in _STAGES:
            jobs = list(_apply(stage, facts, outcomes))
            outcomes.update(self._bytecode.judge(facts, jobs))
            done = (key for key, found in outcomes.items() if isinstance(found, Derivation))
            facts = replace(facts, derived=frozenset(done))
        return outcomes

    def before(self, reference: str) -> DerivedBefore:
        """Return what was derived last of a reference's byte code, by its digest."""
        return self._before.setdefault(reference, DerivedBefore())

    @property
    def judgements(self) -> frozenset[str]:
        """What was found so far of .pyc files that follow from their sources (`attest.measure.bytecode.judgement`)."""
        return frozenset(self._bytecode.judgements)

    def believe(self, judgements: frozenset[str]) -> None:
        """Take for true what an earlier deriver found; that it did is the caller's to know."""
        self._bytecode.believe(judgements)

    def compile_again(self, facts: Facts, jobs: Iterable[CompileJob]) -> dict[Key, Outcome]:
        """Say of each .pyc whether it is what the source makes that the job names, wherever the two lie.

        That the source may be used is the caller's to know.
        """
        return self._bytecode.judge(replace(facts, contents=self._contents), jobs)


def _apply(stage: int, facts: Facts, outcomes: dict[Key, Outcome]) -> Iterator[CompileJob]:
    rules = [rule for rule in RULES.values() if rule.stage == stage]
    for key, before in list(outcomes.items()):
        if isinstance(before, Derivation):
            continue
        for rule in rules:
            if rule.claims(key[1]):
                found = _derive(rule, facts, key)
                if isinstance(found, CompileJob):
                    yield found
                    break
                outcomes[key] = outcomes[key] if found is None else found
                if isinstance(found, Derivation):
                    break


def _derive(rule: Rule, facts: Facts, key: Key) -> Outcome | CompileJob:
    try:
        return rule.derive(facts, *key)
    except AttestError as error:
        return underivable(str(error))
