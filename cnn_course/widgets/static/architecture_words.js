// The architecture demo in words and formulas: what a layer is, and how its numbers come about.
import { dilationOf, isDilated, isWindow, KINDS, reachOf, times, unitsOf, windowOf } from "./architecture.js";
import { both } from "./sizes.js";

export const grouped = (number) => number.toLocaleString("en-US");
const square = (value) => times(both(value));
const several = (count, one) => `${count} ${one}${count === 1 ? "" : "s"}`;

/** Bytes with three digits, as describe() writes them. */
export function bytesText(bytes) {
  const unit = ["B", "kB", "MB", "GB", "TB"].findIndex((_, n, all) => bytes < 1000 ** (n + 1) || n === all.length - 1);
  return `${Number((bytes / 1000 ** unit).toPrecision(3))} ${["B", "kB", "MB", "GB", "TB"][unit]}`;
}

export function seesText({ kind, axes }) {
  return kind === "whole" ? "all" : times(axes.map((axis) => axis.size));
}

export function jumpText({ kind, axes }) {
  if (kind === "whole") return "–";
  const [rows, columns] = axes.map((axis) => axis.jump);
  return rows === columns ? String(rows) : times([rows, columns]);
}

/** The settings of a layer in a few words: "16 · 5 × 5, same". */
export function settingsText(layer) {
  if (layer.kind === "Dense") return String(layer.units);
  if (layer.kind === "Dropout") return `${Math.round(layer.rate * 100)} %`;
  if (!isWindow(layer)) return "";
  const one = (value) => square(value).replace(/^(\d+)\s×\s\1$/, "$1");
  const apart = square(layer.strides) !== square(layer.pool_size ?? 1) ? `, strides ${one(layer.strides)}` : "";
  const wide = isDilated(layer) ? `, dilation ${one(layer.dilation_rate)}` : "";
  const filters = layer.filters ? `${layer.filters} · ` : "";
  return `${filters}${times(windowOf(layer))}${apart}${wide}${layer.padding === "same" ? ", same" : ""}`;
}

export const titleOf = (layer) => [KINDS[layer.kind].name, settingsText(layer)].filter(Boolean).join(" ");

function lookOf(layer) {
  const window = times(windowOf(layer));
  if (!isDilated(layer)) return `through a window of ${window}`;
  return `through a window of ${window} pulled apart to ${times(reachOf(layer))} (dilation ${times([...new Set(dilationOf(layer))])})`;
}

/** What the layer does, in a sentence. */
export function purpose({ layer, input, shape }) {
  switch (layer.kind) {
    case "Rescaling":
      return "Divides each value by 255: 0 to 255 becomes 0 to 1. Nothing is learned.";
    case "Conv2D":
      return `Each filter looks ${lookOf(layer)} at ${input[2] === 1 ? "the one channel" : "all " + input[2] + " channels"}, and makes one map.`;
    case "MaxPooling2D":
      return "Keeps the largest number of each window, map by map. Nothing is learned.";
    case "AveragePooling2D":
      return "Keeps the mean of each window, map by map. Nothing is learned.";
    case "GlobalAveragePooling2D":
      return `Keeps one number of each map, its mean: ${several(shape[0], "number")}. Nothing is learned.`;
    case "Flatten":
      return "Writes everything as one row of numbers, for a dense layer. Nothing is learned.";
    case "Dropout":
      return `Sets ${settingsText(layer)} of the numbers to zero in each step of training, and none when it predicts.`;
    default:
      if (input.length === 1) return `Each unit looks at all ${several(input[0], "number")} that come in.`;
      return `Each unit looks at the ${several(input.at(-1), "channel")} of one position. To look at all positions at once, put Flatten before it.`;
  }
}

/** How the numbers of a layer come about: [what, formula] pairs. */
export function formulas(row, batch) {
  const { layer, input, shape, parameters, macs, bytes, seen } = row;
  const lines = [["Output", outputFormula(row)]];
  const products = times([...(layer.kind === "Conv2D" ? windowOf(layer) : []), input.at(-1)]);
  if (parameters) {
    const what = layer.kind === "Conv2D" ? "filter" : "unit";
    lines.push([
      "Parameters",
      `(${products} weights + 1 bias) × ${several(shape.at(-1), what)} = ${grouped(parameters)}`,
    ]);
    lines.push(["MACs", `${times(shape)} numbers × ${products} products = ${grouped(macs)}`]);
  }
  const pictures = batch > 1 ? `${batch} pictures × ` : "";
  lines.push(["Memory", `${pictures}${times(shape)} numbers × 4 bytes = ${bytesText(bytes)}`]);
  lines.push(["Sees", sightSentence(row, seen)]);
  return lines;
}

function outputFormula({ layer, input, shape }) {
  if (layer.kind === "Flatten" && input.length > 1) return `${times(input)} = ${grouped(shape[0])}`;
  if (!isWindow(layer)) return times(shape);
  const one = (axis) => {
    const [size, window, stride] = [input[axis], reachOf(layer)[axis], both(layer.strides)[axis]];
    return layer.padding === "same"
      ? `⌈${size} / ${stride}⌉ = ${shape[axis]}`
      : `⌊(${size} − ${window}) / ${stride}⌋ + 1 = ${shape[axis]}`;
  };
  const sizes = one(0) === one(1) ? one(0) : `rows ${one(0)}, columns ${one(1)}`;
  return `${sizes}, ${several(shape[2], layer.filters ? "filter" : "channel")}: ${times(shape)}`;
}

function sightSentence(row, seen) {
  if (seen.kind === "whole") return "the whole input";
  const [rows, columns] = seen.axes;
  const part = `${rows.size} × ${columns.size} pixels`;
  return unitsOf(row)
    ? `${part}; the next unit's field lies ${jumpText(seen)} ${jumpText(seen) === "1" ? "pixel" : "pixels"} further`
    : `${part} together`;
}

/** Pixels that no window reaches, or that lie between the windows, in a sentence; else "". */
export function lossSentence({ layer, unreached, input }) {
  if (!isWindow(layer)) return "";
  const [rows, columns] = unreached;
  const lost = [rows && several(rows, "row"), columns && several(columns, "column")].filter(Boolean).join(" and ");
  const between = both(layer.strides).some((stride, n) => stride > windowOf(layer)[n] && input[n] > stride);
  return [
    lost && `No window reaches the last ${lost} of what comes in.`,
    between && "The strides are larger than the window: what lies between two windows is never read.",
  ]
    .filter(Boolean)
    .join(" ");
}

/** A layer for a screen reader, when it is chosen or changed. */
export function spoken(row, number, count, totals) {
  const start = `Layer ${number} of ${count}, ${titleOf(row.layer)}. `;
  if (row.fault) return start + row.fault;
  if (row.waits) return `${start}No answer before layer ${row.waits} has one.`;
  const cost = row.parameters ? `${grouped(row.parameters)} parameters, ${grouped(row.macs)} MACs. ` : "";
  const whole = totals ? `The network has ${grouped(totals.parameters)} parameters.` : "";
  return `${start}Output ${times(row.shape)}. ${cost}Sees ${row.seen.kind === "whole" ? "the whole input" : seesText(row.seen) + " pixels"}. ${whole}`;
}

export const shareOf = (part, total) => (total ? part / total : 0);
