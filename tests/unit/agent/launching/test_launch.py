"""`attest run` as a client starts it: nothing unsealed is started, and what is started is clean, watched and ours."""

from __future__ import annotations

import colorsys
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from attest.agent.keeping import Reported
from attest.agent.launching.child import Child
from attest.agent.launching.launch import open_launch
from attest.agent.starting import AgentRequest, open_agent
from attest.errors import RefusedError, UnavailableError
from attest.seal.request import ProcessRules, Rules
from attest.statement.enforcing import Action
from attest.statement.findings import FindingKind
from attest.statement.states import State
from tests.installed import Bench
from tests.launches import PYTHON, REPORT, make_launch_bench, receipts, run_words, seal_script, start_run, story, told
from tests.waiting import PATIENCE_SECONDS, wait_until, wait_until_dead
from tests.world import NOW

WAITING = "import signal, sys, time\nprint('ready', flush=True)\n{before}\nfor _ in range(12_000): time.sleep(0.05)\n"
"""A server that says that it runs, and would run for long.

In naps: Python heeds a signal that comes right before one long sleep only when that is over.
"""


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_launch_bench(tmp_path)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str]:
    """Wait for the end; return exit code and standard error."""
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    return process.returncode, err.decode()


def ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"


def told_of(events: list[str]) -> list[str]:
    """Leave out what only says that the state is another one now."""
    return [each for each in events if each != "transition"]


def request_of(bench: Bench, reference: Path) -> AgentRequest:
    place = bench.folder
    return AgentRequest(
        references=(reference,), trust=place / "trust.json", key=place / "writer.key", log=place / "log", places={}
    )


def test_a_server_is_started_clean_and_its_end_is_ours(bench: Bench) -> None:
    seal_script(bench, f"{REPORT}\nsys.exit(7)\n", "--quiet")
    given = {"TOKEN": "secret", "PYTHONPATH": "/evil", "LD_PRELOAD": "", "PYTHONPYCACHEPREFIX": "/poisoned"}
    process = start_run(bench, environment=given)
    report = told(process, b"hello\n")
    assert process.returncode == 7
    assert report["argv"] == [PYTHON, str(bench.tree / "serve.py"), "--quiet"]
    assert report["answer"] == "hello\n"
    assert report["cwd"] == str(bench.folder)
    assert report["environment"]["TOKEN"] == "secret"
    assert not {"PYTHONPATH", "LD_PRELOAD"} & report["environment"].keys()
    assert report["environment"]["PYTHONPYCACHEPREFIX"] != "/poisoned"
    assert not Path(report["environment"]["PYTHONPYCACHEPREFIX"]).exists()
    assert report["parent"] == process.pid
    assert report["session"] == report["pid"]
    assert report["descriptors"] == [0, 1, 2]
    assert report["blocked"] == []
    assert set(report["ignored"]) == {signal.SIGPIPE, signal.SIGXFSZ}  # by Python itself, at its start


SHADOWED = "import colorsys, os; print(colorsys.__file__, os.environ.get('PYTHONSAFEPATH'), flush=True)"


def found_when_started_beside_a_stranger(bench: Bench, *environment: str) -> list[str]:
    """Start a server where a module lies that is called as one of the library is; return what it found."""
    process = ProcessRules(environment=environment)
    bench.write(bench.seal(command=(PYTHON, "-c", SHADOWED), process=process, allow_site=("serve.py",)))
    (bench.folder / "colorsys.py").touch()
    out, err = start_run(bench).communicate(timeout=PATIENCE_SECONDS)
    assert "DRIFT" not in err.decode()
    return out.decode().split()


def test_a_server_imports_nothing_from_the_folder_in_which_a_client_happens_to_start_it(bench: Bench) -> None:
    found = found_when_started_beside_a_stranger(bench, "HOME")
    assert found == [colorsys.__file__, "1"]
    assert "runtime-violation" not in story(bench)


def test_a_sealer_may_say_that_modules_lie_where_a_server_is_started(bench: Bench) -> None:
    found = found_when_started_beside_a_stranger(bench, "HOME", "PYTHONSAFEPATH=")
    assert found == [str(bench.folder / "colorsys.py")]


def test_every_receipt_says_that_the_server_was_launched(bench: Bench) -> None:
    seal_script(bench, REPORT)
    told(start_run(bench, "--nonce", "00" * 16, "--context", "commit=abc"))
    assert story(bench)[:2] == ["start", "runtime-measurement"]
    assert story(bench)[-1] == "stop"
    headers = [statement["predicate"]["receipt"] for statement in receipts(bench)]
    assert {header["binding"] for header in headers} == {"launched"}
    event = receipts(bench)[0]["predicate"]["event"]
    assert (event["verifierNonce"], event["context"]) == ("00" * 16, [{"name": "commit", "value": "abc"}])


