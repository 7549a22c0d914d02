// A picture of the reader's own, from a file.
import { h } from "./parts.js";

/** A field for a file; one that is no picture becomes a sentence for say(). */
export function pictureFile({ say, onFile }) {
  const file = h("input", {
    type: "file",
    accept: "image/*",
    "aria-label": "A picture of your own",
    change: async () => {
      const [chosen] = file.files;
      if (!chosen) return;
      try {
        await onFile(chosen);
        say("");
      } catch {
        say(`“${chosen.name.slice(0, 60)}” cannot be read as a picture. PNG, JPEG and WebP can.`);
      }
    },
  });
  return h(
    "div",
    { class: "cw-field" },
    h("span", { class: "cw-label", "aria-hidden": true }, "Your own picture"),
    file,
  );
}
