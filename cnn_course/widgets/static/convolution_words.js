// What the convolution demo says: formulas with the numbers in them, sentences, and lines of code.
import { eachTerm, fieldOf, isInside, isPooling, paddingOf, valueAt } from "./arithmetic.js";
import { written } from "./numbers.js";

const inBrackets = (value) => (value < 0 ? `(${written(value)})` : written(value));
const times = (count, thing, plural = thing + "s") => `${count} ${count === 1 ? thing : plural}`;

/** The terms of one output value, in rows as the kernel has them; a term says whether it is padding. */
export function termRows(ready, position) {
  const rows = new Map();
  eachTerm(ready, position, (row, column, channel, i, _j, weight) => {
    const inside = isInside(ready, row, column);
    if (!inside && isPooling(ready.mode)) return;
    const value = inside ? ready.input[row][column][channel] : 0;
    const key = `${channel}/${i}`;
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push({ value, weight, inside, channel });
  });
  return [...rows.entries()].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })).map(([, terms]) => terms);
}

export function termText(mode, { value, weight }) {
  if (mode === "max" || mode === "average") return written(value);
  return mode === "norm" ? `${inBrackets(value)}²` : `${inBrackets(value)} · ${inBrackets(weight)}`;
}

/** What stands before, between and after the terms. */
export function termFrame(ready, position, count) {
  const result = ` = ${written(valueAt(ready, position))}`;
  if (ready.mode === "max") return ["max(", ", ", `)${result}`];
  if (ready.mode === "average") return ["(", " + ", `) / ${count}${result}`];
  if (ready.mode === "norm") return ["√(", " + ", `)${result}`];
  return ["", " + ", result];
}

/** The formula of the size along one axis, with its numbers, as lines. */
export function sizeLines(ready, number) {
  const axis = ready.axes[number];
  const lines = [];
  if (axis.dilation > 1) lines.push(`K = (${axis.kernel} − 1) · ${axis.dilation} + 1 = ${axis.reach}`);
  if (ready.mode === "transposed") return [...lines, ...transposedLines(ready, axis, number)];
  const [before, after] = axis.padding;
  if (ready.padding === "same" && before + after > 0) {
    lines.push(
      `same: ⌈${axis.size} / ${axis.stride}⌉ = ${axis.output} positions need ${times(before + after, "zero")}: ` +
        `${before} before, ${after} after`,
    );
  }
  const padding = before === after ? `2 · ${before}` : `(${before} + ${after})`;
  const room = axis.padded - axis.reach;
  const [open, close] = axis.ceil ? ["⌈", "⌉"] : ["⌊", "⌋"];
  const share = room / axis.stride;
  const rounded = axis.ceil ? Math.ceil(share) : Math.floor(share);
  let line = `${open}(${axis.size} − ${axis.reach} + ${padding}) / ${axis.stride}${close} + 1 = `;
  if (rounded !== share) line += `${open}${written(share)}${close} + 1 = `;
  lines.push(`${line}${rounded} + 1 = ${rounded + 1}`);
  if (rounded + 1 > axis.output) lines.push(`The last window would start outside the picture: ${axis.output}`);
  return lines;
}

function transposedLines(ready, axis, number) {
  const { size, stride, reach, output, added } = axis;
  const start = `(${size} − 1) · ${stride}`;
  if (ready.padding === "same") {
    return [added === null ? `${size} · ${stride} = ${output}` : `${start} + ${reach % 2} + ${added} = ${output}`];
  }
  if (ready.padding === "valid" && added === null) return [`${start} + max(${reach}, ${stride}) = ${output}`];
  const [before, after] = paddingOf(ready.padding, number, size, axis.kernel, stride, axis.dilation);
  const cut = before === after ? `2 · ${before}` : `(${before} + ${after})`;
  return [`${start} + ${reach} − ${cut} + ${added || 0} = ${output}`];
}

