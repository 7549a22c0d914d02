"""What a network sees: every function on every network and backend, equal to what others compute."""

import os
import subprocess
import sys

import numpy as np
import pytest

import cnn_course as cc

keras = cc.load_keras()
FUNCTIONS = (cc.saliency, cc.grad_cam, cc.occlusion)


@pytest.fixture(scope="module")
def flat():
    return cc.build_small_cnn((16, 16, 3), 4, filters=(6, 8), units=10, seed=3)


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), "uint8")


def nested(flat):
    """The same network as a model (its convolutions) and another (its head) inside a model made by hand."""
    middle = flat.get_layer("pool_2").output
    base = keras.Model(flat.input, middle, name="base")
    end = keras.Input(middle.shape[1:])
    x = end
    for name in ("flatten", "hidden_1", "probabilities"):
        x = flat.get_layer(name)(x)
    inputs = keras.Input((16, 16, 3))
    return keras.Model(inputs, keras.Sequential([keras.Model(end, x, name="head")], name="outer_head")(base(inputs)))


PROGRAM = """
import sys, numpy as np, cnn_course as cc
keras = cc.load_keras()
shape = (32, 32, 3)
rng = np.random.default_rng(0)
x = rng.integers(0, 256, (4, *shape), "uint8")  # as many as occlusion has places: fewer shapes to compile
base = keras.applications.MobileNet(shape, alpha=0.25, include_top=False, weights=None)
inputs = keras.Input(shape)
y = base(inputs / 127.5 - 1.0)  # bare operations, no layers
y = keras.layers.Dense(3, activation="softmax")(keras.layers.GlobalAveragePooling2D()(y))
mobilenet = keras.Model(inputs, y)
builders = dict(logit=cc.build_logit, mlp=cc.build_mlp, lenet=cc.build_lenet, small_cnn=cc.build_small_cnn,
    vgg_like=cc.build_vgg_like, resnet_small=cc.build_resnet_small, mixed_scale_dense=cc.build_mixed_scale_dense)
noisy = cc.build_augmentation(shift=0.2, noise=9, seed=0)
small = dict(vgg_like=dict(filters=(4, 8)), resnet_small=dict(filters=(4, 8)), mixed_scale_dense=dict(depth=3))
models = {k: build(shape, 3, dropout=0.3, augmentation=noisy, seed=0, **small.get(k, {}))
    for k, build in builders.items()}
models["mobilenet in a model"] = mobilenet
models["sequential"] = keras.Sequential([keras.Input(shape), keras.layers.Conv2D(4, 3), keras.layers.Flatten(),
    keras.layers.Dense(3), keras.layers.Softmax()])
models["transfer"] = cc.build_transfer_model("MobileNet", 3, shape, alpha=0.25, seed=0)
own = cc.build_small_cnn(shape, 3, filters=(4, 4), seed=0)
models["transfer from a network of one's own"] = cc.build_transfer_model(own, 3, seed=0)
models["two classes"] = cc.build_small_cnn(shape, 2, filters=(4, 4), seed=0)
models["a regression"] = cc.build_small_cnn(shape, None, filters=(4, 4), seed=0)
def refused(function, name):
    try:
        function()
    except cc.ModelError as error:
        return name in str(error)
for name, model in models.items():
    first = cc.saliency(model, x)
    assert first.shape == (4, 32, 32) and first.max() > 0, name
    assert np.allclose(first, cc.saliency(model, x), rtol=1e-3, atol=1e-7), name  # neither dropout nor augmentation
    assert np.allclose(cc.saliency(model, x[0]), first[0], rtol=1e-2, atol=1e-3 * first.max()), name
    assert cc.saliency(model, x[0], 0, "smooth", samples=2).shape == (32, 32), name
    assert cc.saliency(model, x[0], 0, "integrated", samples=2, signed=True).shape == shape, name
    assert cc.occlusion(model, x, 0, size=16, strides=16).shape == (4, 32, 32), name
    assert len(cc.embed(model, x)) == 4 and cc.embed(model, x[0]).ndim == 1, name
    if name == "a regression":
        assert refused(lambda: cc.adversarial(model, x, 4), "classifier")
    else:
        changed = cc.adversarial(model, x, 4)
        assert changed.shape == x.shape and 0 < np.abs(changed - x).max() <= 4 and changed.max() <= 255, name
        assert np.abs(cc.adversarial(model, x[0], 3, target=1, steps=2) - x[0]).max() <= 3 + 1e-5, name
    if name in ("logit", "mlp"):
        for function in (cc.grad_cam, cc.feature_maps):
            assert refused(lambda: function(model, x), "convolution"), name
        layer = model.layers[-1].name
    else:
        maps = cc.feature_maps(model, x)
        assert all(m.ndim == 4 and len(m) == 4 for m in maps.values()), name
        layer = list(maps)[-1]
        for method in ("grad_cam", "hires_cam"):
            assert cc.grad_cam(model, x, 0, method=method).shape == (4, 32, 32), name
        assert cc.grad_cam(model, x[0], 0, layer=list(maps)[0]).shape == (32, 32), name
    best = cc.activation_maximisation(model, layer, [0], steps=1)
    assert best.shape == (1, *shape) and best.dtype == np.uint8, name
    check = cc.sanity_check(cc.saliency, model, x, shuffles=1)
    assert check.original.shape == check.randomised.shape and -1 <= check.correlation <= 1, name
print(keras.backend.backend())
"""


