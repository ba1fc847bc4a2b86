"""What must hold of every tenant's documents once nothing moves, recomputed from its ledgers."""
