"""What the build was asked for beside its source, against what the trust file expects (SLSA step 5).

Where the trust file lists the external parameters of a builder or a build type, any other one fails: a parameter that
nobody knows may have changed everything. Where it lists none they are shown, and stay the builder's word.
"""

from __future__ import annotations

from typing import Final

from attest.errors import UntrustedError
from attest.provenance.author import Author
from attest.provenance.model import CheckStatus, Expectations, check
from attest.provenance.slsa.model import Provenance
from attest.statement.predicates.runtime_reference import EvidenceCheck
from attest.trust.document import ParameterValues
from attest.trust.trust import Trust

CHECK: Final = "build-link.parameters"


def judge_parameters(
    provenance: Provenance, author: Author, trust: Trust, expectations: Expectations, where: str
) -> EvidenceCheck:
    """Return the check of build type and external parameters; raise `UntrustedError` for one that nobody expects."""
    if expectations.build_type not in {None, provenance.build_type}:
        wanted = f"{expectations.build_type}"
        raise UntrustedError(f"{where}: buildType", wanted, provenance.build_type, check=CHECK)
    by_type = {row.id: row.external_parameters for row in trust.document.build_types}
    expected = [
        rules for rules in (author.external_parameters, by_type.get(provenance.build_type)) if rules is not None
    ]
    for rules in expected:
        _check(provenance, rules, where)
    names = ", ".join(sorted(provenance.external_parameters)) or "none"
    if expected:
        return check(CHECK, CheckStatus.PASS, f"as the trust file expects: {names}")
    detail = f"build type {provenance.build_type}, of which nobody said what to expect; external parameters: {names}"
    return check(CHECK, CheckStatus.NOT_APPLICABLE, detail)


def _check(provenance: Provenance, rules: ParameterValues, where: str) -> None:
    given = provenance.external_parameters
    for name in sorted(given):
        if name not in rules:
            _refuse(where, f"one of {', '.join(sorted(rules)) or 'none'}", name)
    for name, values in rules.items():
        # No value listed: any will do, and it may be missing.
        if values and (name not in given or not any(_equal(given[name], value) for value in values)):
            _refuse(where, f"{name} as the trust file lists it", repr(given.get(name))[:160])


def _equal(given: object, listed: object) -> bool:
    # In Python True == 1 and 1 == 1.0; in JSON they are three values.
    if isinstance(given, dict) and isinstance(listed, dict):
        return given.keys() == listed.keys() and all(_equal(given[name], listed[name]) for name in given)
    if isinstance(given, list | tuple) and isinstance(listed, list | tuple):
        return len(given) == len(listed) and all(map(_equal, given, listed))
    return type(given) is type(listed) and given == listed


def _refuse(where: str, expected: str, found: str) -> None:
    raise UntrustedError(f"{where}: externalParameters", expected, found, check=CHECK)
