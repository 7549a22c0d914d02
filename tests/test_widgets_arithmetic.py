"""The JavaScript of the widgets, run by node, beside the course's own numbers."""

import json
import os
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import numpy as np
import pytest

import cnn_course as cc
from cnn_course.errors import GeometryError
from cnn_course.widgets._base import STATIC, bundle, lighter
from cnn_course.widgets.convolution import POOLINGS

CONFIGURATIONS = 3000


def node():
    """Playwright's own node."""
    return next(Path(file.locate()) for file in files("playwright") if file.name == "node" and "driver" in str(file))


def run_node(script, data, tmp_path):
    """Run a module that reads `data` and leaves `result`; `load(name)` imports one of the widgets' modules."""
    (tmp_path / "data.json").write_text(json.dumps(data))
    (tmp_path / "run.mjs").write_text(
        'import { readFileSync, writeFileSync } from "node:fs";\n'
        f'const load = (name) => import("file://{STATIC}/" + name);\n'
        f'const data = JSON.parse(readFileSync("{tmp_path}/data.json"));\n'
        f'{script}\nwriteFileSync("{tmp_path}/result.json", JSON.stringify(result));\n'
    )
    run = subprocess.run([node(), tmp_path / "run.mjs"], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads((tmp_path / "result.json").read_text())


def draw_padding(rng):
    kind = rng.integers(6)
    if kind < 3:
        return ["valid", "same", "symmetric"][kind]
    zeros = rng.integers(0, 4, size=(2, 2)).tolist()
    return [zeros[0][0], (zeros[0][0], zeros[1][0]), tuple(map(tuple, zeros))][kind - 3]


def draw_pair(rng, low, high):
    rows, columns = (int(n) for n in rng.integers(low, high, size=2))
    return rows if rng.random() < 0.5 else (rows, columns)


def draw_configuration(rng):
    """Traits of a demo: every mode, padding, stride, dilation, grouping; some have no output."""
    channels, filters = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    common = [g for g in (1, 2, 3, 4) if channels % g == 0 and filters % g == 0]
    return {
        "mode": str(rng.choice(["convolution", "convolution", "transposed", "transposed", *POOLINGS])),
        "input_size": draw_pair(rng, 1, 11),
        "kernel_size": draw_pair(rng, 1, 6),
        "strides": draw_pair(rng, 1, 4),
        "padding": draw_padding(rng),
        "dilation_rate": draw_pair(rng, 1, 4) if rng.random() < 0.4 else 1,
        "channels": channels,
        "filters": filters,
        "groups": int(rng.choice(common)),
        "output_padding": draw_pair(rng, 0, 3) if rng.random() < 0.3 else None,
        "ceil_mode": bool(rng.random() < 0.5),
    }


def demos(count, seed=0):
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(count):
        demo = cc.ConvolutionDemo(**draw_configuration(rng))
        demo.input = rng.integers(-9, 10, demo.input.shape) / rng.choice([1, 4])
        demo.kernel = rng.integers(-5, 6, demo.kernel.shape)
        drawn.append(demo)
    return drawn


@pytest.fixture(scope="module")
def drawn():
    return demos(CONFIGURATIONS)


@pytest.fixture(scope="module")
def solved(drawn, tmp_path_factory):
    script = """
    const { solve } = await load("convolution_state.js");
    const result = data.map((traits) => {
      const { ready, output, counts, fault } = solve(traits);
      if (fault) return { fault };
      const axes = ready.axes.map(({ output, padding, unread, unreached }) => ({ output, padding, unread, unreached }));
      return { output, counts, axes };
    });"""
    return run_node(script, [demo.saved_state() for demo in drawn], tmp_path_factory.mktemp("node"))


def test_every_value_is_that_of_from_scratch(drawn, solved):
    seen = dict.fromkeys(["convolution", "transposed", *POOLINGS], 0)
    for demo, answer in zip(drawn, solved, strict=True):
        if "too many to draw" in answer.get("fault", ""):
            assert max(demo.output.shape[:2]) > 32
            continue
        if "fault" in answer:
            with pytest.raises(GeometryError):
                demo.output  # noqa: B018
            continue
        expected = demo._compute()
        np.testing.assert_allclose(np.array(answer["output"]), expected, rtol=1e-12, atol=1e-12, err_msg=repr(demo))
        seen[demo.mode] += 1
    assert sum(seen.values()) >= 2000, seen
    assert min(seen.values()) >= 200, seen


def test_sizes_padding_and_unreached_pixels_are_those_of_arithmetic(drawn, solved):
    compared = 0
    for demo, answer in zip(drawn, solved, strict=True):
        if "fault" in answer:
            continue
        kernel, padding = demo.kernel4d.shape[:2], demo._padding_numbers()
        sizes = tuple(axis["output"] for axis in answer["axes"])
        shape, strides = demo.input.shape[:2], demo.strides
        if demo.mode == "transposed":
            geometry = (shape, kernel, strides, padding, demo.output_padding, demo.dilation_rate)
            assert sizes == cc.transposed_output_size(*geometry)
            continue
        pooling = demo.mode in POOLINGS
        geometry = (shape, kernel, strides, padding, 1 if pooling else demo.dilation_rate)
        ceil = pooling and demo.ceil_mode
        assert sizes == cc.output_size(*geometry, ceil_mode=ceil)
        assert tuple(tuple(axis["padding"]) for axis in answer["axes"]) == cc.padding_pairs(*geometry)
        assert tuple(axis["unread"] for axis in answer["axes"]) == cc.unreached_pixels(*geometry, ceil_mode=ceil)
        inside = cc.unreached_pixels(*geometry, ceil_mode=ceil, count_padding=False)
        assert tuple(axis["unreached"] for axis in answer["axes"]) == inside
        compared += 1
    assert compared >= 1200


def test_hatched_pixels_are_those_that_change_nothing(drawn, solved):
    """A pixel that no window reads has no weight in the matrix of the convolution."""
    compared = 0
    for demo, answer in zip(drawn, solved, strict=True):
        if "fault" in answer or demo.mode != "convolution":
            continue
        geometry = (demo.strides, demo._padding_numbers(), demo.dilation_rate)
        ones = np.ones(demo.kernel4d.shape[:2])
        matrix = cc.convolution_matrix(ones, demo.input.shape[:2], *geometry)
        counts = np.asarray(matrix.sum(axis=0)).reshape(demo.input.shape[:2])
        np.testing.assert_array_equal(np.array(answer["counts"]), counts, err_msg=str(demo.saved_state()))
        compared += 1
    assert compared >= 500


def test_the_terms_written_out_add_up(drawn, tmp_path):
    """The formula of a cell, read back as arithmetic, gives the cell."""
    script = """
    const { solve } = await load("convolution_state.js");
    const { termRows } = await load("convolution_words.js");
    const result = data.map((traits) => {
      const { ready, output } = solve(traits);
      if (!ready) return null;
      const at = [ready.axes[0].output - 1, 0, ready.maps - 1];
      return { terms: termRows(ready, at).flat(), value: output[at[0]][at[1]][at[2]] };
    });"""
    chosen = drawn[:600]
    answers = run_node(script, [demo.saved_state() for demo in chosen], tmp_path)
    for demo, answer in zip(chosen, answers, strict=True):
        if answer is None:
            continue
        values = [term["value"] for term in answer["terms"]]
        combine = {
            "max": max,
            "average": lambda v: sum(v) / len(v),
            "norm": lambda v: sum(x * x for x in v) ** 0.5,
        }.get(demo.mode)
        expected = combine(values) if combine else sum(t["value"] * t["weight"] for t in answer["terms"])
        assert answer["value"] == pytest.approx(expected, abs=1e-9)


def test_a_resize_is_the_same_in_page_and_kernel(tmp_path):
    """The page resizes arrays by itself; the kernel does the same when a trait is set from Python."""
    rng = np.random.default_rng(5)
    start, changes, expected = cc.ConvolutionDemo().saved_state(), [], []
    demo = cc.ConvolutionDemo()
    for _ in range(300):
        name = str(rng.choice(["input_size", "kernel_size", "channels", "filters", "groups", "mode"]))
        value = {
            "mode": lambda: str(rng.choice(["convolution", "transposed", "max"])),
            "input_size": lambda: draw_pair(rng, 1, 9),
            "kernel_size": lambda: draw_pair(rng, 1, 5),
        }.get(name, lambda: int(rng.integers(1, 5)))()
        setattr(demo, name, value)
        changes.append([name, value])
        expected.append({key: demo.saved_state()[key] for key in ("input", "kernel")})
    script = """
    const { withControl } = await load("convolution_state.js");
    let traits = data.start;
    const result = data.changes.map(([name, value]) => {
      traits = withControl(traits, name, value);
      return { input: traits.input, kernel: traits.kernel };
    });"""
    answers = run_node(script, {"start": start, "changes": changes}, tmp_path)
    for change, got, wanted in zip(changes, answers, expected, strict=True):
        assert got == wanted, change


def lines_of_code(chosen, tmp_path):
    script = """
    const { solve } = await load("convolution_state.js");
    const { codeLines } = await load("convolution_words.js");
    const result = data.map((traits) => {
      const { ready } = solve(traits);
      return ready ? codeLines(ready) : null;
    });"""
    return run_node(script, [demo.saved_state() for demo in chosen], tmp_path)


def test_the_line_for_pytorch_computes_the_output(drawn, tmp_path):
    torch = pytest.importorskip("torch")
    compared = dict.fromkeys(["convolution", "transposed", *POOLINGS], 0)
    chosen = drawn[:900]
    for demo, line in zip(chosen, lines_of_code(chosen, tmp_path), strict=True):
        if line is None or line["torch"].startswith("#"):
            continue
        layer = eval(line["torch"], {"nn": torch.nn}).double()
        weights = list(layer.parameters())
        if weights:
            axes = (3, 2, 0, 1)
            weights[0].data = torch.tensor(demo.kernel4d.copy()).permute(axes).contiguous()
        x = torch.tensor(demo.input3d.copy()).permute(2, 0, 1)[None]
        got = layer(x).detach()[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(got, demo._compute(), rtol=1e-9, atol=1e-9, err_msg=line["torch"])
        compared[demo.mode] += 1
    assert min(compared.values()) >= 40, compared


KERAS_SCRIPT = """
import sys, json, numpy as np, keras
data = np.load(sys.argv[1])
outputs = {}
for number, line in json.load(open(sys.argv[2])).items():
    layer, x = eval(line), data["x" + number]
    layer(x)
    if layer.weights:
        layer.set_weights([data["kernel" + number]])
    outputs["out" + number] = keras.ops.convert_to_numpy(layer(x))[0]
np.savez(sys.argv[3], **outputs)
"""


def test_the_line_for_keras_computes_the_output(drawn, tmp_path):
    """On JAX, which computes groups and dilation on the CPU too, and every transposed convolution."""
    pytest.importorskip("jax", reason='no JAX: pip install ".[jax]"')
    chosen = drawn[:1500]
    answers = [line["keras"] if line else "#" for line in lines_of_code(chosen, tmp_path)]
    lines = {}
    for layer in ("Conv2D(", "Conv2DTranspose(", "MaxPooling2D(", "AveragePooling2D("):
        fitting = [(str(n), line) for n, line in enumerate(answers) if layer in line and not line.startswith("#")]
        assert len(fitting) >= 12
        lines |= dict(fitting[:12])
    arrays = {f"x{n}": chosen[int(n)].input3d[None].astype("float32") for n in lines}
    np.savez(tmp_path / "data.npz", **arrays, **{f"kernel{n}": chosen[int(n)].kernel4d for n in lines})
    (tmp_path / "lines.json").write_text(json.dumps(lines))
    names = [str(tmp_path / name) for name in ("data.npz", "lines.json", "out.npz")]
    run = subprocess.run(
        [sys.executable, "-c", KERAS_SCRIPT, *names],
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    outputs = np.load(tmp_path / "out.npz")
    for n, line in lines.items():
        got, expected = outputs[f"out{n}"], chosen[int(n)]._compute()
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-3, err_msg=line)


def test_bundles_are_modules_that_load(tmp_path):
    """The files in one text: no name is declared twice, and nothing is imported from elsewhere."""
    for name in ("architecture_demo.js", "convolution_demo.js", "filter_demo.js", "descent_demo.js"):
        text = bundle(name)
        assert "import {" not in text
        (tmp_path / f"{name}.mjs").write_text(text)
        script = f'const module = await import("{tmp_path}/{name}.mjs"); const result = Object.keys(module.default);'
        assert "render" in run_node(script, None, tmp_path)


def test_the_page_filters_as_python_does(tmp_path):
    rng = np.random.default_rng(3)
    cases = []
    for _ in range(60):
        height, width = rng.integers(9, 24, 2)
        cases.append(
            {
                "pixels": rng.integers(0, 256, (height, width)).tolist(),
                "kernel": rng.normal(size=rng.integers(1, 8, 2)).tolist(),
                "size": int(rng.integers(1, 3)),
                "angle": int(rng.integers(0, 180)),
            }
        )
    script = """
    const { filterPicture, relu, poolMap, gabor } = await load("filters.js");
    const rows = ({ map, width }) =>
      Array.from({ length: map.length / width }, (_, i) => [...map.slice(i * width, (i + 1) * width)]);
    const result = data.map(({ pixels, kernel, size, angle }) => {
      const feature = filterPicture(pixels.flat(), pixels[0].length, pixels.length, kernel);
      const active = { ...feature, map: relu(feature.map) };
      const { map, width, height } = active;
      const pooled = ["max", "average"].map((kind) => rows(poolMap(map, width, height, size, kind)));
      return { feature: rows(feature), active: rows(active), pooled, gabor: gabor(angle) };
    });"""
    for case, got in zip(cases, run_node(script, cases, tmp_path), strict=True):
        feature = cc.conv2d(np.array(case["pixels"]), np.array(case["kernel"]))
        np.testing.assert_allclose(got["feature"], feature, rtol=1e-9, atol=1e-9)
        active = np.maximum(feature, 0)
        np.testing.assert_allclose(got["active"], active, rtol=1e-9, atol=1e-9)
        for pooled, pool in zip(got["pooled"], (cc.max_pool2d, cc.average_pool2d), strict=True):
            np.testing.assert_allclose(pooled, pool(active, case["size"]), rtol=1e-9, atol=1e-9)
        np.testing.assert_allclose(got["gabor"], cc.gabor_kernel(case["angle"]), atol=1e-12)


def test_the_page_descends_as_python_does(tmp_path):
    rng = np.random.default_rng(8)
    demos = [
        cc.DescentDemo(
            batch_size=int(rng.integers(1, 65)),
            learning_rate=float(rng.uniform(0.01, 1)),
            momentum=float(rng.choice([0, 0.5, 0.9])),
            seed=int(rng.integers(0, 1000)),
            updates=150,
        )
        for _ in range(40)
    ]
    script = """
    const { pathOf, lossAt, bowl } = await load("descent.js");
    const { settingsOf } = await load("descent_demo.js");
    const result = data.map((traits) => {
      const path = pathOf(traits, settingsOf((name) => traits[name]));
      return { path, losses: path.map((place) => lossAt(traits, place)), bowl: bowl(traits) };
    });"""
    for demo, got in zip(demos, run_node(script, [d.saved_state() for d in demos], tmp_path), strict=True):
        np.testing.assert_allclose(got["path"], demo.path, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(got["losses"], demo.losses, rtol=1e-7, atol=1e-9)
        design = np.column_stack([np.ones(64), demo.x])
        values, vectors = np.linalg.eigh(design.T @ design / 64)
        np.testing.assert_allclose(got["bowl"]["values"], values[::-1], rtol=1e-9)
        turn = got["bowl"]["angle"]
        assert abs(np.dot(vectors[:, 1], [np.cos(turn), np.sin(turn)])) == pytest.approx(1)


@pytest.mark.parametrize("name", sorted(file.name for file in STATIC.glob("*.js")))
def test_the_light_code_is_the_same_program(name, tmp_path):
    """The syntax tree that node's own parser reads, every text in it included."""
    (tmp_path / "whole.mjs").write_text(bundle(name))
    (tmp_path / "light.mjs").write_text(lighter(bundle(name)))
    (tmp_path / "compare.cjs").write_text(
        'const acorn = require("internal/deps/acorn/acorn/dist/acorn"), { readFileSync } = require("fs");\n'
        'const options = { ecmaVersion: "latest", sourceType: "module" };\n'
        'const read = (file) => acorn.parse(readFileSync(file, "utf8"), options);\n'
        'const places = new Set(["start", "end", "raw"]);\n'
        "const tree = (file) => JSON.stringify(read(file), (key, value) => (places.has(key) ? undefined : value));\n"
        "process.exit(tree(process.argv[2]) === tree(process.argv[3]) ? 0 : 3);\n"
    )
    command = [node(), "--expose-internals", "compare.cjs", "whole.mjs", "light.mjs"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    if "Cannot find module 'internal/" in run.stderr:
        pytest.skip("this node does not lend its parser: use a Playwright whose node does")
    assert run.returncode == 0, run.stderr
    assert len(lighter(bundle(name))) < 0.9 * len(bundle(name))


@pytest.mark.parametrize(
    ("code", "light"),
    [
        ("const text = `a ${b > 1 ? ` c  ${d}` : ' e '}  f`;", "const text=`a ${b>1?` c  ${d}`:' e '}  f`;"),
        ("a = b\n++c\nconst d = 1 - -e, f = 2 + +g", "a=b\n++c\nconst d=1- -e,f=2+ +g"),
        ("const r = /  [/] x/g.test( s ), q = a / b / c", "const r=/  [/] x/g.test(s),q=a/b/c"),
        ("x = 1 // so\ny = 2 /* or\nso */ z = typeof x", "x=1\ny=2\nz=typeof x"),
    ],
)
def test_light_code_keeps_the_blanks_and_lines_that_mean_something(code, light):
    assert lighter(code).strip() == light


def test_several_changes_are_drawn_once_and_the_clock_stops_where_a_tick_says_so(tmp_path):
    script = """
        const { put, drawOn, clock } = await load("model.js");
        const { plainModel } = await load("standalone.js");
        const wait = (ms) => new Promise((done) => setTimeout(done, ms));
        const model = plainModel({ a: 1, b: 1, playing: false });
        let [drawn, saved, ticks] = [0, 0, 0];
        model.save_changes = () => saved++;
        const drawing = drawOn(model, ["a", "b"], () => drawn++);
        const counts = [drawn];
        put(model, { a: 2, b: 2 });
        await wait(0);
        counts.push(drawn);
        put(model, { a: 2 });
        await wait(0);
        counts.push(drawn, saved);
        drawing.stop();
        put(model, { a: 3 });
        await wait(0);
        counts.push(drawn);
        const stop = clock(model, 1, () => ++ticks < 3);
        put(model, { playing: true });
        while (model.get("playing")) await wait(5);
        await wait(20);
        stop();
        const result = { counts, ticks };
    """
    assert run_node(script, None, tmp_path) == {"counts": [1, 2, 2, 2, 2], "ticks": 3}
