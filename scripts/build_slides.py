"""Build the lecture: ``slides/deck.md`` becomes one HTML file that works offline, a PDF, and a handout with the notes.

Needs pandoc (``pip install pypandoc_binary``), reveal.js, fonts (``npm ci`` in ``slides``), and Chromium for the PDFs.
The figures, the output of the code and the numbers on the slides are computed here, by the package.
"""

import argparse
import ast
import base64
import contextlib
import hashlib
import io
import json
import re
import subprocess
import sys
from html import escape
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SLIDES = ROOT / "slides"
PACKAGE = ROOT / "cnn_course"
STUB = PACKAGE / "__init__.pyi"
DECK = SLIDES / "deck.html"
SOURCES = (
    "slides/deck.md",
    "slides/theme.css",
    "slides/figures.py",
    "slides/fonts.py",
    "slides/tail.html",
    "slides/handout.css",
    "slides/package-lock.json",
    "scripts/build_slides.py",
)
MEMORY = ROOT / "build" / "slides" / "computed.json"

sys.path.insert(0, str(SLIDES))  # figures and fonts, which are imported where they are needed

_BLOCK = re.compile(r"^```\{\.(run|figure|frames|widget)([^}]*)\}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_VALUE = re.compile(r"\{\{(.+?)\}\}")


def slides_of(text):
    """Return the slides of the source: (heading, attributes, body) of each, in order.

    A slide with ``needs=name`` is left out as long as the package has no such name.
    """
    parts = re.split(r"^## (.+?)(?: \{([^}]*)\})?$", text, flags=re.MULTILINE)
    found = zip(parts[1::3], (a or "" for a in parts[2::3]), parts[3::3], strict=True)
    names = set(re.findall(r" as (\w+)$", STUB.read_text(encoding="utf-8"), re.MULTILINE))
    return [slide for slide in found if not (needs := re.search(r"needs=(\w+)", slide[1])) or needs[1] in names]


def lesson_notebook(attributes):
    """Return the notebook of the slide's lesson, or None where the slide has none or the lesson does not exist yet."""
    number = re.search(r"lesson=(\d\d)", attributes)
    return next((ROOT / "notebooks").glob(f"{number[1]}_*.ipynb"), None) if number else None


def input_hash():
    """Return a hash of everything the deck is made from, the same in every checkout.

    These are the source, the theme, the figures, this script, the pinned reveal.js, the lessons that slides link to,
    the widgets' JavaScript, and the modules of the package that define a name that the deck uses (``cc.name``),
    without their docstrings and comments: a commit elsewhere does not make the deck stale.
    """
    digest = hashlib.sha256()
    for name in SOURCES:
        digest.update((ROOT / name).read_bytes().replace(b"\r\n", b"\n"))
    deck = (SLIDES / "deck.md").read_text(encoding="utf-8")
    links = sorted({found.name for _, attributes, _ in slides_of(deck) if (found := lesson_notebook(attributes))})
    digest.update("\n".join(links).encode())
    for path in shown_files(deck + (SLIDES / "figures.py").read_text(encoding="utf-8")):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(_essence(path))
    return digest.hexdigest()


def shown_files(text):
    """Return the files of the package behind each ``cc.name`` in the text, and what every figure and widget shares."""
    stub = STUB.read_text(encoding="utf-8")
    homes = {name: module for module, name in re.findall(r"^from \.([\w.]+) import \w+ as (\w+)$", stub, re.MULTILINE)}
    files = {PACKAGE / "plots" / "_style.py"}
    for name in set(re.findall(r'\bcc\.(\w+)|(?:has\("|needs=)(\w+)', text)):
        module = homes.get(name[0] or name[1])
        if module is None:
            continue
        path = PACKAGE.joinpath(*module.split("."))
        if path.is_dir():
            files.update(f for f in path.rglob("*") if f.suffix in (".py", ".js", ".css", ".csv", ".json"))
        else:
            files.add(path.with_suffix(".py"))
    return sorted(files)


def _essence(path):
    if path.suffix != ".py":
        return path.read_bytes().replace(b"\r\n", b"\n")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if (
            isinstance(body, list)
            and body
            and isinstance(body[0], ast.Expr)
            and isinstance(body[0].value, ast.Constant)
        ):
            node.body = body[1:] or [ast.Pass()]
    return ast.dump(tree).encode()


def namespace():
    """Return what expressions and code on the slides may use: `figures`, with `cc` and `np` in it."""
    import figures

    return dict(vars(figures))


def as_text(value):
    """Return a number as a slide says it: thousands apart, a true minus."""
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return str(value)


class Expander:
    """Runs what the source asks for, and keeps the results out of pandoc's hands until the end."""

    def __init__(self, again=False):
        self.names = namespace()
        self.slots = []
        self.memory = json.loads(MEMORY.read_text(encoding="utf-8")) if again and MEMORY.exists() else {}

    def remembered(self, key, compute):
        """Return what was computed for the key, in the last build if that may be used again."""
        if key not in self.memory:
            self.memory[key] = compute()
        return self.memory[key]

    def slot(self, html):
        """Return a mark in whose place the HTML will stand."""
        self.slots.append(html)
        return f"\n```{{=html}}\n<!--slot {len(self.slots) - 1}-->\n```\n"

    def fill(self, html):
        """Return the page with every mark replaced."""
        return re.sub(r"<!--slot (\d+)-->", lambda found: self.slots[int(found[1])], html)

    def expand(self, text):
        """Return the Markdown with code run, figures drawn and numbers computed."""
        text = _BLOCK.sub(lambda found: getattr(self, f"_{found[1]}")(found[3].strip(), found[2].strip()), text)
        return _VALUE.sub(self._value, text)

    def _value(self, found):
        expression = found[1].strip()
        text = self.remembered(f"value {expression}", lambda: as_text(eval(expression, self.names)))
        return f'`<span class="from" data-from="{escape(expression)}">{escape(text)}</span>`{{=html}}'

    def _run(self, code, options):
        output = self.remembered(f"run {code}", lambda: self._output(code))
        shown = f"\n```python\n{code}\n```\n"
        if output:
            shown += self.slot(f'<pre class="output" aria-label="Output">{escape(output)}</pre>')
        return shown

    def _output(self, code):
        *body, last = ast.parse(code).body
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(ast.Module(body, []), "slide", "exec"), self.names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "slide", "eval"), self.names)
                if value is not None:
                    print(value)
            else:
                exec(compile(ast.Module([last], []), "slide", "exec"), self.names)
        return out.getvalue().rstrip()

    def _figure(self, code, options):
        key = f"figure {code} {options}"
        return self.slot(self.remembered(key, lambda: _svg(eval(code, self.names), options)))

    def _frames(self, code, options):
        key = f"frames {code} {options}"
        drawn = self.remembered(key, lambda: [_svg(figure, options) for figure in eval(code, self.names)])
        layers = "".join(
            f'<div class="{"frame fragment" if i else "frame"}">{svg}</div>' for i, svg in enumerate(drawn)
        )
        return self.slot(f'<div class="frames">{layers}</div>')

    def _widget(self, code, options):
        body, changed = re.subn(r'h\("section", ?\{', 'h("div",{role:"region",', eval(code, self.names).static_html())
        if changed != 1:  # reveal.js takes a section inside a slide for a slide
            raise SystemExit(f"{code} no longer begins with one section: look at _widget in {__file__}")
        return self.slot(f'<div class="widget">{self._once(body)}</div>')

    def _once(self, body):
        """Return a widget's HTML; where the deck has its JavaScript already, that script also starts this widget."""
        script, start = re.search(
            r'(<script type="module">.*)(^standalone\(.*?;\n)', body, re.DOTALL | re.MULTILINE
        ).groups()
        for place, html in enumerate(self.slots):
            if script in html:
                self.slots[place] = html.replace(script, script + start, 1)
                return re.search(r"<div data-widget.*?</div>", body)[0]
        return body


