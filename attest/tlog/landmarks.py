"""The entries that a start looks for, and finds without reading those after them; they outlast what is closed."""

from __future__ import annotations

from enum import IntEnum


class Landmark(IntEnum):
    """The entries that a start looks for, by kind."""

    NONE = 0
    RUN = 1
    """A run begins, goes on or ends."""
    ACTION = 2
    """An action was intended or taken."""
    SAFE_STATE = 3
    CALL = 4
    """What was decided about a call, or came of it, and still counts; one only once the entries around it are gone."""