@pytest.mark.backend
@pytest.mark.parametrize("backend", ["tensorflow", "torch", "jax"])
def test_every_function_runs_on_every_network(backend):
    pytest.importorskip(backend, reason=f"no {backend}: pip install {backend}")
    env = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",  # it compiles hundreds of small programs, and runs each a few times
        "KERAS_BACKEND": backend,
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.strip().endswith(backend), done.stderr[-3000:]


def test_a_nested_model_gives_what_the_flat_one_gives(flat, pictures):
    inside = nested(flat)
    for function in FUNCTIONS:
        np.testing.assert_allclose(function(inside, pictures), function(flat, pictures), rtol=1e-5, atol=1e-9)
    assert list(cc.feature_maps(inside, pictures)) == ["base/conv_1", "base/conv_2"]
    np.testing.assert_allclose(cc.embed(inside, pictures), cc.embed(flat, pictures), rtol=1e-5)
    np.testing.assert_allclose(cc.adversarial(inside, pictures, 8, steps=3), cc.adversarial(flat, pictures, 8, steps=3))
    args = ("conv_2", 3)
    first, other = (cc.activation_maximisation(m, *args, steps=5, jitter=2) for m in (inside, flat))
    assert np.abs(first.astype(int) - other).max() <= 1


def torch_twin(model):
    """The flat network in plain PyTorch, weights copied: (layers up to the last maps, layers after them)."""
    import torch
    from torch import nn

    class Flatten(nn.Module):
        def forward(self, x):
            return x.permute(0, 2, 3, 1).flatten(1)

    def conv(name):
        kernel, bias = model.get_layer(name).get_weights()
        made = nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
        made.weight.data, made.bias.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy()), torch.tensor(bias)
        return made

    def dense(name):
        kernel, bias = model.get_layer(name).get_weights()
        made = nn.Linear(*kernel.shape)
        made.weight.data, made.bias.data = torch.tensor(kernel.T.copy()), torch.tensor(bias)
        return made

    front = nn.Sequential(conv("conv_1"), nn.ReLU(), nn.MaxPool2d(2), conv("conv_2"), nn.ReLU())
    back = nn.Sequential(nn.MaxPool2d(2), Flatten(), dense("hidden_1"), nn.ReLU(), dense("probabilities"))
    return front, back


@pytest.fixture(scope="module")
def twin(flat, pictures):
    torch = pytest.importorskip("torch", reason="no torch: pip install torch")
    front, back = torch_twin(flat)
    x = torch.tensor(pictures.transpose(0, 3, 1, 2).astype("float32") / 255)
    with torch.no_grad():
        expected = flat.predict(pictures, verbose=0)
        np.testing.assert_allclose(back(front(x)).softmax(1).numpy(), expected, rtol=1e-4, atol=1e-6)
    return torch, front, back, x