def _svg(figure, options):
    """Return a figure at its size on the slide: 1.3 pixels for one of its own, so that its text is at least 19 high."""
    if not hasattr(figure, "savefig"):  # a table
        return figure._repr_html_()
    scale = re.search(r"scale=([\d.]+)", options)
    scale = float(scale[1]) if scale else 1.3
    width, height = figure.get_size_inches() * 96 * scale
    svg = figure._repr_html_().replace("max-width:100%;height:auto", f"width:{width:.0f}px;height:{height:.0f}px", 1)
    svg = re.sub(r'(<svg [^>]*?) width="[\d.]+pt"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg [^>]*?) height="[\d.]+pt"', r"\1", svg, count=1)
    return f"<figure>{lighter(svg)}</figure>"


def lighter(svg):
    """Return a drawing with coordinates of two decimals, pictures as WebP, and nothing said twice."""
    svg = re.sub(r">\s+<", "><", re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL))
    svg = re.sub(r' (?:d|x|y|points|transform|width|height)="[^"]+"', _rounded, svg)
    svg = re.sub(r"data:image/(?:png|jpeg);base64,([^\"]+)", _as_webp, svg)
    # A run of markers in one style: say the style once.
    return re.sub(r'((?:<use [^>]* style="([^"]*)"/>)(?:<use [^>]* style="\2"/>)+)', _styled_once, svg)


