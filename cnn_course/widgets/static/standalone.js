// A widget in a page without a kernel: the model is a plain object, the theme is that of the page around it.

export function plainModel(state) {
  const listeners = new Map();
  const call = (event) => [...(listeners.get(event) ?? [])].forEach((listener) => listener());
  return {
    get: (name) => state[name],
    set(name, value) {
      if (JSON.stringify(state[name]) === JSON.stringify(value)) return;
      state[name] = value;
      call("change:" + name);
      call("change");
    },
    save_changes() {},
    on: (events, listener) =>
      events.split(" ").forEach((event) => {
        if (!listeners.has(event)) listeners.set(event, new Set());
        listeners.get(event).add(listener);
      }),
    off: (events, listener) => events?.split(" ").forEach((event) => listeners.get(event)?.delete(listener)),
  };
}

/** In an iframe of its own: as high as its content, and in the colours of the notebook around it. */
export function fitIntoFrame(frame) {
  const fit = () => (frame.style.height = document.documentElement.getBoundingClientRect().height + 4 + "px");
  new ResizeObserver(fit).observe(document.documentElement);
  const host = frame.ownerDocument;
  const colours = [
    "content-font-color1",
    "content-font-color2",
    "layout-color0",
    "layout-color1",
    "layout-color2",
    "border-color1",
    "border-color2",
  ];
  const follow = () => {
    const outside = host.defaultView.getComputedStyle(host.body);
    for (const name of colours) {
      const value = outside.getPropertyValue("--jp-" + name);
      if (value) document.documentElement.style.setProperty("--jp-" + name, value);
    }
    document.body.style.background = outside.getPropertyValue("--jp-layout-color0") || "";
    if (host.body.dataset.jpThemeLight) document.body.dataset.jpThemeLight = host.body.dataset.jpThemeLight;
  };
  follow();
  new MutationObserver(follow).observe(host.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
}

export function standalone(mark, state, widget) {
  const el = document.querySelector(`[data-widget="${mark}"]:not([data-alive])`);
  el.dataset.alive = "";
  try {
    if (window.frameElement?.hasAttribute("srcdoc")) fitIntoFrame(window.frameElement);
  } catch {
    // a page from elsewhere around this one: it keeps its height and its colours to itself
  }
  const model = plainModel(state);
  try {
    widget.initialize?.({ model });
    widget.render({ model, el });
  } catch (error) {
    console.warn(error);
    el.textContent = "The saved state of this widget cannot be read. Run its cell again.";
  }
}
