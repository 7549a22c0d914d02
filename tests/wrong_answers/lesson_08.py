"""Wrong answers for each function exercise, as students would write them, written after the misconceptions."""


def starts_anew_each_time(layers):
    for parameters, trainable in layers:
        total = 0
        if trainable:
            total += parameters
    return total


def returns_in_the_loop(layers):
    total = 0
    for parameters, trainable in layers:
        if trainable:
            total += parameters
        return total
    return total


def takes_the_list_apart(layers):
    total = 0
    while layers:
        parameters, trainable = layers.pop()
        total += parameters * trainable
    return total


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
        ("", starts_anew_each_time),
        ("", returns_in_the_loop),
        ("The result is right, but your function changed its input", takes_the_list_apart),
        ("The value is right, as a float", lambda layers: float(sum(n for n, t in layers if t))),
        ("You returned nothing. You printed something", lambda layers: print(sum(n for n, t in layers if t))),
        ("You added up the frozen ones", lambda layers: sum(n for n, t in layers if t is False)),
        ("You counted layers", lambda layers: len([n for n, t in layers if t])),
        ("", lambda layers: sum(n for n, t in layers if t == "True")),
        ("", lambda layers: sum(n + 1 for n, t in layers if t)),
        ("", lambda layers: str(sum(n for n, t in layers if t))),
        ("", lambda layers: layers[-1][0] * layers[-1][1]),
    ],
}
