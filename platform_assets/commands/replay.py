"""`platform replay`: past predictions, batches and trainings are computed again and compared bit for bit."""

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.commands.product_names import product_named
from platform_assets.commands.replay_tables import batch_table, explained_table, replayed_table, training_table
from platform_assets.commands.terminal import JsonFlag, finish, json_of, say, show
from platform_assets.settings import Settings

if TYPE_CHECKING:
    from platform_assets.audit.replay.report import Report

_PAIR = 2


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        problem = f"{text!r} is no day; write it like 2011-12-09"
        raise typer.BadParameter(problem) from None


def replay(  # noqa: PLR0913 - one flag for each thing that can be chosen
    what: Annotated[
        list[str] | None,
        typer.Argument(help="Id of a prediction; with --batch: PRODUCT AS-OF; with --training: PRODUCT VERSION."),
    ] = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Every prediction there is.")] = False,
    sample: Annotated[int | None, typer.Option(min=1, help="That many, some of every release.")] = None,
    product: Annotated[str | None, typer.Option(help="Only predictions of this product.")] = None,
    since: Annotated[
        dt.date | None,
        typer.Option(parser=_day, metavar="DAY", help="Only batches as of, and answers on, this day on."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Also write the report there, as .md and .json.")] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Score a published batch again, from the same inputs.")
    ] = False,
    training: Annotated[bool, typer.Option("--training", help="Train a model version again from its records.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Also tell what each input added to the score.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Compute a past prediction, many of them, a batch or a training again; exit code 1 where something differs."""
    settings, words = Settings.from_environment(), what or []
    is_many = everything or sample is not None
    if batch + training + is_many > 1 or len(words) != (_PAIR if batch or training else 0 if is_many else 1):
        problem = (
            "give one prediction id, or --all, or --sample N, or --batch PRODUCT AS-OF, or --training PRODUCT VERSION"
        )
        raise typer.BadParameter(problem)
    if batch:
        _replay_batch(settings, words[0], _day(words[1]), as_json=as_json)
    elif training:
        _replay_training(settings, words[0], words[1], as_json=as_json)
    elif is_many:
        _replay_many(settings, product, since, None if everything else sample, to, as_json=as_json)
    else:
        _replay_one(settings, words[0], explain=explain, as_json=as_json)


def _replay_one(settings: Settings, prediction_id: str, *, explain: bool, as_json: bool) -> None:
    from platform_assets.audit.replay.explain import explain_one
    from platform_assets.audit.replay.replay import replay_one

    if explain:
        explained = explain_one(settings, prediction_id)
        show(explained, as_json=as_json, render=lambda: explained_table(explained))
        return
    replayed = replay_one(settings, prediction_id)
    show(replayed, as_json=as_json, render=lambda: replayed_table(replayed))
    finish(is_ok=replayed.verdict != "failed")


def _replay_many(
    settings: Settings,
    product: str | None,
    since: dt.date | None,
    sample: int | None,
    to: Path | None,
    *,
    as_json: bool,
) -> None:
    from platform_assets.audit.replay.replay import replay_many
    from platform_assets.audit.replay.report import as_markdown
    from platform_assets.audit.replay.selection import Wanted
    from platform_assets.products._discovery import discover_products

    chosen = [product_named(product).name] if product else [each.name for each in discover_products()]
    report = replay_many(settings, Wanted(chosen, since=since, sample=sample))
    if to is not None:
        _write(report, as_markdown(report), to)
    if as_json:
        typer.echo(json_of(report))
    else:
        typer.echo(as_markdown(report))
    finish(is_ok=report.is_sound)


def _replay_batch(settings: Settings, product: str, as_of: dt.date, *, as_json: bool) -> None:
    from platform_assets.batch.replay import replay_batch
    from platform_assets.ledger.database import open_ledger

    replayed = replay_batch(settings, open_ledger(settings.ledger_dsn), product_named(product), as_of)
    show(replayed, as_json=as_json, render=lambda: batch_table(replayed))
    finish(is_ok=replayed.is_exact)


def _replay_training(settings: Settings, product: str, version: str, *, as_json: bool) -> None:
    from platform_assets.ledger.database import open_ledger
    from platform_assets.training.retrain import retrain

    if not version.isdecimal():
        problem = f"{version!r} is no model version; write a whole number"
        raise typer.BadParameter(problem)
    say(f"training version {version} of {product} again")
    retrained = retrain(settings, open_ledger(settings.ledger_dsn), product_named(product).name, int(version))
    show(retrained, as_json=as_json, render=lambda: training_table(retrained))
    finish(is_ok=retrained.is_identical)


def _write(report: "Report", page: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.with_suffix(".md").write_text(page, encoding="utf-8")
    to.with_suffix(".json").write_text(json_of(report), encoding="utf-8")
    say(f"written to {to.with_suffix('.md')} and {to.with_suffix('.json')}")
