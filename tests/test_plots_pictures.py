"""Pictures in rows and columns: every name can be read, whatever a class is called."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from cnn_course import ImageDataset, plot_pictures

PICTURES = np.random.default_rng(0).integers(0, 256, (12, 16, 16, 3), "uint8")
NAMES = (
    "A very long class name that somebody typed into a folder, with commas, and more of them, and more",
    "short",
    "Donaudampfschifffahrtsgesellschaftskapitaenskajuetenschluessel",
    "costs $5 or $6 {each}",
)


def texts(figure):
    """Return the texts that are drawn, with the boxes around them in pixels."""
    FigureCanvasAgg(figure).draw()
    found = [text for ax in figure.axes for text in (ax.yaxis.label, ax.title) if text.get_text()]
    return [(text.get_text(), text.get_window_extent()) for text in found]


@pytest.mark.parametrize("n", [1, 3])
def test_long_names_of_classes_stand_in_the_figure_beside_their_pictures(n):
    figure = plot_pictures(ImageDataset(PICTURES, np.arange(12) % 4, NAMES), n=n)
    drawn = texts(figure)
    assert [text.replace("\n", "")[:5] for text, _ in drawn] == ["A ver", "short", "Donau", "costs"]
    assert drawn[3][1].width > 50 and "$5 or $6" in drawn[3][0]
    left = min(ax.get_window_extent().x0 for ax in figure.axes)
    for (_, box), (_, below) in pairwise(drawn):
        assert box.x0 >= -1 and box.x1 <= left and box.y0 >= below.y1 - 1
    assert figure.axes[0].get_window_extent().width > 60


def test_long_titles_do_not_run_into_each_other():
    figure = plot_pictures(PICTURES[:4], titles=NAMES)
    boxes = [box for _, box in texts(figure)]
    for box, next_one in pairwise(boxes):
        assert box.x1 <= next_one.x0 + 1
    assert boxes[0].x0 >= -1 and boxes[-1].x1 <= figure.bbox.x1 + 1
    assert all(box.y1 <= figure.bbox.y1 + 1 for box in boxes)
