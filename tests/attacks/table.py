"""Every attack, in one table: what passes it, what finds it and how soon, what an attacker needs, and who tries it.

`docs/detection.md` is this table in words; `python -m tests.attacks` prints it, and a test compares the two.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from attest.appraisal.state import worst_state
from attest.statement.findings import Finding, FindingKind
from attest.statement.states import State
from tests.answering import can_answer
from tests.attacks import by_name, from_inside, on_files, on_launch, on_memory, on_start
from tests.attacks.on_launch import Launched
from tests.attacks.scene import Changed, Play, Started

BOTH = ("time", "filesystem")
PYTHON = ("time",)
NODE = ("filesystem",)
NEXT = "the next cycle"
NEVER = "never"

TREE = "to write in the tree"
START = "to start the server"
TRACE = "to trace the server (same user, or root)"
INSIDE = "code inside of the server"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One attack."""

    name: str
    attack: str
    passes: str
    """What sees nothing wrong."""
    found: tuple[FindingKind, ...]
    """All that is found; empty: nothing."""
    soon: str
    needs: str
    """What the attacker has to be able to do."""
    play: Play
    on: tuple[str, ...] = BOTH
    fuse: bool = False
    """Whether /dev/fuse is needed."""
    root: bool = False
    """The test has to be root."""
    seldom: bool = False
    """It is left to `make installs`, since starting a server once more takes its time."""
    either: bool = False
    """Any one of what is `found` will do: which it is depends on the moment."""
    beside: tuple[FindingKind, ...] = ()
    """What may be found besides: on a sealed runtime, say, that the process does not run on it."""

    @property
    def state(self) -> State:
        """Where it ends."""
        return worst_state(Finding(kind=kind, where="process") for kind in self.found)

    once: bool = False
    """A hash that is taken before the start sees nothing; one that is taken afterwards, again, would."""
    launched: bool = False
    """It is tried on what `attest run` starts. Not found and launched: it is prevented."""

    def is_found_by(self, kinds: frozenset[FindingKind]) -> bool:
        """Return whether these findings are the ones that the attack has to lead to."""
        expected = frozenset(self.found)
        if self.either:
            return bool(kinds) and kinds <= expected
        return expected <= kinds <= expected.union(self.beside)

    def hindrance(self) -> str | None:
        """Return why it cannot be tried here, None if it can."""
        if self.fuse and not can_answer():
            return "needs root and /dev/fuse"
        return "needs root" if self.root and os.geteuid() != 0 else None


