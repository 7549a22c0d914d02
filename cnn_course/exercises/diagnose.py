"""What is wrong in general: ideas that fit any exercise, named only when they explain every case."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from .compare import same

_LARGEST = 10**300  # whole numbers above it are no floats
_FLIPS = (
    (np.s_[::-1, ::-1], "flipped in both directions"),
    (np.s_[:, ::-1], "flipped left to right"),
    (np.s_[::-1], "flipped upside down"),
)


def diagnose(pairs: Sequence[tuple[object, object]]) -> str | None:
    """Return the sentence for the first general idea that turns every expected answer into the student's.

    Parameters
    ----------
    pairs : list of tuple
        ``(got, expected)`` of every case, plain values; at least one pair differs.

    Returns
    -------
    str or None

    Examples
    --------
    >>> diagnose([(4, 3), (8, 7), (29, 28)])
    'Your answer is always one too many.'
    """
    if any(got is None for got, _ in pairs):
        return None
    for idea in (_off_by_one, _not_rounded_down, _factor, _swapped, _flipped, _axes):
        sentence = idea(pairs)
        if sentence:
            return sentence
    return None


def _explains(pairs, transform):
    """Whether the transform makes every answer, and is not a different name for doing nothing."""
    try:
        return all(same(got, transform(expected)) for got, expected in pairs)
    except (TypeError, ValueError, IndexError):
        return False


def _numeric(pairs):
    return all(_is_number(got) and _is_number(expected) for got, expected in pairs)


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST


def _off_by_one(pairs):
    if _numeric(pairs) and all(isinstance(expected, int) for _, expected in pairs):
        for step, word in ((1, "many"), (-1, "few")):
            if _explains(pairs, lambda expected, step=step: expected + step):
                return f"Your answer is always one too {word}."
    return None


def _not_rounded_down(pairs):
    if not _numeric(pairs) or not all(isinstance(expected, int) for _, expected in pairs):
        return None
    if all(math.floor(got) == expected for got, expected in pairs) and any(got % 1 for got, _ in pairs):
        return "Your answer is right before rounding: round it down to a whole number, with // or math.floor."
    if all(isinstance(got, float) and got == expected for got, expected in pairs):
        return "The value is right, as a float. A count is a whole number: use // instead of /, or int(...)."
    return None


def _factor(pairs):
    """A constant factor, if at least three different numbers agree on it."""
    factors, seen = [], set()
    for got, expected in pairs:
        try:
            got, expected = np.asarray(got), np.asarray(expected)
        except ValueError:  # lists of arrays of different shapes
            return None
        if got.shape != expected.shape or got.dtype.kind not in "iuf" or expected.dtype.kind not in "iuf":
            return None
        got, expected = got.astype(float), expected.astype(float)
        zero = np.isclose(expected, 0, atol=1e-12)
        if not np.allclose(got[zero], 0, atol=1e-9):
            return None
        factors.extend(got[~zero] / expected[~zero])
        seen.update(np.round(expected[~zero], 9).ravel().tolist())
    if len(seen) < 3 or not np.isfinite(factors).all() or not np.allclose(factors, factors[0], rtol=1e-6, atol=0):
        return None
    factor = float(factors[0])
    if factor == 0 or math.isclose(factor, 1, rel_tol=1e-6):
        return None
    if math.isclose(factor, -1, rel_tol=1e-6):
        return "Your answer has the right size and the wrong sign."
    if factor > 1 or factor < 0:
        return f"Your answer is always {_words(factor)} times the right one."
    return f"The right answer is always {_words(1 / factor)} times yours."


def _words(number):
    """Return a number without digits that only rounding put there."""
    whole = round(number)
    return f"{whole:,}" if whole and math.isclose(number, whole, rel_tol=1e-6) else f"{number:.6g}"


def _swapped(pairs):
    if all(isinstance(expected, tuple | list) and len(expected) == 2 for _, expected in pairs):
        sides = any(not same(expected[0], expected[1]) for _, expected in pairs)
        if sides and _explains(pairs, lambda expected: expected[::-1]):
            return "The two parts of your answer are in the wrong order."
    return None


def _flipped(pairs):
    if not all(isinstance(expected, np.ndarray) and expected.ndim >= 2 for _, expected in pairs):
        return None
    for index, words in _FLIPS:
        if _explains(pairs, lambda expected, index=index: expected[index]):
            return f"Your answer is the right one, {words}."
    return None


def _axes(pairs):
    if not all(isinstance(expected, np.ndarray) and expected.ndim >= 2 for _, expected in pairs):
        return None
    ranks = {expected.ndim for _, expected in pairs}
    if len(ranks) > 1:
        return None
    for order in list(itertools.permutations(range(ranks.pop())))[1:]:
        if _explains(pairs, lambda expected, order=order: expected.transpose(order)):
            if len(order) == 2:
                return "Your answer is the right one transposed: rows and columns are swapped."
            return f"Your answer has the right values with its axes swapped: yours are in the order {order}."
    return None
