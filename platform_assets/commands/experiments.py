"""`platform experiments`: compare releases on live traffic: create, start, look, stop."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from platform_assets.clock import wall_now
from platform_assets.commands.operator import ByOption, ReasonOption, actor_named
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, facts_table, finish, show
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.commands.experiment_records import ExperimentLine
    from platform_assets.monitoring.experiment_reading import ExperimentReading
    from platform_assets.rollouts.experiments_course import ExperimentRecord
    from platform_assets.rollouts.moves import Pointers, Word

    Change = Callable[[Pointers, str, str, Word], ExperimentRecord]

ProductArgument = Annotated[str, typer.Argument(help="Name of a product.")]
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="Id of an experiment, as `list` shows it.")]
_STYLES = {"running": "green", "draft": "yellow", "declared": "dim", "stopped": "dim"}

experiments = typer.Typer(no_args_is_help=True, help="Compare releases on live traffic: create, start, look, stop.")


@experiments.command("list")
def list_experiments(
    product: Annotated[str | None, typer.Argument(help="Name of a product; the default is all.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """List the experiments that are stored or declared, and where they are in their life."""
    from platform_assets.commands.experiment_records import experiment_lines

    settings = Settings.from_environment()
    lines = experiment_lines(settings, discover_products() if product is None else [product_named(product)])
    show(lines, as_json=as_json, render=lambda: _lines_table(lines))


@experiments.command("show")
def show_experiment(product: ProductArgument, experiment: IdArgument, *, as_json: JsonFlag = False) -> None:
    """Show what an experiment says by now: the split first, then each verdict. Looking often does no harm.

    The exit code is 1 when the split is broken or a variant is shown to be worse.
    """
    from platform_assets.monitoring.experiment_reading import read_outcomes
    from platform_assets.rollouts.experiments import read_experiment

    settings, declared = Settings.from_environment(), product_named(product)
    record = read_experiment(settings.releases_dir, declared.name, experiment)
    reading = read_outcomes(settings, declared, record, at=wall_now())
    show(reading, as_json=as_json, render=lambda: _reading(reading))
    finish(is_ok=reading.harm is None and reading.report.is_sound)


@experiments.command("create")
def create_experiment(
    product: ProductArgument,
    experiment: IdArgument,
    reason: ReasonOption,
    by: ByOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", exists=True, dir_okay=False, help="JSON of an experiment; the default is the declared."),
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Store a draft of a declared experiment, or of one in a file; it assigns nobody before it starts."""
    from platform_assets.commands.experiment_records import declared_experiment, read_document
    from platform_assets.rollouts.experiments import create

    settings, declared = Settings.from_environment(), product_named(product)
    wanted = read_document(file.read_bytes(), name=experiment) if file else declared_experiment(declared, experiment)
    if wanted.id != experiment:
        problem = f"{file} holds experiment {wanted.id!r}, not {experiment!r}"
        raise typer.BadParameter(problem)
    record = create(_pointers(settings), declared, wanted, _word(settings, by, reason))
    show(record, as_json=as_json, render=lambda: _record_table(record))


@experiments.command("start")
def start_experiment(
    product: ProductArgument,
    experiment: IdArgument,
    reason: ReasonOption,
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Let a draft split the traffic from now on; refused beside a rollout or another experiment."""
    from platform_assets.rollouts.experiments import start

    _change(start, product, experiment, by=by, reason=reason, as_json=as_json)


@experiments.command("stop")
def stop_experiment(
    product: ProductArgument,
    experiment: IdArgument,
    reason: ReasonOption,
    by: ByOption = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """End an experiment: the release in force, its control, answers everybody again."""
    from platform_assets.rollouts.experiments import stop

    _change(stop, product, experiment, by=by, reason=reason, as_json=as_json)


def _change(change: "Change", product: str, experiment: str, *, by: str | None, reason: str, as_json: bool) -> None:
    settings = Settings.from_environment()
    record = change(_pointers(settings), product_named(product).name, experiment, _word(settings, by, reason))
    show(record, as_json=as_json, render=lambda: _record_table(record))


def _pointers(settings: Settings) -> "Pointers":
    from platform_assets.rollouts.moves import Pointers

    return Pointers(releases_dir=settings.releases_dir, fsync=settings.fsync)


def _word(settings: Settings, by: str | None, reason: str) -> "Word":
    from platform_assets.rollouts.moves import Word

    return Word(by=actor_named(settings, by), at=wall_now(), reason=reason)


def _lines_table(lines: "Sequence[ExperimentLine]") -> Table:
    table = Table("Product", "Experiment", "State", "Unit", "Variants", "Since", "By", "Why", box=None, padding=(0, 1))
    for line in lines:
        state = f"{line.state}, paused: {line.paused}" if line.paused else line.state
        table.add_row(
            line.product,
            line.id,
            Text(state, style="yellow" if line.paused else _STYLES[line.state]),
            line.unit,
            ", ".join(f"{name} {share:.0%}" for name, share in line.variants.items()),
            line.since.isoformat(timespec="seconds") if line.since else "-",
            escape(line.by or "-"),
            escape(line.reason or "-"),
        )
    return table


def _record_table(record: "ExperimentRecord") -> Table:
    told = record.experiment
    table = facts_table({"product": told.product, "experiment": told.id, "state": record.state, "unit": told.unit})
    for variant in told.variants:
        table.add_row(variant.name, f"release {variant.release}, {variant.share:.0%}")
    for change in record.changes:
        by = f"{change.at.isoformat(timespec='seconds')} by {change.by}: {change.reason}"
        table.add_row(change.state, escape(by))
    return table


def _reading(reading: "ExperimentReading") -> RenderableType:
    from platform_assets.monitoring.experiment_drawing import figures, split_told, verdict_told

    split = Text(split_told(reading), style="" if reading.report.is_sound else "bold red")
    columns = ("Variant", "Release", "Share", "Units", "Answers", "Failed", "p99 ms", "Accuracy", "Value per unit")
    variants = Table(*columns, box=None, padding=(0, 1))
    for one in reading.variants:
        variants.add_row(*figures(one))
    verdicts = Table("Treatment", "Metric", "Verdict", box=None, padding=(0, 1))
    for name, found in reading.report.verdicts.items():
        for verdict in found:
            style = "bold red" if verdict.word == "worse" else ""
            verdicts.add_row(name, verdict.metric, Text(verdict_told(verdict), style=style))
    paused = [Text(f"paused: {reading.paused}", style="yellow")] if reading.paused else []
    return Group(split, *paused, _record_table(reading.record), Text(), variants, Text(), verdicts)
