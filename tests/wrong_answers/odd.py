"""Things that a function can return, raise or do, odd ones: for each a function of the right answer."""

import asyncio
import collections
import contextlib
import datetime
import decimal
import enum
import fractions
import itertools
import math
import pathlib
import sys
import types
import unittest.mock

import numpy as np


def returns(value):
    """An answer that is the same whatever was asked."""
    return lambda right: value


def raises(error):
    def answer(right):
        raise error() if callable(error) else error

    return answer


class Raises:
    """An object of which nothing can be asked."""

    def _no(self, *args, **kwargs):
        raise ValueError("no")

    __repr__ = __str__ = __eq__ = __hash__ = __bool__ = __len__ = __iter__ = __float__ = __int__ = __index__ = _no
    __array__ = __lt__ = __gt__ = __getitem__ = __add__ = __sub__ = __abs__ = __format__ = _no


class RaisesForAnyName(Raises):
    def __getattr__(self, name):
        raise RuntimeError("no such thing")


class ExitsWhenRead:
    def __repr__(self):
        raise SystemExit


class EqualsAll:
    def __eq__(self, other):
        return True

    __hash__ = None
    __ne__ = __lt__ = __gt__ = lambda self, other: False


class SaysItIs:
    """An object that gives another class for its own."""

    def __init__(self, kind):
        self.kind = kind

    @property
    def __class__(self):
        return self.kind


class Agrees(np.ndarray):
    """An array that is equal to all others."""

    def __eq__(self, other):
        return np.ones(self.shape, bool)

    def __ne__(self, other):
        return np.zeros(self.shape, bool)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        return np.zeros(self.shape, bool)

    def __array_function__(self, function, kinds, args, options):
        return np.ones(self.shape, bool)

    @property
    def dtype(self):
        return np.dtype(float)


def lying(base):
    """A class of numbers, texts or collections that is equal to everything."""
    methods = {"__eq__": lambda a, b: True, "__ne__": lambda a, b: False, "__hash__": base.__hash__}
    methods |= {name: lambda a, b: True for name in ("__le__", "__ge__")}
    methods |= {"__sub__": lambda a, b: 0.0, "__rsub__": lambda a, b: 0.0}
    return type(f"Lying{base.__name__}", (base,), methods)


class TextRaises(Exception):
    def __str__(self):
        raise ValueError("no text")

    __repr__ = __str__


class TextExits(Exception):
    def __str__(self):
        raise SystemExit


class NothingToSee(Exception):
    @property
    def __traceback__(self):
        raise ValueError("no traceback")


class Colour(enum.IntEnum):
    RED = 1


Point = collections.namedtuple("Point", "x y")


def holds_itself(make):
    value = make()
    value.append(value) if isinstance(value, list) else value.update(me=value)
    return value


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def shifted(right):
    """A wrong answer of the same kind and shape: everything is more by three."""
    if isinstance(right, tuple | list):
        return type(right)(map(shifted, right))
    return ~right if isinstance(right, np.ndarray) and right.dtype == bool else right + 3


def in_arrays(make):
    """Change each array of an answer; what has no array stays odd in another way."""

    def change(right):
        if isinstance(right, tuple | list):
            return type(right)(map(change, right))
        return make(np.asarray(right))

    return change


def closes_stdout(right):
    sys.stdout.close()
    print("after")
    return shifted(right)


def takes_stdout(right):
    sys.stdout = sys.stderr = None
    return shifted(right)


def prints_much(right):
    for _ in range(2000):
        print("x" * 1000)


def ends_the_generator(right):
    yield right
    raise ValueError("in the middle")


def recursion(right):
    return recursion(right)


async def later():
    return 1


def coroutine(right):
    made = later()
    made.close()
    return made


def suppressed(right):
    with contextlib.suppress(BaseException):
        raise SystemExit
    return shifted(right)


def object_array(value):
    array = np.empty(1, object)
    array[0] = value
    return array


