// Draw or choose a picture; a model in the kernel says what it sees, and shows its feature maps.
import { penDown, penLine } from "./drawing.js";
import { put } from "./model.js";
import { checkbox, dropdown, faultLine, h, newId, openRoot, setText } from "./parts.js";
import { pictureFile } from "./picture_file.js";

const ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const percent = (share) => `${(100 * share).toFixed(share > 0.995 || share < 0.0005 ? 0 : 1)} %`;

function render({ model, el }) {
  const root = openRoot(el, "Classifier demo");
  const fault = faultLine();
  const alive = typeof model.send === "function";
  const [height, width] = model.get("size");
  const sheet = buildSheet(width, height, alive);
  const bars = buildBars();
  const maps = buildMaps();

  // One picture is on its way at a time; the newest one follows when the answer is there.
  let [waiting, newer] = [false, false];
  function send() {
    if (!alive) return;
    newer = waiting;
    if (waiting) return;
    waiting = true;
    put(model, { drawn: { turn: (model.get("answer").turn ?? 0) + 1, picture: sheet.toPng() } });
  }
  const examples = dropdown({
    label: "Picture",
    options: [["", "your own"], ...model.get("examples").map(([name], n) => [String(n), name])],
    onValue: async (n) => {
      await (n === "" ? sheet.clear() : sheet.load(model.get("examples")[Number(n)][1]));
      send();
    },
  });
  const sendOwn = () => {
    examples.show("");
    send();
  };
  sheet.onDrawn = sendOwn;
  const layers = dropdown({
    label: "Layer",
    options: model.get("layers").map((name) => [name, name]),
    onValue: (layer) => put(model, { layer }),
  });
  const eraser = checkbox({ label: "Rubber", onValue: (on) => (sheet.level = on ? 0 : 255) });
  const clear = h(
    "button",
    {
      type: "button",
      class: "cw-button",
      click: () => {
        sheet.clear();
        sendOwn();
      },
    },
    "Clear",
  );
  const own = pictureFile({
    say: fault.say,
    onFile: async (file) => {
      await sheet.loadFile(file);
      sendOwn();
    },
  });
  const controls = h("div", { class: "cw-fields" }, examples.el, layers.el, eraser.el, clear, own);
  const still = h(
    "p",
    { class: "cw-still" },
    "A still picture: the model lives in a kernel, and there is none here. Open the notebook to draw.",
  );
  const live = h("p", { class: "cw-hidden", "aria-live": "polite" });
  root.append(
    alive ? controls : still,
    fault.el,
    h("div", { class: "cw-classifier" }, sheet.el, bars.el, maps.el),
    live,
  );

  function showAnswer() {
    const answer = model.get("answer");
    fault.sayState(answer.fault ?? "");
    if (answer.probabilities) {
      bars.show(model.get("class_names"), answer.probabilities);
      const best = answer.probabilities.indexOf(Math.max(...answer.probabilities));
      setText(live, `Found: ${model.get("class_names")[best]}, ${percent(answer.probabilities[best])}`);
    }
    if (answer.maps) maps.show(answer.maps);
    layers.show(model.get("layer"));
    waiting = false;
    if (newer) send();
  }
  // A picture that comes while one is on its way is the drawing itself: newer strokes must not be lost.
  const take = () => waiting || sheet.load(model.get("picture"));
  model.on("change:answer", showAnswer);
  model.on("change:picture", take);
  showAnswer();
  take();
  return () => {
    model.off("change:answer", showAnswer);
    model.off("change:picture", take);
  };
}

