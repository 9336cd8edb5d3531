"""The operations of the documentation page and of its two files."""

from platform_assets.serving.openapi.operation import Operation, Reply

_GROUP = "Description"


def operations() -> tuple[Operation, ...]:
    """Return the operations of the page."""
    return (
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
