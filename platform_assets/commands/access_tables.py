"""How keys, grants, accesses and chains of the access log look to a person at a terminal."""

import datetime as dt
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from platform_assets.access.api_keys import ApiKey
from platform_assets.access.grants import Grant
from platform_assets.access.log_blocks import Access
from platform_assets.access.log_verify import ChainSeen


def keys_table(keys: Sequence[ApiKey], at: dt.datetime) -> Table:
    """Return keys, one a line, the oldest first."""
    table = Table("Key", "State", "Subject", "Purposes", "Made", "By", "Good until", box=None, padding=(0, 1))
    for key in keys:
        table.add_row(
            key.key_id,
            _state(key, at),
            escape(key.subject),
            ", ".join(key.purposes) or "as declared",
            _instant(key.created_at),
            escape(key.created_by),
            _instant(key.expires_at),
        )
    return table


def grants_table(grants: Sequence[Grant]) -> Table:
    """Return grants, one a line."""
    table = Table("Who", "May", "Output", "Version", "For", box=None, padding=(0, 1))
    for grant in grants:
        table.add_row(grant.actor, grant.action, grant.output, grant.version, grant.purpose)
    return table


def accesses_table(accesses: Sequence[Access]) -> Table:
    """Return accesses, one a line, the oldest first."""
    table = Table("At", "Who", "By", "Asked", "Version", "For", "Outcome", box=None, padding=(0, 1))
    for each in accesses:
        outcome = "[green]allowed[/]" if each.is_allowed else f"[red]denied[/]: {escape(each.why)}"
        table.add_row(
            _instant(each.at),
            escape(each.subject),
            each.credential,
            escape(f"{each.action or ''} {each.output}".strip()),
            each.version,
            each.purpose,
            outcome,
        )
    return table


def chains_table(chains: Sequence[ChainSeen]) -> RenderableType:
    """Return chains, one a line, above what is wrong with them."""
    table = Table("Chain", "State", "Blocks", "Allowed", "Denied", "Head", box=None, padding=(0, 1))
    for each in chains:
        state = "[red]tampered with[/]" if each.problems else "[green]intact[/]"
        table.add_row(each.chain, state, str(each.blocks), str(each.allowed), str(each.denied), each.head)
    return Group(table, *(Text(problem, style="red") for each in chains for problem in each.problems))


def _state(key: ApiKey, at: dt.datetime) -> str:
    if key.revoked_at is not None:
        return "[red]revoked[/]"
    if at >= key.expires_at:
        return "[dim]expired[/]"
    return "[yellow]rotated[/]" if key.successor else "[green]in force[/]"


def _instant(at: dt.datetime) -> str:
    return at.isoformat(timespec="seconds")
