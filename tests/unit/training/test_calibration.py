"""Calibration and uncertainty tables."""

import datetime as dt

import numpy as np

from platform_assets.training.calibration import fit_isotonic, near_season
from platform_assets.training.metrics import prepare_metric
from platform_assets.training.uncertainty import fit_uncertainty

RANDOM = np.random.default_rng(2)


def test_calibration_repairs_a_score_that_is_too_high() -> None:
    rate = RANDOM.random(6_000)
    label = (RANDOM.random(6_000) < rate).astype(np.float64)
    raw = np.sqrt(rate)
    table, ones = fit_isotonic(raw[:3_000], label[:3_000]), np.ones(3_000)
    before = prepare_metric("calibration_error", label[3_000:], raw[3_000:])(ones)
    after = prepare_metric("calibration_error", label[3_000:], table.apply(raw[3_000:]))(ones)
    assert after < before / 3


def test_calibration_never_reverses_an_order() -> None:
    raw = RANDOM.random(500)
    table = fit_isotonic(raw, (RANDOM.random(500) < raw).astype(np.float64))
    assert (np.diff(table.apply(np.sort(RANDOM.random(500)))) >= 0).all()


def test_the_season_reaches_over_the_turn_of_the_year() -> None:
    days = [dt.datetime(2010, 12, 20), dt.datetime(2010, 1, 20), dt.datetime(2010, 7, 1)]  # noqa: DTZ001 - seconds below
    seconds = np.array([day.replace(tzinfo=dt.UTC).timestamp() for day in days])
    assert near_season(seconds, dt.date(2011, 1, 5), 30).tolist() == [True, True, False]
    assert near_season(seconds, dt.date(2011, 1, 5), None).all()


def test_the_half_width_covers_four_of_five_new_rows() -> None:
    score = RANDOM.uniform(0, 10, 20_000)
    label = score + RANDOM.normal(size=20_000) * (1 + score)
    table = fit_uncertainty("estimate", score[:10_000], label[:10_000])
    assert table is not None
    inside = np.abs(label[10_000:] - score[10_000:]) <= table.apply(score[10_000:])
    assert 0.77 < inside.mean() < 0.83
    assert table.y[-1] > 2 * table.y[0]


def test_a_probability_has_a_small_standard_error_and_a_class_none() -> None:
    score = RANDOM.random(5_000)
    label = (RANDOM.random(5_000) < score).astype(np.float64)
    table = fit_uncertainty("probability", score, label)
    assert table is not None
    assert all(0 < error < 0.03 for error in table.y)
    assert fit_uncertainty("class", score, label) is None