/** What is never read, as one sentence. */
export function unreachedSentence(ready, counts) {
  const [height, width] = [counts.length, counts[0].length];
  const [rows, columns] = ready.axes.map((axis) => axis.unreached);
  const total = counts.flat().filter((count) => count === 0).length;
  if (!total) return "Every pixel is read by at least one window.";
  const sides = [rows && `${times(rows, "row")} below`, columns && `${times(columns, "column")} on the right`];
  const border = sides.filter(Boolean).join(" and ");
  const reasons = [
    border && `${border}, where no further position fits`,
    total > height * width - (height - rows) * (width - columns) && "what the windows jump over",
  ];
  return `No window reads ${times(total, "pixel")} of ${height * width} (hatched): ${reasons.filter(Boolean).join("; ")}.`;
}

/** Which pixels the chosen output value depends on. */
export function fieldSentence(ready, position) {
  const [rows, columns] = fieldOf(ready, position);
  if (!rows || !columns)
    return "No pixel reaches this number: it is the bare border that the padding or the strides add.";
  const span = (thing, [first, last]) =>
    first === last ? `${thing} ${written(first)}` : `${thing}s ${written(first)} to ${written(last)}`;
  const [height, width] = [rows[1] - rows[0] + 1, columns[1] - columns[0] + 1];
  const outside = !isInside(ready, rows[0], columns[0]) || !isInside(ready, rows[1], columns[1]);
  return (
    `Its receptive field: ${height} × ${width} pixel${height * width > 1 ? "s" : ""}, ${span("row", rows)}, ` +
    `${span("column", columns)}${outside ? " (beyond the picture lies padding)" : ""}.`
  );
}

/** What a screen reader says after each move. */
export function stepSentence(ready, position) {
  const [row, column, map] = position;
  const which = ready.maps > 1 ? `, map ${map}` : "";
  return `Output row ${row}, column ${column}${which}: ${written(valueAt(ready, position))}.`;
}

const tuple = ([a, b]) => (a === b ? `${a}` : `(${a}, ${b})`);
const pairs = ([[a, b], [c, d]]) => (a === b && c === d ? tuple([a, c]) : `((${a}, ${b}), (${c}, ${d}))`);
const call = (name, parts) => `${name}(${parts.filter(Boolean).join(", ")})`;
const option = (name, value, unless) => (value === unless ? "" : `${name}=${value}`);

/** The matching lines { keras, torch }: expressions that make a layer, or a comment where there is none. */
export function codeLines(ready) {
  const facts = {
    kernel: tuple(ready.axes.map((axis) => axis.kernel)),
    strides: tuple(ready.axes.map((axis) => axis.stride)),
    dilation: tuple(ready.axes.map((axis) => axis.dilation)),
    padding: ready.axes.map((axis) => axis.padding),
  };
  if (isPooling(ready.mode)) return { keras: kerasPooling(ready, facts), torch: torchPooling(ready, facts) };
  if (ready.mode === "transposed")
    return { keras: kerasTransposed(ready, facts), torch: torchTransposed(ready, facts) };
  return { keras: kerasConvolution(ready, facts), torch: torchConvolution(ready, facts) };
}

const none = (padding) => padding.flat().every((zeros) => zeros === 0);
const sequential = (...layers) => `keras.Sequential([${layers.join(", ")}])`;

function kerasConvolution(ready, { kernel, strides, dilation, padding }) {
  const named = ready.padding === "same" ? '"same"' : '"valid"';
  const layer = call("keras.layers.Conv2D", [
    ready.maps,
    kernel,
    option("strides", strides, "1"),
    option("padding", named, '"valid"'),
    option("dilation_rate", dilation, "1"),
    option("groups", ready.groups, 1),
    "use_bias=False",
  ]);
  if (dilation !== "1" && strides !== "1") return "# Keras takes no dilation beside strides";
  if (ready.padding === "same" || none(padding)) return layer;
  return sequential(`keras.layers.ZeroPadding2D(${pairs(padding)})`, layer);
}

function torchConvolution(ready, { kernel, strides, dilation, padding }) {
  const [rows, columns] = padding;
  const even = rows[0] === rows[1] && columns[0] === columns[1];
  const layer = (zeros) =>
    call("nn.Conv2d", [
      ready.channels,
      ready.maps,
      kernel,
      option("stride", strides, "1"),
      option("padding", zeros, "0"),
      option("dilation", dilation, "1"),
      option("groups", ready.groups, 1),
      "bias=False",
    ]);
  if (even && ready.padding === "symmetric" && strides === "1" && ready.axes.every((axis) => axis.reach % 2)) {
    return layer('"same"');
  }
  if (even) return layer(tuple([rows[0], columns[0]]));
  return `nn.Sequential(nn.ZeroPad2d((${[...columns, ...rows].join(", ")})), ${layer("0")})`;
}

