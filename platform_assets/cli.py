"""The command line: `platform COMMAND`, or `python -m platform_assets.cli COMMAND`.

Exit codes: 0 in order, 1 a problem was found or the command failed, 2 wrong usage. With `--json` stdout holds exactly
one JSON document; progress and messages for people go to stderr.
"""

import sys
import traceback

import typer

from platform_assets.commands.access import access
from platform_assets.commands.alerts import alerts
from platform_assets.commands.check import check
from platform_assets.commands.contract import contract
from platform_assets.commands.dashboards import dashboards
from platform_assets.commands.demo import demo
from platform_assets.commands.doctor import doctor
from platform_assets.commands.drift import drift
from platform_assets.commands.experiments import experiments
from platform_assets.commands.explain import explain
from platform_assets.commands.figures import figures
from platform_assets.commands.impact import impact
from platform_assets.commands.incidents import incidents
from platform_assets.commands.lake import lake
from platform_assets.commands.outcomes import outcomes
from platform_assets.commands.predict import predict
from platform_assets.commands.predictions import predictions
from platform_assets.commands.promises import promises
from platform_assets.commands.quarantine import quarantine
from platform_assets.commands.read import read
from platform_assets.commands.recall import recall
from platform_assets.commands.releases import releases
from platform_assets.commands.replay import replay
from platform_assets.commands.retraining import retraining
from platform_assets.commands.rollouts import rollouts
from platform_assets.commands.services import down, logs, up
from platform_assets.commands.slas import slas
from platform_assets.commands.status import status
from platform_assets.commands.streaming import streaming
from platform_assets.commands.terminal import EXIT_OK, EXIT_PROBLEM, json_of
from platform_assets.commands.trace import trace
from platform_assets.errors import PlatformError

app = typer.Typer(
    name="platform",
    help="An asset-based data and model platform. Exit codes: 0 in order, 1 a problem, 2 wrong usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
for _command in (
    explain,
    check,
    doctor,
    status,
    promises,
    slas,
    figures,
    drift,
    outcomes,
    predict,
    read,
    trace,
    impact,
    recall,
    replay,
    up,
    down,
    logs,
    demo,
):
    app.command()(_command)
app.add_typer(releases, name="releases")
app.add_typer(contract, name="contract")
app.add_typer(experiments, name="experiments")
app.add_typer(rollouts, name="rollouts")
app.add_typer(retraining, name="retraining")
app.add_typer(quarantine, name="quarantine")
app.add_typer(incidents, name="incidents")
app.add_typer(predictions, name="predictions")
app.add_typer(lake, name="lake")
app.add_typer(alerts, name="alerts")
app.add_typer(access, name="access")
app.add_typer(streaming, name="streaming")
app.add_typer(dashboards, name="dashboards")


def main() -> None:
    """Run one command and leave with its exit code; no error of the platform shows a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        app(arguments, prog_name="platform", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_PROBLEM
    except PlatformError as error:
        return _tell(error.code, str(error), arguments, is_retryable=error.retryable)
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a defect is told, and its traceback kept
        traceback.print_exc()
        defect = "This is a defect of the platform, please report it with the traceback above."
        return _tell("unexpected_error", f"{type(error).__name__}: {error}. {defect}", arguments)
    return EXIT_OK


def _tell(code: str, message: str, arguments: list[str], *, is_retryable: bool = False) -> int:
    if "--json" in arguments:
        typer.echo(json_of({"error": {"code": code, "message": message, "retryable": is_retryable}}))
    else:
        typer.echo(f"{code}: {message}", err=True)
    return EXIT_PROBLEM


if __name__ == "__main__":
    main()
