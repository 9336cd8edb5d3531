"""What was counted, as Markdown tables, and where they stand in the documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.unit.batch.poisons import POISONS


@dataclass(frozen=True)
class FalseAlarms:
    """What the guardrails said of the clean history of one product."""

    product: str
    span: str
    batches: int
    unseen: int  # of an as-of from the model's cut-off on
    refused: int
    warned: int
    compared: int  # against an earlier batch
    by_guardrail: Mapping[str, int]


@dataclass(frozen=True)
class Caught:
    """How many of the poisoned batches of one kind and product were refused, and how many more only warned of."""

    batches: int
    refused: int
    warned: int
    by_name: int  # refused by the guardrail that is named for the poison

    def __str__(self) -> str:
        """Tell it in one cell."""
        warned = f", {self.warned} warned" if self.warned else ""
        return f"{self.refused} of {self.batches}{warned}"


Detections = Mapping[tuple[str, str], Caught]  # by poison and product


def false_alarm_table(counts: Sequence[FalseAlarms]) -> str:
    """Return one row per product and their sum."""
    lines = [
        "| product | as-ofs | batches | unseen by the model | compared with an earlier one | refused | warned | by |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in counts:
        by = ", ".join(f"`{name}` {count}" for name, count in one.by_guardrail.items()) or "-"
        lines.append(
            f"| {one.product} | {one.span} | {one.batches} | {one.unseen} | {one.compared} | {one.refused} "
            f"| {one.warned} | {by} |"
        )
    sums = [
        sum(getattr(one, name) for one in counts) for name in ("batches", "unseen", "compared", "refused", "warned")
    ]
    lines.append(f"| **all** | | {' | '.join(f'**{number}**' for number in sums)} | |")
    return "\n".join(lines)


def detection_table(products: Sequence[str], found: Detections) -> str:
    """Return one row per kind of poison: the guardrail named for it and what became of each product's batches."""
    lines = [f"| poison | named guardrail | {' | '.join(products)} |", f"|---|---|{'---|' * len(products)}"]
    for poison in POISONS:
        cells = [str(found.get((poison.name, product), "-")) for product in products]
        named = f"`{poison.guardrail}`" if poison.guardrail else f"known miss: {poison.miss}"
        lines.append(f"| {poison.name} | {named} | {' | '.join(cells)} |")
    return "\n".join(lines)


def detection_sums(products: Sequence[str], found: Detections) -> str:
    """Return one row per product: kinds with a named guardrail, batches of them, how many were refused."""
    named = {poison.name for poison in POISONS if poison.guardrail}
    lines = [
        "| product | kinds | poisoned batches | refused | of these by the named guardrail | only warned of | missed |",
        "|---|---|---|---|---|---|---|",
    ]
    for product in products:
        told = [caught for (poison, of), caught in found.items() if of == product and poison in named]
        batches, refused, warned, by_name = (
            sum(getattr(one, name) for one in told) for name in ("batches", "refused", "warned", "by_name")
        )
        missed = batches - refused - warned
        lines.append(
            f"| {product} | {len(told)} | {batches} | {refused} ({refused / batches:.1%}) | {by_name} | {warned} "
            f"| {missed} ({missed / batches:.1%}) |"
        )
    return "\n".join(lines)


def put_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between the two marks of that name in a document."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, rest = path.read_text().split(begin)
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.split(end)[1]}")
