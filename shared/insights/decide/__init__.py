"""The pure rules of key figures."""

from shared.insights.decide.counting import COUNTED, needs_order, split_tally, tally_of
from shared.insights.decide.figures import ages_of, figures_of, summed

__all__ = ["COUNTED", "ages_of", "figures_of", "needs_order", "split_tally", "summed", "tally_of"]
