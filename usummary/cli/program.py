"""The program `usummary`: its root command, the commands it has, and what it exits with.

Exit codes: 0 done; 1 unexpected error; 2 wrong use or settings; 3 the input cannot be used; 4 a
model or the device cannot be used; 5 the result could not be written; 130 ended by Ctrl-C and 143
by SIGTERM, with nothing written.
"""

from __future__ import annotations

import errno
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

import usummary
from usummary import errors, log, scrubbing
from usummary.cli import evaluate, exams, research, summarise, terminal, training
from usummary.cli.options import RESEARCH_USE

EXIT_UNEXPECTED, EXIT_EXPORT = 1, 5
_EXIT_CODES: tuple[tuple[type[errors.UsummaryError], int], ...] = (
    (errors.SettingsError, 2),
    (errors.InputError, 3),
    (errors.ModelError, 4),
    (errors.DeviceError, 4),
    (errors.ExportError, EXIT_EXPORT),
)
_DISK_FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""Beside the export, libraries too write files: compiled kernels, fonts."""

logger = logging.getLogger(__name__)
app = typer.Typer(
    help=f"Summaries of ultrasound screening recordings. {RESEARCH_USE}",
    epilog="Exit codes: 0 done, 1 unexpected error, 2 wrong use or settings, 3 input,"
    " 4 model or device, 5 writing the result, 130 Ctrl-C, 143 SIGTERM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # drawing boxes around options took a third of the time of --help
    context_settings={"max_content_width": 100},
)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    terminal.allow_any_text()
    terminal.interrupt_on_signals()
    given = sys.argv[1:] if arguments is None else arguments
    code: str | int | None
    try:
        app(args=given, prog_name="usummary", obj=given)
    except SystemExit as end:
        code = end.code
    except terminal.Interrupted as interrupted:
        terminal.complain(interrupted.text)
        code = 128 + interrupted.signum
    except Exception as error:  # noqa: BLE001 -- the last stop before the person
        text, code = _explain(error)
        terminal.complain(f"usummary: {text}")
        log.fault(error, "The command failed")
    logger.info("The exit code is %s", code)
    log.stop()
    sys.exit(code)


def _explain(error: Exception) -> tuple[str, int]:
    """What to tell the person of an error, and the exit code."""
    for kind, code in _EXIT_CODES:
        if isinstance(error, kind):
            return str(error), code
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return "The disk is full. Free some space and run this again.", EXIT_EXPORT
    return (
        f"an unexpected error ended the work: {type(error).__name__}: {error}\n"
        'Add "--debug" before the command for the details to report.'
    ), EXIT_UNEXPECTED


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"usummary {usummary.__version__}")
        raise typer.Exit


def _keep_secret(given: Sequence[str]) -> None:
    """Has the log hide the files and folders that a command line names."""
    for argument in given:
        value = argument.partition("=")[2] if argument.startswith("-") else argument
        if any(mark in value for mark in "/\\.") or (value and Path(value).exists()):
            scrubbing.keep_secret(value)


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and leave."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Print the log: what is done, and where errors arise.")
    ] = False,
) -> None:
    """Take the options that stand before a command, and begin the log."""
    _keep_secret(context.obj)
    log.start(f"usummary {usummary.__version__}", shown=debug)
    logger.info("The command is %s", scrubbing.Plain(context.invoked_subcommand))


for command in (
    summarise.summarize,
    exams.info,
    exams.phantom,
    exams.models,
    training.compose,
    evaluate.evaluate,
    research.features,
):
    app.command()(command)
app.add_typer(training.train, name="train")
app.add_typer(research.dataset, name="dataset")
app.add_typer(research.experiment, name="experiment")
