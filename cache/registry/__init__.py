"""Images on registries: names to places, credentials, transfers (OCI distribution 1.1, Docker registry v2)."""
