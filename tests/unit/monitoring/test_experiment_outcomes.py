"""What an experiment says, from answers in the lake and outcomes that became known: unit tests on made-up logs."""

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from platform_assets.contract.evaluation import Label
from platform_assets.errors import NotMaterializedError
from platform_assets.experiments.summary import Moments
from platform_assets.inference.live_pointer import read_live
from platform_assets.lakehouse.publish import append_once
from platform_assets.monitoring.experiment_answers import Gathered, compared_in, gather_answers
from platform_assets.monitoring.experiment_drawing import as_markdown, drawn_interval, split_told
from platform_assets.monitoring.experiment_outcomes import count_outcomes
from platform_assets.monitoring.experiment_reading import stop_at_harm
from platform_assets.monitoring.log_rows import PARTITIONS, log_rows
from platform_assets.rollouts.experiments import read_experiment, stop
from platform_assets.rollouts.experiments_course import pause
from tests.unit.monitoring.experiment_logs import (
    ACCURACY,
    ERRORS,
    LATELY,
    NOW,
    VALUE,
    answer,
    experiment_home,
    pointers_of,
    product_with_value,
)
from tests.unit.rollouts.experiment_samples import AT, PRODUCT, word

FAILED = {"score": None, "label": None, "reason": "engine_error", "fallback": "skip_action"}


