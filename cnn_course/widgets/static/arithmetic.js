// Sizes, padding and values of convolutions and poolings: the twin of cnn_course.arithmetic and cnn_course.from_scratch.
// Pure functions on plain numbers and arrays; nothing here knows about a page. The tests hold them equal to Python's.
//
// A picture is [row][column][channel], a kernel [row][column][channel][filter] (transposed: [..][filter][channel]).
// A "problem" is what the functions take: { mode, input, kernel, strides, padding, dilation, groups, ceil, outputPadding },
// sizes as one number or [rows, columns]; pooling takes kernelSize in place of a kernel.

import { both, reach, samePadding } from "./sizes.js";

export class Fault extends Error {}

export const isPooling = (mode) => mode !== "convolution" && mode !== "transposed";

/** Zeros [before, after] of one axis, whichever way the padding is said. */
export function paddingOf(padding, axis, size, kernel, stride, dilation = 1) {
  if (padding === "valid") return [0, 0];
  if (padding === "same") return samePadding(size, kernel, stride, dilation);
  if (padding === "symmetric") return both(Math.floor((dilation * (kernel - 1)) / 2));
  return both(both(padding)[axis]);
}

/** One axis of a problem, with the number of its positions as `output`. */
export function axisOf(problem, axis) {
  const size = axis === 0 ? problem.input.length : problem.input[0].length;
  const kernel = both(problem.kernelSize)[axis];
  const stride = both(problem.strides)[axis];
  const dilation = isPooling(problem.mode) ? 1 : both(problem.dilation)[axis];
  const along = { size, kernel, stride, dilation, reach: reach(kernel, dilation) };
  if (problem.mode === "transposed") return transposedAxis(problem, axis, along);
  const padding = paddingOf(problem.padding, axis, size, kernel, stride, dilation);
  const ceil = isPooling(problem.mode) && problem.ceil;
  if (isPooling(problem.mode) && Math.max(...padding) >= kernel) {
    throw new Fault(
      `The padding (${Math.max(...padding)}) must be smaller than the pool size (${kernel}), or a window would see no ` +
        "pixel at all. Make the padding smaller, or the window larger.",
    );
  }
  const output = outputSize(size, along.reach, stride, padding, ceil);
  const padded = size + padding[0] + padding[1];
  const unread = Math.max(padded - ((output - 1) * stride + along.reach), 0);
  const unreached = Math.min(Math.max(unread - padding[1], 0), size);
  return { ...along, padding, padded, output, ceil, unread, unreached };
}

/** Positions of a window along one axis. */
export function outputSize(size, window, stride, [before, after] = [0, 0], ceil = false) {
  const room = size + before + after - window;
  let count = (ceil ? Math.ceil(room / stride) : Math.floor(room / stride)) + 1;
  if (ceil && (count - 1) * stride >= size + before) count -= 1;
  if (count < 1) {
    throw new Fault(
      `The window covers ${window} pixels, but the input${before + after ? ", padding included," : ""} has only ` +
        `${size + before + after}: there is no position for it. Take a smaller kernel, a smaller dilation rate or more padding.`,
    );
  }
  return count;
}

/** Pixels along one axis of a transposed convolution; `added` is the output padding, null leaves it to the padding. */
export function transposedSize(size, kernel, stride, padding = "valid", added = null, dilation = 1, axis = 0) {
  const window = reach(kernel, dilation);
  if (added !== null && added >= Math.max(stride, dilation)) {
    throw new Fault(
      `The output padding (${added}) must be smaller than the stride (${stride}) or the dilation rate (${dilation}).`,
    );
  }
  const output = (size - 1) * stride + ownWidth(window, stride, dilation, kernel, padding, added, axis);
  if (output < 1) throw new Fault("The padding cuts the whole output away. Make it smaller.");
  return output;
}

