// Who works on a job: host, device, slab, memory, share of time, bytes exchanged.
import { make } from "./dom.js";
import { bytes } from "./format.js";

const NAMES = ["Rank", "Host", "Device", "Slab", "Memory", "Share of time", "Waiting", "Sent"];

/**
 * Seconds and bytes of each rank over all iterations.
 * @param {import("./types").Iteration[]} iterations
 * @param {number} count
 */
function totals(iterations, count) {
  const sums = Array.from({ length: count }, () => ({ busy: 0, waiting: 0, sent: 0 }));
  for (const iteration of iterations) {
    (iteration.rank ?? []).slice(0, count).forEach((times, i) => {
      const seconds = times.seconds ?? {};
      sums[i].busy += (seconds.projection ?? 0) + (seconds.backprojection ?? 0) + (seconds.update ?? 0);
      sums[i].waiting += seconds.exchange ?? 0;
      sums[i].sent += Number(times.sentBytes ?? 0);
    });
  }
  return sums;
}

/** @param {number} share 0 … 1 */
function meter(share) {
  const bar = make("i");
  bar.style.width = `${Math.round(100 * share)}%`;
  return make(
    "span",
    {},
    make("span", { class: "meter", "aria-hidden": "true" }, bar),
    ` ${Math.round(100 * share)} %`,
  );
}

/** @param {import("./types").Rank} rank @param {import("./types").Usage | undefined} usage */
function memory(rank, usage) {
  const planned = bytes(Number(rank.memoryBytes ?? 0));
  const device = Number(rank.deviceMemoryBytes ?? 0);
  const now = usage?.residentBytes ? `, ${bytes(Number(usage.residentBytes))} now` : "";
  return `${planned} planned${now}${device ? `; GPU ${bytes(device)} planned${usage?.deviceBytes ? `, ${bytes(Number(usage.deviceBytes))} now` : ""}` : ""}${rank.streamed ? ", streamed" : ""}`;
}

/** @param {import("./types").Rank[]} ranks @param {import("./types").Usage[]} usage @param {import("./types").Iteration[]} iterations */
export function ranksTable(ranks, usage, iterations) {
  if (!ranks.length) return make("p", { class: "soft" }, "No pool has it yet.");
  const sums = totals(iterations, ranks.length);
  const all = sums.reduce((sum, one) => sum + one.busy, 0);
  const rows = ranks.map((rank, i) => {
    const { busy, waiting, sent } = sums[i];
    const used = usage.find((one) => (one.rank ?? 0) === (rank.rank ?? i));
    const cells = [
      String(rank.rank ?? i),
      rank.host ?? "",
      rank.device ?? "",
      `${rank.sliceBegin ?? 0} … ${(rank.sliceEnd ?? 0) - 1}`,
      memory(rank, used),
      all > 0 ? meter(busy / all) : "–",
      busy + waiting > 0 ? meter(waiting / (busy + waiting)) : "–",
      bytes(sent),
    ];
    return make("tr", {}, ...cells.map((cell, column) => make("td", { "data-label": NAMES[column] }, cell)));
  });
  return make(
    "div",
    { class: "scroll" },
    make(
      "table",
      { class: "cards", id: "ranks" },
      make("caption", { class: "hidden" }, "Ranks of the pool that has the job"),
      make("thead", {}, make("tr", {}, ...NAMES.map((name) => make("th", { scope: "col" }, name)))),
      make("tbody", {}, ...rows),
    ),
  );
}
