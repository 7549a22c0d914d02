// A network to build layer by layer: a table of its layers, the settings of one, and what that one sees.
import { ACTIVATIONS, BOUNDS, chainOf, KINDS, kerasCode } from "./architecture.js";
import { buildPicture } from "./architecture_picture.js";
import { buildTable, saysOf } from "./architecture_table.js";
import { formulas, lossSentence, purpose } from "./architecture_words.js";
import { drawOn, put } from "./model.js";
import { pairControl } from "./pair.js";
import { checkbox, dropdown, faultLine, h, openRoot, setText, stepper } from "./parts.js";
import { both } from "./sizes.js";

const NAMES = ["layers", "input_size", "channels", "batch_size", "chosen", "unit", "picture", "presets", "show_code"];
const OWN = "";
const LABELS = {
  filters: "Filters",
  kernel_size: "Kernel size",
  pool_size: "Pool size",
  strides: "Strides",
  padding: "Padding",
  dilation_rate: "Dilation",
  units: "Units",
  activation: "Activation",
  rate: "Share dropped",
};

const sorted = (layers) => JSON.stringify(layers.map((layer) => Object.entries(layer).sort()));
export const sameNetwork = (a, b) =>
  `${both(a.input_size)}` === `${both(b.input_size)}` &&
  a.channels === b.channels &&
  sorted(a.layers) === sorted(b.layers);

function render({ model, el }) {
  const root = openRoot(el, "Architecture demo");
  const fault = faultLine();
  const state = () => {
    const traits = Object.fromEntries(NAMES.map((name) => [name, model.get(name)]));
    return { ...traits, chosen: Math.min(traits.chosen, traits.layers.length - 1) };
  };
  const set = (changes) => {
    put(model, changes);
    fault.say("");
  };
  const access = { state, set, say: fault.say };
  const table = buildTable(access);
  const [start, settings, notes, picture, code] = [
    buildStart(access),
    buildSettings(access),
    buildFormulas(),
    buildPicture(access),
    buildCode(access),
  ];
  const live = h("p", { class: "cw-hidden", "aria-live": "polite" });
  root.append(
    start.el,
    fault.el,
    h(
      "div",
      { class: "cw-architecture" },
      h("div", { class: "cw-network" }, table.tools.el, table.el),
      settings.el,
      notes.el,
      picture.el,
    ),
    code.el,
    live,
  );
  const parts = [start, table, table.tools, settings, notes, picture, code];
  const update = () => {
    const traits = state();
    const view = { traits, chain: chainOf(traits), chosen: traits.chosen };
    for (const part of parts) part.update(view);
    setText(live, saysOf(view));
  };
  const drawing = drawOn(model, NAMES, update);
  picture.whenLoaded(drawing.soon);
  start.whenApart(drawing.soon);
  return drawing.stop;
}

/** Where to start from, and what comes in. */
function buildStart({ state, set, say }) {
  const network = dropdown({
    label: "Network",
    options: [],
    onValue: (name) => {
      const preset = state().presets[name];
      if (preset) set({ ...preset, chosen: Math.min(3, preset.layers.length - 1) });
      else changed();
    },
  });
  const pair = pairControl({
    label: "Input size",
    limits: BOUNDS.input_size,
    say,
    onValue: (value) => set({ input_size: value }),
  });
  const one = (label, name) =>
    stepper({ label, min: BOUNDS[name][0], max: BOUNDS[name][1], say, onValue: (value) => set({ [name]: value }) });
  const [channels, batch] = [one("Channels", "channels"), one("Pictures in a batch", "batch_size")];
  const split = checkbox({
    label: "Rows and columns apart",
    onValue: (value) => {
      rowsApart = value;
      changed();
    },
  });
  let [changed, rowsApart, filled] = [() => {}, false, null];
  return {
    el: h("div", { class: "cw-fields" }, network.el, pair.el, channels.el, batch.el, split.el),
    whenApart: (call) => (changed = call),
    update(view) {
      const { traits } = view;
      const uneven = [traits, ...traits.layers].some((each) =>
        ["input_size", "kernel_size", "pool_size", "strides", "dilation_rate"].some(
          (name) => both(each[name])[0] !== both(each[name])[1],
        ),
      );
      view.apart = rowsApart || uneven;
      if (filled !== traits.presets)
        network.fill([[OWN, "your own"], ...Object.keys(traits.presets).map((name) => [name, name])]);
      filled = traits.presets;
      network.show(Object.keys(traits.presets).find((name) => sameNetwork(traits.presets[name], traits)) ?? OWN);
      pair.show(both(traits.input_size), view.apart);
      channels.show(traits.channels);
      batch.show(traits.batch_size);
      split.show(view.apart);
    },
  };
}

