// What the widgets are put together from: elements, number fields, buttons and choices.

/** An element with attributes (a function is a listener) and children. */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let lastId = 0;
export const newId = (name) => `cw-${name}-${++lastId}-${Math.floor(performance.now())}`;

/** The root of a widget: it keeps its keys to itself, and Escape gives them back to the page, notebook or deck. */
export function openRoot(el, name) {
  const root = h("section", { class: "cw", "aria-label": name, "data-lm-suppress-shortcuts": "true" });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      document.activeElement?.blur();
      root.parentElement?.closest("[tabindex]")?.focus();
      window.frameElement?.ownerDocument.defaultView.focus();
    }
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  });
  el.replaceChildren(root);
  return root;
}

/** A line for faults, there only when there is something to say: of a wrong entry first, else of the state. */
export function faultLine() {
  const line = h("p", { class: "cw-fault", role: "alert", hidden: true });
  const said = { entry: "", state: "" };
  const tell = (source) => (sentence) => {
    said[source] = sentence;
    setText(line, said.entry || said.state);
    line.hidden = !line.textContent;
  };
  return { el: line, say: tell("entry"), sayState: tell("state") };
}

/** A number field with buttons; text that is no such number becomes a sentence for say(). */
export function stepper({ label, min, max, step = 1, whole = true, onValue, say, digits = 4 }) {
  const id = newId("field");
  const field = h("input", {
    id,
    type: "text",
    inputmode: whole ? "numeric" : "decimal",
    role: "spinbutton",
    autocomplete: "off",
    "aria-valuemin": min,
    "aria-valuemax": max,
    size: 3,
  });
  let shown = null;
  const rule = `${label} must be a ${whole ? "whole " : ""}number from ${min} to ${max}.`;
  const read = (text) => {
    const value = text.trim() === "" ? NaN : Number(text.replace(",", ".").replace("−", "-"));
    return value >= min && value <= max && (!whole || Number.isInteger(value)) ? value : null;
  };
  const take = () => {
    const value = read(field.value);
    field.setAttribute("aria-invalid", String(value === null));
    say(value === null ? `${rule} You wrote “${field.value.slice(0, 20)}”.` : "");
    if (value !== null && value !== shown) onValue(value);
  };
  const move = (by) => {
    const from = read(field.value) ?? shown ?? min;
    field.value = String(Math.min(max, Math.max(min, Number((from + by).toFixed(digits)))));
    take();
  };
  field.addEventListener("input", take);
  field.addEventListener("focus", () => field.select());
  field.addEventListener("keydown", (event) => {
    const by = { ArrowUp: step, ArrowDown: -step, PageUp: 10 * step, PageDown: -10 * step }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    move(by);
  });
  const button = (sign, by, what) =>
    h("button", { type: "button", tabindex: -1, "aria-label": `${what} ${label}`, click: () => move(by) }, sign);
  const el = h(
    "div",
    { class: "cw-field" },
    h("label", { for: id }, label),
    h("div", { class: "cw-stepper" }, button("−", -step, "less"), field, button("+", step, "more")),
  );
  return {
    el,
    field,
    show(value) {
      if (value === shown && field.getAttribute("aria-invalid") !== "true") return;
      shown = value;
      if (read(field.value) !== value) field.value = String(value);
      field.setAttribute("aria-valuenow", value);
      field.setAttribute("aria-invalid", "false");
    },
  };
}

/** One of several, as a list; options are [value, text]. */
export function dropdown({ label, options, onValue }) {
  const id = newId("list");
  const list = h("select", { id, change: () => onValue(list.value) });
  const fill = (all) => list.replaceChildren(...all.map(([value, text]) => h("option", { value }, text)));
  fill(options);
  return {
    el: h("div", { class: "cw-field" }, h("label", { for: id }, label), list),
    list,
    fill,
    show(value) {
      if (list.value !== value) list.value = value;
    },
  };
}

/** One of a few, side by side; the arrow keys move between them. */
export function radios({ label, options, onValue }) {
  const name = newId("choice");
  const inputs = options.map(([value]) => h("input", { type: "radio", name, value, change: () => onValue(value) }));
  const el = h(
    "fieldset",
    { class: "cw-radios" },
    h("legend", {}, label),
    h("div", {}, ...options.map(([, text], n) => h("label", {}, inputs[n], h("span", {}, text)))),
  );
  return { el, show: (value) => inputs.forEach((input) => (input.checked = input.value === value)) };
}

export function checkbox({ label, onValue }) {
  const box = h("input", { type: "checkbox", change: () => onValue(box.checked) });
  return {
    el: h("label", { class: "cw-check" }, box, h("span", {}, label)),
    box,
    show: (value) => (box.checked = value),
  };
}

const ICONS = {
  first: "M3 3v10M13 3 6 8l7 5z",
  back: "M11 3 4 8l7 5z",
  play: "M4 2.5v11l9-5.5z",
  pause: "M5 3v10M11 3v10",
  forward: "M5 3l7 5-7 5z",
  last: "M13 3v10M3 3l7 5-7 5z",
  again: "M12.5 5.5A5.2 5.2 0 1 0 13.2 9M13 2v4H9",
};

/** A button with a picture and a name. */
export function iconButton(icon, label, click) {
  const button = h("button", { type: "button", class: "cw-icon", "aria-label": label, title: label, click });
  const draw = (name, text) => {
    button.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${ICONS[name]}"${name === "again" ? ' fill="none"' : ""}/></svg>`;
    button.setAttribute("aria-label", text);
    button.title = text;
  };
  draw(icon, label);
  return { el: button, draw };
}
