"""Chance, keyed by whose chance it is.

Two policies that do the same to the same people get the same answers, because every draw is
a hash of the seed and of what it is about, never the next number of a sequence.
"""

import hashlib
import math
from statistics import NormalDist

_STANDARD = NormalDist()


class Draws:
    """Draws of one replay.

    Parameters
    ----------
    seed
        Another seed is another day with the same parcels and people.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def uniform(self, *key: object) -> float:
        """Return a number in (0, 1) that belongs to ``key``."""
        text = "\x1f".join((str(self._seed), *map(str, key)))
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return (int.from_bytes(digest, "big") + 0.5) / 2**64

    def normal(self, sd: float, *key: object) -> float:
        """Return a draw from N(0, sd)."""
        return sd * _STANDARD.inv_cdf(min(max(self.uniform(*key), 1e-12), 1 - 1e-12))

    def lognormal(self, median: float, sigma: float, *key: object) -> float:
        """Return a draw whose logarithm is N(ln median, sigma)."""
        return median * math.exp(self.normal(sigma, *key))

    def factor(self, cv: float, *key: object) -> float:
        """Return a lognormal factor of mean 1 and coefficient of variation ``cv``."""
        sigma = math.sqrt(math.log1p(cv * cv))
        return self.lognormal(math.exp(-sigma * sigma / 2), sigma, *key)
