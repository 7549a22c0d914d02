// A view and its model: several traits set at once, one drawing for all that changed, and a clock.

/** Set what differs, and tell the kernel once. */
export function put(model, changes) {
  for (const [name, value] of Object.entries(changes)) if (model.get(name) !== value) model.set(name, value);
  model.save_changes();
}

/** Draw now, and once after each change of these traits, for the model tells of each of them: { soon, stop }. */
export function drawOn(model, names, draw) {
  let due = false;
  const soon = () => {
    if (due) return;
    due = true;
    queueMicrotask(() => {
      due = false;
      draw();
    });
  };
  const events = names.map((name) => `change:${name}`).join(" ");
  model.on(events, soon);
  draw();
  return { soon, stop: () => model.off(events, soon) };
}

/** One clock for each model, however many views it has: a tick every `pace` milliseconds while it plays, until one returns false. */
export function clock(model, pace, tick) {
  let timer = null;
  const follow = () => {
    clearInterval(timer);
    timer = model.get("playing") ? setInterval(() => tick() || put(model, { playing: false }), pace) : null;
  };
  model.on("change:playing", follow);
  follow();
  return () => clearInterval(timer);
}
