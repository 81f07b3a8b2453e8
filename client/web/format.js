// Numbers and states as people read them.

/** @param {number} count */
export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let left = count,
    unit = 0;
  while (left >= 1000 && unit < units.length - 1) {
    left /= 1000;
    ++unit;
  }
  return `${left.toFixed(unit === 0 || left >= 100 ? 0 : 1)} ${units[unit]}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} d`;
}

/** @param {number} value */
export function number(value) {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(3) : String(Number(value.toPrecision(4)));
}

/** @param {string | undefined} time */
export function clock(time) {
  return time ? new Date(time).toLocaleTimeString() : "";
}

const ALGORITHMS = /** @type {Record<string, string>} */ ({
  fdk: "FDK",
  sirt: "SIRT",
  cgls: "CGLS",
  bb: "BB",
  polyBb: "poly-BB",
  polySirt: "poly-SIRT",
  dart: "DART",
  polyDart: "poly-DART",
});

/** @param {import("./types").JobSpec | undefined} spec */
export function algorithm(spec) {
  const kind = Object.keys(spec?.algorithm ?? {})[0];
  return kind ? (ALGORITHMS[kind] ?? kind) : "";
}

export const OVER = ["SUCCEEDED", "FAILED", "CANCELLED"];

/** @param {string | undefined} state */
export function isOver(state) {
  return OVER.includes(state ?? "");
}

/**
 * How far a job is, 0 … 1, and the seconds it still needs (NaN: nobody knows).
 * @param {import("./types").Job} job
 */
export function progress(job) {
  if (job.state === "SUCCEEDED") return { done: 1, left: 0 };
  const iteration = job.lastIteration?.iteration ?? 0;
  const planned = job.iterationsPlanned ?? 0;
  if (job.state === "WRITING") return { done: 1, left: NaN };
  if (!planned) return { done: NaN, left: NaN };
  const elapsed = job.lastIteration?.elapsedSeconds ?? 0;
  const left = iteration > 0 && !isOver(job.state) ? (elapsed / iteration) * (planned - iteration) : NaN;
  return { done: Math.min(1, iteration / planned), left };
}