def close(got, expected):
    expected = np.asarray(expected)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_saliency_and_grad_cam_equal_torch_autograd(flat, pictures, twin):
    _, front, back, x = twin
    x = x.clone().requires_grad_()
    maps = front(x)
    maps.retain_grad()
    back(maps)[:, 2].sum().backward()
    close(cc.saliency(flat, pictures, 2), x.grad.abs().amax(1).numpy() / 255)
    weights = maps.grad.mean((2, 3), keepdim=True)
    close(cc.grad_cam(flat, pictures, 2, resize=False), (weights * maps).sum(1).relu().detach())
    close(cc.grad_cam(flat, pictures, 2, method="hires_cam", resize=False), (maps.grad * maps).sum(1).relu().detach())


def test_saliency_integrated_gradients_and_grad_cam_equal_captum(flat, pictures, twin):
    attr = pytest.importorskip("captum.attr", reason='no Captum: pip install ".[oracles]"')
    torch, front, back, x = twin
    whole = torch.nn.Sequential(front, back)
    close(cc.saliency(flat, pictures, 1), attr.Saliency(whole).attribute(x, target=1).amax(1) / 255)
    found = attr.IntegratedGradients(whole).attribute(x, target=1, n_steps=16, method="riemann_middle")
    got = cc.saliency(flat, pictures, 1, "integrated", samples=16, signed=True)
    close(got, found.detach().permute(0, 2, 3, 1))
    found = attr.LayerGradCam(whole, front[4]).attribute(x, target=1, relu_attributions=True)
    close(cc.grad_cam(flat, pictures, 1, resize=False), found[:, 0].detach())
    found = attr.LayerGradientXActivation(whole, front[4]).attribute(x, target=1).sum(1).relu()
    close(cc.grad_cam(flat, pictures, 1, method="hires_cam", resize=False), found.detach())


def test_saliency_and_grad_cam_equal_tf_keras_vis(flat, pictures):
    """On a flat functional model, where it works on Keras 3."""
    reason = 'no tf-keras-vis: pip install ".[oracles]"'
    vis = pytest.importorskip("tf_keras_vis.saliency", reason=reason)
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    x, classes = pictures.astype("float32"), CategoricalScore([2, 0, 1])
    for of, modifier in (("score", ReplaceToLinear()), ("probability", None)):
        found = vis.Saliency(flat, modifier)(classes, x, normalize_map=False)
        close(cc.saliency(flat, pictures, [2, 0, 1], of=of), found)
        found = Gradcam(flat, modifier)(classes, x, penultimate_layer="conv_2", expand_cam=False, normalize_cam=False)
        close(cc.grad_cam(flat, pictures, [2, 0, 1], of=of, resize=False), found)


def test_integrated_gradients_add_up_to_the_score(flat, pictures):
    parts = cc.saliency(flat, pictures, 0, "integrated", samples=200, signed=True)
    logits = keras.Model(flat.input, flat.get_layer("hidden_1").output).predict(pictures, verbose=0)
    kernel, _ = flat.get_layer("probabilities").get_weights()
    black = keras.Model(flat.input, flat.get_layer("hidden_1").output).predict(0 * pictures[:1], verbose=0)
    wanted = ((logits - black) @ kernel)[:, 0]
    np.testing.assert_allclose(parts.sum(axis=(1, 2, 3)), wanted, rtol=0.02, atol=0.02 * np.abs(wanted).max())


def test_smooth_saliency_is_the_mean_gradient_over_noise(flat, pictures):
    rng, parts = np.random.default_rng(5), []
    for _ in range(4):
        noisy = pictures + rng.normal(0, 10, pictures.shape)
        parts.append(cc.saliency(flat, noisy, 1, signed=True))
    expected = np.abs(np.mean(parts, axis=0)).max(axis=-1)
    close(cc.saliency(flat, pictures, 1, "smooth", samples=4, noise=10, seed=5), expected)


