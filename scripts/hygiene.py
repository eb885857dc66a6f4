"""Find what no file may hold: hosts of package indexes, paths of one machine, too many lines.

Looks at every file that git tracks or would add. Compares also what is said twice: the run-time
dependencies in `pyproject.toml` and `requirements/core.in`, the version in `pyproject.toml` and
`attest/version.py`.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
LONGEST_MODULE = 350  # lines; shape rule 2 of the style

# Written so that no pattern matches its own text.
FORBIDDEN = {
    "names the host of a package index": re.compile(
        # docs.: the type URI of publish attestations, which stands in signed documents.
        r"(?<!docs\.)\b(?:pypi)\.(?:org|io)\b|(?:python)hosted\.org"
        r"|(?:registry)\.(?:npmjs|yarnpkg)\.|\b(?:crates)\.io\b"
        r"|(?:proxy)\.golang\.org|(?:repo1?)\.maven\.|(?:deb)\.debian\.org",
        re.IGNORECASE,
    ),
    "chooses a package index": re.compile(r"--(?:extra-)?(?:index)-url|--(?:find)-links\b|--(?:trusted)-host"),
    "names a download address": re.compile(
        r"https?://(?!(?:[\w-]+\.)*example\b|[\w.-]+\.(?:test|invalid)\b|localhost|127\.)"
        r"[^\s\"'<>)]+\.(?:whl|tgz|tar\.(?:gz|xz|bz2|zst)|zip|crate|deb|jar)\b",
        re.IGNORECASE,
    ),
    "names a path of one machine": re.compile(r"(?<![\w.])/(?:(?:root|work)/|(?:home|Users)/\w|(?:opt)/wheels)"),
}


def files() -> Iterator[Path]:
    """Yield every file that git tracks, or would with `git add -A`, relative to the root."""
    argv = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        argv,
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    for name in sorted(set(listed.decode().split("\0")) - {""}):
        if (ROOT / name).is_file():
            yield Path(name)


def faults(path: PurePosixPath, text: str) -> Iterator[str]:
    """Yield `path:line: fault` for everything in `text` that the file at `path` may not hold."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for fault, pattern in FORBIDDEN.items():
            if found := pattern.search(line):
                yield f"{path}:{number}: {fault}: {found[0]}"
    if path.parts[0] == "attest" and path.suffix == ".py" and len(lines) > LONGEST_MODULE:
        yield f"{path}:{len(lines)}: longer than {LONGEST_MODULE} lines"


def disagreements(pyproject: str, core: str, version: str) -> Iterator[str]:
    """Yield what the texts of these three files say differently."""
    project = tomllib.loads(pyproject)["project"]
    wanted = {line.strip() for line in core.splitlines() if line.strip() and not line.startswith("#")}
    for name in sorted(wanted ^ set(project["dependencies"])):
        yield f"requirements/core.in: expected what pyproject.toml says, differs in {name}"
    if f'"{project["version"]}"' not in version:
        yield f"attest/version.py: expected {project['version']} as in pyproject.toml"


def main() -> int:
    """Print every fault; return 1 if there is one."""
    found: list[str] = []
    for path in files():
        content = (ROOT / path).read_bytes()
        if b"\0" in content:
            continue  # binary: archives and vectors
        found.extend(faults(PurePosixPath(path), content.decode("utf-8", "replace")))
    found.extend(
        disagreements(
            (ROOT / "pyproject.toml").read_text(),
            (ROOT / "requirements/core.in").read_text(),
            (ROOT / "attest/version.py").read_text(),
        )
    )
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
