"""One look for every figure: colours, sizes, and how a figure shows itself in a notebook.

A figure of the course is inline SVG. Its ink and its paper are the notebook theme's own colours, so it
turns dark with JupyterLab; in a file, or where there is no theme, it is dark ink on a white card. So:

- ``INK``, ``MUTED``, ``LINE`` and ``PAPER`` follow the theme. Use them for text, axes and empty cells.
- The Okabe-Ito colours stay as they are; the first four stand out on white and on black. Because two of
  them look alike in grey, a colour never speaks alone: lines get markers and dashes, areas get words.
- Text on a filled area takes ``text_on(fill)``, never ``INK``.
"""

import base64
import hashlib
import io
import re
from html import escape
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

BLUE, VERMILLION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
ORANGE, SKY, YELLOW = "#e69f00", "#56b4e9", "#f0e442"
COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)

INK, MUTED, LINE, PAPER = "#1c1c1e", "#6b6b70", "#b9b9be", "#fefefe"
THEME = {
    INK: "--jp-content-font-color1",
    MUTED: "--jp-content-font-color2",
    LINE: "--jp-border-color1",
    PAPER: "--jp-layout-color0",
}

WIDTH = 9.0  # inches: 864 pixels on the page, the width of a notebook
SMALL, TEXT, LARGE = 11, 13, 15  # points; read from the last row when the notebook fills a projector

HOUSE = {
    "figure.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "savefig.facecolor": PAPER,
    "axes.facecolor": "none",
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLOURS)
    + cycler(linestyle=["-", "--", "-.", ":", "-", "--"])
    + cycler(marker=["o", "s", "^", "D", "v", "P"]),
    "lines.linewidth": 2.2,
    "lines.markersize": 6,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "legend.labelcolor": INK,
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "figure.titlesize": LARGE,
    "hatch.linewidth": 0.5,
    "image.cmap": "gray",
    "text.parse_math": False,  # a name with $ in it is a name
}
_SVG: dict[Any, Any] = {"svg.fonttype": "path", "svg.hashsalt": "cnn-course"}
_DOTS = 144  # per inch, for photographs inside a figure: two for each pixel of the page
_HEAVY = 12_000  # bytes of PNG above which an opaque picture is stored as JPEG


class CourseFigure(Figure):
    """A figure that shows itself as SVG in the notebook's own colours, and says in words what it shows.

    It is not one of pyplot's figures: it appears where it is the last line of a cell, once.

    Parameters
    ----------
    alt : str
        What the figure shows, for a reader who cannot see it.
    **options
        As for `matplotlib.figure.Figure`.
    """

    def __init__(self, *args, alt="", **options):
        super().__init__(*args, **options)
        self.alt = alt

    def __repr__(self):
        return f"<Figure: {self.alt}>"

    __str__ = __repr__

    def _repr_html_(self):
        return themed_svg(self)

    def _ipython_display_(self):
        from IPython.display import display

        display({"text/html": themed_svg(self), "text/plain": repr(self)}, raw=True)


def styled(function):
    """Return the plot function, drawing in the look of the course."""
    return matplotlib.rc_context(HOUSE)(function)


def new_figure(alt: str, height: float = 4.0, width: float = WIDTH, **options: Any) -> CourseFigure:
    """Return an empty figure of the course.

    Parameters
    ----------
    alt : str
        What the figure shows, for a reader who cannot see it.
    height, width : float
        In inches.
    **options
        As for `matplotlib.figure.Figure`.

    Returns
    -------
    CourseFigure
    """
    return CourseFigure(figsize=(width, height), alt=alt, **options)


def axes_for(ax: Axes | None, alt: str, height: float = 4.0, width: float = WIDTH) -> tuple[Axes, CourseFigure | Axes]:
    """Return the axes to draw on, and what the plot function returns.

    Parameters
    ----------
    ax : matplotlib.axes.Axes or None
        The caller's axes, or None for a new figure.
    alt, height, width
        As for `new_figure`.

    Returns
    -------
    (Axes, CourseFigure or Axes)
        The new figure, or the axes that the caller gave.
    """
    if ax is not None:
        return ax, ax
    figure = new_figure(alt, height, width)
    return figure.add_subplot(), figure


def bare(ax: Axes) -> Axes:
    """Take ticks and frame away from axes that hold a picture; return them."""
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    return ax


def in_legend(name: object) -> str:
    """Return the name as a label: Matplotlib leaves out what begins with an underscore, so a blank goes before it."""
    return f" {name}" if str(name).startswith("_") else str(name)


def name_row(ax: Axes, name: str) -> None:
    """Write the name of a row of pictures to the left of its first axes."""
    ax.set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8, fontsize=SMALL)


def draw_picture(ax, picture, **options):
    """Draw a picture on bare axes and return it as matplotlib's image.

    Small pictures keep their sharp pixels; large ones are averaged down to the size on the page.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    picture : array of shape (height, width), (height, width, 1) or (height, width, 3)
        Integers 0 to 255; a map of one channel may hold any numbers (give `vmin` and `vmax`).
    **options
        As for `Axes.imshow`.
    """
    if picture.ndim == 3 and picture.shape[2] == 1:
        picture = picture[:, :, 0]
    if picture.ndim == 2 and picture.dtype == "uint8":
        options = {"vmin": 0, "vmax": 255, **options}
    sharp = max(picture.shape[:2]) <= 64
    image = bare(ax).imshow(picture, interpolation="none" if sharp else "antialiased", **options)
    if sharp:  # a thin frame, or a black border of pixels is lost on a dark page and a white one on paper
        ax.spines[:].set(visible=True, color=LINE, linewidth=0.8)
    return image


def text_on(fill: Any) -> str:
    """Return black or white, whichever reads better on the colour.

    Examples
    --------
    >>> text_on("#0072b2"), text_on("#f0e442")
    ('#ffffff', '#000000')
    """
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(fill)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"  # where both have the same contrast (WCAG)


def themed_svg(figure: CourseFigure) -> str:
    """Return the figure as HTML: SVG whose ink and paper are the colours of the page's theme.

    Parameters
    ----------
    figure : CourseFigure

    Returns
    -------
    str
        The same bytes for a figure that is made again, and without outside addresses.
    """
    buffer = io.StringIO()
    with matplotlib.rc_context(_SVG):
        figure.savefig(buffer, format="svg", dpi=_DOTS, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = re.sub(r"<metadata>.*?</metadata>\s*", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r"data:image/png;base64,([^\"]+)", _lighter, svg)
    svg = re.sub(r' fill="(#\w+)"/>', r' style="fill: \1"/>', svg)  # hatches; only a style takes variables
    for colour, variable in THEME.items():
        svg = svg.replace(f": {colour}", f": var({variable}, {colour})")
    # Figures on one page must not use each other's clip paths, so each has its own ids.
    mark = "f" + hashlib.sha256(svg.encode()).hexdigest()[:8]
    svg = re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{mark}-", svg)
    label = f'role="img" aria-label="{escape(figure.alt)}" style="max-width:100%;height:auto"'
    return svg.replace("<svg ", f"<svg {label} ", 1)


def _lighter(match):
    """Store a large opaque picture as JPEG: a tenth of the bytes, and no eye sees it."""
    raw = base64.b64decode(match[1])
    if len(raw) < _HEAVY:
        return match[0]
    from PIL import Image

    picture = Image.open(io.BytesIO(raw)).convert("RGBA")
    if picture.getextrema()[3] != (255, 255):
        return match[0]
    buffer = io.BytesIO()
    picture.convert("RGB").save(buffer, "JPEG", quality=88, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