def test_the_loss_gradient_is_torchs_and_one_step_goes_its_way(flat, pictures, twin):
    torch, front, back, x = twin
    x = x.clone().requires_grad_()
    labels = [0, 3, 1]
    torch.nn.functional.cross_entropy(back(front(x)), torch.tensor(labels), reduction="sum").backward()
    expected = x.grad.permute(0, 2, 3, 1).numpy() / 255
    close(cc.loss_gradient(flat, pictures, labels), expected)
    away = np.clip(pictures + 4 * np.sign(expected), 0, 255)
    assert (cc.adversarial(flat, pictures, 4, labels=labels) == away).mean() > 0.999
    towards = np.clip(pictures - 4 * np.sign(expected), 0, 255)
    assert (cc.adversarial(flat, pictures, 4, target=labels) == towards).mean() > 0.999


def test_occlusion_is_the_fall_of_the_score(flat, pictures):
    heat = cc.occlusion(flat, pictures[0], 1, size=8, strides=8, fill=0, of="probability")
    for i, j in ((0, 0), (8, 0), (8, 8)):
        covered = pictures[:1].copy()
        covered[0, i : i + 8, j : j + 8] = 0
        fall = flat.predict(pictures[:1], verbose=0)[0, 1] - flat.predict(covered, verbose=0)[0, 1]
        np.testing.assert_allclose(heat[i : i + 8, j : j + 8], fall, rtol=1e-4, atol=1e-6)


def test_the_last_maps_of_each_network_are_found(pictures):
    from cnn_course.explain._graph import last_map
    from cnn_course.explain._inputs import trace

    wanted = {
        cc.build_lenet: "conv_2",
        cc.build_small_cnn: "conv_3",
        cc.build_vgg_like: "block3_conv2",
        cc.build_resnet_small: "stage3_block1_relu",
        cc.build_mixed_scale_dense: "all_maps",
    }
    for build, path in wanted.items():
        model = build((16, 16, 3), 3, seed=0)
        assert last_map(trace(model, pictures.astype("float32"))).path == path


def test_feature_maps_and_embedding_are_what_keras_gives(flat, pictures):
    maps = cc.feature_maps(flat, pictures, ["conv_2", "pool_1"])
    for name, got in maps.items():
        expected = keras.Model(flat.input, flat.get_layer(name).output).predict(pictures, verbose=0)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    expected = keras.Model(flat.input, flat.get_layer("hidden_1").output).predict(pictures, verbose=0)
    np.testing.assert_allclose(cc.embed(flat, pictures), expected, rtol=1e-5, atol=1e-6)


def test_a_layer_is_found_by_path_and_a_double_name_is_refused():
    def part(name):
        inputs = keras.Input((8, 8, 1))
        return keras.Model(inputs, keras.layers.Conv2D(1, 3, padding="same", name="conv")(inputs), name=name)

    inputs = keras.Input((8, 8, 1))
    x = keras.layers.Flatten()(part("second")(part("first")(inputs)))
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(x))
    picture = np.zeros((8, 8), "uint8")
    assert list(cc.feature_maps(model, picture)) == ["first/conv", "second/conv"]
    assert list(cc.feature_maps(model, picture, "second/conv")) == ["second/conv"]
    with pytest.raises(cc.ModelError, match="Several layers have the name 'conv'"):
        cc.feature_maps(model, picture, "conv")
    with pytest.raises(cc.ModelError, match=r"no layer 'cnv'\. It has first/conv"):
        cc.grad_cam(model, picture, layer="cnv")


def head(x, activation="softmax", units=3):
    return keras.layers.Dense(units, activation=activation)(keras.layers.GlobalAveragePooling2D()(x))


def convolved(inputs):
    return keras.layers.Conv2D(4, 3, activation="relu", name="conv")(keras.layers.Rescaling(1 / 255)(inputs))


@pytest.mark.parametrize("end", ["inside", "layer", "operation", "function of the backend"])
def test_a_softmax_of_any_make_is_left_out_of_the_score(pictures, end):
    keras.utils.set_random_seed(1)
    inputs = keras.Input((16, 16, 3))
    scores = keras.Model(inputs, head(convolved(inputs), None))
    ends = {
        "inside": "softmax",
        "layer": keras.layers.Softmax(),
        "operation": keras.ops.softmax,
        "function of the backend": None,
    }
    if end == "function of the backend":
        tensorflow = pytest.importorskip("tensorflow", reason="no tensorflow: pip install tensorflow")
        ends[end] = tensorflow.nn.softmax  # its name is softmax_v2
    if callable(ends[end]) and end != "function of the backend":
        model = keras.Model(inputs, ends[end](scores.output))
    else:
        model = keras.Model(inputs, head(scores.get_layer("conv").output, ends[end]))
        model.set_weights(scores.get_weights())
    close(model.predict(pictures, verbose=0), keras.ops.softmax(scores.predict(pictures, verbose=0)))
    for function in (*FUNCTIONS, cc.adversarial):
        options = {"strength": 2} if function is cc.adversarial else {"class_index": 1}
        close(function(model, pictures, **options), function(scores, pictures, **options))