VALUES = {
    "None": None,
    "True": True,
    "a text": "3",
    "no text": "",
    "half a pair": "\ud800",
    "steering": "\x1b[2J\u202e",
    "markup": "<script>alert(1)</script>",
    "a long text": "x" * 5_000_000,
    "bytes": b"\x00\xff",
    "bytearray": bytearray(3),
    "400 digits": 10**400,
    "minus 400 digits": -(10**400),
    "5,000 digits": 10**5000,
    "nan": math.nan,
    "inf": math.inf,
    "-inf": -math.inf,
    "complex": 1j,
    "nan + nan j": complex(math.nan, math.nan),
    "smallest": 5e-324,
    "largest": 1.7e308,
    "decimal": decimal.Decimal("NaN"),
    "fraction": fractions.Fraction(1, 3),
    "date": datetime.date(2026, 1, 1),
    "no list": [],
    "no tuple": (),
    "no dict": {},
    "no set": set(),
    "list of None": [None] * 3,
    "a ragged list": [[1], [1, 2]],
    "texts": ["a", "b"],
    "dict of arrays": {"a": np.ones(3)},
    "set of a tuple": {(1, 2)},
    "frozenset": frozenset({1}),
    "list of arrays": [np.ones(2), np.ones(3)],
    "numbers of 400 digits": [10**400] * 3,
    "nested 30": nested(30),
    "nested 100,000": nested(100_000),
    "list in itself": holds_itself(list),
    "dict in itself": holds_itself(dict),
    "two million": [0] * 2_000_000,
    "range": range(10**12),
    "not implemented": NotImplemented,
    "a type": int,
    "a module": math,
    "a function": len,
    "lambda": lambda: 1,
    "a method": "x".join,
    "property": property(),
    "slice": slice(1, 2),
    "object": object(),
    "namespace": types.SimpleNamespace(shape=(1,)),
    "mock": unittest.mock.MagicMock(),
    "enum": Colour.RED,
    "path": pathlib.Path("x"),
    "deque": collections.deque([1]),
    "counter": collections.Counter("ab"),
    "point": Point(1, 2),
    "default dict": collections.defaultdict(list),
    "dict keys": {"a": 1}.keys(),
    "memoryview": memoryview(b"abc"),
    "an error": ValueError("x"),
    "an error class": ValueError,
    "raises": Raises(),
    "raises for names": RaisesForAnyName(),
    "list of raises": [Raises()],
    "tuple of raises": (Raises(), Raises()),
    "dict of raises": {"a": Raises()},
    "exits when read": ExitsWhenRead(),
    "equals all": EqualsAll(),
    "two that equal all": (EqualsAll(), EqualsAll()),
    "list that equals all": lying(list)([1]),
    "tuple that equals all": lying(tuple)([1, 2]),
    "lying dict": lying(dict)(),
    "lying int": lying(int)(-77),
    "lying float": lying(float)(-77.5),
    "lying text": lying(str)("x"),
    "says it is int": SaysItIs(int),
    "says it is float": SaysItIs(float),
    "says it is an array": SaysItIs(np.ndarray),
    "no numbers": np.array([]),
    "no rows": np.zeros((0, 3)),
    "eight axes": np.zeros((1,) * 8),
    "array of objects": object_array(Raises()),
    "objects": np.array([1, None]),
    "array of texts": np.array(["a"]),
    "half pairs": np.array(["\ud800"]),
    "records": np.zeros(3, "i4,f4"),
    "a record": np.zeros(3, "i4,f4")[0],
    "dates": np.array(["2026-01-01"], "M8[D]"),
    "a date": np.datetime64("2026-01-01"),
    "not a time": np.timedelta64("NaT"),
    "complex array": np.ones(3, complex),
    "nan array": np.full((3, 3), np.nan),
    "10^12 numbers": np.broadcast_to(0.0, (10**6, 10**6)),
    "matrix": np.matrix([[1]]),
    "masked": np.ma.masked,
    "a masked array": np.ma.masked_all((3, 3)),
    "half": np.float16(1.5),
    "long double": np.longdouble(1) / 3,
    "unsigned": np.uint64(2**64 - 1),
    "void": np.void(b"abc"),
    "bytes_": np.bytes_(b"a"),
    "loop": asyncio.Event,
}

RAISED = {
    "value error": ValueError("x"),
    "no words": ValueError(),
    "half a pair": ValueError("\ud800"),
    "markup": ValueError("<b>`x`"),
    "a long text": lambda: ValueError("x" * 5_000_000),
    "many lines": ValueError("a\n" * 1000),
    "text raises": TextRaises,
    "text exits": TextExits,
    "no traceback": NothingToSee,
    "stop iteration": StopIteration,
    "generator exit": GeneratorExit,
    "system exit": SystemExit,
    "exit with a text": SystemExit("bye"),
    "base exception": BaseException("x"),
    "group": ExceptionGroup("some", [ValueError(1), TypeError(2)]),
    "base group": BaseExceptionGroup("some", [SystemExit()]),
    "memory": MemoryError,
    "recursion error": RecursionError,
    "key": lambda: KeyError(Raises()),
    "asyncio": asyncio.CancelledError,
    "assertion": AssertionError,
    "warning": UserWarning("x"),
    "unicode": UnicodeDecodeError("utf8", b"\xff", 0, 1, "x"),
    "syntax": SyntaxError("x", ("file", 1, 1, "text")),
    "os": OSError(2, "no"),
}

DONE = {
    "endless ones": lambda right: itertools.repeat(1),
    "endless counts": lambda right: itertools.count(),
    "a generator that raises": ends_the_generator,
    "a generator of another": lambda right: (x for x in [shifted(right)]),
    "recursion": recursion,
    "a coroutine": coroutine,
    "closes stdout": closes_stdout,
    "takes stdout": takes_stdout,
    "prints much": prints_much,
    "suppresses an exit": suppressed,
    "exits": lambda right: sys.exit(1),
    "fully masked": in_arrays(lambda a: np.ma.masked_all_like(a)),
    "masked where wrong": in_arrays(lambda a: np.ma.array(shifted(a), mask=np.ones(a.shape, bool))),
    "agrees with all": in_arrays(lambda a: shifted(a).view(Agrees)),
    "nan of its shape": in_arrays(lambda a: np.full(a.shape, np.nan)),
    "inf of its shape": in_arrays(lambda a: np.full(a.shape, np.inf)),
    "one nan": in_arrays(lambda a: np.where(np.arange(a.size).reshape(a.shape) == a.size - 1, np.nan, a)),
    "raising parts": in_arrays(lambda a: [Raises()] * max(len(np.atleast_1d(a)), 1)),
    "more by three": shifted,
    "of objects": in_arrays(lambda a: np.array(a, object) if a.ndim else np.array([a.item()], object)),
}

ODD = {f"returns {name}": returns(value) for name, value in VALUES.items()}
ODD |= {f"raises {name}": raises(error) for name, error in RAISED.items()}
ODD |= DONE
OF_ITS_SHAPE = ("fully masked", "masked where wrong", "agrees with all", "nan of its shape", "one nan", "more by three")
