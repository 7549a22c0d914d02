"""Ten wrong answers for each function exercise, as students would write them, written after the misconceptions."""

LONGER = {True: "arithmetic", False: "memory"}

WRONG = {
    "conv-macs": [
        ("", lambda output_height, output_width, kernel_size, channels, filters: output_height * output_width),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: output_height * output_width * filters,
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: (
                (kernel_size**2 * channels + 1) * filters
            ),
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * kernel_size**2 * (channels + filters)
            ),
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height**2 * kernel_size**2 * channels * filters
            ),
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: (
                (output_height + kernel_size - 1)
                * (output_width + kernel_size - 1)
                * kernel_size**2
                * channels
                * filters
            ),
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * 2 * kernel_size * channels * filters
            ),
        ),
        (
            "You left the channels out",
            lambda output_height, output_width, kernel_size, channels, filters: sum(
                filters * kernel_size**2 for _ in range(output_height * output_width)
            ),
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: output_width * kernel_size**2 * filters,
        ),
        (
            "",
            lambda output_height, output_width, kernel_size, channels, filters: (
                output_height * output_width * (kernel_size**2 * channels - 1) * filters
            ),
        ),
    ],
    "bound-by": [
        ("", lambda macs, bytes, peak, bandwidth: "memory"),
        ("", lambda macs, bytes, peak, bandwidth: "arithmetic"),
        ("", lambda macs, bytes, peak, bandwidth: LONGER[macs / bandwidth > bytes / peak]),
        ("FLOPs for each byte are", lambda macs, bytes, peak, bandwidth: LONGER[2 * macs * peak > bytes * bandwidth]),
        ("", lambda macs, bytes, peak, bandwidth: LONGER[2 * macs / peak > 4 * bytes / bandwidth]),
        ("", lambda macs, bytes, peak, bandwidth: LONGER[2 * macs / peak > bytes / bandwidth].upper()),
        ("", lambda macs, bytes, peak, bandwidth: 2 * macs / peak > bytes / bandwidth),
        (
            "You named what is done sooner",
            lambda macs, bytes, peak, bandwidth: LONGER[2 * macs / peak < bytes / bandwidth],
        ),
        ("A multiply-accumulate is two", lambda macs, bytes, peak, bandwidth: LONGER[macs / bytes > peak / bandwidth]),
        ("", lambda macs, bytes, peak, bandwidth: LONGER[4 * macs / peak > bytes / bandwidth]),
    ],
    "speed-up": [
        ("", lambda share, factor: 1 + share * factor),
        ("", lambda share, factor: factor / share if share else factor),
        ("", lambda share, factor: 1 / (1 - share) if share < 1 else factor),
        ("", lambda share, factor: 1 - share + factor),
        ("", lambda share, factor: 1 / (share / factor) if share else 1.0),
        ("", lambda share, factor: 1 / (1 - share / factor) if share < factor else 1.0),
        ("", lambda share, factor: 1 / ((1 - share) + share * factor)),
        ("", lambda share, factor: 100 / ((1 - share) + share / factor)),
        ("You averaged the speeds", lambda share, factor: 1 - share + factor * share),
        ("", lambda share, factor: round(1 / ((1 - share) + share / factor))),
    ],
    "global-batch": [
        ("", lambda batch, replicas, learning_rate: (batch, learning_rate)),
        ("", lambda batch, replicas, learning_rate: batch * replicas),
        ("", lambda batch, replicas, learning_rate: (learning_rate * replicas, batch * replicas)),
        ("", lambda batch, replicas, learning_rate: (batch + replicas, learning_rate * replicas)),
        ("", lambda batch, replicas, learning_rate: (batch * replicas, learning_rate + replicas)),
        ("", lambda batch, replicas, learning_rate: (batch * replicas, learning_rate * batch)),
        ("", lambda batch, replicas, learning_rate: (batch * replicas**2, learning_rate * replicas)),
        ("", lambda batch, replicas, learning_rate: (batch * replicas, learning_rate * replicas**2)),
        ("", lambda batch, replicas, learning_rate: f"{batch * replicas}, {learning_rate * replicas}"),
        ("The batch has grown", lambda batch, replicas, learning_rate: (replicas * batch, learning_rate * 1)),
    ],
}
