"""What code does once it runs inside of a server, having got there in a way that leaves no trace on disk."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.on_start import loaded
from tests.attacks.scene import Scene
from tests.attacks.talking import Talk

SECONDS = "600"


@contextmanager
def and_nothing_more(scene: Scene) -> Iterator[Talk]:
    """Run what is not sealed, and put the sealed file back."""
    with loaded(scene, scene.marking()) as talk:
        assert scene.mark.exists()
        yield talk


@contextmanager
def start_a_program(scene: Scene) -> Iterator[Talk]:
    """Start a program that somebody brought along."""
    with _with_child(scene, _brought(scene)) as talk:
        yield talk


@contextmanager
def start_a_program_of_the_system(scene: Scene) -> Iterator[Talk]:
    """Start what no server could have written; the code that does it is not seen, as the table says."""
    with _with_child(scene, Path(str(shutil.which("sleep")))) as talk:
        yield talk


@contextmanager
def _with_child(scene: Scene, program: Path) -> Iterator[Talk]:
    if scene.victim.is_python:
        words = f"[{str(program)!r}, {SECONDS!r}], stdin=-3, stdout=-3"
        payload = f"\nimport subprocess\nchild_ = subprocess.Popen({words})\n"
    else:
        payload = (
            '\nimport { spawn as child_ } from "node:child_process";\n'
            f'child_("{program}", ["{SECONDS}"], {{ stdio: "ignore" }});\n'
        )
    with loaded(scene, payload) as talk:
        children = Path(f"/proc/{talk.pid}/task/{talk.pid}/children").read_text().split()
        assert children
        try:
            yield talk
        finally:
            subprocess.run(["kill", *children], check=False)


@contextmanager
def start_a_detached_program(scene: Scene) -> Iterator[Talk]:
    """Start a program by way of another one that ends: its parent is then somebody else."""
    pid = scene.folder / "pid"
    line = f"{_brought(scene)} {SECONDS} </dev/null >/dev/null 2>&1 & echo $! >{pid}"
    if scene.victim.is_python:
        payload = f"\nimport subprocess\nsubprocess.run(['setsid', 'sh', '-c', {line!r}], stdin=-3)\n"
    else:
        payload = (
            '\nimport { spawnSync as detach_ } from "node:child_process";\n'
            f'detach_("setsid", ["sh", "-c", "{line}"], {{ stdio: "ignore" }});\n'
        )
    with loaded(scene, payload) as talk:
        number = pid.read_text().strip()
        scene.stack.callback(subprocess.run, ["kill", number], check=True)
        assert Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[1] != str(talk.pid)
        yield talk


def _brought(scene: Scene) -> Path:
    """Return a program of the attacker's; of its own name, since `sleep` may be one of many (busybox)."""
    program = scene.folder / "sleep"
    shutil.copy2(str(shutil.which("sleep")), program)
    return program


@contextmanager
def map_code_without_a_file(scene: Scene) -> Iterator[Talk]:
    """Write instructions into memory of no file, as a just-in-time compiler does."""
    private = "mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS"
    payload = f"\nimport mmap\ncode_ = mmap.mmap(-1, 4096, {private}, 7)\ncode_.write(b'\\xc3')\n"
    with loaded(scene, payload) as talk:
        assert " rwxp " in Path(f"/proc/{talk.pid}/maps").read_text()
        yield talk


@contextmanager
def map_a_library_from_memory(scene: Scene) -> Iterator[Talk]:
    """Load a library that is on no disk."""
    library = scene.compiled("preloaded.c", "evil.so", "-shared", "-fPIC", f'-DMARK="{scene.mark}"')
    payload = (
        f"\nimport ctypes, os\nmemory_ = os.memfd_create('x')\nos.write(memory_, open({str(library)!r}, 'rb').read())\n"
        "ctypes.CDLL(f'/proc/self/fd/{memory_}')\n"
    )
    with loaded(scene, payload) as talk:
        assert scene.mark.exists()
        yield talk


@contextmanager
def after_a_variable_and_wiped(scene: Scene) -> Iterator[Talk]:
    """Be loaded by a variable, and then overwrite what the environment shows."""
    script = scene.folder / "sitecustomize.py"
    script.write_text(
        f"{scene.marking()}import ctypes, os, re\n"
        "fields = open('/proc/self/stat').read().rpartition(')')[2].split()\n"
        "start, end = int(fields[50 - 3]), int(fields[51 - 3])\n"
        "ctypes.memset(start, 0, end - start)\n"
    )
    with scene.victim.running(environment={"PYTHONPATH": str(scene.folder)}) as talk:
        assert scene.mark.exists()
        assert b"PYTHONPATH" not in Path(f"/proc/{talk.pid}/environ").read_bytes()
        yield talk
