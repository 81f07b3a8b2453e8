// One job: follows its events and hands them to the parts of the view.
import { ApiError, Live, change, get } from "./api.js";
import { Charts } from "./chart.js";
import { cloneDialog } from "./clone.js";
import { facts, make, oncePerFrame, panel } from "./dom.js";
import { algorithm, clock, duration, isOver, number, progress } from "./format.js";
import { drawGeometry } from "./geometry.js";
import { Images } from "./images.js";
import { ranksTable } from "./ranks.js";

const MOST_LINES = 1000;
const USAGE_EVERY_MS = 5000;

/** What the events have told so far. */
class Story {
  /** @param {import("./types").Job} job */
  constructor(job) {
    this.job = job;
    /** @type {import("./types").Iteration[]} */ this.iterations = [];
    /** @type {import("./types").Rank[]} */ this.ranks = [];
    /** @type {import("./types").Usage[]} */ this.usage = [];
    /** @type {import("./types").JobEvent[]} */ this.log = [];
    /** @type {import("./types").Scan | null} */ this.scan = null;
  }

  /** @param {import("./types").JobEvent} event */
  add(event) {
    const job = this.job;
    if (event.stateChange) {
      job.state = event.stateChange.state;
      job.statusMessage = event.stateChange.reason;
      if (isOver(job.state)) job.endTime = event.time;
    }
    if (event.iteration) {
      const iteration = event.iteration.iteration ?? 0;
      // Another attempt goes on from an earlier iteration.
      while (this.iterations.length && (this.iterations[this.iterations.length - 1].iteration ?? 0) >= iteration)
        this.iterations.pop();
      this.iterations.push(event.iteration);
      job.lastIteration = event.iteration;
    }
    if (event.pool) {
      this.ranks = event.pool.rank ?? [];
      job.pool = event.pool.pool;
    }
    if (event.materials) job.materials = event.materials;
    if (event.log || event.stateChange || event.checkpoint) {
      this.log.push(event);
      if (this.log.length > MOST_LINES) this.log.shift();
    }
  }
}

/** @param {import("./types").JobEvent} event */
function logLine(event) {
  let text = event.log?.text ?? "",
    severity = event.log?.severity ?? "INFO";
  if (event.stateChange) {
    text = `now ${event.stateChange.state.toLowerCase()}${event.stateChange.reason ? `: ${event.stateChange.reason}` : ""}`;
    severity = event.stateChange.state === "FAILED" ? "ERROR" : "INFO";
  }
  if (event.checkpoint)
    text = `checkpoint of iteration ${event.checkpoint.iteration ?? 0} ${(event.checkpoint.kind ?? "").toLowerCase()}`;
  const who = event.log && (event.log.rank ?? 0) >= 0 ? ` rank ${event.log.rank ?? 0}` : "";
  return make(
    "li",
    { class: severity, "data-sequence": event.sequence },
    `${clock(event.time)}${who} ${severity === "INFO" ? "" : `${severity} `}${text}`,
  );
}

class Log {
  /** @param {string} path of the job */
  constructor(path) {
    this.list = make("ol", { class: "log", tabindex: 0, "aria-label": "Event log" });
    this.last = 0;
    const all = make(
      "button",
      { type: "button", onclick: () => this.showLines(path) },
      "Every line of server and ranks",
    );
    this.element = panel("Event log", this.list, make("p", {}, all));
    this.element.classList.add("wide");
  }