ROWS: tuple[Row, ...] = (
    Row(
        name="edit",
        attack="a module is edited; its size is the same and its mtime is set back",
        passes="a hash of the entry file; whatever believes size and mtime",
        found=(FindingKind.CHANGED,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.edit, twin=on_files.touch),
    ),
    Row(
        name="same-tick",
        attack="a file is rewritten twice within one tick of a coarse clock",
        passes="a hash of the entry file; a cache by ctime on kernels before 6.13",
        found=(FindingKind.CHANGED,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.rewrite_twice, twin=on_files.rewrite_the_same),
    ),
    Row(
        name="dirty-page",
        attack="a store to a page of a file that stays mapped, shared and dirty",
        passes="a hash of the entry file; any cache by times: none changes; inotify and fanotify",
        found=(FindingKind.UNSTABLE,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.store_to_a_dirty_page, twin=on_files.map_to_read),
    ),
    Row(
        name="stalled-write",
        attack="a write that stamped its file before it copies the first byte",
        passes="a hash of the entry file; any cache by times, and times before and after reading",
        found=(FindingKind.CHANGED,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.stall, twin=on_files.rewrite_the_same),
    ),
    Row(
        name="endless-writer",
        attack="a file is changed over and over while it is read",
        passes="a hash of the entry file; a read whose times are compared before and after",
        found=(FindingKind.CHANGED, FindingKind.UNSTABLE),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.write_without_end, twin=on_files.read_without_end),
        either=True,
    ),
    Row(
        name="link",
        attack="a directory is swapped for a link to a changed copy",
        passes="a hash of the entry file, which is followed into the copy",
        found=(FindingKind.EXTRA, FindingKind.MISSING),
        beside=(FindingKind.UNDERIVED,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.swap_for_a_link, twin=on_files.link_from_outside),
    ),
    Row(
        name="magic-link",
        attack="a module is swapped for a link through `/proc/self/root`",
        passes="a hash of the entry file; a hash that follows links",
        found=(FindingKind.TYPE,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.swap_for_a_magic_link, twin=on_files.link_from_outside),
    ),
    Row(
        name="special-bit",
        attack="a file of the tree gets a setuid bit",
        passes="any hash of content",
        found=(FindingKind.SPECIAL_MODE,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.set_a_special_bit, twin=on_files.set_another_mode),
    ),
    Row(
        name="stranger",
        attack="a module is added where it is found before the one that is meant",
        passes="a hash of the entry file; any list of files that does not say that there are no others",
        found=(FindingKind.EXTRA,),
        soon=NEXT,
        needs=TREE,
        play=Started(attack=on_start.with_a_stranger, twin=on_start.by_another_name),
        seldom=True,
    ),
    Row(
        name="pth",
        attack="a `.pth` file in site-packages, which runs at every start, under `-I`, too",
        passes="a hash of the entry file; every RECORD",
        found=(FindingKind.EXTRA,),
        soon=NEXT,
        needs=TREE,
        play=Started(attack=on_start.with_a_pth),
        on=PYTHON,
    ),
    Row(
        name="byte-code",
        attack="poisoned byte code in `__pycache__`, with the header of the good one",
        passes="a hash of the entry file; of all sources; every RECORD, which has no hash of byte code",
        found=(FindingKind.UNDERIVED,),
        soon=NEXT,
        needs=TREE,
        play=Started(attack=on_start.with_poisoned_byte_code, twin=on_start.writing_byte_code),
        on=PYTHON,
    ),
    Row(
        name="library",
        attack="a library that the server has mapped is rewritten in place",
        passes="a hash of the entry file",
        found=(FindingKind.CHANGED,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.rewrite_a_library, twin=on_files.touch_a_library),
        on=PYTHON,
    ),
    Row(
        name="renamed-over",
        attack="the running program is replaced by another file of the same content, as an update does",
        passes="a hash at its path, which is of what does not run",
        found=(FindingKind.EXECUTABLE_REPLACED,),
        soon=NEXT,
        needs=TREE,
        play=Changed(attack=on_files.rename_over_the_program, twin=on_files.link_the_program),
    ),
    Row(
        name="other-program",
        attack="a changed program is started at the path of the sealed one, which is then put back",
        passes="a hash at its path",
        found=(FindingKind.EXECUTABLE_DELETED, FindingKind.EXECUTABLE_OTHER),
        beside=(FindingKind.RUNTIME_OTHER,),
        soon=NEXT,
        needs=TREE,
        play=Started(attack=on_start.with_another_program),
    ),
    Row(
        name="memory-program",
        attack="a changed program is started from memory (memfd)",
        passes="a hash at its path, and of every file there is",
        found=(FindingKind.EXECUTABLE_IN_MEMORY, FindingKind.EXECUTABLE_OTHER),
        beside=(FindingKind.RUNTIME_OTHER,),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.from_memory, twin=on_start.from_a_descriptor),
        seldom=True,
    ),
    Row(
        name="preload",
        attack="`LD_PRELOAD`",
        passes="a hash of the entry file and of every sealed file",
        found=(FindingKind.ENVIRONMENT, FindingKind.MAPPED),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.preloaded, twin=on_start.with_a_harmless_variable),
    ),
    Row(
        name="preload-wiped",
        attack="`LD_PRELOAD`, removed from what the environment shows",
        passes="a hash of the entry file and of every sealed file; the environment",
        found=(FindingKind.MAPPED,),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.preloaded_and_wiped),
    ),
    Row(
        name="preload-removed",
        attack="the same by a library that removes itself from the disk",
        passes="a hash of the entry file and of every file there is; the environment",
        found=(FindingKind.MAPPED_DELETED,),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.preloaded_and_removed),
        seldom=True,
    ),
    Row(
        name="variable",
        attack="`NODE_OPTIONS=--import`, or `PYTHONPATH` with a `sitecustomize`",
        passes="a hash of the entry file and of every sealed file; mapped files and the command line",
        found=(FindingKind.ENVIRONMENT,),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.with_a_variable_that_loads, twin=on_start.with_a_harmless_variable),
    ),
    Row(
        name="openssl",
        attack="`OPENSSL_CONF` names a library that runs as it is loaded, and is unloaded again",
        passes="a hash of the entry file and of every sealed file; mapped files and the command line",
        found=(FindingKind.ENVIRONMENT,),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.by_way_of_openssl),
        on=PYTHON,
    ),
    Row(
        name="arguments",
        attack="other arguments than the sealed ones",
        passes="a hash of the entry file and of every sealed file",
        found=(FindingKind.ARGUMENTS,),
        soon=NEXT,
        needs=START,
        play=Started(attack=on_start.with_other_arguments),
    ),
    Row(
        name="other-script",
        attack="another script, by a way that leads to the sealed one for whoever takes `..` out of its text",
        passes="a hash of the entry file and of every sealed file; a comparison of normalised paths",
        found=(FindingKind.ARGUMENTS,),
        soon=NEXT,
        needs=START,
        play=Started(attack=by_name.with_another_script),
        on=PYTHON,
    ),
    Row(
        name="other-environment",
        attack="the sealed program is started by a link from another virtual environment, and takes its packages",
        passes="a hash of the entry file and of every sealed file; mapped files, the program and what follows it",
        found=(FindingKind.EXECUTABLE_OTHER,),
        soon=NEXT,
        needs=START,
        play=Started(attack=by_name.in_another_environment, twin=by_name.by_a_link_to_the_environment),
        on=PYTHON,
    ),
    Row(
        name="second-name",
        attack="the sealed program is started by a second name (a hard link), beside which another library lies",
        passes="a hash of the entry file and of every sealed file; which file it is that runs",
        found=(FindingKind.EXECUTABLE_OTHER,),
        soon=NEXT,
        needs=START,
        play=Started(attack=by_name.by_a_second_name),
        on=PYTHON,
    ),
    Row(
        name="mount",
        attack="a changed module is mounted over the sealed one in a mount namespace of the server's own",
        passes="every hash outside that namespace",
        found=(FindingKind.MOUNT,),
        soon=NEXT,
        needs="to mount (root, or user namespaces)",
        play=Started(attack=on_start.below_a_private_mount, twin=on_start.beside_a_private_mount),
        root=True,
    ),
    Row(
        name="fuse",
        attack="a program of a user's answers for the tree (FUSE): the server is told otherwise than everybody else",
        passes="every hash of a file, from wherever it is read",
        found=(FindingKind.MOUNT,),
        soon=NEXT,
        needs="to mount FUSE (`fusermount`)",
        play=Started(attack=on_start.under_a_program_that_answers),
        root=True,
        fuse=True,
    ),
    Row(
        name="code-patched",
        attack="one byte of the running program's code is changed in memory",
        passes="every hash of a file",
        found=(FindingKind.PATCHED,),
        soon=NEXT,
        needs=TRACE,
        play=Changed(attack=on_memory.patch_code, twin=on_memory.read_code, alone=True),
    ),
    Row(
        name="memory-library",
        attack="a library is loaded from memory",
        passes="every hash of a file",
        found=(FindingKind.EXECUTABLE_IN_MEMORY,),
        soon=NEXT,
        needs=INSIDE,
        play=Started(attack=from_inside.map_a_library_from_memory),
        on=PYTHON,
        seldom=True,
    ),
    Row(
        name="child",
        attack="the server starts a program that it could have written",
        passes="every hash of the server's files",
        found=(FindingKind.CHILD,),
        soon=f"{NEXT}, if it still runs",
        needs=INSIDE,
        play=Started(attack=from_inside.start_a_program, twin=from_inside.start_a_program_of_the_system),
        seldom=True,
    ),
    Row(
        name="refused-byte-code",
        attack="poisoned byte code in the tree of a server that `attest run` is to start",
        passes="a hash of the entry file; of all sources; every RECORD",
        found=(FindingKind.UNDERIVED,),
        soon="before the start: it is refused",
        needs=TREE,
        play=Launched(before=on_launch.poison_byte_code, runs=False, starts=False),
        on=PYTHON,
        launched=True,
    ),
    Row(
        name="swapped-module",
        attack="a module is changed after `attest run` has verified it, before the server loads it",
        passes="every hash that is taken before the start",
        found=(FindingKind.CHANGED,),
        beside=(FindingKind.EXTRA,),
        soon=f"{NEXT}, the first with the process",
        needs=TREE,
        play=Launched(between=on_launch.change_module, runs=True),
        launched=True,
    ),
    Row(
        name="swapped-program",
        attack="the program is swapped after `attest run` has verified it, before it is executed",
        passes="every hash that is taken before the start",
        found=(),
        soon=NEVER,
        needs=TREE,
        play=Launched(between=on_launch.change_program, runs=False, starts=False, refused="another file by now"),
        once=True,
        launched=True,
    ),
    Row(
        name="withheld-variables",
        attack="`LD_PRELOAD`, `PYTHONPATH` and `NODE_OPTIONS` of whoever calls `attest run`",
        passes="every hash of a sealed file",
        found=(),
        soon=NEVER,
        needs="to set the caller's environment",
        play=Launched(before=on_launch.set_variables, runs=False),
        launched=True,
    ),
    Row(
        name="restored",
        attack="a changed module is loaded and put back before the next look",
        passes="everything that looks from time to time",
        found=(),
        soon=NEVER,
        needs=TREE,
        play=Started(attack=from_inside.and_nothing_more),
    ),
    Row(
        name="detached-child",
        attack="a server that the agent did not start itself starts a program that detaches itself",
        passes="everything that looks at the server alone",
        found=(),
        soon=NEVER,
        needs=INSIDE,
        play=Started(attack=from_inside.start_a_detached_program),
        seldom=True,
    ),
    Row(
        name="anonymous-code",
        attack="instructions in memory of no file, as a just-in-time compiler writes them",
        passes="every hash of a file; what is mapped from files",
        found=(),
        soon=NEVER,
        needs=INSIDE,
        play=Started(attack=from_inside.map_code_without_a_file),
        on=PYTHON,
        seldom=True,
    ),
    Row(
        name="variable-wiped",
        attack="a variable that makes an interpreter load a script, which then overwrites what the environment shows",
        passes="every hash of a sealed file; the environment",
        found=(),
        soon=NEVER,
        needs=START,
        play=Started(attack=from_inside.after_a_variable_and_wiped),
        on=PYTHON,
        seldom=True,
    ),
    Row(
        name="arguments-forged",
        attack="other arguments, overwritten by the sealed ones in what the process shows",
        passes="everything that asks the process",
        found=(),
        soon=NEVER,
        needs=f"{START}, and {TRACE}",
        play=Started(attack=on_memory.with_forged_arguments),
        on=NODE,
    ),
    Row(
        name="data",
        attack="data in memory is changed: here the description of a tool, which a model reads",
        passes="every hash of a file; whether code was changed",
        found=(),
        soon=NEVER,
        needs=TRACE,
        play=Changed(attack=on_memory.change_what_is_told, twin=on_memory.nothing, alone=True),
    ),
)
