"""The client reads the answers of a newer endpoint: what it does not know does not stop it."""

import datetime as dt
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import msgspec
import pytest

from platform_assets.client.tolerance import read_answer, tolerant
from platform_assets.serving.jobs.wire import JobSeen
from platform_assets.serving.wire import Answer, Answers, SingleAnswer
from platform_assets.serving.wire_products import Catalogue, ProductSeen

PLAIN: dict[object, object] = {str: "x", bool: True, int: 1, float: 1.5, dt.datetime: "2011-12-09T00:00:00Z"}


def plain(hint: Any) -> object:  # noqa: ANN401 - any annotation
    """Return a value of a field as it travels: absent where it may be, else the simplest one."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return {name: plain(inner) for name, inner in get_type_hints(hint).items()}
    arguments = get_args(hint)
    if type(None) in arguments:
        return None
    if get_origin(hint) is Literal:
        return arguments[0]
    if get_origin(hint) in {list, tuple}:
        return []
    return plain(arguments[0]) if arguments else PLAIN[hint]


ANSWER = cast("dict[str, object]", plain(Answer))


def answers(**changed: object) -> bytes:
    call = {"request_id": "r", "product": "x", "release_id": "x", "latency_ms": 1.0}
    return msgspec.json.encode({**call, "predictions": [{**ANSWER, **changed}]})


def test_an_answer_is_an_instance_of_the_struct_of_the_wire() -> None:
    read = read_answer(Answers, answers())
    assert isinstance(read, Answers)
    assert isinstance(read.predictions[0], Answer)
    assert read.predictions[0].event_at == dt.datetime(2011, 12, 9, tzinfo=dt.UTC)


def test_unknown_fields_and_new_words_are_taken_at_any_depth() -> None:
    read = read_answer(Answers, answers(reason="moon_phase", fallback="oracle", colour={"deep": [1]}))
    assert (read.predictions[0].reason, read.predictions[0].fallback) == ("moon_phase", "oracle")


def test_unknown_fields_of_declared_structs_are_taken_though_a_declaration_would_refuse_them() -> None:
    product: dict[str, Any] = {
        "product": "x",
        "state": "paused",
        "release": None,
        "freshness": None,
        "error": None,
        "contract": {
            "title": "t",
            "description": "d",
            "online": None,
            "row_keys": [],
            "stored_features": [],
            "owner": {"team": "t", "email": "e", "phone": "1"},
            "fields": [],
            "example_request": {},
            "score": {
                **dict.fromkeys(["meaning", "unit", "intended_use"], "x"),
                "kind": "ranking",
                "low": 0,
                "high": 1,
                "known_limitations": [],
                "since": 3,
            },
        },
    }
    read = read_answer(Catalogue, msgspec.json.encode({"products": [product]}))
    assert isinstance(read.products[0], ProductSeen)
    assert read.products[0].contract is not None
    assert (read.products[0].contract.owner.team, read.products[0].contract.score.kind) == ("t", "ranking")


def test_what_the_client_needs_stays_required_and_typed() -> None:
    with pytest.raises(msgspec.ValidationError, match="prediction_id"):
        read_answer(Answers, answers(prediction_id=3))
    with pytest.raises(msgspec.ValidationError, match="missing required field"):
        read_answer(SingleAnswer, msgspec.json.encode(ANSWER))


@pytest.mark.parametrize("kind", [Answers, SingleAnswer, Catalogue, JobSeen])
def test_every_field_of_a_tolerant_type_is_the_field_of_the_wire(kind: type[msgspec.Struct]) -> None:
    twin = tolerant(kind)
    assert issubclass(twin, kind)
    assert [field.name for field in msgspec.structs.fields(twin)] == [
        field.name for field in msgspec.structs.fields(kind)
    ]
