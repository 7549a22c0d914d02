// The chain as a table with one radio button a layer: choose, add, move, remove; bars show where parameters and work are.
import { KINDS, MOST_LAYERS, times } from "./architecture.js";
import { bytesText, grouped, seesText, settingsText, shareOf, spoken } from "./architecture_words.js";
import { dropdown, h, newId, setText } from "./parts.js";
import { both } from "./sizes.js";

const COLUMNS = ["Output", "Parameters", "MACs", "Memory", "Sees"];
const HINTS = {
  Parameters: "Weights and biases. The bar: the layer's share of all",
  MACs: "Multiplications with an addition, for one picture. The bar: the layer's share of all",
  Memory: "Of the layer's output, 4 bytes a number",
  Sees: "The receptive field: how many pixels of the input one number depends on",
};

/** The layers after an action, and the chosen one: { layers, chosen }. */
function edited(layers, chosen, action, kind) {
  const next = [...layers];
  if (action === "add") {
    next.splice(chosen + 1, 0, { kind, ...KINDS[kind].start });
    return { layers: next, chosen: chosen + 1 };
  }
  if (action === "remove") {
    next.splice(chosen, 1);
    return { layers: next, chosen: Math.min(chosen, next.length - 1) };
  }
  const to = chosen + (action === "up" ? -1 : 1);
  [next[chosen], next[to]] = [next[to], next[chosen]];
  return { layers: next, chosen: to };
}

const canDo = (layers, chosen, action) =>
  ({ add: layers.length < MOST_LAYERS, remove: layers.length > 1, up: chosen > 0, down: chosen < layers.length - 1 })[
    action
  ];

export function buildTable({ state, set }) {
  const name = newId("layer");
  const body = h("tbody", { role: "rowgroup" });
  const cell = (label) => h("td", { role: "cell", "data-label": label });
  const total = COLUMNS.map(cell);
  const together = h("th", { role: "rowheader", scope: "row" });
  const titles = COLUMNS.map((label) =>
    h("th", { role: "columnheader", scope: "col", title: HINTS[label] ?? null }, label),
  );
  const table = h(
    "table",
    { role: "table", class: "cw-layers", "aria-label": "The layers, from the input to the output" },
    h(
      "thead",
      { role: "rowgroup" },
      h("tr", { role: "row" }, h("th", { role: "columnheader", scope: "col" }, "Layer"), ...titles),
    ),
    body,
    h("tfoot", { role: "rowgroup" }, h("tr", { role: "row" }, together, ...total)),
  );
  const el = h("div", { class: "cw-chain", role: "radiogroup", "aria-label": "Layers" }, table);
  /** Scroll the table, and never the page, until the row can be seen. */
  const showChosen = (row) =>
    requestAnimationFrame(() => {
      const [above, below] = [table.tHead.offsetHeight, table.tFoot.offsetHeight];
      const top = row.offsetTop;
      const most = top - above;
      const least = top + row.offsetHeight + below - el.clientHeight;
      if (el.scrollTop > most) el.scrollTop = most;
      else if (el.scrollTop < least) el.scrollTop = least;
    });
  const act = (action, kind) => {
    const { layers, chosen } = state();
    if (!canDo(layers, chosen, action)) return false;
    set(edited(layers, chosen, action, kind));
    return true;
  };
  const focusChosen = () => queueMicrotask(() => rows[state().chosen]?.radio.focus());
  table.addEventListener("keydown", (event) => {
    const action =
      { ArrowUp: "up", ArrowDown: "down" }[event.altKey ? event.key : ""] ?? (event.key === "Delete" ? "remove" : null);
    if (!action) return;
    event.preventDefault();
    if (act(action)) focusChosen();
  });
  const input = inputRow(cell);
  let [rows, shown] = [[], null];
  const choose = (chosen) => set({ chosen });

  function update({ traits, chain, chosen }) {
    while (rows.length > chain.rows.length) rows.pop().el.remove();
    if (!input.el.isConnected) body.append(input.el);
    while (rows.length < chain.rows.length) {
      rows.push(layerRow(cell, name, rows.length, choose));
      body.append(rows.at(-1).el);
    }
    setText(input.size, times([...both(traits.input_size), traits.channels]));
    if (shown !== chosen) showChosen(rows[chosen].el);
    shown = chosen;
    const most = (what) => Math.max(...chain.rows.map((row) => row[what] ?? 0));
    const peak = { parameters: most("parameters"), macs: most("macs") };
    chain.rows.forEach((row, n) => rows[n].paint(row, n === chosen, chain, peak));
    const { totals } = chain;
    const sums = totals
      ? ["", grouped(totals.parameters), grouped(totals.macs), bytesText(totals.bytes), ""]
      : ["", "", "", "", ""];
    setText(together, totals ? "Together" : "Together: no answer yet");
    sums.forEach((text, n) => setText(total[n], text));
  }
  return { el, tools: buildTools(act), update };
}

