"""Customers: linked at intake, found by what tells who they are, changed, erased."""

from shared.customers.service.linking import link
from shared.customers.service.lookups import get_customer
from shared.customers.service.records import change_customer, erase, find_customer, known_customer

__all__ = ["change_customer", "erase", "find_customer", "get_customer", "known_customer", "link"]
