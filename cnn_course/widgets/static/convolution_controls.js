// The controls of the convolution demo: every setting, its limits, and what a wrong entry is told.
import { isPooling } from "./arithmetic.js";
import { LIMITS, solutionFor, traitsOf, withControl } from "./convolution_state.js";
import { put } from "./model.js";
import { pairControl } from "./pair.js";
import { checkbox, dropdown, h, radios, stepper } from "./parts.js";
import { both, likeBoth } from "./sizes.js";

const MODES = [
  ["convolution", "Convolution"],
  ["transposed", "Transposed"],
  ["max", "Max pooling"],
  ["average", "Average pooling"],
  ["norm", "Norm pooling"],
];
const PADDINGS = [
  ["valid", "valid: none"],
  ["same", "same, as TensorFlow"],
  ["symmetric", "same on both sides"],
  ["number", "a number"],
  ["sides", "each side"],
];
const SIDES = ["top", "bottom", "left", "right"];
export function buildControls(model, say) {
  const set = (name, value) => put(model, withControl(traitsOf(model), name, value));
  const pair = (label, name, limits) => pairControl({ label, limits, say, onValue: (value) => set(name, value) });
  const mode = radios({ label: "What the window computes", options: MODES, onValue: (value) => set("mode", value) });
  const pairs = {
    input_size: pair("Input size", "input_size", LIMITS.size),
    kernel_size: pair("Kernel size", "kernel_size", LIMITS.kernel),
    strides: pair("Strides", "strides", LIMITS.strides),
    dilation_rate: pair("Dilation rate", "dilation_rate", LIMITS.dilation),
  };
  const one = (label, name, limits) =>
    stepper({ label, min: limits[0], max: limits[1], say, onValue: (value) => set(name, value) });
  const counts = {
    channels: one("Channels", "channels", LIMITS.channels),
    filters: one("Filters", "filters", LIMITS.filters),
    groups: one("Groups", "groups", LIMITS.channels),
  };
  const padding = paddingControl(say, (value) => set("padding", value));
  const added = dropdown({
    label: "Output padding",
    options: [["null", "as the padding says"], ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => [String(n), String(n)])],
    onValue: (value) => set("output_padding", JSON.parse(value)),
  });
  const ceil = checkbox({ label: "Round up (ceil_mode)", onValue: (value) => set("ceil_mode", value) });
  let apart = false;
  const split = checkbox({
    label: "Rows and columns apart",
    onValue: (value) => {
      apart = value;
      update(solutionFor(model));
    },
  });
  const cover = checkbox({ label: "Cover what is still to come", onValue: (value) => put(model, { cover: value }) });
  const fields = [...Object.values(pairs), padding, ...Object.values(counts), added].map((control) => control.el);
  const el = h(
    "div",
    { class: "cw-controls" },
    mode.el,
    h("div", { class: "cw-fields" }, ...fields),
    h("div", { class: "cw-checks" }, split.el, ceil.el, cover.el),
  );

  function update({ problem }) {
    const pooling = isPooling(problem.mode);
    const uneven = Object.keys(pairs).some((name) => both(model.get(name))[0] !== both(model.get(name))[1]);
    mode.show(problem.mode);
    for (const [name, control] of Object.entries(pairs)) control.show(both(model.get(name)), apart || uneven);
    for (const [name, control] of Object.entries(counts)) control.show(model.get(name));
    padding.show(model.get("padding"), apart, problem.mode === "transposed" ? "Cut off" : "Zeros");
    added.show(JSON.stringify(model.get("output_padding")));
    ceil.show(model.get("ceil_mode"));
    split.show(apart || uneven);
    cover.show(model.get("cover"));
    pairs.dilation_rate.el.hidden = counts.filters.el.hidden = counts.groups.el.hidden = pooling;
    added.el.hidden = problem.mode !== "transposed";
    ceil.el.hidden = !pooling;
    pairs.kernel_size.rename(pooling ? "Pool size" : "Kernel size");
  }
  return { el, update };
}

function paddingControl(say, onValue) {
  let sides = [
    [1, 1],
    [1, 1],
  ];
  const [min, max] = LIMITS.padding;
  const list = dropdown({
    label: "Padding",
    options: PADDINGS,
    onValue: (kind) => {
      if (kind === "number") onValue(likeBoth([sides[0][0], sides[1][0]]));
      else onValue(kind === "sides" ? sides : kind);
    },
  });
  const number = pairControl({ label: "Zeros", limits: [min, max], say, onValue });
  const each = SIDES.map((side, n) =>
    stepper({
      label: `Zeros, ${side}`,
      min,
      max,
      say,
      onValue: (zeros) => {
        const next = sides.map((pair) => [...pair]);
        next[n >> 1][n & 1] = zeros;
        onValue(next);
      },
    }),
  );
  const el = h("div", { class: "cw-padding" }, list.el, number.el, ...each.map((field) => field.el));
  return {
    el,
    show(padding, apart, word) {
      number.rename(word);
      const kind = typeof padding === "string" ? padding : both(padding).some(Array.isArray) ? "sides" : "number";
      if (kind === "sides") sides = padding.map(both);
      if (kind === "number") sides = both(padding).map((zeros) => [zeros, zeros]);
      list.show(kind);
      number.el.hidden = kind !== "number";
      number.show([sides[0][0], sides[1][0]], apart || sides[0][0] !== sides[1][0]);
      each.forEach((field, n) => {
        field.el.hidden = kind !== "sides";
        field.show(sides[n >> 1][n & 1]);
      });
    },
  };
}
