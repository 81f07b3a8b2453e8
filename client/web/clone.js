// A job like another one, with other parameters.
import { change } from "./api.js";
import { make } from "./dom.js";

/** @param {import("./types").Job} job */
export function cloneDialog(job) {
  const spec = structuredClone(job.spec ?? { scan: "" });
  const kind = Object.keys(spec.algorithm ?? {})[0] ?? "";
  const parameters = spec.algorithm?.[kind] ?? {};
  const stopping = (kind === "dart" || kind === "polyDart" ? parameters.loop : parameters)?.stopping;
  const requestId = crypto.getRandomValues(new Uint32Array(4)).join("-"); // pressed twice: one job
  const name = make("input", { id: "clone-name", value: `${spec.displayName || job.name} (again)`, maxlength: 200 });
  const iterations = make("input", {
    id: "clone-iterations",
    type: "number",
    min: 1,
    max: 1000000,
    value: stopping?.iterations ?? "",
  });
  const priority = make("input", {
    id: "clone-priority",
    type: "number",
    min: -100,
    max: 100,
    value: spec.priority ?? 0,
  });
  const all = make("textarea", { id: "clone-spec", spellcheck: "false" });
  const message = make("p", { role: "alert", class: "error" });
  const write = () => {
    spec.displayName = name.value;
    spec.priority = Number(priority.value);
    if (stopping && iterations.value) stopping.iterations = Number(iterations.value);
    all.value = JSON.stringify(spec, null, 1);
  };
  write();
  for (const input of [name, iterations, priority]) input.addEventListener("input", write);
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      const created = await change("/api/jobs", { spec: JSON.parse(all.value), requestId });
      dialog.close();
      location.hash = `#/${created.job.name}`;
    } catch (error) {
      message.textContent = error instanceof Error ? error.message : String(error);
    }
  };
  const field = (/** @type {string} */ label, /** @type {HTMLElement} */ input) =>
    make("label", { for: input.id }, `${label} `, input);
  const dialog = make(
    "dialog",
    { "aria-label": "Clone with other parameters" },
    make(
      "form",
      { onsubmit: submit },
      make("h2", {}, "Clone with other parameters"),
      field("Name", name),
      stopping && field("Iterations", iterations),
      field("Priority", priority),
      field("All parameters (as in a job file, docs/use.md)", all),
      message,
      make(
        "div",
        { class: "bar" },
        make("button", { class: "main", id: "clone-submit" }, "Queue it"),
        make("button", { type: "button", onclick: () => dialog.close() }, "Close"),
      ),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
