"""Random histories with faults: one seed, one history, checked against invariants at its end."""
