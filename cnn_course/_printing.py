"""What the course writes arrives everywhere: a file or a pipe may know fewer characters than a screen."""

import codecs
import sys
from typing import TextIO

_PLAIN = dict(zip("✓✗×·–−█■²“”‘’", "+xx---##2\"\"''", strict=True)) | {"→": "->", "…": "...", "≤": "<=", "≥": ">="}


def _plainer(error):
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_PLAIN.get(c, "?") for c in error.object[error.start : error.end]), error.end


codecs.register_error("cnn_course.plainer", _plainer)


def say(text: str, end: str = "\n", file: TextIO | None = None) -> None:
    r"""Write text; a character that the stream does not know becomes one that it does.

    Parameters
    ----------
    text : str
    end : str
    file : text stream, optional
        The default is the standard output as it is now. Where there is none, nothing is written.

    Examples
    --------
    >>> import io
    >>> narrow = io.TextIOWrapper(io.BytesIO(), encoding="cp1252", newline="")
    >>> say("✓ 3 × 3", file=narrow)
    >>> narrow.buffer.getvalue().decode("cp1252")
    '+ 3 × 3\n'
    """
    file = sys.stdout if file is None else file
    if file is None:  # started without a screen, as pythonw does
        return
    encoding = getattr(file, "encoding", None) or "utf-8"
    file.write((text + end).encode(encoding, "cnn_course.plainer").decode(encoding))
    file.flush()


def write_plainly() -> None:
    """Let all that this process writes go through the same door: for a command, whose streams are its own."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="cnn_course.plainer")
