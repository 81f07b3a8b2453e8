// Source, detector and volume, from above and from the side, to scale; slabs in their ranks' colours.
import { make, svg } from "./dom.js";
import { number } from "./format.js";

const TONES = ["c1", "c2", "c3", "c4", "c5"];
const SIZE = 300;
const MOST_SOURCES = 720;

/** @typedef {{ x: number, y: number, z: number }} Point */

/**
 * Sources, and the detector's four corners for the first view (docs/geometry.md).
 * @param {import("./types").Scan} scan
 */
function layOut(scan) {
  const { detector, circular, vectors } = scan.geometry ?? {};
  const rows = detector?.rows ?? 1,
    columns = detector?.columns ?? 1;
  const width = columns * (detector?.pixelWidthMm ?? 1);
  const height = rows * (detector?.pixelHeightMm || detector?.pixelWidthMm || 1);
  const parallel = (circular?.beam ?? vectors?.beam) === "BEAM_PARALLEL";
  const far = 0.75 * width;
  /** @type {Point[]} */ let sources = [];
  /** @type {Point} */ let centre;
  /** @type {Point} */ let u;
  /** @type {Point} */ let v = { x: 0, y: 0, z: height };
  if (vectors?.value?.length) {
    const all = vectors.value;
    const views = all.length / 12,
      step = Math.max(1, Math.ceil(views / MOST_SOURCES));
    for (let i = 0; i < views; i += step) {
      const size = parallel ? -far / Math.hypot(all[12 * i], all[12 * i + 1], all[12 * i + 2]) : 1;
      sources.push({ x: size * all[12 * i], y: size * all[12 * i + 1], z: size * all[12 * i + 2] });
    }
    centre = { x: all[3], y: all[4], z: all[5] };
    u = { x: columns * all[6], y: columns * all[7], z: columns * all[8] };
    v = { x: rows * all[9], y: rows * all[10], z: rows * all[11] };
  } else {
    const angles = circular?.angleDeg ?? [0];
    const distance = parallel ? far : (circular?.sourceObjectDistanceMm ?? far);
    const behind = parallel ? far : (circular?.sourceDetectorDistanceMm ?? 0) - distance;
    const step = Math.max(1, Math.ceil(angles.length / MOST_SOURCES));
    sources = angles
      .filter((_, i) => i % step === 0)
      .map((angle) => ({
        x: distance * Math.sin((angle * Math.PI) / 180),
        y: -distance * Math.cos((angle * Math.PI) / 180),
        z: 0,
      }));
    const first = ((angles[0] ?? 0) * Math.PI) / 180,
      shift = circular?.detectorShiftUMm ?? 0;
    centre = {
      x: -behind * Math.sin(first) + shift * Math.cos(first),
      y: behind * Math.cos(first) + shift * Math.sin(first),
      z: circular?.detectorShiftVMm ?? 0,
    };
    u = { x: width * Math.cos(first), y: width * Math.sin(first), z: 0 };
  }
  const corner = (/** @type {number} */ a, /** @type {number} */ b) => ({
    x: centre.x + a * u.x + b * v.x,
    y: centre.y + a * u.y + b * v.y,
    z: centre.z + a * u.z + b * v.z,
  });
  return { parallel, sources, corners: [corner(-0.5, -0.5), corner(0.5, -0.5), corner(0.5, 0.5), corner(-0.5, 0.5)] };
}

/** @param {import("./types").Volume} volume */
function box(volume) {
  const tall = volume.voxelHeightMm || volume.voxelWidthMm;
  return {
    centre: { x: volume.centerMm?.x ?? 0, y: volume.centerMm?.y ?? 0, z: volume.centerMm?.z ?? 0 },
    width: volume.columns * volume.voxelWidthMm,
    depth: volume.rows * volume.voxelWidthMm,
    height: volume.slices * tall,
    tall,
  };
}

/** @param {{ a: number, b: number }[]} extent @returns {(point: { a: number, b: number }) => { x: number, y: number, scale: number }} */
function mapping(extent) {
  const as = extent.map((p) => p.a),
    bs = extent.map((p) => p.b);
  const left = Math.min(...as),
    right = Math.max(...as),
    low = Math.min(...bs),
    high = Math.max(...bs);
  const scale = (SIZE - 40) / Math.max(right - left, high - low, 1e-9);
  return (point) => ({
    x: SIZE / 2 + scale * (point.a - (left + right) / 2),
    y: SIZE / 2 - scale * (point.b - (low + high) / 2),
    scale,
  });
}

