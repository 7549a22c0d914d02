// The picture as the network gets it, and on it what one unit of the chosen layer sees.
import { fieldAt, unitsOf } from "./architecture.js";
import { h, setText } from "./parts.js";
import { both } from "./sizes.js";
import { range } from "./slider.js";
import { svg } from "./svg.js";

/** The largest part of an image with the proportions of the input, made as small, grey if it has one channel. */
function shrunk(image, rows, columns, channels) {
  const canvas = h("canvas", { width: columns, height: rows });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const scale = Math.min(image.naturalWidth / columns, image.naturalHeight / rows);
  const [width, height] = [columns * scale, rows * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(
    image,
    (image.naturalWidth - width) / 2,
    (image.naturalHeight - height) / 2,
    width,
    height,
    0,
    0,
    columns,
    rows,
  );
  if (channels === 1) {
    const pixels = context.getImageData(0, 0, columns, rows);
    for (let n = 0; n < pixels.data.length; n += 4) {
      pixels.data.fill((pixels.data[n] + pixels.data[n + 1] + pixels.data[n + 2]) / 3, n, n + 3);
    }
    context.putImageData(pixels, 0, 0);
  }
  return canvas.toDataURL();
}

/** The unit at a share of the map's rows and columns. */
const placeOf = (share, units) => units.map((count, n) => Math.round(share[n] * (count - 1)));

export function buildPicture({ set, state, say }) {
  const image = svg("image", { preserveAspectRatio: "none" });
  const wash = svg("path", { class: "cw-wash", "fill-rule": "evenodd" });
  const [field, next] = ["cw-seen", "cw-next"].map((name) => svg("g", { class: name }, svg("rect"), svg("rect")));
  const border = svg("rect", { class: "cw-border" });
  const drawing = svg("svg", { role: "img", class: "cw-view" }, image, wash, border, next, field);
  const slider = (label, axis) =>
    range({
      label,
      min: 1,
      max: 2,
      step: 1,
      onValue: (value) => {
        const { unit } = state();
        const share = [...unit];
        share[axis] = units[axis] > 1 ? (value - 1) / (units[axis] - 1) : 0.5;
        set({ unit: share });
      },
    });
  const sliders = [slider("Row of the unit", 0), slider("Column of the unit", 1)];
  const legend = h("p", { class: "cw-legend" });
  const head = h("div", { class: "cw-head" });
  const moves = h("div", { class: "cw-fields" }, ...sliders.map((one) => one.el));
  const el = h("div", { class: "cw-sight" }, head, drawing, legend, moves);
  let [units, view, loaded, shown, source] = [null, null, null, "", ""];

  const point = (event) => {
    if (!units || event.buttons !== 1) return;
    const box = drawing.getBoundingClientRect();
    const at = [(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width].map(
      (share, n) => share * (view.size[n] + 2 * view.margin[n]) - view.margin[n],
    );
    set({
      unit: at.map((pixel, n) => {
        const { size, jump, start } = view.seen.axes[n];
        return units[n] > 1 ? Math.min(1, Math.max(0, (pixel - start - size / 2) / jump / (units[n] - 1))) : 0.5;
      }),
    });
  };
  drawing.addEventListener("pointerdown", point);
  drawing.addEventListener("pointermove", point);

  const rectangle = (element, [[top, height], [left, width]]) => {
    for (const each of [element, ...element.children]) {
      for (const [name, value] of Object.entries({ x: left, y: top, width, height })) each.setAttribute(name, value);
    }
  };

  function update({ traits, chain, chosen }) {
    const [rows, columns] = both(traits.input_size);
    load(traits.picture);
    if (loaded && shown !== `${rows} ${columns} ${traits.channels} ${source}`) {
      image.setAttribute("href", shrunk(loaded, rows, columns, traits.channels));
      shown = `${rows} ${columns} ${traits.channels} ${source}`;
    }
    const margin = [rows, columns].map((size) => 0.1 * size);
    const whole = [
      [0, rows],
      [0, columns],
    ];
    rectangle(image, whole);
    rectangle(border, whole);
    drawing.setAttribute("viewBox", `${-margin[1]} ${-margin[0]} ${columns + 2 * margin[1]} ${rows + 2 * margin[0]}`);
    const row = chain.rows[chosen];
    const seen = row.seen;
    units = unitsOf(row);
    view = { size: [rows, columns], margin, seen };
    const place = units ? placeOf(traits.unit, units) : [0, 0];
    const area = !seen ? null : seen.kind === "whole" ? whole : fieldAt(seen, place);
    el.classList.toggle("cw-blind", !area);
    const other =
      units && units[1] > 1 ? fieldAt(seen, [place[0], place[1] + (place[1] + 1 < units[1] ? 1 : -1)]) : null;
    field.style.display = area ? "" : "none";
    next.style.display = other ? "" : "none";
    if (area) rectangle(field, area);
    if (other) rectangle(next, other);
    const hole = area ? `M${area[1][0]} ${area[0][0]}h${area[1][1]}v${area[0][1]}h${-area[1][1]}z` : "";
    wash.setAttribute(
      "d",
      `M${-margin[1]} ${-margin[0]}h${columns + 2 * margin[1]}v${rows + 2 * margin[0]}h${-columns - 2 * margin[1]}z${hole}`,
    );
    moves.hidden = !units;
    sliders.forEach((one, n) => {
      one.el.hidden = !units || units[n] < 2;
      if (!units) return;
      one.bar.max = Math.max(2, units[n]);
      one.show(place[n] + 1);
      setText(one.el.querySelector("output"), `${place[n] + 1} of ${units[n]}`);
      one.bar.setAttribute("aria-valuetext", `${place[n] + 1} of ${units[n]}`);
    });
    setText(head, area ? `What ${units ? "one unit of" : "a unit of"} layer ${chosen + 1} sees` : "The picture");
    const words = sentence(row, area, other, [rows, columns]);
    setText(legend, words);
    drawing.setAttribute("aria-label", `The picture, ${rows} rows and ${columns} columns. ${words}`);
  }

  function load(address) {
    if (address === source) return;
    source = address;
    const fresh = new Image();
    fresh.onload = () => {
      if (source !== address) return;
      loaded = fresh;
      redraw();
    };
    fresh.onerror = () => say("This picture cannot be read. PNG, JPEG and WebP can.");
    fresh.src = address;
  }
  let redraw = () => {};
  return { el, update, whenLoaded: (call) => (redraw = call) };
}

function sentence(row, area, other, picture) {
  if (!area) return row.fault ? "No field: this layer has no answer yet." : `It waits for layer ${row.waits}.`;
  if (row.seen.kind === "whole") return "Every unit sees the whole picture.";
  const range = ([start, size], most) => `${Math.max(start, 0) + 1} to ${Math.min(start + size, most)}`;
  const inside = `Solid: rows ${range(area[0], picture[0])}, columns ${range(area[1], picture[1])}.`;
  const over = area.some(([start, size], n) => start < 0 || start + size > picture[n]);
  return [inside, over && "Beyond the border it sees padding.", other && "Dashed: its neighbour."]
    .filter(Boolean)
    .join(" ");
}
