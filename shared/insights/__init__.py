"""Key figures: counters a day, folded from events, without personal data (semantics 11)."""
