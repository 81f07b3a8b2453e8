// How often which grey value occurs, with the window and DART's thresholds.
import { colour, make } from "./dom.js";
import { number } from "./format.js";

const BINS = 160;

/**
 * Bins over [low, high].
 * @param {Float32Array[]} images
 * @param {number} low
 * @param {number} high
 */
function counts(images, low, high) {
  const bins = new Float64Array(BINS);
  const scale = BINS / (high - low);
  for (const data of images)
    for (const value of data) {
      const bin = Math.floor((value - low) * scale);
      if (bin >= 0 && bin < BINS) ++bins[bin];
    }
  return bins;
}

/**
 * Without the outermost values, which streaks make.
 * @param {Float32Array[]} images
 */
export function valueRange(images) {
  /** @type {number[]} */ const sample = [];
  const all = images.reduce((sum, data) => sum + data.length, 0);
  const step = Math.max(1, Math.floor(all / 20000));
  for (const data of images)
    for (let i = 0; i < data.length; i += step) if (Number.isFinite(data[i])) sample.push(data[i]);
  sample.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => sample[Math.round(share * (sample.length - 1))] ?? 0;
  const low = at(0.002),
    high = at(0.998);
  return high > low ? { low, high } : { low, high: low + 1 };
}

/** @typedef {{ low: number, high: number }} Range */

export class Histogram {
  constructor() {
    this.canvas = make("canvas", { class: "histogram", width: 800, height: 120, role: "img", id: "histogram" });
    this.canvas.setAttribute("aria-label", "Histogram: no values yet");
    this.element = make(
      "figure",
      {},
      this.canvas,
      make("figcaption", {}, "Histogram of the three slices (log), window and thresholds"),
    );
  }

  /** @param {Float32Array[]} images @param {Range} range of the values @param {Range} window @param {number[]} thresholds */
  draw(images, range, window, thresholds) {
    if (!images.length || range.high <= range.low) return;
    const span = range.high - range.low;
    const from = range.low - span / 4,
      to = range.high + span / 4;
    const { width, height } = this.canvas;
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    context.clearRect(0, 0, width, height);
    this.drawBins(context, counts(images, from, to));
    const mark = (/** @type {number} */ value, /** @type {string} */ tone, /** @type {string} */ words) => {
      const x = ((value - from) / (to - from)) * width;
      context.fillStyle = colour(tone);
      context.fillRect(x - 1, 0, 2, height);
      context.font = "12px system-ui";
      context.fillText(words, Math.min(x + 4, width - 60), 11);
    };
    mark(window.low, "soft", "");
    mark(window.high, "soft", "");
    for (const value of thresholds) mark(value, "c2", number(value));
    this.canvas.dataset.thresholds = thresholds.join(" ");
    const words = thresholds.length ? `; thresholds at ${thresholds.map(number).join(", ")} 1/mm` : "";
    this.canvas.setAttribute("aria-label", `Histogram from ${number(from)} to ${number(to)} 1/mm${words}`);
  }

  /** @param {CanvasRenderingContext2D} context @param {Float64Array} bins */
  drawBins(context, bins) {
    const { width, height } = this.canvas;
    const most = Math.log1p(Math.max(...bins));
    context.fillStyle = colour("c1");
    bins.forEach((count, i) => {
      const size = most > 0 ? (Math.log1p(count) / most) * (height - 14) : 0;
      context.fillRect((i * width) / BINS, height - size, width / BINS - 1, size);
    });
  }
}
