"""
Plots of results, as matplotlib's own figures.

They need the extra ``plot``: ``pip install 'tlslab[plot]'``. matplotlib is imported with the first of them.
"""

from tlslab.plot.heat import heat_map, resumption_matrix
from tlslab.plot.rates import rates, zeros
from tlslab.plot.trials import convergence, waiting

__all__ = ["convergence", "heat_map", "rates", "resumption_matrix", "waiting", "zeros"]
