/** Calls the API. A response that is not 2xx becomes an Error with its status and a readable message. */
export async function call(path, options) {
  const response = await fetch(`/api/${path}`, { ...options, headers: { Accept: "application/json", ...options?.headers } });
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw Object.assign(new Error(explain(response.status, body)), { status: response.status });
  return body;
}

/** A write needs a CSRF token, which only our own pages can read. Fetched every time: signing in elsewhere changes it. */
async function write(path, { headers, ...options }) {
  const { csrf } = await call("session/");
  return await call(path, { ...options, headers: { ...headers, "X-CSRFToken": csrf } });
}

export const post = (path, body) =>
  write(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** FormData brings its own content type, with the boundary in it. */
export const upload = (path, fields) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return write(path, { method: "POST", body });
};

/** Who is signed in, or null. */
export const signedIn = async () => (await call("session/")).user;
export const signIn = async (username, password) => (await post("session/", { username, password })).user;
export const signOut = () => write("session/", { method: "DELETE" });

export function explain(status, body) {
  if (body.errors)
    return Object.entries(body.errors)
      .map(([field, messages]) => `${whole.includes(field) ? "" : `${field}: `}${messages.join(" ")}`)
      .join("\n");
  return `The server answered ${status}.`;
}

/** Keys of errors that are not about a form field. */
const whole = ["request", "login"];
