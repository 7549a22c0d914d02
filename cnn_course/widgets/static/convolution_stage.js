// Input, kernel and output of the convolution demo, as three matrices to walk through and to write in.
import { eachTerm, isInside, isPooling } from "./arithmetic.js";
import { positionOf } from "./convolution_state.js";
import { NumberGrid } from "./grid.js";
import { put } from "./model.js";
import { written } from "./numbers.js";
import { h, setText } from "./parts.js";

export function buildStage(model, say) {
  const el = h("div", { class: "cw-stage" });
  let shapes = "";
  let panels = null;
  const editInput = (c) => (i, j, value) => {
    const before = panels.offset;
    const input = model.get("input").map((row) => row.map((pixel) => [...pixel]));
    input[i - before[0]][j - before[1]][c] = value;
    put(model, { input });
  };
  const editKernel = (c) => (i, j, value) => {
    const kernel = structuredClone(model.get("kernel"));
    const [third, fourth] = panels.weightPlace(c);
    kernel[i][j][third][fourth] = value;
    put(model, { kernel });
  };
  const choose = (map) => (row, column) => put(model, { position: [row, column, map], playing: false });

  function build(channels, depth, maps) {
    const stack = (count, name, make) =>
      Array.from(
        { length: count },
        (_, n) => new NumberGrid({ label: count > 1 ? `${name}, ${n}` : name, say, ...make(n) }),
      );
    panels = {
      input: stack(channels, "Input", (c) => ({ onEdit: editInput(c) })),
      kernel: stack(depth, "Kernel", (c) => ({ onEdit: editKernel(c) })),
      output: stack(maps, "Output", (f) => ({ onChoose: choose(f) })),
      heads: {},
    };
    const panel = (name, sign) => {
      const grids = panels[name].map((grid) => h("div", { class: "cw-scroll" }, grid.el));
      panels.heads[name] = h("div", { class: "cw-head" });
      panels[name + "Panel"] = h(
        "div",
        { class: `cw-panel cw-${name}` },
        panels.heads[name],
        h("div", { class: "cw-grids" }, ...grids),
      );
      return [sign && h("div", { class: "cw-sign", "aria-hidden": true }, sign), panels[name + "Panel"]].filter(
        Boolean,
      );
    };
    el.replaceChildren(
      ...panel("input"),
      ...(depth ? panel("kernel", "∗") : []),
      ...panel("output", depth ? "=" : "→"),
    );
  }

  function update(solution) {
    const { problem, ready } = solution;
    const { input, kernel, mode } = problem;
    const depth = isPooling(mode)
      ? 0
      : mode === "transposed"
        ? kernel[0][0][0].length / problem.groups
        : kernel[0][0].length;
    const key = [input[0][0].length, Math.max(depth, isPooling(mode) ? 0 : 1) | 0, ready?.maps ?? 1];
    if (`${key}` !== shapes) build(...key);
    shapes = `${key}`;
    const position = ready && positionOf(model, ready);
    const used = ready ? usedCells(ready, position) : { pixels: new Map(), weights: new Set() };
    paintInput(panels, solution, used);
    if (depth) paintKernel(panels, solution, position, used);
    paintOutput(panels, solution, position, model.get("cover"));
    const widths = ["input", "kernel", "output"].map((name) => panels[name][0]?.columns ?? 0);
    const all = widths.reduce((sum, width) => sum + width);
    el.style.setProperty("--all", all);
    el.classList.toggle("cw-crowded", all > 24);
  }
  return { el, update };
}

/** The pixels and weights that enter the chosen value. */
function usedCells(ready, position) {
  const pixels = new Map();
  const weights = new Set();
  let winner = null;
  let largest = -Infinity;
  eachTerm(ready, position, (row, column, channel, i, j, weight) => {
    const key = `${row},${column},${channel}`;
    pixels.set(key, weight);
    weights.add(`${i},${j}`);
    const value = isInside(ready, row, column) ? ready.input[row][column][channel] : -Infinity;
    if (value > largest) [largest, winner] = [value, key];
  });
  return { pixels, weights, winner: ready.mode === "max" ? winner : null };
}

