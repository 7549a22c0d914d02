// A slider with its value beside it.
import { h, newId, setText } from "./parts.js";

export function range({ label, min, max, step, onValue, unit = "" }) {
  const id = newId("range");
  const bar = h("input", { id, type: "range", min, max, step, input: () => onValue(Number(bar.value)) });
  const text = h("output", { for: id });
  return {
    el: h("div", { class: "cw-field cw-range" }, h("label", { for: id }, label), h("div", {}, bar, text)),
    bar,
    show(value) {
      if (Number(bar.value) !== value) bar.value = value;
      setText(text, `${value}${unit}`);
      bar.setAttribute("aria-valuetext", `${value}${unit}`);
    },
  };
}
