"""The evidence of one prediction as a page that a person reads and prints; it needs nothing but itself.

Whatever is shown was written by others (names, reasons, values), so every text is escaped and no script can run.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from platform_assets.audit.evidence import Evidence
from platform_assets.audit.trace import TraceNode
from platform_assets.audit.trace_page_style import STYLE
from platform_assets.ledger.decisions import Decision

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
Rows = Iterable[Sequence[str]]


def trace_page(evidence: Evidence) -> str:
    """Return a self-contained HTML document; the same evidence gives the same bytes."""
    title = f"Evidence of {evidence.prediction_id}"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{trace_body(evidence)}\n</main>\n"
        "</body>\n</html>\n"
    )


def trace_body(evidence: Evidence) -> str:
    """Return what stands on the page, escaped, for a page that has its own frame."""
    return "\n".join(part for part in _sections(evidence) if part)


def _sections(evidence: Evidence) -> Iterable[str]:
    model = evidence.model
    yield _head(evidence)
    yield _section("What was said", _facts(evidence.prediction))
    yield _section("What it means", _facts(evidence.meaning))
    yield _section("What it was made from", _values(evidence))
    yield _section("How it got to its release", _facts(evidence.traffic))
    if model is not None:
        yield _section("The model", _facts(_model_facts(evidence)))
        yield _section("How it was trained", _facts({**model.training_set, **model.configuration}))
        yield _section("How good it was", _facts(_numbers(model.metrics)) + _list(model.gates))
    verdicts = [(one.guardrail, one.level, one.found) for one in evidence.guardrails]
    yield _section("Guardrails of the batch", _table(("Guardrail", "Verdict", "Found"), verdicts, flag=1))
    yield _section("Decisions of people", _decisions(evidence.decisions))
    yield _section("Who may read it, and what for", _readers(evidence))
    yield _section("The whole chain, down to the raw files", f'<ul class="chain">{_node(evidence.chain)}</ul>')
    yield _section("What cannot be told", _list(evidence.missing))
    yield _section(
        "How to check it",
        f"<p>This command computes the prediction again from what is recorded and compares it bit for bit:</p>"
        f"<pre>{escape(evidence.replay_command)}</pre><p>The chain as data:</p>"
        f"<pre>platform trace {escape(evidence.prediction_id)} --json</pre>",
    )


def _head(evidence: Evidence) -> str:
    what = f"{evidence.product}, {evidence.mode} prediction"
    recall = evidence.recall
    warning = ""
    if recall is not None:
        warning = (
            f'<p class="recalled"><strong>Recalled.</strong> {escape(recall.subject)} was recalled by '
            f"{escape(recall.decided_by)} on {escape(_when(recall))}: {escape(recall.reason)}</p>"
        )
    return f"<header><p>{escape(what)}</p><h1>{escape(evidence.prediction_id)}</h1>{warning}</header>"


def _model_facts(evidence: Evidence) -> dict[str, str]:
    model = evidence.model
    if model is None:
        return {}
    return {
        "model": f"version {model.version}, {model.framework}",
        "release": model.release_id,
        "bundle sha256": model.bundle_digest,
        "code version": model.code_version,
        "training run": model.training_run,
        "trained": model.trained_at,
        "approved": f"{model.approved_at} by {model.approved_by}: {model.approval_reason}",
    }


def _values(evidence: Evidence) -> str:
    builds = dict.fromkeys((one.source, one.version, one.build) for one in evidence.values if one.build)
    notes = [f"{source}, version {version}: {build}" for source, version, build in builds]
    rows = [(one.name, one.value, one.source) for one in evidence.values]
    return _table(("Value", "As the model got it", "From"), rows) + _list(notes)


def _numbers(metrics: Mapping[str, object]) -> dict[str, str]:
    return {name: f"{value:.6g}" if isinstance(value, float) else str(value) for name, value in metrics.items()}


def _readers(evidence: Evidence) -> str:
    rows = [
        (one.title, ", ".join(one.purposes), ", ".join(f"v{version}" for version in one.versions))
        for one in evidence.readers
    ]
    return _table(("Reader", "Purposes", "Versions"), rows)


def _decisions(made: Iterable[Decision]) -> str:
    rows = [
        (f"{one.kind.replace('_', ' ')} {one.subject}", one.verdict, _when(one), one.decided_by, one.reason)
        for one in made
    ]
    return _table(("About", "Verdict", "When", "By", "Why"), rows)


def _when(decision: Decision) -> str:
    return decision.decided_at.isoformat(sep=" ", timespec="seconds")


def _node(node: TraceNode) -> str:
    title = f"<strong>{escape(node.kind.replace('_', ' '))}</strong> <code>{escape(node.id)}</code>"
    if node.is_repeated:
        return f"<li>{title} <em>(shown above)</em></li>"
    # Those of the prediction itself stand above.
    facts = {"digest": node.digest, **node.facts} if node.digest else {}
    below = "".join(_node(part) for part in node.inputs)
    shown = _facts({name: fact for name, fact in facts.items() if fact})
    return f"<li>{title}{shown}{f'<ul>{below}</ul>' if below else ''}</li>"


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>" if content else ""


def _facts(facts: Mapping[str, str]) -> str:
    told = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()
    )
    return f"<dl>{told}</dl>" if told else ""


def _list(lines: Iterable[str]) -> str:
    told = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{told}</ul>" if told else ""


def _table(head: Sequence[str], rows: Rows, *, flag: int | None = None) -> str:
    """Return a table; the column `flag` holds a verdict that is also shown by its class."""
    body = ""
    for row in rows:
        cells = "".join(
            f'<td class="{escape(cell)}">{escape(cell)}</td>' if place == flag else f"<td>{escape(cell)}</td>"
            for place, cell in enumerate(row)
        )
        body += f"<tr>{cells}</tr>"
    if not body:
        return ""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    return f'<div class="wide"><table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table></div>'
