"""What a server says of itself to a model, on its way to the client: what is not as sealed is left out.

Instructions, prompts, resources and templates, as far as they are pinned. While anything is not as sealed, nothing is
permitted: a server that says other things than before is another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, final

from attest.portal.session.flight import Awaited
from attest.portal.session.gate import Gate
from attest.portal.session.messages import Message
from attest.portal.session.outbox import Outbox
from attest.portal.session.spans import with_value, without_elements
from attest.statement.tools.described import LISTS, TELLING

_INSTRUCTIONS: Final = "instructions"


@final
class Describing:
    """Looks at the answers of one session."""

    def __init__(self, gate: Gate, outbox: Outbox) -> None:
        """What is found is noted in `gate`, for every caller, and said once."""
        self._gate = gate
        self._outbox = outbox
        self._sealed = gate.rulebook.described

    def shown(self, awaited: Awaited, message: Message) -> bytes:
        """Return an answer without what is not as sealed, every other byte as it was."""
        result = message.whole.get("result")
        if awaited.method not in self._sealed.methods or not isinstance(result, Mapping):
            return message.octets
        if awaited.method in TELLING:
            return self._without_instructions(awaited, message, result)
        member = LISTS[awaited.method][0]
        elements = result.get(member)
        strays = self._sealed.strays(awaited.method, elements) if isinstance(elements, list) else {}
        if strays:
            self._note(awaited.method, f"of its {member}, {next(iter(strays.values()))} is not as sealed")
        elif awaited.is_whole and result.get("nextCursor") is None:
            self._gate.strays.pop(awaited.method, None)
        if not strays or self._gate.rules.audit_only:
            return message.octets
        return without_elements(message.octets, ("result", member), strays)

    def _without_instructions(self, awaited: Awaited, message: Message, result: Mapping[str, object]) -> bytes:
        if self._sealed.is_as_sealed(result):
            self._gate.strays.pop(awaited.method, None)
            return message.octets
        self._note(awaited.method, "its instructions are not the sealed ones")
        if _INSTRUCTIONS not in result or self._gate.rules.audit_only:
            return message.octets
        return with_value(message.octets, ("result", _INSTRUCTIONS), b'""')

    def _note(self, method: str, what: str) -> None:
        why = f"the server says other things of itself than were sealed: {what}"
        if self._gate.strays.get(method) != why:
            self._gate.strays[method] = why
            self._outbox.say(f"nothing is permitted until that is as before: {why}")
