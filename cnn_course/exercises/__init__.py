"""Exercises with instant feedback: the engine, and one module of definitions per lesson."""

from .checking import NotPassedError, check, hint, list_exercises, solution, yours_or_ours
from .compare import Problem, agree
from .definitions import ArtifactExercise, ChoiceExercise, FunctionExercise, Misconception, Property, Question
from .registry import all_exercises, find_exercise
from .state import progress

__all__ = [
    "ArtifactExercise",
    "ChoiceExercise",
    "FunctionExercise",
    "Misconception",
    "NotPassedError",
    "Problem",
    "Property",
    "Question",
    "agree",
    "all_exercises",
    "check",
    "find_exercise",
    "hint",
    "list_exercises",
    "progress",
    "solution",
    "yours_or_ours",
]
