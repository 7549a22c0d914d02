// A photograph, a kernel, and the feature map at once: before ReLU, after it, and after pooling.
import { filterPicture, gabor, poolMap, relu } from "./filters.js";
import { NumberGrid } from "./grid.js";
import { drawOn, put } from "./model.js";
import { written } from "./numbers.js";
import { dropdown, faultLine, h, openRoot, setText, stepper } from "./parts.js";
import { pictureFile } from "./picture_file.js";
import { range } from "./slider.js";

const OWN = "own";
const LONGEST = 320; // pixels of a picture's longer side
const POOLINGS = [
  ["max", "maximum"],
  ["average", "average"],
];

const numbers = (kernel) => kernel.map((row) => row.map(Number));

/** The picture's pixels as { grey, width, height }: the mean of red, green and blue. */
async function readPicture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const grey = new Float64Array(data.length / 4);
  for (let n = 0; n < grey.length; n++) grey[n] = (data[4 * n] + data[4 * n + 1] + data[4 * n + 2]) / 3;
  return { grey, width: canvas.width, height: canvas.height };
}

/** A picture file of the reader's own, made small enough, as the address of a PNG. */
async function smallPicture(file) {
  const image = await createImageBitmap(file);
  const share = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const canvas = h("canvas", {
    width: Math.max(1, Math.round(image.width * share)),
    height: Math.max(1, Math.round(image.height * share)),
  });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/png");
}

/** What each panel shows: { map, width, height, low, high }, from black to white; a sentence where a map has none. */
export function mapsOf({ grey, width, height }, traits) {
  const kernel = numbers(traits.kernel);
  if (kernel.length > height || kernel[0].length > width) {
    return {
      fault: `The kernel (${kernel.length} × ${kernel[0].length}) is larger than the picture (${height} × ${width}). Take a smaller one.`,
    };
  }
  if (kernel.flat().some((weight) => !Number.isFinite(weight)))
    return { fault: "The kernel holds a value that is no finite number." };
  const feature = filterPicture(grey, width, height, kernel);
  const size = traits.pool_size;
  if (size > feature.width || size > feature.height) {
    return {
      fault: `The pooling window (${size} × ${size}) is larger than the map (${feature.height} × ${feature.width}).`,
    };
  }
  const active = { ...feature, map: relu(feature.map) };
  const pooled = poolMap(active.map, active.width, active.height, size, traits.pooling);
  return { feature, active, pooled, sum: kernel.flat().reduce((a, b) => a + b, 0) };
}

export function extremes(map) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of map) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** What only one value in two hundred exceeds, so that a few extremes do not make all others grey. */
function usualBound(map) {
  const sample = map
    .filter((_, n) => n % 7 === 0)
    .map(Math.abs)
    .sort();
  return Math.max(sample[Math.floor(0.995 * (sample.length - 1))], 1e-9);
}

function render({ model, el }) {
  const root = openRoot(el, "Filter demo");
  const fault = faultLine();
  const controls = buildControls(model, fault.say);
  const [before, feature, active, pooled] = ["Picture", "Feature map", "After ReLU", "After pooling"].map(buildPanel);
  const weights = new NumberGrid({
    label: "Kernel",
    say: fault.say,
    onEdit(i, j, value) {
      const kernel = numbers(model.get("kernel"));
      kernel[i][j] = value;
      put(model, { kernel, filter: OWN });
    },
  });
  const sum = h("p", { class: "cw-legend" });
  const kernelPanel = h(
    "div",
    { class: "cw-panel cw-kernel" },
    h("div", { class: "cw-head" }, "Kernel: write in it"),
    h("div", { class: "cw-scroll" }, weights.el),
    sum,
  );
  const live = h("p", { class: "cw-hidden", "aria-live": "polite" });
  const stage = h("div", { class: "cw-pictures" }, before.el, kernelPanel, feature.el, active.el, pooled.el);
  root.append(controls.el, fault.el, stage, live);

  let picture = null;
  const say = fault.sayState;
  const traits = () => Object.fromEntries(["kernel", "pooling", "pool_size"].map((name) => [name, model.get(name)]));

  function update() {
    controls.update();
    paintWeights(weights, numbers(model.get("kernel")));
    if (!picture) return;
    const maps = mapsOf(picture, traits());
    stage.classList.toggle("cw-empty", Boolean(maps.fault));
    say(maps.fault ?? "");
    if (maps.fault) return setText(live, "");
    const signed = Math.abs(maps.sum) < 1e-9;
    const [low, high] = extremes(maps.feature.map);
    const bound = signed ? usualBound(maps.feature.map) : 255;
    const greys = signed ? `mid-grey is 0, white ${written(bound, 0)} or more` : "black is 0, white 255";
    feature.draw(maps.feature, signed ? -bound : 0, bound, `${span(low, high)}; ${greys}`);
    active.draw(maps.active, 0, bound, "what was negative is 0 now: black");
    pooled.draw(maps.pooled, 0, bound, `${written(100 / model.get("pool_size") ** 2, 1)} % of the numbers are left`);
    setText(sum, `The weights add up to ${written(maps.sum)}${signed ? ": a flat area gives 0." : "."}`);
    setText(live, `${model.get("filter")}: feature map from ${span(low, high)}`);
  }

  let loading = 0;
  async function load() {
    const turn = ++loading;
    try {
      const read = await readPicture(model.get("picture"));
      if (turn !== loading) return;
      picture = read;
      before.draw(
        { map: picture.grey, width: picture.width, height: picture.height },
        0,
        255,
        "grey: the mean of red, green and blue",
      );
      update();
    } catch {
      say("This picture cannot be read. PNG, JPEG and WebP can.");
    }
  }
  const drawing = drawOn(model, ["kernel", "filter", "angle", "pooling", "pool_size", "kernels"], update);
  model.on("change:picture", load);
  load();
  return () => {
    drawing.stop();
    model.off("change:picture", load);
  };
}