function paintInput(panels, { problem, ready, counts }, used) {
  const { input, mode } = problem;
  const [top, bottom] = ready?.axes[0].padding ?? [0, 0];
  const [left, right] = ready?.axes[1].padding ?? [0, 0];
  const [rows, columns] = [input.length, input[0].length];
  panels.offset = [top, left];
  setText(panels.heads.input, `Input ${rows} × ${columns}${input[0][0].length > 1 ? " × " + input[0][0].length : ""}`);
  panels.input.forEach((grid, c) => {
    grid.shape(rows + top + bottom, columns + left + right);
    for (let y = 0; y < rows + top + bottom; y++) {
      for (let x = 0; x < columns + left + right; x++) {
        const [i, j] = [y - top, x - left];
        const inside = i >= 0 && j >= 0 && i < rows && j < columns;
        const key = `${i},${j},${c}`;
        const seen = used.pixels.has(key);
        const unread = inside && ready && counts[i][j] === 0;
        const text = inside ? written(input[i][j][c]) : isPooling(mode) ? "" : "0";
        const note = seen && !isPooling(mode) ? `×${written(used.pixels.get(key))}` : "";
        const classes = [
          inside ? "" : "pad",
          seen ? "seen" : "",
          unread ? "unread" : "",
          key === used.winner ? "winner" : "",
        ];
        const state = [
          inside ? "" : "padding",
          seen ? "in the window" : "",
          unread ? "never read" : "",
          key === used.winner ? "the largest" : "",
        ];
        const name = [`row ${i}, column ${j}: ${text || "nothing"}`, ...state].filter(Boolean).join(", ");
        grid.paint(y, x, { text, note, classes: classes.filter(Boolean).join(" "), name, editable: inside });
      }
    }
  });
}

function paintKernel(panels, { problem, ready }, position, used) {
  const { kernel, mode, groups } = problem;
  const transposed = mode === "transposed";
  const map = position ? position[2] : 0;
  const group = ready ? Math.floor(map / (ready.maps / groups)) : 0;
  const each = ready ? ready.channels / groups : 0;
  panels.weightPlace = (c) => (transposed ? [map % (kernel[0][0].length || 1), group * each + c] : [c, map]);
  const shape = `Kernel ${kernel.length} × ${kernel[0].length}`;
  setText(panels.heads.kernel, ready && ready.maps > 1 ? `${shape}, filter ${map} of ${ready.maps}` : shape);
  panels.kernel.forEach((grid, c) => {
    grid.shape(kernel.length, kernel[0].length);
    const [third, fourth] = panels.weightPlace(c);
    kernel.forEach((row, i) =>
      row.forEach((weights, j) => {
        const text = written(weights[third]?.[fourth] ?? NaN);
        const seen = used.weights.has(`${i},${j}`);
        const name = `weight row ${i}, column ${j}: ${text}${seen ? ", in use" : ""}`;
        grid.paint(i, j, { text, classes: seen ? "weight used" : "weight", name, editable: true });
      }),
    );
  });
}

function paintOutput(panels, { ready, output }, position, cover) {
  panels.outputPanel.classList.toggle("cw-empty", !ready);
  if (!ready) {
    setText(panels.heads.output, "Output: none");
    panels.output.forEach((grid) => {
      grid.shape(1, 1);
      grid.paint(0, 0, { text: "–", classes: "covered", name: "no output", selected: false });
    });
    return;
  }
  const [rows, columns] = ready.axes.map((axis) => axis.output);
  setText(panels.heads.output, `Output ${rows} × ${columns}${ready.maps > 1 ? " × " + ready.maps : ""}`);
  const current = position[0] * columns + position[1];
  panels.output.forEach((grid, f) => {
    grid.shape(rows, columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const covered = cover && i * columns + j > current;
        const chosen = f === position[2] && i === position[0] && j === position[1];
        const text = covered ? "" : written(output[i][j][f]);
        grid.paint(i, j, {
          text,
          classes: chosen ? "chosen" : covered ? "covered" : "",
          name: `output row ${i}, column ${j}: ${covered ? "still to come" : text}`,
          selected: chosen,
        });
      }
    }
    if (f === position[2] && !grid.el.contains(document.activeElement)) grid.moveTo(position[0], position[1], false);
  });
}