def test_what_is_no_row_of_numbers_from_one_output_is_refused(pictures):
    inputs = keras.Input((16, 16, 3))
    x = convolved(inputs)
    with pytest.raises(cc.ModelError, match=r"one input and one output"):
        cc.saliency(keras.Model(inputs, [head(x), head(x, "sigmoid", 1)]), pictures)
    with pytest.raises(cc.ModelError, match=r"a row of numbers for each picture, \(n, classes\)\. It gives \(None, 14"):
        cc.adversarial(keras.Model(inputs, x), pictures, 4)


class Block(keras.layers.Layer):
    """A layer with a convolution inside, as a student writes one: without get_config."""

    def __init__(self, filters):
        super().__init__(name="block")
        self.convolution = keras.layers.Conv2D(filters, 3, padding="same")

    def call(self, x):
        return x + self.convolution(x)


def test_a_layer_of_ones_own_with_a_convolution_inside_has_maps(pictures):
    inputs = keras.Input((16, 16, 3))
    model = keras.Model(inputs, head(Block(3)(keras.layers.Rescaling(1 / 255)(inputs))))
    assert list(cc.feature_maps(model, pictures)) == ["block"]
    assert cc.grad_cam(model, pictures[0], 0).shape == (16, 16)
    with pytest.raises(cc.ModelError, match="cannot be copied: a layer of your own needs get_config"):
        cc.randomise_weights(model)


def test_a_float_picture_in_0_to_1_is_warned_of_where_the_model_divides(flat, pictures):
    with pytest.warns(cc.ScaleWarning, match=r"model's own first layers bring 0\.\.255 to 0\.\.1: .*0 to 255"):
        cc.saliency(nested(flat), pictures / 255)


@pytest.mark.filterwarnings("error")
def test_pictures_in_any_usual_form_give_the_same(flat, pictures):
    expected = cc.grad_cam(flat, pictures)
    for form in (pictures.astype("float64"), pictures.astype("int32"), keras.ops.convert_to_tensor(pictures)):
        close(cc.grad_cam(flat, form), expected)
    close(cc.grad_cam(flat, pictures[:1])[0], expected[0])
    grey = cc.build_small_cnn((12, 10, 1), 2, filters=(4,), seed=0)
    x = pictures[:2, :12, :10, 0]
    close(cc.saliency(grey, x, 0), cc.saliency(grey, x[..., None], 0))
    close(cc.saliency(grey, x[0], 0), cc.saliency(grey, x, 0)[0])
    digits = cc.load_dataset("digits", image_size=(12, 10))
    assert (cc.embed(grey, digits) == cc.embed(grey, digits.images)).all()
    black = np.zeros((12, 10), "float32")
    assert cc.saliency(grey, black, 0).shape == (12, 10)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_in_mixed_precision_the_maps_are_nearly_the_same(flat, pictures, policy):
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        mixed = cc.build_small_cnn((16, 16, 3), 4, filters=(6, 8), units=10, seed=3)
    finally:
        keras.mixed_precision.set_dtype_policy(before)
    mixed.set_weights(flat.get_weights())
    assert mixed.get_layer("conv_2").compute_dtype == policy.removeprefix("mixed_")
    for function in FUNCTIONS:
        got, expected = function(mixed, pictures, 1), function(flat, pictures, 1)
        assert got.dtype == np.float32 and np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.95, function
    assert (cc.adversarial(mixed, pictures, 4) == cc.adversarial(flat, pictures, 4)).mean() > 0.9


