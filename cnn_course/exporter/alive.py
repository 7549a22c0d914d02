"""The course's own widgets and players in a page: made anew from the package, never from what a notebook stores."""

import base64
import hashlib
import json
import re
from html import unescape
from typing import Any

from .. import widgets
from ..plots import _frames
from ..widgets import _base

_FRAME = re.compile(r"<iframe [^<>]* srcdoc='([^']*)'></iframe>")
_MADE = re.compile(r'data-name="(\w+)"></div>.*\nstandalone\("\w+", (\{.*\}), widget\);\n</script>', re.DOTALL)
_SCRIPT = re.compile(r"<script(?: type=\"module\")?>(.*?)</script>", re.DOTALL)


def living_widget(model: dict[str, Any] | None) -> str:
    """Return a saved widget of the course as an ``<iframe>`` that lives by itself, or "".

    Parameters
    ----------
    model : dict or None
        An entry of a notebook's saved widget state. Its values are taken; its script and style only say whether it is
        the package's own widget, in this version.

    Returns
    -------
    str
    """
    state = (model or {}).get("state", {})
    name = re.fullmatch(r"cnn_course\..*\.(\w+)", str(state.get("_anywidget_id", "")))
    kind = _kind(name and name[1])
    if kind is None or state.get("_esm") != kind._esm or state.get("_css", "") != kind._css:
        return ""
    ours = set(kind.class_trait_names(sync=True))
    values = {key: value for key, value in state.items() if key in ours and key[0] != "_" and _base.own(key)}
    return _frame(kind, values)


def own_html(html: str) -> str | None:
    """Return stored HTML made anew if it is the course's own widget or player, else None.

    Parameters
    ----------
    html : str

    Returns
    -------
    str or None
        For a widget the same bytes: it is the course's own exactly if the package makes it again from its values.
    """
    framed = _FRAME.fullmatch(html.strip())
    made = framed and _MADE.search(unescape(framed[1]))
    kind = _kind(made and made[1])
    if made is None or kind is None:
        return None
    try:
        again = _frame(kind, json.loads(made[2]))
    except ValueError:
        return None
    return again if again == html.strip() else None


def with_player(cleaned: str) -> str:
    """Return cleaned HTML, with the course's player behind it where it is a stage for one.

    Parameters
    ----------
    cleaned : str

    Returns
    -------
    str
        The player shows and hides what is there, and does nothing else; so it may follow anybody's stage.
    """
    stage = cleaned.startswith('<div class="cnn-frames"') and "data-frame=" in cleaned
    return cleaned + _frames.PLAYER if stage else cleaned


def script_hashes(html: str) -> set[str]:
    """Return what a page's policy calls the scripts of HTML that the course made itself.

    Parameters
    ----------
    html : str
        From `living_widget`, `own_html` or `with_player`.

    Returns
    -------
    set of str
    """
    framed = _FRAME.search(html)
    scripts = _SCRIPT.findall(unescape(framed[1]) if framed else html)
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    return {f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests}


def _kind(name):
    kind = getattr(widgets, name, None) if name else None
    return kind if isinstance(kind, type) and issubclass(kind, _base.CourseWidget) else None


def _frame(kind, values):
    return _base.frame(kind.title, _base.fragment(kind._esm, kind._css, values, kind.__name__))
