"""The flags that say how verdicts are written, and the writing: to standard output, and to files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from attest.cli.arguments import FILE
from attest.errors import UnavailableError
from attest.evidence.reports import REPORTS

if TYPE_CHECKING:
    from attest.evidence.reports.report import Report, Summarize
    from attest.evidence.verdict import Verdict

_MAX_PAGE_BYTES: Final = 1024 * 1024
"""GitHub shows nothing of a larger one."""

F = TypeVar("F", bound=Callable[..., Any])


class Saved(click.ParamType[tuple[str, Path]]):
    """FORMAT=FILE, split at the first `=`."""

    name = "FORMAT=FILE"

    def convert(
        self,
        value: Any,  # noqa: ANN401
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, Path]:
        """Split, or complain about the usage."""
        if isinstance(value, tuple):
            return value
        form, _, file = value.partition("=")
        if form not in REPORTS or file in {"", "-"}:
            self.fail(f"expected {'|'.join(REPORTS)}, then =FILE, found {value!r}", param, ctx)
        return form, Path(file)


_OPTIONS: Final = (
    click.option(
        "--format",
        "form",
        type=click.Choice(list(REPORTS)),
        default="text",
        show_default=True,
        help="How the verdicts are told.",
    ),
    click.option("-o", "out", type=FILE, help="Write the report to a file; - is stdout."),
    click.option(
        "--save",
        type=Saved(),
        multiple=True,
        help="Write the same verdicts to a file, in this format; may be given several times.",
    ),
)


def reports(command: F) -> F:
    """Add the flags to a verb, in their order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Reporting:
    """Takes the verdicts of one call and writes them in the formats that were asked for.

    What has a report a file goes to standard output as soon as it is told; everything else when `finish` is called.
    `verdicts` are those that it was told.
    """

    def __init__(self, given: Mapping[str, Any], files: Sequence[Path]) -> None:
        """Read the flags; one file for two reports, or for one and the evidence, is a usage error."""
        from attest.cli.output import STANDARD, wants_colours

        self._report = REPORTS[given["form"]]
        out = None if given["out"] == STANDARD else given["out"]
        self._saved = [(REPORTS[form], path) for form, path in given["save"]]
        if out is not None:
            self._saved.append((self._report, out))
        _check_apart([path for _, path in self._saved], files)
        for _, path in self._saved:
            _check_replaceable(path)
        self._shows = out is None
        self._render = self._report.render_colored if wants_colours() else None
        self.verdicts: list[Verdict] = []

    def tell(self, verdict: Verdict) -> None:
        """Take the next verdict."""
        self.verdicts.append(verdict)
        if self._shows and self._report.streamed:
            self._show([verdict])

    def finish(self) -> None:
        """Write what was not written yet: reports of all verdicts, and files, each through a rename."""
        from attest.cli.output import write_out

        if self._shows and not self._report.streamed:
            self._show(self.verdicts)
        if self._report.summarize is not None:
            self._summarize(self._report.summarize)
        for report, path in self._saved:
            write_out(path, [report.render(_placed(report, self.verdicts)).encode()])

    def _show(self, verdicts: Sequence[Verdict]) -> None:
        from attest.cli.output import terminal_width

        text = (self._render or self._report.render)(_placed(self._report, verdicts))
        width = terminal_width() if self._report.name == "text" else None
        if width is not None:
            from attest.cli.columns import fitted

            text = fitted(text, width)
        click.echo(text, nl=False)

    def _summarize(self, summarize: Summarize) -> None:
        """Append to the page of the job, where the CI names a file for it."""
        page = os.environ.get("GITHUB_STEP_SUMMARY")
        if not page:
            return
        try:
            with Path(page).open("ab") as file:
                room = _MAX_PAGE_BYTES - file.tell()
                file.write(summarize(_placed(self._report, self.verdicts), room).encode())
        except OSError as error:
            raise UnavailableError(f"GITHUB_STEP_SUMMARY {page}", "a file to write", str(error.strerror)) from error


def _check_apart(reports: Sequence[Path], evidence: Sequence[Path]) -> None:
    """Refuse to write a report over another one, or over what was judged."""
    found = [path.resolve() for path in reports]
    if len(set(found)) != len(found):
        raise click.UsageError("--save: expected a file for each report, found one for two")
    if not set(found).isdisjoint(path.resolve() for path in evidence):
        raise click.UsageError("--save: expected a file for the report, found one that is to be verified")


def _check_replaceable(path: Path) -> None:
    """Refuse to write over anything but a report of an earlier call, in whatever format."""
    from attest.cli.replacing import check_replaceable

    def is_report(beginning: bytes) -> bool:
        return beginning.startswith(tuple(each.encode() for report in REPORTS.values() for each in report.openings))

    check_replaceable(path, "a report of attest verify", is_report)


def _placed(report: Report, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """Name files as a report wants them: as they were given, or by their place in the workspace."""
    if not report.located:
        return verdicts
    import msgspec

    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())
    return [msgspec.structs.replace(each, file=_place(each.file, workspace)) for each in verdicts]


def _place(file: str, workspace: Path) -> str:
    """Return where a file is inside the workspace, or the path in full if it is not inside."""
    if file == "-":
        return file
    # Of the folder, not of the file: a link in the workspace is a place there, wherever it leads.
    path = Path(file)
    found = path.parent.resolve() / path.name
    root = workspace.resolve()
    return (found.relative_to(root) if found.is_relative_to(root) else found).as_posix()