/** The settings of the chosen layer; the controls of each kind are made once. */
function buildSettings({ state, set, say }) {
  const change = (name, value) => {
    const { layers, chosen } = state();
    set({ layers: layers.map((layer, n) => (n === chosen ? { ...layer, [name]: value } : layer)) });
  };
  const control = (name) => {
    const [label, onValue] = [LABELS[name], (value) => change(name, value)];
    if (name === "padding")
      return dropdown({
        label,
        options: [
          ["valid", "valid"],
          ["same", "same"],
        ],
        onValue,
      });
    if (name === "activation") return dropdown({ label, options: ACTIVATIONS.map((each) => [each, each]), onValue });
    const [min, max] = BOUNDS[name];
    if (name === "rate") return stepper({ label, min, max, step: 0.05, whole: false, say, onValue });
    return ["filters", "units"].includes(name)
      ? stepper({ label, min, max, say, onValue })
      : pairControl({ label, limits: [min, max], say, onValue });
  };
  const made = new Map();
  const controlsOf = (kind) => {
    if (!made.has(kind))
      made.set(
        kind,
        Object.keys(KINDS[kind].start).map((name) => [name, control(name)]),
      );
    return made.get(kind);
  };
  const head = h("div", { class: "cw-head" });
  const fields = h("div", { class: "cw-fields" });
  const what = h("p", {});
  let shownKind = null;
  return {
    el: h(
      "div",
      { class: "cw-settings", role: "group", "aria-label": "Settings of the chosen layer" },
      head,
      fields,
      what,
    ),
    update({ traits, chain, chosen, apart }) {
      const row = chain.rows[chosen];
      const { layer } = row;
      const controls = controlsOf(layer.kind);
      if (shownKind !== layer.kind) fields.replaceChildren(...controls.map(([, each]) => each.el));
      shownKind = layer.kind;
      setText(head, `Layer ${chosen + 1} of ${traits.layers.length}: ${KINDS[layer.kind].name}`);
      for (const [name, each] of controls) each.show(each.rename ? both(layer[name]) : layer[name], apart);
      what.hidden = !row.shape;
      if (row.shape) setText(what, purpose(row));
    },
  };
}

/** How the chosen layer's numbers come about. */
function buildFormulas() {
  const list = h("dl", { class: "cw-sums" });
  const head = h("div", { class: "cw-head" });
  const loss = h("p", {});
  return {
    el: h("div", { class: "cw-account" }, head, list, loss),
    update({ traits, chain, chosen }) {
      const row = chain.rows[chosen];
      setText(head, row.shape ? `How the numbers of layer ${chosen + 1} come about` : "");
      const lines = row.shape ? formulas(row, traits.batch_size) : [];
      while (list.childElementCount > lines.length * 2) list.lastChild.remove();
      while (list.childElementCount < lines.length * 2) list.append(h("dt", {}), h("dd", {}));
      lines.flat().forEach((text, n) => setText(list.children[n], text));
      setText(loss, row.shape ? lossSentence(row) : "");
      loss.hidden = !loss.textContent;
    },
  };
}

function buildCode({ set }) {
  const text = h("code", {});
  const block = h("pre", { tabindex: 0, role: "region", "aria-label": "Keras code" }, text);
  const said = h("span", { role: "status" });
  const copy = h(
    "button",
    {
      type: "button",
      class: "cw-button",
      click: async () => {
        getSelection().selectAllChildren(text);
        let copied = false;
        try {
          await navigator.clipboard.writeText(text.textContent);
          copied = true;
        } catch {
          copied = document.execCommand("copy"); // a page from a file has no clipboard of its own
        }
        setText(said, copied ? "Copied." : "It is marked now: copy it with Ctrl + C.");
      },
    },
    "Copy",
  );
  const el = h(
    "details",
    { class: "cw-code", toggle: () => set({ show_code: el.open }) },
    h("summary", {}, "Show the Keras code"),
    h("div", { class: "cw-buttons" }, copy, said),
    block,
  );
  return {
    el,
    update({ traits }) {
      el.open = traits.show_code;
      const code = kerasCode(traits);
      if (text.textContent !== code) setText(said, "");
      setText(text, code);
    },
  };
}

export default { render };
