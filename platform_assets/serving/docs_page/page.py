"""The whole page, made from the published document."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import Template
from typing import Any

from platform_assets.serving.docs_page.markup import Markup, element, join
from platform_assets.serving.docs_page.operation_markup import operation_section
from platform_assets.serving.docs_page.schema_markup import object_table

Document = Mapping[str, Any]


def render_page(document: Document) -> str:
    """Return the page as HTML; it refers to nothing but its own two files."""
    by_group = {tag["name"]: list(_operations(document, tag["name"])) for tag in document["tags"]}
    schemas = document["components"]["schemas"]
    return Template(read_asset("page.html")).substitute(
        title=join(document["info"]["title"]),
        about=join(document["info"]["description"]),
        navigation=_navigation(by_group),
        operations=join(*(_group(name, operations) for name, operations in by_group.items())),
        schemas=join(*(object_table(name, schemas[name]) for name in sorted(schemas))),
    )


@cache
def read_asset(name: str) -> str:
    """Return the text of a file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _operations(document: Document, group: str) -> Iterator[tuple[str, str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == [group]:
                yield method, path, operation


def _group(name: str, operations: list[tuple[str, str, Document]]) -> Markup:
    return element("section", element("h2", name), *(operation_section(*each) for each in operations))


def _navigation(by_group: Mapping[str, list[tuple[str, str, Document]]]) -> Markup:
    return join(*(_links(name, operations) for name, operations in by_group.items()))


def _links(name: str, operations: list[tuple[str, str, Document]]) -> Markup:
    links = [
        element(
            "li",
            element(
                "a",
                element("span", method.upper(), class_=f"method {method}"),
                path,
                href=f"#{operation['operationId']}",
            ),
        )
        for method, path, operation in operations
    ]
    return join(element("h2", name), element("ul", *links))
