"""An asset-based data and model platform: a product file declares, a release publishes, the endpoint obeys."""
