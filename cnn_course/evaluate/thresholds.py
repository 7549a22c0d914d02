"""Precision and recall at every threshold, and the threshold that a wanted precision needs."""

from dataclasses import dataclass

import numpy as np

from .._arguments import share
from ..errors import DataError
from ._checks import class_number, need_probabilities, read_answers
from .intervals import Estimate, wilson, wilson_interval


@dataclass(frozen=True)
class Threshold:
    """A threshold, and what it does on the pictures that it was chosen on.

    Attributes
    ----------
    value : float
        Pictures whose probability of the class is at least this are kept.
    precision : Estimate
        Of the kept pictures, the share that is of the class.
    recall : Estimate
        Of the pictures of the class, the share that is kept.
    positive : str
        The name of the class.
    """

    value: float
    precision: Estimate
    recall: Estimate
    positive: str

    def __repr__(self):
        return (
            f"Threshold: {self.positive} from {self.value:.4f} on keeps {self.precision.n:,} pictures, "
            f"precision {self.precision}, recall {self.recall}"
        )


@dataclass(frozen=True, eq=False)
class PrecisionRecall:
    """Precision and recall of one class at every threshold.

    Attributes
    ----------
    thresholds : array of shape (m,)
        The different probabilities that occur, ascending. Kept is what has at least the threshold.
    precision, recall : array of shape (m,)
        At each threshold. The first threshold keeps all: recall 1, precision the share of the class.
    kept, hits : array of shape (m,)
        Pictures kept, and those of them that are of the class.
    average_precision : float
        The mean of the precisions, weighted by what each threshold adds to the recall: the area under the steps.
    positive : str
        The name of the class.
    pictures, of_class : int
        In all, and of the class.
    confidence : float
        Of the intervals.
    """

    thresholds: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    kept: np.ndarray
    hits: np.ndarray
    average_precision: float
    positive: str
    pictures: int
    of_class: int
    confidence: float = 0.95

    def at(self, threshold):
        """Return what any threshold does on these pictures.

        Parameters
        ----------
        threshold : float

        Returns
        -------
        Threshold
            With a precision of NaN where nothing is kept.
        """
        place = np.searchsorted(self.thresholds, threshold)
        kept, hits = (int(v[place]) if place < len(v) else 0 for v in (self.kept, self.hits))
        precision = wilson_interval(hits, kept, self.confidence)
        return Threshold(
            float(threshold), precision, wilson_interval(hits, self.of_class, self.confidence), self.positive
        )

    def choose_threshold(self, precision, surely=False):
        """Return the lowest threshold that reaches a precision; see the function `choose_threshold`."""
        wanted = share("precision", precision) if precision != 1 else 1.0
        reached = wilson(self.hits, self.kept, self.confidence)[0] if surely else self.precision
        enough = np.flatnonzero(reached >= wanted)
        if not len(enough):
            best = int(np.argmax(reached))
            what = f"lower end of its interval of {100 * self.confidence:g} %" if surely else "precision"
            raise DataError(
                f"No threshold reaches precision={wanted:g} for {self.positive}. The highest {what} is "
                f"{reached[best]:.3f}, at {self.thresholds[best]:.4f}."
            )
        return self.at(self.thresholds[enough[0]])

    def __repr__(self):
        return (
            f"PrecisionRecall of {self.positive}: {self.pictures:,} pictures, {self.of_class:,} of the class; "
            f"average precision {self.average_precision:.3f}, {self.of_class / self.pictures:.3f} by guessing"
        )


def precision_recall(labels, probabilities, positive=None, confidence=0.95):
    """Return precision and recall of one class at every threshold.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1; pictures with -1 (no label) are left out.
    probabilities : array of shape (n, classes), (n,) or (n, 1)
        Between 0 and 1; one number for each picture is the probability of class 1 of two.
    positive : int or str, optional
        The number of the class that is looked for (or its name, in `Evaluation.precision_recall`). The default is class
        1 of two.
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    PrecisionRecall

    Raises
    ------
    DataError
        If an argument is not as said above, or no picture is of the class.

    Examples
    --------
    >>> curve = precision_recall([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    >>> curve.thresholds, curve.precision.round(2)
    (array([0.1 , 0.35, 0.4 , 0.8 ]), array([0.5 , 0.67, 0.5 , 1.  ]))
    >>> curve
    PrecisionRecall of 1: 4 pictures, 2 of the class; average precision 0.833, 0.500 by guessing
    """
    return curve(read_answers(labels, probabilities), positive, share("confidence", confidence))


def curve(answers, positive, confidence):
    """Return precision and recall of answers that have been read."""
    k, rows = class_number(answers, positive), answers.labelled
    said, so = need_probabilities(answers)[rows, k], answers.labels[rows] == k
    name = answers.class_names[k]
    if not so.any():
        raise DataError(f"At least one picture must be of the class {name}. Received: none of {len(rows)} pictures")
    thresholds, place = np.unique(said, return_inverse=True)
    kept, hits = (
        np.cumsum(np.bincount(place, weights=v, minlength=len(thresholds))[::-1])[::-1].astype(np.int64)
        for v in (np.ones(len(so)), so)
    )
    precision, recall = hits / kept, hits / so.sum()
    average = float(-np.sum(np.diff(recall, append=0.0) * precision))
    of_class = int(so.sum())
    return PrecisionRecall(
        thresholds, precision, recall, kept, hits, average, name, len(rows), of_class, float(confidence)
    )


def choose_threshold(labels, probabilities, precision, positive=None, surely=False, confidence=0.95):
    """Return the lowest threshold that reaches a precision: of all that reach it, the one that misses least.

    Choose it on held-out pictures, and measure its precision on others: what was chosen for being good looks better
    than it is.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1; pictures with -1 (no label) are left out.
    probabilities : array of shape (n, classes), (n,) or (n, 1)
        Between 0 and 1; one number for each picture is the probability of class 1 of two.
    precision : float
        Wanted: above 0, at most 1.
    positive : int, optional
        The number of the class that is looked for; the default is class 1 of two.
    surely : bool
        Whether the lower end of the interval must reach it, too: a few lucky pictures are then not enough. (The
        interval is that of one threshold; it does not know that many were tried.)
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    Threshold

    Raises
    ------
    DataError
        If no threshold reaches it (the message names the best), or an argument is not as said above.

    Examples
    --------
    >>> choose_threshold([0, 0, 1, 1, 1], [0.1, 0.4, 0.35, 0.8, 0.9], precision=0.75)
    Threshold: 1 from 0.3500 on keeps 4 pictures, precision 0.750 (0.301 to 0.954), recall 1.000 (0.439 to 1.000)
    """
    return precision_recall(labels, probabilities, positive, confidence).choose_threshold(precision, surely)
