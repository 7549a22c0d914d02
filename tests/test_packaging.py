"""The package installs as it says, everywhere it says."""

import ast
import email
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from itertools import product
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from cnn_course import _install
from cnn_course._install import NEWEST, OLDEST, install_command

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
}

PYTHONS = "3.11", "3.12", "3.13"
PLATFORMS = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"


def requirements(*extras):
    """The requirements of the base and of these extras, as the current machine's pip would read them."""
    lines = [*PROJECT["dependencies"], *(r for e in extras for r in PROJECT["optional-dependencies"][e])]
    return [Requirement(line) for line in lines]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_constraints_hold_one_version_of_each_requirement_inside_its_range():
    extras = [e for e in PROJECT["optional-dependencies"] if e != "cuda"]
    for requirement in requirements(*extras):
        if requirement.marker and not requirement.marker.evaluate():  # Intel Macs have a TensorFlow of their own
            continue
        name = canonicalize_name(requirement.name)
        assert name in PINS, f"{name} has no tested version in constraints.txt"
        assert requirement.specifier.contains(PINS[name]), f"{requirement} excludes {PINS[name]}"


def test_each_constraint_that_is_installed_here_holds_on_the_oldest_python_of_each_promised_release():
    refused = {}
    for name in PINS:
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        if found.version.partition("+")[0] == PINS[name]:
            admitted = SpecifierSet(found.metadata["Requires-Python"] or "")
            refused |= {f"{name}=={PINS[name]} on {p}.0": str(admitted) for p in PYTHONS if f"{p}.0" not in admitted}
    assert not refused