def test_wrong_arguments_are_named(flat, pictures):
    with pytest.raises(cc.ModelError, match="class_index must be a class from 0 to 3"):
        cc.saliency(flat, pictures, 4)
    with pytest.raises(cc.DataError, match=r"shape \(16, 16, 3\), as the model takes it"):
        cc.saliency(flat, pictures[:, :8])
    with pytest.raises(cc.ModelError, match="strength must be from 0 to 255, in grey levels"):
        cc.adversarial(flat, pictures, -1)
    with pytest.raises(cc.ModelError, match="method must be one of 'plain'"):
        cc.saliency(flat, pictures, method="guided")
    with pytest.raises(cc.ModelError, match="is it built"):
        cc.embed(keras.Sequential([keras.layers.Dense(3)]), pictures)
    with pytest.raises(cc.ModelError, match="model must take pictures"):
        cc.saliency(cc.build_logit((5,), 3, seed=0), np.zeros((2, 5)))
    with pytest.raises(cc.ModelError, match="channel must be from 0 to 7"):
        cc.activation_maximisation(flat, "conv_2", 8)
    with pytest.raises(cc.ModelError, match="jitter must be a whole number, 0 or more"):
        cc.activation_maximisation(flat, "conv_2", 0, jitter=-1)
    with pytest.raises(cc.ModelError, match="noise must be a number, 0 or more"):
        cc.saliency(flat, pictures, method="smooth", noise=-1)
    with pytest.raises(cc.DataError, match=r"baseline must be a grey level or have the shape \(16, 16, 3\)"):
        cc.saliency(flat, pictures, method="integrated", baseline=np.zeros((4, 4)))
    with pytest.raises(cc.ModelError, match="labels must be a class from 0 to 3"):
        cc.loss_gradient(flat, pictures, 4)
    with pytest.raises(cc.ModelError, match="target must be a class from 0 to 3"):
        cc.adversarial(flat, pictures, 4, target=[0, 1])
    with pytest.raises(cc.ModelError, match="shuffles must be a positive integer"):
        cc.sanity_check(cc.saliency, flat, pictures, shuffles=0)


def test_a_maximised_channel_answers_more_than_to_the_pictures_of_the_set():
    model = cc.load_hashtag_cnn()
    channels = [0, 5, 9, 20]
    best = cc.activation_maximisation(model, "conv_3", channels, steps=48, jitter=2)
    usual, reached = (
        cc.feature_maps(model, p, "conv_3")["conv_3"].mean(axis=(1, 2))[:, channels]
        for p in (cc.load_dataset("hashtag", "test", n=200).images, best)
    )
    assert (np.diag(reached) > np.quantile(usual, 0.99, axis=0)).all()


@pytest.mark.parametrize("size", [(6, 5), (6, 6)])
def test_the_slope_of_the_waves_is_the_numerical_one(size):
    from cnn_course.explain.maximisation import _Spectrum

    spectrum = _Spectrum((1, *size, 3), 1.0, True, np.random.default_rng(0))
    direction = np.random.default_rng(1).normal(size=(1, *size, 3))
    place = spectrum._waves.astype(float)

    def value(waves):
        spectrum._waves = waves
        return (spectrum.pictures().astype(float) * direction).sum()

    slope = np.zeros(place.shape)
    for index in np.ndindex(place.shape):
        step = np.zeros(place.shape)
        step[index] = 1e-3
        slope[index] = (value(place + step) - value(place - step)) / 2e-3
    value(place)
    spectrum.climb(direction, 0.0)
    got = spectrum._first / np.abs(spectrum._first).max()
    # irfft2 reads waves twice, save those of the first and, in an even width, the last column: Adam does not mind
    twice = np.full(place.shape[2], 2.0)
    twice[0] = 1
    twice[-1] = 2 if size[1] % 2 else 1
    got = got * twice[:, None, None]
    edge = np.zeros(place.shape, bool)  # waves that have a partner in their own column share its slope
    edge[:, :, [0] if size[1] % 2 else [0, -1]] = True
    inner = ~edge
    ratio = (got[inner] @ slope[inner]) / (slope[inner] @ slope[inner])
    np.testing.assert_allclose(got[inner], ratio * slope[inner], atol=2e-3 * np.abs(got[inner]).max())


