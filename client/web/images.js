// The three planes of the current iterate, kept iterations, slices of the volume, and the histogram.
import { make, oncePerFrame, panel } from "./dom.js";
import { number } from "./format.js";
import { Histogram, valueRange } from "./histogram.js";
import { PLANES } from "./image.js";
import { Pane } from "./pane.js";

const KEPT = 20; // iterations whose previews the server keeps
const LEAST_MS = 1500; // between two refreshes

/** @param {string} id @param {string} words @param {() => void} onclick @param {Record<string, string>} [more] */
function button(id, words, onclick, more = {}) {
  return make("button", { type: "button", id, onclick, ...more }, words);
}

export class Images {
  /** @param {string} path of the job @param {import("./types").Job} job */
  constructor(path, job) {
    this.job = job;
    /** @type {Map<number, Set<string>>} */ this.kept = new Map(); // iteration → planes
    this.slicesReady = false;
    this.wanted = "";
    this.range = { low: 0, high: 0 };
    this.readyCount = 0;
    const told = {
      slid: () => this.slid(),
      failed: (/** @type {number} */ iteration, /** @type {unknown} */ error) => this.failed(iteration, error),
    };
    this.panes = PLANES.map((plane) => new Pane(path, plane, job.spec?.volume, told));
    this.follow = true; // the newest iteration, whichever that is
    this.chosen = 0; // otherwise
    this.loading = false;
    this.loadAgain = false;
    this.loadedAt = 0;
    this.auto = true;
    /** @type {Record<string, HTMLInputElement>} */ this.inputs = {};
    /** @type {Record<string, HTMLOutputElement>} */ this.outputs = {};
    this.histogram = new Histogram();
    this.message = make("span", { class: "soft", role: "status" });
    this.paintHistogram = oncePerFrame(() => this.drawHistogram());
    this.element = this.build();
    this.inputs.kept.disabled = true;
  }

  build() {
    const iterations = this.slider("kept", "Iteration", () => {
      this.follow = false;
      this.chosen = this.iterations()[Number(this.inputs.kept.value)] ?? 0;
      this.load();
    });
    const low = this.slider("low", "Black", () => this.window()),
      high = this.slider("high", "White", () => this.window());
    const newest = button("newest", "Newest iteration", () => {
      this.follow = true;
      this.load();
    });
    const reset = button("automatic-window", "Automatic window", () => {
      this.auto = true;
      this.fitWindow();
    });
    const zoom = (/** @type {number} */ factor) => () => this.panes.forEach((pane) => pane.view.zoomBy(factor));
    const element = panel(
      "Slices",
      make("div", { class: "planes" }, ...this.panes.map((pane) => pane.element)),
      make("div", { class: "sliders" }, iterations, low, high),
      make(
        "div",
        { class: "bar" },
        newest,
        reset,
        button("zoom-in", "+", zoom(1.25), { "aria-label": "Zoom in" }),
        button("zoom-out", "−", zoom(0.8), { "aria-label": "Zoom out" }),
        this.message,
      ),
      this.histogram.element,
    );
    element.classList.add("wide");
    return element;
  }

  /** @param {string} id @param {string} name @param {() => void} changed */
  slider(id, name, changed) {
    this.outputs[id] = make("output", { for: id });
    this.inputs[id] = make("input", { type: "range", id, min: 0, max: 0, value: 0, step: 1, oninput: changed });
    return make("label", { for: id }, `${name} `, this.outputs[id], this.inputs[id]);
  }

  /** @param {string} id @param {string} words */
  label(id, words) {
    if (this.outputs[id].textContent !== words) this.outputs[id].textContent = words;
    this.inputs[id].setAttribute("aria-valuetext", words);
  }

  /** @param {import("./types").Preview} preview */
  add(preview) {
    const iteration = preview.iteration ?? 0;
    if (iteration === 0) return; // the start image; to the server 0 means the newest
    const planes = this.kept.get(iteration) ?? new Set();
    planes.add(preview.plane.toLowerCase());
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
    for (const pane of this.panes) pane.input.disabled = !this.slicesReady;
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

  /** The last iterate is the volume: every slice of it can be seen. */
  whole() {
    return this.slicesReady && (this.follow || Number(this.inputs.kept.value) >= this.kept.size - 1);
  }

  async loadNow() {
    const iterations = this.iterations();
    this.aim(iterations);
    const iteration = iterations[Number(this.inputs.kept.value)] ?? 0;
    this.label("kept", String(iteration));
    this.message.textContent = "";
    const whole = this.whole();
    const wanted = this.panes.filter((pane) => whole || this.kept.get(iteration)?.has(pane.plane));
    for (const pane of this.panes) pane.say(whole);
    await Promise.all(wanted.map((pane) => pane.load({ iteration, slice: whole ? pane.slice : -1 })));
    this.shown();
  }

  /** A slider of slices has moved: they are slices of the volume. */
  async slid() {
    this.message.textContent = "";
    if (!this.whole()) {
      this.follow = true;
      await this.load();
      return;
    }
    const moved = this.panes.filter((pane) => pane.index !== pane.slice || pane.busy);
    for (const pane of moved) pane.say(true);
    await Promise.all(moved.map((pane) => pane.load({ iteration: 0, slice: pane.slice })));
    this.shown();
  }

  shown() {
    const cuts = Object.fromEntries(this.panes.map((pane) => [pane.axis, pane.index]));
    for (const pane of this.panes) pane.view.cuts = cuts;
    this.fitWindow();
  }

  /** @param {number} iteration whose preview it was; 0: a slice of the volume @param {unknown} error */
  failed(iteration, error) {
    const gone = iteration > 0 && Pane.isGone(error);
    if (gone) {
      this.kept.delete(iteration); // older previews make room for newer ones
      this.loadAgain = this.kept.size > 0; // the oldest that is left
    }
    const words = error instanceof Error ? error.message : "";
    this.message.textContent = gone ? `iteration ${iteration} is not kept any more` : words;
  }

  data() {
    return this.panes.flatMap((pane) => (pane.view.image ? [pane.view.image.data] : []));
  }

  fitWindow() {
    const data = this.data();
    if (!data.length) return;
    this.range = valueRange(data);
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
    for (const pane of this.panes) pane.view.setWindow(low, high);
    this.paintHistogram();
  }

  thresholds() {
    const greys = (this.job.materials?.entry ?? []).map((entry) => entry.greyValuePerMm ?? 0).sort((a, b) => a - b);
    return greys.slice(1).map((grey, i) => (grey + greys[i]) / 2);
  }

  drawHistogram() {
    const shown = { low: Number(this.inputs.low.value), high: Number(this.inputs.high.value) };
    this.histogram.draw(this.data(), this.range, shown, this.thresholds());
  }

  close() {
    for (const pane of this.panes) pane.close();
  }
}
