"""One file from the first of its addresses that gives the right bytes, going on where the last try ended."""

import hashlib
import shutil
import time
from dataclasses import replace
from pathlib import Path

from ..errors import DownloadError
from ._progress import progress_bar

CHUNK = 256 * 1024  # bytes
TIMEOUT = (10, 30)  # seconds to connect, and without a byte
PATIENCE = 30  # seconds over which the speed is looked at
SLOWEST = 1000  # bytes a second; below it a bad line and a dead one look the same
PAUSES = (1, 3)  # seconds before the second and the third try that bring nothing


class RefusedError(Exception):
    """An address that will not give this file, today or ever."""


class CutError(Exception):
    """A connection that ended or stood still before the last byte."""


def transfer(file, addresses, destination):
    """Write the bytes of `file` to `destination`, from the first address that gives them.

    What is there already is kept in ``destination``: a second call goes on after its last byte.

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


def _from_address(file, address, destination):
    """Try one address for as long as each try brings some more."""
    file = file if file.size else replace(file, size=_announced(address))
    pauses, mended = iter(PAUSES), False
    while True:
        before = _size(destination)
        try:
            _receive(file, address, destination)
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
    import requests

    try:
        response = requests.head(
            address, headers={"Accept-Encoding": "identity"}, timeout=TIMEOUT, allow_redirects=True
        )
    except (requests.exceptions.RequestException, ValueError) as error:
        raise RefusedError(f"no connection ({type(error).__name__})") from None
    length = response.headers.get("Content-Length", "")
    if response.status_code != 200 or not length.isdigit() or int(length) == 0:
        raise RefusedError(f"the server answered {response.status_code} {response.reason}, and no length")
    return int(length)


def _receive(file, address, destination):
    """Append to `destination` what it lacks."""
    if _size(destination) > file.size:
        destination.unlink()
    done = _size(destination)
    if done == file.size:
        return
    _leave_room(file.size - done, destination)
    with _open(file, address, done) as response:
        done = done if response.status_code == 206 else 0
        with destination.open("ab") as target, progress_bar(file.name, file.size, done, unit="bytes") as advance:
            target.truncate(done)
            _pour(response, target, file.size - done, advance)


def _leave_room(needed, destination):
    """Raise before the first byte where the disk has no room for the last one."""
    free = shutil.disk_usage(destination.parent).free
    if free < needed:
        raise OSError(28, f"it needs {needed:,} bytes more, and the disk has {free:,} left")


def _open(file, address, done):
    """Return the answer of a server that will send the bytes from `done` on, or all of them."""
    import requests

    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={done}-"} if done else {})
    try:
        response = requests.get(address, headers=headers, stream=True, timeout=TIMEOUT)
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
    try:
        _judge(response, file.size, done)
    except BaseException:
        response.close()
        raise
    return response


def _judge(response, size, done):
    """Raise unless the answer is the file, or the rest of it."""
    status = response.status_code
    if status in (408, 425, 429) or status >= 500:
        raise CutError(f"the server answered {status} {response.reason}")
    if status not in (200, 206):
        raise RefusedError(f"the server answered {status} {response.reason}")
    if status == 206 and not response.headers.get("Content-Range", "").startswith(f"bytes {done}-"):
        raise RefusedError("the server sent another part of the file than it was asked for")
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


def digest(path, kind):
    """Return the hash of a file, of this kind, in hexadecimal digits."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, kind).hexdigest()


def _size(path):
    """Return the bytes of a file, 0 where there is none."""
    try:
        return Path(path).stat().st_size
    except FileNotFoundError:
        return 0