function kerasTransposed(ready, { kernel, strides, dilation }) {
  if (ready.groups > 1) return "# Keras's Conv2DTranspose has no groups";
  if (dilation !== "1" && strides !== "1") return "# Keras takes no dilation beside strides";
  const added =
    ready.outputPadding === null ? "" : option("output_padding", tuple(ready.axes.map((axis) => axis.added)), "");
  const layer = (named, extra) =>
    call("keras.layers.Conv2DTranspose", [
      ready.maps,
      kernel,
      option("strides", strides, "1"),
      option("padding", named, '"valid"'),
      extra,
      option("dilation_rate", dilation, "1"),
      "use_bias=False",
    ]);
  if (ready.padding === "same") return layer('"same"', added);
  if (ready.padding === "valid") return layer('"valid"', added);
  const whole = ready.axes.map((axis) => (axis.size - 1) * axis.stride + Math.max(axis.reach, axis.stride));
  const crops = ready.axes.map((axis, n) => [axis.cut, whole[n] - axis.cut - axis.output]);
  if (crops.flat().some((pixels) => pixels < 0)) return "# no single layer of Keras: it would have to add a border";
  return none(crops)
    ? layer('"valid"', "")
    : sequential(layer('"valid"', ""), `keras.layers.Cropping2D(${pairs(crops)})`);
}

function torchTransposed(ready, { kernel, strides, dilation }) {
  const cuts = ready.axes.map((axis) => axis.cut);
  const added = ready.axes.map((axis) => axis.output - (axis.whole - 2 * axis.cut));
  if (added.some((pixels, n) => pixels < 0 || pixels >= Math.max(ready.axes[n].stride, ready.axes[n].dilation))) {
    return "# no single layer of PyTorch: it cuts both sides alike";
  }
  return call("nn.ConvTranspose2d", [
    ready.channels,
    ready.maps,
    kernel,
    option("stride", strides, "1"),
    option("padding", tuple(cuts), "0"),
    option("output_padding", tuple(added), "0"),
    option("groups", ready.groups, 1),
    "bias=False",
    option("dilation", dilation, "1"),
  ]);
}

function kerasPooling(ready, { kernel, strides, padding }) {
  const name = { max: "MaxPooling2D", average: "AveragePooling2D" }[ready.mode];
  if (!name) return "# Keras has no norm pooling: the root of a sum of squares";
  if (ready.axes.some((axis) => axis.ceil)) return "# Keras rounds down: no ceil_mode";
  if (ready.padding !== "same" && !none(padding)) return '# Keras pads a pooling only with "same"';
  return call(`keras.layers.${name}`, [kernel, `strides=${strides}`, ready.padding === "same" ? 'padding="same"' : ""]);
}

function torchPooling(ready, { kernel, strides, padding }) {
  const ceil = ready.axes.some((axis) => axis.ceil) ? "ceil_mode=True" : "";
  const [rows, columns] = padding;
  if (ready.mode === "norm") {
    if (ceil) return "# PyTorch scales a norm over a window that hangs over the border";
    const layer = call("nn.LPPool2d", [2, kernel, `stride=${strides}`]);
    return none(padding) ? layer : `nn.Sequential(nn.ZeroPad2d((${[...columns, ...rows].join(", ")})), ${layer})`;
  }
  if (rows[0] !== rows[1] || columns[0] !== columns[1]) return "# PyTorch pads both sides of a pooling alike";
  if (ready.axes.some((axis) => axis.padding[0] > axis.kernel / 2)) return "# PyTorch pads at most half the window";
  const zeros = option("padding", tuple([rows[0], columns[0]]), "0");
  const count = ready.mode === "average" && zeros ? "count_include_pad=False" : "";
  const layer = ready.mode === "max" ? "nn.MaxPool2d" : "nn.AvgPool2d";
  return call(layer, [kernel, `stride=${strides}`, zeros, ceil, count]);
}
