"""Couriers: what shipping costs, when it arrives, and the life of a shipment."""
