// A chain of layers: shapes, parameters, products, memory and receptive fields. The twin of cnn_course.describe.
import { both, reach, samePadding } from "./sizes.js";

/** What each kind of layer is called, and what a new one starts with; the keys are Keras's. */
export const KINDS = {
  Conv2D: {
    name: "Convolution",
    start: { filters: 16, kernel_size: 3, strides: 1, padding: "same", dilation_rate: 1, activation: "relu" },
  },
  MaxPooling2D: { name: "Max pooling", start: { pool_size: 2, strides: 2, padding: "valid" } },
  AveragePooling2D: { name: "Average pooling", start: { pool_size: 2, strides: 2, padding: "valid" } },
  Flatten: { name: "Flatten", start: {} },
  GlobalAveragePooling2D: { name: "Global average pooling", start: {} },
  Dense: { name: "Dense", start: { units: 64, activation: "relu" } },
  Dropout: { name: "Dropout", start: { rate: 0.5 } },
  Rescaling: { name: "Rescaling", start: {} },
};
export const BOUNDS = {
  input_size: [1, 512],
  channels: [1, 512],
  batch_size: [1, 1024],
  filters: [1, 2048],
  units: [1, 8192],
  kernel_size: [1, 15],
  pool_size: [1, 64],
  strides: [1, 64],
  dilation_rate: [1, 16],
  rate: [0, 0.95],
};
export const ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid", "gelu", "softmax"];
export const MOST_LAYERS = 36;

export const times = (sizes) => sizes.join("\u00a0×\u00a0"); // never broken between two lines
export const product = (numbers) => numbers.reduce((a, b) => a * b, 1);
export const isWindow = (layer) => "strides" in layer;
export const windowOf = (layer) => both(layer.kernel_size ?? layer.pool_size);
export const dilationOf = (layer) => both(layer.dilation_rate ?? 1);
export const isDilated = (layer) => dilationOf(layer).some((rate) => rate > 1);
/** Rows and columns from a window's first pixel to its last. */
export const reachOf = (layer) => windowOf(layer).map((size, axis) => reach(size, dilationOf(layer)[axis]));

/** A sentence where the layer has no place on what comes in, else "". */
export function misfit(layer, shape) {
  if ((isWindow(layer) || layer.kind === "GlobalAveragePooling2D") && shape.length !== 3) {
    return (
      `${KINDS[layer.kind].name} needs rows, columns and channels, but what comes in is one row of ${shape[0]} numbers. ` +
      "Move it up, before the layer that flattens the map."
    );
  }
  if (!isWindow(layer)) return "";
  if (isDilated(layer) && both(layer.strides).some((stride) => stride > 1)) {
    return "Keras takes strides or a dilation above 1, not both. Set one of them to 1.";
  }
  const window = reachOf(layer);
  if (layer.padding === "same" || window.every((size, axis) => size <= shape[axis])) return "";
  return (
    `The window (${times(window)}${isDilated(layer) ? ", dilated" : ""}) is larger than what comes in (${times(shape.slice(0, 2))}): there is no place for it. ` +
    "Take a smaller window or padding “same”, pool less before it, or take a larger input."
  );
}

/** A window along one axis: how many positions, the zeros before, and the pixels that it never reaches. */
function slide(size, window, stride, padding) {
  const [before, after] = padding === "same" ? samePadding(size, window, stride) : [0, 0];
  const output = padding === "same" ? Math.ceil(size / stride) : Math.floor((size - window) / stride) + 1;
  return { output, before, unreached: Math.max(size + before + after - ((output - 1) * stride + window), 0) };
}

/** What all positions together see: a part of the picture, or the whole. */
function gathered(seen, positions, picture) {
  if (seen.kind !== "part") return seen;
  const axes = seen.axes.map(({ size, jump, start }, n) => ({
    size: size + (positions[n] - 1) * jump,
    jump: jump * positions[n],
    start,
  }));
  const covers = axes.every(({ size, start }, n) => start <= 0 && start + size >= picture[n]);
  return covers ? { kind: "whole" } : { kind: "part", axes };
}

function windowed(layer, shape, seen) {
  const [window, strides] = [reachOf(layer), both(layer.strides)];
  const steps = [0, 1].map((n) => slide(shape[n], window[n], strides[n], layer.padding));
  const axes = seen.axes.map(({ size, jump, start }, n) => ({
    size: size + (window[n] - 1) * jump,
    jump: jump * strides[n],
    start: start - steps[n].before * jump,
  }));
  return {
    sizes: steps.map((step) => step.output),
    seen: { kind: "part", axes },
    unreached: steps.map((step) => step.unreached),
  };
}