def test_constraints_resolve_to_wheels_on_each_promised_python_and_platform_with_nothing_left_open():
    """As pip would on a fresh machine: what is asked is the registry, of each package what it says of itself."""
    uv = pytest.importorskip("uv", reason="no uv: pip install uv").find_uv_bin()
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--only-binary", ":all:"]
    extras = [word for extra in ("lab", "tensorflow", "test", "slides") for word in ("--extra", extra)]
    started = {}
    for python, platform in [*product(PYTHONS, PLATFORMS), *product(PYTHONS[:2], ["x86_64-apple-darwin"])]:
        where = ["--python-version", f"{python}.0", "--python-platform", platform]
        started[python, platform] = subprocess.Popen(
            [*command, *extras, *where, "--constraints", "constraints.txt", "pyproject.toml"],
            cwd=ROOT,
            env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    answers = {where: (*process.communicate(), process.returncode) for where, process in started.items()}
    for (python, platform), (resolved, problem, code) in answers.items():
        if re.search("Failed to fetch|error sending request|dns error", problem):
            pytest.skip("the package registry cannot be reached: run it with a network")
        assert code == 0, f"{python} on {platform}: {problem}"
        names = {canonicalize_name(name) for name in re.findall(r"^([\w.-]+)==", resolved, re.MULTILINE)}
        assert len(names) > 150
        if "linux" in platform:
            assert not names - set(PINS), "not in constraints.txt"


def test_the_promised_pythons_are_the_same_everywhere():
    assert tuple(f"3.{minor}" for minor in range(OLDEST[1], NEWEST[1] + 1)) == PYTHONS
    for page in ("README.md", "Makefile"):
        assert "3.11, 3.12 or 3.13" in (ROOT / page).read_text(encoding="utf-8")
    assert "$(PYTHON) cnn_course/_install.py" in (ROOT / "Makefile").read_text()


def test_an_unfit_python_is_told_so_by_the_file_that_the_makefile_runs():
    """Whatever Python there is must be able to read the file: no syntax and no import that is younger than 3.7."""
    source = (ROOT / "cnn_course" / "_install.py").read_text()
    ast.parse(source, feature_version=(3, 7))
    done = subprocess.run([sys.executable, "-I", ROOT / "cnn_course" / "_install.py"], capture_output=True, text=True)
    assert done.returncode == (1 if done.stderr else 0)
    old = source.replace("sys.version_info[:2]", "(3, 9)")
    done = subprocess.run([sys.executable, "-I", "-c", old], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "Python 3.9 is too old. Make the environment with Python 3.11, 3.12 or 3.13: make lab PYTHON=python3.13\n"
    )


ORIGINS = {
    "a clone": ({"url": "FOLDER", "dir_info": {"editable": True}}, 'pip install -e "{path}[lab]"'),
    "a folder": ({"url": "FOLDER", "dir_info": {}}, 'pip install "{path}[lab]"'),
    "a file": ({"url": "FOLDER/cnn_course.whl", "archive_info": {}}, 'pip install "{path}/cnn_course.whl[lab]"'),
    "a repository": (
        {"url": "https://example.org/cnn", "vcs_info": {"vcs": "git", "commit_id": "1"}},
        'pip install "cnn-course[lab] @ git+https://example.org/cnn"',
    ),
    "a folder that is gone": ({"url": "file:///nowhere/at/all"}, 'pip install "<the course\'s folder>[lab]"'),
    "nothing noted": ({}, 'pip install "<the course\'s folder>[lab]"'),
}


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_command_that_installs_names_where_the_course_came_from(origin, tmp_path, monkeypatch):
    noted, command = ORIGINS[origin]
    place = tmp_path / "a folder"
    place.mkdir()
    (place / "cnn_course.whl").touch()
    noted = {key: value.replace("FOLDER", place.as_uri()) if key == "url" else value for key, value in noted.items()}
    monkeypatch.setattr(_install, "_origin", lambda: noted)
    monkeypatch.setattr(_install, "_checkout", lambda: None)
    assert install_command("lab") == command.format(path=place)


def test_no_text_says_that_a_package_index_has_the_course():
    pages = [
        path
        for pattern in ("*.md", "Makefile", "docs/*.md", "slides/deck.md", "notebooks/**/*.py", "notebooks/**/*.ipynb")
        for path in ROOT.glob(pattern)
    ]
    own = "_install.py", "test_packaging.py"
    pages += [path for room in ("cnn_course", "tests") for path in (ROOT / room).rglob("*.py") if path.name not in own]
    assert len(pages) > 100
    for path in pages:
        found = re.findall(r"pip install [^\n|]*?[\"' ]cnn-course\b(?! @)[^\n]*", path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found}; install_command() says it truly"
    assert "git clone ADDRESS" in (ROOT / "README.md").read_text(encoding="utf-8")


NAMES = {"bs4": "beautifulsoup4", "cv2": "opencv-python-headless", "PIL": "pillow", "sklearn": "scikit-learn"}
BACKENDS = {"jax", "tensorflow", "torch"}  # of extras of their own, and imported only where Keras runs on them


def test_every_package_that_is_imported_is_declared():
    """What a module imports when it is loaded is in the base; what a call imports, or the exporter, may be in [lab]."""
    base, lab = ({canonicalize_name(r.name) for r in requirements(*extras)} for extras in ([], ["lab"]))
    for path in (ROOT / "cnn_course").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert imported(tree.body) <= (base | lab if path.parent.name == "exporter" else base), path
        assert imported(ast.walk(tree)) <= base | lab, path


def imported(nodes):
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module.partition(".")[0])
    return {canonicalize_name(NAMES.get(name, name)) for name in names - sys.stdlib_module_names - BACKENDS}


def test_conda_environment_installs_the_package_with_its_extras_under_the_constraints():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, _, pip = environment["dependencies"]
    tested = re.match(r"# The tested set, on Python ([\d.]+):", (ROOT / "constraints.txt").read_text())[1]
    assert python == f"python={tested}" and tested in SpecifierSet(PROJECT["requires-python"])
    assert pip["pip"][0] == "-c constraints.txt"
    extras = re.fullmatch(r"-e \.\[(.+)\]", pip["pip"][1])[1].split(",")
    assert set(extras) == {"lab", "tensorflow"}


def test_two_commands_install_what_conda_installs():
    makefile = (ROOT / "Makefile").read_text()
    assert '-c constraints.txt -e ".[lab,$(BACKEND)]"' in makefile
    assert "BACKEND := $(if $(CUDA),cuda,tensorflow)" in makefile


def test_the_version_stands_in_one_place(wheel):
    import cnn_course

    assert PROJECT["dynamic"] == ["version"] and "version" not in PROJECT
    assert wheel.name == f"cnn_course-{cnn_course.__version__}-py3-none-any.whl"
    assert wheel.name in (ROOT / "README.md").read_text(encoding="utf-8")


