// Gradient descent on a line through points: data, loss, and the path that batches take. The twin of widgets/descent.py.

/** The order of the points in one pass: a shuffle that Python draws too (Numerical Recipes' generator). */
export function shuffled(count, seed, pass) {
  let state = (Math.imul(seed + 1, 2654435761) + Math.imul(pass + 1, 40503)) >>> 0;
  const order = Array.from({ length: count }, (_, n) => n);
  for (let n = count - 1; n > 0; n--) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const other = Math.floor((state / 4294967296) * (n + 1));
    [order[n], order[other]] = [order[other], order[n]];
  }
  return order;
}

/** Half the mean squared error of the line a + b x. */
export function lossAt({ x, y }, [a, b]) {
  return x.reduce((sum, value, n) => sum + (y[n] - a - b * value) ** 2, 0) / (2 * x.length);
}

/** The points [a, b] after 0, 1, ... updates; it ends early where the numbers leave all bounds. */
export function pathOf({ x, y }, { start, updates, batchSize, learningRate, momentum, seed }) {
  const perPass = Math.ceil(x.length / batchSize);
  const path = [[...start]];
  let [a, b] = start;
  let [va, vb] = [0, 0];
  let order = [];
  for (let update = 0; update < updates && Math.hypot(a, b) < 1e6; update++) {
    const place = update % perPass;
    if (place === 0) order = shuffled(x.length, seed, Math.floor(update / perPass));
    const batch = order.slice(place * batchSize, (place + 1) * batchSize);
    let [ga, gb] = [0, 0];
    for (const n of batch) {
      const error = a + b * x[n] - y[n];
      ga += error / batch.length;
      gb += (error * x[n]) / batch.length;
    }
    [va, vb] = [momentum * va - learningRate * ga, momentum * vb - learningRate * gb];
    [a, b] = [a + va, b + vb];
    path.push([a, b]);
  }
  return path;
}

/** The lowest point, and the axes of the ellipses around it: { centre, values, angle }. */
export function bowl({ x, y }) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const xx = mean(x.map((value) => value * value));
  const xy = mean(x.map((value, n) => value * y[n]));
  const slope = (xy - mx * my) / (xx - mx * mx);
  const root = Math.sqrt((1 - xx) ** 2 / 4 + mx * mx);
  const values = [(1 + xx) / 2 + root, (1 + xx) / 2 - root];
  return { centre: [my - slope * mx, slope], values, angle: Math.atan2(values[0] - 1, mx) };
}
