"""JSON schemas for people: one table of fields per object, with types, limits and links to other objects."""

from collections.abc import Mapping
from typing import Any

from platform_assets.serving.docs_page.markup import Markup, element, join

Schema = Mapping[str, Any]
_LIMITS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxLength": "up to {} characters",
    "minItems": "from {} items",
    "maxItems": "up to {} items",
}
_LARGE = 2**53


def object_table(name: str, schema: Schema) -> Markup:
    """Return the section of one object, to which `type_of` links."""
    required = set(schema.get("required", ()))
    rows = [_row(field, told, is_required=field in required) for field, told in schema.get("properties", {}).items()]
    head = element("tr", *(element("th", title, scope="col") for title in ("field", "type", "meaning")))
    table = element("table", element("thead", head), element("tbody", *rows)) if rows else Markup("")
    return element(
        "section",
        element("h3", name),
        element("p", schema.get("description", "")),
        element("div", table, class_="scroll", tabindex="0", role="region", aria_label=f"Fields of {name}"),
        id=f"schema-{name}",
    )


def type_of(schema: Schema) -> Markup:
    """Return the type that a schema describes in a few words, with links to objects."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return element("a", name, href=f"#schema-{name}")
    if "anyOf" in schema:
        return _joined([type_of(each) for each in schema["anyOf"]])
    if "enum" in schema:
        return _joined([element("code", str(value)) for value in schema["enum"]])
    if schema.get("type") == "array":
        return _list_of(schema)
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return join("by name: ", type_of(schema["additionalProperties"]))
    return join(schema.get("format", schema.get("type", "any")))


def _list_of(schema: Schema) -> Markup:
    if "prefixItems" in schema:
        return Markup(" and ".join(map(type_of, schema["prefixItems"])))
    return join("list of ", type_of(schema["items"])) if "items" in schema else join("array")


def _row(field: str, schema: Schema, *, is_required: bool) -> Markup:
    mark = element("span", "required", class_="required") if is_required else Markup("")
    limits = ", ".join(part for part in (_limits(schema), _example(schema)) if part)
    return element(
        "tr",
        element("th", element("code", field), mark, scope="row"),
        element("td", type_of(schema)),
        element("td", schema.get("description", ""), " ", element("span", limits, class_="limits")),
    )


def _limits(schema: Schema) -> str:
    # The largest whole number of a float64 is a limit of every number and would hide the declared ones.
    told = [text.format(f"{schema[key]:g}") for key, text in _LIMITS.items() if abs(schema.get(key, _LARGE)) < _LARGE]
    return ", ".join(told)


def _example(schema: Schema) -> str:
    examples = schema.get("examples")
    return f"e.g. {examples[0]}" if examples else ""


def _joined(parts: list[Markup]) -> Markup:
    return Markup(" or ".join(parts))
