"""What answers get right, as numbers with their intervals, class by class."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .._arguments import integer, share
from .._tables import Table, Tabular
from . import calibration, thresholds
from ._checks import (
    Answers,
    checked_groups,
    class_number,
    need_probabilities,
    read_answers,
)
from .confusion import ConfusionMatrix, count
from .intervals import Estimate, mean_of, share_of


@dataclass(frozen=True)
class ClassScores:
    """How well one class is found.

    Attributes
    ----------
    name : str
    pictures, predicted : int
        Pictures of the class, and pictures that were given it.
    precision : Estimate
        Of the pictures that were given the class, the share that is of it. NaN for a class never predicted.
    recall : Estimate
        Of the pictures of the class, the share that was given it. NaN for a class that does not occur.
    f1 : Estimate
        Their harmonic mean; 0 if the class was never hit, NaN if it neither occurs nor is predicted.
    """

    name: str
    pictures: int
    predicted: int
    precision: Estimate
    recall: Estimate
    f1: Estimate


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Tabular):
    """What a model gets right on a set of pictures.

    Row numbers are those of the set that was evaluated. Pictures without a label (-1) count nowhere.

    Attributes
    ----------
    labels, predictions : array of shape (n,)
        int64.
    probabilities : array of shape (n, classes) or None
        float64, two columns for two classes; None where only predictions were given.
    class_names : tuple of str
    groups : array of shape (n,) or None
        Pictures with the same number belong together; intervals are wider for it.
    confidence : float
        Of the intervals.

    Notes
    -----
    Intervals of shares are Wilson's. With groups they rest on the effective number of pictures (design effect, Korn
    and Graubard 1998). F1 is ``2 J / (1 + J)`` with J the hits among all pictures that are of the class or were given
    it, so its interval is Wilson's for J, transformed. Balanced accuracy is the mean recall of the classes that occur;
    its interval inverts the score test, all recalls moving together on the logit scale (of one class it is Wilson's).
    No interval knows that a training with another seed gives another model.
    """

    labels: np.ndarray
    predictions: np.ndarray
    probabilities: np.ndarray | None
    class_names: tuple[str, ...]
    groups: np.ndarray | None = field(default=None, repr=False)
    confidence: float = 0.95

    def __len__(self):
        return len(self.labels)

    @property
    def answers(self):
        """Labels and answers, as the functions of this room share them."""
        return Answers(self.labels, self.predictions, self.probabilities, self.class_names)

    @cached_property
    def confusion(self) -> ConfusionMatrix:
        """Which class was taken for which."""
        return count(self.answers)

    @cached_property
    def accuracy(self) -> Estimate:
        """Share of the pictures that got their class."""
        return self._share(self.labels >= 0, self.labels == self.predictions)

    @cached_property
    def balanced_accuracy(self) -> Estimate:
        """Mean of the recalls of the classes that occur: each class counts the same."""
        right, parts = self.labels == self.predictions, [self.labels == k for k in range(len(self.class_names))]
        groups = self.groups
        return mean_of([(right[of], None if groups is None else groups[of]) for of in parts], self.confidence)

    @cached_property
    def per_class(self) -> tuple[ClassScores, ...]:
        """Precision, recall and F1 of each class, in the order of the classes."""
        return tuple(map(self._scores, range(len(self.class_names))))

    def __getitem__(self, name):
        """Return the scores of the class of this name or number."""
        return self.per_class[class_number(self.answers, name, "name")]

    def errors(self, n=None):
        """Return the rows that are wrong, the most confident ones first; see `confident_errors`.

        Parameters
        ----------
        n : int, optional
            At most so many; the default is all.

        Returns
        -------
        array of int
        """
        return _errors(self.answers, n)

    def calibration(self, bins=10, strategy="uniform", positive=None, seed=0):
        """Return how far the probabilities can be taken at their word; see `calibration_curve`."""
        return calibration.curve(self.answers, bins, strategy, positive, self.confidence, seed)

    def precision_recall(self, positive=None):
        """Return precision and recall of one class at every threshold; see the function `precision_recall`."""
        return thresholds.curve(self.answers, positive, self.confidence)

    def to_dataframe(self):
        """Return the table of the classes as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            A row for each class; of each score the value and the ends of its interval.
        """
        import pandas as pd

        columns = {name: [getattr(s, name) for s in self.per_class] for name in ("name", "pictures", "predicted")}
        for score in ("precision", "recall", "f1"):
            for part, ending in (("value", ""), ("low", "_low"), ("high", "_high")):
                columns[score + ending] = [getattr(getattr(s, score), part) for s in self.per_class]
        return pd.DataFrame(columns).rename(columns={"name": "class"})

    def _share(self, of, right):
        groups = None if self.groups is None else self.groups[of]
        return share_of(right[of], groups, self.confidence)

    def _scores(self, k):
        labelled = self.labels >= 0
        true, said = self.labels == k, labelled & (self.predictions == k)
        j = self._share(true | said, true & said)
        f1 = Estimate(*(2 * v / (1 + v) for v in (j.value, j.low, j.high)), j.n, self.confidence)
        return ClassScores(
            self.class_names[k], int(true.sum()), int(said.sum()), self._share(said, true), self._share(true, said), f1
        )

    def _headline(self):
        labelled = int((self.labels >= 0).sum())
        text = f"{labelled:,} pictures, {len(self.class_names)} classes; intervals of {100 * self.confidence:g} %"
        if labelled < len(self):
            text += f"; {len(self) - labelled:,} pictures without a label left out"
        groups = checked_groups(None if self.groups is None else self.groups[self.labels >= 0], labelled)
        if groups is not None:
            text += f", widened as the pictures lie in {groups.max() + 1:,} groups"
        return text

    def _table(self):
        rows = [
            (s.name, f"{s.pictures:,}", f"{s.predicted:,}", *map(str, (s.precision, s.recall, s.f1)))
            for s in self.per_class
        ]
        head = ("class", "pictures", "predicted", "precision", "recall", "F1")
        top = [f"accuracy           {self.accuracy}", f"balanced accuracy  {self.balanced_accuracy}"]
        return Table(rows, head=head, right=[1, 2], above=[f"Evaluation: {self._headline()}", *top])


def evaluate_predictions(labels, answers, class_names=None, groups=None, confidence=0.95):
    """Return what the answers get right.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1, the true classes; -1 where a picture has no label.
    answers : array of shape (n, classes), (n,) or (n, 1)
        Floats: probabilities (one number for each picture: of class 1 of two). Integers: the predicted classes.
    class_names : sequence of str, optional
        The default is the classes' numbers.
    groups : array of shape (n,), optional
        Pictures with the same number belong together (duplicates, one scene, one person).
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    Evaluation

    Raises
    ------
    DataError
        If these are not as said above.

    Examples
    --------
    >>> evaluate_predictions([0, 0, 0, 1, 1], [0, 0, 1, 1, 1], ("cat", "dog"))
    Evaluation: 5 pictures, 2 classes; intervals of 95 %
    accuracy           0.800 (0.376 to 0.964)
    balanced accuracy  0.833 (0.405 to 0.972)
    class  pictures  predicted  precision               recall                  F1
    cat           3          2  1.000 (0.342 to 1.000)  0.667 (0.208 to 0.939)  0.800 (0.344 to 0.968)
    dog           2          3  0.667 (0.208 to 0.939)  1.000 (0.342 to 1.000)  0.800 (0.344 to 0.968)
    """
    read = read_answers(labels, answers, class_names)
    if groups is not None:
        checked_groups(groups, len(read.labels))
        groups = np.asarray(groups)
    confidence = share("confidence", confidence)
    return Evaluation(read.labels, read.predictions, read.probabilities, read.class_names, groups, confidence)


def confident_errors(labels, probabilities, n=None):
    """Return the rows that a model gets wrong, the most confident ones first.

    Parameters
    ----------
    labels : array of shape (n,)
        Integers from 0 to classes - 1; pictures with -1 (no label) are left out.
    probabilities : array of shape (n, classes), (n,) or (n, 1)
        The confidence is that of the predicted class. Equal ones come in the order of the rows.
    n : int, optional
        At most so many; the default is all.

    Returns
    -------
    array of int

    Raises
    ------
    DataError
        If labels and probabilities do not fit each other.

    Examples
    --------
    >>> confident_errors([0, 1, 1, 0], [0.6, 0.1, 0.9, 0.99])
    array([3, 1, 0])
    """
    answers = read_answers(labels, probabilities)
    return _errors(answers, n)


def _errors(answers, n):
    confidence = need_probabilities(answers).max(axis=1)
    wrong = np.flatnonzero((answers.labels >= 0) & (answers.labels != answers.predictions))
    order = wrong[np.argsort(-confidence[wrong], kind="stable")]
    return order if n is None else order[: integer("n", n)]
