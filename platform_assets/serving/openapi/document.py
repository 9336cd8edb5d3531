"""The OpenAPI document: made from the table of operations and from the releases that answer."""

from collections.abc import Iterator, Sequence
from inspect import getdoc
from itertools import groupby
from typing import Any

from platform_assets.errors import AccessDeniedError, AccessLogBlockedError, PlatformError, UnauthenticatedError
from platform_assets.serving.gate.rules import RULES
from platform_assets.serving.openapi.operation import JSON, Operation, Parameter, Reply
from platform_assets.serving.openapi.product_types import ProductTypes
from platform_assets.serving.openapi.schemas import Schema, Schemas
from platform_assets.serving.wire_problem import MEDIA_TYPE, Problem

VERSION = "1"
_ABOUT = "Predictions with their release, their reason and what may be done with them. Errors are RFC 9457 problems."
_REQUEST_ID = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Ties the call, its answer and its log entries together; kept when plain and short, else replaced.",
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
}
_PURPOSE = {
    "name": "X-Purpose",
    "in": "header",
    "required": False,
    "description": "What the answer is for, as a grant names it; needed unless the credential is bound to one purpose.",
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "A key of `platform access keys create`, or a token of the trusted issuer.",
}
# What every route may end in that asks who calls.
_REFUSALS: tuple[type[PlatformError], ...] = (UnauthenticatedError, AccessDeniedError, AccessLogBlockedError)
_REQUEST_ID_SENT = {"description": "The id of the request.", "required": True, "schema": {"type": "string"}}
_RETRY_AFTER = {"description": "Seconds to wait before the call is repeated.", "schema": {"type": "integer"}}


def build_document(operations: Sequence[Operation], products: Sequence[ProductTypes]) -> Schema:
    """Return the document as plain data: OpenAPI 3.1, every path of the table, one request schema per product."""
    schemas = Schemas(_kinds(operations, products))
    ordered = sorted(operations, key=lambda each: each.path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Prediction endpoint", "version": VERSION, "description": _ABOUT},
        "tags": [{"name": name} for name in dict.fromkeys(each.group for each in operations)],
        "paths": {
            path: {each.method.lower(): _operation(each, products, schemas) for each in group}
            for path, group in groupby(ordered, key=lambda each: each.path)
        },
        "components": {
            "schemas": schemas.components,
            "headers": {"RequestId": _REQUEST_ID_SENT, "RetryAfter": _RETRY_AFTER},
            "parameters": {"RequestId": _REQUEST_ID, "Purpose": _PURPOSE},
            "securitySchemes": {"bearer": _BEARER},
        },
    }


def _kinds(operations: Sequence[Operation], products: Sequence[ProductTypes]) -> Iterator[Any]:
    yield Problem
    for operation in operations:
        yield from (parameter.kind for parameter in operation.parameters)
        yield from (kind for reply in operation.replies.values() for kind in reply.kinds)
        yield from (kind for kind in (operation.request, operation.problem) if kind is not None)
    for product in products:
        yield from product.forms.values()


def _operation(operation: Operation, products: Sequence[ProductTypes], schemas: Schemas) -> Schema:
    told: Schema = {
        "operationId": operation.operation_id,
        "tags": [operation.group],
        "summary": operation.summary,
        "security": [] if _is_public(operation) else [{"bearer": []}],
        "parameters": [
            *({"$ref": "#/components/parameters/RequestId"},),
            *(() if _is_public(operation) else ({"$ref": "#/components/parameters/Purpose"},)),
            *(_parameter(each, products, schemas) for each in operation.parameters),
        ],
        "responses": _responses(operation, schemas),
    }
    if operation.description:
        told["description"] = operation.description
    if operation.is_deprecated:
        told["deprecated"] = True
    if operation.request is not None or operation.forms:
        told["requestBody"] = {"required": True, "content": {JSON: _body(operation, products, schemas)}}
    return told


def _is_public(operation: Operation) -> bool:
    return RULES.get((operation.method, operation.path)) == "public"


def _parameter(parameter: Parameter, products: Sequence[ProductTypes], schemas: Schemas) -> Schema:
    told: Schema = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required or parameter.place == "path",
        "description": parameter.description,
        "schema": schemas.of(parameter.kind),
    }
    if parameter.names_product and products:
        told["examples"] = {each.product: {"value": each.product} for each in products}
    elif parameter.example is not None:
        told["example"] = parameter.example
    return told


def _body(operation: Operation, products: Sequence[ProductTypes], schemas: Schemas) -> Schema:
    offered = [(product, form) for form in operation.forms for product in products if form in product.forms]
    examples: Schema = {f"{product.product} ({form})": {"value": product.examples[form]} for product, form in offered}
    examples.update({name: {"value": value} for name, value in operation.examples.items()})
    kinds = [product.forms[form] for product, form in offered]
    if operation.request is not None:
        kinds.append(operation.request)
    return {"schema": schemas.any_of(kinds), **({"examples": examples} if examples else {})}


def _responses(operation: Operation, schemas: Schemas) -> Schema:
    """Return the answers by status: one per reply, and one per status of the errors, with their codes."""
    by_status: dict[int, list[type[PlatformError]]] = {}
    for error in dict.fromkeys((*operation.errors, *(() if _is_public(operation) else _REFUSALS))):
        by_status.setdefault(error.status, []).append(error)
    problem = schemas.of(operation.problem or Problem)
    problems = {str(status): _problem(errors, problem) for status, errors in by_status.items()}
    replies = {str(status): _reply(reply, schemas) for status, reply in operation.replies.items()}
    responses = dict(sorted({**problems, **replies}.items()))
    for response in responses.values():
        response["headers"] = {**_headers(operation), **response["headers"]}
    return responses


def _headers(operation: Operation) -> Schema:
    told = {name: {"description": text, "schema": {"type": "string"}} for name, text in operation.headers.items()}
    return {"X-Request-Id": {"$ref": "#/components/headers/RequestId"}, **told}


def _reply(reply: Reply, schemas: Schemas) -> Schema:
    content = {reply.media_type: {"schema": schemas.any_of(reply.kinds)}} if reply.kinds else {}
    content.update({media_type: {} for media_type in reply.other_media})
    return {"description": reply.description, "headers": {}, "content": content}


def _problem(errors: Sequence[type[PlatformError]], schema: Schema) -> Schema:
    codes = "; ".join(f"`{error.code}`: {(getdoc(error) or '').splitlines()[0]}" for error in errors)
    retries = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return {
        "description": codes,
        "headers": retries if any(error.retryable for error in errors) else {},
        "content": {MEDIA_TYPE: {"schema": schema}},
    }
