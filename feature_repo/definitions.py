"""Gives Feast's command line the generated definitions; there is nothing to edit here.

Change a feature view in dbt_project/models/features, a service in platform_assets/products.
"""

from platform_assets.features.feast_store import definitions
from platform_assets.settings import Settings

# Feast collects what it finds as attributes of this module.
globals().update({f"{type(item).__name__}_{item.name}": item for item in definitions(Settings.from_environment())})
