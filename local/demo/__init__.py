"""The demo: two invented retailers, a short day through the real doors, and what came of it."""
