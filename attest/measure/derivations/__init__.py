"""The rules by which files are explained that no archive holds; a new one is a file and a row.

The order is that in which they are asked. A rule takes only sealed content as input; the tree is
hostile. What it makes is the same for every installation, so its inputs name no place of a machine.
"""

from __future__ import annotations

from typing import Final

from attest.measure.derivations import (
    node_package_link,
    npm_command,
    npm_command_link,
    npm_lock,
    npm_project,
    pipx_shared,
    pnpm_command,
    pnpm_lock,
    pnpm_state,
    python_bytecode,
    python_data_script,
    python_direct_url,
    python_installer,
    python_record,
    python_requested,
    python_script,
    tool_receipt,
    uv_cache,
    venv_activate,
    venv_config,
    venv_link,
    venv_marker,
)
from attest.measure.derivations.rule import Rule

RULES: Final[dict[str, Rule]] = {
    module.RULE.name: module.RULE
    for module in (
        python_bytecode,
        python_data_script,
        python_script,
        python_installer,
        python_requested,
        python_direct_url,
        uv_cache,
        venv_config,
        venv_link,
        venv_activate,
        venv_marker,
        tool_receipt,
        pipx_shared,
        python_record,
        npm_command,
        npm_command_link,
        npm_lock,
        npm_project,
        node_package_link,
        pnpm_command,
        pnpm_lock,
        pnpm_state,
    )
}
