"""The OCI Distribution API (Docker Registry HTTP API v2): one file per resource."""
