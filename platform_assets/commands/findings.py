"""A finding of `check` or `doctor`: something was looked at, and is in order or has a remedy."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from rich.markup import escape
from rich.table import Table

Verdict = Literal["ok", "warning", "problem"]
_STYLES: dict[Verdict, str] = {"ok": "green", "warning": "yellow", "problem": "bold red"}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at, what was seen, and for anything but `ok` what to do about it."""

    verdict: Verdict
    subject: str
    detail: str
    remedy: str = ""


def ok(subject: str, detail: str) -> Finding:
    """Return a finding in order."""
    return Finding(verdict="ok", subject=subject, detail=detail)


def problem(subject: str, detail: str, remedy: str) -> Finding:
    """Return a finding that must be mended."""
    return Finding(verdict="problem", subject=subject, detail=detail, remedy=remedy)


def warning(subject: str, detail: str, remedy: str) -> Finding:
    """Return a finding that works but should be looked at."""
    return Finding(verdict="warning", subject=subject, detail=detail, remedy=remedy)


def has_problem(findings: Sequence[Finding]) -> bool:
    """Tell whether something must be mended; warnings do not count."""
    return any(finding.verdict == "problem" for finding in findings)


def findings_table(findings: Sequence[Finding]) -> Table:
    """Return the findings as a table for people."""
    table = Table("", "What", "Seen", "What to do", box=None, padding=(0, 1))
    for finding in findings:
        told = map(escape, (finding.subject, finding.detail, finding.remedy))
        table.add_row(f"[{_STYLES[finding.verdict]}]{finding.verdict}[/]", *told)
    return table
