// The three planes of the current iterate, kept iterations, slices of the volume, and the histogram.
import { ApiError, image } from "./api.js";
import { colour, make, oncePerFrame, panel } from "./dom.js";
import { number } from "./format.js";
import { SliceImage } from "./image.js";

const PLANES = ["axial", "coronal", "sagittal"];
const KEPT = 20; // iterations whose previews the server keeps
const LEAST_MS = 1500; // between two refreshes
const BINS = 160;

/**
 * Bins over [low, high].
 * @param {Float32Array[]} images
 * @param {number} low
 * @param {number} high
 */
function histogram(images, low, high) {
  const counts = new Float64Array(BINS);
  const scale = BINS / (high - low);
  for (const data of images)
    for (const value of data) {
      const bin = Math.floor((value - low) * scale);
      if (bin >= 0 && bin < BINS) ++counts[bin];
    }
  return counts;
}

/**
 * Without the outermost values, which streaks make.
 * @param {Float32Array[]} images
 */
function range(images) {
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

export class Images {
  /** @param {string} path of the job @param {import("./types").Job} job */
  constructor(path, job) {
    this.path = path;
    this.job = job;
    /** @type {Map<number, Map<string, number[]>>} */ this.kept = new Map(); // iteration → plane → indices
    this.slicesReady = false;
    this.wanted = "";
    this.range = { low: 0, high: 0 };
    this.readyCount = 0;
    this.panes = PLANES.map((plane) => new SliceImage(plane, () => {}));
    this.follow = true; // the newest iteration, whichever that is
    this.chosen = 0; // otherwise
    this.loading = false;
    this.loadAgain = false;
    this.loadedAt = 0;
    this.auto = true;
    /** @type {Record<string, HTMLInputElement>} */ this.inputs = {};
    this.histogram = make("canvas", { class: "histogram", width: 800, height: 120, role: "img", id: "histogram" });
    this.message = make("span", { class: "soft", role: "status" });
    this.paintHistogram = oncePerFrame(() => this.drawHistogram());
    const iterations = this.slider("kept", "Iteration", () => {
      this.follow = false;
      this.chosen = this.iterations()[Number(this.inputs.kept.value)] ?? 0;
      this.load();
    });
    const slices = this.slider("slice", "Slice (z)", () => this.load());
    const low = this.slider("low", "Black", () => this.window()),
      high = this.slider("high", "White", () => this.window());
    const newest = make(
      "button",
      {
        type: "button",
        id: "newest",
        onclick: () => {
          this.follow = true;
          this.load();
        },
      },
      "Newest iteration",
    );
    const reset = make(
      "button",
      {
        type: "button",
        id: "automatic-window",
        onclick: () => {
          this.auto = true;
          this.fitWindow();
        },
      },
      "Automatic window",
    );
    const zoomIn = make(
      "button",
      { type: "button", "aria-label": "Zoom in", onclick: () => this.panes.forEach((pane) => pane.zoomBy(1.25)) },
      "+",
    );
    const zoomOut = make(
      "button",
      { type: "button", "aria-label": "Zoom out", onclick: () => this.panes.forEach((pane) => pane.zoomBy(0.8)) },
      "−",
    );
    this.element = panel(
      "Slices",
      make("div", { class: "planes" }, ...this.panes.map((pane) => pane.element)),
      make("div", { class: "sliders" }, iterations, slices, low, high),
      make("div", { class: "bar" }, newest, reset, zoomIn, zoomOut, this.message),
      make(
        "figure",
        {},
        this.histogram,
        make("figcaption", {}, "Histogram of the three slices (log), window and thresholds"),
      ),
    );
    this.element.classList.add("wide");
    this.inputs.slice.disabled = this.inputs.kept.disabled = true;
    const slicesCount = job.spec?.volume?.slices ?? 1;
    this.inputs.slice.max = String(slicesCount - 1);
    this.inputs.slice.value = String(Math.floor(slicesCount / 2));
  }

  /** @param {string} id @param {string} name @param {() => void} changed */
  slider(id, name, changed) {
    const output = make("output", { for: id });
    const input = make("input", { type: "range", id, min: 0, max: 0, value: 0, step: 1, oninput: changed });
    this.inputs[id] = input;
    this.inputs[`${id}Words`] = /** @type {any} */ (output);
    return make("label", { for: id }, `${name} `, output, input);
  }

  /** @param {string} id @param {string} words */
  label(id, words) {
    const output = /** @type {any} */ (this.inputs[`${id}Words`]);
    if (output.textContent !== words) output.textContent = words;
    this.inputs[id].setAttribute("aria-valuetext", words);
  }

  /** @param {import("./types").Preview} preview */
  add(preview) {
    const iteration = preview.iteration ?? 0;
    if (iteration === 0) return; // the start image; to the server 0 means the newest
    const planes = this.kept.get(iteration) ?? new Map();
    const plane = preview.plane.toLowerCase();
    const indices = planes.get(plane) ?? [];
    if (!indices.includes(preview.index ?? 0)) indices.push(preview.index ?? 0);
    planes.set(plane, indices);
    this.kept.set(iteration, planes);
    // The server keeps so many per plane; another attempt may count again from below.
    while (this.kept.size > KEPT) this.kept.delete(Math.min(...this.kept.keys()));
  }

  /** @param {number} begin @param {number} end */
  addSlices(begin, end) {
    this.readyCount += end - begin;
    this.slicesReady = this.readyCount > 0 && this.readyCount >= (this.job.spec?.volume?.slices ?? Infinity);
  }

  iterations() {
    return [...this.kept.keys()].sort((a, b) => a - b);
  }

  /** @param {import("./types").Job} job */
  draw(job) {
    this.job = job;
    if (job.state === "SUCCEEDED") this.slicesReady = true;
    const iterations = this.iterations();
    const slider = this.inputs.kept;
    slider.disabled = iterations.length < 2;
    slider.max = String(Math.max(0, iterations.length - 1));
    this.aim(iterations);
    this.inputs.slice.disabled = !this.slicesReady;
    if (iterations.length === 0 && !this.slicesReady) return;
    const wanted = `${iterations[Number(slider.value)]} ${this.slicesReady}`;
    if (wanted !== this.wanted) {
      this.wanted = wanted;
      this.load();
    }
  }

  /**
   * The slider stays with the iteration that was chosen, though others come and go.
   * @param {number[]} iterations
   */
  aim(iterations) {
    const index = this.follow ? iterations.length - 1 : iterations.findIndex((iteration) => iteration >= this.chosen);
    this.inputs.kept.value = String(Math.max(0, index));
  }

  async load() {
    if (this.loading) {
      this.loadAgain = true;
      return;
    }
    this.loading = true;
    do {
      this.loadAgain = false;
      const early = this.loadedAt + LEAST_MS - Date.now();
      if (this.follow && early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      if (this.element.isConnected || !this.loadedAt) await this.loadNow();
      this.loadedAt = Date.now();
    } while (this.loadAgain);
    this.loading = false;
  }

  async loadNow() {
    const iterations = this.iterations();
    this.aim(iterations);
    const iteration = iterations[Number(this.inputs.kept.value)] ?? 0;
    this.label("kept", String(iteration));
    const slice = Number(this.inputs.slice.value);
    // The last iterate is the volume: every slice of it can be seen.
    const whole = this.slicesReady && (this.follow || Number(this.inputs.kept.value) >= iterations.length - 1);
    this.label("slice", whole ? String(slice) : "when the volume is there");
    await Promise.all(
      this.panes.map((pane) => this.loadPane(pane, iteration, whole && pane.plane === "axial" ? slice : -1)),
    );
    this.fitWindow();
  }

  /** @param {SliceImage} pane @param {number} iteration @param {number} slice of the volume; −1: a preview */
  async loadPane(pane, iteration, slice) {
    const path = slice >= 0 ? `${this.path}/slices/${slice}` : `${this.path}/previews/${iteration}/${pane.plane}`;
    if (slice < 0 && !this.kept.get(iteration)?.has(pane.plane)) return;
    try {
      const found = await image(path);
      const index = slice >= 0 ? slice : found.index;
      const words =
        slice >= 0 ? `axial slice ${index} of the volume` : `${pane.plane} ${index}, iteration ${found.iteration}`;
      pane.show(found, words);
      this.message.textContent = "";
    } catch (error) {
      const gone = error instanceof ApiError && error.status === 404;
      if (gone) {
        this.kept.delete(iteration); // older previews make room for newer ones
        this.loadAgain = this.kept.size > 0; // the oldest that is left
      }
      this.message.textContent = gone
        ? `iteration ${iteration} is not kept any more`
        : error instanceof Error
          ? error.message
          : "";
    }
  }

  data() {
    return this.panes.flatMap((pane) => (pane.image ? [pane.image.data] : []));
  }

  fitWindow() {
    const data = this.data();
    if (!data.length) return;
    this.range = range(data);
    const span = this.range.high - this.range.low;
    for (const id of ["low", "high"]) {
      const input = this.inputs[id];
      input.min = String(this.range.low - span / 2);
      input.max = String(this.range.high + span / 2);
      input.step = String(span / 500);
    }
    if (this.auto) {
      this.inputs.low.value = String(this.range.low);
      this.inputs.high.value = String(this.range.high);
    }
    this.applyWindow();
  }

  window() {
    this.auto = false;
    this.applyWindow();
  }

  applyWindow() {
    const low = Number(this.inputs.low.value),
      high = Number(this.inputs.high.value);
    this.label("low", `${number(low)} 1/mm`);
    this.label("high", `${number(high)} 1/mm`);
    for (const pane of this.panes) pane.setWindow(low, high);
    this.paintHistogram();
  }

  thresholds() {
    const greys = (this.job.materials?.entry ?? []).map((entry) => entry.greyValuePerMm ?? 0).sort((a, b) => a - b);
    return greys.slice(1).map((grey, i) => (grey + greys[i]) / 2);
  }

  drawHistogram() {
    const data = this.data();
    if (!data.length || this.range.high <= this.range.low) return;
    const span = this.range.high - this.range.low;
    const from = this.range.low - span / 4,
      to = this.range.high + span / 4;
    const counts = histogram(data, from, to);
    const most = Math.log1p(Math.max(...counts));
    const { width, height } = this.histogram;
    const context = /** @type {CanvasRenderingContext2D} */ (this.histogram.getContext("2d"));
    context.clearRect(0, 0, width, height);
    context.fillStyle = colour("c1");
    counts.forEach((count, i) => {
      const size = most > 0 ? (Math.log1p(count) / most) * (height - 14) : 0;
      context.fillRect((i * width) / BINS, height - size, width / BINS - 1, size);
    });
    const mark = (/** @type {number} */ value, /** @type {string} */ tone, /** @type {string} */ words) => {
      const x = ((value - from) / (to - from)) * width;
      context.fillStyle = colour(tone);
      context.fillRect(x - 1, 0, 2, height);
      context.font = "12px system-ui";
      context.fillText(words, Math.min(x + 4, width - 60), 11);
    };
    mark(Number(this.inputs.low.value), "soft", "");
    mark(Number(this.inputs.high.value), "soft", "");
    const thresholds = this.thresholds();
    thresholds.forEach((value) => mark(value, "c2", number(value)));
    this.histogram.dataset.thresholds = thresholds.join(" ");
    const words = thresholds.length ? `; thresholds at ${thresholds.map(number).join(", ")} 1/mm` : "";
    this.histogram.setAttribute("aria-label", `Histogram from ${number(from)} to ${number(to)} 1/mm${words}`);
  }
}
