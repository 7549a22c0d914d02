"""Figures played one after the other, in a notebook, an exported page or a slide: no video, no kernel."""

from dataclasses import dataclass
from html import escape

from ._style import CourseFigure, themed_svg

_STAGE = """\
<div class="cnn-frames" data-interval="{interval}" style="max-width:{width}px">
<div style="display:grid">{pictures}</div>
<div style="display:flex;gap:.8em;align-items:center;margin-top:.4em">
<button type="button" style="min-width:5em;padding:.3em .8em;font:inherit">Play</button>
<input type="range" min="1" max="{count}" value="1" step="1" style="flex:1" aria-label="Frame">
<output aria-live="polite" style="min-width:4em;text-align:right">1 of {count}</output>
</div></div>"""
# Always the same text, so that a page can tell it from every other script.
PLAYER = """\
<script>
(function () {
  const root = document.currentScript.previousElementSibling;
  const frames = root.querySelectorAll("[data-frame]");
  const button = root.querySelector("button"), bar = root.querySelector("input");
  let timer = null;
  function show() {
    frames.forEach((frame, i) => { frame.style.visibility = i + 1 === +bar.value ? "visible" : "hidden"; });
    bar.setAttribute("aria-valuetext", frames[bar.value - 1].dataset.frame);
    root.querySelector("output").textContent = bar.value + " of " + frames.length;
  }
  function stop() { clearInterval(timer); timer = null; button.textContent = "Play"; }
  function next() {
    if (!root.isConnected || +bar.value === frames.length) return stop();
    bar.value = +bar.value + 1;
    show();
  }
  button.onclick = () => {
    if (timer) return stop();
    if (+bar.value === frames.length) { bar.value = 1; show(); }
    timer = setInterval(next, +root.dataset.interval || 1200);
    button.textContent = "Pause";
  };
  bar.oninput = () => { stop(); show(); };
  show();
})();
</script>"""


@dataclass(frozen=True, repr=False)
class Frames:
    """Figures that a notebook plays as a film, with a button and a slider; the arrow keys move it too.

    Parameters
    ----------
    figures : tuple of CourseFigure
        All of the same size. ``frames[i]`` is the i-th.
    interval : int
        Milliseconds between two frames.
    """

    figures: tuple[CourseFigure, ...]
    interval: int = 1200

    def __len__(self):
        return len(self.figures)

    def __getitem__(self, index):
        return self.figures[index]

    def __repr__(self):
        return f"<Frames: {len(self)} figures, from: {self[0].alt}>"

    def _repr_html_(self):
        place = '<div data-frame="{}" style="grid-area:1/1;visibility:{}">{}</div>'
        pictures = "".join(
            place.format(escape(figure.alt), "hidden" if i else "visible", themed_svg(figure))
            for i, figure in enumerate(self.figures)
        )
        width = round(96 * self[0].get_figwidth())
        return _STAGE.format(width=width, pictures=pictures, count=len(self), interval=self.interval) + PLAYER
