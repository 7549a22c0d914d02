"""Which folder is a class, and which label is meant: as people bring them, or refused in a sentence."""

import os
import re
import unicodedata
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_course import DataError, DataWarning, ImageDataset, PointDataset, load_images_from_folder
from tests import odd_files

RNG = np.random.default_rng(0)


def draw(root, *names):
    """Put pictures into a folder, no two alike."""
    for name in names:
        path = Path(root, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = {".jpg": "JPEG"}.get(path.suffix, "PNG")
        small = Image.fromarray(RNG.integers(0, 256, (7, 9, 3), np.uint8))
        path.write_bytes(odd_files.saved(small.resize((90, 70), Image.Resampling.BICUBIC), kind))
    return Path(root)


def quiet(*args, **options):
    """Load a folder, and fail at any warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_images_from_folder(*args, **options)


def left_out(data):
    return {note.path: note.reason for note in data.report.left_out}


class TestFolders:
    @pytest.mark.parametrize("junk", ["__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "__macosx"])
    def test_what_systems_leave_behind_is_no_class(self, tmp_path, junk):
        draw(tmp_path, "cat/1.png", "dog/1.png", f"{junk}/1.png", f"cat/{junk}/2.png")
        data = quiet(tmp_path, 8)
        assert data.class_names == ("cat", "dog") and len(data) == 2
        assert left_out(data) == dict.fromkeys([junk, f"cat/{junk}"], "a folder of the system's")

    def test_a_folder_without_a_picture_is_no_class_and_says_so_on_screen(self, tmp_path):
        draw(tmp_path, "cat/1.png", "dog/1.png")
        (tmp_path / "bird").mkdir()
        (tmp_path / "ant").mkdir()
        (tmp_path / "ant" / "notes.txt").write_text("no picture")
        with pytest.warns(DataWarning, match=r"No class, for no picture is in it: ant, bird. With class_names"):
            data = load_images_from_folder(tmp_path, 8)
        assert data.class_names == ("cat", "dog") and data.labels.tolist() == [0, 1]
        assert left_out(data)["bird"] == "an empty class folder" and "no class" in left_out(data)["ant"]
        named = quiet(tmp_path, 8, class_names=["bird", "dog", "cat", "ant"])
        assert named.class_names == ("bird", "dog", "cat", "ant") and named.labels.tolist() == [2, 1]

    @pytest.mark.parametrize("parts", [("train", "test"), ("Train", "validation", "Test")])
    def test_the_parts_of_a_set_are_no_classes(self, tmp_path, parts):
        draw(tmp_path, *(f"{part}/{name}/1.png" for part in parts for name in ("cat", "dog")))
        first = re.escape(repr(str(tmp_path / sorted(parts)[0])))
        with pytest.warns(DataWarning, match=rf"names are those of a data set's parts.*folder\({first}, "):
            data = load_images_from_folder(tmp_path, 8)
        assert data.classes == len(parts)

    def test_one_folder_too_deep_is_remarked_on(self, tmp_path):
        draw(tmp_path, "pets/cat/1.png", "pets/dog/1.png")
        words = rf"one class, 'pets', .*below it: cat, dog.*folder\({re.escape(repr(str(tmp_path / 'pets')))}, "
        with pytest.warns(DataWarning, match=words):
            load_images_from_folder(tmp_path, 8)
        assert quiet(tmp_path / "pets", 8).class_names == ("cat", "dog")

    def test_linked_class_folders_are_classes(self, tmp_path):
        draw(tmp_path, "elsewhere/cat/1.png", "elsewhere/dog/1.png")
        (tmp_path / "set").mkdir()
        for name in ("cat", "dog"):
            (tmp_path / "set" / name).symlink_to(tmp_path / "elsewhere" / name)
        (tmp_path / "set" / "loop").symlink_to(tmp_path)
        data = quiet(tmp_path / "set", 8)
        assert data.class_names == ("cat", "dog") and list(data.paths) == ["cat/1.png", "dog/1.png"]
        said = {note.path: note.reason for note in data.report.notes}
        assert said["cat"] == f"a link: its pictures lie in {tmp_path / 'elsewhere' / 'cat'}"
        assert said["loop"] == "a link to a folder: not followed"

    def test_links_alone_that_lead_nowhere_new_are_named(self, tmp_path):
        (tmp_path / "loop").symlink_to(tmp_path)
        with pytest.raises(DataError, match=r"there is none but links into the folder itself \(loop\)"):
            load_images_from_folder(tmp_path, 8)

    def test_names_that_look_the_same_are_one_class(self, tmp_path):
        names = [unicodedata.normalize(form, "café") for form in ("NFC", "NFD")]
        draw(tmp_path, *(f"{name}/{k}.png" for k, name in enumerate(names)), "tea/1.png")
        data = quiet(tmp_path, 8)
        assert data.class_names == (names[0], "tea") and data.counts() == {names[0]: 2, "tea": 1}

    def test_odd_bytes_that_are_written_the_same_are_one_class(self, tmp_path):
        draw(tmp_path, "caf\\xe9/1.png", "tea/1.png")
        os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")  # noqa: PTH102
        draw(tmp_path, os.fsdecode(b"caf\xe9/1.png"))
        assert quiet(tmp_path, 8).counts() == {"caf\\xe9": 2, "tea": 1}

    def test_a_path_too_long_for_the_system_stops_nothing(self, tmp_path, monkeypatch):
        draw(tmp_path, "cat/1.png")
        monkeypatch.chdir(tmp_path / "cat")
        for _ in range(20):
            os.mkdir("x" * 250)  # noqa: PTH102
            os.chdir("x" * 250)
        Path("deep.png").write_bytes(odd_files.PNG)
        monkeypatch.undo()
        data = quiet(tmp_path, 8)
        assert list(data.paths) == ["cat/1.png"] and "File name too long" in str(left_out(data).values())

    def test_a_folder_that_cannot_be_entered_stops_nothing(self, tmp_path):
        """Root may enter everything: so the test is somebody else for a moment."""
        root = Path("/tmp", f"labels-{os.getpid()}") if os.geteuid() == 0 else tmp_path
        draw(root, "a/1.png", "b/1.png", "b/2.png", "c/1.png")
        (root / "b" / "link.png").symlink_to("2.png")
        try:
            (root / "b").chmod(0o644)
            if os.geteuid() == 0:
                os.seteuid(65534)
            with pytest.warns(DataWarning, match="no picture is in it: b"):
                data = load_images_from_folder(root, 8)
            (labelled,) = [load_images_from_folder(root, 8, labels={"a/1.png": "x", "b/1.png": "y"})]
            os.seteuid(0) if os.geteuid() == 65534 else None
            assert data.class_names == ("a", "c") and left_out(data)["b/1.png"] == "unreadable: Permission denied"
            assert len(labelled) == 1
            root.chmod(0o000)
            if os.geteuid() == 0:
                os.seteuid(65534)
            with pytest.raises(DataError, match=r"cannot be read|must be a folder"):
                load_images_from_folder(root, 8)
        finally:
            if os.geteuid() == 65534:
                os.seteuid(0)
            root.chmod(0o755)
            (root / "b").chmod(0o755)
            if root != tmp_path:
                import shutil

                shutil.rmtree(root)


class TestClassNames:
    def test_a_folder_gets_the_classes_and_the_order_that_are_named(self, tmp_path):
        draw(tmp_path, "blue/1.png", "red/1.png")
        for batch_size in (None, 2):
            data = quiet(tmp_path, 8, class_names=("blue", "green", "red"), batch_size=batch_size)
            assert data.class_names == ("blue", "green", "red") and data.labels.tolist() == [0, 2]
            assert data.counts() == {"blue": 1, "green": 0, "red": 1}

    def test_a_class_that_is_not_wanted_is_left_out_and_named_on_screen(self, tmp_path):
        draw(tmp_path, "blue/1.png", "red/1.png", "red/2.png")
        with pytest.warns(DataWarning, match=r"not among class_names \(blue, green\): red \(2 files\)"):
            data = load_images_from_folder(tmp_path, 8, class_names=["blue", "green"])
        assert list(data.paths) == ["blue/1.png"]
        assert left_out(data)["red/1.png"] == "not among class_names: its class is 'red'"
        with pytest.raises(DataError, match=r"No class of the folder is wanted.*\(x\): blue \(1 files\), red"):
            load_images_from_folder(tmp_path, 8, class_names=["x"])

    @pytest.mark.parametrize("names", ["blue", 3, ["a", "a"]])
    def test_what_are_no_names_is_refused(self, tmp_path, names):
        draw(tmp_path, "blue/1.png")
        with pytest.raises(DataError, match="class_names must be"):
            load_images_from_folder(tmp_path, 8, class_names=names)

    def test_a_set_says_which_label_is_wrong_and_takes_no_name_twice(self):
        pictures = np.zeros((3, 8, 8, 1), "uint8")
        with pytest.raises(DataError, match=r"from 0 to 1.*Received: 7 in row 1$"):
            ImageDataset(pictures, [0, 7, 9], ("a", "b"))
        with pytest.raises(DataError, match=r"Received: -2 in row 2$"):
            ImageDataset(pictures, [0, 1, -2], ("a", "b"))
        with pytest.raises(DataError, match=r"class_names must be different names. Received twice: 'a'"):
            ImageDataset(pictures, [0, 0, 0], ("a", "b", "a"))
        with pytest.raises(DataError, match=r"Received: 2 in row 0$"):
            PointDataset([[0.0]], [2], class_names=("a", "b"))


@pytest.fixture
def loose(tmp_path):
    """Four pictures without classes: a 1.PNG, b.png, sub/c.png, sub/d.jpg."""
    return draw(tmp_path / "pictures", "a 1.PNG", "b.png", "sub/c.png", "sub/d.jpg")


def labels_of(data):
    return {path: data.class_names[k] if k >= 0 else None for path, k in zip(data.paths, data.labels, strict=True)}


ALL_FOUR = dict(zip(("a 1.PNG", "b.png", "sub/c.png", "sub/d.jpg"), "xyxy", strict=True))


class TestLabels:
    @pytest.mark.parametrize(
        "table",
        [
            "id,label\na 1,x\nb,y\nsub/c,x\nsub/d,y\n",
            "ID,Class\na 1.png,x\nB.PNG,y\nSub/C,x\nsub/d.JPG,y\n",
            " File , Label \n a 1.PNG , x \n b.png , y \n sub/c.png , x\nsub/d.jpg,y",
            "image_id;breed\na 1;x\nb;y\nsub\\c;x\n./sub/d.jpg;y\n\n",
            "n\tfilename\tcategory\n1\ta 1.PNG\tx\n2\tb.png\ty\n3\tsub/c.png\tx\n4\tsub/d.jpg\ty\n5\n",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_tables_as_people_write_them(self, loose, table, encoding):
        (loose / "labels.csv").write_bytes(table.encode(encoding))
        assert labels_of(quiet(loose, 8, labels="labels.csv")) == ALL_FOUR

    def test_a_table_of_another_encoding_is_read_with_a_remark(self, loose):
        (loose / "labels.csv").write_bytes("file,label\nb.png,Käse\n".encode("cp1252"))
        data = quiet(loose, 8, labels="labels.csv")
        assert data.class_names == ("Käse",)
        assert any("Windows-1252" in note.reason and note.used for note in data.report.notes)

    def test_two_spellings_of_one_file_may_agree_and_may_not_differ(self, loose):
        (loose / "labels.csv").write_text("file,label\nb.png,x\n./b.png,x\nB,x\n")
        assert labels_of(quiet(loose, 8, labels="labels.csv")) == {"b.png": "x"}
        for other in ("./b.png", "B.png", "b"):
            (loose / "labels.csv").write_text(f"file,label\nb.png,x\n{other},y\n")
            with pytest.raises(DataError, match=r"gives 'b.png' two labels: 'x' and 'y'"):
                load_images_from_folder(loose, 8, labels="labels.csv")

    def test_an_ending_that_two_files_have_decides_nothing(self, loose):
        draw(loose, "b.jpg")
        data = quiet(loose, 8, labels={"b": "x", "sub/c": "y"})
        assert labels_of(data) == {"sub/c.png": "y"}
        assert left_out(data)["b"] == "named in labels: there is no such file"

    def test_a_dict_gives_the_labels(self, loose):
        labels = {"a 1.PNG": "x", Path("b.png"): "y", str(loose / "sub" / "c.png"): None, "sub/d.jpg": float("nan")}
        found = labels_of(quiet(loose, 8, labels=labels))
        assert found == {"a 1.PNG": "x", "b.png": "y", "sub/c.png": None, "sub/d.jpg": None}

    @pytest.mark.parametrize("labels", [list("xyxy"), np.array(list("xyxy")), tuple("xyxy")])
    def test_a_list_gives_the_labels_in_the_order_of_the_paths(self, loose, labels):
        assert labels_of(quiet(loose, 8, labels=labels)) == ALL_FOUR
        with pytest.raises(DataError, match=r"one entry for each of the 4 files .*Received: 3"):
            load_images_from_folder(loose, 8, labels=labels[:3])

    @pytest.mark.parametrize("labels", [[2, 0, -1, 2], np.array([2, 0, -1, 2], np.int32)])
    def test_numbers_are_the_classes_own(self, loose, labels):
        data = quiet(loose, 8, labels=labels)
        assert data.labels.tolist() == [2, 0, -1, 2] and data.class_names == ("0", "1", "2")
        named = quiet(loose, 8, labels=labels, class_names=["a", "b", "c"])
        assert named.labels.tolist() == [2, 0, -1, 2] and named.class_names == ("a", "b", "c")
        with pytest.raises(DataError, match=r"labels must be classes from 0 to 1. Received: 2"):
            load_images_from_folder(loose, 8, labels=labels, class_names=["a", "b"])

    @pytest.mark.parametrize("labels", [5, b"folders", True, {"b.png"}, "gone.csv", "~nobody-of-this-name/x.csv"])
    def test_other_labels_are_refused(self, loose, labels):
        with pytest.raises(DataError, match="labels must be 'folders', a dict or a list"):
            load_images_from_folder(loose, 8, labels=labels)

    @pytest.mark.parametrize("path", [None, 5, b"x", ["a"], "~nobody-of-this-name/x", "a\0b"])
    def test_other_paths_are_refused(self, path):
        with pytest.raises(DataError, match="path must be a folder that exists"):
            load_images_from_folder(path, 8)
