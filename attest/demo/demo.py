"""The demo itself: seal, measure, export and verify a real server; then tamper with it, and with the evidence."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

from attest.demo import builder, forging, live
from attest.demo.timeline import Timeline
from attest.demo.workshop import PACKAGE, Answer, Workshop

_CYCLES = 3


def run_demo(folder: Path, timeline: Timeline) -> bool:
    """Run the whole line in `folder` (empty); return whether every step came out as said.

    Raises `UnavailableError` without a package index. Ends every process that it started.
    """
    workshop = Workshop(folder=folder)
    _install(workshop, timeline)
    _build(workshop, timeline)
    _seal(workshop, timeline)
    _measure(workshop, timeline)
    _verify(workshop, timeline)
    return timeline.failures == 0


def _install(workshop: Workshop, timeline: Timeline) -> None:
    timeline.title(f"BEFORE  install {PACKAGE}, and seal what may run")
    workshop.download()
    workshop.install()
    count = len(list(workshop.wheels.glob("*.whl")))
    timeline.expect(f"installed {PACKAGE} and what it needs, {count} wheels, into server/", right=count > 0)


def _build(workshop: Workshop, timeline: Timeline) -> None:
    for role in ("builder", "sealer", "writer"):
        _attest(workshop, timeline, "key", "new", f"{role}.key", show=False)
    wheels = sorted(workshop.wheels.glob("*.whl"))
    own = next(wheel for wheel in wheels if wheel.name.startswith("mcp_server_time-"))
    key = workshop.folder / "builder.key"
    (workshop.folder / "provenance.json").write_bytes(builder.sign_provenance(key, own))
    (workshop.folder / "sbom.json").write_bytes(
        builder.sign_sbom(key, [own, *(wheel for wheel in wheels if wheel != own)])
    )
    timeline.note("the demo plays the builder: it signs SLSA provenance and an SBOM for these wheels with a demo key")
    answer = _attest(
        workshop,
        timeline,
        *("trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"),
        *("--builder", f"{builder.BUILDER_ID}=builder.key.pub@1", "--source", builder.SOURCE),
    )
    timeline.expect("the trust file says who may build, seal and measure", right=answer.code == 0, found=_why(answer))


def _seal(workshop: Workshop, timeline: Timeline) -> None:
    words = ["seal", "server", "--trust", "trust.json", "--key", "sealer.key", "-o", "server.ref"]
    words += ["--evidence", "wheels", "--provenance", "provenance.json", "--sbom", "sbom.json"]
    words += ["--cycle", "1", "--on-drift", "terminate"]
    answer = _attest(workshop, timeline, *words, "--", f"server/bin/{PACKAGE}")
    timeline.expect(
        "every file of the server is tied to a build, and sealed", right=answer.code == 0, found=answer.stderr.strip()
    )
    other = workshop.attest(
        *("seal", "provenance.json", "--trust", "trust.json", "--key", "sealer.key"),
        *("--name", "another server", "--allow-site", "*", "-o", "other.ref"),
    )
    timeline.expect("and another reference, for later", right=other.code == 0, found=_why(other))


def _measure(workshop: Workshop, timeline: Timeline) -> None:
    timeline.title("DURING  a real client talks to the server, and the agent measures it")
    with live.session(workshop) as session:
        timeline.expect(
            f"the client lists the tools ({', '.join(session.tools)}) and calls one: {session.answer}",
            right="get_current_time" in session.tools,
        )
        words = ["server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", "log"]
        words += ["--pid", str(session.server_pid)]
        timeline.command(["attest", "agent", *words])
        with live.agent(workshop, *words) as agent:
            matched = agent.until(lambda lines: sum(" MATCH " in line for line in lines) >= _CYCLES)
            timeline.expect(
                f"{_CYCLES} cycles match: every file hashed anew each time",
                right=matched,
                found="\n".join(agent.lines[:_CYCLES]),
            )
            honest = _attest(workshop, timeline, "bundle", "log", "-o", "honest.jsonl")
            timeline.expect("the honest evidence is exported", right=honest.code == 0, found=_why(honest))
            _tamper(workshop, timeline)
            drifted = agent.until(lambda lines: any("terminate:" in line for line in lines))
            told = [line for line in agent.lines if "MATCH" not in line]
            timeline.expect("the violation is found within one cycle", right=drifted, found="\n".join(told))
            gone = live.wait_until_gone(session.server_pid)
            timeline.expect("the sealed action was taken: the server is gone", right=gone)
    second = _attest(workshop, timeline, "bundle", "log", "-o", "second.jsonl")
    timeline.expect("the evidence of all that is exported", right=second.code == 0, found=_why(second))


def _tamper(workshop: Workshop, timeline: Timeline) -> None:
    """Change one byte in the middle of the byte code that the server runs."""
    source = next(workshop.server.glob("lib/python*/site-packages/mcp_server_time/server.py"))
    compiled = Path(importlib.util.cache_from_source(str(source)))
    octets = bytearray(compiled.read_bytes())
    octets[len(octets) // 2] ^= 0x01
    compiled.write_bytes(octets)
    timeline.note(f"an attacker changes one byte of {compiled.relative_to(workshop.folder)}")


def _verify(workshop: Workshop, timeline: Timeline) -> None:
    timeline.title("AFTER  anybody verifies, offline, with the trust file and the reference")
    honest = _verdict(workshop, timeline, "honest.jsonl")
    timeline.expect("the honest evidence: PASSED", right=_is(honest, passed=True), found=_reasons(honest))
    second = _verdict(workshop, timeline, "second.jsonl")
    named = "server.cpython" in second.stdout and "sha256:" in second.stdout
    timeline.expect(
        "the second: FAILED, naming the file, expected and found digest",
        right=_is(second, passed=False) and named,
        found=_reasons(second),
    )
    lines = (workshop.folder / "honest.jsonl").read_bytes().splitlines(keepends=True)
    seen: list[str] = []
    for name, forge in forging.FORGERIES.items():
        file = f"{name.replace(' ', '-')}.jsonl"
        (workshop.folder / file).write_bytes(b"".join(forge(lines)))
        seen.append(_reject(workshop, timeline, name, file, "server.ref"))
    seen.append(_reject(workshop, timeline, "offered for another reference", "honest.jsonl", "other.ref"))
    timeline.expect("each of them for its own reason", right=len(set(seen)) == len(seen))


def _reject(workshop: Workshop, timeline: Timeline, name: str, file: str, reference: str) -> str:
    answer = workshop.attest("verify", file, "--trust", "trust.json", "--reference", reference, "--format", "json")
    timeline.expect(f"{name}: FAILED", right=_is(answer, passed=False), found=_reasons(answer))
    return _reasons(answer)


def _verdict(workshop: Workshop, timeline: Timeline, file: str) -> Answer:
    words = ["verify", file, "--trust", "trust.json", "--reference", "server.ref"]
    timeline.command(["attest", *words])
    return workshop.attest(*words, "--format", "json")


def _is(answer: Answer, *, passed: bool) -> bool:
    return answer.code == (0 if passed else 1) and _json(answer).get("verdict") == ("PASSED" if passed else "FAILED")


def _reasons(answer: Answer) -> str:
    """Return what failed, one line a check; for a pass, the axes."""
    verdict = _json(answer)
    failed = [check for check in verdict.get("checks", ()) if check["status"] in {"fail", "unproven"}]
    if not failed:
        return ", ".join(f"{axis} {status}" for axis, status in verdict.get("axes", {}).items()) or _why(answer)
    return "\n".join(_reason(check) for check in failed)


def _reason(check: dict[str, Any]) -> str:
    parts = [check["id"], check["where"] or "", check["detail"]]
    if check["expected"] is not None:
        parts.append(f"expected {check['expected']}, found {check['found'] or 'none'}")
    return ": ".join(part for part in parts if part)


def _json(answer: Answer) -> dict[str, Any]:
    try:
        verdict: dict[str, Any] = json.loads(answer.stdout)
    except ValueError:
        return {}
    return verdict


def _attest(workshop: Workshop, timeline: Timeline, *words: str, show: bool = True) -> Answer:
    if show:
        timeline.command(["attest", *words])
    return workshop.attest(*words)


def _why(answer: Answer) -> str:
    return "" if answer.code == 0 else f"exit {answer.code}: {answer.stderr.strip()}"
