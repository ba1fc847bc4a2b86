"""Outbound HTTP: to addresses that tenants name, and to channels."""
