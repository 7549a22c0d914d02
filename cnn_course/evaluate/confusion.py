"""The confusion matrix: which class was taken for which."""

from dataclasses import dataclass
from html import escape

import numpy as np

from ..errors import DataError
from ._checks import read_answers

_SHOWN = 12  # classes up to which the whole matrix is printed; of more, the largest confusions


@dataclass(frozen=True, eq=False)
class ConfusionMatrix:
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

    def __repr__(self):
        head = f"ConfusionMatrix: {self.counts.sum():,} pictures; "
        if len(self.class_names) > _SHOWN:
            lines = [f"  {n:>6,}  {true} taken for {predicted}" for true, predicted, n in self.largest()]
            return "\n".join([f"{head}{len(self.class_names)} classes; the largest confusions:", *lines])
        rows = zip(self.counts, self.shares(), strict=True)
        cells = [[_cell(n, s) for n, s in zip(*row, strict=True)] for row in rows]
        label = max(map(len, self.class_names))
        width = 2 + max(*map(len, self.class_names), *(len(cell) for row in cells for cell in row))
        lines = [" " * label + "".join(f"{name:>{width}}" for name in self.class_names)]
        lines += [
            f"{name:<{label}}" + "".join(f"{cell:>{width}}" for cell in row)
            for name, row in zip(self.class_names, cells, strict=True)
        ]
        return "\n".join([f"{head}a row for each true class, a column for each predicted one", *lines])

    def _repr_html_(self):
        if len(self.class_names) > _SHOWN:
            return f"<pre>{escape(repr(self))}</pre>"
        titles = "".join(f"<th scope='col'>{escape(name)}</th>" for name in self.class_names)
        rows = "".join(
            f"<tr><th scope='row' style='text-align:left'>{escape(name)}</th>"
            + "".join(f"<td>{escape(_cell(n, s))}</td>" for n, s in zip(counts, shares, strict=True))
            + "</tr>"
            for name, counts, shares in zip(self.class_names, self.counts, self.shares(), strict=True)
        )
        caption = f"{self.counts.sum():,} pictures; rows are the true classes, columns the predicted ones"
        return f"<table><caption>{caption}</caption><tr><td></td>{titles}</tr>{rows}</table>"


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
