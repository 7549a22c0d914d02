// A number for rows and columns together, or one for each.
import { h, setText, stepper } from "./parts.js";
import { likeBoth } from "./sizes.js";

export function pairControl({ label, limits: [min, max], say, onValue }) {
  let value = [min, min];
  const make = (text, take) => stepper({ label: text, min, max, say, onValue: (n) => onValue(likeBoth(take(n))) });
  const one = make(label, (n) => [n, n]);
  const rows = make(`${label}, rows`, (n) => [n, value[1]]);
  const columns = make(`${label}, columns`, (n) => [value[0], n]);
  const el = h("div", { class: "cw-pair" }, one.el, rows.el, columns.el);
  return {
    el,
    rename: (text) =>
      [one, rows, columns].forEach((each, n) =>
        setText(each.el.querySelector("label"), text + ["", ", rows", ", columns"][n]),
      ),
    show(next, apart) {
      value = next;
      one.el.hidden = apart;
      rows.el.hidden = columns.el.hidden = !apart;
      one.show(next[0]);
      rows.show(next[0]);
      columns.show(next[1]);
    },
  };
}