def test_the_running_process_is_measured_at_once(bench: Bench) -> None:
    seal_script(bench, WAITING.format(before=""), cycle=3600, max_gap=3600)
    process = start_run(bench)
    ready(process)
    wait_until(lambda: story(bench).count("runtime-measurement") >= 2)
    process.terminate()
    assert ended(process)[0] == 128 + signal.SIGTERM
    measured = [item["predicate"]["measured"] for item in receipts(bench) if "measurement" in item["predicateType"]]
    assert "process" not in measured[0]["coverage"]
    assert measured[1]["coverage"]["process"]["executablePath"] == PYTHON
    events = [item["predicate"]["event"] for item in receipts(bench) if "event" in item["predicate"]]
    (started,) = [event["process"] for event in events if event["kind"] == "process"]
    assert "not dumpable" in started["keptApart"]


@pytest.fixture
def wrapper(bench: Bench) -> Path:
    """A server sealed by a script that ends in `exec`, as clients are often told to start one."""
    script = bench.folder / "start"
    script.write_text(f'#!/bin/sh\ncd "$(dirname "$0")" && exec {PYTHON} site/serve.py --quiet "$@"\n')
    script.chmod(0o755)
    (bench.tree / "serve.py").write_text(WAITING.format(before=""))
    rules = Rules(cycle=3600, max_gap=3600)
    bench.write(bench.seal(allow_site=("serve.py",), command=(str(script), "--port", "80"), rules=rules))
    return script


def test_a_script_that_ends_in_exec_is_sealed_and_run_as_what_it_becomes(bench: Bench, wrapper: Path) -> None:
    process = start_run(bench, "--", str(wrapper), "--port", "80")
    ready(process)
    wait_until(lambda: story(bench).count("runtime-measurement") >= 2)
    process.terminate()
    ended(process)
    assert "runtime-violation" not in story(bench)


def test_what_a_script_became_is_no_drift_to_an_agent(bench: Bench, wrapper: Path) -> None:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [str(wrapper), "--port", "80"]
    with subprocess.Popen(argv, cwd="/", env=environment, stdout=subprocess.PIPE) as process:
        ready(process)
        seen: list[Reported] = []
        request = replace(request_of(bench, bench.folder / "server.ref"), pid=process.pid)
        with open_agent(request, seen.append) as run:
            matched = run.once()
        process.kill()
    assert matched, [each.cycle.findings.findings for each in seen]


@pytest.mark.parametrize("name", ["a changed file", "an extra file", "another program"])
def test_what_is_not_as_sealed_is_not_started(bench: Bench, name: str) -> None:
    reference = seal_script(bench, "print('ran')\n", on_drift=Action.TERMINATE)
    if name == "a changed file":
        with (bench.tree / "serve.py").open("a") as script:
            script.write("# evil\n")
    elif name == "an extra file":
        (bench.tree / "stray.pth").write_text("import os\n")
    else:
        assert name == "another program"
        reported = swapped_between_opening_and_looking(bench, reference)
        assert reported.cycle.findings.findings[0].kind is FindingKind.EXECUTABLE_OTHER
        assert told_of(story(bench)) == ["start", "runtime-violation", "stop"]
        return
    process = start_run(bench)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (1, b"")
    assert b"DRIFT" in err
    assert b"attest: the server was not started" in err
    assert told_of(story(bench)) == ["start", "runtime-violation", "action-intended", "action-taken", "stop"]
    assert receipts(bench)[-2]["predicate"]["event"]["outcome"] == "the server was not started"
    assert "not started" in receipts(bench)[-1]["predicate"]["event"]["outcome"]


def test_audit_only_what_is_not_as_sealed_is_recorded_and_started(bench: Bench) -> None:
    seal_script(bench, "print('ran')\n", on_drift=Action.TERMINATE, audit_only=True)
    with (bench.tree / "serve.py").open("a") as script:
        script.write("# updated\n")
    out, err = start_run(bench).communicate(timeout=PATIENCE_SECONDS)
    assert out == b"ran\n"
    assert b"DRIFT" in err
    assert told_of(story(bench))[:4] == ["start", "runtime-violation", "action-intended", "action-taken"]


def test_audit_only_what_is_void_is_not_started(bench: Bench) -> None:
    seal_script(bench, "print('ran')\n", audit_only=True, not_after=NOW + 1000)
    process = start_run(bench)
    out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (1, b"")
    assert b"expired" in err


