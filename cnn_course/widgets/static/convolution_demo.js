// The sliding window, alive: input, kernel and output as numbers, every setting a control.
import { isPooling } from "./arithmetic.js";
import { buildControls } from "./convolution_controls.js";
import { buildStage } from "./convolution_stage.js";
import { neighbour, positionOf, solutionFor, TRAITS } from "./convolution_state.js";
import {
  codeLines,
  fieldSentence,
  sizeLines,
  stepSentence,
  termFrame,
  termRows,
  termText,
  unreachedSentence,
} from "./convolution_words.js";
import { clock, drawOn, put } from "./model.js";
import { faultLine, h, iconButton, openRoot, setText } from "./parts.js";

const PACE = 900; // milliseconds a step

function step(model, by) {
  const { ready } = solutionFor(model);
  const next = ready && neighbour(positionOf(model, ready), ready, by);
  if (next) put(model, { position: next });
  return Boolean(next);
}

const initialize = ({ model }) => clock(model, PACE, () => step(model, 1));

function render({ model, el }) {
  const root = openRoot(el, "Convolution demo");
  const fault = faultLine();
  const parts = [
    buildControls(model, fault.say),
    buildStage(model, fault.say),
    buildTransport(model),
    buildNotes(model),
  ];
  root.append(parts[0].el, fault.el, ...parts.slice(1).map((part) => part.el));
  const update = () => {
    const solution = solutionFor(model);
    fault.sayState(solution.fault ?? solution.warning);
    for (const part of parts) part.update(solution);
  };
  return drawOn(model, [...TRAITS, "playing", "cover", "show_code"], update).stop;
}

function buildTransport(model) {
  const to = (position) => position && put(model, { position, playing: false });
  const end = (last) => {
    const { ready } = solutionFor(model);
    if (ready)
      to([last ? ready.axes[0].output - 1 : 0, last ? ready.axes[1].output - 1 : 0, positionOf(model, ready)[2]]);
  };
  const move = (by) => {
    if (model.get("playing")) put(model, { playing: false });
    step(model, by);
  };
  const play = iconButton("play", "Play", () => {
    const { ready } = solutionFor(model);
    const starts = !model.get("playing") && Boolean(ready);
    if (starts && !neighbour(positionOf(model, ready), ready, 1)) end(false);
    put(model, { playing: starts });
  });
  play.el.classList.add("cw-main");
  const count = h("output", { class: "cw-count" });
  const live = h("p", { class: "cw-hidden", "aria-live": "polite" });
  const el = h(
    "div",
    { class: "cw-transport", role: "group", "aria-label": "Steps" },
    iconButton("first", "First step", () => end(false)).el,
    iconButton("back", "One step back", () => move(-1)).el,
    play.el,
    iconButton("forward", "One step forwards", () => move(1)).el,
    iconButton("last", "Last step", () => end(true)).el,
    count,
    live,
  );
  function update({ ready, fault }) {
    const playing = model.get("playing");
    play.draw(playing ? "pause" : "play", playing ? "Pause" : "Play");
    for (const button of el.querySelectorAll("button")) button.disabled = !ready;
    if (!ready) {
      setText(count, "no step");
      return setText(live, fault);
    }
    const position = positionOf(model, ready);
    const columns = ready.axes[1].output;
    setText(count, `step ${position[0] * columns + position[1] + 1} of ${ready.axes[0].output * columns}`);
    setText(live, stepSentence(ready, position));
  }
  return { el, update };
}

function buildNotes(model) {
  const formula = h("div", {
    class: "cw-formula",
    tabindex: 0,
    role: "group",
    "aria-label": "The chosen number, written out",
  });
  const size = h("div", { class: "cw-size", role: "group", "aria-label": "The size, written out" });
  const unread = h("p", {});
  const field = h("p", {});
  const keras = h("code", {});
  const torch = h("code", {});
  const code = h(
    "details",
    { class: "cw-code", toggle: () => put(model, { show_code: code.open }) },
    h("summary", {}, "Show the code"),
    h(
      "div",
      { class: "cw-lines", tabindex: 0, role: "group", "aria-label": "The matching lines of code" },
      h("span", {}, "Keras"),
      keras,
      h("span", {}, "PyTorch"),
      torch,
    ),
  );
  const el = h(
    "div",
    { class: "cw-notes" },
    h("div", {}, h("div", { class: "cw-head" }, "This number"), formula, field),
    h("div", {}, h("div", { class: "cw-head" }, "The size"), size, unread),
    code,
  );
  function update({ problem, ready, counts }) {
    code.open = model.get("show_code");
    el.hidden = !ready;
    if (!ready) return;
    const position = positionOf(model, ready);
    formula.classList.toggle("plus", problem.mode === "convolution" || problem.mode === "transposed");
    formula.replaceChildren(...formulaElements(ready, position));
    setText(field, fieldSentence(ready, position));
    size.replaceChildren(...sizeElements(ready));
    setText(unread, unreachedSentence(ready, counts));
    const lines = codeLines(ready);
    setText(keras, lines.keras);
    setText(torch, lines.torch);
  }
  return { el, update };
}

function formulaElements(ready, position) {
  const rows = termRows(ready, position);
  const [open, between, close] = termFrame(ready, position, rows.flat().length);
  if (!rows.length) return [h("div", {}, `0${close}`)];
  const trailing = isPooling(ready.mode); // inside a bracket the sign ends a line, in a plain sum it begins one
  return rows.map((terms, n) => {
    const line = h("div", {}, n === 0 ? open : trailing ? "" : between.trimStart());
    terms.forEach((term, m) => {
      const idle = !term.inside || term.weight === 0 || term.value === 0;
      line.append(m ? between : "", h("span", { class: idle ? "idle" : "" }, termText(ready.mode, term)));
    });
    if (n === rows.length - 1) line.append(h("b", {}, close));
    else if (trailing) line.append(between.trimEnd());
    return line;
  });
}

function sizeElements(ready) {
  const [rows, columns] = [0, 1].map((axis) => sizeLines(ready, axis));
  if (`${rows}` === `${columns}`) return rows.map((line) => h("div", {}, line));
  const block = (name, lines) => lines.map((line, n) => h("div", {}, n ? line : `${name}: ${line}`));
  return [...block("rows", rows), ...block("columns", columns)];
}

export default { initialize, render };
