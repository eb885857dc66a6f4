"""The page on tool rules: what it shows runs, in its order, and each table of it is one that a file may have."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from attest.codec import strict
from attest.seal.tools.document import ToolTable
from tests.commands import attest, passed
from tests.tools_documents import SERVER

PAGE = (Path(__file__).parents[2] / "docs" / "tools.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^(attest [^#\n]*)", "".join(re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)), re.MULTILINE)

SEALED_AGAIN = "seal server --trust trust.json --key sealer.key -o server-new.ref"


def test_the_commands_of_the_page_lead_to_a_reference_with_rules(tmp_path: Path) -> None:
    server = tmp_path / "server"
    server.mkdir()
    (server / "run.sh").write_text(SERVER)
    (server / "run.sh").chmod(0o755)
    for words in (
        "key new sealer.key",
        "key new writer.key",
        "trust new trust.json --sealer sealer.key.pub --writer writer.key.pub",
    ):
        passed(attest(tmp_path, *words.split()))
    for line in COMMANDS:
        words = line.split()[1:]
        if words[0] == "seal":
            # The page is about rules: what its server is known by is another page.
            words[1:1] = ["--allow-site", "*"]
        if words[0] == "diff":
            passed(attest(tmp_path, *SEALED_AGAIN.split(), "--allow-site", "*"))
        passed(attest(tmp_path, *words))
    assert b'"definitionsDigest"' in passed(attest(tmp_path, "show", "server.ref"))


def test_the_examples_of_arguments_are_tables_of_a_tool() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) > 1
    for block in blocks[1:]:
        for tool in tomllib.loads(block)["tools"].values():
            assert strict.convert(tool, ToolTable, where="x").arguments
