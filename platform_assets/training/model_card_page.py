"""A model card as a page that a person reads and prints; it needs nothing but itself.

Names, reasons and words were written by others: every text is escaped, and no script can run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType

from platform_assets.inference.durable import write_file
from platform_assets.settings import Settings
from platform_assets.training.evaluation import MODEL, Comparison, Measurement
from platform_assets.training.gates import GateResult
from platform_assets.training.model_card import ModelCard
from platform_assets.training.model_card_style import STYLE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_NUMBER = "n"
_VERDICTS = MappingProxyType({"holds": "pass", "fails": "fail", "approved": "pass", "rejected": "fail"})
Rows = Iterable[Sequence[str]]


def card_page(card: ModelCard) -> str:
    """Return a self-contained HTML document; the same card gives the same bytes."""
    title = f"Model card: {card.product.title}, version {card.release.model_version}"
    body = "\n".join(part for part in _sections(card) if part)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def write_card(settings: Settings, card: ModelCard) -> Path:
    """Write the card of a release beside it and return its file; it appears as a whole."""
    path = settings.releases_dir / card.product.name / f"{card.release.release_id}.card.html"
    write_file(path, card_page(card).encode(), fsync=settings.fsync)
    return path


def _sections(card: ModelCard) -> Iterator[str]:
    yield _head(card)
    yield _section("Model", _facts(_model(card)))
    yield _section("What it is for, and what not", _intended(card))
    yield _section("Contract of its output", _facts(_contract(card)) + _versions(card))
    yield _section("Training data", _facts(_data(card)))
    yield _section("How good it is", _measured(card))
    yield _section("Against plain baselines", _baselines(card.judgement.evaluation.comparisons))
    yield _section("On parts of the data", _slices(card.judgement.evaluation.measurements))
    yield _section("Calibration and doubt", _calibration(card))
    yield _section("Gates", _gates(card.gates))
    yield _section("Approval", _approval(card))
    yield _section("Inputs", _inputs(card))
    yield _section("Readers", _readers(card))
    yield _section("Known incidents", _incidents(card))
    release = card.release
    yield (
        f"<footer>Release <code>{escape(release.release_id)}</code>, made "
        f"{escape(release.created_at.isoformat(sep=' ', timespec='seconds'))}. Bundle sha256 "
        f"<code>{escape(release.bundle_digest)}</code>.</footer>"
    )


def _head(card: ModelCard) -> str:
    state = ("pass", "in force") if card.is_in_force else ("", "not in force")
    return (
        f"<header><p>Model card, version {card.release.model_version}</p><h1>{escape(card.product.title)}</h1>"
        f"<p>{escape(card.product.description)}</p>"
        f'<span class="state {state[0]}">{state[1]}</span></header>'
    )


def _model(card: ModelCard) -> dict[str, str]:
    manifest, judgement, owner = card.manifest, card.judgement, card.product.owner
    return {
        "kind": f"{manifest.framework}: {', '.join(f'{k} {v}' for k, v in judgement.parameters.items())}",
        "trained": manifest.created_at.isoformat(sep=" ", timespec="seconds"),
        "training run": manifest.training_run_id,
        "code version": manifest.code_version,
        "trained with": ", ".join(f"{name} {version}" for name, version in judgement.packages.items())
        or "not recorded",
        "owner": f"{owner.team}, {owner.email}",
    }


def _intended(card: ModelCard) -> str:
    score = card.product.score
    actions = [f"{action.name}: {action.description}" for action in card.product.actions]
    return f"<p>{escape(score.intended_use)}</p><p>Known limitations:</p>{_list(score.known_limitations)}" + (
        f"<p>What machines do with it:</p>{_list(actions)}" if actions else "<p>No machine acts on it.</p>"
    )


def _contract(card: ModelCard) -> dict[str, str]:
    score = card.product.score
    told = {
        "meaning of the score": score.meaning,
        "kind": score.kind,
        "valid range": f"{score.low:g} to {score.high:g} {score.unit}",
        "version": str(score.schema_version),
        "about": card.product.entity.description,
        "largest age": f"{card.product.batch.freshness.max_age_hours:g} h from the as-of",
    }
    if score.classes:
        told["classes"] = ", ".join(f"{position} {name}" for position, name in enumerate(score.classes))
    if score.threshold is not None:
        told["labels"] = (
            f"{score.threshold.at_or_above} from {score.threshold.value:g} on, else {score.threshold.below}"
        )
    return told


def _versions(card: ModelCard) -> str:
    rows = [
        (str(one.version), one.deprecated_on.isoformat(), one.sunset.isoformat(), one.what_changed)
        for one in card.release.earlier_versions
    ]
    return _table(("Earlier version", "Deprecated", "Sunset", "What changed after it"), rows) if rows else ""


def _data(card: ModelCard) -> dict[str, str]:
    evaluation, split, found = card.judgement.evaluation, card.product.split, card.training_set
    told = {
        "what a row is": f"one {card.product.entity.name}: {card.product.label.description}",
        "training rows": f"{evaluation.train_rows:,}, mean label {evaluation.train_mean_label:.4g}",
        "test rows": f"{evaluation.test_rows:,}, mean label {evaluation.test_mean_label:.4g}",
        "split": f"by time: tested on examples from {split.cutoff.isoformat()} on, trained on those from "
        f"{split.train_from.isoformat()} whose outcome was known before",
        "sha256": card.manifest.training_set_digest,
    }
    if found is not None:
        told |= {"artifact": found.artifact_id, "made from": ", ".join(found.inputs)}
    return told


def _measured(card: ModelCard) -> str:
    evaluation = card.judgement.evaluation
    rows = [_measurement(one) for one in evaluation.measurements if one.slice == "all"]
    labels = evaluation.at_threshold
    at = f"<p>{_told_at_threshold(labels.threshold, labels.metrics())}</p>" if labels else ""
    invalid = f"<p>{evaluation.invalid_rows:,} of {evaluation.test_rows:,} test rows have no valid score.</p>"
    return _table(("Metric", "Of", "Value", "95 % interval", "Rows"), rows, numbers=(2, 3, 4)) + at + invalid


def _told_at_threshold(threshold: float, metrics: Mapping[str, float]) -> str:
    told = ", ".join(f"{name} {value:.3f}" for name, value in metrics.items())
    return escape(f"At the threshold {threshold:g}: {told}.")


def _measurement(one: Measurement) -> tuple[str, ...]:
    who = "the model" if one.scorer == MODEL else f"baseline {one.scorer}"
    return one.metric.replace("_", " "), who, _shown(one.value), _interval(one.low, one.high), f"{one.rows:,}"


def _baselines(compared: Sequence[Comparison]) -> str:
    rows = [
        (
            one.metric.replace("_", " "),
            one.slice,
            one.baseline,
            _shown(one.model),
            _shown(one.other),
            _shown(one.advantage),
            _interval(one.low, one.high),
        )
        for one in compared
    ]
    columns = ("Metric", "On", "Baseline", "Model", "Baseline's", "Advantage", "95 % interval")
    return _table(columns, rows, numbers=(3, 4, 5, 6)) if rows else "<p>No baseline is declared.</p>"


def _slices(measured: Sequence[Measurement]) -> str:
    rows = [
        (one.slice, one.metric.replace("_", " "), _shown(one.value), _interval(one.low, one.high), f"{one.rows:,}")
        for one in measured
        if one.slice != "all" and one.scorer == MODEL
    ]
    columns = ("Part", "Metric", "Value", "95 % interval", "Rows")
    return _table(columns, rows, numbers=(2, 3, 4)) if rows else "<p>No part is declared.</p>"


def _calibration(card: ModelCard) -> str:
    found, coverage = card.judgement.evaluation.calibration, card.judgement.evaluation.interval_coverage
    doubt = "" if coverage is None else f"<p>The interval of a score covers {coverage:.1%} of the test rows.</p>"
    if found is None:
        return f"<p>Scores are not calibrated.</p>{doubt}"
    rows = [
        ("mean score", _shown(found.mean_score_before), _shown(found.mean_score_after)),
        ("calibration error", _shown(found.error_before), _shown(found.error_after)),
        ("Brier score", _shown(found.brier_before), _shown(found.brier_after)),
    ]
    return _table(("On the test rows", "Before", "After"), rows, numbers=(1, 2)) + doubt


def _gates(gates: Sequence[GateResult]) -> str:
    rows = [
        ("holds" if one.is_passed else "fails", one.kind, one.gate, _plain(one.value), _plain(one.bound))
        for one in gates
    ]
    return _table(("", "Kind", "Gate", "Measured", "Bound"), rows, numbers=(3, 4))


def _approval(card: ModelCard) -> str:
    rows = [
        (one.verdict, one.decided_at.isoformat(sep=" ", timespec="seconds"), one.decided_by, one.reason)
        for one in card.decisions
    ]
    return _table(("Verdict", "When", "By", "Why"), rows) if rows else "<p>Nobody decided about it yet.</p>"


def _inputs(card: ModelCard) -> str:
    used = set(card.product.model_inputs)
    rows = [
        (one.name, one.source, one.meaning, "the model" if one.name in used else "other inputs")
        for one in card.features
    ]
    return _table(("Input", "From", "Meaning", "Used by"), rows)


def _readers(card: ModelCard) -> str:
    rows = [
        (
            consumer.title,
            reading.output.replace("_", " "),
            ", ".join(map(str, reading.versions)),
            ", ".join(purpose.replace("_", " ") for purpose in reading.purposes),
            consumer.contact.email,
        )
        for consumer, reading in card.readers
    ]
    columns = ("Reader", "Reads", "Versions", "For", "Reached at")
    return _table(columns, rows) if rows else "<p>Nobody is declared to read it.</p>"


def _incidents(card: ModelCard) -> str:
    rows = [
        (str(one.incident_id), one.severity, one.state, one.opened_at.date().isoformat(), one.title)
        for one in card.incidents
    ]
    return _table(("No.", "Severity", "State", "Opened", "What"), rows) if rows else "<p>None is on record.</p>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def _facts(facts: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    return f"<dl>{rows}</dl>"


def _list(items: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"


def _table(columns: Sequence[str], rows: Rows, *, numbers: Sequence[int] = ()) -> str:
    def kind(position: int) -> str:
        return f' class="{_NUMBER}"' if position in numbers else ""

    head = "".join(f"<th{kind(at)}>{escape(column)}</th>" for at, column in enumerate(columns))
    body = "".join(f"<tr>{''.join(_cell(value, kind(at)) for at, value in enumerate(row))}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(value: str, kind: str) -> str:
    verdict = _VERDICTS.get(value)
    shown = kind if verdict is None else f' class="{verdict}"'
    return f"<td{shown}>{escape(value)}</td>"


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _interval(low: float | None, high: float | None) -> str:
    return "-" if low is None or high is None else f"{low:.4f} to {high:.4f}"