function ownWidth(window, stride, dilation, kernel, padding, added, axis) {
  if (padding === "same") return added === null ? stride : (window % 2) + added;
  if (padding === "valid" && added === null) return Math.max(window, stride);
  const [before, after] = paddingOf(padding, axis, 0, kernel, stride, dilation);
  return window - before - after + (added || 0);
}

function transposedAxis(problem, axis, along) {
  const { size, kernel, stride, dilation } = along;
  const added = problem.outputPadding === null ? null : both(problem.outputPadding)[axis];
  const output = transposedSize(size, kernel, stride, problem.padding, added, dilation, axis);
  const whole = (size - 1) * stride + along.reach;
  const cut =
    problem.padding === "same"
      ? Math.floor(Math.max(whole - output, 0) / 2)
      : paddingOf(problem.padding, axis, size, kernel, stride, dilation)[0];
  return { ...along, padding: [0, 0], padded: size, output, whole, cut, added, unread: 0, unreached: 0 };
}

/** The problem with its axes, and the number of maps; throws a Fault, with a sentence, where it has no answer. */
export function prepare(problem) {
  const channels = problem.input[0][0].length;
  const axes = [axisOf(problem, 0), axisOf(problem, 1)];
  if (isPooling(problem.mode)) return { ...problem, axes, channels, maps: channels };
  const { groups, kernel } = problem;
  const transposed = problem.mode === "transposed";
  const [third, fourth] = [kernel[0][0].length, kernel[0][0][0].length];
  const maps = transposed ? third * groups : fourth;
  const expected = transposed ? fourth : third * groups;
  if (channels % groups || maps % groups) {
    throw new Fault(`The groups (${groups}) must divide both the channels (${channels}) and the filters (${maps}).`);
  }
  if (channels !== expected) throw new Fault(`The kernel is for ${expected} channels, the input has ${channels}.`);
  return { ...problem, axes, channels, maps };
}

/** Call visit(row, column, channel, weightRow, weightColumn, weight) for everything that enters one output value. */
export function eachTerm(ready, [row, column, map], visit) {
  if (ready.mode === "transposed") return eachStamp(ready, row, column, map, visit);
  const [down, right] = ready.axes;
  const [first, last] = channelsOf(ready, map);
  for (let i = 0; i < down.kernel; i++) {
    const y = row * down.stride + i * down.dilation - down.padding[0];
    for (let j = 0; j < right.kernel; j++) {
      const x = column * right.stride + j * right.dilation - right.padding[0];
      for (let c = first; c < last; c++) {
        visit(y, x, c, i, j, isPooling(ready.mode) ? 1 : ready.kernel[i][j][c - first][map]);
      }
    }
  }
}

function eachStamp(ready, row, column, map, visit) {
  const [down, right] = ready.axes;
  const [first, last] = channelsOf(ready, map);
  const depth = ready.maps / ready.groups;
  for (let i = 0; i < down.kernel; i++) {
    const y = (row + down.cut - i * down.dilation) / down.stride;
    if (!Number.isInteger(y) || y < 0 || y >= down.size) continue;
    for (let j = 0; j < right.kernel; j++) {
      const x = (column + right.cut - j * right.dilation) / right.stride;
      if (!Number.isInteger(x) || x < 0 || x >= right.size) continue;
      for (let c = first; c < last; c++) visit(y, x, c, i, j, ready.kernel[i][j][map % depth][c]);
    }
  }
}

/** The channels [first, end) that one map looks at. */
export function channelsOf(ready, map) {
  if (isPooling(ready.mode)) return [map, map + 1];
  const each = ready.channels / ready.groups;
  const group = Math.floor(map / (ready.maps / ready.groups));
  return [group * each, (group + 1) * each];
}

export const isInside = (ready, row, column) =>
  row >= 0 && column >= 0 && row < ready.axes[0].size && column < ready.axes[1].size;

