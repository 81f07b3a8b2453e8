// Calls to the server that sent this page, and to no other.

export class ApiError extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {Response} response */
async function failure(response) {
  const text = await response.text();
  try {
    return new ApiError(response.status, JSON.parse(text).message);
  } catch {
    return new ApiError(response.status, text.trim() || response.statusText);
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 */
async function send(path, options) {
  const response = await fetch(path, options).catch(() => {
    throw new ApiError(0, "the server does not answer");
  });
  if (!response.ok) throw await failure(response);
  return response;
}

/** @param {string} path @returns {Promise<any>} */
export async function get(path) {
  return (await send(path)).json();
}

/** @param {string} path @param {any} [body] @param {string} [method] @returns {Promise<any>} */
export async function change(path, body = {}, method = "POST") {
  const options =
    method === "DELETE"
      ? { method }
      : { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return (await send(path, options)).json();
}

/**
 * An image of float32.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<import("./types").Image>}
 */
export async function image(path, signal) {
  const response = await send(path, { signal });
  /** @param {string} name */
  const header = (name) => Number(response.headers.get(name) ?? 0);
  const data = new Float32Array(await response.arrayBuffer());
  return {
    data,
    rows: header("X-Rows"),
    columns: header("X-Columns"),
    index: header("X-Index"),
    iteration: header("X-Iteration"),
  };
}

const HIDDEN_MS = 20000;
const LONGEST_WAIT_MS = 15000;

/** A stream of server-sent events that goes on, after any cut, where it was. While nobody looks at the page it rests. */
export class Live {
  /**
   * @param {string} path
   * @param {Record<string, (data: any) => void>} on by kind of event; "message" is the usual one
   * @param {(state: "on" | "cut" | "end", error?: ApiError) => void} told
   */
  constructor(path, on, told) {
    this.path = path;
    this.on = on;
    this.told = told;
    this.last = "";
    this.wait = 1000;
    this.timer = 0;
    /** @type {EventSource | null} */
    this.source = null;
    this.ended = false;
    this.look = () => {
      clearTimeout(this.timer);
      if (document.hidden) this.timer = setTimeout(() => this.rest(), HIDDEN_MS);
      else if (!this.source) this.open();
    };
    document.addEventListener("visibilitychange", this.look);
    this.open();
  }

  open() {
    if (this.ended) return;
    const joint = this.path.includes("?") ? "&" : "?";
    const source = new EventSource(this.last ? `${this.path}${joint}after=${this.last}` : this.path);
    this.source = source;
    source.onopen = () => {
      this.wait = 1000;
      this.told("on");
    };
    source.onerror = () => this.broken(source);
    source.addEventListener("end", () => {
      this.close();
      this.told("end");
    });
    for (const kind of Object.keys(this.on)) {
      source.addEventListener(kind, (event) => {
        if (event.lastEventId) this.last = event.lastEventId;
        this.on[kind](JSON.parse(event.data));
      });
    }
  }

  /** @param {EventSource} source */
  async broken(source) {
    if (source !== this.source) return;
    this.told("cut");
    // The browser itself tries again, unless the server refused.
    if (source.readyState !== EventSource.CLOSED) return;
    this.rest();
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(LONGEST_WAIT_MS, 2 * this.wait);
    try {
      await get("/api/session");
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.told("cut", error);
    }
  }

  rest() {
    this.source?.close();
    this.source = null;
  }

  close() {
    this.ended = true;
    clearTimeout(this.timer);
    document.removeEventListener("visibilitychange", this.look);
    this.rest();
  }
}
