// One of the three planes: its image, its slider over slices of the volume, and what is being loaded for it.
import { ApiError, image } from "./api.js";
import { make } from "./dom.js";
import { SliceImage } from "./image.js";

const PATIENCE_MS = 300; // with a slice that nobody wants any more

/**
 * @typedef {object} Wish
 * @property {number} iteration of a preview
 * @property {number} slice of the volume; −1: the preview
 */

export class Pane {
  /**
   * @param {string} path of the job
   * @param {string} plane
   * @param {import("./types").Volume | undefined} volume
   * @param {{ slid: () => void, failed: (iteration: number, error: unknown) => void }} told
   */
  constructor(path, plane, volume, told) {
    this.path = path;
    this.plane = plane;
    this.told = told;
    this.index = -1; // of the slice shown
    this.view = new SliceImage(plane, volume, (step) => this.step(step));
    this.axis = this.view.axes.normal;
    this.count = this.view.counts[this.axis];
    this.output = make("output", { for: `slice-${plane}` });
    this.input = make("input", {
      type: "range",
      id: `slice-${plane}`,
      min: 0,
      max: this.count - 1,
      step: 1,
      value: Math.floor(this.count / 2),
      disabled: true,
      oninput: () => this.told.slid(),
    });
    const label = make("label", { for: this.input.id }, `${plane} slice (${this.axis}) `, this.output, this.input);
    this.element = make("div", { class: "pane" }, this.view.element, label);
    /** @type {Wish | null} */ this.wish = null;
    /** @type {Promise<void> | null} */ this.busy = null;
    this.abort = new AbortController();
    this.begunAt = 0;
    this.say(false);
  }

  get slice() {
    return Number(this.input.value);
  }

  /** @param {number} step */
  step(step) {
    if (this.input.disabled) return;
    this.input.value = String(this.slice + step);
    this.told.slid();
  }

  /** @param {boolean} whole the volume is shown, not a preview */
  say(whole) {
    const words = whole ? `${this.slice} of ${this.count}` : "when the volume is there";
    if (this.output.textContent === words) return;
    this.output.textContent = words;
    this.input.setAttribute("aria-valuetext", words);
  }

  /**
   * Loads one thing at a time, and what was wanted last at the end. Resolves when nothing more is wanted.
   * @param {Wish} wish
   */
  load(wish) {
    this.wish = wish;
    if (this.busy && Date.now() - this.begunAt > PATIENCE_MS) this.abort.abort();
    this.busy = this.busy ?? this.work();
    return this.busy;
  }

  async work() {
    while (this.wish) {
      const wish = this.wish;
      this.wish = null;
      this.abort = new AbortController();
      this.begunAt = Date.now();
      await this.show(wish, this.abort.signal);
    }
    this.busy = null;
  }

  /** @param {Wish} wish @param {AbortSignal} signal */
  async show({ iteration, slice }, signal) {
    const path = slice >= 0 ? `slices/${this.plane}/${slice}` : `previews/${iteration}/${this.plane}`;
    try {
      const found = await image(`${this.path}/${path}`, signal);
      const of = slice >= 0 ? "of the volume" : `of iteration ${found.iteration}`;
      this.index = found.index;
      this.view.show(found, `${this.plane} slice ${found.index} ${of}`);
      this.view.canvas.dataset.index = String(found.index);
    } catch (error) {
      if (!signal.aborted) this.told.failed(slice >= 0 ? 0 : iteration, error);
    }
  }

  close() {
    this.wish = null;
    this.abort.abort();
  }

  /** @param {unknown} error */
  static isGone(error) {
    return error instanceof ApiError && error.status === 404;
  }
}
