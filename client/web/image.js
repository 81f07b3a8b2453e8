// One slice: grey values in a window, zoom, its axes, and the value under the cursor.
import { colour, make } from "./dom.js";
import { number } from "./format.js";

const AXES = /** @type {Record<string, { across: string, up: string, normal: string }>} */ ({
  axial: { across: "x", up: "y", normal: "z" },
  coronal: { across: "x", up: "z", normal: "y" },
  sagittal: { across: "y", up: "z", normal: "x" },
});
export const PLANES = Object.keys(AXES);
const TONES = /** @type {Record<string, string>} */ ({ x: "c2", y: "c3", z: "c1" });
const STEPS = /** @type {Record<string, [number, number]>} */ ({
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
});

/** @param {import("./types").Volume | undefined} volume in voxels and mm along each axis */
function extents(volume) {
  const width = volume?.voxelWidthMm ?? 1;
  const height = volume?.voxelHeightMm || width;
  const counts = /** @type {Record<string, number>} */ ({
    x: volume?.columns ?? 1,
    y: volume?.rows ?? 1,
    z: volume?.slices ?? 1,
  });
  return { counts, mm: { x: counts.x * width, y: counts.y * width, z: counts.z * height } };
}

export class SliceImage {
  /**
   * @param {string} plane
   * @param {import("./types").Volume | undefined} volume
   * @param {(step: number) => void} onStep to another slice
   */
  constructor(plane, volume, onStep) {
    this.plane = plane;
    this.axes = AXES[plane];
    const { counts, mm } = extents(volume);
    this.counts = counts;
    this.width = mm[/** @type {"x"} */ (this.axes.across)];
    this.height = mm[/** @type {"x"} */ (this.axes.up)];
    this.onStep = onStep;
    /** @type {import("./types").Image | null} */ this.image = null;
    /** @type {Record<string, number>} */ this.cuts = {}; // where the other planes lie: axis → slice of the volume
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
      "aria-label": `${plane} slice: not there yet`,
      "data-across": this.axes.across,
      "data-up": this.axes.up,
    });
    this.where = make("span", { class: "soft" });
    this.value = make("output", { id: `value-${plane}`, "aria-live": "off" });
    this.element = make("figure", {}, this.canvas, make("figcaption", {}, this.where, this.value));
    this.cursor = { x: 0.5, y: 0.5 };
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
   * Arrows move the cursor, with Shift the image; page up and down go through the slices.
   * @param {KeyboardEvent} event
   */
  key(event) {
    const step = STEPS[event.key];
    if (step && event.shiftKey) this.pan(step[0] / 10, step[1] / 10);
    else if (step) this.aim(this.cursor.x + step[0] / 64, this.cursor.y + step[1] / 64);
    else if (event.key === "PageUp") this.onStep(1);
    else if (event.key === "PageDown") this.onStep(-1);
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

  /** Millimetres per side of the (square) canvas. */
  span() {
    return Math.max(this.width, this.height) / this.zoom;
  }
  /** The canvas' upper left corner, in mm from that of the slice; down is positive. */
  corner() {
    const all = Math.max(this.width, this.height);
    return {
      x: this.centre.x * all - this.span() / 2 - (all - this.width) / 2,
      y: this.centre.y * all - this.span() / 2 - (all - this.height) / 2,
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
  }

  say() {
    if (!this.image) return;
    const { rows, columns, data } = this.image;
    const corner = this.corner();
    const column = Math.floor(((corner.x + this.cursor.x * this.span()) / this.width) * columns);
    // The first row is the lowest: z and y point up.
    const row = rows - 1 - Math.floor(((corner.y + this.cursor.y * this.span()) / this.height) * rows);
    const inside = row >= 0 && row < rows && column >= 0 && column < columns;
    this.value.textContent = inside
      ? `${this.axes.across} ${column}, ${this.axes.up} ${row}: ${number(data[row * columns + column])} 1/mm`
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
      `${words}, ${image.columns} by ${image.rows} pixels, ${this.axes.across} to the right, ${this.axes.up} up; arrow keys move the cursor, page up and down change the slice, plus and minus zoom`,
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
      scale = width / this.span(); // pixels of the canvas per mm
    context.imageSmoothingEnabled = (scale * this.width) / this.image.columns < 2;
    const left = -corner.x * scale,
      top = -corner.y * scale;
    context.drawImage(this.pixels, left, top, this.width * scale, this.height * scale);
    this.paintCuts(context, left, top, scale);
    this.paintAxes(context);
    this.say();
  }

  /**
   * The other two planes, as lines in the colours of their normals.
   * @param {CanvasRenderingContext2D} context @param {number} left @param {number} top @param {number} scale
   */
  paintCuts(context, left, top, scale) {
    const { across, up } = this.axes;
    context.setLineDash([6, 6]);
    context.globalAlpha = 0.7;
    for (const [axis, slice] of Object.entries(this.cuts)) {
      const share = (slice + 0.5) / this.counts[axis];
      context.strokeStyle = colour(TONES[axis]);
      context.beginPath();
      if (axis === across) {
        const x = left + share * this.width * scale;
        context.moveTo(x, 0);
        context.lineTo(x, this.canvas.height);
      } else if (axis === up) {
        const y = top + (1 - share) * this.height * scale;
        context.moveTo(0, y);
        context.lineTo(this.canvas.width, y);
      }
      context.stroke();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /**
   * Which way the axes point, in the lower left corner.
   * @param {CanvasRenderingContext2D} context
   */
  paintAxes(context) {
    const x = 22,
      y = this.canvas.height - 22,
      length = 44;
    context.fillStyle = "rgb(0 0 0 / 60%)";
    context.fillRect(6, y - length - 26, length + 46, length + 42);
    context.strokeStyle = "#fff";
    context.fillStyle = "#fff";
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, y - length);
    context.lineTo(x, y);
    context.lineTo(x + length, y);
    for (const side of [-5, 5]) {
      context.moveTo(x + side, y - length + 8);
      context.lineTo(x, y - length);
      context.moveTo(x + length - 8, y + side);
      context.lineTo(x + length, y);
    }
    context.stroke();
    context.lineWidth = 1;
    context.font = "18px system-ui";
    context.fillText(this.axes.up, x - 5, y - length - 8);
    context.fillText(this.axes.across, x + length + 8, y + 6);
  }
}
