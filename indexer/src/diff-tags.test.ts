import { expect, test } from "vitest";

import { diffTags, type TagFacts } from "./diff-tags.ts";

const root = { name: "pdf", path: "", tagPrefix: null };
const facts = (more: Partial<TagFacts>): TagFacts => ({
  listed: [],
  recorded: [],
  judged: [],
  open: new Set(),
  paks: [root],
  ...more,
});
const listed = (tag: string, object = "a") => ({ tag, object });
const recorded = (tag: string, tagObject = "a", pakId = "1") => ({ tag, tagObject, pakId });
const nothing = { added: [], moved: [], deleted: [] };

test("tag added: it is looked at", () => {
  expect(diffTags(facts({ listed: [listed("v1.0.0")] }))).toEqual({ ...nothing, added: [listed("v1.0.0")] });
});

test("several tags added: all of them, lowest version first", () => {
  const tags = ["v1.10.0", "v1.9.0", "1.10.0-beta.1"].map((tag) => listed(tag));
  expect(diffTags(facts({ listed: tags })).added.map(({ tag }) => tag)).toEqual(["v1.9.0", "1.10.0-beta.1", "v1.10.0"]);
});

test("tag released as it is: nothing", () => {
  expect(diffTags(facts({ listed: [listed("v1.0.0")], recorded: [recorded("v1.0.0")] }))).toEqual(nothing);
});

test("tag moved: it is looked at as moved, not as added", () => {
  const found = diffTags(facts({ listed: [listed("v1.0.0", "b")], recorded: [recorded("v1.0.0")] }));
  expect(found).toEqual({ ...nothing, moved: [listed("v1.0.0", "b")] });
});

test("tag moved and moved back: nothing", () => {
  const found = diffTags(
    facts({ listed: [listed("v1.0.0")], recorded: [recorded("v1.0.0")], judged: [listed("v1.0.0", "b")] }),
  );
  expect(found).toEqual(nothing);
});

test("tag moved with the same digest: nothing, once that is known", () => {
  const known = { listed: [listed("v1.0.0", "b")], recorded: [recorded("v1.0.0")] };
  expect(diffTags(facts({ ...known, judged: [listed("v1.0.0", "b")] }))).toEqual(nothing);
});

test("tag deleted: told for every pak that it released", () => {
  const gone = [recorded("v1.0.0", "a", "1"), recorded("v1.0.0", "a", "2")];
  expect(diffTags(facts({ listed: [listed("other")], recorded: gone }))).toEqual({ ...nothing, deleted: gone });
});

test("last tag deleted: told as well", () => {
  expect(diffTags(facts({ recorded: [recorded("v1.0.0")] })).deleted).toEqual([recorded("v1.0.0")]);
});

test("tag that fits no pak of the repository: not looked at", () => {
  const tags = ["nightly", "v1", "docs--v1.0.0", "v1.0", "pdf--v01.0.0"].map((tag) => listed(tag));
  expect(diffTags(facts({ listed: tags }))).toEqual(nothing);
});

test("tag that fits by folder or by the pak's own prefix: looked at", () => {
  const paks = [
    { name: "pdf", path: "skills/pdf", tagPrefix: null },
    { name: "docx", path: "skills/docx", tagPrefix: "rel-" },
  ];
  const tags = ["skills/pdf/v1.0.0", "pdf--v1.1.0", "rel-2.0.0"].map((tag) => listed(tag));
  expect(diffTags(facts({ listed: tags, paks })).added).toEqual(tags);
});

test("tag judged before: not looked at until it leads to another object", () => {
  const judged = [listed("v1.0.0")];
  expect(diffTags(facts({ listed: [listed("v1.0.0")], judged }))).toEqual(nothing);
  expect(diffTags(facts({ listed: [listed("v1.0.0", "b")], judged })).added).toEqual([listed("v1.0.0", "b")]);
});

test("the same object under another tag name: judged by itself", () => {
  expect(diffTags(facts({ listed: [listed("v1.0.1")], judged: [listed("v1.0.0")] })).added).toHaveLength(1);
});

test("tag that an attempt is open for: left to that attempt", () => {
  const open = new Set(["v1.0.0"]);
  expect(diffTags(facts({ listed: [listed("v1.0.0")], open }))).toEqual(nothing);
});