def test_a_variant_whose_answers_fail_is_worse_and_the_experiment_stops_by_itself(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log(answer(number, "control") for number in range(400))
    home.log(answer(1000 + number, "treatment", **(FAILED if number % 5 == 0 else {})) for number in range(400))
    home.orders({"c1": 5.0})
    reading = home.read()
    (verdict,) = reading.report.verdicts["treatment"]
    assert verdict.word == "worse"
    assert verdict.effect == pytest.approx(0.2)
    stopped = stop_at_harm(home.settings, reading, by="dagster")
    assert stopped is not None
    assert (stopped.state, stopped.changes[-1].by) == ("stopped", "dagster")
    assert stopped.changes[-1].reason.startswith("treatment is worse in error_rate: +0.2, in [")
    assert stopped.changes[-1].evidence["report"]["verdicts"]["treatment"][0]["word"] == "worse"
    live = read_live(home.settings.releases_dir, PRODUCT)
    assert pause(stopped.experiment, live) is None, "the control is in force and answers everybody"
    assert stop_at_harm(home.settings, reading, by="dagster") is None, "it was stopped before"


def test_equal_variants_go_on_and_nobody_is_called_worse(tmp_path: Path) -> None:
    home = experiment_home(tmp_path, (ERRORS, ACCURACY))
    home.log(answer(number, "control" if number % 2 else "treatment") for number in range(800))
    home.orders({f"c{number}": 5.0 for number in range(0, 800, 3)})
    reading = home.read()
    assert reading.harm is None
    assert reading.report.is_sound
    assert stop_at_harm(home.settings, reading, by="dagster") is None
    assert read_experiment(home.settings.releases_dir, PRODUCT, "newer-model").state == "running"


def test_accuracy_comes_from_labels_that_are_known_by_now_and_from_no_others(tmp_path: Path) -> None:
    home = experiment_home(tmp_path, (ACCURACY,))
    home.log(answer(number, "control") for number in range(300))
    home.log(answer(1000 + number, "treatment", label="likely_to_stay") for number in range(300))
    home.log(answer(5000 + number, "treatment", event_at=LATELY) for number in range(50))
    home.orders({"c1": 5.0})
    control, treatment = home.read().variants
    assert (control.labels, control.accuracy) == (300, 299 / 300)
    assert (treatment.labels, treatment.accuracy) == (300, 0.0)
    assert (treatment.units, treatment.answers) == (350, 350)
    (verdict,) = home.read().report.verdicts["treatment"]
    assert verdict.word == "worse"


def test_an_answer_without_a_label_is_not_right(tmp_path: Path) -> None:
    home = experiment_home(tmp_path, (ACCURACY,))
    home.log([answer(1, "control"), answer(2, "treatment", **FAILED)])
    home.orders({"elsewhere": 5.0})
    control, treatment = home.read().variants
    assert (control.accuracy, treatment.accuracy) == (1.0, 0.0)


def test_business_value_is_one_figure_per_unit_and_a_difference_in_it_is_found(tmp_path: Path) -> None:
    home = experiment_home(tmp_path, (VALUE,))
    customers = range(600)
    home.log(answer(number, "control" if number % 2 else "treatment") for number in customers)
    home.orders({f"c{number}": 20.0 + number % 7 if number % 2 else 40.0 + number % 7 for number in customers})
    reading = home.read()
    control, treatment = reading.variants
    assert control.value_mean == pytest.approx(23.0, abs=0.1)
    assert treatment.summary.values.count == 300
    (verdict,) = reading.report.verdicts["treatment"]
    assert verdict.word == "better"
    assert verdict.interval is not None
    assert verdict.interval[0] < 20.0 < verdict.interval[1]


def test_a_unit_counts_once_by_its_first_answer_in_whatever_order_the_log_has_them(tmp_path: Path) -> None:
    home = experiment_home(tmp_path, (ACCURACY, VALUE))
    later = [answer(1, "treatment", prediction_id=f"p{n}", predicted_at=AT + dt.timedelta(hours=n)) for n in (3, 2)]
    first = answer(1, "treatment", prediction_id="p1", label="likely_to_stay")
    home.log([*later, first])
    home.orders({"c1": 5.0})
    _, treatment = home.read().variants
    assert (treatment.units, treatment.answers, treatment.labels) == (1, 3, 1)
    assert treatment.accuracy == 1.0, "the first answer said that they stay, and they did"
    assert treatment.summary.values == Moments(1, 5.0, 25.0, 5.0, 5.0)


def test_the_rows_of_one_call_are_one_answer_which_failed_when_any_of_them_did(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    call = {"request_id": "r1", "predicted_at": AT}
    home.log([answer(number, "control", **call) for number in range(5)])
    home.log([answer(10 + number, "treatment", **call, **(FAILED if number == 3 else {})) for number in range(5)])
    home.log([answer(20, "treatment", request_id="r1", predicted_at=AT + dt.timedelta(seconds=1))])
    home.orders({"c1": 5.0})
    control, treatment = home.read().variants
    assert (control.units, control.answers, control.errors) == (5, 1, 0)
    assert (treatment.units, treatment.answers, treatment.errors) == (6, 2, 1)
    assert treatment.summary.scores.total == 5


def test_a_variant_that_a_caller_chose_is_in_no_figure_but_told(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log([answer(1, "control"), *(answer(n, "treatment", chosen="override") for n in range(2, 9))])
    home.orders({"c1": 5.0})
    reading = home.read()
    assert reading.overridden == 7
    assert [one.units for one in reading.variants] == [1, 0]
    assert reading.variants[1].answers == 0


def test_users_entities_and_requests_are_units_of_their_own(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    same = {"entity_id": "x", "row_keys": {"customer_id": "x"}, "request_id": "x"}
    home.log(
        [
            answer(1, "control", **same),
            answer(2, "control", **same, unit="x"),
            answer(3, "control", **same, unit="y"),
            answer(4, "control", **same, unit="y"),
            answer(5, "control", **same, chosen="request"),
        ]
    )
    home.orders({"c1": 5.0})
    assert home.read().variants[0].units == 4


def test_a_broken_split_is_told_before_any_verdict(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log(answer(number, "treatment" if number % 4 == 0 else "control") for number in range(800))
    home.orders({"c1": 5.0})
    reading = home.read()
    assert not reading.report.is_sound
    assert split_told(reading).startswith("SAMPLE RATIO MISMATCH: 600 : 200 units for shares 0.5 : 0.5")
    assert as_markdown(reading).startswith("SAMPLE RATIO MISMATCH")


def test_before_anything_is_logged_there_is_nothing_to_say(tmp_path: Path) -> None:
    reading = experiment_home(tmp_path).read()
    assert reading.harm is None
    assert reading.report.is_sound
    assert [one.answers for one in reading.variants] == [0, 0]
    assert "too few, 0 and 0" in as_markdown(reading)


def test_a_log_that_an_earlier_version_wrote_knows_of_no_experiment(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    rows = log_rows([answer(1, "control")]).drop_columns(["experiment_id", "variant", "chosen", "unit"])
    append_once(
        home.settings.prediction_log_dir,
        rows,
        app_id="earlier",
        version=1,
        partition_by=PARTITIONS,
        metadata={},
        fsync=False,
    )
    assert home.read().variants[0].answers == 0


def test_answers_of_another_experiment_and_from_before_the_start_are_not_counted(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log([answer(1, "control", experiment_id="other"), answer(2, "control", experiment_id=None)])
    home.log([answer(3, "control", predicted_at=AT - dt.timedelta(days=2))])
    assert home.read().variants[0].answers == 0


def test_outcomes_that_are_due_without_staging_files_are_an_error_that_names_what_to_build(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log([answer(1, "control")])
    with pytest.raises(NotMaterializedError, match="group staging"):
        home.read()


def test_an_experiment_that_was_stopped_can_still_be_read(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log([answer(1, "control", event_at=NOW)])
    stop(pointers_of(home.settings), PRODUCT, "newer-model", word("enough"))
    reading = home.read()
    assert (reading.record.state, reading.paused, reading.variants[0].answers) == ("stopped", None, 1)


def test_sums_do_not_depend_on_how_the_log_was_cut_into_files(tmp_path: Path) -> None:
    entries = [answer(number, "control", latency_ms=1.0 + number % 9) for number in range(60)]
    whole, cut = experiment_home(tmp_path / "whole", (VALUE,)), experiment_home(tmp_path / "cut", (VALUE,))
    whole.log(entries)
    for start_at in (40, 0, 20):
        cut.log(entries[start_at : start_at + 20])
    for home in (whole, cut):
        home.orders({f"c{number}": 0.1 * number for number in range(60)})
    assert whole.read().variants == cut.read().variants


def test_an_outcome_may_read_the_request_fields_of_the_answer(tmp_path: Path) -> None:
    paid = Label(sql="select row_id, order_gbp * line_count as label from examples", horizon_hours=0, description="")
    product = product_with_value(paid, "cancellation_risk")
    home = experiment_home(tmp_path)
    home.stage("cancellations", {"order_id": ["o9"], "is_product": [True], "cancelled_at": [None]})
    sent = {
        "customer_id": "c1",
        "order_gbp": 2.5,
        "line_count": 4,
        "product_count": 1,
        "piece_count": 4,
        "line_gbp_max": 1.0,
        "unit_price_gbp_mean": None,
        "country": "France",
    }
    home.log([answer(1, "control", row_keys={"order_id": "o1"}, request=sent)])
    record = read_experiment(home.settings.releases_dir, PRODUCT, "newer-model")
    gathered: Gathered = gather_answers(home.settings, home.product, compared_in(record))
    unlabelled = msgspec.structs.replace(product, score=msgspec.structs.replace(product.score, threshold=None))
    count_outcomes(home.settings, unlabelled, gathered, known_until=NOW)
    assert gathered.tallies["control"].summary().values.total == 10.0


def test_an_interval_is_drawn_around_zero_with_its_effect(tmp_path: Path) -> None:
    home = experiment_home(tmp_path)
    home.log(answer(number, "control") for number in range(300))
    home.log(answer(1000 + number, "treatment", **(FAILED if number % 2 else {})) for number in range(300))
    home.orders({"c1": 5.0})
    (verdict,) = home.read().report.verdicts["treatment"]
    drawn = drawn_interval(verdict, widest=1.0)
    assert drawn.index("│") == 20 < drawn.index("─") < drawn.index("●")
