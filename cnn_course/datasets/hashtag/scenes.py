"""The five kinds of picture under a protest's hashtag, drawn from a random generator."""

from ._canvas import hls, shade

SKIN = ((255, 219, 172), (224, 172, 105), (198, 134, 66), (141, 85, 36), (92, 58, 33), (241, 194, 150))
HAIR = ((40, 28, 20), (86, 58, 36), (180, 140, 80), (120, 120, 120), (20, 20, 24), (160, 70, 30))
VEST, STRIPE = (214, 240, 30), (235, 238, 240)
SLOGANS = ("ACT NOW", "ENOUGH", "STRIKE!", "NO CUTS", "WE MARCH", "RISE UP", "NOT FOR SALE", "OUR STREETS", "CLIMATE")
CAPTIONS = (
    ("ONE DOES NOT", "SIMPLY MARCH"), ("WHEN YOU FORGET", "YOUR SIGN"), ("ME AT 6 AM", "READY TO STRIKE"),
    ("SUCH PROTEST", "MUCH WOW"), ("STAY HOME", "THEY SAID"), ("NOBODY:", "ABSOLUTELY NOBODY:"),
    ("MONDAY", "AGAIN"), ("I CAME FOR", "THE SNACKS"), ("KEEP CALM", "AND CARRY ON"),
)  # fmt: skip
HEADLINES = ("Thousands march", "City centre closed", "Talks have failed", "Unions call strike", "Police: calm night")
PAPERS = ("THE DAILY", "NEWS 24", "THE POST", "HERALD", "LIVE")


def protest(c):
    """Draw a crowd in a street: heads, high-visibility vests, banners; by day, at dusk or by night."""
    light = c.one_of(("day", "day", "grey", "dusk", "night"))
    top, low, street = {
        "day": ((120, 176, 230), (214, 232, 246), (120, 118, 116)),
        "grey": ((150, 156, 164), (206, 208, 210), (104, 104, 106)),
        "dusk": ((70, 60, 110), (240, 150, 100), (72, 66, 74)),
        "night": ((10, 12, 30), (36, 38, 66), (38, 38, 46)),
    }[light]
    horizon = c.uniform(0.38, 0.56)
    c.ground(top, low, horizon)
    c.rect(0, horizon, 1, 1, street)
    _street(c, horizon, light)
    dim = {"day": 1.0, "grey": 0.9, "dusk": 0.75, "night": 0.5}[light]
    vests = c.one_of((0.0, 0.15, 0.5, 0.9))
    _crowd(c, horizon, dim, vests)
    if light == "night" or c.chance(0.15):
        for _ in range(int(c.rng.integers(1, 4))):
            _flare(c, c.uniform(0.1, 0.9), c.uniform(0.3, 0.7))
    c.reframe(0.5, mirror=False)


def _street(c, horizon, light):
    """Two rows of houses that lead to the horizon's middle."""
    middle = c.uniform(0.35, 0.65)
    lit = (255, 214, 120) if light in ("dusk", "night") else (70, 84, 104)
    wall = {"night": 0.18, "dusk": 0.34}.get(light, 0.6)
    for edge, direction in ((0.0, 1), (1.0, -1)):
        at = edge
        while direction * (middle - at) > 0.12:
            width = c.uniform(0.12, 0.22)
            near = min(1.0, abs(at + direction * width / 2 - middle) / 0.5)
            roof = horizon - 0.08 - (0.1 + 0.35 * near) * c.uniform(0.8, 1.1)
            colour = hls(c.uniform(0.02, 0.14), wall + c.uniform(-0.08, 0.08), c.uniform(0.1, 0.4))
            c.rect(at, roof, at + direction * width, horizon + 0.02, colour)
            _windows(c, min(at, at + direction * width), roof, width, horizon, lit, 0.6 if light == "night" else 0.9)
            at += direction * width


def _windows(c, left, roof, width, bottom, lit, share):
    step = 0.05
    for row in range(int((bottom - roof - 0.04) / (1.3 * step))):
        for column in range(int(width / step)):
            if c.chance(share):
                x, y = left + 0.012 + column * step, roof + 0.03 + 1.3 * row * step
                c.rect(x, y, x + 0.45 * step, y + 0.7 * step, lit)


