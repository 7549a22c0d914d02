"""The three kinds of exercise. One definition serves the notebook, the check, the grading and the tests."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from ..errors import ExerciseError
from .own import Choices, Reference, made_from, refuse_inside, remembered


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that runs, and the sentence that a good teacher would say to it.

    Parameters
    ----------
    answer : object
        For a function exercise the wrong function; for an artifact a function without arguments that makes the
        wrong artifact.
    message : str
        What to say. It names the idea, not the student.
    """

    answer: Callable
    message: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked: all that is needed where a student's code runs, and nothing that tells the answer.

    Parameters
    ----------
    id : str
        Stable: links, grades and progress hang on it. Its answer is named like it, ``conv2d_channels``.
    title : str
        A few words.
    points : int
        All or nothing.
    question : str
        One sentence, Markdown.
    setup : str, optional
        Source text that runs before the solution outside a notebook.
    lesson : str, optional
        Filled in from the module's name.
    limit : float, optional
        Seconds for everything that the student's code does.
    """

    id: str
    title: str
    points: int
    question: str
    setup: str = "import numpy as np"
    lesson: str = ""
    limit: float = 5.0

    @property
    def answer_name(self) -> str:
        """The name that the student gives the answer."""
        return self.id.replace("-", "_")


@dataclass(frozen=True, kw_only=True)
class AskedFunction(Asked):
    """What is asked of a function.

    Parameters
    ----------
    cases : callable
        ``cases(rng)`` returns a list of tuples of arguments: a few fixed ones that tell the misconceptions apart
        first, then some drawn from the generator.
    observe : callable, optional
        ``observe(returned, *inputs)`` returns what is judged in place of what was returned, of the reference, the
        student's function and the misconceptions alike. It sees the inputs as the function left them: needed where a
        function changes a model, or writes a file.
    answers : tuple of str, optional
        The course's own functions that answer it, ``"cnn_course.output_size"``.
    """

    cases: Callable[[np.random.Generator], list[tuple]]
    observe: Callable | None = None
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Exercise(Asked):
    """What every exercise has: what is asked, and what is known of it.

    Parameters
    ----------
    hints : tuple of str
        From a nudge to almost the answer; at least three.
    solution : str
        The source text that a student would write.
    """

    hints: tuple[str, ...]
    solution: str

    @property
    def asked(self) -> Asked:
        """What is asked, alone."""
        return Asked(**{f.name: getattr(self, f.name) for f in fields(Asked)})

    @property
    def text(self) -> str:
        """The question as it stands in the notebook, Markdown."""
        return self.question

    @property
    def stub(self) -> str:
        """What the student starts from."""
        return f"{self.answer_name} = ..."

    def solved(self) -> object:
        """Return the answer that the solution's text makes; ``check`` knows it as the course's own."""
        refuse_inside(self.id)
        return made_from(f"{self.setup}\n{self.solution}", self.answer_name)


@dataclass(frozen=True, kw_only=True)
class FunctionExercise(Exercise, AskedFunction):
    """The student writes a function; it is called on drawn inputs and compared with the reference.

    Parameters
    ----------
    reference : callable
        The right answer. It does not work inside an answer to its own exercise.
    agree : callable, optional
        ``agree(got, expected, *inputs)`` returns ``None``, or a ``Problem`` where the answer is wrong. Needed where
        many answers are right; otherwise type, dtype, rank, shape and values are compared.
    misconceptions : tuple of Misconception
    draw : callable, optional
        ``draw(inputs, got, expected)`` returns HTML of the smallest failing case.
    seeds : int, optional
        How many draws the tests go through.
    """

    reference: Callable
    misconceptions: tuple[Misconception, ...]
    agree: Callable | None = None
    draw: Callable | None = None
    seeds: int = 200

    def __post_init__(self) -> None:
        """Close the reference to the answers that are compared with it."""
        if not isinstance(self.reference, Reference):
            object.__setattr__(self, "reference", Reference(self.id, self.reference))

    @property
    def asked(self) -> AskedFunction:
        """What is asked, alone."""
        return AskedFunction(**{f.name: getattr(self, f.name) for f in fields(AskedFunction)})

    @property
    def stub(self) -> str:
        """The solution's first line and docstring, and a body still to be written."""
        tree = ast.parse(self.solution)
        function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == self.answer_name)
        end = function.body[0].end_lineno if ast.get_docstring(function) else function.body[0].lineno - 1
        lines = self.solution.splitlines()[function.lineno - 1 : end]
        return "\n".join([*lines, "    return ..."])


