import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPaks, serveRegistry, serveStub, tempFolder } from "../testing/index.ts";

/** Two registries that both have acme/pdf; the second is what the project wishes for. */
async function open() {
  const home = await tempFolder();
  const cwd = join(home, "project");
  await mkdir(cwd, { recursive: true });
  const [used, wished] = [await serveRegistry(), await serveRegistry()];
  await used.add("acme/pdf", "1.2.0");
  await wished.add("acme/pdf", "9.0.0");
  await wished.add("acme/pdf", "9.1.0", { files: { "more.md": "More.\n" } });
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), `default_registry = "${used.url}"\n`);
  await writeFile(join(cwd, "paks.jsonc"), JSON.stringify({ paks: ["acme/pdf@9.0.0"], registry: wished.url }));
  const paks = async (...argv: string[]) => await runPaks(argv, { cwd, home });
  return { home, cwd, used, wished, paks };
}

test("info and diff look a name up where install does: in the registry of paks.jsonc", async () => {
  const { used, paks } = await open();
  expect((await paks("install")).exit).toBe(0);
  const { stdout } = await paks("info", "acme/pdf");
  expect(stdout).toMatch(/^acme\/pdf 9\.1\.0\n/);
  expect(stdout).toMatch(/^installed +9\.0\.0, 9\.1\.0 is newer than what .*: paks install acme\/pdf@9\.1\.0$/m);
  const diff = await paks("diff", "acme/pdf@9.0.0", "acme/pdf");
  expect(diff, diff.stderr).toMatchObject({ exit: 0, stdout: expect.stringContaining("+++ b/more.md") });
  expect((await paks("install", "acme/pdf@9.0.0", "--list")).stdout).toContain("9.0.0");
  expect(used.requests).toEqual([]);
});

test("what is said for this run goes before the project's wish", async () => {
  const { used, wished, paks } = await open();
  expect((await paks("info", "acme/pdf", "--registry", used.url)).stdout).toMatch(/^acme\/pdf 1\.2\.0\n/);
  expect(wished.requests).toEqual([]);
});

test("registry list shows the project's registry as the used one; whoami and status, which are about publishing, say theirs", async () => {
  const { cwd, used, wished, paks } = await open();
  expect((await paks("registry", "list", "--json")).json()).toMatchObject({
    used: { url: wished.url, from: "project" },
  });
  for (const argv of [["whoami"], ["status", "acme/pdf"]]) {
    const { stderr } = await paks(...argv);
    expect(stderr, argv.join(" ")).toContain(`This is about ${used.url}, where you publish.`);
    expect(stderr).toContain(`--registry ${wished.url} asks there.`);
  }
  expect((await paks("whoami", "--registry", wished.url)).stderr).not.toContain("This is about");
  await writeFile(join(cwd, "paks.jsonc"), "{");
  expect((await paks("registry", "list", "--json")).json()).toMatchObject({ used: { url: used.url, from: "config" } });
});

const item = (account: string, version: string) => ({
  account,
  name: "pdf",
  kind: "skill",
  description: "x",
  license: null,
  keywords: [],
  categories: [],
  downloads: 0,
  updated_at: "2026-11-20T00:00:00Z",
  version,
});

const serveFound = async (...accounts: string[]) =>
  await serveStub(() => ({
    body: {
      data: accounts.map((one) => item(one, "9.0.0")),
      meta: { total: accounts.length, page: 1, per_page: 10, next_cursor: null },
    },
  }));

test("search asks the registry of paks.jsonc, and leaves out names that are looked up in another one", async () => {
  const { home, cwd, used, paks } = await open();
  const wished = await serveFound("acme", "other");
  await writeFile(join(cwd, "paks.jsonc"), JSON.stringify({ paks: [], registry: wished.url }));
  expect((await paks("search", "pdf")).stdout).toContain("2 found. Install one with: paks install acme/pdf");
  const config = `default_registry = "${used.url}"\n[registries.work]\nurl = "${used.url}"\naccounts = ["acme"]\n`;
  await writeFile(join(home, ".config/paks/config.toml"), config);
  const { stdout, stderr } = await paks("search", "pdf");
  expect(stdout).not.toContain("acme/pdf");
  expect(stdout).toContain("1 left out: the configuration looks these accounts up elsewhere.");
  expect(stdout).toContain("Install one with: paks install other/pdf");
  expect(stderr).toBe("");
  expect((await paks("search", "pdf", "--json")).json()).toMatchObject({ items: [{ account: "other" }], left_out: 1 });
});

test("diff takes an installed pak by its name beside a version of it", async () => {
  const { paks } = await open();
  expect((await paks("install")).exit).toBe(0);
  for (const argv of [
    ["pdf", "9.1.0"],
    ["pdf@9.0.0", "9.1.0"],
    ["pdf", "acme/pdf@latest"],
  ]) {
    const { exit, stdout, stderr } = await paks("diff", ...argv);
    expect([exit, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("+++ b/more.md");
  }
  expect((await paks("diff", "csv", "1.0.0")).exit).toBe(5);
});

test.each(["github:acme/skills", "./pdf", "https://git.example/acme/skills", "npm:pdf"])(
  "info %s says what it takes, and what shows that",
  async (ref) => {
    const { paks } = await open();
    const { exit, stderr } = await paks("info", ref);
    expect([exit, stderr]).toEqual([2, expect.stringContaining(`paks install ${ref} --list`)]);
  },
);
