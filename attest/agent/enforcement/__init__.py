"""What is done on drift, one file and one row an action; what records it, and what holds it back.

Why: the action is part of what was sealed, so it has to be provable whether it was taken. Always: the intent is durable
before the action, the outcome after it, also if nothing could be done. Never: an action that no verified reference
names, a signal to a number instead of a descriptor, a value of the environment kept as evidence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attest.agent.enforcement.isolate import isolate
from attest.agent.enforcement.safe_state import enter_safe_state
from attest.agent.enforcement.scene import Came, Scene
from attest.agent.enforcement.suspend import suspend
from attest.agent.enforcement.terminate import terminate
from attest.statement.enforcing import Action

ACTIONS: Final[dict[Action, Callable[[Scene], Came]]] = {
    Action.SUSPEND: suspend,
    Action.ISOLATE: isolate,
    Action.TERMINATE: terminate,
    Action.SAFE_STATE: enter_safe_state,
}
"""`alert` needs no action, its violation is the alert; `hook` is no action on the process."""
