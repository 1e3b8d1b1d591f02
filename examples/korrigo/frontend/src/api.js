/** Calls the API; an answer that is not 2xx becomes an Error whose message a person can read. */
export async function call(path, options) {
  const response = await fetch(`/api/${path}`, options);
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(explain(response.status, body));
  return body;
}

export const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** FormData brings its own content type, with the boundary in it. */
export const upload = (path, fields) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return call(path, { method: "POST", body });
};

export function explain(status, body) {
  if (body.errors)
    return Object.entries(body.errors)
      .map(([field, messages]) => `${field}: ${messages.join(" ")}`)
      .join("\n");
  if (body.error) return body.error;
  if (status === 413) return "The file is larger than 100 MB."; // nginx says so, in HTML
  return `The server answered ${status}.`;
}