def swapped_between_opening_and_looking(bench: Bench, _reference: Path) -> Reported:
    """Open the program, put another file into its place, go on."""
    program = bench.tree / "program"
    program.write_bytes(Path("/bin/true").read_bytes())
    program.chmod(0o755)
    sealed = bench.seal(allow_site=("serve.py", "program"), command=(str(program),))
    seen: list[Reported] = []
    with open_launch(request_of(bench, bench.write(sealed)), (), seen.append) as launch:
        copy = bench.folder / "copy"
        copy.write_bytes(program.read_bytes())
        copy.chmod(0o755)
        copy.rename(program)
        assert launch.until_ended() == 1
        assert launch.child is None
    return seen[-1]


def test_a_poisoned_byte_code_is_found_and_the_sealed_action_taken(bench: Bench) -> None:
    seal_script(
        bench,
        "import os, time, tiny_server.tools\nprint(os.environ['PYTHONPYCACHEPREFIX'], flush=True)\ntime.sleep(600)\n",
        cycle=1,
        on_drift=Action.TERMINATE,
    )
    process = start_run(bench)
    assert process.stdout is not None
    place = Path(process.stdout.readline().decode().strip())
    (compiled,) = place.rglob("tools*.pyc")
    wait_until(lambda: story(bench).count("runtime-measurement") >= 2)
    octets = bytearray(compiled.read_bytes())
    octets[octets.index(b"echo")] ^= 0x01
    compiled.write_bytes(octets)
    code, err = ended(process)
    assert code == 1
    assert f"underived byte code/{compiled.relative_to(place)}" in err
    acted = [each for each in story(bench) if each == "runtime-violation" or each.startswith("action")]
    assert acted == ["runtime-violation", "action-intended", "action-taken"]
    assert story(bench)[-1] == "stop"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_is_passed_on(bench: Bench, number: signal.Signals) -> None:
    handler = f"signal.signal({int(number)}, lambda *_: sys.exit(40))"
    seal_script(bench, WAITING.format(before=handler).replace("print", f"{handler}\nprint", 1))
    process = start_run(bench)
    ready(process)
    process.send_signal(number)
    assert ended(process)[0] == 40
    assert story(bench)[-1] == "stop"


def test_a_second_signal_counts_that_comes_while_the_first_is_handed_on(bench: Bench) -> None:
    reference = seal_script(bench, WAITING.format(before=""))

    class Answering:
        """A server that says at once that it was asked, to somebody who asks again."""

        def send(self, number: signal.Signals) -> None:
            if not asked:
                asked.append(number)
                launch.pass_on(number)

    asked: list[signal.Signals] = []
    with open_launch(request_of(bench, reference), (), lambda _: None) as launch:
        launch.child = cast("Child", SimpleNamespace(watched=Answering()))
        launch.pass_on(signal.SIGTERM)
        launch.child = None
        assert launch.run.stop.is_set()


def test_a_second_signal_ends_a_server_that_does_not_care(bench: Bench) -> None:
    answering = "import signal\nsignal.signal(15, lambda *_: print('asked', flush=True))\n"
    seal_script(bench, answering + WAITING.format(before=""))
    process = start_run(bench)
    ready(process)
    process.terminate()
    assert process.stdout is not None
    assert process.stdout.readline() == b"asked\n"
    assert process.poll() is None
    process.terminate()
    assert ended(process)[0] == 128 + signal.SIGKILL
    assert story(bench)[-1] == "stop"


