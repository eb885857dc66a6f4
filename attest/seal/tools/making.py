"""From `tools.toml` and the recorded definitions to the rules that are sealed; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import starmap
from typing import Any, Final, TypeVar

from attest.codec import strict
from attest.errors import MalformedError
from attest.seal.tools.closing import closed
from attest.seal.tools.definitions_file import set_digest
from attest.seal.tools.document import (
    BaselineTable,
    LimitTable,
    PrincipalTable,
    ResultTable,
    SequenceTable,
    ToolsFile,
    ToolTable,
    UpstreamTable,
)
from attest.seal.tools.merging import merged
from attest.statement.tools.definitions import ToolDefinition
from attest.statement.tools.described import Described
from attest.statement.tools.foreign import text_of
from attest.statement.tools.limits import Limit
from attest.statement.tools.principals import Principal, PrincipalKind
from attest.statement.tools.rules import (
    BaselineRule,
    Decoy,
    PathRule,
    ResourceRule,
    ResultRule,
    SequenceRule,
    ToolRule,
    ToolRules,
    Upstream,
)

LOCAL: Final = Principal(name="local", kind=PrincipalKind.LOCAL)
"""Who may call where the file names nobody."""

_PORT: Final = re.compile(r"tcp:[1-9][0-9]{0,4}")
_MAX_PORT: Final = 65535

T = TypeVar("T", bound=str)


def make_rules(
    file: ToolsFile, definitions: Sequence[ToolDefinition], described: Described | None = None, *, where: str
) -> ToolRules:
    """Return the rules; raise `MalformedError` for definitions of another digest, and for rules about nothing."""
    digest = set_digest(definitions)
    if digest != file.definitions.sha256:
        raise MalformedError(
            f"{where}: definitions.sha256",
            f"{digest}, the digest of the definitions in {file.definitions.file}",
            file.definitions.sha256,
            hint="look at what changed in them, then write the new digest here",
        )
    defined = {each.name: each for each in definitions}
    for name in sorted(file.tools.keys() - defined.keys()):
        raise MalformedError(f"{where}: tools", f"one of {', '.join(map(ascii, defined))[:400] or 'none'}", ascii(name))
    try:
        return _rules(file, defined, digest, described)
    except MalformedError as error:
        raise MalformedError(f"{where}: {error.where}", error.expected, error.found, hint=error.hint) from error


def _rules(
    file: ToolsFile, defined: Mapping[str, ToolDefinition], digest: str, described: Described | None
) -> ToolRules:
    principals = {} if file.principals is None else file.principals
    return ToolRules(
        definitions=tuple(defined.values()),
        definitions_digest=digest,
        described=described,
        tools=tuple(_tool(name, table, defined[name]) for name, table in sorted(file.tools.items())),
        resources=tuple(ResourceRule(id=name, uri=uri) for name, uri in sorted(file.resources.items())),
        prompts=_sorted(file.prompts),
        methods=_sorted(file.methods),
        input_requests=_sorted(file.input_requests),
        principals=tuple(starmap(_principal, sorted(principals.items()))) or (LOCAL,),
        limits=_limits(file.limits),
        sequences=tuple(starmap(_sequence, sorted(file.sequences.items()))),
        baseline=tuple(starmap(_baseline, sorted(file.baseline.items()))),
        on_caller_drift=file.on_caller_drift,
        upstream=None if file.upstream is None else _upstream(file.upstream),
        egress=None if file.egress is None else _sorted(map(_port, file.egress)),
        decoys=tuple(Decoy(path=path, text=text) for path, text in sorted(file.decoys.items())),
    )


def _tool(name: str, table: ToolTable, definition: ToolDefinition) -> ToolRule:
    where = f"tools.{name}"
    return ToolRule(
        name=name,
        arguments=text_of(closed(_arguments(table, definition, where), where=where), where=f"{where}.arguments"),
        paths=tuple(
            PathRule(id=rule, argument=each.argument, below=_sorted(each.below))
            for rule, each in sorted(table.paths.items())
        ),
        condition=table.condition,
        result=None if table.result is None else _result(table.result),
        cost=table.cost,
        limits=_limits(table.limits),
        principals=_sorted(table.principals),
    )


def _arguments(table: ToolTable, definition: ToolDefinition, where: str) -> Mapping[str, Any]:
    if table.schema is not None:
        if table.arguments is not None:
            raise MalformedError(where, "arguments or schema", "both")
        return table.schema
    given = strict.parse(definition.text.encode(), where=where).get("inputSchema", {})
    if not isinstance(given, dict):
        raise MalformedError(f"{where}: inputSchema", "a JSON object", type(given).__name__)
    return given if table.arguments is None else merged(given, table.arguments, where=f"{where}.arguments")


def _result(table: ResultTable) -> ResultRule:
    return ResultRule(
        max_bytes=table.max_bytes,
        refuse_secrets=table.refuse_secrets,
        input_requests=_sorted(table.input_requests),
    )


def _limits(tables: Mapping[str, LimitTable]) -> tuple[Limit, ...]:
    return tuple(
        Limit(id=name, unit=each.unit, per=each.per, amount=each.amount, within_seconds=each.within_seconds)
        for name, each in sorted(tables.items())
    )


def _principal(name: str, table: PrincipalTable) -> Principal:
    return Principal(
        name=name,
        kind=table.kind,
        issuer=table.issuer,
        audience=table.audience,
        subject=table.subject,
        thumbprint=table.thumbprint,
    )


def _sequence(name: str, table: SequenceTable) -> SequenceRule:
    first, then = _sorted(table.first), _sorted(table.then)
    return SequenceRule(id=name, order=table.order, first=first, then=then, within_seconds=table.within_seconds)


def _baseline(name: str, table: BaselineTable) -> BaselineRule:
    return BaselineRule(id=name, trait=table.trait, at_most=table.at_most, within_seconds=table.within_seconds)


def _upstream(table: UpstreamTable) -> Upstream:
    if not table.url.startswith(("https://", "http://")):
        raise MalformedError("upstream.url", "an http or https address", table.url)
    if (table.spki or table.spiffe_id) and not table.url.startswith("https://"):
        raise MalformedError("upstream", "https, where a certificate is shown", table.url)
    return Upstream(url=table.url, spki=_sorted(table.spki), spiffe_id=table.spiffe_id)


def _port(given: str) -> str:
    if not _PORT.fullmatch(given) or int(given.removeprefix("tcp:")) > _MAX_PORT:
        raise MalformedError("egress", "ports as tcp:443", given)
    return given


def _sorted(names: Iterable[T]) -> tuple[T, ...]:
    # A name twice stays there twice, which the record refuses.
    return tuple(sorted(names))