def test_shuffled_weights_leave_the_model_alone_and_grad_cam_changes(flat, pictures):
    before = flat.get_weights()
    copy = cc.randomise_weights(flat, seed=1, layers=["conv_2"])
    assert all((a == b).all() for a, b in zip(before, flat.get_weights(), strict=True))
    assert (copy.get_layer("conv_1").get_weights()[0] == flat.get_layer("conv_1").get_weights()[0]).all()
    assert (copy.get_layer("conv_2").get_weights()[0] != flat.get_layer("conv_2").get_weights()[0]).any()
    with pytest.raises(cc.ModelError, match="no layer 'conv_9'"):
        cc.randomise_weights(flat, layers=["conv_9"])
    assert cc.sanity_check(cc.grad_cam, flat, pictures).correlation < 0.8


def test_neighbours_and_the_map():
    vectors = np.random.default_rng(0).normal(size=(20, 5))
    found = cc.nearest_neighbours(vectors, vectors[7], n=3, metric="euclidean")
    expected = np.argsort(np.linalg.norm(vectors - vectors[7], axis=1))[:3]
    assert (found.indices[0] == expected).all() and found.distances[0, 0] < 1e-6
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(np.abs(cc.project_2d(vectors)), np.abs(u[:, :2] * s[:2]), rtol=1e-4, atol=1e-5)
    assert cc.project_2d(vectors, "tsne").shape == (20, 2)
    with pytest.raises(cc.DataError, match="method must be"):
        cc.project_2d(vectors, "umap")


def test_a_folder_that_stays_on_disk_is_explained_as_one_in_memory(tmp_path, flat, pictures):
    from PIL import Image

    for number, picture in enumerate(pictures):
        (tmp_path / "ab"[number % 2]).mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / "ab"[number % 2] / f"{number}.png")
    memory = cc.load_images_from_folder(tmp_path, image_size=16)
    disk = cc.load_images_from_folder(tmp_path, image_size=16, batch_size=2)
    for function in (cc.embed, cc.grad_cam, lambda *given: cc.feature_maps(*given)["conv_2"]):
        np.testing.assert_allclose(function(flat, disk), function(flat, memory.images), rtol=1e-5, atol=1e-6)
    assert cc.embed(flat, disk).shape == (3, 10)


def test_the_embedding_of_a_frozen_backbone_is_what_its_head_is_trained_on():
    from cnn_course.transfer.tuning import backbone_features

    x = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), "uint8")
    model = cc.build_transfer_model("MobileNet", 3, (32, 32, 3), alpha=0.25, seed=0)
    np.testing.assert_allclose(cc.embed(model, x), backbone_features(model, x), rtol=1e-4, atol=1e-5)


def test_of_many_layers_the_nearest_names_are_said():
    inputs = x = keras.Input((8, 8, 3))
    for number in range(40):
        x = keras.layers.Conv2D(1, 1, name=f"block_{number}_conv")(x)
    model = keras.Model(inputs, x)
    for call in (
        lambda: cc.feature_maps(model, np.zeros((8, 8, 3), "uint8"), ["block_7_cnv"]),
        lambda: cc.randomise_weights(model, layers=["block_7_cnv"]),
        lambda: cc.describe(model)["block_7_cnv"],
    ):
        with pytest.raises((cc.ModelError, KeyError), match=r"block_7_conv.* and 3[56] more") as caught:
            call()
        assert len(str(caught.value)) < 200


def test_two_inputs_or_two_outputs_are_answered_and_described():
    one, two = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    both = keras.layers.Add()([one, keras.layers.Conv2D(1, 3, padding="same")(two)])
    out = keras.layers.Dense(2)(keras.layers.Flatten()(both))
    model = keras.Model([one, two], [out, both])
    for call in (cc.embed, cc.saliency, cc.feature_maps):
        with pytest.raises(cc.ModelError, match=r"one input and one output.* with 2 inputs and 2 outputs"):
            call(model, np.zeros((8, 8, 1), "uint8"))
    table = cc.describe(model)
    assert table.parameters == model.count_params() and {row.sees for row in table} == {"part", "whole"}