def test_a_server_that_a_signal_ended_is_told_as_a_shell_tells_it(bench: Bench) -> None:
    seal_script(bench, "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    assert ended(start_run(bench))[0] == 128 + signal.SIGKILL


def test_a_killed_launcher_leaves_no_server(bench: Bench) -> None:
    ignoring = "signal.signal(15, signal.SIG_IGN); print(__import__('os').getpid(), flush=True)"
    seal_script(bench, WAITING.format(before=ignoring))
    process = start_run(bench)
    ready(process)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.communicate()
    wait_until_dead(pid)


def test_ignored_signals_are_the_servers_to_set_again(bench: Bench) -> None:
    seal_script(bench, REPORT)
    program = (
        "import os, signal, sys; signal.signal(signal.SIGUSR1, signal.SIG_IGN); signal.signal(signal.SIGIO, "
        "signal.SIG_IGN); signal.pthread_sigmask(signal.SIG_BLOCK, [12]); os.execv(sys.argv[1], sys.argv[1:])"
    )
    ignoring = [sys.executable, "-c", program]
    report = told(start_run(bench, through=ignoring))
    assert not {signal.SIGUSR1, signal.SIGIO} & set(report["ignored"])
    assert report["blocked"] == []


def test_a_script_of_a_system_program_is_started_through_its_interpreter(bench: Bench) -> None:
    script = bench.tree / "serve.sh"
    script.write_text("#!/bin/sh\necho \"$0\" \"$@\"; readlink /proc/$$/exe; tr '\\0' ' ' < /proc/$$/cmdline\n")
    script.chmod(0o755)
    bench.write(bench.seal(allow_site=("serve.sh",), command=(str(script), "a b")))
    out, err = start_run(bench).communicate(timeout=PATIENCE_SECONDS)
    shell = os.path.realpath("/bin/sh")
    assert out.decode().splitlines() == [f"{script} a b", shell, f"/bin/sh {script} a b "], err.decode()


def test_a_command_that_is_not_the_sealed_one_is_refused_before_anything_is_written(bench: Bench) -> None:
    seal_script(bench, REPORT, "--quiet")
    process = start_run(bench, "--", PYTHON, str(bench.tree / "serve.py"), "--loud")
    code, err = ended(process)
    assert code == 5
    assert "--quiet" in err
    assert not (bench.folder / "log").exists()
    process = start_run(bench, "--", PYTHON, str(bench.tree / "serve.py"), "--quiet")
    assert told(process)["argv"][-1] == "--quiet"


def test_a_reference_without_a_command_is_refused_with_a_hint(bench: Bench) -> None:
    bench.write(bench.seal())
    code, err = ended(start_run(bench))
    assert code == 5
    assert "attest seal TREE ... -- COMMAND" in err


def test_a_program_that_cannot_be_started_is_told_and_the_run_stopped(bench: Bench) -> None:
    program = bench.tree / "program"
    program.write_bytes(b"\x7fELF, and nothing more\n")
    program.chmod(0o755)
    reference = bench.write(bench.seal(allow_site=("program",), command=(str(program),)))
    with (
        open_launch(request_of(bench, reference), (), lambda _: None) as launch,
        pytest.raises(UnavailableError, match="Exec format error"),
    ):
        launch.until_ended()
    assert told_of(story(bench)) == ["start", "runtime-measurement", "stop"]


def test_a_signal_before_the_start_means_that_nothing_is_started(bench: Bench) -> None:
    reference = seal_script(bench, f"open({str(bench.folder / 'ran')!r}, 'w')\n")
    with open_launch(request_of(bench, reference), (), lambda _: None) as launch:
        launch.pass_on(signal.SIGTERM)
        assert launch.until_ended() == 1
    assert not (bench.folder / "ran").exists()
    assert told_of(story(bench)) == ["start", "runtime-measurement", "stop"]


def test_a_log_that_is_lost_ends_the_server(bench: Bench) -> None:
    reference = seal_script(bench, WAITING.format(before=""), cycle=1)

    def fail(reported: Reported) -> None:
        if reported.cycle.measured.coverage.process is not None:
            raise UnavailableError("log", "a disk with room", "none")

    with open_launch(request_of(bench, reference), (), fail) as launch:
        with pytest.raises(UnavailableError, match="a disk with room"):
            launch.until_ended()
        assert launch.child is not None
        assert launch.child.process.returncode == -signal.SIGTERM


def test_nothing_of_ours_goes_to_the_servers_output(bench: Bench) -> None:
    seal_script(bench, "print('{}', flush=True)\n")
    done = subprocess.run(
        run_words(bench), cwd=bench.folder, capture_output=True, check=False, timeout=PATIENCE_SECONDS
    )
    assert done.stdout == b"{}\n"
    assert b"MATCH" in done.stderr


def test_an_honest_server_matches_from_its_first_moment(bench: Bench) -> None:
    reference = seal_script(bench, "import json, tiny_server.tools, textwrap, tomllib, http.client\n")
    seen: list[Reported] = []
    for _ in range(3):
        with open_launch(request_of(bench, reference), (), seen.append) as launch:
            assert launch.until_ended() == 0
    assert {reported.cycle.state for reported in seen} == {State.MATCH}


def test_two_servers_are_refused(bench: Bench) -> None:
    reference = seal_script(bench, REPORT)
    second = bench.write(bench.seal(allow_site=("*",), name="another"), "second.ref")
    for references, message in (((reference, second), "one server"), ((reference, reference), "once")):
        request = AgentRequest(**{**vars(request_of(bench, reference)), "references": references})
        with pytest.raises(RefusedError, match=message), open_launch(request, (), lambda _: None):
            pass