/** What one layer makes of a shape and of what its numbers see. */
function passed(layer, shape, seen, picture) {
  const same = { shape, seen, parameters: 0, macs: 0, unreached: [0, 0] };
  const channels = shape.at(-1);
  if (isWindow(layer)) {
    const { sizes, ...rest } = windowed(layer, shape, seen);
    if (layer.kind !== "Conv2D") return { ...same, ...rest, shape: [...sizes, channels] };
    const weights = product(windowOf(layer)) * channels;
    const cost = { parameters: (weights + 1) * layer.filters, macs: product(sizes) * weights * layer.filters };
    return { ...same, ...rest, ...cost, shape: [...sizes, layer.filters] };
  }
  if (layer.kind === "Flatten") {
    const flat = shape.length === 3 && seen.kind === "part" ? { ...seen, flat: shape.slice(0, 2) } : seen;
    return { ...same, shape: [product(shape)], seen: flat };
  }
  if (layer.kind === "GlobalAveragePooling2D")
    return { ...same, shape: [channels], seen: gathered(seen, shape, picture) };
  if (layer.kind !== "Dense") return same;
  return {
    ...same,
    shape: [...shape.slice(0, -1), layer.units],
    seen: seen.flat ? gathered(seen, seen.flat, picture) : seen,
    parameters: (channels + 1) * layer.units,
    macs: product(shape) * layer.units,
  };
}

/** { rows, totals }: a row for each layer; the first without an answer has a `fault`, those after it only a layer. */
export function chainOf({ input_size, channels, layers, batch_size }) {
  const picture = both(input_size);
  let shape = [...picture, channels];
  let seen = { kind: "part", axes: picture.map(() => ({ size: 1, jump: 1, start: 0 })) };
  let broken = null;
  const rows = layers.map((layer, n) => {
    if (broken !== null) return { layer, waits: broken + 1 };
    const fault = misfit(layer, shape);
    if (fault) {
      broken = n;
      return { layer, input: shape, fault };
    }
    const row = { layer, input: shape, ...passed(layer, shape, seen, picture) };
    row.bytes = batch_size * product(row.shape) * 4;
    ({ shape, seen } = row);
    return row;
  });
  const sum = (name) => rows.reduce((total, row) => total + row[name], 0);
  const totals = broken === null ? { parameters: sum("parameters"), macs: sum("macs"), bytes: sum("bytes") } : null;
  return { rows, totals, broken };
}

/** Rows and columns of the units whose fields can be drawn apart: those of the map, also after it is flattened. */
export function unitsOf(row) {
  if (row.seen?.kind !== "part") return null;
  return row.shape.length === 3 ? row.shape.slice(0, 2) : (row.seen.flat ?? null);
}

/** [first, size] along rows and columns of what the unit at a place sees. */
export const fieldAt = (seen, place) => seen.axes.map(({ size, jump, start }, n) => [start + place[n] * jump, size]);

const tuple = (value) => (Array.isArray(value) ? `(${value.join(", ")})` : String(value));

function codeLine(layer) {
  if (layer.kind === "Rescaling") return "layers.Rescaling(1 / 255)";
  const first = ["filters", "units", "kernel_size", "pool_size", "rate"]
    .filter((key) => key in layer)
    .map((key) => tuple(layer[key]));
  const named =
    isWindow(layer) && tuple(layer.strides) !== tuple(layer.pool_size ?? 1) ? [`strides=${tuple(layer.strides)}`] : [];
  if (isDilated(layer)) named.push(`dilation_rate=${tuple(layer.dilation_rate)}`);
  if (layer.padding === "same") named.push('padding="same"');
  if ((layer.activation ?? "linear") !== "linear") named.push(`activation="${layer.activation}"`);
  return `layers.${layer.kind}(${[...first, ...named].join(", ")})`;
}

/** The chain as Keras code, the same text as ArchitectureDemo.code. */
export function kerasCode({ input_size, channels, layers }) {
  const lines = [`keras.Input((${[...both(input_size), channels].join(", ")}))`, ...layers.map(codeLine)];
  const body = lines.map((line) => `    ${line},\n`).join("");
  return `import keras\nfrom keras import layers\n\nmodel = keras.Sequential([\n${body}])\n`;
}
