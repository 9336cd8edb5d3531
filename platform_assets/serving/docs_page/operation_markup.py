"""One operation for people: what it is for, and a form that calls it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from platform_assets.serving.docs_page.markup import Markup, element, join
from platform_assets.serving.docs_page.schema_markup import type_of

Schema = Mapping[str, Any]
_SPARE_LINES = 2


def operation_section(method: str, path: str, operation: Schema) -> Markup:
    """Return the section of an operation; `page.js` finds its parts by their data attributes."""
    name = operation["operationId"]
    title = element(
        "summary",
        element("span", method.upper(), class_=f"method {method}"),
        element("code", path, class_="path"),
        element("span", operation["summary"], class_="told"),
        element("span", "deprecated", class_="deprecated") if operation.get("deprecated") else Markup(""),
    )
    content = element(
        "div",
        element("p", operation["description"]) if "description" in operation else Markup(""),
        _form(method, path, name, operation),
        element("h4", "Answers"),
        _answers(operation["responses"]),
        class_="content",
    )
    return element("details", title, content, id=name, class_="operation")


def _form(method: str, path: str, name: str, operation: Schema) -> Markup:
    is_quiet = operation["tags"] == ["Description"] and path != "/openapi.json"
    if is_quiet:
        return Markup("")
    parts = [*_parameters(name, operation), *_body(name, operation.get("requestBody"))]
    return element(
        "form",
        *parts,
        element("button", "Send", type="submit"),
        element("h4", "As a command"),
        _copied(f"curl-{name}"),
        _outcome(name),
        data_method=method.upper(),
        data_path=path,
    )


def _parameters(name: str, operation: Schema) -> Iterator[Markup]:
    for parameter in operation["parameters"]:
        if "$ref" in parameter:
            continue
        field = f"{name}-{parameter['name']}"
        examples = [each["value"] for each in parameter.get("examples", {}).values()]
        first = str(examples[0] if examples else parameter.get("example", ""))
        options = element("datalist", *(element("option", str(each)) for each in examples), id=f"{field}-known")
        yield element(
            "p",
            element("label", parameter["name"], for_=field),
            element("span", f"{parameter['in']}, ", type_of(parameter["schema"]), class_="kind"),
            element(
                "input",
                id=field,
                value=first,
                required=parameter["required"],
                list=f"{field}-known" if examples else None,
                data_parameter=parameter["name"],
                data_in=parameter["in"],
                aria_describedby=f"{field}-told",
            ),
            options if examples else Markup(""),
            element("span", parameter["description"], id=f"{field}-told", class_="hint"),
        )


def _body(name: str, body: Schema | None) -> Iterator[Markup]:
    if body is None:
        return
    ((_, content),) = body["content"].items()
    yield element("p", "Body: ", type_of(content["schema"]), class_="kind")
    examples = content.get("examples", {})
    if examples:
        options = [
            element("option", title, value=json.dumps(each["value"], indent=2)) for title, each in examples.items()
        ]
        yield element("label", "Example", for_=f"{name}-example")
        yield element("select", *options, id=f"{name}-example", data_examples=True)
    first: object = next((each["value"] for each in examples.values()), {})
    shown = json.dumps(first, indent=2)
    yield element("label", "Request body", for_=f"{name}-body")
    yield element(
        "textarea",
        shown,
        id=f"{name}-body",
        rows=str(shown.count("\n") + _SPARE_LINES),
        spellcheck="false",
        data_body=True,
    )


def _copied(field: str) -> Markup:
    return element(
        "div",
        element("pre", element("code", id=field, data_curl=True), tabindex="0"),
        element("button", "Copy", type="button", data_copies=field),
        class_="curl",
    )


def _outcome(name: str) -> Markup:
    return element(
        "div",
        element("h4", "Answer"),
        element("p", data_status=True, class_="status"),
        element("pre", data_headers=True, tabindex="0", aria_label="Headers of the answer"),
        element("pre", data_answer=True, tabindex="0", aria_label="Body of the answer"),
        class_="outcome",
        id=f"outcome-{name}",
        aria_live="polite",
        hidden=True,
    )


def _answers(responses: Schema) -> Markup:
    return element("dl", *(join(*_answer(status, response)) for status, response in responses.items()))


def _answer(status: str, response: Schema) -> Iterator[Markup]:
    yield element("dt", element("code", status))
    kinds = [type_of(each["schema"]) for each in response["content"].values() if "schema" in each]
    yield element("dd", response["description"], *(join(" (", kind, ")") for kind in kinds))
