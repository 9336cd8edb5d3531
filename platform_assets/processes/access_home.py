"""What an endpoint with access control needs before it starts: the policy of the declarations, and the own keys."""

from platform_assets.access.own_keys import make_own_keys
from platform_assets.access.policy_file import PolicyDocument, publish_policy
from platform_assets.consumers import CONSUMERS
from platform_assets.products._discovery import discover_products
from platform_assets.settings import Settings


def prepare_access(settings: Settings) -> None:
    """Put the declared policy in force and make the platform's own keys; nothing where access control is off."""
    if settings.access == "on":
        publish_declared(settings)
        make_own_keys(settings)


def publish_declared(settings: Settings) -> PolicyDocument:
    """Put the policy of the declared consumers and products in force."""
    return publish_policy(settings, CONSUMERS, discover_products())