const span = (low, high) => `${written(low, 0)} to ${written(high, 0)}`;

function buildControls(model, say) {
  const names = () => [...Object.keys(model.get("kernels")), "gabor", OWN];
  const choose = (filter) => {
    if (filter === "gabor") return put(model, { filter, kernel: gabor(model.get("angle")) });
    put(model, { filter, kernel: model.get("kernels")[filter] ?? model.get("kernel") });
  };
  const list = dropdown({ label: "Filter", options: [], onValue: choose });
  const angle = range({
    label: "Angle of the stripes",
    min: 0,
    max: 175,
    step: 5,
    unit: "°",
    onValue: (value) => put(model, { angle: value, kernel: gabor(value) }),
  });
  const pooling = dropdown({ label: "Pooling", options: POOLINGS, onValue: (value) => put(model, { pooling: value }) });
  const size = stepper({
    label: "Pool size",
    min: 1,
    max: 16,
    say,
    onValue: (value) => put(model, { pool_size: value }),
  });
  const own = pictureFile({ say, onFile: async (file) => put(model, { picture: await smallPicture(file) }) });
  const el = h("div", { class: "cw-fields" }, list.el, angle.el, pooling.el, size.el, own);
  let filled = "";
  return {
    el,
    update() {
      if (filled !== `${names()}`)
        list.fill(
          names().map((name) => [name, name === "gabor" ? "stripes (Gabor)" : name === OWN ? "your own" : name]),
        );
      filled = `${names()}`;
      list.show(model.get("filter"));
      angle.el.hidden = model.get("filter") !== "gabor";
      angle.show(model.get("angle"));
      pooling.show(model.get("pooling"));
      size.show(model.get("pool_size"));
    },
  };
}

function paintWeights(grid, kernel) {
  grid.shape(kernel.length, kernel[0].length);
  const most = Math.max(...kernel.flat().map(Math.abs), 1e-9);
  kernel.forEach((row, i) =>
    row.forEach((weight, j) => {
      const text = written(weight);
      const strength = Math.abs(weight) / most;
      const classes = strength < 0.05 ? "" : `${weight < 0 ? "minus" : "plus"}${strength > 0.5 ? " strong" : ""}`;
      grid.paint(i, j, { text, classes, name: `weight row ${i}, column ${j}: ${text}`, editable: true });
    }),
  );
}

function buildPanel(title) {
  const canvas = h("canvas", { role: "img" });
  const head = h("div", { class: "cw-head" });
  const legend = h("figcaption", { class: "cw-legend" });
  const el = h("figure", {}, head, canvas, legend);
  /** Draw numbers as greys, `low` black and `high` white. */
  function draw({ map, width, height }, low, high, text) {
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    const image = context.createImageData(width, height);
    const scale = 255 / (high - low);
    for (let n = 0; n < map.length; n++) {
      const level = (map[n] - low) * scale;
      image.data[4 * n] = image.data[4 * n + 1] = image.data[4 * n + 2] = level;
      image.data[4 * n + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    setText(head, `${title} ${height} × ${width}`);
    setText(legend, text);
    canvas.setAttribute("aria-label", `${title}, ${height} rows and ${width} columns: ${text}`);
  }
  return { el, draw };
}

export default { render };
