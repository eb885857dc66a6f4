"""Over HTTP nobody gets a phantom, and rules that promise one are refused before anything is served."""

from __future__ import annotations

import pytest

from attest.errors import RefusedError
from attest.portal.web.portal import check_drift
from attest.statement.tools.rules import OnCallerDrift
from tests.portal_world import make_tool_rules
from tests.sessions import Talk


def test_a_phantom_that_is_sealed_is_refused() -> None:
    rules = make_tool_rules(on_caller_drift=OnCallerDrift.PHANTOM)
    with pytest.raises(RefusedError, match="on-caller-drift"):
        check_drift(Talk(rules=rules).gate)


def test_to_stop_is_not_nor_where_nothing_is_enforced() -> None:
    check_drift(Talk().gate)
    check_drift(Talk(rules=make_tool_rules(on_caller_drift=OnCallerDrift.PHANTOM), audit_only=True).gate)
