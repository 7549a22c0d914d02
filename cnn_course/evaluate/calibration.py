"""How far a probability can be taken at its word, and the temperature that mends it."""

from dataclasses import dataclass, field

import numpy as np

from .._arguments import integer, share
from .._tables import Table, Tabular
from ..errors import DataError
from ._checks import (
    as_probabilities,
    as_scores,
    class_number,
    need_probabilities,
    read_answers,
)
from .intervals import wilson

_DRAWS = 1000  # perfectly calibrated sets that the error is held against
_CELLS = 2**22  # random numbers held at a time
_LEAST = {1: 2.0**-25, 2: 1.2e-38}  # what float32 can tell from 0: by one sigmoid (1 - p), by a softmax


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Tabular):
    """Probabilities in bins, and how often what they say is so.

    Attributes
    ----------
    edges : array of shape (bins + 1,)
        A bin is open below and closed above; the first holds its lower edge too.
    counts : array of shape (bins,)
        Pictures in each bin.
    probability : array of shape (bins,)
        The mean in the bin; NaN in an empty one.
    frequency : array of shape (bins,)
        How often it was so; NaN in an empty bin.
    low, high : array of shape (bins,)
        Wilson's interval of the frequency, pictures taken as independent.
    error : float
        The expected calibration error: the mean distance of probability and frequency, over the pictures.
    error_by_chance : float
        What it would be, in the mean, if every probability were exactly right: bins are small.
    p_value : float
        How often such perfect probabilities show an error at least as large.
    of : str
        What the probabilities are of: ``"the predicted class"``, or the name of a class.
    """

    edges: np.ndarray
    counts: np.ndarray
    probability: np.ndarray
    frequency: np.ndarray
    low: np.ndarray
    high: np.ndarray
    error: float
    error_by_chance: float
    p_value: float
    of: str = "the predicted class"
    confidence: float = field(default=0.95, repr=False)

    def _table(self):
        rows = [
            (
                f"{self.edges[k]:.3f} to {self.edges[k + 1]:.3f}",
                f"{n:,}",
                f"{self.probability[k]:.3f}" if n else "–",
                f"{self.frequency[k]:.3f} ({self.low[k]:.3f} to {self.high[k]:.3f})" if n else "–",
            )
            for k, n in enumerate(self.counts)
        ]
        above = [
            f"Calibration of the probability of {self.of}, {self.counts.sum():,} pictures",
            f"expected calibration error {self.error:.3f}; {self.error_by_chance:.3f} by chance alone "
            f"(p = {self.p_value:.3f})",
        ]
        return Table(rows, head=("probability", "pictures", "mean", "frequency"), right=[1, 2], above=above)


def calibration_curve(labels, probabilities, bins=10, strategy="uniform", positive=None, confidence=0.95, seed=0):
    """Return how often it is so when a model says so.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1; pictures with -1 (no label) are left out.
    probabilities : array of shape (n, classes), (n,) or (n, 1)
        Between 0 and 1; one number for each picture is the probability of class 1 of two.
    bins : int
    strategy : {"uniform", "quantile"}
        Bins of equal width from 0 to 1, or with equally many pictures (equal probabilities stay together, so there
        may be fewer bins).
    positive : int or str, optional
        The class (by its number; by its name in `Evaluation.calibration`) whose probability is looked at. The default
        is the class that is predicted, with its probability as the model's confidence.
    confidence : float
        Of the intervals, between 0 and 1.
    seed : int
        Of the draws for `error_by_chance` and `p_value`.

    Returns
    -------
    Calibration

    Raises
    ------
    DataError
        If an argument is not as said above.

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, section 2; Bröcker and Smith
    (2007), Increasing the reliability of reliability diagrams (what chance alone shows).

    Examples
    --------
    >>> curve = calibration_curve([0, 1, 1, 1], [0.2, 0.3, 0.9, 0.9], bins=2, positive=1)
    >>> curve.probability, curve.frequency
    (array([0.25, 0.9 ]), array([0.5, 1. ]))
    """
    return curve(read_answers(labels, probabilities), bins, strategy, positive, confidence, seed)


