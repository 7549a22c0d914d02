// A matrix of numbers that one can walk through and write in.
import { h, setText } from "./parts.js";

const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/** A matrix of cells: one Tab stop, arrow keys inside, Enter or a digit to write where it may be edited. */
export class NumberGrid {
  constructor({ label, onChoose, onEdit, say }) {
    Object.assign(this, { label, onChoose, onEdit, say, rows: 0, columns: 0, at: [0, 0], cells: [], drawn: [] });
    this.el = h("table", { role: "grid", "aria-label": label, class: "cw-grid" });
    this.el.addEventListener("keydown", (event) => this.onKey(event));
    this.el.addEventListener("click", (event) => this.onClick(event));
  }

  /** Make the cells anew if the size has changed. */
  shape(rows, columns) {
    if (rows === this.rows && columns === this.columns) return;
    Object.assign(this, { rows, columns });
    const held = this.el.contains(document.activeElement);
    this.cells = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => this.newCell(i, j)));
    this.drawn = this.cells.map((row) => row.map(() => ""));
    this.el.replaceChildren(
      h("tbody", { role: "rowgroup" }, ...this.cells.map((row) => h("tr", { role: "row" }, ...row))),
    );
    this.el.style.setProperty("--columns", columns);
    this.el.classList.toggle("cw-tight", columns > 8);
    this.moveTo(Math.min(this.at[0], rows - 1), Math.min(this.at[1], columns - 1), held);
  }

  newCell(i, j) {
    const cell = h(
      "td",
      { role: "gridcell", tabindex: -1 },
      h("span", { class: "cw-value" }),
      h("small", { "aria-hidden": true }),
    );
    cell.place = [i, j];
    return cell;
  }

  /** Draw one cell; nothing happens where nothing has changed. */
  paint(i, j, { text, note = "", classes = "", name, selected = null, editable = false }) {
    const key = `${text}|${note}|${classes}|${selected}|${name}|${editable}`;
    if (this.drawn[i][j] === key) return;
    this.drawn[i][j] = key;
    const cell = this.cells[i][j];
    cell.editable = editable;
    const width = text.length > 5 ? " cw-longer" : text.length > 3 ? " cw-long" : "";
    cell.className = classes + width;
    setText(cell.firstChild, text);
    setText(cell.childNodes[1], note);
    cell.setAttribute("aria-label", name);
    if (selected !== null) cell.setAttribute("aria-selected", String(selected));
    if (this.onEdit) cell.setAttribute("aria-readonly", String(!editable));
  }

  moveTo(i, j, focus) {
    this.cells[this.at[0]]?.[this.at[1]]?.setAttribute("tabindex", -1);
    this.at = [Math.max(i, 0), Math.max(j, 0)];
    const cell = this.cells[this.at[0]]?.[this.at[1]];
    cell?.setAttribute("tabindex", 0);
    if (focus) cell?.focus();
  }

  onKey(event) {
    const [i, j] = this.at;
    if (event.target.tagName === "INPUT") return;
    if (event.key === "Home") return this.go(event, event.ctrlKey ? 0 : i, 0);
    if (event.key === "End") return this.go(event, event.ctrlKey ? this.rows - 1 : i, this.columns - 1);
    const move = MOVES[event.key];
    if (move) return this.go(event, i + move[0], j + move[1]);
    const writes = /^[-\d.,]$/.test(event.key) && !event.ctrlKey && !event.metaKey;
    if (writes || event.key === "Enter" || event.key === "F2") {
      event.preventDefault();
      if (this.cells[i][j].editable) this.edit(this.cells[i][j], writes ? event.key : null);
      else this.onChoose?.(i, j);
    }
  }

  go(event, i, j) {
    event.preventDefault();
    if (i < 0 || j < 0 || i >= this.rows || j >= this.columns) return;
    this.moveTo(i, j, true);
    this.onChoose?.(i, j);
  }

  onClick(event) {
    const cell = event.target.closest("td");
    if (!cell || event.target.tagName === "INPUT") return;
    this.moveTo(...cell.place, true);
    if (cell.editable) this.edit(cell, null);
    else this.onChoose?.(...cell.place);
  }

  /** Put a field into the cell; Enter and leaving it keep the number, Escape does not. */
  edit(cell, start) {
    const value = cell.firstChild;
    const field = h("input", { type: "text", inputmode: "decimal", "aria-label": cell.getAttribute("aria-label") });
    field.value = start ?? value.textContent.replace("−", "-");
    let done = false;
    const finish = (keep, refocus) => {
      if (done) return;
      done = true;
      const number = field.value.trim() === "" ? NaN : Number(field.value.replace(",", ".").replace("−", "-"));
      field.remove();
      cell.classList.remove("editing");
      if (refocus) cell.focus();
      if (!keep || field.value === value.textContent.replace("−", "-")) return;
      if (Number.isFinite(number) && Math.abs(number) <= 9999) {
        this.say("");
        this.onEdit(...cell.place, number);
      } else
        this.say(
          `A cell must hold a number from −9999 to 9999. You wrote “${field.value.slice(0, 20)}”; it stays ${value.textContent}.`,
        );
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") finish(true, true);
      if (event.key === "Escape") finish(false, true);
    });
    field.addEventListener("blur", () => finish(true, false));
    cell.classList.add("editing");
    cell.append(field);
    field.focus();
    if (start === null) field.select();
  }
}
