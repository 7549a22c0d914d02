"""The errors of the course: one base, few children, each message says what to try."""


class CourseError(Exception):
    """The base of every error that the course raises on purpose."""


class GeometryError(CourseError, ValueError):
    """A size, kernel, stride or padding that does not make a convolution."""


class DataError(CourseError, ValueError):
    """Pictures, labels or files that cannot be used as they are."""


class DownloadError(DataError, OSError):
    """A file that could not be fetched; the message says where to put it by hand."""


class ModelError(CourseError, ValueError):
    """A model, a layer or weights that do not fit what was asked of them."""


class BackendError(CourseError, ImportError):
    """A backend that is missing, or a call that the present one cannot do."""


class ExerciseError(CourseError, ValueError):
    """An exercise that is unknown, defined wrongly, or asked for in a wrong way."""


class LessonError(CourseError, ValueError):
    """A lesson that is unknown or cannot be copied."""


class MissingPackageError(CourseError, ImportError):
    """An optional package that is not installed; the message names the command."""


class DataWarning(UserWarning):
    """Something in the data that is hardly meant; the message says what, and how to mend it."""