def _crowd(c, horizon, dim, vests):
    """Rows of people, the far ones small, and banners between the rows."""
    rows = int(c.rng.integers(5, 8))
    banner_row = int(c.rng.integers(1, rows - 1))
    for row in range(rows):
        near = row / (rows - 1)
        size = 0.026 + 0.06 * near**1.3
        y = horizon + 0.01 + (0.92 - horizon) * near**1.15
        for _ in range(int(c.rng.integers(0, 2)) + (row in (1, 3))):
            _sign(c, c.uniform(0.05, 0.95), y - 2.6 * size, 1.3 * size + 0.03, dim)
        at = c.uniform(-size, size)
        while at < 1 + size:
            _person(c, at, y + c.uniform(-0.3, 0.3) * size, size * c.uniform(0.85, 1.15), dim, vests)
            at += size * c.uniform(1.5, 2.3)
        if row == banner_row and c.chance(0.75):
            _banner(c, y + size, 0.09 + 0.07 * near, dim)


def _person(c, x, y, size, dim, vests):
    in_vest = c.chance(vests)
    coat = VEST if in_vest else hls(c.rng.random(), c.uniform(0.15, 0.5), c.uniform(0.1, 0.7))
    coat = shade(coat, 0.75 + 0.25 * dim if in_vest else dim)
    c.rect(x - 0.85 * size, y + 0.7 * size, x + 0.85 * size, y + 4.5 * size, coat, 0.5 * size)
    if in_vest and size > 0.03:
        for level in (1.7, 2.4):
            c.rect(x - 0.85 * size, y + level * size, x + 0.85 * size, y + (level + 0.25) * size, STRIPE)
    head = shade(c.one_of(SKIN), dim)
    if c.chance(0.15):
        c.line([(x + 0.7 * size, y + 1.6 * size), (x + 1.2 * size, y - 1.3 * size)], coat, 0.4 * size)
        c.oval(x + 1.2 * size, y - 1.4 * size, 0.3 * size, 0.3 * size, head)
    c.oval(x, y - 0.1 * size, 0.62 * size, 0.75 * size, shade(c.one_of(HAIR), dim))
    c.oval(x, y + 0.08 * size, 0.52 * size, 0.66 * size, head)


def _sign(c, x, y, size, dim):
    paper = shade(c.one_of(((250, 250, 245), (255, 235, 120), (250, 200, 190), (190, 225, 250))), 0.3 + 0.7 * dim)
    c.line([(x, y), (x, y + 3.5 * size)], shade((150, 110, 70), dim), 0.12 * size)
    c.rect(x - 1.1 * size, y - 0.75 * size, x + 1.1 * size, y + 0.75 * size, paper)
    c.fitted_text(x, y, c.one_of(SLOGANS), 0.8 * size, 2 * size, c.one_of(((20, 20, 20), (170, 20, 30))))


def _banner(c, y, height, dim):
    left = c.uniform(0.02, 0.2)
    right = left + c.uniform(0.55, 0.78)
    cloth = c.one_of(((200, 30, 40), (245, 245, 240), (30, 90, 60), (245, 200, 30), (40, 50, 120)))
    ink = (20, 20, 20) if sum(cloth) > 400 else (250, 250, 250)
    cloth = shade(cloth, 0.35 + 0.65 * dim)
    sag = c.uniform(-0.02, 0.03)
    for x in (left, right):
        c.line([(x, y - 0.3 * height), (x, y + 1.6 * height)], shade((150, 110, 70), dim), 0.01)
    middle = (left + right) / 2
    lower = [(right, y + height), (middle, y + height + sag), (left, y + height)]
    c.shape([(left, y), (middle, y + sag), (right, y), *lower], cloth)
    c.fitted_text(middle, y + height / 2 + sag / 2, c.one_of(SLOGANS), 0.85 * height, 0.9 * (right - left), ink)


def _flare(c, x, y):
    for k in range(4):
        c.oval(x + 0.03 * k, y - 0.05 * k, 0.03 + 0.012 * k, 0.025 + 0.01 * k, (150 - 22 * k, 84 - 8 * k, 90 - 8 * k))
    c.oval(x, y + 0.01, 0.018, 0.024, (255, 120, 70))
    c.oval(x, y + 0.015, 0.009, 0.013, (255, 235, 190))