def curve(answers, bins, strategy, positive, confidence, seed):
    """Return the calibration of answers that have been read."""
    bins, confidence = integer("bins", bins), share("confidence", confidence)
    seed, rows = integer("seed", seed, 0), answers.labelled
    table = need_probabilities(answers)[rows]
    if positive is None:
        said, so, of = table.max(axis=1), answers.labels[rows] == answers.predictions[rows], "the predicted class"
    else:
        k = class_number(answers, positive)
        said, so, of = table[:, k], answers.labels[rows] == k, answers.class_names[k]
    edges = _edges(said, bins, strategy)
    place = np.searchsorted(edges[1:-1], said)
    counts = np.bincount(place, minlength=len(edges) - 1)
    sums, hits = (np.bincount(place, weights=values, minlength=len(counts)) for values in (said, so))
    low, high = wilson(hits, counts, confidence)
    nothing = np.full(len(counts), np.nan)
    probability, frequency = (np.divide(v, counts, out=nothing.copy(), where=counts > 0) for v in (sums, hits))
    error = float(np.abs(sums - hits).sum() / len(said))
    chance = _errors_by_chance(said, place, sums, seed)
    p_value = (1 + np.sum(chance >= error - 1e-12)) / (1 + len(chance))
    return Calibration(
        edges, counts, probability, frequency, low, high, error, float(chance.mean()), float(p_value), of, confidence
    )


def _edges(said, bins, strategy):
    if strategy == "uniform":
        return np.linspace(0, 1, bins + 1)
    if strategy != "quantile":
        raise DataError(f"strategy must be 'uniform' or 'quantile'. Received: strategy={strategy!r}")
    values = np.unique(said)
    inner = np.unique(np.quantile(said, np.linspace(0, 1, bins + 1)[1:-1]))
    if len(inner) and inner[-1] == values[-1]:  # many at the top (a sure model's 1.0) have a bin of their own
        inner = np.unique([*inner[:-1], *values[-2:-1]])
    return np.array([values[0], *inner, values[-1]])


