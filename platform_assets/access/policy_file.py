"""The compiled policy as one file beside the releases: what the endpoint decides by."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from platform_assets.access.grants import Grant, compile_grants
from platform_assets.access.private_files import read_private, write_private
from platform_assets.contract.consumers import Consumer
from platform_assets.contract.product import Product
from platform_assets.errors import PolicyUnusableError
from platform_assets.settings import Settings


class PolicyDocument(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All grants of one compilation."""

    grants: tuple[Grant, ...]


def policy_path(settings: Settings) -> Path:
    """Return the file of the policy."""
    return settings.access_dir / "policy.json"


def publish_policy(settings: Settings, consumers: Sequence[Consumer], products: Sequence[Product]) -> PolicyDocument:
    """Compile the declarations and put them in force; a running endpoint follows within two seconds."""
    document = PolicyDocument(grants=compile_grants(consumers, products))
    content = msgspec.json.format(msgspec.json.encode(document), indent=1)
    if read_private(policy_path(settings)) != content:
        write_private(policy_path(settings), content, fsync=settings.fsync)
    return document


def read_policy(path: Path) -> PolicyDocument | None:
    """Return the policy in force, None before the first; raises PolicyUnusableError for a damaged one."""
    content = read_private(path)
    if content is None:
        return None
    try:
        return msgspec.json.decode(content, type=PolicyDocument)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise PolicyUnusableError(path=str(path), problem=str(error)) from error