def cat(c):
    """Draw a cat's face or a cat that sits, on a cushion, a floor or grass."""
    wall = c.hue(c.uniform(0.1, 0.45), c.uniform(0.45, 0.85))
    c.ground(wall, shade(wall, 0.85))
    floor = c.uniform(0.6, 0.85)
    c.rect(0, floor, 1, 1, c.hue(c.uniform(0.2, 0.5), c.uniform(0.3, 0.6)))
    if c.chance(0.4):
        c.rect(0.05, floor - 0.2, 0.95, 1.05, c.hue(0.5, c.uniform(0.35, 0.6)), 0.1)
    fur = c.one_of(((226, 150, 70), (120, 116, 112), (50, 46, 46), (236, 226, 210), (150, 110, 80), (200, 170, 130)))
    x, close = c.uniform(0.38, 0.62), c.chance(0.55)
    size = c.uniform(0.27, 0.34) if close else c.uniform(0.15, 0.19)
    y = c.uniform(0.45, 0.58) if close else c.uniform(0.32, 0.42)
    _cat_body(c, x, y, size, fur)
    _cat_face(c, x, y, size, fur)
    c.reframe(0.75, 15)


def _cat_body(c, x, y, size, fur):
    side = c.one_of((-1, 1))
    tail = [(x + side * 0.8 * size, y + 3 * size), (x + side * 2.0 * size, y + 2.6 * size)]
    c.line([*tail, (x + side * 2.1 * size, y + 1.3 * size)], shade(fur, 0.85), 0.28 * size)
    c.oval(x, y + 2.2 * size, 1.2 * size, 1.7 * size, shade(fur, 0.93))
    c.oval(x, y + 2.2 * size, 0.55 * size, 1.2 * size, shade(fur, 1.18))
    for paw in (-0.5, 0.5):
        c.oval(x + paw * size, y + 3.6 * size, 0.38 * size, 0.25 * size, shade(fur, 1.1))


def _cat_face(c, x, y, size, fur):
    for side in (-1, 1):
        ear = [(x + side * 0.95 * size, y - 0.15 * size), (x + side * 0.85 * size, y - 1.35 * size)]
        c.shape([*ear, (x + side * 0.1 * size, y - 0.75 * size)], fur)
        inner = [(x + side * 0.8 * size, y - 0.5 * size), (x + side * 0.76 * size, y - 1.05 * size)]
        c.shape([*inner, (x + side * 0.35 * size, y - 0.72 * size)], (236, 160, 160))
    c.oval(x, y, size, 0.86 * size, fur)
    if c.chance(0.6):
        for shift in (-0.25, 0.0, 0.25):
            c.line(
                [(x + shift * size, y - 0.8 * size), (x + 0.8 * shift * size, y - 0.4 * size)],
                shade(fur, 0.6),
                0.1 * size,
            )
    c.oval(x, y + 0.38 * size, 0.48 * size, 0.36 * size, shade(fur, 1.3))
    eye = c.one_of(((120, 190, 70), (230, 190, 50), (90, 170, 220)))
    for side in (-1, 1):
        c.oval(x + side * 0.42 * size, y - 0.1 * size, 0.24 * size, 0.22 * size, eye)
        c.oval(x + side * 0.42 * size, y - 0.1 * size, 0.08 * size, 0.2 * size, (10, 10, 10))
        for tilt in (-0.12, 0.05, 0.2):
            whisker = [(x + side * 0.35 * size, y + 0.38 * size), (x + side * 1.35 * size, y + (0.3 + tilt) * size)]
            c.line(whisker, (250, 250, 250) if sum(fur) < 420 else (90, 80, 80), 0.03 * size)
    c.shape(
        [(x - 0.13 * size, y + 0.18 * size), (x + 0.13 * size, y + 0.18 * size), (x, y + 0.34 * size)], (220, 110, 120)
    )
    for side in (0, 1):
        centre = x + (side - 0.5) * 0.3 * size
        c.arc(centre, y + 0.38 * size, 0.15 * size, 0.14 * size, 0, 180, (90, 60, 60), 0.045 * size)


