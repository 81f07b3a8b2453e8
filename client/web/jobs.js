// The list of jobs.
import { Live } from "./api.js";
import { make } from "./dom.js";
import { algorithm, clock, duration, isOver, progress } from "./format.js";

const FILTERS = /** @type {[string, string][]} */ ([
  ["", "all states"],
  ["QUEUED", "queued"],
  ["LOADING,RUNNING,WRITING", "running"],
  ["SUCCEEDED", "succeeded"],
  ["FAILED", "failed"],
  ["CANCELLED", "cancelled"],
]);

/** @param {import("./types").Job} job */
function progressCell(job) {
  const { done, left } = progress(job);
  const iteration = job.lastIteration?.iteration ?? 0;
  const words = job.iterationsPlanned ? `${iteration} of ${job.iterationsPlanned}` : "";
  if (!Number.isFinite(done) || job.state === "QUEUED") return make("span", { class: "soft" }, job.statusMessage ?? "");
  return make(
    "span",
    {},
    make("progress", { value: done, max: 1, "aria-label": `${Math.round(100 * done)} %` }),
    " ",
    words,
    Number.isFinite(left) && left > 0 && make("span", { class: "soft eta" }, ` · ${duration(left)} left`),
  );
}

/** @param {import("./types").Job} job */
function row(job) {
  const id = job.name.slice(5);
  /** @param {string} label @param {...import("./dom.js").Child} children */
  const cell = (label, ...children) => make("td", { "data-label": label }, ...children);
  return make(
    "tr",
    { "data-job": job.name },
    cell("Job", make("a", { href: `#/jobs/${id}` }, job.spec?.displayName || job.name)),
    cell("State", make("span", { class: `state ${job.state}` }, (job.state ?? "").toLowerCase())),
    cell("Owner", job.owner || "–"),
    cell("Algorithm", algorithm(job.spec)),
    cell("Progress", progressCell(job)),
    cell(isOver(job.state) ? "Ended" : "Made", clock(isOver(job.state) ? job.endTime : job.createTime)),
  );
}

/** @param {import("./app.js").App} app */
export async function open(app) {
  document.title = "Jobs – tomoslab";
  /** @type {import("./types").Job[]} */
  let jobs = [];
  let nextPage = "";
  const pages = [""];
  /** @type {Live | null} */
  let live = null;
  const state = make(
    "select",
    {
      id: "state",
      onchange: () => {
        pages.length = 1;
        follow();
      },
    },
    ...FILTERS.map(([value, name]) => make("option", { value }, name)),
  );
  const text = make("input", {
    type: "search",
    id: "filter",
    placeholder: "name, owner, algorithm",
    oninput: () => draw(),
  });
  const body = make("tbody");
  const summary = make("p", { class: "soft", role: "status" });
  const older = make(
    "button",
    {
      type: "button",
      onclick: () => {
        pages.push(nextPage);
        follow();
      },
    },
    "Older",
  );
  const newer = make(
    "button",
    {
      type: "button",
      onclick: () => {
        pages.pop();
        follow();
      },
    },
    "Newer",
  );
  const draw = () => {
    const wanted = text.value.toLowerCase();
    const shown = jobs.filter((job) =>
      [job.name, job.spec?.displayName, job.owner, algorithm(job.spec)].join(" ").toLowerCase().includes(wanted),
    );
    const focus = document.activeElement?.getAttribute("href");
    body.replaceChildren(...shown.map(row));
    if (focus?.startsWith("#/jobs/"))
      /** @type {HTMLElement | null} */ (body.querySelector(`a[href="${CSS.escape(focus)}"]`))?.focus();
    const words = shown.length === 1 ? "1 job" : `${shown.length} jobs`;
    if (summary.textContent !== words) summary.textContent = words;
    older.disabled = !nextPage;
    newer.disabled = pages.length === 1;
  };
  const follow = () => {
    live?.close();
    const query = new URLSearchParams({ page_size: "50", state: state.value, page_token: pages[pages.length - 1] });
    live = new Live(
      `/api/overview?${query}`,
      {
        jobs: (data) => {
          jobs = data.job ?? [];
          nextPage = data.nextPageToken ?? "";
          draw();
        },
      },
      app.told,
    );
  };
  follow();
  const head = make(
    "tr",
    {},
    ...["Job", "State", "Owner", "Algorithm", "Progress", "Time"].map((name) => make("th", { scope: "col" }, name)),
  );
  const element = make(
    "div",
    {},
    make("h1", {}, "Jobs"),
    make(
      "div",
      { class: "bar" },
      make("label", { for: "state" }, "Show"),
      state,
      make("label", { for: "filter" }, "Filter"),
      text,
    ),
    make(
      "table",
      { class: "cards" },
      make("caption", { class: "hidden" }, "Jobs, newest first"),
      make("thead", {}, head),
      body,
    ),
    summary,
    make("div", { class: "bar" }, newer, older),
  );
  return { element, close: () => live?.close() };
}