/** @param {ReturnType<typeof layOut>} scene @param {ReturnType<typeof box>} body */
function fromAbove(scene, body) {
  const flat = (/** @type {Point} */ p) => ({ a: p.x, b: p.y });
  const map = mapping(
    [...scene.sources, ...scene.corners].map(flat).concat([
      { a: body.width / 2, b: body.depth / 2 },
      { a: -body.width / 2, b: -body.depth / 2 },
    ]),
  );
  const path = scene.sources
    .map((p) => map(flat(p)))
    .map((p) => `${p.x.toFixed(1)},${p.y.toFixed(1)}`)
    .join(" ");
  const source = map(flat(scene.sources[0])),
    from = map(flat(scene.corners[0])),
    to = map(flat(scene.corners[1]));
  const middle = map({ a: body.centre.x - body.width / 2, b: body.centre.y + body.depth / 2 });
  return svg(
    "svg",
    {
      class: "drawing",
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      role: "img",
      "aria-label": `From above: ${scene.sources.length} source positions, the detector at the first view, the volume`,
    },
    svg("rect", {
      x: middle.x,
      y: middle.y,
      width: body.width * middle.scale,
      height: body.depth * middle.scale,
      fill: "none",
      stroke: "var(--c1)",
      "stroke-width": 2,
    }),
    svg("polyline", { points: path, fill: "none", stroke: "var(--soft)", "stroke-dasharray": "2 3" }),
    ...(scene.parallel
      ? []
      : [from, to].map((end) =>
          svg("line", { x1: source.x, y1: source.y, x2: end.x, y2: end.y, stroke: "var(--soft)", "stroke-width": 0.7 }),
        )),
    svg("line", { x1: from.x, y1: from.y, x2: to.x, y2: to.y, stroke: "var(--c2)", "stroke-width": 3 }),
    svg("circle", { cx: source.x, cy: source.y, r: 5, fill: "var(--c3)" }),
    svg("text", { x: Math.min(source.x + 8, SIZE - 50), y: source.y }, "source"),
    svg("text", { x: Math.min(to.x, SIZE - 55), y: Math.max(12, to.y - 6) }, "detector"),
    svg("text", { x: 4, y: SIZE - 4 }, "from above"),
  );
}

/** @param {ReturnType<typeof layOut>} scene @param {ReturnType<typeof box>} body @param {import("./types").Rank[]} ranks @param {number} slices */
function fromSide(scene, body, ranks, slices) {
  const source = scene.sources[0];
  const length = Math.hypot(source.x, source.y) || 1;
  // Along the first view's central ray.
  const flat = (/** @type {Point} */ p) => ({ a: -(p.x * source.x + p.y * source.y) / length, b: p.z });
  const low = body.centre.z - body.height / 2;
  const map = mapping(
    [source, ...scene.corners].map(flat).concat([
      { a: -body.width / 2, b: low },
      { a: body.width / 2, b: low + body.height },
    ]),
  );
  const at = map(flat(source)),
    ends = [map(flat(scene.corners[0])), map(flat(scene.corners[3]))];
  const slabs = ranks.length ? ranks : [{ sliceBegin: 0, sliceEnd: slices }];
  const parts = slabs.map((rank, i) => {
    const begin = rank.sliceBegin ?? 0,
      end = rank.sliceEnd ?? 0;
    const top = map({ a: -body.width / 2, b: low + end * body.tall });
    const text = ranks.length > 1 && ranks.length <= 12 ? `rank ${rank.rank ?? i}` : "";
    return svg(
      "g",
      {},
      svg(
        "rect",
        {
          x: top.x,
          y: top.y,
          width: body.width * top.scale,
          height: Math.max(1, (end - begin) * body.tall * top.scale),
          fill: `var(--${TONES[i % TONES.length]})`,
          "fill-opacity": 0.45,
          stroke: "var(--text)",
          "stroke-width": 0.6,
          class: "slab",
        },
        svg("title", {}, `slices ${begin} to ${end - 1}`),
      ),
      svg("text", { x: top.x + 3, y: top.y + 11 }, text),
    );
  });
  return svg(
    "svg",
    {
      class: "drawing",
      viewBox: `0 0 ${SIZE} ${SIZE}`,
      role: "img",
      "aria-label": `From the side: source, detector, and the volume in ${slabs.length} slabs`,
    },
    ...parts,
    ...(scene.parallel
      ? []
      : ends.map((end) =>
          svg("line", { x1: at.x, y1: at.y, x2: end.x, y2: end.y, stroke: "var(--soft)", "stroke-width": 0.7 }),
        )),
    svg("line", { x1: ends[0].x, y1: ends[0].y, x2: ends[1].x, y2: ends[1].y, stroke: "var(--c2)", "stroke-width": 3 }),
    svg("circle", { cx: at.x, cy: at.y, r: 5, fill: "var(--c3)" }),
    svg("text", { x: 4, y: SIZE - 4 }, "from the side, slabs by rank"),
  );
}

/** @param {import("./types").Scan | null} scan @param {import("./types").Volume | undefined} volume @param {import("./types").Rank[]} ranks */
export function drawGeometry(scan, volume, ranks) {
  if (!scan?.geometry || !volume)
    return make("p", { class: "soft" }, "The scan is not there any more, or not yet read.");
  const scene = layOut(scan),
    body = box(volume);
  if (!scene.sources.length) return make("p", { class: "soft" }, "The scan has no views.");
  const orbit = scan.geometry.circular;
  const words = [
    scene.parallel ? "parallel beam" : "cone beam",
    `${scan.viewCount ?? 0} views`,
    !scene.parallel && orbit
      ? `source to axis ${number(orbit.sourceObjectDistanceMm ?? NaN)} mm, to detector ${number(orbit.sourceDetectorDistanceMm ?? NaN)} mm`
      : "",
    `voxel ${number(volume.voxelWidthMm)} mm`,
  ]
    .filter(Boolean)
    .join(", ");
  return make(
    "div",
    {},
    make("div", { class: "planes" }, fromAbove(scene, body), fromSide(scene, body, ranks, volume.slices)),
    make("p", { class: "soft" }, words),
  );
}