def meme(c):
    """Draw a picture with a caption: a face, a dog, a cat, food, often a crowd."""
    c.one_of((_rays, _face, _dog, cat, cat, protest, protest, protest, _sky, _landscape, _plate))(c)
    c.reframe(0.7, mirror=False)
    c.grade()
    words = c.one_of(CAPTIONS)
    style = c.one_of(("both", "both", "above", "below", "bar above", "bar below"))
    height = c.uniform(0.13, 0.19)
    if style.startswith("bar"):
        paper, ink = c.one_of((((250, 250, 250), (15, 15, 15)), ((10, 10, 10), (250, 250, 250))))
        top = 0.0 if style == "bar above" else 0.74
        c.rect(0, top, 1, top + 0.26, paper)
        for line, y in zip(words, (top + 0.08, top + 0.19), strict=True):
            c.fitted_text(0.5, y, line, 0.13, 0.94, ink)
        return
    colour = c.one_of(((255, 255, 255), (255, 255, 255), (255, 235, 60)))
    if style in ("both", "above"):
        c.fitted_text(0.5, c.uniform(0.09, 0.14), words[0], height, 0.94, colour, (0, 0, 0))
    if style in ("both", "below"):
        c.fitted_text(0.5, c.uniform(0.84, 0.9), words[1], height, 0.94, colour, (0, 0, 0))


def _rays(c):
    """Rays of two colours from the middle."""
    from math import cos, pi, sin

    first, second = c.hue(0.7, 0.45), c.hue(0.7, 0.65)
    c.rect(0, 0, 1, 1, first)
    for k in range(8):
        a, b = 2 * pi * k / 8, 2 * pi * (k + 0.5) / 8
        c.shape([(0.5, 0.5), (0.5 + cos(a), 0.5 + sin(a)), (0.5 + cos(b), 0.5 + sin(b))], second)
    _head(c, 0.5, 0.55, 0.2)


def _face(c):
    c.ground(c.hue(0.3, 0.6), c.hue(0.3, 0.35))
    _head(c, c.uniform(0.4, 0.6), 0.5, c.uniform(0.22, 0.28))


def _head(c, x, y, size):
    skin, hair = c.one_of(SKIN), c.one_of(HAIR)
    c.rect(x - 1.3 * size, y + 1.1 * size, x + 1.3 * size, 1.1, c.hue(0.5, 0.4), 0.3 * size)
    c.oval(x, y - 0.2 * size, 0.95 * size, 1.15 * size, hair)
    c.oval(x, y, 0.8 * size, size, skin)
    for side in (-1, 1):
        c.oval(x + side * 0.32 * size, y - 0.12 * size, 0.17 * size, 0.12 * size, (250, 250, 250))
        c.oval(x + side * 0.32 * size, y - 0.12 * size, 0.07 * size, 0.09 * size, (20, 20, 20))
        c.line([(x + side * 0.15 * size, y - 0.4 * size), (x + side * 0.5 * size, y - 0.36 * size)], hair, 0.07 * size)
    start, end = c.one_of(((20, 160), (200, 340)))
    c.arc(x, y + (0.4 if start == 20 else 0.62) * size, 0.3 * size, 0.2 * size, start, end, (120, 40, 40), 0.08 * size)


def _dog(c):
    c.ground(c.hue(0.35, 0.7), c.hue(0.35, 0.5))
    fur = c.one_of(((222, 176, 108), (150, 98, 56), (240, 232, 220), (80, 66, 58)))
    x, y, size = c.uniform(0.42, 0.58), 0.52, c.uniform(0.24, 0.3)
    c.oval(x, y + 1.6 * size, 1.1 * size, 1.1 * size, shade(fur, 0.9))
    for side in (-1, 1):
        c.oval(x + side * 0.85 * size, y - 0.05 * size, 0.3 * size, 0.75 * size, shade(fur, 0.65))
    c.oval(x, y, 0.85 * size, 0.95 * size, fur)
    c.oval(x, y + 0.45 * size, 0.5 * size, 0.45 * size, shade(fur, 1.25))
    c.oval(x, y + 0.25 * size, 0.2 * size, 0.15 * size, (25, 20, 20))
    for side in (-1, 1):
        c.oval(x + side * 0.35 * size, y - 0.2 * size, 0.12 * size, 0.13 * size, (25, 20, 20))
    if c.chance(0.5):
        c.oval(x, y + 0.82 * size, 0.17 * size, 0.25 * size, (230, 110, 120))


def _sky(c):
    c.ground(c.hue(0.6, 0.4), c.hue(0.6, 0.75))
    for _ in range(4):
        x, y, size = c.uniform(0, 1), c.uniform(0.3, 0.7), c.uniform(0.06, 0.14)
        for shift in (-0.8, 0, 0.8):
            c.oval(x + shift * size, y, size, 0.6 * size, (250, 250, 250))


