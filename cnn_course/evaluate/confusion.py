"""The confusion matrix: which class was taken for which."""

from dataclasses import dataclass

import numpy as np

from .._tables import Table, Tabular
from ..errors import DataError
from ._checks import read_answers

_SHOWN = 12  # classes up to which the whole matrix is printed; of more, the largest confusions


@dataclass(frozen=True, eq=False, repr=False)
class ConfusionMatrix(Tabular):
    """How often each class was taken for each.

    Attributes
    ----------
    counts : array of shape (classes, classes)
        int64; a row for each true class, a column for each predicted one.
    class_names : tuple of str

    Raises
    ------
    DataError
        If the counts are not a square of whole numbers with a row for each class.

    Examples
    --------
    >>> ConfusionMatrix([[8, 2], [0, 5]], ("cat", "dog"))
    ConfusionMatrix: 15 pictures; a row for each true class, a column for each predicted one
             cat      dog
    cat  8  80 %  2  20 %
    dog        0  5 100 %
    """

    counts: np.ndarray
    class_names: tuple[str, ...]

    def __post_init__(self):
        counts, names = np.asarray(self.counts), tuple(map(str, self.class_names))
        if counts.shape != (len(names), len(names)) or counts.dtype.kind not in "ui" or (counts < 0).any():
            raise DataError(
                f"counts must be whole numbers, a row and a column for each of {len(names)} classes. "
                f"Received: shape {counts.shape}, dtype {counts.dtype}"
            )
        object.__setattr__(self, "counts", counts.astype(np.int64))
        object.__setattr__(self, "class_names", names)

    def shares(self):
        """Return the counts as shares of their rows: of the pictures of a class, how many were taken for each.

        Returns
        -------
        array of shape (classes, classes)
            Rows sum to 1; NaN in the row of a class that does not occur.
        """
        sums = self.counts.sum(axis=1, keepdims=True)
        return np.divide(self.counts, sums, out=np.full(self.counts.shape, np.nan), where=sums > 0)

    def largest(self, n=10):
        """Return the most frequent confusions.

        Parameters
        ----------
        n : int
            At most so many.

        Returns
        -------
        list of (str, str, int)
            True class, predicted class, how often; the most frequent first.
        """
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:n]
        pairs = np.stack(np.unravel_index(order, wrong.shape), axis=1)
        names = self.class_names
        return [(names[i], names[j], int(wrong[i, j])) for i, j in pairs if wrong[i, j]]

    def _table(self):
        head = f"ConfusionMatrix: {self.counts.sum():,} pictures; "
        if len(self.class_names) > _SHOWN:
            rows = [(f"{n:,}", f"{true} taken for {predicted}") for true, predicted, n in self.largest()]
            return Table(rows, right=[0], above=[f"{head}{len(self.class_names)} classes; the largest confusions:"])
        rows = [
            (name, *map(_cell, *row)) for name, *row in zip(self.class_names, self.counts, self.shares(), strict=True)
        ]
        above = [f"{head}a row for each true class, a column for each predicted one"]
        return Table(rows, head=("", *self.class_names), right=range(1, len(rows) + 1), above=above)


def _cell(count, share):
    """Return a count with its share of the row; alone where it is 0, a dash where the class does not occur."""
    return "–" if np.isnan(share) else f"{count:,} {100 * share:3.0f} %" if count else "0"


def confusion_matrix(labels, answers, class_names=None):
    """Return which class was taken for which.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1, the true classes; pictures with -1 (no label) are left out.
    answers : array of shape (n,), (n, 1) or (n, classes)
        Integers: the predicted classes. Floats: probabilities, the most probable class counts (class 1 of two
        classes where its probability is above 0.5).
    class_names : sequence of str, optional
        The default is the classes' numbers.

    Returns
    -------
    ConfusionMatrix

    Raises
    ------
    DataError
        If labels and answers are not as said above.

    Examples
    --------
    >>> confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1]).counts
    array([[1, 1],
           [0, 2]])
    """
    return count(read_answers(labels, answers, class_names))


def count(answers):
    """Return the confusion matrix of answers that have been read."""
    classes, rows = len(answers.class_names), answers.labelled
    cells = answers.labels[rows] * classes + answers.predictions[rows]
    counts = np.bincount(cells, minlength=classes * classes).reshape(classes, classes)
    return ConfusionMatrix(counts, answers.class_names)