def _errors_by_chance(said, place, sums, seed):
    """Return the errors of sets in which each probability is exactly right."""
    rng = np.random.default_rng(seed)
    order = np.argsort(place, kind="stable")
    said, starts = said[order], np.unique(place[order], return_index=True)[1]
    present, step, errors = sums[np.unique(place)], max(1, _CELLS // len(said)), []
    for start in range(0, _DRAWS, step):
        so = rng.random((min(step, _DRAWS - start), len(said)), dtype=np.float32) < said
        hits = np.add.reduceat(so, starts, axis=1, dtype=np.int64)
        errors.append(np.abs(present - hits).sum(axis=1) / len(said))
    return np.concatenate(errors)


@dataclass(frozen=True)
class Temperature:
    """The number by which logits are divided so that the probabilities fit held-out pictures.

    Attributes
    ----------
    value : float
        Above 1: the model was too sure of itself. Below 1: not sure enough. The predicted classes stay as they are.
    low, high : float
        The interval of 95 %: temperatures with a log-likelihood at most 1.92 below the best (likelihood ratio).
    loss_before, loss_after : float
        Mean negative log-likelihood (cross-entropy) of the held-out pictures, in nats.
    n : int
        Held-out pictures.
    """

    value: float
    low: float
    high: float
    loss_before: float
    loss_after: float
    n: int

    def apply(self, probabilities, from_logits=False):
        """Return the probabilities at this temperature.

        Parameters
        ----------
        probabilities : array of shape (n, classes), (n,) or (n, 1)
            Of the model whose temperature it is, on any pictures.
        from_logits : bool
            Whether they are logits.

        Returns
        -------
        array of the same shape
            float64.

        Raises
        ------
        DataError
            If they are no probabilities (or, from logits, no finite numbers).
        """
        from scipy.special import softmax

        shape = np.shape(probabilities)
        found = softmax(_logits(probabilities, from_logits) / self.value, axis=1)
        return found if len(shape) == 2 and shape[1] > 1 else found[:, 1].reshape(shape)

    def __repr__(self):
        return (
            f"Temperature: {self.value:.3f}, interval of 95 % from {self.low:.3f} to {self.high:.3f}; "
            f"cross-entropy {self.loss_before:.4f} before, {self.loss_after:.4f} after, on {self.n:,} pictures"
        )


def fit_temperature(labels, probabilities, from_logits=False):
    """Return the temperature at which the probabilities fit these pictures best.

    Take pictures that the model was not trained on, and others than those on which the result is judged.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1; pictures with -1 (no label) are left out.
    probabilities : array of shape (n, classes), (n,) or (n, 1)
        Of the held-out pictures. Probabilities of 0 count as the smallest that float32 tells from 0 (1e-38 of
        several classes; 3e-8 where a single number is given, as 1 - p is no finer): logits know more.
    from_logits : bool
        Whether they are logits, before softmax (or before the sigmoid, for one number a picture).

    Returns
    -------
    Temperature

    Raises
    ------
    DataError
        If labels and probabilities do not fit each other, or no temperature is best: every picture is right (the lower,
        the better), or the probabilities are no better than guessing (the higher, the better).

    Notes
    -----
    The loss is convex in 1 / T; its only root is found by bisection's faster kin (Brent).

    References
    ----------
    Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, section 4.2.

    Examples
    --------
    >>> labels, sure = [0] * 10 + [1] * 10, [0.01] * 8 + [0.99] * 2 + [0.99] * 8 + [0.01] * 2
    >>> temperature = fit_temperature(labels, sure)  # says 99 %, and is right in 80 % of all cases
    >>> temperature.apply([0.99]).round(3)
    array([0.8])
    """
    from scipy.optimize import brentq
    from scipy.special import softmax

    logits = _logits(probabilities, from_logits)
    rows = read_answers(labels, softmax(logits, axis=1)).labelled
    labels, logits = np.asarray(labels)[rows], logits[rows]
    logits = logits - np.take_along_axis(logits, labels[:, None], axis=1)  # the true class is at 0
    if (logits <= 0).all():
        raise DataError(
            f"No temperature is best: all {len(labels)} pictures are right, and lower temperatures are always better. "
            "Take more held-out pictures, some of them wrong."
        )

    def slope(inverse):
        return np.mean(np.sum(softmax(inverse * logits, axis=1) * logits, axis=1))

    if slope(0.0) >= 0:
        raise DataError(
            "No temperature is best: the probabilities are no better than guessing on these pictures. "
            "Do labels and probabilities belong to the same pictures, in the same order?"
        )
    best = brentq(slope, 0.0, _beyond(slope, 1.0), xtol=1e-13, rtol=1e-12)
    loss = _loss(logits, best)

    def excess(inverse):
        return len(labels) * (_loss(logits, inverse) - loss) - 3.841458820694124 / 2  # chi-squared, 1 degree, 95 %

    most = brentq(excess, best, _beyond(excess, best))
    least = brentq(excess, 0.0, best) if excess(0.0) > 0 else 0.0
    high = 1 / least if least else np.inf
    return Temperature(1 / best, 1 / most, high, _loss(logits, 1.0), loss, len(labels))


def _beyond(function, start):
    """Return a number above `start` at which the function is positive."""
    while function(start) <= 0:
        start *= 2
    return start


def _loss(logits, inverse):
    """Return the mean cross-entropy of logits less that of the true class."""
    from scipy.special import logsumexp

    return float(np.mean(logsumexp(inverse * logits, axis=1)))


def _logits(given, from_logits):
    """Return logits of shape (n, classes)."""
    if from_logits:
        values = as_scores(given, "logits")
        return np.concatenate([np.zeros_like(values), values], axis=1) if values.shape[1] == 1 else values
    shape = np.shape(given)
    least = _LEAST[2 if len(shape) == 2 and shape[1] > 1 else 1]
    return np.log(np.maximum(as_probabilities(given), least))
