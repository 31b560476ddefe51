"""``usummary evaluate``: summarisers and baselines on a cohort of exams with freeze-frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from usummary.cli import terminal
from usummary.cli.options import RESEARCH_USE, Overwrite, may_write, rate
from usummary.errors import ExportError, InputError, SettingsError
from usummary.paths import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from usummary.comparing.cohort import Against, Cohort, Plan
    from usummary.comparing.one_exam import Baseline
    from usummary.selection.choose import Mode


def evaluate(  # noqa: PLR0913 -- each argument is an option of the command
    exams: Annotated[
        list[Path], typer.Argument(help="Recordings with freeze-frames, or folders of them.")
    ],
    model: Annotated[list[str], typer.Option(help="Summariser: name or folder; repeatable.")],
    out: Annotated[
        Path | None, typer.Option(help="CSV file for every number of every exam.")
    ] = None,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            help="random scores, even distances, plane confidence, none; repeatable. Default: all."
        ),
    ] = None,
    length: Annotated[
        list[str] | None, typer.Option(help="15%, 0.18 or P; repeatable. Default: 15, 20, 25 %, P.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Draws of random scores: 1, 2, ...")] = 5,
    mode: Annotated[
        Literal["application", "benchmark"] | None,
        typer.Option(help="How shots are valued. Default: both, in two tables."),
    ] = None,
    cover_planes: Annotated[
        bool,
        typer.Option(
            "--cover-planes/--no-cover-planes",
            help="Application mode: something of every recognised plane first.",
        ),
    ] = False,
    sample_rate: Annotated[str, typer.Option(help="Frames per second to look at, or all.")] = "15",
    against: Annotated[
        str, typer.Option(help="Show differences to this row: a name, or a name and a length.")
    ] = "",
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where features are computed.")
    ] = "auto",
    freeze_frames: Annotated[
        Path | None, typer.Option(help="List of freeze-frames (CSV) of the one exam that is named.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Compare summarisers with freeze-frames: F1 and its bound, tau, rho, recall, planes."""
    if out is not None:
        may_write(out, overwrite=overwrite)
        if not out.absolute().parent.is_dir():
            raise ExportError(f"The folder of {out} does not exist. Make it or name another place.")
    from usummary.comparing.cohort import Plan
    from usummary.comparing.cohort_report import save_values
    from usummary.comparing.one_exam import LENGTHS
    from usummary.readers.find_exams import exams_at
    from usummary.selection.choose import MODES
    from usummary.settings import make_settings

    plan = Plan(
        models=tuple(dict.fromkeys(model)),
        baselines=_named(baseline),
        lengths=tuple(dict.fromkeys(_length(one) for one in length or LENGTHS)),
        seeds=seeds,
        settings=make_settings(
            {
                "sample_rate": rate(sample_rate),
                "device": device,
                "cover_planes": cover_planes,
                "freeze_frames": freeze_frames,
            },
            where="These options",
        ),
    )
    paths = [exam for path in exams for exam in exams_at(path)]
    if freeze_frames is not None and len(set(paths)) != 1:
        raise SettingsError(
            "--freeze-frames names the list of one exam, and there are "
            f"{len(set(paths))}. Name that exam alone, or lay a NAME.freeze.csv beside each."
        )
    cohorts = [_measured(paths, _in_mode(plan, one)) for one in ((mode,) if mode else MODES)]
    compared = _against(against, cohorts[0])
    if out is not None:
        save_values(out, cohorts)
    for cohort in cohorts:
        _show(cohort, compared)
    names = names_of(paths)
    left = [f"{names[one.path]} is left out. {one.reason}" for one in cohorts[0].left_out]
    terminal.notices((*left, RESEARCH_USE))


def _named(baselines: Sequence[str] | None) -> tuple[Baseline, ...]:
    from usummary.comparing.one_exam import BASELINES

    if baselines is None:
        return BASELINES
    unknown = [name for name in baselines if name not in (*BASELINES, "none")]
    if unknown:
        raise SettingsError(
            f'There is no baseline "{unknown[0]}". Choose from {", ".join(BASELINES)} or none.'
        )
    return tuple(name for name in BASELINES if name in baselines)


def _length(text: str) -> str:
    from usummary.settings import parse_length

    parse_length(text)
    return text.strip()


def _in_mode(plan: Plan, mode: Mode) -> Plan:
    return replace(plan, settings=plan.settings.model_copy(update={"mode": mode}))


def _measured(paths: Sequence[Path], plan: Plan) -> Cohort:
    from usummary.comparing.cohort import measure_all

    titles = terminal.TITLES | {"experiment": "Exams"}
    with terminal.progress_display(titles) as shown, terminal.cancellable(shown) as progress:
        cohort = measure_all(paths, plan, progress)
    if not cohort.exams:
        raise InputError("\n".join(one.reason for one in cohort.left_out))
    return cohort


def _against(text: str, cohort: Cohort) -> Against | None:
    """What ``--against`` names: a row, or a way to choose at every length.

    Raises:
        SettingsError: There is no such row.
    """
    from usummary.comparing.cohort import Against

    if not text:
        return None
    known = {row.who: Against(row.who) for row in cohort.rows}
    known |= {f"{row.who} {row.length}": Against(row.who, row.length) for row in cohort.rows}
    if text not in known:
        raise SettingsError(f'There is no row "{text}". Choose from {", ".join(known)}.')
    return known[text]


def _show(cohort: Cohort, against: Against | None) -> None:
    from usummary.comparing.cohort_report import table_of

    head, *rows = table_of(cohort, against)
    terminal.out(f"\n{cohort.plan.settings.mode} mode")
    terminal.table(head, rows)
    what = "Mean over exams"
    if against is not None:
        what = f"Mean over exams of the difference to {' '.join(filter(None, against))}"
    terminal.out(f"{what}, and its 95 % interval.")
