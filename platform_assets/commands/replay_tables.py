"""What `platform replay` shows to people."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.table import Table

from platform_assets.commands.terminal import facts_table

if TYPE_CHECKING:
    from platform_assets.audit.replay.explain import PastExplanation
    from platform_assets.audit.replay.verdict import Replayed
    from platform_assets.batch.replay import BatchReplay
    from platform_assets.training.retrain import Retrained

_COLOURS = {"equal": "green", "explained": "yellow", "differs": "red", "unavailable": "red"}


def replayed_table(replayed: "Replayed") -> Group:
    """Return the verdict of one prediction and its stages in order."""
    table = Table("stage", "outcome", "recorded", "replayed", "note")
    for stage in replayed.stages:
        colour = _COLOURS.get(stage.outcome, "dim")
        told = (stage.recorded or "", stage.replayed or "", stage.note)
        table.add_row(stage.stage, f"[{colour}]{stage.outcome}[/]", *map(escape, told))
    facts = {"prediction": replayed.prediction_id, "release": replayed.release_id, "verdict": replayed.verdict}
    return Group(facts_table({**facts, "reason": replayed.reason} if replayed.reason else facts), table)


def explained_table(past: "PastExplanation") -> Group:
    """Return the verdict of one prediction and what each input added to its score."""
    told = past.explanation
    table = Table("input", "value", "adds", "in words")
    for reason in told.reasons:
        table.add_row(reason.feature, str(reason.value), f"{reason.contribution:+.6f}", escape(reason.text))
    facts = {"baseline": told.baseline, "margin": told.margin}
    return Group(replayed_table(past.replayed), facts_table(facts), table)


def batch_table(replayed: "BatchReplay") -> Table:
    """Return what scoring a batch again gave."""
    return facts_table({name: getattr(replayed, name) for name in replayed.__struct_fields__})


def training_table(retrained: "Retrained") -> Group:
    """Return what training a version again gave, file by file."""
    table = Table("file", "recorded", "retrained", "same")
    for file in retrained.files:
        table.add_row(file.name, file.recorded[:16], file.retrained[:16], "yes" if file.is_same else "[red]no[/]")
    names = ("product", "model_version", "is_identical", "is_same_bundle", "same_measurements", "note")
    return Group(facts_table({name: getattr(retrained, name) for name in names}), table)
