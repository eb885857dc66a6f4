"""The starter file that is learned from a session: TOML with comments that teach, for a review of minutes; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from attest.codec.printable import printable
from attest.seal.tools.closing import left_out
from attest.seal.tools.definitions_file import set_digest
from attest.seal.tools.document import TOOLS_SCHEMA
from attest.seal.tools.learning import Learned
from attest.seal.tools.session import RecordedUpstream

_LINE: Final = 105
"""Characters of a comment: enough to know a tool again; the whole of it stands in the definitions."""
_FILE_NAMES: Final = re.compile(
    r"(?:^|[^A-Za-z])(?i:path|file|filename|directory|dir|folder|destination)s?$"
    r"|[a-z0-9](?:Path|File|FileName|Directory|Dir|Folder|Destination)s?$"
)
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")

_HEAD: Final = """\
#:schema {schema}
# What callers may do with {server}. What is not named here is denied.
#
# Review it: delete the tools that nobody needs, narrow the arguments of the others, set limits.
# Then seal it: attest seal ... --tools {name}
#
# Arguments are checked against the server's own schemas, every object closed; tables under [tools.NAME.arguments]
# narrow them in the words of JSON Schema. Each key is explained in docs/tools.md.

schema = "{schema}"
"""

_DEFINITIONS: Final = """
# The tools as the server described them. The digest pins all of them: if a word in them changes, calls are denied
# until somebody has looked at the difference (attest diff) and sealed again.
[definitions]
file = {file}
sha256 = "{digest}"
"""

_TAIL: Final = """
# How much one caller may do; this ends what goes round in circles. `per` is principal (unless given), tool, or
# reference (all callers together).
[limits.calls-a-minute]
amount = 600
within-seconds = 60

# Who may call: the local user that starts the portal, unless others are named.
# [principals.planner]
# kind = "token"

# Orders of calls. forbidden: once `first` was permitted, `then` is denied. required: `then` is denied before that.
# [sequences.nothing-sent-after-reading]
# order = "forbidden"
# first = [{tool}]
# then = [{tool}]