/** The picture itself: drawn on with a pointer or with the keys, one pixel of the model for each of its own. */
function buildSheet(width, height, alive) {
  const hint = newId("hint");
  const canvas = h("canvas", {
    width,
    height,
    tabindex: 0,
    role: "application",
    class: "cw-sheet",
    "aria-label": `The picture, ${height} rows and ${width} columns`,
    "aria-describedby": hint,
  });
  if (!alive)
    for (const [name, value] of [
      ["role", "img"],
      ["tabindex", "-1"],
    ])
      canvas.setAttribute(name, value);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const words = h(
    "p",
    { class: "cw-legend", id: hint },
    alive ? "Draw with the pointer; or arrow keys move the pen, Space puts it down and lifts it, Delete clears." : "",
  );
  const spoken = h("p", { class: "cw-hidden", "aria-live": "polite" });
  const pen = h("span", { class: "cw-pen", "aria-hidden": true, hidden: true });
  const radius = Math.max(0.8, Math.min(width, height) / 22);
  const sheet = {
    el: h(
      "figure",
      {},
      h("div", { class: "cw-head" }, "Picture"),
      h("div", { class: "cw-paper" }, canvas, pen),
      words,
      spoken,
    ),
    level: 255,
    onDrawn: () => {},
  };
  let at = [width / 2, height / 2];
  let [down, pointer] = [false, false];

  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  function change(draw) {
    const image = context.getImageData(0, 0, width, height);
    let touched = 0;
    for (let c = 0; c < 3; c++) {
      const grey = Uint8ClampedArray.from({ length: width * height }, (_, n) => image.data[4 * n + c]);
      touched += draw(grey);
      grey.forEach((value, n) => (image.data[4 * n + c] = value));
    }
    context.putImageData(image, 0, 0);
    if (touched) sheet.onDrawn();
  }
  function movePen(to, drawing) {
    const from = at;
    at = [Math.min(width - 0.5, Math.max(0.5, to[0])), Math.min(height - 0.5, Math.max(0.5, to[1]))];
    if (drawing) change((grey) => penLine(grey, width, height, from, at, radius, sheet.level));
    pen.style.left = `${(100 * at[0]) / width}%`;
    pen.style.top = `${(100 * at[1]) / height}%`;
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };
  if (alive) {
    canvas.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      pointer = true;
      at = place(event);
      movePen(at, true);
    });
    canvas.addEventListener("pointermove", (event) => pointer && movePen(place(event), true));
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (pointer = false));
    canvas.addEventListener("focus", () => (pen.hidden = false));
    canvas.addEventListener("blur", () => ([pen.hidden, down] = [true, false]));
    canvas.addEventListener("keydown", (event) => {
      const by = ARROWS[event.key];
      if (by) movePen([at[0] + by[0], at[1] + by[1]], down);
      else if (event.key === " ") {
        down = !down;
        if (down) change((grey) => penDown(grey, width, height, ...at, radius, sheet.level));
      } else if (event.key === "Delete" || event.key === "Backspace") {
        sheet.clear();
        sheet.onDrawn();
      } else return;
      event.preventDefault();
      pen.classList.toggle("down", down);
      setText(spoken, `row ${Math.floor(at[1])}, column ${Math.floor(at[0])}, pen ${down ? "down" : "up"}`);
    });
  }
  movePen(at, false);
  sheet.clear = () => context.fillRect(0, 0, width, height);
  sheet.toPng = () => canvas.toDataURL("image/png");
  sheet.load = async (address) => {
    if (!address) return;
    const image = new Image();
    image.src = address;
    await image.decode();
    context.drawImage(image, 0, 0, width, height);
  };
  sheet.loadFile = async (chosen) => {
    const image = await createImageBitmap(chosen);
    const share = Math.max(width / image.width, height / image.height); // the middle of it fills the picture
    context.imageSmoothingQuality = "high";
    context.drawImage(
      image,
      (width - image.width * share) / 2,
      (height - image.height * share) / 2,
      image.width * share,
      image.height * share,
    );
  };
  return sheet;
}

const MOST_BARS = 12;

/** A bar for each class (of many, for the most probable ones), with its probability in words. */
function buildBars() {
  const list = h("ol", { class: "cw-bars" });
  function show(names, shares) {
    const best = Math.max(...shares);
    const shown = [...shares.keys()];
    if (shown.length > MOST_BARS) shown.sort((a, b) => shares[b] - shares[a]).splice(MOST_BARS);
    list.replaceChildren(
      ...shown.map((n) =>
        h(
          "li",
          { class: shares[n] === best ? "best" : "" },
          h("span", {}, names[n]),
          h("span", { class: "cw-bar", "aria-hidden": true }, h("i", { style: `width:${100 * shares[n]}%` })),
          h("b", {}, percent(shares[n])),
        ),
      ),
    );
  }
  return { el: h("div", {}, h("div", { class: "cw-head" }, "Probabilities"), list), show };
}

/** The strongest feature maps of a layer, each from its own least (black) to its own most (white). */
function buildMaps() {
  const head = h("div", { class: "cw-head" });
  const stage = h("div", { class: "cw-maps" });
  function show({ layer, rows, columns, filters, channels, levels }) {
    const bytes = Uint8Array.from(atob(levels), (c) => c.charCodeAt(0));
    setText(head, `Feature maps of ${layer}: the ${channels.length} strongest of ${filters}, ${rows} × ${columns}`);
    stage.replaceChildren(
      ...channels.map((channel, k) => {
        const canvas = h("canvas", {
          width: columns,
          height: rows,
          role: "img",
          "aria-label": `Map of channel ${channel}`,
        });
        const context = canvas.getContext("2d");
        const image = context.createImageData(columns, rows);
        for (let n = 0; n < rows * columns; n++) {
          image.data.fill(bytes[k * rows * columns + n], 4 * n, 4 * n + 3);
          image.data[4 * n + 3] = 255;
        }
        context.putImageData(image, 0, 0);
        return h("figure", {}, canvas, h("figcaption", { class: "cw-legend" }, String(channel)));
      }),
    );
  }
  return { el: h("div", { class: "cw-all" }, head, stage), show };
}

export default { render };