@dataclass(frozen=True)
class Question:
    """One question of a choice exercise.

    Parameters
    ----------
    text : str
        The question.
    options : mapping of str to str
        Letter to text.
    right : str
        The letter of the right option.
    wrong : mapping of str to str
        The sentence for each wrong option.
    """

    text: str
    options: Mapping[str, str]
    right: str
    wrong: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse an option without its sentence."""
        if set(self.wrong) | {self.right} != set(self.options) or self.right in self.wrong:
            raise ExerciseError(
                f"Every wrong option needs its sentence, the right one none. "
                f"Received: options={sorted(self.options)}, right={self.right!r}, wrong={sorted(self.wrong)}"
            )


def _listed(options):
    return "\n".join(f"- `{letter}`: {text}" for letter, text in options.items())


@dataclass(frozen=True, kw_only=True)
class ChoiceExercise(Exercise):
    """The student chooses; each wrong option has its sentence.

    Parameters
    ----------
    questions : mapping of str to Question
        Short name (the key of the student's dict) to question.
    """

    questions: Mapping[str, Question]
    solution: str = ""

    @property
    def text(self) -> str:
        """The question with its options, Markdown; options that all questions share stand once, at the end."""
        asked = [(f"**{name}.** {q.text}", _listed(q.options)) for name, q in self.questions.items()]
        if len(asked) > 1 and len({options for _, options in asked}) == 1:
            return "\n\n".join(
                [self.question, *(text for text, _ in asked), f"For each, choose from:\n\n{asked[0][1]}"]
            )
        return "\n\n".join([self.question, *(f"{text}\n\n{options}" for text, options in asked)])

    @property
    def stub(self) -> str:
        """A dict with every answer still open."""
        return self._dict({name: "..." for name in self.questions})

    def solved(self) -> dict[str, str]:
        """Return the right options; ``check`` knows them as the course's own."""
        refuse_inside(self.id)
        return remembered(Choices({name: question.right for name, question in self.questions.items()}))

    def _dict(self, values):
        lines = [f"    {name!r}: {value},".replace("'", '"') for name, value in values.items()]
        return "\n".join([f"{self.answer_name} = {{", *lines, "}"])

    def __post_init__(self) -> None:
        """Write the solution's text from the right options."""
        right = {name: repr(question.right) for name, question in self.questions.items()}
        object.__setattr__(self, "solution", self._dict(right))

    @property
    def misconceptions(self) -> tuple[Misconception, ...]:
        """Every wrong option once, the other questions right."""
        return tuple(
            Misconception(lambda name=name, wrong=wrong: {**self.solved(), name: wrong}, sentence)
            for name, question in self.questions.items()
            for wrong, sentence in question.wrong.items()
        )


@dataclass(frozen=True)
class Property:
    """One thing that an artifact must be.

    Parameters
    ----------
    name : str
        A few words, shown in the list of what holds.
    holds : callable
        ``holds(artifact)`` is true if it is so. An exception counts as no.
    message : str
        What to say if it is not so.
    """

    name: str
    holds: Callable
    message: str


@dataclass(frozen=True, kw_only=True)
class ArtifactExercise(Exercise):
    """The student makes an array, a model or a pipeline; named properties are looked at, in order.

    Parameters
    ----------
    properties : tuple of Property
        The first one that does not hold is the feedback.
    misconceptions : tuple of Misconception
        Wrong artifacts, each with the message of the property that it misses.
    """

    properties: tuple[Property, ...]
    misconceptions: tuple[Misconception, ...] = field(default=())
    limit: float = 60.0
