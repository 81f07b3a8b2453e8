// Who is there, which view is open, and whether it is live.
import { ApiError, change, get } from "./api.js";
import { make } from "./dom.js";

/**
 * @typedef {object} App
 * @property {import("./types").Identity} identity
 * @property {boolean} mayChange
 * @property {(state: "on" | "cut" | "end", error?: ApiError) => void} told
 */

/** @param {string} id */
const element = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
const main = element("main");
/** @type {{ element: HTMLElement, close: () => void } | null} */
let view = null;
let opened = 0;

/** @type {App} */
const app = {
  identity: {},
  mayChange: false,
  told(state, error) {
    const live = element("live");
    live.dataset.state = { on: "on", cut: "off", end: "on" }[state];
    live.textContent = { on: "live", cut: "connection lost, trying again", end: "complete" }[state];
    if (error?.status === 401) logIn(error.message);
  },
};

/** @param {HTMLElement} content @param {() => void} [close] */
function show(content, close = () => {}) {
  view?.close();
  view = { element: content, close };
  main.replaceChildren(content);
}

/** @param {string} [why] */
function logIn(why) {
  const message = make("p", { role: "alert", class: "error" });
  const token = make("input", {
    type: "password",
    name: "token",
    id: "token",
    autocomplete: "current-password",
    required: true,
  });
  const enter = async (/** @type {Event} */ event) => {
    event.preventDefault();
    try {
      await change("/api/session", { token: token.value.trim() });
      token.value = "";
      await start();
    } catch (error) {
      message.textContent = error instanceof ApiError ? error.message : String(error);
    }
  };
  document.title = "Log in – tomoslab";
  show(
    make(
      "form",
      { class: "login", onsubmit: enter },
      make("h1", {}, "Log in"),
      make(
        "p",
        {},
        "This server asks for a token; its admin makes one with ",
        make("code", {}, "tomoslab token create"),
        ".",
      ),
      make("label", { for: "token" }, "Token"),
      token,
      make("p", {}, make("button", { class: "main" }, "Log in")),
      message,
    ),
  );
  if (why) message.textContent = "";
  token.focus();
}

async function route() {
  const number = ++opened;
  const [page, id] = location.hash.replace(/^#\/?/, "").split("/");
  for (const link of document.querySelectorAll("nav a")) {
    link.toggleAttribute("aria-current", link.getAttribute("data-page") === (page || "jobs"));
    if (link.hasAttribute("aria-current")) link.setAttribute("aria-current", "page");
  }
  // What only one view needs is loaded with it.
  const [{ open }, argument] =
    page === "jobs" && id
      ? [await import("./job.js"), decodeURIComponent(id)]
      : page === "pools"
        ? [await import("./pool.js"), ""]
        : [await import("./jobs.js"), ""];
  if (number !== opened) return;
  const next = await open(app, argument).catch((/** @type {Error} */ error) => {
    if (error instanceof ApiError && error.status === 401) return logIn(error.message);
    return { element: make("p", { role: "alert", class: "error" }, error.message), close() {} };
  });
  if (!next) return;
  if (number === opened) show(next.element, next.close);
  else next.close();
}

async function start() {
  try {
    app.identity = await get("/api/session");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      logIn();
    } else {
      app.told("cut");
      setTimeout(start, 2000);
    }
    return;
  }
  app.mayChange = ["ROLE_OPERATOR", "ROLE_ADMIN"].includes(app.identity.role ?? "");
  const known = Boolean(app.identity.authenticated);
  element("user").textContent = known
    ? `${app.identity.user} (${(app.identity.role ?? "").replace("ROLE_", "").toLowerCase()})`
    : "";
  element("logout").hidden = !known;
  await route();
}

element("logout").addEventListener("click", async () => {
  await change("/api/session", {}, "DELETE");
  location.reload();
});
document.querySelector(".skip")?.addEventListener("click", (event) => {
  event.preventDefault(); // its address would be that of another view
  main.focus();
});
addEventListener("hashchange", () => {
  route().then(() => main.focus());
});
start();
