// The pools: who computes, on what, how busy, and what waits.
import { Live } from "./api.js";
import { facts, make } from "./dom.js";
import { bytes } from "./format.js";

/** CPU seconds per second since the usage before, as cores. */
class Load {
  constructor() {
    /** @type {Map<string, { cpu: number, seconds: number, cores: number }>} */ this.last = new Map();
  }

  /** @param {string} key @param {import("./types").Usage} usage */
  cores(key, usage) {
    const now = { cpu: usage.cpuSeconds ?? 0, seconds: usage.seconds ?? 0, cores: NaN };
    const before = this.last.get(key);
    if (before && now.seconds <= before.seconds) return before.cores;
    const from = before ?? { cpu: 0, seconds: 0 };
    now.cores = now.seconds > from.seconds ? (now.cpu - from.cpu) / (now.seconds - from.seconds) : NaN;
    this.last.set(key, now);
    return now.cores;
  }
}

/** @param {import("./types").Pool} pool @param {Load} load */
function rows(pool, load) {
  return (pool.rank ?? []).map((rank, i) => {
    const usage = pool.usage?.find((one) => (one.rank ?? 0) === (rank.rank ?? i));
    const cores = usage ? load.cores(`${pool.name}/${rank.rank ?? i}`, usage) : NaN;
    const memory = usage ? bytes(Number(usage.residentBytes ?? 0)) : "–";
    return make(
      "tr",
      {},
      make("td", { "data-label": "Rank" }, rank.rank ?? i),
      make("td", { "data-label": "Host" }, rank.host ?? ""),
      make("td", { "data-label": "Device" }, rank.device ?? ""),
      make("td", { "data-label": "Load" }, Number.isFinite(cores) ? `${cores.toFixed(1)} cores` : "–"),
      make("td", { "data-label": "Memory" }, memory),
    );
  });
}

/** @param {import("./types").Pool} pool @param {Load} load */
function section(pool, load) {
  const job = pool.job?.startsWith("jobs/") ? make("a", { href: `#/${pool.job}` }, pool.job) : pool.job || "idle";
  const head = make(
    "tr",
    {},
    ...["Rank", "Host", "Device", "Load", "Memory"].map((name) => make("th", { scope: "col" }, name)),
  );
  return make(
    "section",
    { class: "panel", "aria-label": `Pool ${pool.name}` },
    make("h2", {}, pool.name),
    facts([
      ["Works on", job],
      ["Ranks", pool.ranks ?? 0],
      ["Started by", pool.local ? "this server" : "somebody else"],
    ]),
    make(
      "table",
      { class: "cards" },
      make("caption", { class: "hidden" }, `Ranks of ${pool.name}`),
      make("thead", {}, head),
      make("tbody", {}, ...rows(pool, load)),
    ),
  );
}

/** @param {import("./app.js").App} app */
export async function open(app) {
  document.title = "Pools – tomoslab";
  const load = new Load();
  const summary = make("div"),
    pools = make("div", { class: "grid" });
  /** @param {import("./types").ServerInfo} info */
  const draw = (info) => {
    const all = info.pool ?? [];
    const busy = all.filter((pool) => pool.job).length;
    summary.replaceChildren(
      facts([
        ["Jobs in the queue", info.queuedJobs ?? 0],
        ["Pools at work", `${busy} of ${all.length}`],
        ["Ranks", all.reduce((sum, pool) => sum + (pool.ranks ?? 0), 0)],
        ["Free on disk", `${bytes(Number(info.storeFreeBytes ?? 0))} of ${bytes(Number(info.storeTotalBytes ?? 0))}`],
        ["Version", info.version ?? ""],
      ]),
    );
    pools.replaceChildren(...all.map((pool) => section(pool, load)));
    if (!all.length) pools.replaceChildren(make("p", {}, "No pool is attached: jobs wait in the queue."));
  };
  const live = new Live("/api/overview?page_size=1", { server: draw }, app.told);
  return { element: make("div", {}, make("h1", {}, "Pools"), summary, pools), close: () => live.close() };
}
