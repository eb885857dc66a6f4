"""Write schemas/ from the records; `--check` only compares, and exits 1 naming each stale, missing or surplus file."""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import sys
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from attest.codec.schema import json_schema
from attest.evidence.grammar import BundleLine
from attest.evidence.policy import document as policy
from attest.evidence.policy.document import GatePolicy
from attest.evidence.verdict import Verdict
from attest.provenance.containers.layout_document import LayoutWithLinks
from attest.scan.model import Scanned, Unread
from attest.seal.tools import document
from attest.seal.tools.document import ToolsFile
from attest.seal.tools.session import SessionMessage, SessionStart
from attest.signing.dsse import Envelope
from attest.statement.attachments import Attachment
from attest.statement.manifest import Entry, ManifestEnd, ManifestHeader
from attest.statement.predicates import PREDICATES, short_name
from attest.statement.tools.disclosures import Disclosure
from attest.tlog.anchors.anchor import Anchor
from attest.tlog.entry import LogEntry
from attest.trust.document import TrustFile

FOLDER: Final = Path(__file__).resolve().parent.parent / "schemas"
BASE: Final = "https://mcp-attest.github.io/schemas"
SUFFIX: Final = ".schema.json"
_NULL: Final = {"type": "null"}

SCHEMAS: Final[dict[str, tuple[str, Any]]] = {
    **{short_name(uri): (f"The predicate {short_name(uri)}", record) for uri, record in PREDICATES.items()},
    "anchor": ("An anchor as it is kept beside a log: a checkpoint, and what an authority answered", Anchor),
    "attachment": ("A line of REF.evidence.jsonl: one piece of build evidence", Attachment),
    "disclosure": ("A line of a log's disclosures: a value, and the salt that it was committed to under", Disclosure),
    "envelope": ("A DSSE envelope as mcp-attest writes it", Envelope),
    "evidence-bundle": ("A line of an evidence bundle", BundleLine),
    "in-toto-layout": ("An in-toto layout and the links of its steps, as one piece of build evidence", LayoutWithLinks),
    "log-entry": ("An entry of the log, a leaf of its tree", LogEntry),
    "manifest": ("A line of a manifest", ManifestHeader | Entry | ManifestEnd),
    "policy": ("The gate policy, attest-policy.toml: what evidence has to show beyond being true", GatePolicy),
    "scan": ("A line that attest scan --format json prints", Scanned | Unread),
    "session": ("A line of a recorded session", SessionStart | SessionMessage),
    "tools": ("The file of tool rules, tools.toml: what callers may do with a server", ToolsFile),
    "trust": ("The trust file: who may say what", TrustFile),
    "verdict": ("What attest verify --format json prints for one file", Verdict),
}
"""Name, as in the file's name and in the schema's id; title; type."""


def wanted() -> dict[str, bytes]:
    """Return what the folder should hold: file name to content."""
    made = {
        name: json_schema(kind, identifier=f"{BASE}/{name}/v0.1", title=title)
        for name, (title, kind) in SCHEMAS.items()
    }
    made["tools"] = of_toml(made["tools"], document)
    made["policy"] = of_toml(made["policy"], policy)
    return {f"{name}{SUFFIX}": octets for name, octets in made.items()}


def of_toml(octets: bytes, module: ModuleType) -> bytes:
    """Return a schema for editors of TOML, which has no null; `module` holds the records.

    A choice between something and null is that something: of a choice editors can only say that nothing fits.
    """
    return described(json.dumps(_without_null(json.loads(octets))).encode(), module)


def _without_null(value: Any) -> Any:  # noqa: ANN401  (a JSON value)
    if isinstance(value, list):
        return [_without_null(each) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: _without_null(each) for name, each in value.items() if (name, each) != ("default", None)}
    choices = [each for each in kept.get("anyOf", ()) if each != _NULL]
    if len(choices) != 1:
        return kept
    return {**choices[0], **{name: each for name, each in kept.items() if name != "anyOf"}}


def described(octets: bytes, module: ModuleType) -> bytes:
    """Return a schema with what a module's records say of each field: editors show it to whoever writes the file."""
    schema = json.loads(octets)
    for definition in ast.parse(inspect.getsource(module)).body:
        if isinstance(definition, ast.ClassDef) and definition.name in schema["$defs"]:
            properties = schema["$defs"][definition.name]["properties"]
            for field, text in pairwise(definition.body):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as said)):
                        properties[name.replace("_", "-")]["description"] = said
                    case _:
                        pass
    return (json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def differences(folder: Path) -> list[str]:
    """Return one line for each file that is missing, stale or surplus in `folder`."""
    files = wanted()
    found = {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}
    missing = [f"schemas/{name}: missing" for name in files if name not in found]
    stale = [f"schemas/{name}: stale" for name in files if name in found and found[name] != files[name]]
    surplus = [f"schemas/{name}: surplus" for name in found if name not in files]
    return sorted(missing + stale + surplus)


def write(folder: Path) -> None:
    """Make `folder` hold what it should."""
    folder.mkdir(exist_ok=True)
    files = wanted()
    for path in folder.glob("*"):
        if path.is_file() and path.name not in files:
            path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def main() -> int:
    """Write, or compare; return 1 if the comparison finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    if not parser.parse_args().check:
        write(FOLDER)
        return 0
    found = differences(FOLDER)
    for line in found:
        print(line)
    if found:
        print("hint: make schemas", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
