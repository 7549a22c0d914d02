"""Small edits of a function: a table of what is changed, and of what a person would look at."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

_OPERATORS = (
    (ast.Add, ast.Sub),
    (ast.Mult, ast.Div, ast.FloorDiv),
    (ast.Mult, ast.MatMult),
    (ast.Mult, ast.Pow, ast.BitXor),
    (ast.Add, ast.Mult),
)
_COMPARISONS = ((ast.Lt, ast.LtE, ast.Gt, ast.GtE), (ast.Eq, ast.NotEq))
_FUNCTIONS = (("sum", "mean", "max", "min"), ("floor", "ceil"), ("maximum", "minimum", "max", "min"), ("exp", "log"))
_REDUCE = ("sum", "mean", "max", "min", "argmax", "argmin", "any", "all")
_AXES = (-1, 0, 1)
_NumberLike = ast.Name | ast.BinOp | ast.Call | ast.Subscript | ast.Constant | ast.UnaryOp | ast.Attribute


@dataclass(frozen=True)
class Edit:
    """One small change of a function.

    Attributes
    ----------
    kind : str
        What to look at: "the operator".
    line : int
        Of the source, counted from 1.
    before, after : str
        The changed piece.
    """

    kind: str
    line: int
    before: str
    after: str


def edits(tree: ast.Module) -> Iterator[Edit]:
    """Make every small edit of a module that holds one function, one after the other, the likely ones first.

    Parameters
    ----------
    tree : ast.Module
        Changed while an edit is looked at; as it was before the next one, and at the end.

    Yields
    ------
    Edit

    Examples
    --------
    >>> edit = next(edits(ast.parse("def f(w, k): return w + k")))
    >>> edit.kind, edit.line, edit.before, edit.after
    ('the operator', 1, 'w + k', 'w - k')
    """
    places, names = list(_places(tree)), _names_in(tree)
    for kind, change in _TABLE:
        for owner, field, index, node in places:
            for new in change(node, names):
                if _is_vast(owner, field, node, new):
                    continue
                _put(owner, field, index, new)
                try:
                    yield Edit(kind, getattr(new, "seen_in", node.lineno), _read(node), _read(new))
                finally:
                    _put(owner, field, index, node)


def _is_vast(owner, field, node, new):
    """Whether it is a power that could have millions of digits: nothing ends the computing of one."""
    in_exponent = isinstance(owner, ast.BinOp) and isinstance(owner.op, ast.Pow) and field == "right"
    return (in_exponent and not isinstance(new, ast.Constant)) or not _open_powers(new) <= _open_powers(node)


def _open_powers(tree):
    """The powers whose exponent does not stand there as a number."""
    powers = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)]
    return {_read(power) for power in powers if not isinstance(power.right, ast.Constant)}


def _places(tree):
    """Each expression and statement, with where it stands."""
    for owner in ast.walk(tree):
        for field, value in ast.iter_fields(owner):
            if isinstance(value, list):
                yield from ((owner, field, i, v) for i, v in enumerate(value) if isinstance(v, ast.expr | ast.stmt))
            elif isinstance(value, ast.expr) and not isinstance(owner, ast.FunctionDef):
                yield owner, field, None, value


def _names_in(tree):
    """Arguments and variables, in the order of the text."""
    found = [node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)]
    found += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return list(dict.fromkeys(found))


def _put(owner, field, index, node):
    if index is None:
        setattr(owner, field, node)
    else:
        getattr(owner, field)[index] = node


def _read(node):
    return ast.unparse(ast.fix_missing_locations(node))


def _others(value, groups):
    """What else stands in the groups that hold it."""
    return dict.fromkeys(other for group in groups if value in group for other in group if other is not value)


def _operator(node, _):
    if not isinstance(node, ast.BinOp):
        return
    for other in _others(type(node.op), _OPERATORS):
        if other is not ast.BitXor:  # nobody meant it
            yield ast.BinOp(node.left, other(), node.right)
    if isinstance(
        node.op, ast.BitXor
    ):  # it binds less than all others, a power more: the text stays, the tree does not
        yield ast.copy_location(ast.parse(_read(node).replace(" ^ ", " ** "), mode="eval").body, node)


def _sides(node, _):
    if isinstance(node, ast.BinOp) and not isinstance(node.op, ast.Add | ast.Mult):
        yield ast.BinOp(node.right, node.op, node.left)


def _parentheses(node, _):
    if not isinstance(node, ast.BinOp):
        return
    left, right = node.left, node.right
    if isinstance(left, ast.BinOp):
        yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, node.op, right))
    if isinstance(right, ast.BinOp):
        yield ast.BinOp(ast.BinOp(left, node.op, right.left), right.op, right.right)


def _assignment(node, _):
    if isinstance(node, ast.AugAssign):
        for other in _others(type(node.op), _OPERATORS[:2]):
            yield ast.AugAssign(node.target, other(), node.value)
        yield ast.Assign([node.target], node.value)
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.targets[0], ast.Tuple):
        yield from (ast.AugAssign(node.targets[0], op(), node.value) for op in (ast.Add, ast.Sub, ast.Mult))


def _loop(node, _):
    """A line that stands inside a loop and should not, or the reverse; the loop and what follows are one node here."""
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if not isinstance(block, list):
            continue
        for i, loop in enumerate(block):
            if not isinstance(loop, ast.For | ast.While):
                continue
            if len(loop.body) > 1:
                shorter = _with(loop, body=loop.body[:-1])
                yield _at(loop.body[-1], _with(node, **{field: [*block[:i], shorter, loop.body[-1], *block[i + 1 :]]}))
            if i + 1 < len(block):
                longer = _with(loop, body=[*loop.body, block[i + 1]])
                yield _at(block[i + 1], _with(node, **{field: [*block[:i], longer, *block[i + 2 :]]}))


def _at(line, node):
    """Say that the change is seen in another line than the node's first."""
    node.seen_in = line.lineno
    return node