/** One value of the output. Padding counts as zero in a convolution, and not at all in a pooling. */
export function valueAt(ready, position) {
  let sum = 0;
  let count = 0;
  let largest = -Infinity;
  eachTerm(ready, position, (row, column, channel, _i, _j, weight) => {
    const inside = isInside(ready, row, column);
    const value = inside ? ready.input[row][column][channel] : 0;
    sum += ready.mode === "norm" ? value * value : value * weight;
    if (!inside) return;
    count += 1;
    largest = value > largest || Number.isNaN(value) ? value : largest;
  });
  if (ready.mode === "max") return Number.isNaN(sum) ? NaN : largest;
  if (ready.mode === "average") return sum / count;
  return ready.mode === "norm" ? Math.sqrt(sum) : sum;
}

/** The whole output, [row][column][map]. */
export function outputOf(ready) {
  const [down, right] = ready.axes;
  return grid(down.output, right.output, (i, j) =>
    Array.from({ length: ready.maps }, (_, f) => valueAt(ready, [i, j, f])),
  );
}

/** How many output positions read each pixel of the picture, [row][column]. */
export function readCounts(ready) {
  const [down, right] = ready.axes.map((axis) =>
    ready.mode === "transposed" ? stampCounts(axis) : windowCounts(axis),
  );
  return grid(down.length, right.length, (i, j) => down[i] * right[j]);
}

function windowCounts(axis) {
  const counts = new Array(axis.size).fill(0);
  for (let p = 0; p < axis.output; p++) {
    for (let k = 0; k < axis.kernel; k++) {
      const pixel = p * axis.stride + k * axis.dilation - axis.padding[0];
      if (pixel >= 0 && pixel < axis.size) counts[pixel] += 1;
    }
  }
  return counts;
}

function stampCounts(axis) {
  return Array.from({ length: axis.size }, (_, pixel) => {
    const places = Array.from({ length: axis.kernel }, (_, k) => pixel * axis.stride + k * axis.dilation - axis.cut);
    return places.filter((place) => place >= 0 && place < axis.output).length;
  });
}

/** The pixels [first, last] along each axis that one output position depends on; outside the picture is padding. */
export function fieldOf(ready, [row, column]) {
  return ready.axes.map((axis, number) => {
    const place = number === 0 ? row : column;
    if (ready.mode !== "transposed") {
      const first = place * axis.stride - axis.padding[0];
      return [first, first + axis.reach - 1];
    }
    const pixels = [];
    for (let k = 0; k < axis.kernel; k++) pixels.push((place + axis.cut - k * axis.dilation) / axis.stride);
    const read = pixels.filter((pixel) => Number.isInteger(pixel) && pixel >= 0 && pixel < axis.size);
    return read.length ? [Math.min(...read), Math.max(...read)] : null;
  });
}

export const grid = (rows, columns, make) =>
  Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => make(i, j)));

/** A number that a new cell starts with, always the same one. */
export const newPixel = (i, j, c) => (3 * i + 5 * j + 2 * c + i * j) % 4;
export const newWeight = (i, j, c, f) => (2 * i + j + 2 * c + f + i * j) % 3;

/** The picture with another size: what was there stays, new cells get numbers of their own. */
export function resizedInput(input, rows, columns, channels) {
  return grid(rows, columns, (i, j) =>
    Array.from({ length: channels }, (_, c) => input[i]?.[j]?.[c] ?? newPixel(i, j, c)),
  );
}

/** The kernel with another shape [rows, columns, third axis, fourth axis]. */
export function resizedKernel(kernel, [rows, columns, third, fourth]) {
  return grid(rows, columns, (i, j) =>
    grid(third, fourth, (c, f) => kernel[i]?.[j]?.[c]?.[f] ?? newWeight(i, j, c, f)),
  );
}

export function kernelShape(mode, [rows, columns], channels, filters, groups) {
  if (mode === "transposed") return [rows, columns, filters / groups, channels];
  return [rows, columns, channels / groups, filters];
}
