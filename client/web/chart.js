// Misfit, step and changed labels over iterations; seconds per phase, stacked. Drawn by uPlot.
import { colour, make, panel } from "./dom.js";
import { duration, number } from "./format.js";

const PHASES = /** @type {const} */ (["projection", "exchange", "backprojection", "update"]);
const HEIGHT = 260;

/** @returns {Promise<any>} uPlot's constructor */
function loadLibrary() {
  const known = /** @type {any} */ (window).uPlot;
  if (known) return Promise.resolve(known);
  document.head.append(make("link", { rel: "stylesheet", href: "/vendor/uPlot.css" }));
  return new Promise((resolve, reject) => {
    document.head.append(
      make("script", {
        src: "/vendor/uPlot.js",
        onload: () => resolve(/** @type {any} */ (window).uPlot),
        onerror: () => reject(new Error("the charts could not be loaded")),
      }),
    );
  });
}

/**
 * @param {unknown} value
 * @returns {value is null | undefined}
 */
const missing = (value) => value === null || value === undefined;

/**
 * On a log scale there is no zero.
 * @param {number | undefined} value
 */
const positive = (value) => (value !== undefined && value > 0 ? value : null);

/** @param {import("./types").Iteration[]} iterations */
function misfitData(iterations) {
  return [
    iterations.map((it) => it.iteration ?? 0),
    iterations.map((it) => positive(it.misfit)),
    iterations.map((it) => positive(it.step)),
    iterations.map((it) => positive(Number(it.changedLabels ?? 0))),
  ];
}

/**
 * The sums, largest first, so that each area covers what is above its own part.
 * @param {import("./types").Iteration[]} iterations
 */
function phaseData(iterations) {
  const sums = PHASES.map((_, last) =>
    iterations.map((it) => PHASES.slice(0, last + 1).reduce((sum, phase) => sum + (it.seconds?.[phase] ?? 0), 0)),
  );
  return [iterations.map((it) => it.iteration ?? 0), ...sums.reverse()];
}

function axisColours() {
  return {
    stroke: colour("text"),
    grid: { stroke: colour("line"), width: 1 },
    ticks: { stroke: colour("line"), width: 1 },
  };
}

/** @param {string} name @param {string} scale @param {string} tone @param {number[]} [dash] */
function line(name, scale, tone, dash) {
  return {
    label: name,
    scale,
    stroke: colour(tone),
    width: 2,
    dash,
    points: { show: false },
    spanGaps: true,
    value: (/** @type {any} */ _, /** @type {number | null} */ value) => (missing(value) ? "–" : number(value)),
  };
}

/** @param {any[]} values */
const short = (values) => values.map((value) => (missing(value) ? "" : number(value)));

