// One slice: grey values in a window, zoom, and the value under the cursor.
import { make } from "./dom.js";
import { number } from "./format.js";

const AXES = /** @type {Record<string, [string, string]>} */ ({
  axial: ["y", "x"],
  coronal: ["z", "x"],
  sagittal: ["z", "y"],
});

export class SliceImage {
  /** @param {string} plane @param {() => void} onAim */
  constructor(plane, onAim) {
    this.plane = plane;
    /** @type {import("./types").Image | null} */ this.image = null;
    this.low = 0;
    this.high = 1;
    this.zoom = 1;
    this.centre = { x: 0.5, y: 0.5 };
    this.canvas = make("canvas", {
      class: "plane",
      width: 512,
      height: 512,
      tabindex: 0,
      id: `plane-${plane}`,
      role: "img",
    });
    this.where = make("span", { class: "soft" });
    this.value = make("output", { id: `value-${plane}`, "aria-live": "off" });
    this.element = make("figure", {}, this.canvas, make("figcaption", {}, this.where, this.value));
    this.cursor = { x: 0.5, y: 0.5 };
    this.onAim = onAim;
    this.pixels = make("canvas");
    this.listen();
  }

  listen() {
    this.canvas.addEventListener("pointermove", (event) => {
      const box = this.canvas.getBoundingClientRect();
      if (event.buttons & 1) this.pan(-event.movementX / box.width, -event.movementY / box.height);
      this.aim((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    });
    this.canvas.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8);
      },
      { passive: false },
    );
    this.canvas.addEventListener("dblclick", () => this.reset());
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /**
   * Arrows move the cursor, with Shift the image.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const steps = /** @type {Record<string, [number, number]>} */ ({
      ArrowLeft: [-1, 0],
      ArrowRight: [1, 0],
      ArrowUp: [0, -1],
      ArrowDown: [0, 1],
    });
    const step = steps[event.key];
    if (step && event.shiftKey) this.pan(step[0] / 10, step[1] / 10);
    else if (step) this.aim(this.cursor.x + step[0] / 64, this.cursor.y + step[1] / 64);
    else if (event.key === "+") this.zoomBy(1.25);
    else if (event.key === "-") this.zoomBy(0.8);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
  }

  reset() {
    this.zoom = 1;
    this.centre = { x: 0.5, y: 0.5 };
    this.paint();
  }
  /** @param {number} factor */
  zoomBy(factor) {
    this.zoom = Math.min(64, Math.max(1, this.zoom * factor));
    this.pan(0, 0);
  }

  /**
   * By shares of the canvas.
   * @param {number} x
   * @param {number} y
   */
  pan(x, y) {
    const half = 0.5 / this.zoom;
    const bound = (/** @type {number} */ value) => Math.min(1 - half, Math.max(half, value));
    this.centre = { x: bound(this.centre.x + x / this.zoom), y: bound(this.centre.y + y / this.zoom) };
    this.paint();
  }

  /** Pixels of the image per side of the (square) canvas. */
  span() {
    return Math.max(this.image?.rows ?? 1, this.image?.columns ?? 1) / this.zoom;
  }
  corner() {
    const all = Math.max(this.image?.rows ?? 1, this.image?.columns ?? 1);
    return {
      x: this.centre.x * all - this.span() / 2 - (all - (this.image?.columns ?? 1)) / 2,
      y: this.centre.y * all - this.span() / 2 - (all - (this.image?.rows ?? 1)) / 2,
    };
  }

  /**
   * The cursor, as shares of the canvas.
   * @param {number} x
   * @param {number} y
   */
  aim(x, y) {
    this.cursor = { x: Math.min(1, Math.max(0, x)), y: Math.min(1, Math.max(0, y)) };
    this.say();
    this.onAim();
  }

  say() {
    if (!this.image) return;
    const corner = this.corner();
    const column = Math.floor(corner.x + this.cursor.x * this.span());
    // The first row is the lowest: z and y point up.
    const row = this.image.rows - 1 - Math.floor(corner.y + this.cursor.y * this.span());
    const inside = row >= 0 && row < this.image.rows && column >= 0 && column < this.image.columns;
    const [down, across] = AXES[this.plane];
    this.value.textContent = inside
      ? `${across} ${column}, ${down} ${row}: ${number(this.image.data[row * this.image.columns + column])} 1/mm`
      : "";
  }

  /** @param {import("./types").Image} image @param {string} words which one it is */
  show(image, words) {
    const changed = this.image?.rows !== image.rows || this.image?.columns !== image.columns;
    this.image = image;
    this.where.textContent = words;
    this.canvas.dataset.iteration = String(image.iteration);
    this.canvas.dataset.sum = String(image.data.reduce((sum, value) => sum + value, 0));
    this.canvas.setAttribute(
      "aria-label",
      `${words}, ${image.columns} by ${image.rows} pixels; arrow keys move the cursor, plus and minus zoom`,
    );
    if (changed) this.reset();
    this.render();
  }

  /** @param {number} low @param {number} high */
  setWindow(low, high) {
    this.low = low;
    this.high = high;
    this.render();
  }

  render() {
    if (!this.image) return;
    const { data, rows, columns } = this.image;
    this.pixels.width = columns;
    this.pixels.height = rows;
    const context = /** @type {CanvasRenderingContext2D} */ (this.pixels.getContext("2d"));
    const picture = context.createImageData(columns, rows);
    const words = new Uint32Array(picture.data.buffer);
    const scale = 255 / Math.max(1e-30, this.high - this.low);
    for (let row = 0; row < rows; ++row) {
      const from = (rows - 1 - row) * columns;
      for (let column = 0; column < columns; ++column) {
        const grey = Math.max(0, Math.min(255, (data[from + column] - this.low) * scale)) | 0;
        words[row * columns + column] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
      }
    }
    context.putImageData(picture, 0, 0);
    this.paint();
  }

  paint() {
    const context = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const { width, height } = this.canvas;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    if (!this.image) return;
    const corner = this.corner(),
      scale = width / this.span();
    context.imageSmoothingEnabled = scale < 2;
    context.drawImage(
      this.pixels,
      -corner.x * scale,
      -corner.y * scale,
      this.image.columns * scale,
      this.image.rows * scale,
    );
    this.say();
  }
}
