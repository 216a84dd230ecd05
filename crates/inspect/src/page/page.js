"use strict";

// The trace, as `Trace` describes it: nodes with their values, and the steps of the backward pass.
const trace = JSON.parse(document.getElementById("trace").textContent);
const { nodes, steps } = trace;

// What one steps through: every tensor, in the order in which it was computed; the gradient of the result by itself; every
// contribution to a gradient; and the gradients of the parameters.
const moments = nodes.map((_, node) => ({ kind: "forward", node }));
if (steps.length > 0) {
  moments.push({ kind: "seed" });
  steps.forEach((_, step) => moments.push({ kind: "backward", step }));
  moments.push({ kind: "end" });
}
let now = 0;

// --- Elements -----------------------------------------------------------------------------------------------------------

function made(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  // Strings become text, whatever is in them.
  element.append(...children.filter((child) => child !== null));
  return element;
}

const html = (tag, attributes = {}, ...children) => made(document.createElement(tag), attributes, children);
const svg = (tag, attributes = {}, ...children) =>
  made(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// --- Numbers ------------------------------------------------------------------------------------------------------------

// JSON has no NaN and no infinity: the trace has texts for them.
const special = { NaN: NaN, inf: Infinity, "-inf": -Infinity };
const number = (x) => (typeof x === "string" ? special[x] : x);
const minus = (text) => text.replace("-", "\u2212");
const full = (x) => (typeof x === "string" ? minus(x) : minus(Object.is(x, -0) ? "-0" : String(x)));
const short = (x) => (typeof x === "string" ? minus(x) : minus(String(Number(x.toPrecision(4)))));
const shape = (sizes) => `[${sizes.join(", ")}]`;
const size = (array) => array.shape.reduce((product, size) => product * size, 1);

// Elements in brackets, one pair for every axis.
function nested(sizes, elements, text) {
  if (sizes.length === 0) return elements.map(text).join("");
  const width = elements.length / Math.max(sizes[0], 1);
  const parts = [];
  for (let i = 0; i < sizes[0]; i++) parts.push(nested(sizes.slice(1), elements.slice(i * width, (i + 1) * width), text));
  return `[${parts.join(sizes.length > 1 ? ",\n " : ", ")}]`;
}

// A number, or the norm.
function brief(array) {
  if (size(array) === 1) return short(array.elements[0]);
  return size(array) === 0 ? "empty" : `norm ${short(array.norm)}`;
}

// --- Arrays -------------------------------------------------------------------------------------------------------------

function heatMap({ rows, columns, cells }, name) {
  const values = cells.map(number);
  const most = Math.max(...values.filter(Number.isFinite).map(Math.abs), 0);
  const side = Math.max(4, Math.min(18, Math.floor(176 / columns)));
  const picture = svg("svg", {
    width: columns * side, height: rows * side, viewBox: `0 0 ${columns} ${rows}`, role: "img",
    preserveAspectRatio: "none", "shape-rendering": "crispEdges",
    "aria-label": `Heat map of ${name}: ${rows} by ${columns} cells, largest magnitude ${short(most)}`,
  });
  values.forEach((value, place) => {
    const part = most === 0 ? 0 : Math.min(100, Math.round((100 * Math.abs(value)) / most));
    const colour = value < 0 ? "--negative" : "--positive";
    const fill = Number.isNaN(value) ? "var(--bad)" : `color-mix(in oklab, var(${colour}) ${part}%, var(--zero))`;
    const [x, y] = [place % columns, Math.floor(place / columns)];
    const cell = svg("rect", { x, y, width: 1, height: 1 }, svg("title", {}, full(cells[place])));
    cell.style.fill = fill;
    picture.append(cell);
  });
  const caption = `${rows} × ${columns}; orange above 0, blue below, full at ${short(most)}`;
  return html("figure", {}, picture, html("figcaption", {}, caption));
}

function histogram({ from, to, counts }, name) {
  const [width, height, most] = [160, 56, Math.max(...counts, 1)];
  const picture = svg("svg", {
    class: "bars", width, height, viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Histogram of ${name} from ${short(from)} to ${short(to)}: ${counts.join(", ")}`,
  });
  counts.forEach((count, place) => {
    const [bar, tall] = [width / counts.length, ((height - 4) * count) / most];
    picture.append(svg("rect", { x: place * bar, y: height - tall, width: Math.max(bar - 1, 1), height: tall }));
  });
  return html("figure", {}, picture, html("figcaption", {}, `from ${short(from)} to ${short(to)}`));
}

// A scalar in full; an array by its elements if there are few, its statistics and its pictures.
function view(array, name) {
  const elements = array.elements ?? [];
  const box = html("div", { class: "array" });
  if (size(array) === 1) {
    box.append(html("span", { class: "number elements" }, nested(array.shape, elements, full)));
    return box;
  }
  box.append(html("p", { class: "quiet" }, `shape ${shape(array.shape)}`));
  if (size(array) === 0) return box;
  if (elements.length > 0) box.append(html("code", { class: "elements" }, nested(array.shape, elements, full)));
  const statistics = ["norm", "min", "mean", "max"].map((what) => `${what} ${short(array[what])}`);
  box.append(html("p", { class: "quiet" }, statistics.join(", ")));
  for (const [count, what] of [[array.nan, "NaN"], [array.infinite, "infinite"]]) {
    if (count) box.append(html("p", { class: "bad" }, `${count} ${what}`));
  }
  const pictures = [array.map ? heatMap(array.map, name) : null, array.histogram ? histogram(array.histogram, name) : null];
  box.append(html("div", { class: "pictures" }, ...pictures));
  return box;
}

// --- One moment ---------------------------------------------------------------------------------------------------------

const label = (node) => nodes[node].name ?? nodes[node].operation ?? words[nodes[node].kind];
const words = { parameter: "parameter", frozen: "frozen parameter", constant: "constant", result: "result" };
const title = (node) => `#${node} ${label(node)}`;
const part = (heading, ...children) => html("div", { class: "part" }, html("h3", {}, heading), ...children);
const formula = (text) => html("p", { class: "formula" }, text);
const argument = (step) => nodes[step.result].inputs[step.argument].argument ?? `argument ${step.argument}`;

function forward(node) {
  const { kind, operation, inputs = [], attributes = [], value } = nodes[node];
  const parts = [];
  if (operation) {
    const how = nodes[node].formula ? formula(`y = ${nodes[node].formula}`) : null;
    const set = attributes.map(({ name, value }) => `${name} = ${value}`).join(", ");
    parts.push(part(`Operation ${operation}`, how, set ? html("p", { class: "quiet" }, set) : null));
  } else {
    parts.push(part(`A ${words[kind]}`));
  }
  for (const input of inputs) {
    const name = input.argument ? `${input.argument} is ${title(input.node)}` : title(input.node);
    parts.push(part(name, html("p", { class: "number" }, brief(nodes[input.node].value))));
  }
  parts.push(part(operation ? "Result y" : "Value", view(value, label(node))));
  return [`Forward: ${title(node)}`, parts];
}

function seed() {
  const last = nodes.length - 1;
  const text = `How the result changes with itself: 1. From here on, every step multiplies by a local derivative and adds.`;
  return [`Backward: start at ${title(last)}`, [part("Gradient", html("p", {}, text), view(nodes[last].gradient, "the gradient"))]];
}

function backward(number) {
  const step = steps[number];
  const name = argument(step);
  const parts = [part("Incoming gradient dy", view(nodes[step.result].gradient, "the incoming gradient"))];
  const how = step.derivative ? formula(step.elementwise ? `∂y/∂${name} = ${step.derivative}` : `of dy: ${step.derivative}`) : null;
  const local = step.local ? view(step.local, "the local derivative") : null;
  if (step.elementwise || local) {
    parts.push(part(`Local derivative by ${name}`, how, local));
    parts.push(part(step.elementwise ? "Product: dy · local derivative" : "Product with dy", view(step.product, "the product")));
  } else {
    parts.push(part(`Product of dy and the derivative by ${name}`, how, view(step.product, "the product")));
  }
  if (step.summed) {
    parts.push(part("Summed over the axes that it was broadcast along", view(step.summed, "the sum")));
  }
  const before = step.before
    ? view(step.before, "the gradient so far")
    : html("p", { class: "quiet" }, "nothing yet: this is the first contribution");
  parts.push(part(`Added to the gradient of ${title(step.input)}`, before));
  parts.push(part(`Gradient of ${title(step.input)} now`, view(step.after, "the gradient")));
  return [`Backward: from ${title(step.result)} to ${title(step.input)}, by ${name}`, parts];
}

function end() {
  const parameters = nodes.map((node, place) => [node, place]).filter(([node]) => node.kind === "parameter" && node.gradient);
  const parts = parameters.map(([node, place]) => {
    const one = part(title(place), view(node.gradient, `the gradient of ${label(place)}`));
    one.dataset.parameter = label(place);
    return one;
  });
  return ["The gradients that backward returns", parts];
}

function told(moment) {
  if (moment.kind === "forward") return forward(moment.node);
  if (moment.kind === "backward") return backward(moment.step);
  return moment.kind === "seed" ? seed() : end();
}

// A moment in a line, for the list of steps.
function line(moment) {
  if (moment.kind === "forward") return `Forward: ${title(moment.node)}`;
  if (moment.kind === "seed") return `Backward: start at ${title(nodes.length - 1)}`;
  if (moment.kind === "end") return "The gradients";
  const { result, input } = steps[moment.step];
  return `Backward: ${title(result)} → ${title(input)}`;
}

// --- The picture --------------------------------------------------------------------------------------------------------

// Results below their inputs; a leaf right above the first result that uses it.
function layers() {
  const layer = nodes.map(() => 0);
  nodes.forEach(({ inputs = [] }, node) => {
    layer[node] = Math.max(0, ...inputs.map((input) => layer[input.node] + 1));
  });
  const first = nodes.map(() => Infinity);
  nodes.forEach(({ inputs = [] }, node) => inputs.forEach((input) => {
    first[input.node] = Math.min(first[input.node], layer[node]);
  }));
  return layer.map((own, node) => ((nodes[node].inputs ?? []).length === 0 && first[node] < Infinity ? first[node] - 1 : own));
}

const [boxWidth, boxHeight, gap] = [156, 58, 40];
const largest = 400;
let boxes = [];
let edges = [];
let drawing = null;
const cut = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

function draw() {
  const section = document.getElementById("graph");
  if (nodes.length > largest) {
    section.append(html("p", { class: "quiet" }, `${nodes.length} tensors are too many for a picture; the steps are below.`));
    return;
  }
  const rows = [];
  layers().forEach((layer, node) => (rows[layer] ??= []).push(node));
  const place = new Map();
  // Below the mean of the inputs, so that few edges cross.
  rows.forEach((row) => {
    const wish = (node) => {
      const known = (nodes[node].inputs ?? []).map((input) => place.get(input.node)).filter((at) => at !== undefined);
      return known.length ? known.reduce((sum, at) => sum + at, 0) / known.length : Infinity;
    };
    const order = row.map((node) => [wish(node), node]).sort(([a, m], [b, n]) => (a === b ? m - n : a - b));
    order.forEach(([, node], i) => place.set(node, i - (row.length - 1) / 2));
  });
  const widest = Math.max(...rows.map((row) => row.length));
  const width = widest * (boxWidth + 16) + 16;
  const height = rows.length * (boxHeight + gap);
  const at = new Map();
  rows.forEach((row, layer) => row.forEach((node) => {
    at.set(node, [width / 2 + place.get(node) * (boxWidth + 16), layer * (boxHeight + gap) + gap / 2]);
  }));
  drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${nodes.length} tensors, inputs at the top, the result at the bottom` });
  nodes.forEach(({ inputs = [] }, result) => inputs.forEach((input, number) => {
    const [[x, y], [u, v]] = [at.get(input.node), at.get(result)];
    const shift = ((number + 1) / (inputs.length + 1) - 0.5) * boxWidth * 0.6;
    const path = svg("path", { d: `M ${x} ${y + boxHeight} C ${x} ${y + boxHeight + gap / 2}, ${u + shift} ${v - gap / 2}, ${u + shift} ${v}` });
    edges.push({ path, result, argument: number });
    drawing.append(path);
  }));
  boxes = nodes.map((node, number) => {
    const [x, y] = at.get(number);
    const gradient = svg("text", { x, y: y + 50, class: "gradient" });
    const box = svg(
      "g", {},
      svg("title", {}, title(number)),
      svg("rect", { x: x - boxWidth / 2, y, width: boxWidth, height: boxHeight, rx: node.kind === "result" ? 4 : 16 }),
      svg("text", { x, y: y + 18 }, cut(title(number), 22)),
      svg("text", { x, y: y + 34, class: "value" }, cut(`${shape(node.value.shape)} ${brief(node.value)}`, 22)),
      gradient,
    );
    box.addEventListener("click", () => show(number));
    drawing.append(box);
    return { box, gradient, y };
  });
  section.append(drawing);
}

function paint() {
  if (!drawing) return;
  const moment = moments[now];
  const computed = moment.kind === "forward" ? moment.node : nodes.length - 1;
  const taken = moment.kind === "backward" ? moment.step : moment.kind === "end" ? steps.length - 1 : -1;
  const gradients = new Map();
  if (moment.kind !== "forward") gradients.set(nodes.length - 1, nodes[nodes.length - 1].gradient);
  const returned = new Set();
  steps.slice(0, taken + 1).forEach((step) => {
    gradients.set(step.input, step.after);
    returned.add(`${step.result} ${step.argument}`);
  });
  const current = moment.kind === "backward" ? steps[moment.step] : null;
  const marked = moment.kind === "forward" ? [moment.node] : current ? [current.result, current.input] : [];
  drawing.classList.toggle("backward", moment.kind !== "forward");
  boxes.forEach(({ box, gradient }, node) => {
    const classes = [nodes[node].kind, node > computed ? "later" : "", marked.includes(node) ? "now" : ""];
    box.setAttribute("class", classes.filter(Boolean).join(" "));
    gradient.textContent = gradients.has(node) ? cut(`gradient ${brief(gradients.get(node))}`, 22) : "";
  });
  edges.forEach(({ path, result, argument }) => {
    const isNow = current ? current.result === result && current.argument === argument : moment.node === result;
    const colour = returned.has(`${result} ${argument}`) ? "returned" : result <= computed ? "used" : "later";
    path.setAttribute("class", `${colour}${isNow ? " now" : ""}`);
  });
  const target = boxes[marked.at(-1) ?? (moment.kind === "end" ? 0 : nodes.length - 1)];
  const section = document.getElementById("graph");
  const box = target.box.querySelector("rect");
  section.scrollTo(Number(box.getAttribute("x")) + boxWidth / 2 - section.clientWidth / 2, target.y - section.clientHeight / 2 + boxHeight / 2);
}

// --- Stepping -----------------------------------------------------------------------------------------------------------

const control = (id) => document.getElementById(id);

function show(moment) {
  now = Math.max(0, Math.min(moments.length - 1, moment));
  const [heading, parts] = told(moments[now]);
  const section = control("step");
  section.className = moments[now].kind === "forward" ? "forward" : "backward";
  section.replaceChildren(html("h2", { id: "heading" }, heading), ...parts);
  control("position").value = now;
  control("count").textContent = `${now + 1} of ${moments.length}`;
  control("said").textContent = `Step ${now + 1} of ${moments.length}. ${heading}`;
  const [atFirst, atLast] = [now === 0, now === moments.length - 1];
  for (const [id, off] of [["first", atFirst], ["back", atFirst], ["next", atLast], ["last", atLast]]) {
    // Not `disabled`, which would take the focus away from somebody who steps with the keyboard.
    control(id).setAttribute("aria-disabled", off);
  }
  document.querySelectorAll("#steps button").forEach((button, place) => {
    if (place === now) button.setAttribute("aria-current", "step");
    else button.removeAttribute("aria-current");
  });
  paint();
}

const moves = { ArrowRight: () => now + 1, ArrowLeft: () => now - 1, Home: () => 0, End: () => moments.length - 1 };

document.addEventListener("keydown", (event) => {
  const move = moves[event.key];
  if (!move || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  show(move());
});
control("first").addEventListener("click", () => show(moves.Home()));
control("back").addEventListener("click", () => show(moves.ArrowLeft()));
control("next").addEventListener("click", () => show(moves.ArrowRight()));
control("last").addEventListener("click", () => show(moves.End()));
control("position").max = moments.length - 1;
control("position").addEventListener("input", (event) => show(Number(event.target.value)));

moments.forEach((moment, place) => {
  const button = html("button", { type: "button" }, line(moment));
  button.addEventListener("click", () => show(place));
  control("steps").append(html("li", {}, button));
});
draw();
show(0);
