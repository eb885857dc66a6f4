"""The files that a page is made of, in the order in which the browser reads them; each is one idea."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ASSETS: Final = Path(__file__).parent / "assets"

STYLES: Final = ("colours", "type", "layout", "verdict", "charts", "table", "print")

SHARED: Final = ("octets",)
"""Read on both sides."""

WORKER: Final = (
    "sha256",
    "canonical",
    "gunzip",
    "sheet",
    "merkle",
    "keys",
    "dsse",
    "note",
    "certified",
    "shapes",
    "grammar",
    "gist",
    "rows",
    "times",
    "subject",
    "disclosed",
    "documents",
    "log",
    "manifest",
    "tree",
    "bundle",
    "single",
    "work",
)
"""What checks the evidence, beside the page and never in its way."""

VIEW: Final = (
    "dom",
    "words",
    "facts",
    "theme",
    "worker",
    "verdict",
    "troubles",
    "recheck",
    "timeline",
    "squares",
    "treemap",
    "coverage",
    "build",
    "detail",
    "receipts",
    "checks",
    "limits",
    "copy",
    "start",
)
"""What shows it."""


def styles() -> str:
    """Return the style sheet."""
    return _joined("styles", STYLES, "css")


def worker() -> str:
    """Return the program of the worker."""
    return f'"use strict";\n{_joined("shared", SHARED, "js")}{_joined("worker", WORKER, "js")}'


def view() -> str:
    """Return the program of the page, in a scope of its own."""
    return f'"use strict";\n(() => {{\n{_joined("shared", SHARED, "js")}{_joined("view", VIEW, "js")}}})();\n'


def document() -> str:
    """Return the page itself, with marks where the rest goes."""
    return (ASSETS / "page.html").read_text(encoding="utf-8")


def _joined(folder: str, names: tuple[str, ...], suffix: str) -> str:
    return "".join((ASSETS / folder / f"{name}.{suffix}").read_text(encoding="utf-8") for name in names)