  /** @param {import("./types").JobEvent[]} events */
  draw(events) {
    const fresh = events.filter((event) => Number(event.sequence) > this.last);
    if (!fresh.length) return;
    this.last = Number(fresh[fresh.length - 1].sequence);
    const atEnd = this.list.scrollTop + this.list.clientHeight >= this.list.scrollHeight - 20;
    this.list.append(...fresh.map(logLine));
    while (this.list.childElementCount > MOST_LINES) this.list.firstElementChild?.remove();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  /** @param {string} path */
  async showLines(path) {
    const box = make("ol", { class: "log", tabindex: 0, "aria-label": "Log lines" });
    const dialog = make(
      "dialog",
      { "aria-label": "Log lines" },
      box,
      make("form", { method: "dialog" }, make("button", {}, "Close")),
    );
    document.body.append(dialog);
    dialog.addEventListener("close", () => dialog.remove());
    dialog.showModal();
    try {
      const lines = (await get(`${path}/log`)).line;
      box.append(
        ...lines.map((/** @type {any} */ line) =>
          make(
            "li",
            { class: line.severity },
            `${clock(line.time)} ${(line.rank ?? 0) < 0 ? "server" : `rank ${line.rank ?? 0}`} ${line.text ?? ""}`,
          ),
        ),
      );
    } catch (error) {
      box.append(make("li", { class: "ERROR" }, error instanceof Error ? error.message : ""));
    }
  }
}

/** @param {Story} story */
function summary(story) {
  const { job } = story;
  const { done, left } = progress(job);
  const iteration = job.lastIteration;
  const planned = job.iterationsPlanned ?? 0;
  const bar =
    Number.isFinite(done) &&
    job.state !== "QUEUED" &&
    make("progress", { value: done, max: 1, "aria-label": "Progress" });
  const words = planned ? ` ${iteration?.iteration ?? 0} of ${planned}` : "";
  return facts([
    ["State", make("span", { class: `state ${job.state}`, id: "job-state" }, (job.state ?? "").toLowerCase())],
    ["Iterations", bar || words ? make("span", {}, bar, make("span", { id: "iteration" }, words)) : ""],
    ["Still needs", Number.isFinite(left) && left > 0 ? duration(left) : ""],
    ["Algorithm", algorithm(job.spec)],
    ["Owner", job.owner],
    ["Pool", job.pool],
    [
      "Volume",
      job.spec?.volume ? `${job.spec.volume.columns} × ${job.spec.volume.rows} × ${job.spec.volume.slices}` : "",
    ],
    ["Relative residual", iteration?.relativeResidual ? number(iteration.relativeResidual) : ""],
    ["Message", job.statusMessage],
  ]);
}

/** @param {Story} story */
function downloads(story) {
  const slices = story.job.spec?.volume?.slices ?? 1;
  const first = make("input", { type: "number", min: 0, max: slices - 1, value: 0, id: "first" });
  const last = make("input", { type: "number", min: 0, max: slices - 1, value: slices - 1, id: "last" });
  const link = make("a", { id: "download", download: `${story.job.name.slice(5)}.npy` }, "Download (NumPy, 1/mm)");
  const aim = () => {
    link.href = `/api/${story.job.name}/volume.npy?first=${first.value}&count=${Number(last.value) - Number(first.value) + 1}`;
  };
  first.addEventListener("input", aim);
  last.addEventListener("input", aim);
  aim();
  return make(
    "p",
    { class: "bar" },
    make("label", { for: "first" }, "Slices"),
    first,
    make("label", { for: "last" }, "to"),
    last,
    link,
  );
}

/** @param {import("./app.js").App} app @param {Story} story @param {HTMLElement} message */
function buttons(app, story, message) {
  const path = `/api/${story.job.name}`;
  const cancel = make(
    "button",
    {
      type: "button",
      class: "bad",
      id: "cancel",
      onclick: async () => {
        if (!confirm("Cancel this job? Its iterations so far are lost.")) return;
        await change(`${path}/cancel`).catch((error) => {
          message.textContent = error.message;
        });
      },
    },
    "Cancel",
  );
  const clone = make(
    "button",
    { type: "button", id: "clone", onclick: () => cloneDialog(story.job) },
    "Clone with other parameters",
  );
  return app.mayChange
    ? { cancel, bar: make("div", { class: "bar" }, cancel, clone, message) }
    : { cancel: null, bar: make("div", { class: "bar" }, message) };
}

/** @param {import("./app.js").App} app @param {string} id */
export async function open(app, id) {
  const path = `/api/jobs/${encodeURIComponent(id)}`;
  const story = new Story(await get(path));
  document.title = `${story.job.spec?.displayName || story.job.name} – tomoslab`;
  const message = make("span", { role: "alert", class: "error" });
  const { cancel, bar } = buttons(app, story, message);
  const top = make("div"),
    ranks = panel("Ranks"),
    geometry = panel("Geometry");
  ranks.classList.add("wide");
  const charts = new Charts(),
    images = new Images(path, story.job),
    log = new Log(path);
  const result = make("div");
  const draw = oncePerFrame(() => {
    top.replaceChildren(summary(story));
    if (cancel) cancel.disabled = isOver(story.job.state);
    charts.draw(story.iterations);
    images.draw(story.job);
    log.draw(story.log);
    ranks.replaceChildren(make("h2", {}, "Ranks"), ranksTable(story.ranks, story.usage, story.iterations));
    geometry.replaceChildren(make("h2", {}, "Geometry"), drawGeometry(story.scan, story.job.spec?.volume, story.ranks));
    if (story.job.state === "SUCCEEDED" && !result.childElementCount) result.replaceChildren(downloads(story));
  });
  const addEvent = (/** @type {import("./types").JobEvent} */ event) => {
    story.add(event);
    if (event.previewReady) images.add(event.previewReady);
    if (event.slicesReady) images.addSlices(event.slicesReady.begin ?? 0, event.slicesReady.end ?? 0);
    draw();
  };
  const live = new Live(`${path}/events`, { message: addEvent }, (state, error) => {
    if (error instanceof ApiError && error.status === 404) message.textContent = "this job is gone";
    app.told(state, error);
  });
  get(`/api/${story.job.spec?.scan}`).then(
    (scan) => {
      story.scan = scan;
      draw();
    },
    () => {},
  );
  const askUsage = async () => {
    if (document.hidden || isOver(story.job.state) || !story.job.pool) return;
    const info = await get("/api/info").catch(() => null);
    const pool = info?.pool?.find(
      (/** @type {import("./types").Pool} */ one) => one.name === story.job.pool && one.job === story.job.name,
    );
    if (pool?.usage) {
      story.usage = pool.usage;
      draw();
    }
  };
  const timer = setInterval(askUsage, USAGE_EVERY_MS);
  const element = make(
    "div",
    {},
    make("h1", {}, story.job.spec?.displayName || story.job.name),
    top,
    bar,
    result,
    make("div", { class: "grid" }, images.element, charts.misfit, charts.phases, geometry, ranks, log.element),
  );
  draw();
  return {
    element,
    close() {
      live.close();
      clearInterval(timer);
      charts.close();
      images.close();
    },
  };
}
