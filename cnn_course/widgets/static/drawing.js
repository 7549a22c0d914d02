// A pen on a small grey picture: it knows nothing about a page.

/** Put the pen down at a place, in pixels (0.5 is the middle of the first); the edge of the tip is soft. Returns what was touched. */
export function penDown(grey, width, height, x, y, radius, level) {
  let touched = 0;
  const rows = [Math.max(0, Math.floor(y - radius - 1)), Math.min(height - 1, Math.ceil(y + radius + 1))];
  const columns = [Math.max(0, Math.floor(x - radius - 1)), Math.min(width - 1, Math.ceil(x + radius + 1))];
  for (let i = rows[0]; i <= rows[1]; i++) {
    for (let j = columns[0]; j <= columns[1]; j++) {
      const share = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(j + 0.5 - x, i + 0.5 - y)));
      if (share === 0) continue;
      const n = i * width + j;
      const now = Math.round(
        level > 127 ? Math.max(grey[n], share * level) : Math.min(grey[n], 255 - share * (255 - level)),
      );
      if (now !== grey[n]) touched += 1;
      grey[n] = now;
    }
  }
  return touched;
}

/** Draw from one place to another. */
export function penLine(grey, width, height, from, to, radius, level) {
  const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
  let touched = 0;
  for (let n = 0; n <= steps; n++) {
    const share = n / steps;
    touched += penDown(
      grey,
      width,
      height,
      from[0] + share * (to[0] - from[0]),
      from[1] + share * (to[1] - from[1]),
      radius,
      level,
    );
  }
  return touched;
}
