// Kernels for photographs, and what they do to one: the twin of conv2d, ReLU and max_pool2d on flat arrays.

/** The feature map of a grey picture, given as flat pixels row after row; only whole windows count. */
export function filterPicture(pixels, width, height, kernel) {
  const [down, right] = [height - kernel.length + 1, width - kernel[0].length + 1];
  const map = new Float64Array(right * down);
  kernel.forEach((row, i) =>
    row.forEach((weight, j) => {
      if (weight === 0) return;
      for (let y = 0; y < down; y++) {
        const from = (y + i) * width + j;
        const to = y * right;
        for (let x = 0; x < right; x++) map[to + x] += weight * pixels[from + x];
      }
    }),
  );
  return { map, width: right, height: down };
}

export const relu = (map) => map.map((value) => Math.max(value, 0));

/** Maximum or mean of each size x size block; what does not fill a block at the far border is left out. */
export function poolMap(map, width, height, size, kind) {
  const [columns, rows] = [Math.floor(width / size), Math.floor(height / size)];
  const pooled = new Float64Array(columns * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let largest = -Infinity;
      let sum = 0;
      for (let a = 0; a < size; a++) {
        for (let b = 0; b < size; b++) {
          const value = map[(i * size + a) * width + j * size + b];
          sum += value;
          if (value > largest) largest = value;
        }
      }
      pooled[i * columns + j] = kind === "max" ? largest : sum / (size * size);
    }
  }
  return { map: pooled, width: columns, height: rows };
}

/** A Gabor kernel: a wave under a bell, at an angle in degrees; its weights add up to zero. */
export function gabor(angle, size = 7) {
  const turn = (angle * Math.PI) / 180;
  const half = (size - 1) / 2;
  const sigma = size / 5;
  const place = Array.from({ length: size }, (_, k) => k - half);
  const bell = place.map((y) => place.map((x) => Math.exp(-(x * x + y * y) / (2 * sigma * sigma))));
  const wave = place.map((y) =>
    place.map((x) => Math.cos((2 * Math.PI * (x * Math.cos(turn) + y * Math.sin(turn))) / (0.6 * size))),
  );
  const total = bell.flat().reduce((a, b) => a + b);
  const mean = bell.flat().reduce((sum, b, n) => sum + b * wave.flat()[n], 0) / total;
  return bell.map((row, i) => row.map((b, j) => b * (wave[i][j] - mean)));
}
