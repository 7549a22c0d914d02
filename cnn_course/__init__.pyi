from .errors import BackendError as BackendError
from .errors import CourseError as CourseError
from .errors import DataError as DataError
from .errors import DownloadError as DownloadError
from .errors import ExerciseError as ExerciseError
from .errors import GeometryError as GeometryError
from .errors import LessonError as LessonError
from .errors import MissingPackageError as MissingPackageError
from .errors import ModelError as ModelError

__version__: str
