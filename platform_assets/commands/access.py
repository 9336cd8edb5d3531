"""`platform access`: keys, who may do what, and whether the log of accesses is as it was written."""

from typing import Annotated

import typer

from platform_assets.commands.access_keys import keys
from platform_assets.commands.access_tables import accesses_table, chains_table, grants_table
from platform_assets.commands.terminal import JsonFlag, finish, show
from platform_assets.settings import Settings

access = typer.Typer(no_args_is_help=True, help="Make keys, see who may do what, and verify the log of accesses.")
access.add_typer(keys, name="keys")


@access.command("publish")
def publish(*, as_json: JsonFlag = False) -> None:
    """Compile consumers and roles to the policy in force; a running endpoint follows within two seconds."""
    from platform_assets.access.policy_file import policy_path
    from platform_assets.processes.access_home import publish_declared

    settings = Settings.from_environment()
    document = publish_declared(settings)
    told = {"grants": len(document.grants), "policy": policy_path(settings)}
    show(told, as_json=as_json, render=lambda: f"{told['grants']} grants are in force ({told['policy']})")


@access.command("who-may")
def who_may(
    output: Annotated[str, typer.Argument(help="An output such as PRODUCT/published_predictions; or a product.")] = "",
    *,
    action: Annotated[str | None, typer.Option(help="One action alone, such as read.")] = None,
    purpose: Annotated[str | None, typer.Option(help="One purpose alone.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """List every grant of an output or a product, as the declarations give them now."""
    from platform_assets.access.grants import compile_grants
    from platform_assets.consumers import CONSUMERS
    from platform_assets.products._discovery import discover_products

    found = [
        grant
        for grant in compile_grants(CONSUMERS, discover_products())
        if (not output or grant.output == output or grant.output.startswith(f"{output}/"))
        and action in {None, grant.action}
        and purpose in {None, grant.purpose}
    ]
    show(found, as_json=as_json, render=lambda: grants_table(found))


@access.command("verify")
def verify(
    *,
    anchor: Annotated[
        list[str] | None,
        typer.Option("--anchor", help="An end of a chain that was told elsewhere, CHAIN:SEQUENCE:MAC."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Read the whole log of accesses again; exit code 1 when a line was changed, removed, moved or added."""
    from platform_assets.access.log_anchor import anchor_of_text
    from platform_assets.access.log_files import LogFiles
    from platform_assets.access.log_verify import verify_log

    try:
        outside = [anchor_of_text(text) for text in anchor or ()]
    except ValueError as error:
        problem = "--anchor is CHAIN:SEQUENCE:MAC, as the asset access_log tells it"
        raise typer.BadParameter(problem) from error
    chains = verify_log(LogFiles.of(Settings.from_environment()), outside)
    show(chains, as_json=as_json, render=lambda: chains_table(chains))
    finish(is_ok=not any(chain.problems for chain in chains))


@access.command("log")
def log(
    output: Annotated[str, typer.Argument(help="An output or a product; the default is all.")] = "",
    *,
    denied: Annotated[bool, typer.Option("--denied", help="Denied accesses alone.")] = False,
    newest: Annotated[int, typer.Option("--newest", help="How many at most.", min=1)] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Show the newest accesses that were allowed or denied."""
    from collections import deque

    from platform_assets.access.log_files import LogFiles
    from platform_assets.access.log_read import read_accesses

    every = read_accesses(LogFiles.of(Settings.from_environment()))
    found = list(
        deque(
            (
                each
                for each in every
                if not (denied and each.is_allowed)
                and (not output or each.output == output or each.output.startswith(f"{output}/"))
            ),
            maxlen=newest,
        )
    )
    show(found, as_json=as_json, render=lambda: accesses_table(found))
