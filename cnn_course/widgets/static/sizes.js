// One number or two, and the zeros of the padding "same".
export const both = (value) => (Array.isArray(value) ? value : [value, value]);
export const likeBoth = ([a, b]) => (a === b ? a : [a, b]);
export const reach = (kernel, dilation) => (kernel - 1) * dilation + 1;

const halves = (total) => [Math.floor(Math.max(total, 0) / 2), Math.ceil(Math.max(total, 0) / 2)];

/** Zeros before and after, as TensorFlow's "same" puts them: the odd one goes to the far side. */
export function samePadding(size, kernel, stride, dilation = 1) {
  return halves((Math.ceil(size / stride) - 1) * stride + reach(kernel, dilation) - size);
}
