"""What Prometheus sees, and which alerts have to follow from it: cases for promtool."""

from typing import Any


def rule_test(series: dict[str, str], at: str, alert: str, expected: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": at, "alertname": alert, "exp_alerts": [{"exp_labels": labels} for labels in expected]}
        ],
    }


def of_churn(**labels: str) -> dict[str, str]:
    return {"product": "churn", "team": "customer-intelligence", **labels}


REQUESTS = "platform_product_request_seconds"
CASES = {
    "a thousandth of failures for an hour burns nothing fast": rule_test(
        {
            f'{REQUESTS}_count{{product="churn",outcome="answered"}}': "0+1000x90",
            f'{REQUESTS}_count{{product="churn",outcome="failed"}}': "0+1x90",
        },
        *("80m", "PlatformErrorBudgetBurns", []),
    ),
    "two in a hundred fail, and the budget of a month would be gone in two days": rule_test(
        {
            f'{REQUESTS}_count{{product="churn",outcome="answered"}}': "0+98x90",
            f'{REQUESTS}_count{{product="churn",outcome="failed"}}': "0+2x90",
        },
        "80m",
        "PlatformErrorBudgetBurns",
        [
            of_churn(severity="page", measure="error_rate", window="1h"),
            of_churn(severity="page", measure="error_rate", window="6h"),
            of_churn(severity="ticket", measure="error_rate", window="3d"),
        ],
    ),
    "it stopped ten minutes ago, and nobody is woken any more": rule_test(
        {
            f'{REQUESTS}_count{{product="churn",outcome="answered"}}': "0+98x120",
            f'{REQUESTS}_count{{product="churn",outcome="failed"}}': "0+2x60 120x60",
        },
        "100m",
        "PlatformErrorBudgetBurns",
        [of_churn(severity="ticket", measure="error_rate", window="3d")],
    ),
}


def slow(seconds: str) -> dict[str, str]:
    """Return series in which every answer takes longer than one bound and no longer than another."""
    bounds = ("0.05", "0.1", "0.12", "0.2", "0.25", "0.5", "+Inf")
    start = f'{REQUESTS}_bucket{{product="churn",outcome="answered",le='
    return {f'{start}"{le}"}}': "0+100x60" if float(le) >= float(seconds) else "0x60" for le in bounds}


CASES |= {
    "answers of 150 ms are above the target and no reason to wake anybody": rule_test(
        slow("0.2"), *("30m", "PlatformSlowAnswers", [])
    ),
    "answers of 240 ms for nine minutes wait": rule_test(slow("0.25"), *("9m", "PlatformSlowAnswers", [])),
    "answers of 240 ms for half an hour": rule_test(
        slow("0.25"), *("30m", "PlatformSlowAnswers", [of_churn(severity="page", response="scale")])
    ),
    "the ceiling of the 99th percentile": rule_test(
        slow("0.2"), *("30m", "PlatformLatencyP99AboveTarget", [of_churn(severity="ticket")])
    ),
    "a candidate that fails three times as often": rule_test(
        {
            f'platform_traffic_seconds_count{{product="churn",role="{role}",outcome="{outcome}"}}': f"0+{grows}x30"
            for role, outcome, grows in (
                *(("control", "answered", 99), ("control", "failed", 1)),
                *(("candidate", "answered", 97), ("candidate", "failed", 3)),
            )
        },
        "20m",
        "PlatformVariantErrors",
        [of_churn(severity="page", response="roll_back")],
    ),
    "a candidate that fails as often as the other": rule_test(
        {
            f'platform_traffic_seconds_count{{product="churn",role="{role}",outcome="{outcome}"}}': f"0+{grows}x30"
            for role in ("control", "candidate")
            for outcome, grows in (("answered", 99), ("failed", 1))
        },
        *("20m", "PlatformVariantErrors", []),
    ),
    "a GPU out of memory": rule_test(
        {'platform_engine_events_total{product="churn",kind="out_of_memory"}': "0x10 1x20"},
        *("20m", "PlatformGpuOutOfMemory", [of_churn(severity="page", response="reduce")]),
    ),
    "scores that shifted, as the watch found": rule_test(
        {'platform_promises{product="churn",promise="rule_score_shift",state="broken"}': "1x10"},
        *("5m", "PlatformScoreShift", [of_churn(severity="ticket", response="retrain")]),
    ),
    "a promise is broken": rule_test(
        {'platform_promises{product="churn",promise="data_age",state="broken"}': "1x10"},
        "5m",
        "PlatformPromiseBroken",
        [{"severity": "page", "product": "churn", "promise": "data_age"}],
    ),
    "the endpoint is away": rule_test(
        {'up{job="platform",instance="here:8000"}': "1x5 0x10"},
        *("12m", "PlatformEndpointDown", [{"severity": "page", "job": "platform", "instance": "here:8000"}]),
    ),
    "the endpoint is up and one product answers nothing": rule_test(
        {
            "platform_workers": "1x20",
            'platform_release_serving{product="churn",release="r",model_version="1",state="failed"}': "1x20",
        },
        *("10m", "PlatformProductNotServing", [of_churn(severity="page")]),
    ),
    "the watch is silent": rule_test(
        {'platform_figures_written_timestamp_seconds{file="promises"}': "0x20"},
        *("15m", "PlatformPromisesUnwatched", [{"severity": "page", "file": "promises"}]),
    ),
}
