"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

WRONG = {
    "trainable-parameters": [
        ("", lambda layers: [n for n, t in layers if t]),
        ("", lambda layers: max(n for n, t in layers)),
        ("", lambda layers: sum(n for n, t in layers if t) / len(layers)),
        ("", lambda layers: layers[0][0]),
        ("", lambda layers: sum(not t for n, t in layers)),
        ("", lambda layers: sum(n for n, t in layers if t) > 0),
        ("", lambda layers: len(layers)),
        ("", lambda layers: sum(n for n, t in layers if t) - sum(n for n, t in layers if not t)),
        ("", lambda layers: next((n for n, t in layers if t), 0)),
        ("", lambda layers: sum(n * (i + 1) for i, (n, t) in enumerate(layers) if t)),
    ],
}
