"""A preview of augmentation: one picture, and what the layers make of it."""

from typing import Any

import ipywidgets
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._pictures import checked_picture, data_url

_STRENGTHS = {
    "shift": (0.5, 0.05, "Shift (share)"),
    "zoom": (0.6, 0.05, "Zoom (share)"),
    "rotation": (180.0, 5.0, "Rotation (degrees)"),
    "contrast": (0.9, 0.05, "Contrast (share)"),
    "noise": (60.0, 5.0, "Noise (grey levels)"),
}


class AugmentationPreview(ipywidgets.VBox):
    """A picture and eight random changes of it, with a slider for each strength.

    It shows what `build_augmentation` does, so it needs a kernel; an exported page shows the pictures as they were
    when it was made, and says so.

    Parameters
    ----------
    picture : array of uint8, shape (height, width), (height, width, 1) or (height, width, 3), optional
        By default a part of ``example_image("flower")``.
    seed : int, default 0
        Another one gives other changes.
    **strengths
        As for `build_augmentation`: shift, zoom, rotation, flip, contrast, noise.

    Raises
    ------
    DataError
        If the picture is not one.
    ModelError
        If a strength is out of its range.

    Examples
    --------
    >>> preview = AugmentationPreview(np.zeros((8, 8), "uint8"), shift=0.2)
    >>> preview.strengths["shift"], preview.pictures.shape
    (0.2, (9, 8, 8, 1))
    """

    def __init__(self, picture: ArrayLike | None = None, seed: int = 0, **strengths: Any) -> None:
        array = checked_picture(_default_picture() if picture is None else picture)
        self._picture = array[..., None] if array.ndim == 2 else array
        self._seed = seed
        flip = strengths.pop("flip", False)
        self.sliders = {name: self._slider(name, strengths.pop(name, 0.0)) for name in _STRENGTHS}
        if strengths:
            raise TypeError(f"AugmentationPreview takes {', '.join(_STRENGTHS)} and flip. Received: {[*strengths]}")
        self.flip = ipywidgets.Checkbox(value=bool(flip), description="Flip left to right", indent=False)
        self.again = ipywidgets.Button(description="Draw again")
        self._shown = ipywidgets.HTML()
        for control in (*self.sliders.values(), self.flip):
            control.observe(self._draw, "value")
        self.again.on_click(self._draw_again)
        self._draw()
        controls = ipywidgets.Box([*self.sliders.values(), self.flip, self.again])
        controls.layout = ipywidgets.Layout(flex_flow="row wrap", align_items="center")
        super().__init__([controls, self._shown])

    def __repr__(self):
        return f"AugmentationPreview({', '.join(f'{name}={value}' for name, value in self.strengths.items() if value)})"

    @property
    def strengths(self) -> dict[str, Any]:
        """What `build_augmentation` is called with."""
        return {**{name: slider.value for name, slider in self.sliders.items()}, "flip": self.flip.value}

    @property
    def pictures(self) -> NDArray[np.uint8]:
        """The picture and eight changes of it, uint8, shape (9, height, width, channels)."""
        changed = np.repeat(self._picture[None], 8, axis=0)
        if any(self.strengths.values()):
            changed = self._changed(changed)
        return np.concatenate([self._picture[None], changed])

    def _changed(self, batch):
        from .._keras import load_keras
        from ..training import build_augmentation

        layers = build_augmentation(**self.strengths, seed=self._seed)
        output = load_keras().ops.convert_to_numpy(layers(batch.astype("float32"), training=True))
        return output.round().clip(0, 255).astype("uint8")

    def _slider(self, name, value):
        most, step, text = _STRENGTHS[name]
        return ipywidgets.FloatSlider(
            value=value, min=0.0, max=most, step=step, description=text, continuous_update=False,
            style={"description_width": "9.5em"}, layout=ipywidgets.Layout(width="24em", max_width="100%"),
        )  # fmt: skip

    def _draw_again(self, _):
        self._seed += 1
        self._draw()

    def _draw(self, _=None):
        self._shown.value = self._html()

    def _html(self):
        """Return the nine pictures as HTML, with words for a reader who cannot see them."""
        active = [name if value is True else f"{name} {value:g}" for name, value in self.strengths.items() if value]
        words = ", ".join(active) or "nothing changed: move a slider"
        names = ["original", *(f"change {n}" for n in range(1, 9))]
        cells = "".join(
            f'<figure style="margin:0"><img src="{data_url(checked_picture(picture))}" alt="{name}" '
            'style="width:100%;image-rendering:pixelated;display:block">'
            f'<figcaption style="font-size:12px">{name}</figcaption></figure>'
            for name, picture in zip(names, self.pictures, strict=True)
        )
        grid = "display:grid;grid-template-columns:repeat(auto-fill,minmax(7.5em,1fr));gap:.6em;max-width:44em"
        return f'<div><p aria-live="polite">{words}</p><div style="{grid}">{cells}</div></div>'

    def _repr_mimebundle_(self, **options):
        still = '<p style="font-size:12px">In a notebook with a kernel there are sliders here.</p>'
        bundle = getattr(super(), "_repr_mimebundle_", lambda **_: {})  # ipywidgets 7, as on Colab, has none
        return {**bundle(**options), "text/html": self._html() + still, "text/plain": repr(self)}


def _default_picture():
    from ..datasets import example_image

    return example_image("flower")[60:380:2, 200:520:2]
