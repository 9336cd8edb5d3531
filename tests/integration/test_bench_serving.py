"""The serving benchmark itself: a tiny run with real processes, and what its report is made of."""

from pathlib import Path

import msgspec
import pytest

from tests.bench.serving.figures import Figures
from tests.bench.serving.machine import code_digest
from tests.bench.serving.model import bench_model
from tests.bench.serving.plan import Plan
from tests.bench.serving.process import marked
from tests.bench.serving.report import BEGIN, END, report, write_section
from tests.bench.serving.rounds import run_rounds
from tests.bench.serving.samples import Absent, Results, Sample, Started
from tests.bench.serving.servers import CEILING, OURS, chosen
from tests.bench.serving.wrk import MISSING, find_wrk


def sample(server: str, round_number: int, requests: int) -> Sample:
    return Sample(
        server=server,
        round=round_number,
        scenario="rows-1-c16",
        rows=1,
        seconds=1.0,
        requests=requests,
        errors=0,
        p50_ms=1.0,
        p95_ms=2.0,
        p99_ms=3.0,
        cpu_s=0.5,
    )


@pytest.mark.skipif(find_wrk() is None, reason=MISSING)
def test_a_tiny_run_measures_our_endpoint_and_the_ceiling_and_keeps_what_it_measured(tmp_path: Path) -> None:
    plan = Plan(work=tmp_path, rounds=1, seconds=1.0, warm_seconds=0.0, connections=(2,), servers=(OURS, CEILING))
    servers, model = chosen(plan.servers), bench_model(tmp_path, trees=20, leaves=7)
    figures = Figures(run_rounds(plan, servers, model, print))
    assert not figures.absent(), figures.absent()
    assert figures.scenarios()[:2] == ["rows-1-c2", "rows-100-c2"]
    assert sum(each.errors for each in figures.samples()) == 0
    assert all(each.requests > 0 and each.cpu_s > 0 for each in figures.samples())
    assert figures.ratio("rows-1-c2", CEILING) is not None
    fresh = [each for each in figures.samples(OURS) if not each.scenario.startswith("repeated")]
    assert [each.cache_hits for each in fresh] == [0.0] * 4
    assert [read.keys for read in (*figures.reads(1), *figures.reads(100))] == [1, 100]
    assert "What was promised" in report(figures, plan)
    assert not marked(tmp_path)
    kept = Results(plan.results_path)
    assert kept.records == figures.results.records
    assert kept.is_done(OURS, 0)
    assert kept.is_done(CEILING, 0)
    assert kept.has_reads(0)


def test_a_ratio_is_the_median_of_ratios_inside_rounds(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    # The machine was ten times slower in the second round, for both.
    results.add([sample(OURS, 0, 1000), sample("mosec", 0, 500), sample(OURS, 1, 100), sample("mosec", 1, 50)])
    figures = Figures(results)
    assert figures.ratio("rows-1-c16", "mosec") == 2.0
    assert figures.best_peer("rows-1-c16") == "mosec"


def test_what_a_fallback_answered_does_not_count_as_served(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    results.add([msgspec.structs.replace(sample(OURS, 0, 1000), errors=100, fallbacks=300.0)])
    line = Figures(results).line(OURS, "rows-1-c16")
    assert line is not None
    assert line.requests_per_s == 600.0


def test_a_turn_that_was_cut_off_and_an_absent_server_are_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    started = Started(server=OURS, round=0, ready_s=1.0, pss_mib=1.0, rss_mib=1.0, processes=1)
    Results(path).add([sample(OURS, 0, 7), started, Absent(server="ray", round=0, reason="it ended")])
    cut_off = msgspec.json.encode(sample(OURS, 1, 9))
    path.write_bytes(path.read_bytes() + cut_off + b"\n" + cut_off[:-20])
    results = Results(path)
    assert results.records == [sample(OURS, 0, 7), started]
    assert results.is_done(OURS, 0)
    assert not results.is_done(OURS, 1)
    assert not results.is_done("ray", 0)


def test_a_reason_is_published_without_addresses_and_directories(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl")
    reason = "no answer from http://10.0.0.1:80/x; File /home/me/venvs/a.py | line 3"
    results.add([Absent(server="ray", round=0, reason=reason)])
    text = report(Figures(results), Plan(work=tmp_path))
    assert "no answer from (address) File a.py / line 3" in text


def test_another_code_has_another_digest(tmp_path: Path) -> None:
    file = tmp_path / "platform_assets" / "serving" / "heart.py"
    file.parent.mkdir(parents=True)
    file.write_text("x = 1\n")
    before = code_digest(tmp_path)
    file.write_text("x = 2\n")
    assert code_digest(tmp_path) != before


def test_the_generated_part_of_a_document_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "doc.md"
    document.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write_section(document, "new")
    assert document.read_text() == f"before\n{BEGIN}\n\nnew\n{END}\nafter\n"


def test_an_unknown_server_is_refused_with_the_names_that_there_are() -> None:
    with pytest.raises(ValueError, match="no server is called nginx; there are: ours, trivial, mosec"):
        chosen(("nginx",))