# What is usual of one caller. More than that stops this caller, and nobody else.
# [baseline.denials]
# trait = "denials"
# at-most = 20
# within-seconds = 60
"""


def starter(learned: Learned, *, name: str, definitions_file: str, described_file: str = "") -> str:
    """Return the text of the file `name`; tools that nobody called are comments in it, if any tool was called."""
    head = _HEAD.format(schema=TOOLS_SCHEMA, server=printable(learned.server or "this server", limit=_LINE), name=name)
    digest = set_digest(learned.definitions)
    tools = [json.loads(each.text) for each in learned.definitions]
    used = learned.called or {tool["name"] for tool in tools}
    example = _quoted(tools[0]["name"] if tools else "a tool")
    return "".join(
        (
            head,
            *_names("prompts", "Prompts that may be taken.", learned.prompts, learned.taken),
            _DEFINITIONS.format(file=_quoted(definitions_file), digest=digest),
            *_described(learned, described_file),
            *_upstream(learned.upstream),
            *_resources(learned),
            *("\n".join(("", *_tool(tool, called=tool["name"] in used), "")) for tool in tools),
            _TAIL.format(tool=example),
        )
    )


def _names(key: str, meaning: str, listed: Sequence[str], used: frozenset[str]) -> Iterator[str]:
    if listed:
        mark = "" if used else "# "
        names = ", ".join(map(_quoted, sorted(used) or listed))
        yield f"\n# {meaning}\n{mark}{key} = [{names}]\n"


def _described(learned: Learned, file: str) -> Iterator[str]:
    """Resources are often files that come and go: to pin them is for a person to decide."""
    pinned = [name for name in ("instructions", "prompts", "templates") if name in learned.described]
    if pinned and file:
        more = ' Add "resources" where they never change.' if learned.described.get("resources") else ""
        yield f"\n# What else it says of itself to a model; what is pinned is kept back once it changes.{more}\n"
        yield f"[described]\nfile = {_quoted(file)}\npin = [{', '.join(map(_quoted, pinned))}]\n"


def _upstream(upstream: RecordedUpstream | None) -> Iterator[str]:
    if upstream is not None:
        yield "\n# Where the server is, which nobody here starts; over TLS, the SHA-256 of the key that it showed.\n"
        yield f"[upstream]\nurl = {_quoted(upstream.url)}\n"
        if upstream.spki is not None:
            yield f"spki = [{_quoted(upstream.spki)}]\n"


def _resources(learned: Learned) -> Iterator[str]:
    """Those that were read may be read; the others, and templates as all that begins so, are comments."""
    if not (learned.resources or learned.read or learned.templates):
        return
    yield "\n# Resources that may be read: a URI, or with a * at the end all that begin so.\n"
    others = [uri for uri in learned.resources if uri not in learned.read]
    others += [f"{template.partition('{')[0]}*" for template in learned.templates]
    mark = "" if learned.read else "# "
    yield f"{mark}[resources]\n"
    rows = [("", uri) for uri in sorted(learned.read)] + [("# ", uri) for uri in dict.fromkeys(others)]
    yield from (f"{mark}resource-{number} = {_quoted(uri)}\n" for number, (mark, uri) in enumerate(rows, 1))


def _tool(tool: Mapping[str, Any], *, called: bool) -> Iterator[str]:
    name = tool["name"]
    told = str(tool.get("description", "")).strip() or "not described"
    yield f"# {printable(f'{name}: {told}', limit=_LINE)}"
    hints = _hints(tool.get("annotations"))
    if hints:
        yield f"#   says of itself (it decides nothing): {hints}"
    schema = tool.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, dict) else None
    known: Mapping[str, Any] = properties if isinstance(properties, dict) else {}
    required = schema.get("required") if isinstance(schema, dict) else None
    named = ", ".join(_argument(each, of, required) for each, of in known.items())
    yield f"#   arguments: {printable(named or 'none', limit=_LINE)}"
    missing = ", ".join(left_out(schema))
    if missing:
        yield f"#   left to the server to check: {printable(missing, limit=200)}"
    key = _key(name)
    yield f"[tools.{key}]" if called else f"# [tools.{key}]"
    for argument, of in known.items():
        yield from (f"# {line}" for line in _advice(key, argument, of))


def _advice(tool: str, argument: str, told: Any) -> Iterator[str]:  # noqa: ANN401  (a schema)
    kind = told.get("type") if isinstance(told, dict) else None
    many = kind == "array"
    if (many or kind == "string") and _FILE_NAMES.search(argument):
        pointer = argument.replace("~", "~0").replace("/", "~1")
        yield f"[tools.{tool}.paths.{_rule_id(tool, argument)}]"
        yield f"argument = {_quoted(f'/{pointer}/-' if many else f'/{pointer}')}"
        yield 'below = ["/the/directory"]'


def _hints(annotations: Any) -> str:  # noqa: ANN401  (what the server gave)
    if not isinstance(annotations, dict):
        return ""
    said = {key.removesuffix("Hint"): value for key, value in annotations.items() if isinstance(value, bool)}
    words = [
        *(key for key, value in said.items() if value),
        *(f"not {key}" for key, value in said.items() if not value),
    ]
    return printable(", ".join(words), limit=_LINE) if words else ""


def _argument(name: str, told: Any, required: Any) -> str:  # noqa: ANN401  (a part of a schema)
    kind = told.get("type") if isinstance(told, dict) else None
    words = [kind] if isinstance(kind, str) else []
    words += [] if isinstance(required, list) and name in required else ["optional"]
    return f"{name} ({', '.join(words)})" if words else name


def _rule_id(*words: str) -> str:
    text = re.sub(r"[^a-z0-9._-]+", "-", "-".join(words).lower()).strip("-._")
    return (text if text[:1].isalpha() else f"rule-{text}")[:64]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    """A TOML basic string; what would not be seen is an escape in it."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
