import { expect, test } from "vitest";
import { choosePak, describePaks } from "./choose-pak.ts";
import { discoverPaks } from "./discover.ts";
import type { PakTree } from "./pak-tree.ts";

/** Every path is a file; those without a text hold a manifest. */
function treeOf(files: Record<string, unknown>): PakTree & { readonly read: PakTree["read"]; reads: number } {
  const tree = {
    reads: 0,
    paths: Object.keys(files),
    read: (paths: readonly string[]) => {
      tree.reads += paths.length;
      const found = paths.filter((path) => path in files);
      return Promise.resolve(
        new Map(
          found.map((path) => {
            const content = files[path];
            return [path, Buffer.from(typeof content === "string" ? content : JSON.stringify(content))] as const;
          }),
        ),
      );
    },
  };
  return tree;
}
const skill = "---\nname: pdf\ndescription: Reads and fills forms in PDF files.\n---\n";
const skillsAt = (...folders: string[]) => Object.fromEntries(folders.map((one) => [`${one}/SKILL.md`, skill]));

test.each([
  ["the root", ["SKILL.md"], [""]],
  ["a folder of the root", ["pdf/SKILL.md", "csv/skill.md"], ["csv", "pdf"]],
  ["skills", ["skills/pdf/SKILL.md"], ["skills/pdf"]],
  [
    "groups in skills",
    ["skills/acme/pdf/SKILL.md", "skills/.curated/csv/SKILL.md"],
    ["skills/.curated/csv", "skills/acme/pdf"],
  ],
  ["plugins", ["plugins/office/skills/pdf/SKILL.md"], ["plugins/office/skills/pdf"]],
  ["a tool's folder", [".claude/skills/pdf/SKILL.md"], [".claude/skills/pdf"]],
  ["a deeper tool's folder", [".posit/assistant/skills/pdf/SKILL.md"], [".posit/assistant/skills/pdf"]],
  ["anywhere else, when it is nowhere known", ["src/tools/x/pdf/SKILL.md"], ["src/tools/x/pdf"]],
])("paks are found in %s", async (_name, paths, found) => {
  expect(await discoverPaks(treeOf(Object.fromEntries(paths.map((path) => [path, skill]))))).toEqual(found);
});

test("what tools make, what lies far down and what is none of the known places beside a known one is left out", async () => {
  const hidden = ["node_modules/x", "skills/node_modules/x", "dist/skills/x", "a/b/c/d/e/f/g"];
  expect(await discoverPaks(treeOf(skillsAt(...hidden)))).toEqual([]);
  expect(await discoverPaks(treeOf(skillsAt("skills/pdf", "test/fixtures/a/b")))).toEqual(["skills/pdf"]);
});

test("a copy in a tool's folder is not a second pak, and what was installed there is not one at all", async () => {
  expect(await discoverPaks(treeOf(skillsAt("skills/pdf", ".claude/skills/pdf")))).toEqual(["skills/pdf"]);
  const installed = {
    ...skillsAt(".agents/skills/own", ".agents/skills/byrecord", ".agents/skills/bylock", ".agents/skills/byother"),
    ".agents/skills/.paks/byrecord.json": {},
    "paks.lock": { paks: { bylock: {} } },
    "skills-lock.json": { skills: { byother: {} } },
  };
  expect(await discoverPaks(treeOf(installed))).toEqual([".agents/skills/own"]);
});

test("plugin manifests name folders, in the form of their documentation and in that of other tools", async () => {
  const files = {
    ...skillsAt(
      "tools/office/abilities/pdf",
      "tools/office/skills/csv",
      "tools/mail/skills/send",
      "extra/lone",
      "other/x/y/z/skills/xml",
      "not/named/w",
    ),
    ".claude-plugin/marketplace.json": {
      metadata: { pluginRoot: "./tools" },
      plugins: [
        { source: "office", skills: ["./abilities/pdf"] },
        { source: "./extra", skills: "./lone" },
        { source: "./mail" },
        { source: { source: "github", repo: "a/b" } },
        { source: "../../etc" },
        { source: "/etc" },
        null,
        7,
      ],
    },
    "other/x/y/z/.claude-plugin/plugin.json": { name: "z", skills: ["../../../../../..", "C:\\x"] },
  };
  expect((await discoverPaks(treeOf(files))).toSorted()).toEqual([
    "extra/lone",
    "other/x/y/z/skills/xml",
    "tools/mail/skills/send",
    "tools/office/abilities/pdf",
    "tools/office/skills/csv",
  ]);
});

test.each(["{", "[]", "null", '"x"', '{"plugins":{}}', '{"plugins":[[]]}', '{"metadata":3,"plugins":[{"source":{}}]}'])(
  "the plugin manifest %s is a hint that says nothing",
  async (text) => {
    const files = { ...skillsAt("a/b/c"), ".claude-plugin/marketplace.json": text };
    expect(await discoverPaks(treeOf(files))).toEqual(["a/b/c"]);
  },
);

test("a hostile repository costs bounded reading: at most 100 plugin manifests, 1000 paks", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 5000 }, (_, i) => [`p${i}/.claude-plugin/plugin.json`, { skills: ["./s"] }]),
  );
  const skills = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`p${i}/s/SKILL.md`, skill]));
  const tree = treeOf({ ...many, ...skills });
  const start = performance.now();
  expect((await discoverPaks(tree)).length).toBeLessThanOrEqual(1000);
  expect(tree.reads).toBeLessThanOrEqual(102);
  expect(performance.now() - start).toBeLessThan(5000);
});

test("a list tells what manifests say, keeps those that cannot be read by their folder, and hides what is internal", async () => {
  const tree = treeOf({
    "skills/pdf/SKILL.md": `---\nname: pdf\ndescription: Reads forms.\nversion: 1.2.0\n---\n`,
    "skills/broken/SKILL.md": "no front matter",
    "skills/hidden/SKILL.md": "---\nname: hidden\ndescription: For us.\nmetadata:\n  internal: true\n---\n",
    "skills/js/SKILL.md": "---js\n{ name: process.exit(1) }\n---\n",
  });
  expect(await describePaks(tree, ["skills/pdf", "skills/broken", "skills/hidden", "skills/js"])).toEqual([
    { path: "skills/pdf", name: "pdf", description: "Reads forms.", version: "1.2.0" },
    { path: "skills/broken", name: "broken", description: "", version: null, problem: expect.stringContaining("---") },
    { path: "skills/js", name: "js", description: "", version: null, problem: expect.stringContaining("---") },
  ]);
});

test("what an author marks as internal is no choice beside others, and is taken where it is named or alone", async () => {
  const hidden = "---\nname: hidden\ndescription: For us.\nmetadata:\n  internal: true\n---\n";
  const from = { where: "the repository", sourceOf: (path: string) => path };
  const both = treeOf({ ...skillsAt("skills/pdf"), "skills/hidden/SKILL.md": hidden });
  expect(await choosePak(both, from)).toBe("skills/pdf");
  expect(await choosePak(both, from, { path: "skills/hidden" })).toBe("skills/hidden");
  expect(await choosePak(treeOf({ "skills/hidden/SKILL.md": hidden }), from)).toBe("skills/hidden");
  const three = treeOf({ ...skillsAt("skills/pdf", "skills/csv"), "skills/hidden/SKILL.md": hidden });
  await expect(choosePak(three, from)).rejects.toMatchObject({
    code: "AMBIGUOUS_MANIFEST",
    details: { paths: ["skills/csv", "skills/pdf"] },
  });
});