def _rounded(match):
    text = " ".join(match[0].split())
    return " " + re.sub(r"(?<![\d.])(\d*[1-9]\d*\.\d\d)\d+", r"\1", text)  # not 0.0156: that is a scale


def _styled_once(match):
    style = f' style="{match[2]}"'
    return f"<g{style}>{match[1].replace(style, '')}</g>"


def _as_webp(match):
    """Return a picture as WebP: without loss where single pixels are to be seen, or where it is no larger."""
    from PIL import Image

    raw = base64.b64decode(match[1])
    picture = Image.open(io.BytesIO(raw))
    made = []
    for options in ({"lossless": True}, {"quality": 76}):
        buffer = io.BytesIO()
        picture.save(buffer, "WEBP", method=6, **options)
        made.append(buffer.getvalue())
    exact, lossy = made
    chosen = exact if min(picture.size) <= 32 or len(exact) <= len(lossy) else lossy
    return f"data:image/webp;base64,{base64.b64encode(chosen).decode()}"


def expanded_source(expander):
    """Return the deck's Markdown, ready for pandoc: expanded, each slide with its part and the link to its lesson."""
    text = (SLIDES / "deck.md").read_text(encoding="utf-8")
    head = text[: re.search(r"^## ", text, re.MULTILINE).start()]
    pieces, part = [head], ""
    for heading, attributes, body in slides_of(text):
        if ".part" in attributes:
            part = heading
        elif ".last" in attributes:
            part = ""
        foot = f'<span class="where">{escape(part)}</span>'
        if notebook := lesson_notebook(attributes):
            number = notebook.name[:2]
            foot += (
                f'<a class="lesson" href="../notebooks/{notebook.name}" '
                f'title="cnn-course open {number}">Lesson {number}</a>'
            )
        main, notes = re.split(r"^::: notes$", body, maxsplit=1, flags=re.MULTILINE)
        main = expander.expand(main) + expander.slot(f'<div class="foot">{foot}</div>')
        pieces.append(f"## {heading} {{{attributes}}}\n{main}\n::: notes\n{expander.expand(notes)}")
    return "\n\n".join(pieces)


def pandoc(markdown, target, *options):
    """Run pandoc on the text."""
    import pypandoc

    command = [pypandoc.get_pandoc_path(), "-f", "markdown-implicit_figures-smart", "-s", "--mathml", "-o", str(target)]
    command.append("--columns=10000")  # or a table with a long line gets columns of equal width
    subprocess.run([*command, *options], input=markdown.encode(), cwd=SLIDES, check=True)


