import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../src/api.js";
import { bytes } from "../src/format.js";

test("a refused form is explained field by field", () => {
  assert.equal(explain(400, { errors: { file: ["Not a PDF."], student: ["Missing."] } }), "file: Not a PDF.\nstudent: Missing.");
});

test("an answer without a body is explained by its status", () => {
  assert.equal(explain(502, {}), "The server answered 502.");
  assert.match(explain(413, {}), /100 MB/);
});

test("sizes are readable", () => {
  assert.deepEqual([null, 0, 551, 1500, 2_340_000].map(bytes), ["", "0 B", "551 B", "1.5 kB", "2.3 MB"]);
});
