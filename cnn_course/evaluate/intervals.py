"""An estimate and its interval: Wilson's for a share, also where pictures belong together."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from .._arguments import is_integer, share
from ..errors import DataError

_FAR, _NEAR = 50.0, 15.0  # on the logit scale: beyond all ends; beyond `value`, but not yet rounded to 0 or 1


@dataclass(frozen=True)
class Estimate:
    """A number estimated from pictures, with its confidence interval.

    Attributes
    ----------
    value : float
        NaN where there is nothing to estimate it from (a class that never occurs).
    low, high : float
        The ends of the interval; 0 and 1 where there is nothing to estimate from.
    n : int
        Pictures that it rests on.
    confidence : float
        Of the interval, between 0 and 1.

    Examples
    --------
    >>> Estimate(0.9, 0.85, 0.93, n=200)
    Estimate: 0.900, interval of 95 % from 0.850 to 0.930, n = 200
    >>> print(Estimate(0.9, 0.85, 0.93, n=200))
    0.900 (0.850 to 0.930)
    """

    value: float
    low: float
    high: float
    n: int
    confidence: float = 0.95

    def __float__(self):
        return float(self.value)

    def __str__(self):
        return f"{self.in_words(self.value)} ({self.low:.3f} to {self.high:.3f})"

    def __repr__(self):
        level = f"{100 * self.confidence:g} %"
        return (
            f"Estimate: {self.in_words(self.value)}, interval of {level} from {self.low:.3f} to {self.high:.3f}, "
            f"n = {self.n:,}"
        )

    @staticmethod
    def in_words(value):
        """Return the number with three digits, or a dash where there is none."""
        return "–" if np.isnan(value) else f"{value:.3f}"


def wilson_interval(successes, n, confidence=0.95):
    """Return a share with Wilson's score interval.

    It stays within 0 and 1, and is of use where the share is 0 or 1 and where n is small.

    Parameters
    ----------
    successes, n : int
        0 <= successes <= n. With n = 0 the share is NaN and the interval all of 0 to 1.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    Estimate

    Raises
    ------
    DataError
        If the counts are no counts, or `confidence` is out of range.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference; Brown, Cai and DasGupta
    (2001), Interval estimation for a binomial proportion, section 3.

    Examples
    --------
    >>> wilson_interval(90, 100)
    Estimate: 0.900, interval of 95 % from 0.826 to 0.945, n = 100
    """
    if not is_integer(n) or not is_integer(successes, 0, n):
        raise DataError(
            f"successes and n must be integers, 0 <= successes <= n. Received: successes={successes!r}, n={n!r}"
        )
    low, high = wilson(successes, n, share("confidence", confidence))
    return Estimate(successes / n if n else np.nan, float(low), float(high), int(n), float(confidence))


def wilson(successes, n, confidence):
    """Return the lower and the upper ends of Wilson's interval; arrays, n need not be whole, 0 to 1 where n is 0."""
    successes, n = np.asarray(successes, float), np.asarray(n, float)
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        share = successes / n
        middle = (share + z2 / (2 * n)) / (1 + z2 / n)
        half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
        low = np.where(share <= 0, 0.0, np.maximum(0, middle - half))
        high = np.where(share >= 1, 1.0, np.minimum(1, middle + half))
    return np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def share_of(right, groups, confidence):
    """Return the share of True among these rows, with an interval that knows which rows belong together.

    Without groups it is Wilson's. Otherwise Wilson's with the effective number of pictures: n over the design effect
    (the variance between groups over that of independent pictures, at least 1), corrected for few groups by
    Student's t (Korn and Graubard 1998). Where all rows are alike no variance can be seen, and a group counts as if
    it were one picture, as far as its size allows: n² / Σ n_g².

    Parameters
    ----------
    right : array of bool of shape (n,)
    groups : array of int of shape (n,) or None
    confidence : float
    """
    n = len(right)
    if n == 0:
        return Estimate(np.nan, 0.0, 1.0, 0, confidence)
    value = float(np.mean(right))
    low, high = wilson(value * (size := _effective(right, groups, confidence)), size, confidence)
    return Estimate(value, float(low), float(high), n, confidence)


def _effective(right, groups, confidence):
    """Return how many independent pictures these are worth."""
    n = len(right)
    if groups is None:
        return n
    number = np.unique(groups, return_inverse=True)[1]
    sizes = np.bincount(number)
    if len(sizes) == n:
        return n
    share = np.mean(right)
    if share in (0, 1) or len(sizes) == 1:
        return n * n / np.sum(sizes**2)
    from scipy.special import stdtrit

    between = np.bincount(number, weights=right - share)
    effect = len(sizes) / (len(sizes) - 1) * np.sum(between**2) / (n * share * (1 - share))
    level = (1 + confidence) / 2
    few = (NormalDist().inv_cdf(level) / stdtrit(len(sizes) - 1, level)) ** 2
    return n / max(1.0, effect) * few


def mean_of(parts, confidence):
    """Return the mean of the shares of several parts, with an interval.

    The score interval: the means that a test would not reject, all shares moving together on the logit scale. Of one
    part it is Wilson's. Parts without a row are left out.

    Parameters
    ----------
    parts : list of (array of bool, array of int or None)
        Rows and groups of each part, as for `share_of`.
    confidence : float
    """
    from scipy.optimize import brentq
    from scipy.special import expit, logit

    parts = [(right, groups) for right, groups in parts if len(right)]
    shares = np.array([np.mean(right) for right, _ in parts])
    sizes = np.array([_effective(right, groups, confidence) for right, groups in parts])
    value, n = float(shares.mean()), sum(len(right) for right, _ in parts)
    z, start = NormalDist().inv_cdf((1 + confidence) / 2), logit((shares * sizes + 0.5) / (sizes + 1))

    def end(side):
        """Return the mean at which the distance to `value`, on this side, is z standard errors."""

        def beyond(shift):
            moved = expit(start + shift)
            error = np.sqrt(np.sum(moved * (1 - moved) / sizes)) / len(sizes)
            return side * (moved.mean() - value) - z * error

        return float(expit(start + brentq(beyond, -side * _NEAR, side * _FAR)).mean())

    low, high = 0.0 if value == 0 else end(-1), 1.0 if value == 1 else end(1)
    return Estimate(value, low, high, n, confidence)
