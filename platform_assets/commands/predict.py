"""`platform predict`: asks the running endpoint, as any consumer would."""

import http.client
import json
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from platform_assets.access.own_keys import own_headers
from platform_assets.commands.terminal import EXIT_PROBLEM, JsonFlag, json_of, say, show
from platform_assets.errors import MalformedRequestError
from platform_assets.processes.catalog import services
from platform_assets.processes.probes import request
from platform_assets.processes.service import failure
from platform_assets.settings import Settings

Answer = dict[str, object]
_SHOWN = ("entity_id", "score", "label", "as_of", "is_stale", "fallback", "release_id", "prediction_id")


def predict(
    product: Annotated[str, typer.Argument(help="Name of a product that is served online.")],
    *,
    entity: Annotated[list[str] | None, typer.Option(help="Entity id; may be given several times.")] = None,
    row: Annotated[list[str] | None, typer.Option(help="One row as a JSON object; may be given several times.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Predict for entities by id, or for rows that carry their own fields."""
    body = request_body(product, entity or [], row or [])
    status, answer = ask_endpoint(Settings.from_environment(), body)
    if status != http.client.OK:
        _show_refusal(answer, as_json=as_json)
    show(answer, as_json=as_json, render=lambda: _table(answer))


def request_body(product: str, entities: list[str], rows: list[str]) -> Answer:
    """Return the request of POST /v1/predict. Raises MalformedRequestError when not exactly one of both is given."""
    if bool(entities) == bool(rows):
        raise MalformedRequestError(where="--entity or --row", problem="give exactly one of both")
    if entities:
        return {"product": product, "entities": entities}
    return {"product": product, "rows": [_row(position, text) for position, text in enumerate(rows)]}


def ask_endpoint(settings: Settings, body: Mapping[str, object]) -> tuple[int, Answer]:
    """Send a prediction request and return status and answer. Raises ServiceFailedError when the endpoint is away."""
    (endpoint,) = services(settings, ("endpoint",))
    try:
        headers = own_headers(settings, "me")
        status, content = request("POST", f"{endpoint.url}/v1/predict", body, headers=headers)
        return status, json.loads(content)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise failure(endpoint, f"{error}; start it with `make up`") from error


def _row(position: int, text: str) -> object:
    try:
        row = json.loads(text)
    except ValueError as error:
        raise MalformedRequestError(where=f"--row number {position + 1}", problem=f"not JSON ({error})") from error
    if not isinstance(row, dict):
        raise MalformedRequestError(where=f"--row number {position + 1}", problem="not a JSON object")
    return row


def _show_refusal(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json_of({"error": answer}))
    else:
        say(f"{answer.get('code', 'refused')}: {answer.get('detail', answer)}")
    raise typer.Exit(EXIT_PROBLEM)


def _table(answer: Answer) -> Table:
    table = Table(*_SHOWN, box=None, padding=(0, 1))
    rows = answer.get("predictions")
    for row in rows if isinstance(rows, list) else []:
        table.add_row(*(escape(str(row.get(column, ""))) for column in _SHOWN))
    return table
