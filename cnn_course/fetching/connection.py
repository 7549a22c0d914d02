"""One file from the first of its addresses that gives the right bytes, going on where the last try ended."""

import queue
import shutil
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from .._progress import progress_bar
from ..errors import DownloadError
from .files import RemoteFile

CHUNK = 256 * 1024  # bytes
TIMEOUT = (10, 30)  # seconds to connect, and without a byte
ANSWER = 60  # seconds for the head of an answer, which may drip in byte by byte
PATIENCE = 30  # seconds over which the speed is looked at
SLOWEST = 1000  # bytes a second; below it a bad line and a dead one look the same
PAUSES = (1, 3)  # seconds before the second and the third try that bring nothing


class RefusedError(Exception):
    """An address that will not give this file, today or ever."""


class PartRefusedError(RefusedError):
    """An address that will not give the rest of the file; it may give all of it."""


class CutError(Exception):
    """A connection that ended or stood still before the last byte."""


def download(file: RemoteFile, addresses: Iterable[str], destination: Path) -> None:
    """Write the bytes of `file` to `destination`, from the first address that gives them.

    What is there already is kept in ``destination``: a second call goes on after its last byte, if a hash can tell
    afterwards that the two parts are of one file. Without one, only parts that the server says are of one version are
    put together, and whatever else lies there is begun anew.

    Parameters
    ----------
    file : RemoteFile
    addresses : iterable of str
    destination : pathlib.Path
        A file that only this process writes.

    Raises
    ------
    DownloadError
        If no address gives the right bytes; one line for each.
    OSError
        If the disk is full or cannot be written.
    """
    reasons = []
    for address in addresses:
        try:
            _from_address(file, address, destination)
            return
        except (RefusedError, CutError) as reason:
            reasons.append(f"  {address}\n    {reason}")
    raise DownloadError("\n".join(reasons))


@dataclass
class _Source:
    """A file at one address."""

    file: RemoteFile
    address: str
    version: str = ""  # what the server calls the bytes that have come so far, as HTTP's strong ETag

    def may_go_on(self):
        """Return whether parts can be put together without mixing two files."""
        return bool(self.file.known_hash[0] or self.version)


def _from_address(file, address, destination):
    """Try one address for as long as each try brings some more."""
    source = _Source(file if file.size else replace(file, size=_announced(address)), address)
    pauses, mended = iter(PAUSES), False
    while True:
        if not source.may_go_on():
            destination.unlink(missing_ok=True)
        before = _size(destination)
        try:
            _receive(source, destination)
        except CutError:
            if _size(destination) - before > CHUNK:
                pauses = iter(PAUSES)
            pause = next(pauses, None)
            if pause is None:
                raise
            time.sleep(pause)
            continue
        if file.matches(destination):
            return
        destination.unlink()
        # The first part may be another address's, or an older try's: worth one try from the start.
        if mended or not before:
            wrong = f"the {file.known_hash[0]} differs" if file.known_hash[0] else "another kind of file"
            raise RefusedError(f"it sent other bytes than the course knows ({wrong})")
        mended = True


def _announced(address):
    """Return the bytes that a server says it has there."""
    response = _ask("HEAD", address, {}, allow_redirects=True)
    length = response.headers.get("Content-Length", "")
    if response.status_code != 200 or not length.isdigit() or int(length) == 0:
        raise RefusedError(f"the server answered {response.status_code} {response.reason}, and no length")
    return int(length)


def _receive(source, destination):
    """Append to `destination` what it lacks."""
    size = source.file.size
    if _size(destination) > size:
        destination.unlink()
    done = _size(destination)
    if done == size:
        return
    _leave_room(size - done, destination)
    with _open(source, done) as response:
        done = done if response.status_code == 206 else 0
        tag = response.headers.get("ETag", "")
        source.version = "" if tag.startswith("W/") else tag
        with destination.open("ab") as target, progress_bar(source.file.name, size, done, unit="bytes") as advance:
            target.truncate(done)
            _pour(response, target, size - done, advance)


