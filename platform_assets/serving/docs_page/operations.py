"""The operations that describe the endpoint: the document, the page and its two files."""

from platform_assets.serving.openapi.operation import Operation, Reply

_GROUP = "Description"


def operations() -> tuple[Operation, ...]:
    """Return the operations of the description."""
    return (
        Operation(
            method="GET",
            path="/openapi.json",
            operation_id="openapi",
            group=_GROUP,
            summary="This description as OpenAPI 3.1, with a request schema for every served product.",
            replies={200: Reply(description="The document.", kinds=(dict,))},
        ),
        Operation(
            method="GET",
            path="/docs",
            operation_id="docs",
            group=_GROUP,
            summary="This page: every operation, with a form to try it.",
            replies={200: Reply(description="HTML.", kinds=(str,), media_type="text/html")},
        ),
        Operation(
            method="GET",
            path="/docs/page.css",
            operation_id="docs_style",
            group=_GROUP,
            summary="The style of the page.",
            replies={200: Reply(description="CSS.", kinds=(str,), media_type="text/css")},
        ),
        Operation(
            method="GET",
            path="/docs/page.js",
            operation_id="docs_script",
            group=_GROUP,
            summary="The behaviour of the page.",
            replies={200: Reply(description="JavaScript.", kinds=(str,), media_type="text/javascript")},
        ),
    )
