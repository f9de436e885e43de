// Draws prices and limits over time as steps. The table below each plot says the same.
const drawn = new WeakMap();
const HEIGHT = 220;
const DASHES = [[], [8, 4], [2, 3], [8, 3, 2, 3]];

// A canvas takes no CSS variable: an element that wears the colour is asked for it.
const colour = (element, name) => {
  const probe = document.createElement("span");
  probe.className = name;
  element.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
};

const number = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

const options = (element, data) => {
  const money = data.unit.startsWith("US$") ? "$" : "";
  const grid = { stroke: colour(element, "plot-grid"), width: 1 };
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: colour(element, "plot-ink"), font, grid, ticks: grid };
  const series = data.labels.map((label, n) => ({
    label,
    stroke: colour(element, `plot-line-${n + 1}`),
    width: 2,
    dash: DASHES[n % DASHES.length],
    paths: window.uPlot.paths.stepped({ align: 1 }),
    points: { show: data.x.length < 60, size: 5 },
    // Away from the cursor, the legend says what holds now.
    value: (plot, _value, at, index) => {
      const value = plot.data[at][index ?? plot.data[0].length - 1];
      return value == null ? "unknown" : money + number.format(value);
    },
  }));
  return {
    width: element.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => window.uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
    axes: [
      axis,
      { ...axis, size: 62, values: (_plot, ticks) => ticks.map((v) => money + short.format(v)) },
    ],
    series: [
      { label: "When", value: (_plot, at) => (at == null ? "now" : `${day(at)} UTC`) },
      ...series,
    ],
    cursor: { drag: { x: false, y: false } },
  };
};

const draw = (element) => {
  const data = JSON.parse(element.dataset.plot);
  drawn.get(element)?.plot.destroy();
  element.replaceChildren();
  const plot = new window.uPlot(options(element, data), [data.x, ...data.y], element);
  drawn.set(element, { plot, text: element.dataset.plot, width: element.clientWidth });
};

const isCurrent = (element) => {
  const known = drawn.get(element);
  return known && known.text === element.dataset.plot && element.contains(known.plot.root);
};

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const known = drawn.get(target);
    if (!known || !target.clientWidth || known.width === target.clientWidth) continue;
    known.width = target.clientWidth;
    known.plot.setSize({ width: target.clientWidth, height: HEIGHT });
  }
});

const drawAll = (again = false) => {
  for (const element of document.querySelectorAll("[data-plot]")) {
    if (!again && isCurrent(element)) continue;
    draw(element);
    resized.observe(element);
  }
};

// The arrow keys move from one moment to the next, as the mouse does.
const move = (element, step) => {
  const known = drawn.get(element);
  if (!known) return;
  const { plot } = known;
  const last = plot.data[0].length - 1;
  const from = plot.cursor.idx ?? (step > 0 ? -1 : last + 1);
  const at = Math.min(Math.max(from + step, 0), last);
  const values = plot.data.slice(1).map((series) => series[at]);
  const top = Math.max(0, ...values.filter((value) => value != null));
  plot.setCursor({ left: plot.valToPos(plot.data[0][at], "x"), top: plot.valToPos(top, "y") });
};

document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || !event.target.matches?.("[data-plot]")) return;
  event.preventDefault();
  move(event.target, step);
});
document.addEventListener("htmx:after:swap", () => drawAll());
new MutationObserver(() => drawAll(true)).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ["data-bs-theme"],
});
drawAll();
