// The convolution demo's traits, read into a problem and solved; nothing here knows about a page.
import {
  Fault,
  isPooling,
  kernelShape,
  outputOf,
  prepare,
  readCounts,
  resizedInput,
  resizedKernel,
} from "./arithmetic.js";
import { both } from "./sizes.js";

export const LIMITS = {
  size: [1, 16],
  kernel: [1, 9],
  strides: [1, 8],
  dilation: [1, 6],
  padding: [0, 12],
  channels: [1, 4],
  filters: [1, 4],
};
export const LARGEST_OUTPUT = 32;
export const TRAITS = [
  "mode",
  "input",
  "kernel",
  "input_size",
  "kernel_size",
  "strides",
  "padding",
  "dilation_rate",
  "channels",
  "filters",
  "groups",
  "output_padding",
  "ceil_mode",
  "position",
];

const numbers = (value) => (Array.isArray(value) ? value.map(numbers) : Number(value));

/** A problem for arithmetic.js, from an object of traits. */
export function problemOf(traits) {
  const kernel = numbers(traits.kernel);
  return {
    mode: traits.mode,
    input: numbers(traits.input),
    kernel,
    kernelSize: [kernel.length, kernel[0].length],
    strides: traits.strides,
    padding: traits.padding,
    dilation: traits.dilation_rate,
    groups: traits.groups,
    ceil: traits.ceil_mode,
    outputPadding: traits.output_padding,
  };
}

/** { ready, output, counts } or { fault }: a sentence, and what can be drawn all the same. */
export function solve(traits) {
  const problem = problemOf(traits);
  try {
    const ready = prepare(problem);
    const sizes = ready.axes.map((axis) => axis.output);
    if (Math.max(...sizes) > LARGEST_OUTPUT) {
      throw new Fault(
        `The output has ${sizes.join(" × ")} numbers: too many to draw. Take a smaller input or smaller strides.`,
      );
    }
    return { problem, ready, output: outputOf(ready), counts: readCounts(ready), warning: notANumber(ready) };
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return { problem, fault: fault.message };
  }
}

function notANumber({ input, kernel, mode }) {
  const has = (array) => array.flat(3).some((value) => !Number.isFinite(value));
  const where = [has(input) && "input", !isPooling(mode) && has(kernel) && "kernel"].filter(Boolean).join(" and the ");
  return where ? `The ${where} holds a value that is no finite number: every output that it enters is spoilt too.` : "";
}

/** The position, moved inside the output. */
export function clampedPosition([row, column, map], { axes, maps }) {
  return [Math.min(row, axes[0].output - 1), Math.min(column, axes[1].output - 1), Math.min(map, maps - 1)];
}

/** The next position (by = 1) or the one before (by = -1), row by row; null at the end. */
export function neighbour([row, column, map], { axes }, by) {
  const place = row * axes[1].output + column + by;
  if (place < 0 || place >= axes[0].output * axes[1].output) return null;
  return [Math.floor(place / axes[1].output), place % axes[1].output, map];
}

/** All traits that follow from setting one, as the controls do it: arrays are cut or filled up to the new size. */
export function withControl(traits, name, value) {
  const next = { ...traits, [name]: value };
  const [rows, columns] = both(next.input_size);
  const current = [next.input.length, next.input[0].length, next.input[0][0].length];
  if (`${current}` !== `${[rows, columns, next.channels]}`)
    next.input = resizedInput(next.input, rows, columns, next.channels);
  const fits = next.channels % next.groups === 0 && next.filters % next.groups === 0;
  const shape = kernelShape(next.mode, both(next.kernel_size), next.channels, next.filters, next.groups);
  const { kernel } = next;
  const old = [kernel.length, kernel[0].length, kernel[0][0].length, kernel[0][0][0].length];
  if (fits && `${old}` !== `${shape}`) next.kernel = resizedKernel(kernel, shape);
  if (!fits && `${old.slice(0, 2)}` !== `${shape.slice(0, 2)}`) {
    next.kernel = resizedKernel(kernel, [...shape.slice(0, 2), ...old.slice(2)]);
  }
  return next;
}

export const traitsOf = (model) => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));

let lastKey = [];
let lastSolution = null;

/** The solution for the model's traits; the same object while only the position moves. */
export function solutionFor(model) {
  const key = TRAITS.filter((name) => name !== "position").map((name) => model.get(name));
  if (lastSolution === null || key.some((value, n) => value !== lastKey[n])) {
    lastSolution = solve(traitsOf(model));
    lastKey = key;
  }
  return lastSolution;
}

export const positionOf = (model, ready) => clampedPosition(model.get("position"), ready);
