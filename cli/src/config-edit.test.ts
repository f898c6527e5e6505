import { chmod, lstat, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { parse, stringify } from "smol-toml";
import { expect, test } from "vitest";
import { type ConfigEdit, changeConfig, editToml } from "./config-edit.ts";
import { tempFolder } from "./testing/index.ts";

const edit = (text: string, path: string, value: ConfigEdit["value"]) =>
  editToml(text, [{ path: path.split("/"), value }], "config.toml");

const full = `# top of the file
default_agent = "cursor" # why
list = [
  "a", # one
  "b]",
]
text = """
[agents.fake]
skills_dir = "no"
"""

[agents.mine]   # my own
skills_dir = '~/mine' # here
"odd key" = { a = 1 }

# about the registry
[registries."a b"]
url = "https://a.example"
token = "x"
`;

test.each<[string, string, ConfigEdit["value"], string, string]>([
  ["a value", "default_agent", "codex", '"cursor" # why', '"codex" # why'],
  ["a list", "list", ["c"], '[\n  "a", # one\n  "b]",\n]', '["c"]'],
  ["a key of a table", "agents/mine/skills_dir", "/x", "'~/mine' # here", '"/x" # here'],
  ["a key of a quoted table", "registries/a b/url", "https://b.example", "https://a.example", "https://b.example"],
])("%s is replaced and nothing else", (_, path, value, before, after) => {
  expect(edit(full, path, value)).toBe(full.replace(before, () => after));
});

test("a new key stands behind its table's last one, a new table at the end", () => {
  expect(edit(full, "offline", true)).toBe(full.replace('\n"""\n', '\n"""\noffline = true\n'));
  expect(edit(full, "agents/mine/name", 'M"e')).toBe(full.replace("{ a = 1 }\n", '{ a = 1 }\nname = "M\\"e"\n'));
  expect(edit(full, "agents/other/skills_dir", "/o")).toBe(`${full}\n[agents.other]\nskills_dir = "/o"\n`);
  expect(edit("", "registries/x.y/url", "u")).toBe('[registries."x.y"]\nurl = "u"\n');
  expect(edit("[a]\nb = 1", "c", 2)).toBe("c = 2\n[a]\nb = 1");
  expect(edit("a = 1\r\n", "b", 2)).toBe("a = 1\r\nb = 2\r\n");
  expect(edit("a = 1", "b", 2)).toBe("a = 1\nb = 2\n");
});

test("a removed key takes its line, a removed table all that is in it", () => {
  expect(edit(full, "default_agent", undefined)).toBe(full.replace('default_agent = "cursor" # why\n', ""));
  const without = edit(full, "agents/mine", undefined);
  expect(without).not.toContain("mine");
  expect(without).toContain("# about the registry\n[registries");
  expect(edit(full, "agents/nobody/name", undefined)).toBe(full);
});

test.each([
  ["an inline table", 'agents = { mine = { skills_dir = "a" } }\n', "agents/mine/skills_dir"],
  ["an array of tables", '[[agents]]\nskills_dir = "a"\n', "agents/skills_dir"],
  ["a key that is no table", "agents = 1\n", "agents/mine"],
])("%s is refused rather than spoilt", (_, text, path) => {
  expect(() => edit(text, path, "b")).toThrow(/without changing more/);
});

test("any value in any document is set so that a parser sees it and everything else as before", () => {
  const key = fc.oneof(
    fc.stringMatching(/^[a-z_-]{1,8}$/),
    fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }),
  );
  const safeKey = key.filter((one) => one !== "__proto__");
  const leaf = fc.oneof(fc.string({ unit: "grapheme" }), fc.boolean(), fc.integer(), fc.array(fc.string()));
  const table = fc.dictionary(safeKey, leaf, { maxKeys: 4 });
  const whole = fc.dictionary(safeKey, fc.oneof(leaf, table), { maxKeys: 5 });
  fc.assert(
    fc.property(whole, fc.string({ unit: "grapheme" }), (data, value) => {
      const text = stringify(data);
      const after = parse(edit(`# kept\n${text}`, "some table/x", value));
      expect(after).toEqual({ ...parse(text), "some table": { x: value } });
    }),
    { numRuns: 300 },
  );
});

async function open(text?: string) {
  const folder = await tempFolder();
  const path = join(folder, "config.toml");
  if (text !== undefined) await writeFile(path, text);
  return {
    folder,
    path,
    place: { config: { file: text === undefined ? undefined : path, folders: { config: folder } } },
  };
}

test("twenty changes at once are all there afterwards, and nothing else is left", async () => {
  const { folder, path, place } = await open("# mine\n");
  const ids = Array.from({ length: 20 }, (_, index) => `agent-${index}`);
  await Promise.all(
    ids.map((id) => changeConfig(place, () => [{ path: ["agents", id, "skills_dir"], value: `/${id}` }])),
  );
  const text = await readFile(path, "utf8");
  expect(text.startsWith("# mine\n")).toBe(true);
  expect(parse(text)).toEqual({ agents: Object.fromEntries(ids.map((id) => [id, { skills_dir: `/${id}` }])) });
  expect(await readdir(folder)).toEqual(["config.toml"]);
});

test("the file is made when it is missing, and left alone when nothing changes or the change is no configuration", async () => {
  const { path, place } = await open();
  expect(await changeConfig(place, () => [{ path: ["offline"], value: true }])).toEqual({ path, changed: true });
  const before = await stat(path);
  expect(await changeConfig(place, () => [{ path: ["offline"], value: true }])).toEqual({ path, changed: false });
  await expect(changeConfig(place, () => [{ path: ["offline"], value: "maybe" }])).rejects.toMatchObject({
    code: "INVALID_PARAMETER",
  });
  expect((await stat(path)).ino).toBe(before.ino);
});

test.runIf(process.platform !== "win32")("a link stays a link, and the file keeps its mode", async () => {
  const { folder, path, place } = await open();
  const dotfiles = join(folder, "dotfiles");
  await mkdir(dotfiles);
  await writeFile(join(dotfiles, "paks.toml"), "offline = true\n");
  await chmod(join(dotfiles, "paks.toml"), 0o600);
  await symlink("dotfiles/paks.toml", path);
  await changeConfig(place, () => [{ path: ["offline"], value: false }]);
  expect((await lstat(path)).isSymbolicLink()).toBe(true);
  expect(await readFile(path, "utf8")).toBe("offline = false\n");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