function inputRow(cell) {
  const size = cell("Output");
  const el = h(
    "tr",
    { role: "row", class: "cw-source" },
    h("th", { role: "rowheader", scope: "row" }, "Input"),
    size,
    ...COLUMNS.slice(1).map(cell),
  );
  return { el, size };
}

function layerRow(cell, name, n, choose) {
  const radio = h("input", {
    type: "radio",
    name,
    "aria-keyshortcuts": "Alt+ArrowUp Alt+ArrowDown Delete",
    change: () => choose(n),
  });
  const [kind, settings] = [h("b", {}), h("small", {})];
  const label = h(
    "label",
    {},
    radio,
    h("span", { class: "cw-number" }, String(n + 1)),
    h("span", {}, kind, " ", settings),
  );
  const [output, parameters, macs, memory, sees] = COLUMNS.map(cell);
  const fault = h("td", { role: "cell", class: "cw-misfit", colspan: COLUMNS.length });
  const bars = { parameters: barCell(parameters, "parameters"), macs: barCell(macs, "macs") };
  const cells = [output, parameters, macs, memory, sees];
  const el = h("tr", { role: "row" }, h("th", { role: "rowheader", scope: "row" }, label), ...cells);
  el.addEventListener("click", (event) => {
    if (label.contains(event.target)) return;
    radio.click();
    radio.focus({ preventScroll: true });
  });
  let whole = true;
  return {
    el,
    radio,
    paint(row, chosen, { totals }, peak) {
      radio.checked = chosen;
      el.classList.toggle("chosen", chosen);
      setText(kind, KINDS[row.layer.kind].name);
      setText(settings, settingsText(row.layer));
      const complete = !row.fault && !row.waits;
      if (complete !== whole) {
        el.replaceChildren(el.firstChild, ...(complete ? cells : [fault]));
        whole = complete;
      }
      fault.classList.toggle("waits", Boolean(row.waits));
      setText(fault, row.fault ?? `waits for layer ${row.waits}`);
      if (!complete) return;
      setText(output, times(row.shape));
      for (const what of ["parameters", "macs"]) bars[what].paint(row[what], totals?.[what], row[what] === peak[what]);
      setText(memory, bytesText(row.bytes));
      setText(sees, seesText(row.seen));
    },
  };
}

/** A number with a bar of its share, which is said to a screen reader too. */
function barCell(td, kind) {
  const [text, bar, share] = [
    h("span", {}),
    h("i", { class: `cw-bar ${kind}`, "aria-hidden": true }),
    h("span", { class: "cw-hidden" }),
  ];
  td.append(text, share, bar);
  return {
    paint(value, total, most) {
      setText(text, value ? grouped(value) : "–");
      const part = 100 * shareOf(value, total);
      td.classList.toggle("none", !value);
      bar.style.setProperty("--share", `${part}%`);
      setText(share, value && total ? `, ${part.toFixed(0)} % of all` : "");
      td.classList.toggle("most", Boolean(value && total) && most);
    },
  };
}

/** The buttons that change the chain around the chosen layer. */
function buildTools(act) {
  const kinds = dropdown({
    label: "New layer",
    options: Object.entries(KINDS).map(([kind, { name }]) => [kind, name]),
    onValue: () => {},
  });
  const button = (text, action) =>
    h("button", { type: "button", class: "cw-button", click: () => act(action, kinds.list.value) }, text);
  const buttons = {
    add: button("Add", "add"),
    up: button("Move up", "up"),
    down: button("Move down", "down"),
    remove: button("Remove", "remove"),
  };
  const place = h("span", { class: "cw-label" });
  const el = h(
    "div",
    { class: "cw-tools" },
    h("div", { class: "cw-group" }, kinds.el, buttons.add),
    h(
      "div",
      { class: "cw-group", role: "group", "aria-label": "The chosen layer" },
      h(
        "div",
        { class: "cw-field" },
        place,
        h("div", { class: "cw-buttons" }, buttons.up, buttons.down, buttons.remove),
      ),
    ),
  );
  return {
    el,
    update({ traits, chosen }) {
      setText(buttons.add, `Add after layer ${chosen + 1}`);
      setText(place, `Layer ${chosen + 1}`);
      for (const [action, one] of Object.entries(buttons)) one.disabled = !canDo(traits.layers, chosen, action);
    },
  };
}

export const saysOf = ({ traits, chain, chosen }) =>
  spoken(chain.rows[chosen], chosen + 1, traits.layers.length, chain.totals);
