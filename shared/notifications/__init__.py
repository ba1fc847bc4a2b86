"""Telling others: signed webhooks to tenants' systems, and messages to customers."""
