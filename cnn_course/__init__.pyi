from .arithmetic import ReceptiveField as ReceptiveField
from .arithmetic import output_size as output_size
from .arithmetic import padding_for as padding_for
from .arithmetic import padding_pairs as padding_pairs
from .arithmetic import receptive_field as receptive_field
from .arithmetic import same_padding as same_padding
from .arithmetic import transposed_output_size as transposed_output_size
from .arithmetic import unreached_pixels as unreached_pixels
from .errors import BackendError as BackendError
from .errors import CourseError as CourseError
from .errors import DataError as DataError
from .errors import DownloadError as DownloadError
from .errors import ExerciseError as ExerciseError
from .errors import GeometryError as GeometryError
from .errors import LessonError as LessonError
from .errors import MissingPackageError as MissingPackageError
from .errors import ModelError as ModelError

from .models import build_lenet as build_lenet
from .models import build_logit as build_logit
from .models import build_mixed_scale_dense as build_mixed_scale_dense
from .models import build_mlp as build_mlp
from .models import build_resnet_small as build_resnet_small
from .models import build_small_cnn as build_small_cnn
from .models import build_vgg_like as build_vgg_like

__version__: str