def test_sdist_holds_all_that_the_repository_does(tmp_path):
    """The tests among it, and what they need: conftest.py, scripts, benchmarks, pages."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no clone: git clone the repository to compare it with what is packed")
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert set(filter(None, listed.stdout.split("\0"))) <= names


def test_wheel_brings_tensorflow_only_by_its_extras(wheel):
    metadata = email.message_from_bytes(
        next(zipfile.ZipFile(wheel).read(n) for n in zipfile.ZipFile(wheel).namelist() if n.endswith("/METADATA"))
    )
    found = {}
    for line in metadata.get_all("Requires-Dist"):
        requirement = Requirement(line)
        if "tensorflow" in requirement.name:
            found[str(requirement)] = requirement
    wanted = {"tensorflow", "cuda"}
    for requirement in found.values():
        extras = {e for e in PROJECT["optional-dependencies"] if requirement.marker.evaluate({"extra": e})}
        extras |= {e for e in wanted if f'extra == "{e}"' in str(requirement.marker)}
        assert extras and extras <= wanted, requirement
    linux = {"sys_platform": "linux", "platform_machine": "x86_64", "extra": "tensorflow"}
    mac = {"sys_platform": "darwin", "platform_machine": "arm64", "extra": "tensorflow"}
    assert [r.name for r in found.values() if r.marker.evaluate(linux)] == ["tensorflow-cpu"]
    assert [r.name for r in found.values() if r.marker.evaluate(mac)] == ["tensorflow"]


def test_wheel_carries_the_lessons_and_works_outside_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    data = site / "cnn_course" / "transfer" / "data"
    assert {p.suffix for p in data.iterdir()} == {".h5", ".json", ".csv", ".md"}
    assert wheel.stat().st_size < 3_000_000
    program = """
import cnn_course, sys
assert cnn_course.__file__.startswith(sys.argv[1]), cnn_course.__file__
opened = cnn_course.open_lesson("02")
assert opened.created and opened.path.exists()
assert not cnn_course.open_lesson("02").created
assert cnn_course.open_lesson("02", solved=True).path.name.endswith("-solved.ipynb")
result = cnn_course.check("output-size", lambda w, k, p, s: (w - k + 2 * p) // s + 1)
assert result.outcome == "pass" and result.points > 0, result
assert cnn_course.check("output-size", lambda w, k, p, s: (w - k + p) // s + 1).outcome == "fail"
"""
    subprocess.run(
        [sys.executable, "-c", program, str(site)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site), "CNN_COURSE_STATE": str(tmp_path / "state"), "HOME": str(tmp_path)},
        check=True,
    )


def test_import_loads_nothing_heavy():
    program = (
        "import sys, cnn_course; heavy = {'tensorflow', 'keras', 'torch', 'jax', 'matplotlib', 'sklearn', 'IPython',"
        " 'pandas', 'PIL', 'numpy', 'scipy'}; print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_loads_and_none_is_also_a_module():
    import cnn_course

    modules = {path.stem for path in (ROOT / "cnn_course").glob("[a-z]*")}
    assert not modules & set(cnn_course.__all__) - {"errors"}
    for name in cnn_course.__all__:
        assert getattr(cnn_course, name) is not None, name
    assert set(cnn_course.__all__) <= set(dir(cnn_course))


def test_unknown_name_is_an_attribute_error():
    import cnn_course

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = cnn_course.no_such_name


def test_without_a_backend_the_first_call_names_the_command():
    hide = (
        "import sys; sys.modules.update(dict.fromkeys(['tensorflow', 'torch', 'jax', 'jaxlib']))\n"
        "import cnn_course\n"
        "try:\n    cnn_course.build_logit((4,), 3)\n"
        "except cnn_course.BackendError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", hide], capture_output=True, text=True)
    assert install_command("tensorflow") in done.stdout, done.stderr


def test_rooms_import_only_from_the_floors_below():
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_python_and_licence_are_declared():
    assert PROJECT["requires-python"] == ">=3.11"
    assert "MIT" in (ROOT / "LICENSE").read_text()
    assert "CC BY 4.0" in (ROOT / "LICENSE-text").read_text()
    assert not any("==" in str(r.specifier) for r in requirements()), "exact pins break elsewhere"
