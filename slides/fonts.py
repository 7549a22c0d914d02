"""The lecture's fonts, IBM Plex: the same letters in text, code, formulas and figures, on every computer.

The files come with npm (SIL Open Font License 1.1). What is embedded holds only the characters that the page shows; as
the licence asks, it then has another name.
"""

import base64
import io
import logging
import re
from html import unescape
from pathlib import Path

FOLDER = Path(__file__).parent / "node_modules" / "@ibm"
SANS, MONO, MATH = "Lecture Sans", "Lecture Mono", "Lecture Math"
FILES = {
    (SANS, 400, "normal"): "plex-sans/fonts/complete/woff/IBMPlexSans-Regular.woff",
    (SANS, 600, "normal"): "plex-sans/fonts/complete/woff/IBMPlexSans-SemiBold.woff",
    (SANS, 400, "italic"): "plex-sans/fonts/complete/woff/IBMPlexSans-Italic.woff",
    (MONO, 400, "normal"): "plex-mono/fonts/complete/woff/IBMPlexMono-Regular.woff",
    (MATH, 400, "normal"): "plex-math/fonts/complete/woff/IBMPlexMath-Regular.woff",
}


def use_in_figures(folder):
    """Let matplotlib draw the course's figures in the lecture's fonts, text as text; the folder keeps the files."""
    from matplotlib import font_manager

    from cnn_course.plots import _style

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # the mathematical font has one weight
    folder.mkdir(parents=True, exist_ok=True)
    for number, key in enumerate(FILES):
        path, font = folder / f"{number}.ttf", _renamed(*key)
        font.flavor = None
        font.save(path)
        font_manager.fontManager.addfont(path)
    _style.HOUSE["font.family"] = [SANS, MATH, "DejaVu Sans"]
    _style._SVG["svg.fonttype"] = "none"


def css(html):
    """Return the rules that embed the fonts, with the characters of the page."""
    text = unescape(html)
    formulas = "".join(re.findall(r"<math.*?</math>|<svg.*?</svg>", text, re.DOTALL))
    rules = []
    for family, weight, style in FILES:
        shown = set(text) if family != MATH else {italic for c in formulas for italic in (c, _italic(c))}
        data = base64.b64encode(_subset(_renamed(family, weight, style), shown)).decode()
        rules.append(
            f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; '
            f"src: url(data:font/woff;base64,{data}) }}"
        )
    return "\n".join(rules)


def _renamed(family, weight, style):
    from fontTools.ttLib import TTFont

    font = TTFont(FOLDER / FILES[family, weight, style])
    names = {400: "Regular", 600: "SemiBold"}
    kind = "Italic" if style == "italic" else names[weight]
    for number, text in {1: family, 2: kind, 4: f"{family} {kind}", 6: f"{family}-{kind}".replace(" ", "")}.items():
        font["name"].setName(text, number, 3, 1, 0x409)
        font["name"].removeNames(number, 1)
    for number in (3, 16, 17):
        font["name"].removeNames(number)
    return font


def _subset(font, characters):
    from fontTools import subset

    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(flavor="woff", hinting=False, layout_features=["kern", "liga", "ssty", "dtls"])
    options.name_IDs = [0, 1, 2, 4, 6, 13, 14]
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(characters))
    subsetter.subset(font)
    font.flavor, buffer = "woff", io.BytesIO()
    font.save(buffer, reorderTables=False)
    return buffer.getvalue()


def _italic(letter):
    """Return the character as a formula writes it, slanted: browsers change x to U+1D465."""
    if letter == "h":
        return "ℎ"
    for first, last, slanted in (("A", "Z", 0x1D434), ("a", "z", 0x1D44E), ("Α", "Ω", 0x1D6E2), ("α", "ω", 0x1D6FC)):
        if first <= letter <= last:
            return chr(slanted + ord(letter) - ord(first))
    return {"∂": "𝜕", "ϵ": "𝜖"}.get(letter, letter)