export class Charts {
  constructor() {
    /** @type {any} */ this.library = null;
    // The rest of the view does not wait for it.
    loadLibrary().then(
      (library) => {
        this.library = library;
        this.draw(this.iterations);
      },
      (error) => {
        this.misfitBox.textContent = error.message;
      },
    );
    /** @type {any[]} */ this.plots = [];
    this.misfitBox = make("div", { class: "chart", role: "img", id: "misfit-chart" });
    this.phasesBox = make("div", { class: "chart", role: "img", id: "phases-chart" });
    this.misfit = panel("Misfit", this.misfitBox);
    this.phases = panel("Seconds per iteration", this.phasesBox);
    /** @type {import("./types").Iteration[]} */ this.iterations = [];
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.misfitBox);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.repaint = () => {
      this.forget();
      this.draw(this.iterations);
    };
    this.theme.addEventListener("change", this.repaint);
  }

  build() {
    const width = Math.max(200, this.misfitBox.clientWidth);
    const x = { time: false };
    const logScale = { distr: 3 };
    const base = { width, height: HEIGHT, cursor: { drag: { x: true, y: false } } };
    const labels = this.iterations.some((it) => Number(it.changedLabels ?? 0) > 0);
    const misfit = {
      ...base,
      scales: { x, misfit: logScale, step: logScale, labels: logScale },
      series: [
        { label: "Iteration" },
        line("Misfit ½‖b − Ax‖²", "misfit", "c1"),
        line("Step", "step", "c2", [6, 4]),
        ...(labels ? [line("Changed labels", "labels", "c3", [2, 3])] : []),
      ],
      axes: [
        axisColours(),
        {
          ...axisColours(),
          scale: "misfit",
          size: 70,
          values: (/** @type {any} */ _, /** @type {any[]} */ v) => short(v),
        },
        {
          ...axisColours(),
          scale: "step",
          side: 1,
          size: 70,
          grid: { show: false },
          values: (/** @type {any} */ _, /** @type {any[]} */ v) => short(v),
        },
      ],
    };
    const own = (
      /** @type {any} */ plot,
      /** @type {number | null} */ value,
      /** @type {number} */ series,
      /** @type {number | null} */ index,
    ) => {
      if (missing(value) || missing(index)) return "–";
      return duration(value - (plot.data[series + 1]?.[index] ?? 0));
    };
    const areas = [...PHASES].reverse().map((phase, i) => {
      const tone = colour(["c4", "c3", "c2", "c1"][i]);
      return { label: phase, scale: "y", stroke: tone, fill: tone, width: 1, points: { show: false }, value: own };
    });
    const phases = {
      ...base,
      scales: {
        x,
        y: { range: (/** @type {any} */ _, /** @type {number} */ __, /** @type {number} */ top) => [0, top || 1] },
      },
      series: [{ label: "Iteration" }, ...areas],
      axes: [
        axisColours(),
        { ...axisColours(), size: 60, values: (/** @type {any} */ _, /** @type {any[]} */ v) => short(v) },
      ],
    };
    this.plots = [
      new this.library(misfit, this.misfitData(), this.misfitBox),
      new this.library(phases, phaseData(this.iterations), this.phasesBox),
    ];
    for (const box of [this.misfitBox, this.phasesBox])
      box.querySelector(".u-legend")?.setAttribute("aria-label", "Values under the cursor");
    this.hasLabels = labels;
  }

  misfitData() {
    const data = misfitData(this.iterations);
    return this.iterations.some((it) => Number(it.changedLabels ?? 0) > 0) ? data : data.slice(0, 3);
  }

  /** @param {import("./types").Iteration[]} all */
  draw(all) {
    // The start image has no step and took no time.
    this.iterations = all.filter((it) => (it.iteration ?? 0) > 0);
    const last = this.iterations[this.iterations.length - 1];
    this.misfitBox.dataset.points = String(this.iterations.length);
    if (!last || !this.misfitBox.isConnected) return;
    this.misfitBox.setAttribute(
      "aria-label",
      `Misfit over ${this.iterations.length} iterations, log scale; now ${number(last.misfit ?? NaN)}, step ${number(last.step ?? NaN)}`,
    );
    this.phasesBox.setAttribute(
      "aria-label",
      `Seconds of iteration ${last.iteration}: ${PHASES.map((phase) => `${phase} ${duration(last.seconds?.[phase] ?? 0)}`).join(", ")}`,
    );
    const labels = Number(last.changedLabels ?? 0) > 0;
    if (this.plots.length && labels && !this.hasLabels) this.forget();
    if (!this.library) return;
    if (this.plots.length) {
      this.plots[0].setData(this.misfitData());
      this.plots[1].setData(phaseData(this.iterations));
    } else {
      this.build();
    }
  }

  resize() {
    const width = this.misfitBox.clientWidth;
    if (width > 0) for (const plot of this.plots) plot.setSize({ width, height: HEIGHT });
    if (!this.plots.length) this.draw(this.iterations);
  }

  forget() {
    for (const plot of this.plots) plot.destroy();
    this.plots = [];
  }

  close() {
    this.watcher.disconnect();
    this.theme.removeEventListener("change", this.repaint);
    this.forget();
  }
}