def build(again=False):
    """Write ``slides/deck.html`` and return the expanded Markdown with what fills its slots."""
    import fonts

    if not (SLIDES / "node_modules" / "reveal.js").is_dir():
        sys.exit("reveal.js and the fonts are missing: run npm ci in the folder slides, or make slides, which does")
    fonts.use_in_figures(MEMORY.parent / "fonts")
    expander = Expander(again)
    source = expanded_source(expander)
    MEMORY.parent.mkdir(parents=True, exist_ok=True)
    MEMORY.write_text(json.dumps(expander.memory), encoding="utf-8")
    variables = {
        "revealjs-url": "node_modules/reveal.js",
        "theme": "../../../../theme",
        "width": "1280",
        "height": "720",
        "margin": "0",
        "center": "false",
        "controls": "false",
        "hash": "true",
        "transition": "none",
        "slideNumber": "'c/t'",
    }
    options = [f"-V{name}={value}" for name, value in variables.items()]
    pandoc(
        source,
        DECK,
        "-t",
        "revealjs",
        "--embed-resources",
        "--slide-level=2",
        "--syntax-highlighting=pygments",
        *options,
    )
    html = expander.fill(DECK.read_text(encoding="utf-8"))
    html = html.replace("<head>", f'<head>\n  <meta name="inputs" content="{input_hash()}">', 1)
    html = html.replace("</head>", f"<style>{fonts.css(html)}</style>\n</head>", 1)
    html = re.sub(r"<annotation .*?</annotation>", "", html, flags=re.DOTALL)  # the formulas' TeX, which nobody sees
    one_page = "pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,"  # pandoc's template has no variable for them
    html = html.replace("Reveal.initialize({\n", f"Reveal.initialize({{\n        {one_page}\n", 1)
    html = html.replace("maximum-scale=1.0, user-scalable=no, ", "")  # who needs larger letters may have them
    before, _, after = html.rpartition("</body>")  # the one in the notes' script is not the page's
    html = before + (SLIDES / "tail.html").read_text(encoding="utf-8") + "</body>" + after
    DECK.write_text(html, encoding="utf-8")
    return source, expander


def build_handout(source, expander, target):
    """Write the slides with their notes below them, as one page to read and to print."""
    import fonts

    text = source.replace("::: notes", "::: {.said}")
    pandoc(
        text, target, "-t", "html5", "--section-divs", "--embed-resources", "--css", "theme.css", "--css", "handout.css"
    )
    html = expander.fill(target.read_text(encoding="utf-8"))
    html = html.replace("</head>", f"<style>{fonts.css(html)}</style>\n</head>", 1)
    target.write_text(html, encoding="utf-8")


def print_pages(folder):
    """Print the deck, one page a slide, and the handout."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.goto(f"{DECK.as_uri()}?print-pdf")
        page.wait_for_selector(".pdf-page")
        page.wait_for_timeout(1500)
        page.pdf(path=folder / "deck.pdf", width="1280px", height="720px", print_background=True)
        page.goto((folder / "handout.html").as_uri())
        page.wait_for_timeout(1500)
        sides = {"top": "15mm", "bottom": "15mm", "left": "14mm", "right": "14mm"}
        page.pdf(path=folder / "handout.pdf", format="A4", print_background=True, margin=sides)
        browser.close()


def main():
    """Build all, and say how large it became."""
    parser = argparse.ArgumentParser(description="Build the lecture.")
    parser.add_argument("--no-pdf", action="store_true", help="only the HTML deck and the handout's page")
    parser.add_argument(
        "--again", action="store_true", help="use the figures and numbers of the last build: for layout"
    )
    arguments = parser.parse_args()
    source, expander = build(arguments.again)
    folder = MEMORY.parent
    build_handout(source, expander, folder / "handout.html")
    print(f"{DECK.relative_to(ROOT)}: {len(slides_of(source))} slides, {DECK.stat().st_size / 1e6:.2f} MB")
    if not arguments.no_pdf:
        print_pages(folder)
        print(f"{folder.relative_to(ROOT)}: deck.pdf, handout.html, handout.pdf")


if __name__ == "__main__":
    main()