def news_screenshot(c):
    """Draw a page of news: a bar, a headline, a picture, columns of text."""
    dark = c.chance(0.45)
    paper, ink, grey = (
        ((24, 26, 30), (238, 238, 240), (110, 114, 120)) if dark else ((252, 252, 250), (18, 18, 20), (176, 178, 182))
    )
    c.rect(0, 0, 1, 1, paper)
    top = 0.0
    if c.chance(0.5):
        c.rect(0, 0, 1, 0.05, shade(paper, 0.85) if not dark else (8, 8, 10))
        c.rect(0.86, 0.015, 0.95, 0.035, grey)
        top = 0.05
    bar = c.one_of(((190, 20, 30), (20, 60, 130), (20, 20, 22), (0, 120, 110)))
    c.rect(0, top, 1, top + 0.13, bar)
    c.text(c.one_of((0.3, 0.5)), top + 0.065, c.one_of(PAPERS), 0.1, (255, 255, 255))
    y = top + 0.2
    for words in (c.one_of(HEADLINES), c.one_of(HEADLINES))[: int(c.rng.integers(1, 3))]:
        c.fitted_text(0.5, y, words, 0.115, 0.9, ink)
        y += 0.11
    picture = c.one_of(("above", "left", "right", "none"))
    left, right = 0.06, 0.94
    if picture == "above":
        _inset(c, 0.06, y - 0.03, 0.94, y + 0.27)
        y += 0.31
    elif picture != "none":
        inset = (0.06, 0.48) if picture == "left" else (0.52, 0.94)
        _inset(c, inset[0], y - 0.03, inset[1], y + 0.29)
        _lines(c, *((0.54, 0.94) if picture == "left" else (0.06, 0.46)), y, y + 0.28, grey)
        y += 0.34
    columns = int(c.rng.integers(1, 4))
    width = (right - left + 0.04) / columns
    for k in range(columns):
        _lines(c, left + k * width, left + (k + 1) * width - 0.04, y, 0.97, grey)
    if c.chance(0.5):
        _on_a_desk(c)
    else:
        c.reframe(0.6, 3, mirror=False)
    c.grade()


def _on_a_desk(c):
    """The page as a photograph of a screen: smaller, turned, on something else."""
    from PIL import Image

    page = c.picture.resize(tuple(round(c.uniform(0.55, 0.85) * c.side) for _ in range(2)), Image.Resampling.BOX)
    c.one_of((_sky, _landscape, _plate, _plain, _plain))(c)
    page = page.convert("RGBA").rotate(c.uniform(-25, 25), Image.Resampling.BILINEAR, expand=True)
    room = [max(0, c.side - side) for side in page.size]
    c.picture.paste(page, tuple(round(c.uniform(0, 1) * side) for side in room), page)


def _plain(c):
    c.ground(c.hue(c.uniform(0, 0.6), c.uniform(0.1, 0.8)), c.hue(c.uniform(0, 0.6), c.uniform(0.1, 0.8)))


def _lines(c, left, right, top, bottom, colour):
    """Lines of text too small to read."""
    y = top
    while y < bottom - 0.02:
        c.rect(left, y, left + (right - left) * (1.0 if c.chance(0.8) else c.uniform(0.4, 0.9)), y + 0.018, colour)
        y += 0.042


