"""`platform read`: the published batch of a product, for a declared consumer and purpose."""

import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from platform_assets.clock import wall_now
from platform_assets.commands.operator import actor_named
from platform_assets.commands.product_names import product_named
from platform_assets.commands.terminal import JsonFlag, facts_table, show
from platform_assets.consumers import CONSUMERS
from platform_assets.contract.product import Product
from platform_assets.errors import OutputExistsError
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

SUFFIXES = (".csv", ".parquet", ".arrow")


def _require_suffix(out: Path) -> Path:
    if out.suffix not in SUFFIXES:
        problem = f"name a file that ends in {', '.join(SUFFIXES)}"
        raise typer.BadParameter(problem)
    return out


def read(
    product: Annotated[str, typer.Argument(help="Name of a product.")],
    out: Annotated[Path, typer.Argument(help="The file to make: .csv, .parquet or .arrow.", callback=_require_suffix)],
    *,
    consumer: Annotated[str, typer.Option(help="The declared consumer that reads.")],
    purpose: Annotated[str, typer.Option(help="What for, as it is declared.")],
    version: Annotated[
        int | None,
        typer.Option("--version", help="Version of the output; the default is the published one.", min=1),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Copy what is published, with its age and flags of this moment; the read is logged, and denied where undeclared.

    An existing file is never overwritten.
    """
    from platform_assets.published.rows import published_status, read_published_rows

    settings, chosen, at = Settings.from_environment(), product_named(product), wall_now()
    asked = version or published_status(settings, chosen, at=at).batch.output_version
    _admit(settings, chosen, consumer, purpose, asked)
    if out.exists():
        raise OutputExistsError(output_uri=str(out))
    found = read_published_rows(settings, chosen, at=at, version=version)
    if (read_version := found.status.batch.output_version) != asked:  # another batch was published meanwhile
        asked = read_version
        _admit(settings, chosen, consumer, purpose, asked)
    _write(found.table, out)
    told = {"file": out, "rows": found.table.num_rows, "version": asked, "status": found.status}
    facts = {
        **{name: told[name] for name in ("file", "rows", "version")},
        "as of": found.status.batch.stamps.as_of,
        "age": f"{found.status.age_seconds:.0f} s",
        "stale": found.status.is_stale,
        "action allowed": found.status.action_allowed,
    }
    show(told, as_json=as_json, render=lambda: facts_table(facts))


def _admit(settings: Settings, product: Product, consumer: str, purpose: str, version: int | None) -> None:
    from platform_assets.access.caller import Asked
    from platform_assets.access.direct import admit_consumer
    from platform_assets.access.grants import compile_grants
    from platform_assets.access.words import output_of

    admit_consumer(
        settings,
        compile_grants(CONSUMERS, discover_products()),
        consumer,
        purpose,
        Asked(output_of(product.name, "published_predictions"), str(version), "read"),
        by=actor_named(settings, None),
        at=wall_now(),
        request_id=f"command-{uuid.uuid4().hex[:12]}",
    )


def _write(rows: "pa.Table", out: Path) -> None:
    if out.suffix == ".csv":
        import pyarrow.csv as pc

        pc.write_csv(rows, out)
    elif out.suffix == ".parquet":
        import pyarrow.parquet as pq

        pq.write_table(rows, out, compression="zstd")
    else:
        import pyarrow as pa

        with pa.ipc.new_file(str(out), rows.schema) as writer:
            writer.write_table(rows)