def _leave_room(needed, destination):
    """Raise before the first byte where the disk has no room for the last one."""
    free = shutil.disk_usage(destination.parent).free
    if free < needed:
        raise OSError(28, f"it needs {needed:,} bytes more, and the disk has {free:,} left")


def _open(source, done):
    """Return the answer of a server that will send the bytes from `done` on, or all of them."""
    headers = {"Range": f"bytes={done}-"} if done else {}
    if done and source.version:
        headers["If-Range"] = source.version
    response = _ask("GET", source.address, headers, stream=True)
    try:
        _judge(response, source, done)
    except PartRefusedError:
        response.close()
        return _open(source, 0)
    except BaseException:
        response.close()
        raise
    return response


def _ask(method, address, headers, **options):
    """Return a server's answer, whose head came in time."""
    import requests

    answers = queue.SimpleQueue()

    def ask():
        try:
            headers_too = {"Accept-Encoding": "identity", **headers}
            answers.put(requests.request(method, address, headers=headers_too, timeout=TIMEOUT, **options))
        except BaseException as error:
            answers.put(error)

    # In a thread: requests begins to count anew with each byte of the head.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER)
        if isinstance(answer, BaseException):
            raise answer
        return answer
    except queue.Empty:
        raise RefusedError(f"no whole answer in {ANSWER} s") from None
    except requests.exceptions.SSLError as error:
        raise RefusedError(
            f"its certificate was not accepted ({error}); behind a proxy that opens https, REQUESTS_CA_BUNDLE must "
            "name the proxy's certificate"
        ) from None
    except requests.exceptions.ConnectTimeout:
        raise RefusedError("no answer: a firewall, perhaps, or no network") from None
    except (requests.exceptions.ConnectionError, requests.exceptions.Timeout) as error:
        raise CutError(f"no connection ({type(error).__name__})") from None
    except (requests.exceptions.RequestException, ValueError) as error:
        raise RefusedError(f"not an address that can be opened ({error})") from None


def _judge(response, source, done):
    """Raise unless the answer is the file, or the rest of it."""
    status, size = response.status_code, source.file.size
    answered = f"the server answered {status} {response.reason}"
    if done and status not in (200, 206, 404, 408, 410, 425, 429, 500, 502, 503, 504):
        raise PartRefusedError(answered)
    if status in (408, 425, 429) or status >= 500:
        raise CutError(answered)
    if status not in (200, 206):
        raise RefusedError(answered)
    if status == 206:
        another = source.version and response.headers.get("ETag", source.version) != source.version
        if another or not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
            raise (PartRefusedError if done else RefusedError)("the server sent another part than it was asked for")
    expected = size - done if status == 206 else size
    announced = response.headers.get("Content-Length", str(expected))
    if announced != str(expected):
        raise RefusedError(f"the server has {announced} bytes there, not {expected} (a login page, perhaps?)")


def _pour(response, target, expected, advance):
    """Copy at most `expected` bytes; raise where the line is cut, or so slow that it will not end."""
    from urllib3.exceptions import HTTPError

    left, window, since = expected, 0, time.monotonic()
    try:
        # Raw: a server that calls a .gz file "gzip-encoded" would have it unpacked on the way. `read1`
        # gives what has come; `read` would wait for a whole chunk, and see no slow line.
        while left and (chunk := response.raw.read1(min(CHUNK, left), decode_content=False)):
            target.write(chunk)
            advance(len(chunk))
            left, window = left - len(chunk), window + len(chunk)
            window, since = _watch(window, since)
    except HTTPError as error:
        raise CutError(f"cut after {expected - left:,} of {expected:,} bytes ({type(error).__name__})") from None
    if left:
        raise CutError(f"cut after {expected - left:,} of {expected:,} bytes")


def _watch(window, since):
    """Return the bytes and the start of the present window; raise where one was too slow."""
    now = time.monotonic()
    if now - since < PATIENCE:
        return window, since
    if window < SLOWEST * (now - since):
        raise RefusedError(f"too slow: {window:,} bytes in {now - since:.0f} s")
    return 0, now


def _size(path):
    """Return the bytes of a file, 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
