// Batch size and learning rate on the loss surface of a regression line, update by update.
import { bowl, lossAt, pathOf } from "./descent.js";
import { clock, drawOn, put } from "./model.js";
import { written } from "./numbers.js";
import { dropdown, faultLine, h, iconButton, openRoot, setText } from "./parts.js";
import { range } from "./slider.js";
import { svg } from "./svg.js";

const PACE = 160; // milliseconds an update
const MOST = 2000; // updates
const RATES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.1, 1.3, 1.5, 2];
const SIDE = 440;
const SPAN = 3; // what the surface shows on each side of the lowest point
const [WIDE, HIGH, LEFT, BELOW] = [440, 250, 46, 40];
const NAMES = ["x", "y", "start", "updates", "batch_size", "learning_rate", "momentum", "seed"];

export function settingsOf(get) {
  return {
    start: get("start"),
    updates: get("updates"),
    batchSize: get("batch_size"),
    learningRate: get("learning_rate"),
    momentum: get("momentum"),
    seed: get("seed"),
  };
}

const initialize = ({ model }) =>
  clock(model, PACE, () => {
    const next = model.get("updates") + 1;
    if (next <= MOST) put(model, { updates: next });
    return next <= MOST;
  });

function render({ model, el }) {
  const root = openRoot(el, "Gradient descent demo");
  const fault = faultLine();
  const parts = [buildControls(model), buildSteps(model), buildSurface(), buildCurve(model)];
  const [controls, steps, surface, curve] = parts;
  const live = h("p", { class: "cw-state", "aria-live": "polite" });
  root.append(controls.el, fault.el, h("div", { class: "cw-charts" }, surface.el, curve.el), steps.el, live);
  const update = () => {
    const data = { x: model.get("x"), y: model.get("y") };
    const path = pathOf(
      data,
      settingsOf((name) => model.get(name)),
    );
    const losses = path.map((place) => lossAt(data, place));
    const perPass = Math.ceil(data.x.length / model.get("batch_size"));
    const view = { data, path, losses, perPass, lowest: lossAt(data, bowl(data).centre) };
    const sentence =
      losses.at(-1) > 4 * losses[0]
        ? "The loss grows: the learning rate is too large for this surface. Take a smaller one."
        : "";
    fault.sayState(sentence);
    for (const part of parts) part.update(view);
    const passes = written((path.length - 1) / perPass);
    setText(
      live,
      `${path.length - 1} updates, ${passes} passes through the ${data.x.length} points. Loss ${shortly(losses.at(-1))}; the lowest possible is ${shortly(view.lowest)}.`,
    );
  };
  return drawOn(model, [...NAMES, "playing"], update).stop;
}

const shortly = (value) => (value >= 1e4 ? "over 10 000" : written(value, 3));

function buildControls(model) {
  const count = model.get("x").length;
  const sizes = [1, 2, 4, 8, 16, 32, 64].filter((size) => size < count);
  const named = [
    ...sizes.map((size) => [String(size), size === 1 ? "1 point at a time" : `${size} points`]),
    [String(count), `all ${count} points`],
  ];
  const batch = dropdown({
    label: "Batch size",
    options: named,
    onValue: (value) => put(model, { batch_size: Number(value) }),
  });
  const rate = range({
    label: "Learning rate",
    min: 0,
    max: RATES.length - 1,
    step: 1,
    onValue: (n) => put(model, { learning_rate: RATES[n] }),
  });
  const momentum = range({
    label: "Momentum",
    min: 0,
    max: 0.95,
    step: 0.05,
    onValue: (value) => put(model, { momentum: value }),
  });
  const el = h("div", { class: "cw-fields" }, batch.el, rate.el, momentum.el);
  return {
    el,
    update() {
      const size = String(model.get("batch_size"));
      if (!named.some(([value]) => value === size)) batch.fill([...named, [size, `${size} points`]]);
      batch.show(size);
      momentum.show(model.get("momentum"));
      const value = model.get("learning_rate");
      rate.bar.value = RATES.findIndex((one) => one >= value);
      rate.bar.setAttribute("aria-valuetext", value);
      setText(rate.el.querySelector("output"), String(value));
    },
  };
}

function buildSteps(model) {
  const move = (by) => put(model, { updates: Math.min(MOST, Math.max(0, model.get("updates") + by)), playing: false });
  const pass = () => Math.ceil(model.get("x").length / model.get("batch_size"));
  const play = iconButton("play", "Play", () => put(model, { playing: !model.get("playing") }));
  play.el.classList.add("cw-main");
  const el = h(
    "div",
    { class: "cw-transport", role: "group", "aria-label": "Steps" },
    iconButton("first", "Back to the start", () => put(model, { updates: 0, playing: false })).el,
    iconButton("back", "One update back", () => move(-1)).el,
    play.el,
    iconButton("forward", "One update on", () => move(1)).el,
    iconButton("last", "One pass on", () => move(pass())).el,
    iconButton("again", "Another order of the points", () => put(model, { seed: model.get("seed") + 1 })).el,
  );
  return {
    el,
    update: () => play.draw(model.get("playing") ? "pause" : "play", model.get("playing") ? "Pause" : "Play"),
  };
}