def _with(node, **changes):
    return ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), **changes}), node)


def _comparison(node, _):
    if isinstance(node, ast.Compare):
        for other in _others(type(node.ops[0]), _COMPARISONS):
            yield ast.Compare(node.left, [other(), *node.ops[1:]], node.comparators)


def _axis(node, _):
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _REDUCE):
        return
    rest = [k for k in node.keywords if k.arg not in ("axis", "keepdims")]
    now = {k.arg: ast.unparse(k.value) for k in node.keywords}
    for keep in (False, True):
        for axis in (*_AXES, (0, 1), None):
            new = [] if axis is None else [ast.keyword("axis", ast.parse(repr(axis), mode="eval").body)]
            new += [ast.keyword("keepdims", ast.Constant(True))] if keep else []
            if {k.arg: ast.unparse(k.value) for k in [*rest, *new]} != now:
                yield ast.Call(node.func, node.args, [*rest, *new])


def _number(node, _):
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield from (ast.Constant(node.value + step) for step in (1, -1) if node.value + step >= 0)


def _slice(node, _):
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper"):
            bound = getattr(node, field)
            bounds = [None] if bound else [ast.Constant(1), ast.UnaryOp(ast.USub(), ast.Constant(1))]
            yield from (_with(node, **{field: new}) for new in bounds)


def _function(node, _):
    if isinstance(node, ast.Attribute):
        yield from (ast.Attribute(node.value, other, node.ctx) for other in _others(node.attr, _FUNCTIONS))
    if isinstance(node, ast.Name) and node.id in ("sum", "max", "min"):
        yield from (ast.Name(other, node.ctx) for other in ("sum", "max", "min") if other != node.id)


def _arguments(node, _):
    if isinstance(node, ast.Call):
        for i in range(len(node.args) - 1):
            swapped = [*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]]
            yield ast.Call(node.func, swapped, node.keywords)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load) and len(node.elts) == 2:
        yield ast.Tuple(node.elts[::-1], node.ctx)


def _sign(node, _):
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    elif _is_number(node):
        yield ast.UnaryOp(ast.USub(), node)


def _transpose(node, _):
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield ast.Attribute(node, "T", ast.Load())


def _choice(node, _):
    if isinstance(node, ast.IfExp):
        yield ast.IfExp(node.test, node.orelse, node.body)


def _name(node, names):
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        yield from (ast.Name(other, node.ctx) for other in names if other != node.id)


def _too_much(node, _):
    if isinstance(node, ast.BinOp):
        yield from (node.left, node.right)
    if isinstance(node, ast.Call):
        for i in range(len(node.keywords)):
            yield ast.Call(node.func, node.args, node.keywords[:i] + node.keywords[i + 1 :])
    if isinstance(node, ast.Call) and len(node.args) == 1:
        yield node.args[0]
    if isinstance(node, ast.Call) and not node.args and isinstance(node.func, ast.Attribute):
        yield node.func.value


def _missing(node, names):
    if not _is_number(node):
        return
    for operator in (ast.Add, ast.Sub, ast.Mult, ast.Div):
        ones = [ast.Constant(1)] if operator in (ast.Add, ast.Sub) else []  # times 1 changes nothing but the kind
        for other in (*ones, ast.Constant(2), *(ast.Name(name, ast.Load()) for name in names)):
            yield ast.BinOp(node, operator(), other)
    yield ast.BinOp(node, ast.Pow(), ast.Constant(2))
    for name in ("abs", "exp", "log", "sqrt"):
        yield ast.Call(ast.Attribute(ast.Name("np", ast.Load()), name, ast.Load()), [node], [])
    yield ast.Call(ast.Name("int", ast.Load()), [node], [])


def _is_number(node):
    """Whether it can stand in a sum."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
        return False
    return isinstance(node, _NumberLike) and isinstance(getattr(node, "ctx", ast.Load()), ast.Load)


_TABLE: tuple[tuple[str, Callable[[ast.AST, list[str]], Iterable[ast.AST]]], ...] = (
    ("the operator", _operator),
    ("the parentheses", _parentheses),
    ("the order of the two sides", _sides),
    ("`axis` and `keepdims`", _axis),
    ("`=`, `+=` and their like", _assignment),
    ("which lines stand inside the loop", _loop),
    ("the number", _number),
    ("where the slice begins and ends", _slice),
    ("the comparison", _comparison),
    ("which function is called", _function),
    ("the order", _arguments),
    ("the sign", _sign),
    ("which comes when", _choice),
    ("a transpose", _transpose),
    ("the names", _name),
    ("what may be too much there", _too_much),
    ("what may be missing there", _missing),
)
