"""A short soak in the suite: no answer is lost or mixed while releases swap and the store goes and comes.

`make soak` runs it for ten minutes, which is long enough to judge the memory too.
"""

from pathlib import Path

import pytest

from tests.faults.soak_endpoint import MIB, Report, growth, soak

SECONDS = 24.0  # one time without the store


def test_an_endpoint_under_swaps_and_an_outage_loses_and_mixes_no_answer(tmp_path: Path) -> None:
    report = soak(tmp_path, SECONDS)
    assert (report.outages, report.swaps >= 5) == (1, True)
    assert report.outcome.statuses[200] > 100
    assert report.fallbacks > 0
    assert report.problems() == [], str(report)


@pytest.mark.parametrize(("per_sample", "is_flat"), [(0.0, True), (MIB / 25, False)])
def test_steady_growth_is_found_and_single_peaks_are_not_taken_for_it(per_sample: float, *, is_flat: bool) -> None:
    report = Report(600.0, ids={"a"})
    for sample in range(1200):
        report.times.append(sample / 2)
        report.memory.append(40 * MIB + per_sample * sample + (20 * MIB if sample % 50 == 49 else 0))
        report.files.append(20.0)
    assert (report.problems() == []) is is_flat
    assert growth(report.times, report.memory) == pytest.approx(600 * per_sample, rel=0.02)


def test_a_lost_answer_a_broken_connection_and_a_leaked_file_are_told() -> None:
    report = Report(60.0, lost=1, times=[float(n) for n in range(60)], memory=[1.0] * 60)
    report.files = [float(n) for n in range(60)]
    report.outcome.broken = 2
    assert [problem.partition(":")[0] for problem in report.problems()] == [
        "2 connections broke",
        "1 answers are not in the log",
        "open files grew by 29.0",
        "nothing was answered",
    ]