/** The surface from above: one ellipse for each height, and the path over it. */
function buildSurface() {
  const rings = svg("g", { class: "cw-rings" });
  const line = svg("polyline", { class: "cw-path" });
  const dots = svg("g", { class: "cw-dots" });
  const [begin, now, goal] = [
    svg("circle", { r: 5, class: "cw-begin" }),
    svg("circle", { r: 7, class: "cw-now" }),
    svg("path", { class: "cw-goal" }),
  ];
  const clip = `cw-clip-${Math.random().toString(36).slice(2)}`;
  const drawing = svg(
    "svg",
    { viewBox: `0 0 ${SIDE} ${SIDE}`, role: "img" },
    svg("clipPath", { id: clip }, svg("rect", { width: SIDE, height: SIDE, rx: 6 })),
    svg("g", { "clip-path": `url(#${clip})` }, rings, line, dots, goal, begin, now),
  );
  const head = h("div", { class: "cw-head" }, "The loss from above (→ intercept, ↑ slope)");
  let drawn = null;
  const update = ({ data, path, losses }) => {
    const { centre, values, angle } = bowl(data);
    const at = ([a, b]) =>
      [SIDE / 2 + ((a - centre[0]) / SPAN) * (SIDE / 2), SIDE / 2 - ((b - centre[1]) / SPAN) * (SIDE / 2)].map((v) =>
        Number(v.toFixed(1)),
      );
    if (drawn !== data.x) {
      rings.replaceChildren(
        ...[4, 3.2, 2.5, 1.9, 1.4, 1, 0.65, 0.35, 0.12].map((radius) =>
          svg("ellipse", {
            rx: (radius / SPAN) * (SIDE / 2) * Math.sqrt(1 / values[0]) * 1.5,
            ry: (radius / SPAN) * (SIDE / 2) * Math.sqrt(1 / values[1]) * 1.5,
            transform: `translate(${SIDE / 2} ${SIDE / 2}) rotate(${(-angle * 180) / Math.PI})`,
          }),
        ),
      );
      goal.setAttribute("d", `M${SIDE / 2 - 7} ${SIDE / 2}h14M${SIDE / 2} ${SIDE / 2 - 7}v14`);
      drawn = data.x;
    }
    const points = path.map(at);
    line.setAttribute("points", points.map((point) => point.join(",")).join(" "));
    while (dots.childElementCount > Math.min(points.length, 130)) dots.lastChild.remove();
    while (dots.childElementCount < Math.min(points.length, 130)) dots.append(svg("circle", { r: 2.6 }));
    points.slice(0, 130).forEach(([cx, cy], n) => {
      dots.children[n].setAttribute("cx", cx);
      dots.children[n].setAttribute("cy", cy);
    });
    for (const [mark, [cx, cy]] of [
      [begin, points[0]],
      [now, points.at(-1)],
    ]) {
      mark.setAttribute("cx", cx);
      mark.setAttribute("cy", cy);
    }
    drawing.setAttribute(
      "aria-label",
      `The loss surface from above with a path of ${path.length - 1} updates. It stands at intercept ${written(path.at(-1)[0])}, ` +
        `slope ${written(path.at(-1)[1])}, loss ${shortly(losses.at(-1))}. The lowest point is at ${written(centre[0])}, ${written(centre[1])}.`,
    );
  };
  return {
    el: h(
      "figure",
      {},
      head,
      drawing,
      h("figcaption", { class: "cw-legend" }, "ring: start · dot: now · cross: lowest point · each line: one height"),
    ),
    update,
  };
}

/** The loss of all points over the passes; so that batch sizes compare at equal work. */
function buildCurve() {
  const line = svg("polyline", { class: "cw-path" });
  const floor = svg("line", { class: "cw-floor", x1: LEFT, x2: WIDE - 8 });
  const marks = svg("g", { class: "cw-marks" });
  const drawing = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img" }, marks, floor, line);
  const update = ({ losses, perPass, lowest }) => {
    const passes = Math.max(1, Math.ceil((losses.length - 1) / perPass));
    const top = Math.max(losses[0], 1e-9) * 1.15;
    const right = (n) => LEFT + (n / perPass / passes) * (WIDE - LEFT - 8);
    const up = (loss) => 8 + (1 - Math.min(loss, 50 * top) / top) * (HIGH - BELOW - 8);
    line.setAttribute(
      "points",
      losses.map((loss, n) => `${right(n).toFixed(1)},${Math.max(up(loss), -40).toFixed(1)}`).join(" "),
    );
    floor.setAttribute("y1", up(lowest));
    floor.setAttribute("y2", up(lowest));
    const text = (x, y, words, anchor) => svg("text", { x, y, "text-anchor": anchor }, words);
    const half = passes % 2 === 0 ? [text(right((passes / 2) * perPass), HIGH - 20, String(passes / 2), "middle")] : [];
    marks.replaceChildren(
      svg("path", { d: `M${LEFT} 8V${HIGH - BELOW}H${WIDE - 8}` }),
      text(LEFT - 6, up(0) + 4, "0", "end"),
      text(LEFT - 6, up(losses[0]) + 4, written(losses[0], 1), "end"),
      text(LEFT, HIGH - 20, "0", "middle"),
      ...half,
      text(WIDE - 8, HIGH - 20, String(passes), "end"),
      text((LEFT + WIDE) / 2, HIGH - 3, "passes through the data", "middle"),
    );
    drawing.setAttribute(
      "aria-label",
      `The loss of all points over ${passes} passes: from ${shortly(losses[0])} to ${shortly(losses.at(-1))}.`,
    );
  };
  return {
    el: h(
      "figure",
      {},
      h("div", { class: "cw-head" }, "The loss of all points"),
      drawing,
      h("figcaption", { class: "cw-legend" }, "dashed: the lowest possible"),
    ),
    update,
  };
}

export default { initialize, render };
