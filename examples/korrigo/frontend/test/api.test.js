import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../src/api.js";
import { bytes } from "../src/format.js";
import { nextPage } from "../src/next.js";

test("a refused form is explained field by field", () => {
  assert.equal(explain(400, { errors: { file: ["Not a PDF."], student: ["Missing."] } }), "file: Not a PDF.\nstudent: Missing.");
});

test("an answer without a body is explained by its status", () => {
  assert.equal(explain(502, {}), "The server answered 502.");
  assert.equal(explain(413, { errors: { request: ["At most 100 MB."] } }), "At most 100 MB.");
});

test("sizes are readable", () => {
  assert.deepEqual([null, 0, 551, 1500, 2_340_000].map(bytes), ["", "0 B", "551 B", "1.5 kB", "2.3 MB"]);
});

test("signing in leads back to the page that asked for it, and never to another site", () => {
  const origin = "https://korrigo.example";
  const next = (page) => nextPage(new URL(`${origin}/login/?${new URLSearchParams(page === undefined ? {} : { next: page })}`));
  assert.equal(next("/media/copies/1.pdf?x=1"), "/media/copies/1.pdf?x=1");
  assert.equal(next(`${origin}/media/1.pdf`), "/media/1.pdf");
  for (const other of [undefined, "https://evil.example/", "//evil.example/", "\\\\evil.example", "javascript:alert(1)", "https://"])
    assert.equal(next(other), undefined);
});
