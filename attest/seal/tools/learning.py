"""What a recorded session shows: the tools that a server has, and those that were called; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from attest.errors import MalformedError
from attest.seal.tools.definitions_file import definitions_of, set_digest
from attest.seal.tools.session import RecordedUpstream, Sender, messages_of, read_session
from attest.seal.tools.used import NOTHING, Used
from attest.statement.tools.definitions import ToolDefinition

_LISTS: Final = {
    "tools/list": "tools",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
    "prompts/list": "prompts",
}
"""The field of the result that holds what was listed."""

_PINNED: Final = {
    "tools": "tools",
    "prompts": "prompts",
    "resources": "resources",
    "resourceTemplates": "templates",
}
"""What the same is called where it is pinned."""
_NEEDED: Final = {"prompts": "prompts", "resources": "resources", "templates": "resources"}
"""The capability without which a server has none of it."""

_USED: Final = {"tools/call": "name", "resources/read": "uri", "prompts/get": "name"}
"""The parameter that says what was called, read or taken."""

_Id = tuple[str, Any]


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What is known of a server after a session."""

    server: str
    """As it calls itself, for people; empty if it did not say."""
    definitions: tuple[ToolDefinition, ...]
    called: frozenset[str]
    """Tools that were called and are defined; empty: nobody called one."""
    resources: tuple[str, ...]
    """URIs that the server listed."""
    read: frozenset[str]
    """URIs that were read."""
    templates: tuple[str, ...]
    prompts: tuple[str, ...]
    taken: frozenset[str]
    """Prompts that were taken."""
    described: Mapping[str, Any] = field(default_factory=dict)
    """What else it says of itself, and said alike in every run: `instructions`, `prompts`, ..."""
    upstream: RecordedUpstream | None = None
    """Where a server was found that nobody started."""


@dataclass
class _Notes:
    asked: dict[_Id, tuple[str, bool]] = field(default_factory=dict)
    """Lists that were asked for: which, and whether from the first page on."""
    pages: dict[str, list[Any]] = field(default_factory=dict)
    whole: dict[str, list[Any]] = field(default_factory=dict)
    used: dict[str, set[str]] = field(default_factory=dict)
    server: str = ""
    described: dict[str, Any] = field(default_factory=dict)
    """Its instructions; and an empty list of what it says that it has not."""


def learn(octets: bytes, used: Used = NOTHING, *, where: str) -> Learned:
    """Return what a recorded session shows, and what was `used` elsewhere; the newest whole list of each kind counts.

    Raises `MalformedError` for a file that is no session, one in which the tools were never listed to the end, and one
    whose runs (one for each revision of the protocol) list different tools.
    """
    recorded = list(read_session(octets, where=where))
    runs = [_notes(messages_of(messages, where=where)) for _, messages in recorded]
    listed = [(notes, definitions_of(notes.whole["tools"], where=where)) for notes in runs if "tools" in notes.whole]
    if not listed:
        raise MalformedError(where, "a session in which the tools are listed, all pages", "none")
    notes, definitions = listed[-1]
    for _, others in listed[:-1]:
        if set_digest(others) != set_digest(definitions):
            different = sorted({each.name for each in set(others) ^ set(definitions)})
            raise MalformedError(
                where,
                "the same tools in every run",
                f"others: {', '.join(map(ascii, different))[:300]}",
                hint="keep the run of the protocol revision that your client speaks",
            )
    said = {method: frozenset().union(*(each.used.get(method, ()) for each in runs)) for method in _USED}
    prompts = tuple(sorted(_texts(notes.whole.get("prompts", ()), "name")))
    return Learned(
        server=notes.server,
        definitions=definitions,
        called=(said["tools/call"] | used.tools) & {each.name for each in definitions},
        resources=tuple(sorted(_texts(notes.whole.get("resources", ()), "uri"))),
        read=said["resources/read"],
        templates=tuple(sorted(_texts(notes.whole.get("resourceTemplates", ()), "uriTemplate"))),
        prompts=prompts,
        taken=(said["prompts/get"] | used.prompts) & {*prompts},
        described=_described(runs),
        upstream=recorded[-1][0].upstream,
    )


def _described(runs: Sequence[_Notes]) -> dict[str, Any]:
    """Return what the runs say alike: what a server says in one revision of the protocol alone would be an alarm."""
    every = [{**each.described, **{_PINNED[kind]: found for kind, found in each.whole.items()}} for each in runs]
    first = every[0] if every else {}
    alike = (name for name, said in first.items() if all(each.get(name) == said for each in every))
    return {name: first[name] for name in alike if name != "tools"}


def _notes(messages: Iterable[tuple[Sender, dict[str, Any]]]) -> _Notes:
    notes = _Notes()
    for sender, message in messages:
        params, result = message.get("params"), message.get("result")
        if sender is Sender.CLIENT and isinstance(message.get("method"), str):
            _note_request(notes, message, params if isinstance(params, dict) else {})
        elif sender is Sender.SERVER and isinstance(result, dict):
            _note_result(notes, _id_of(message), result)
    return notes


def _note_request(notes: _Notes, message: dict[str, Any], params: dict[str, Any]) -> None:
    method = message["method"]
    if method in _LISTS:
        notes.asked[_id_of(message)] = (_LISTS[method], "cursor" not in params)
    if method in _USED and isinstance(params.get(_USED[method]), str):
        notes.used.setdefault(method, set()).add(params[_USED[method]])


def _note_result(notes: _Notes, key: _Id, result: dict[str, Any]) -> None:
    told = result.get("serverInfo")
    if isinstance(told, dict) and isinstance(told.get("name"), str):
        notes.server = f"{told['name']} {told.get('version', '')}".strip()
    if isinstance(has := result.get("capabilities"), dict):
        notes.described = {name: [] for name, needed in _NEEDED.items() if needed not in has}
        notes.described["instructions"] = result.get("instructions", "")
    kind, first = notes.asked.pop(key, ("", False))
    page = result.get(kind)
    if not isinstance(page, list):
        return
    pages = notes.pages.setdefault(kind, [])
    if first:
        pages.clear()
    pages.extend(page)
    if result.get("nextCursor") is None:
        notes.whole[kind] = list(pages)


def _id_of(message: dict[str, Any]) -> _Id:
    # 1 and "1" are two ids, and 1 is no True.
    found = message.get("id")
    return type(found).__name__, found if isinstance(found, str | int) else None


def _texts(elements: Iterable[Any], name: str) -> Iterator[str]:
    return (each[name] for each in elements if isinstance(each, dict) and isinstance(each.get(name), str))