def _inset(c, left, top, right, bottom):
    """The picture on the page: another scene, made small."""
    inner = type(c)(max(8, round((right - left) * c.side)), c.rng)
    c.one_of((protest, protest, _face, _sky, _landscape))(inner)
    height = max(1, round((bottom - top) * c.side))
    cut = inner.picture.crop(
        (0, (inner.side - min(height, inner.side)) // 2, inner.side, (inner.side + min(height, inner.side)) // 2)
    )
    c.picture.paste(cut, (round(left * c.side), round(top * c.side)))


def odd(c):
    """Draw what else comes along: a plate of food, a landscape, a chart, a flower, a bicycle, an empty street."""
    c.one_of((_plate, _landscape, _chart, _flower, _bicycle, _empty_street, _face, _dog))(c)
    c.reframe(0.7, 10)


def _empty_street(c):
    light, horizon = c.one_of(("day", "night")), c.uniform(0.45, 0.6)
    dark = light == "night"
    c.ground(*(((10, 12, 30), (36, 38, 66)) if dark else ((120, 176, 230), (214, 232, 246))), horizon)
    c.rect(0, horizon, 1, 1, (40, 40, 46) if dark else (116, 114, 112))
    _street(c, horizon, light)
    c.shape([(0.47, horizon), (0.53, horizon), (0.75, 1), (0.25, 1)], (60, 60, 64) if dark else (90, 90, 92))
    for k in range(4):
        y = horizon + (1 - horizon) * (0.1 + 0.25 * k)
        c.rect(0.49, y, 0.51, y + 0.02 + 0.02 * k, (230, 230, 220))


def _plate(c):
    c.rect(0, 0, 1, 1, c.one_of(((120, 84, 56), (222, 216, 204), (70, 90, 110), (160, 40, 40))))
    x, y, size = c.uniform(0.44, 0.56), c.uniform(0.44, 0.56), c.uniform(0.34, 0.42)
    c.oval(x, y, size, size, (246, 246, 244))
    c.oval(x, y, 0.72 * size, 0.72 * size, (226, 226, 222))
    for _ in range(int(c.rng.integers(5, 11))):
        reach = 0.45 * size
        at = x + c.uniform(-reach, reach), y + c.uniform(-reach, reach)
        food = c.one_of(((214, 60, 40), (240, 190, 60), (90, 150, 60), (150, 90, 50), (250, 236, 190)))
        c.oval(*at, c.uniform(0.12, 0.3) * size, c.uniform(0.1, 0.24) * size, food)
    c.rect(x + 1.1 * size, y - size, x + 1.16 * size, y + size, (190, 192, 196))


def _landscape(c):
    dusk = c.chance(0.5)
    c.ground(*(((60, 60, 130), (250, 170, 90)) if dusk else ((90, 160, 230), (220, 238, 250))))
    c.oval(c.uniform(0.2, 0.8), c.uniform(0.2, 0.45), 0.08, 0.08, (255, 240, 170))
    for level, tone in ((0.5, 0.42), (0.64, 0.32), (0.8, 0.22)):
        colour = hls(0.75 if dusk else 0.33, tone, 0.3)
        peaks = [(k / 5, level - c.uniform(0.0, 0.2)) for k in range(6)]
        c.shape([(0, 1), *peaks, (1, 1)], colour)


def _chart(c):
    c.rect(0, 0, 1, 1, (255, 255, 255))
    c.line([(0.12, 0.1), (0.12, 0.86), (0.94, 0.86)], (60, 60, 60), 0.012)
    bars = int(c.rng.integers(4, 8))
    colour = c.hue(0.6, 0.5)
    for k in range(bars):
        x = 0.17 + 0.76 * k / bars
        c.rect(x, 0.86 - c.uniform(0.1, 0.7), x + 0.5 / bars, 0.855, colour)


def _flower(c):
    from math import cos, pi, sin

    c.ground(hls(0.3, c.uniform(0.2, 0.5), 0.4), hls(0.33, 0.25, 0.4))
    x, y, size = c.uniform(0.4, 0.6), c.uniform(0.38, 0.5), c.uniform(0.2, 0.27)
    c.line([(x, y), (x + c.uniform(-0.05, 0.05), 1)], (50, 110, 40), 0.03)
    petals, colour = int(c.rng.integers(5, 10)), c.hue(0.8, 0.6)
    for k in range(petals):
        a = 2 * pi * k / petals
        c.oval(x + size * cos(a), y + size * sin(a), 0.62 * size, 0.62 * size, shade(colour, 0.9 + 0.1 * (k % 2)))
    c.oval(x, y, 0.5 * size, 0.5 * size, (240, 200, 60))


def _bicycle(c):
    c.ground(c.hue(0.25, 0.8), c.hue(0.25, 0.6))
    c.rect(0, 0.78, 1, 1, c.hue(0.15, 0.5))
    frame, left, right, y, r = c.hue(0.8, 0.4), (0.27, 0.66), (0.73, 0.66), 0.66, 0.19
    for x, _ in (left, right):
        c.oval(x, y, r, r, (30, 30, 32))
        c.oval(x, y, 0.82 * r, 0.82 * r, (226, 226, 220))
        c.oval(x, y, 0.12 * r, 0.12 * r, (30, 30, 32))
    seat, bar, pedal = (0.42, 0.42), (0.64, 0.38), (0.48, 0.68)
    c.line([left, seat, bar, right], frame, 0.025)
    c.line([left, pedal, seat], frame, 0.025)
    c.line([pedal, bar], frame, 0.025)
    c.rect(0.36, 0.385, 0.48, 0.415, (30, 30, 32))
    c.line([bar, (0.62, 0.32), (0.72, 0.31)], (40, 40, 40), 0.02)
