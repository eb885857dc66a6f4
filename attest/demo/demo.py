"""The demo itself: seal, measure, export and verify a real server; then tamper with it, and with the evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from attest.codec.octets import sha256_hex
from attest.demo import builder, forging, live
from attest.demo.servers.server import Server
from attest.demo.timeline import Timeline
from attest.demo.workshop import Answer, Workshop

_CYCLES = 3


def run_demo(server: Server, folder: Path, timeline: Timeline) -> bool:
    """Run the whole line on a server in `folder` (empty); return whether every step came out as said.

    Raises `UnavailableError` without a package index. Ends every process that it started.
    """
    workshop = Workshop(folder=folder)
    _install(server, workshop, timeline)
    _build(server, workshop, timeline)
    _seal(server, workshop, timeline)
    tampered = _measure(server, workshop, timeline)
    _verify(workshop, timeline, tampered)
    return timeline.failures == 0


def _install(server: Server, workshop: Workshop, timeline: Timeline) -> None:
    timeline.title(f"BEFORE  install {server.package}, and seal what may run")
    server.fetch(workshop)
    count = len(list(workshop.archives.iterdir()))
    timeline.expect(f"fetched {count} {server.kind}, each with the digest that the lock names", right=count > 0)
    server.install(workshop)
    timeline.expect(f"installed {server.package} and what it needs into server/", right=workshop.server.is_dir())


def _build(server: Server, workshop: Workshop, timeline: Timeline) -> None:
    for role in ("builder", "sealer", "writer"):
        _attest(workshop, timeline, "key", "new", f"{role}.key", show=False)
    (own,) = workshop.archives.glob(server.own)
    others = sorted(path for path in workshop.archives.iterdir() if path != own)
    key = workshop.folder / "builder.key"
    (workshop.folder / "provenance.json").write_bytes(builder.sign_provenance(key, own))
    (workshop.folder / "sbom.json").write_bytes(builder.sign_sbom(key, [own, *others]))
    timeline.note(
        f"the demo plays the builder: it signs SLSA provenance and an SBOM for these {server.kind} with a demo key"
    )
    answer = _attest(
        workshop,
        timeline,
        *("trust", "new", "trust.json", "--sealer", "sealer.key.pub", "--writer", "writer.key.pub"),
        *("--builder", f"{builder.BUILDER_ID}=builder.key.pub@1", "--source", builder.SOURCE),
    )
    timeline.expect("the trust file says who may build, seal and measure", right=answer.code == 0, found=_why(answer))


def _seal(server: Server, workshop: Workshop, timeline: Timeline) -> None:
    words = ["seal", "server", "--trust", "trust.json", "--key", "sealer.key", "-o", "server.ref"]
    words += ["--evidence", "archives", "--provenance", "provenance.json", "--sbom", "sbom.json"]
    words += ["--cycle", "1", "--on-drift", "terminate"]
    answer = _attest(workshop, timeline, *words, "--", *server.command(workshop))
    timeline.expect(
        "every file of the server is tied to build evidence, and sealed",
        right=answer.code == 0,
        found=answer.stderr.strip(),
    )
    other = workshop.attest(
        *("seal", "provenance.json", "--trust", "trust.json", "--key", "sealer.key"),
        *("--name", "another server", "--allow-site", "*", "-o", "other.ref"),
    )
    timeline.expect("and another reference, for later", right=other.code == 0, found=_why(other))


def _measure(server: Server, workshop: Workshop, timeline: Timeline) -> str:
    """Return the digest of the file that was tampered with."""
    timeline.title("DURING  a real client talks to the server, which attest starts and measures")
    words = ["server.ref", "--trust", "trust.json", "--key", "writer.key", "--log", "log"]
    timeline.command(["attest", "run", *words])
    with live.session(workshop, server, *words) as session:
        timeline.expect(
            f"the client lists {len(session.tools)} tools and calls {server.tool}: {session.answer}",
            right=server.tool in session.tools,
            found="\n".join(line for line in session.said.lines if " MATCH " in line),
        )
        matched = live.until(lambda: _measurements(workshop) > _CYCLES)
        timeline.expect(f"{_CYCLES} cycles match: process and files, hashed anew each time", right=matched)
        honest = _attest(workshop, timeline, "bundle", "log", "-o", "honest.jsonl")
        timeline.expect("the honest evidence is exported", right=honest.code == 0, found=_why(honest))
        tampered = _tamper(server.target(workshop, session.byte_code), session, timeline)
        drifted = session.said.until(lambda lines: any("terminate:" in line for line in lines))
        told = [line for line in session.said.lines if line.startswith("attest:") and "MATCH" not in line]
        timeline.expect("the violation is found within one cycle", right=drifted, found="\n".join(told))
        gone = live.until(lambda: not live.running(session.server_pid))
        timeline.expect("the sealed action was taken: the server is gone", right=gone)
    second = _attest(workshop, timeline, "bundle", "log", "-o", "second.jsonl")
    timeline.expect("the evidence of all that is exported", right=second.code == 0, found=_why(second))
    return tampered


def _measurements(workshop: Workshop) -> int:
    return workshop.attest("log", "show", "log").stdout.count("runtime-measurement")


def _tamper(target: Path, session: live.Session, timeline: Timeline) -> str:
    """Change one byte in the middle of a file whose code the server runs; return its digest."""
    octets = bytearray(target.read_bytes())
    octets[len(octets) // 2] ^= 0x01
    target.write_bytes(octets)
    private = "the server's byte code, " if target.is_relative_to(session.byte_code) else ""
    timeline.note(f"an attacker changes one byte of {private}{target.name}")
    return sha256_hex(bytes(octets))


def _verify(workshop: Workshop, timeline: Timeline, tampered: str) -> None:
    timeline.title("AFTER  anybody verifies, offline, with the trust file and the reference")
    honest = _verdict(workshop, timeline, "honest.jsonl")
    timeline.expect("the honest evidence: PASSED", right=_is(honest, passed=True), found=_reasons(honest))
    second = _verdict(workshop, timeline, "second.jsonl")
    named = tampered in second.stdout
    timeline.expect(
        "the second: FAILED, naming the file, expected and found digest",
        right=_is(second, passed=False) and named,
        found=_reasons(second),
    )
    lines = (workshop.folder / "honest.jsonl").read_bytes().splitlines(keepends=True)
    seen: list[tuple[str, ...]] = []
    for name, forge in forging.FORGERIES.items():
        file = f"{name.replace(' ', '-')}.jsonl"
        (workshop.folder / file).write_bytes(b"".join(forge(lines)))
        seen.append(_reject(workshop, timeline, name, file, "server.ref"))
    seen.append(_reject(workshop, timeline, "offered for another reference", "honest.jsonl", "other.ref"))
    timeline.expect("each of them for its own reason", right=len(set(seen)) == len(seen))


def _reject(workshop: Workshop, timeline: Timeline, name: str, file: str, reference: str) -> tuple[str, ...]:
    """Expect a forgery to fail; return the ids of the checks that it failed."""
    answer = workshop.attest("verify", file, "--trust", "trust.json", "--reference", reference, "--format", "json")
    timeline.expect(f"{name}: FAILED", right=_is(answer, passed=False), found=_reasons(answer))
    return tuple(check["id"] for check in _failed(answer))


def _verdict(workshop: Workshop, timeline: Timeline, file: str) -> Answer:
    words = ["verify", file, "--trust", "trust.json", "--reference", "server.ref"]
    timeline.command(["attest", *words])
    return workshop.attest(*words, "--format", "json")


def _is(answer: Answer, *, passed: bool) -> bool:
    return answer.code == (0 if passed else 1) and _json(answer).get("verdict") == ("PASSED" if passed else "FAILED")


def _reasons(answer: Answer) -> str:
    """Return what failed, one line a check; for a pass, the axes."""
    failed = _failed(answer)
    if not failed:
        axes = _json(answer).get("axes", {})
        return ", ".join(f"{axis} {status}" for axis, status in axes.items()) or _why(answer)
    return "\n".join(_reason(check) for check in failed)


def _failed(answer: Answer) -> list[dict[str, Any]]:
    return [check for check in _json(answer).get("checks", ()) if check["status"] in {"fail", "unproven"}]


def _reason(check: dict[str, Any]) -> str:
    difference = "" if check["expected"] is None else f"expected {check['expected']}, found {check['found'] or 'none'}"
    return ": ".join(part for part in (check["id"], check["where"], check["detail"], difference) if part)


def _json(answer: Answer) -> dict[str, Any]:
    try:
        verdict: dict[str, Any] = json.loads(answer.stdout)
    except ValueError:
        return {}
    return verdict


def _attest(workshop: Workshop, timeline: Timeline, *words: str, show: bool = True) -> Answer:
    if show:
        timeline.command(["attest", *(word.replace(f"{workshop.folder}/", "$PWD/") for word in words)])
    return workshop.attest(*words)


def _why(answer: Answer) -> str:
    return "" if answer.code == 0 else f"exit {answer.code}: {answer.stderr.strip()}"
