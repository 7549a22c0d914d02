"""A download gives the right bytes or says what to do: no half file is ever taken for a whole one."""

import hashlib
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from cnn_course import DataError, DownloadError, load_dataset
from cnn_course._files import cache_folder
from cnn_course.datasets import published
from cnn_course.datasets.published import published_datasets, remote_files
from cnn_course.fetching import RemoteFile, connection, fetch

CONTENT = np.random.default_rng(0).bytes(3_000_000)


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder over HTTP with Range; `fault(handler)` may answer first, and then returns True."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.asked, self.faults, self.rate, self.etag = [], [], None, ""
        self.conditions = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        asked = self.headers.get("Range")
        self.server.asked.append((self.path, asked))
        self.server.conditions.append(self.headers.get("If-Range"))
        if self.server.faults and self.server.faults.pop(0)(self):
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404, "Not Found")
        content = path.read_bytes()
        if asked and self.headers.get("If-Range", self.server.etag) != self.server.etag:
            asked = None
        start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
        self.begin(206 if asked else 200, len(content) - start, start, len(content))
        self.send(content[start:])

    def begin(self, status, length, start=0, total=0):
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        if self.server.etag:
            self.send_header("ETag", self.server.etag)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()

    def send(self, content):
        """Write all of it, or at the server's rate in bytes a second."""
        step = len(content) if self.server.rate is None else max(1, self.server.rate // 20)
        try:
            for start in range(0, len(content), max(step, 1)):
                self.wfile.write(content[start : start + step])
                if self.server.rate is not None:
                    time.sleep(0.05)
        except (BrokenPipeError, ConnectionResetError):
            pass


@pytest.fixture
def server(tmp_path):
    (tmp_path / "www" / "set").mkdir(parents=True)
    (tmp_path / "www" / "set" / "data.bin").write_bytes(CONTENT)
    with Server(tmp_path / "www") as server:
        yield server
        server.shutdown()


@pytest.fixture
def file(server):
    """A file that the course knows and that the server has."""
    return RemoteFile(
        "set", "data.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), (f"{server.address}/set/data.bin",)
    )


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(connection, "PAUSES", (0.01, 0.01))
    monkeypatch.setattr(connection, "TIMEOUT", (2, 1))
    for name in ("CNN_COURSE_OFFLINE", "CNN_COURSE_MIRROR"):
        monkeypatch.delenv(name, raising=False)


def in_cache():
    """Return what lies in the cache, by name."""
    return sorted(path.name for path in cache_folder().rglob("*") if path.is_file())


def put(name, content, folder="set"):
    """Put a file into the cache."""
    (cache_folder() / folder).mkdir(parents=True, exist_ok=True)
    path = cache_folder() / folder / name
    path.write_bytes(content)
    return path


def cut_after(n):
    """A fault: the whole file is promised, and the line is cut after `n` bytes."""

    def fault(handler):
        handler.begin(200, len(CONTENT))
        handler.wfile.write(CONTENT[:n])
        handler.close_connection = True
        return True

    return fault


def answer(status):
    """A fault: this status and nothing else."""
    return lambda handler: (handler.send_error(status), True)[1]


def wrong_bytes(handler):
    handler.begin(200, len(CONTENT))
    handler.send(bytes(len(CONTENT)))
    return True


def login_page(handler):
    handler.begin(200, 12)
    handler.send(b"Please login")
    return True


def ignores_range(handler):
    handler.begin(200, len(CONTENT))
    handler.send(CONTENT)
    return True


def stands_still(handler):
    handler.begin(200, len(CONTENT))
    handler.wfile.write(CONTENT[:500_000])
    handler.wfile.flush()
    time.sleep(2)
    return True


def test_a_file_is_downloaded_once(server, file, capfd):
    for _ in range(2):
        assert fetch(file).read_bytes() == CONTENT
    assert server.asked == [("/set/data.bin", None)]
    assert in_cache() == [".lock", "data.bin"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("status", [404, 403, 410])
def test_an_address_that_refuses_is_left_for_the_next(server, file, status):
    server.faults = [answer(status)]
    other = file.addresses[0] + "?mirror"
    assert fetch(replace(file, addresses=(file.addresses[0], other))).read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/set/data.bin", "/set/data.bin?mirror"]


def test_without_any_address_the_message_says_what_to_put_where(server, file):
    server.faults = [answer(404), answer(403)]
    with pytest.raises(DownloadError) as caught:
        fetch(replace(file, addresses=(file.addresses[0], server.address + "/gone")))
    message = str(caught.value)
    for words in (
        "set: data.bin (3.0 MB) could not be had",
        f"{file.addresses[0]}\n    the server answered 404",
        f"{server.address}/gone\n    the server answered 403",
        str(cache_folder() / "set" / "data.bin"),
        file.sha256,
        "CNN_COURSE_MIRROR",
    ):
        assert words in message
    assert in_cache() == [".lock"]


def test_the_file_put_there_by_hand_is_taken(server, file):
    (cache_folder() / "set").mkdir(parents=True)
    (cache_folder() / "set" / "data.bin").write_bytes(CONTENT)
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked == []


def test_a_half_file_put_there_by_hand_is_replaced(file):
    (cache_folder() / "set").mkdir(parents=True)
    (cache_folder() / "set" / "data.bin").write_bytes(CONTENT[:-1])
    assert fetch(file).read_bytes() == CONTENT


def test_a_cut_connection_is_resumed_where_it_was_cut(server, file):
    server.faults = [cut_after(1_000_000), answer(503)]
    assert fetch(file).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None, "bytes=1000000-", "bytes=1000000-"]


def test_a_connection_that_is_cut_again_and_again_ends_in_an_error_and_is_resumed_next_time(server, file):
    server.faults = [cut_after(400_000), answer(500), answer(502), answer(503)]
    with pytest.raises(DownloadError, match="the server answered 50"):
        fetch(file)
    assert in_cache() == [".lock", "data.bin.part"]
    server.faults = []
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked[-1] == ("/set/data.bin", "bytes=400000-")


def test_the_next_mirror_goes_on_where_the_first_was_cut(server, file):
    server.faults = [cut_after(700_000), answer(404)]
    assert fetch(replace(file, addresses=(file.addresses[0], file.addresses[0] + "?b"))).read_bytes() == CONTENT
    assert server.asked[-1] == ("/set/data.bin?b", "bytes=700000-")


def test_a_server_that_cannot_resume_sends_all_of_it(server, file):
    server.faults = [cut_after(1_000_000), ignores_range]
    assert fetch(file).read_bytes() == CONTENT


@pytest.mark.parametrize("status", [416, 403, 400, 501])
def test_a_server_that_refuses_parts_gives_all_of_it(server, file, status):
    put("data.bin.part", CONTENT[:1_000_000])
    server.faults = [answer(status)]
    assert fetch(file).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["bytes=1000000-", None]


def test_a_server_that_sends_another_part_is_asked_for_all_of_it(server, file):
    def another_part(handler):
        handler.begin(206, len(CONTENT) - 500, 500, len(CONTENT))
        return True

    put("data.bin.part", CONTENT[:1_000_000])
    server.faults = [another_part]
    assert fetch(file).read_bytes() == CONTENT


def test_a_head_that_drips_in_is_not_waited_for(server, file, monkeypatch):
    def drips(handler):
        for line in (b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: 1\r\n"] * 1000):
            try:
                handler.wfile.write(line)
            except OSError:
                break
            time.sleep(0.1)
        return True

    monkeypatch.setattr(connection, "ANSWER", 0.5)
    server.faults = [drips]
    began = time.monotonic()
    with pytest.raises(DownloadError, match=r"no whole answer in 0\.5 s"):
        fetch(file)
    assert time.monotonic() - began < 60


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_in_the_cache_is_not_waited_for(file):
    for name in ("data.bin", "data.bin.part"):
        put(name, b"").unlink()
        os.mkfifo(cache_folder() / "set" / name)
    assert fetch(file).read_bytes() == CONTENT
    assert in_cache() == [".lock", "data.bin"]


def test_parts_that_nobody_goes_on_with_are_taken_away(file):
    old, new = put("old.bin.part", b"x"), put("new.bin.part", b"x")
    os.utime(old, (time.time() - 100 * 24 * 3600,) * 2)
    fetch(file)
    assert new.exists() and not old.exists()


def test_wrong_bytes_are_thrown_away(server, file):
    server.faults = [wrong_bytes]
    with pytest.raises(DownloadError, match="other bytes than the course knows"):
        fetch(file)
    assert in_cache() == [".lock"]
    server.faults = [wrong_bytes]
    assert fetch(replace(file, addresses=file.addresses * 2)).read_bytes() == CONTENT


def test_a_damaged_first_part_costs_one_more_try(server, file):
    (cache_folder() / "set").mkdir(parents=True)
    (cache_folder() / "set" / "data.bin.part").write_bytes(bytes(1_000_000))
    assert fetch(file).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["bytes=1000000-", None]


def test_a_first_part_that_is_too_long_is_thrown_away(server, file):
    (cache_folder() / "set").mkdir(parents=True)
    (cache_folder() / "set" / "data.bin.part").write_bytes(CONTENT + b"more")
    assert fetch(file).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == [None]


def test_wrong_bytes_that_come_in_pieces_end(server, file):
    """A server that sends wrong bytes and is cut each time must not be asked for ever."""

    def zeros(handler):
        start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        handler.begin(206 if start else 200, len(CONTENT) - start, start, len(CONTENT))
        handler.send(bytes(min(1_000_000, len(CONTENT) - start)))
        return True

    server.faults = [zeros] * 100
    with pytest.raises(DownloadError, match="other bytes"):
        fetch(file)
    assert len(server.asked) == 6


def test_a_login_page_is_no_file(server, file):
    server.faults = [login_page]
    with pytest.raises(DownloadError, match="12 bytes there, not 3000000"):
        fetch(file)


def test_a_server_that_stands_still_is_asked_again(server, file):
    server.faults = [stands_still]
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked[-1][1] == "bytes=500000-"


def test_a_server_that_is_too_slow_is_left(server, file, monkeypatch):
    monkeypatch.setattr(connection, "PATIENCE", 0.5)
    server.rate = 400
    began = time.monotonic()
    with pytest.raises(DownloadError, match=r"too slow: \d+ bytes in \d+ s"):
        fetch(file)
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/data.bin", "nonsense", "http://[broken", "http://no.invalid/x"]
)
def test_an_address_that_leads_nowhere_is_named(file, address):
    with pytest.raises(DownloadError, match=f"{re.escape(address)}\n    (no connection|not an address)"):
        fetch(replace(file, addresses=(address,)))


def test_a_certificate_that_is_not_accepted_is_never_passed_over(file, tmp_path):
    """A server with a certificate of its own making is refused, with a word on proxies."""
    ssl = pytest.importorskip("ssl")
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate: apt-get install openssl")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with Server(tmp_path / "www") as secure:
        secure.socket = context.wrap_socket(secure.socket, server_side=True)
        address = f"https://localhost:{secure.server_address[1]}/set/data.bin"
        with pytest.raises(DownloadError, match=r"certificate was not accepted(.|\n)*REQUESTS_CA_BUNDLE"):
            fetch(replace(file, addresses=(address,)))
        secure.shutdown()


def test_offline_means_no_request(server, file, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_OFFLINE", "1")
    with pytest.raises(DownloadError, match="CNN_COURSE_OFFLINE is set, and there is no such file in the cache"):
        fetch(file)
    assert server.asked == []
    assert not cache_folder().exists()
    (cache_folder() / "set").mkdir(parents=True)
    (cache_folder() / "set" / "data.bin").write_bytes(CONTENT[:100])
    with pytest.raises(DownloadError, match="has other bytes than the course knows"):
        fetch(file)


@pytest.mark.parametrize("value", ["", "0", "false", "No", " off "])
def test_offline_can_be_switched_off(file, monkeypatch, value):
    monkeypatch.setenv("CNN_COURSE_OFFLINE", value)
    assert fetch(file).read_bytes() == CONTENT


def test_a_cache_that_cannot_be_is_named(file, tmp_path, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_CACHE", str(tmp_path / ("long" * 100)))
    with pytest.raises(DownloadError, match=r"could not be written: .*File name too long"):
        fetch(file)
    monkeypatch.setenv("CNN_COURSE_CACHE", "~nobody-of-this-name/cache")
    with pytest.raises(DataError, match=r"CNN_COURSE_CACHE must be a folder. .*no such user"):
        fetch(file)
    monkeypatch.delenv("CNN_COURSE_CACHE")
    for mirror in ("~nobody-of-this-name", "x" * 5000):
        monkeypatch.setenv("CNN_COURSE_MIRROR", mirror)
        with pytest.raises(DataError, match="CNN_COURSE_MIRROR must be"):
            fetch(file)


def test_a_wrong_file_in_the_mirror_is_named(file, monkeypatch, tmp_path):
    (tmp_path / "www" / "set" / "data.bin").write_bytes(CONTENT[:-1])
    monkeypatch.setenv("CNN_COURSE_MIRROR", str(tmp_path / "www"))
    wrong = re.escape(str(tmp_path / "www" / "set" / "data.bin")) + " has other bytes than the course knows"
    with pytest.raises(DownloadError, match=f"{wrong}.*None of its addresses"):
        fetch(replace(file, addresses=("http://127.0.0.1:9/x",)))
    monkeypatch.setenv("CNN_COURSE_OFFLINE", "1")
    with pytest.raises(DownloadError, match=f"OFFLINE is set, and {wrong}"):
        fetch(file)


def test_a_mirror_folder_is_read_where_it_is(server, file, monkeypatch, tmp_path):
    monkeypatch.setenv("CNN_COURSE_MIRROR", str(tmp_path / "www"))
    monkeypatch.setenv("CNN_COURSE_OFFLINE", "1")
    assert fetch(file) == tmp_path / "www" / "set" / "data.bin"
    assert server.asked == []
    monkeypatch.setenv("CNN_COURSE_MIRROR", str(tmp_path / "nowhere"))
    with pytest.raises(DataError, match="CNN_COURSE_MIRROR must be an address"):
        fetch(file)


def test_a_mirror_address_comes_first_and_the_others_follow(server, file, monkeypatch):
    monkeypatch.setenv("CNN_COURSE_MIRROR", server.address + "/mine/")
    assert fetch(file).read_bytes() == CONTENT
    assert [path for path, _ in server.asked] == ["/mine/set/data.bin", "/set/data.bin"]


WORKER = """
import json, sys
from cnn_course import DownloadError
from cnn_course._files import cache_folder
from cnn_course.fetching import RemoteFile, connection, fetch
connection.PAUSES = ()
if "blind" in sys.argv:
    connection._leave_room = lambda needed, destination: None
try:
    print(fetch(RemoteFile(**json.loads(sys.argv[1]))))
except DownloadError as error:
    sys.exit(f"DownloadError: {error}")
"""


def worker(file, *options, prefix=()):
    """Start another process that fetches the file."""
    command = [*prefix, sys.executable, "-c", WORKER, json.dumps(vars(file)), *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_at_once_download_once(server, file):
    server.rate = 3_000_000
    both = [worker(file) for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert Path(out.strip()).read_bytes() == CONTENT
    assert len(server.asked) == 1


def test_two_threads_at_once_download_once(server, file):
    server.rate = 6_000_000
    threads = [threading.Thread(target=fetch, args=(file,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.asked) == 1
    assert fetch(file).read_bytes() == CONTENT


def test_a_process_killed_in_the_middle_leaves_nothing_that_is_taken_for_the_file(server, file):
    server.rate = 1_000_000
    process = worker(file)
    part = cache_folder() / "set" / "data.bin.part"
    while not part.exists() or part.stat().st_size < 500_000:
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert "data.bin" not in in_cache()
    done, server.rate = part.stat().st_size, None
    assert fetch(file).read_bytes() == CONTENT
    assert server.asked[-1] == ("/set/data.bin", f"bytes={done}-")
    assert in_cache() == [".lock", "data.bin"]


def own_mount(options, setup=""):
    """Return the words that run a command with a small file system of its own on the cache."""
    cache_folder().mkdir(parents=True)
    mount = f"mount -t tmpfs -o {options} none {cache_folder()} {setup}"
    if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode:
        pytest.skip("a small file system could not be mounted: run the tests as root")
    return ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh"]


@pytest.mark.parametrize("options", [(), ("blind",)], ids=["seen before", "met on the way"])
def test_a_full_disk_is_named(file, options):
    process = worker(file, *options, prefix=own_mount("size=1m"))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "DownloadError: set: data.bin (3.0 MB) could not be had. The disk is full" in err
    assert "CNN_COURSE_CACHE=/another/folder moves the cache" in err


def test_a_cache_that_cannot_be_written_is_named(file):
    process = worker(file, prefix=own_mount("ro"))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "DownloadError: set: data.bin (3.0 MB) could not be had. The folder cannot be written" in err


def test_a_read_only_cache_that_has_the_file_is_enough(server, file):
    fetch(file)
    copy = f"&& cp -r {cache_folder()}.old/. {cache_folder()} && mount -o remount,ro {cache_folder()}"
    cache_folder().rename(f"{cache_folder()}.old")
    process = worker(file, prefix=own_mount("size=9m", copy))
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert out.strip() == str(cache_folder() / "set" / "data.bin")


def test_a_cache_below_a_file_is_named(file, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("CNN_COURSE_CACHE", str(tmp_path / "a file"))
    with pytest.raises(DownloadError, match=r"The file could not be written: .*Not a directory"):
        fetch(file)


KERAS = """
import sys
import numpy as np
from keras.datasets import fashion_mnist
(a, b), (c, d) = fashion_mnist.load_data()
np.savez(sys.argv[1], a=a, b=b, c=c, d=d)
"""


@pytest.fixture
def fashion(test_data, tmp_path, monkeypatch):
    """A server with the real files of Fashion-MNIST, as the user's mirror."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "fashion_mnist").symlink_to(test_data / "fashion-mnist")
    with Server(tmp_path / "www") as server:
        monkeypatch.setenv("CNN_COURSE_MIRROR", server.address)
        yield server
        server.shutdown()


@pytest.mark.data
def test_fashion_mnist_is_what_keras_reads(fashion, test_data, tmp_path):
    home = tmp_path / "keras" / "datasets"
    home.mkdir(parents=True)
    (home / "fashion-mnist").symlink_to(test_data / "fashion-mnist")
    environment = {**os.environ, "KERAS_HOME": str(home.parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    subprocess.run([sys.executable, "-c", KERAS, tmp_path / "k.npz"], env=environment, check=True, capture_output=True)
    keras = np.load(tmp_path / "k.npz")
    for split, images, labels in (("train", "a", "b"), ("test", "c", "d")):
        data = load_dataset("fashion_mnist", split=split)
        np.testing.assert_array_equal(data.images[..., 0], keras[images])
        np.testing.assert_array_equal(data.labels, keras[labels])
    assert len(fashion.asked) == 4
    assert data.class_names[9] == "Ankle boot"


@pytest.mark.data
def test_a_draw_of_fashion_mnist_at_another_size(fashion):
    data = load_dataset("fashion_mnist", split="test", n=50, image_size=32)
    assert data.images.shape == (50, 32, 32, 1)
    assert set(data.counts().values()) == {5}
    assert data.card.name == "fashion_mnist"


def made(monkeypatch, tmp_path, constant, folder, name, files):
    """Put an archive of these files into a mirror folder, as the one that the course knows."""
    path = tmp_path / "mirror" / folder / name
    path.parent.mkdir(parents=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for inner, content in files.items():
            member = tarfile.TarInfo(inner)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    known = RemoteFile(folder, name, path.stat().st_size, digest, ("http://127.0.0.1:9/",))
    monkeypatch.setattr(published, constant, known)
    monkeypatch.setenv("CNN_COURSE_MIRROR", str(tmp_path / "mirror"))


def test_cifar10_puts_the_batches_and_the_colours_in_order(monkeypatch, tmp_path):
    rows = np.random.default_rng(0).integers(0, 256, (20_000, 3073), np.uint8)
    rows[:, 0] %= 10
    files = {f"cifar-10-batches-bin/data_batch_{i}.bin": rows[:10_000].tobytes() for i in range(1, 6)}
    files["cifar-10-batches-bin/test_batch.bin"] = rows[10_000:].tobytes()
    made(monkeypatch, tmp_path, "_CIFAR_FILE", "cifar10", "cifar-10-binary.tar.gz", files)
    data = load_dataset("cifar10", split="test")
    assert data.shape == (32, 32, 3)
    np.testing.assert_array_equal(data.labels, rows[10_000:, 0])
    assert data.images[7, 1, 2].tolist() == [rows[10_007, 1 + 1024 * c + 32 + 2] for c in range(3)]
    assert len(load_dataset("cifar10")) == 50_000


@pytest.mark.data
def test_flowers_keep_near_duplicates_on_one_side(monkeypatch, tmp_path, test_data):
    photos = sorted((test_data / "flowers" / "train").glob("*/*.jpg"))
    files = {f"flower_photos/{path.parent.name}/{path.name}": path.read_bytes() for path in photos}
    files |= {"flower_photos/LICENSE.txt": b"CC BY 2.0", "flower_photos/._daisy/x.jpg": b"?"}
    made(monkeypatch, tmp_path, "_FLOWERS_FILE", "flowers", "flower_photos.tgz", files)
    train, test = (load_dataset("flowers", split=split, image_size=64) for split in ("train", "test"))
    assert (len(train) + len(test), train.shape) == (500, (64, 64, 3))
    assert set(test.counts().values()) <= {18, 19, 20, 21, 22}
    assert not set(train.groups) & set(test.groups)
    assert len(np.unique(train.groups)) + len(np.unique(test.groups)) < 500
    few = load_dataset("flowers", split="test", n=10, seed=1)
    assert few.images.shape == (10, 224, 224, 3)
    assert set(few.counts().values()) == {2}


def test_every_file_has_bytes_a_sha256_and_an_address():
    files = remote_files()
    assert len({(file.folder, file.name) for file in files}) == len(files) == 14
    for file in files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.size > 4000
        assert all(address.startswith(("https://", "http://")) for address in file.addresses)
        assert len(file.addresses) > 1 or file.folder == "kmnist", "kmnist has one server"


@pytest.mark.data
def test_the_files_of_fashion_mnist_are_the_ones_that_are_known(test_data):
    known = [file for file in remote_files() if file.folder == "fashion_mnist"]
    assert len(known) == 4
    assert all(file.is_at(test_data / "fashion-mnist" / file.name) for file in known)


def test_every_set_to_download_has_a_card_that_says_all():
    for name, (_, card) in published_datasets().items():
        assert card.name == name
        assert all(len(text) >= 3 for _, text in card.rows())


def weights_of(server, content, md5=""):
    """A file whose publisher says neither its size nor its sha256."""
    (Path(server.RequestHandlerClass.keywords["directory"]) / "set" / "w.h5").write_bytes(content)
    return RemoteFile("weights", "w.h5", 0, "", (f"{server.address}/set/w.h5",), md5=md5, magic="89484446")


def test_without_a_known_size_the_server_is_asked_and_the_md5_decides(server):
    content = b"\x89HDF" + CONTENT[4:]
    file = weights_of(server, content, hashlib.md5(content).hexdigest())
    server.faults.append(cut_after(1_000_000))
    assert fetch(file).read_bytes() == content
    assert len(server.asked) > 1, "the line was cut, and the rest asked for"
    server.asked.clear()
    assert fetch(file) == cache_folder() / "weights" / "w.h5" and not server.asked
    wrong = weights_of(server, content[:-1] + b"x", hashlib.md5(content).hexdigest())
    (cache_folder() / "weights" / "w.h5").unlink()
    with pytest.raises(DownloadError, match=r"other bytes than the course knows \(the md5 differs\)"):
        fetch(wrong)
    assert not [name for name in in_cache() if name == "w.h5"]


def test_without_any_hash_a_page_in_place_of_the_file_is_refused(server):
    file = weights_of(server, b"<html>Please log in</html>")
    with pytest.raises(DownloadError, match=r"another kind of file(.|\n)*Its publisher gives no hash of it"):
        fetch(file)
    whole = weights_of(server, b"\x89HDF" + CONTENT)
    assert fetch(whole).stat().st_size == len(CONTENT) + 4


def test_without_any_hash_a_page_under_the_files_name_is_replaced(server):
    content = b"\x89HDF" + CONTENT
    put("w.h5", b"<html>Please log in</html>", "weights")
    assert fetch(weights_of(server, content)).read_bytes() == content


class TestWithoutAHashTwoFilesAreNotMixed:
    new, old = b"\x89HDF" + CONTENT, b"\x89HDF" + bytes(len(CONTENT))

    def test_an_older_part_is_begun_anew(self, server):
        put("w.h5.part", self.old[:1_000_000], "weights")
        assert fetch(weights_of(server, self.new)).read_bytes() == self.new

    def test_a_server_that_names_no_version_sends_all_of_it_again(self, server):
        file = weights_of(server, self.new)
        server.faults = [self.cut]
        assert fetch(file).read_bytes() == self.new
        assert [asked for _, asked in server.asked] == [None, None]

    def test_a_server_that_names_the_same_version_sends_the_rest(self, server):
        file, server.etag = weights_of(server, self.new), '"1"'
        server.faults = [self.cut_of_new]
        assert fetch(file).read_bytes() == self.new
        assert [asked for _, asked in server.asked] == [None, "bytes=1000000-"]
        assert server.conditions == [None, '"1"']

    @pytest.mark.parametrize("etag", ['"2"', 'W/"1"'])
    def test_another_or_a_weak_version_is_begun_anew(self, server, etag):
        file, server.etag = weights_of(server, self.new), etag

        def cut(handler):
            server.etag = '"1"' if etag == '"2"' else etag
            self.cut(handler)
            server.etag = etag
            return True

        server.faults = [cut]
        assert fetch(file).read_bytes() == self.new

    def cut(self, handler, content=None):
        handler.begin(200, len(self.new))
        handler.wfile.write((content or self.old)[:1_000_000])
        handler.close_connection = True
        return True

    def cut_of_new(self, handler):
        return self.cut(handler, self.new)


def test_a_server_without_the_file_or_a_length_is_named(server):
    file = replace(weights_of(server, b""), addresses=(f"{server.address}/set/none.h5", "http://127.0.0.1:9/w.h5"))
    with pytest.raises(DownloadError, match=r"the server answered 404 (.|\n)*no connection"):
        fetch(file)
