import { writeFile } from "node:fs/promises";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { bookkeeping } from "./record.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  for (const id of ["acme/pdf", "other/pdf", "acme/text"]) await project.registry.add(id, "1.0.0");
});

interface Row {
  readonly folder: string;
  readonly same_name: readonly string[];
  readonly notes: readonly string[];
}
const rowsOf = async (...argv: string[]) => (await project.json<{ installed: Row[] }>(...argv)).installed;

test("two paks of one name are told apart by no tool that reads the manifest, whichever comes second", async () => {
  expect(await rowsOf("install", "acme/pdf")).toMatchObject([{ same_name: [], notes: [] }]);
  const { stdout } = await project.ok("install", "other/pdf", "--as", "pdf-b");
  expect(stdout).toContain("⚠ pdf-b and pdf are both called pdf in their manifests.");
  expect(await rowsOf("install", "acme/pdf")).toMatchObject([{ folder: "pdf", same_name: ["pdf-b"] }]);
  expect(await rowsOf("install", "acme/text")).toMatchObject([{ folder: "text", same_name: [], notes: [] }]);
  const all = await rowsOf("ci");
  expect(Object.fromEntries(all.map((row) => [row.folder, row.same_name]))).toEqual({
    pdf: ["pdf-b"],
    "pdf-b": ["pdf"],
    text: [],
  });
  await project.ok("remove", "pdf");
  expect(await rowsOf("ci")).toMatchObject([{ folder: "pdf-b", same_name: [], notes: [] }, { folder: "text" }]);
});

test("for all projects as well, and a record that cannot be read is no obstacle", async () => {
  await project.ok("install", "acme/text", "-g");
  const home = { ...bookkeeping(`${project.home}/.agents/skills`) };
  await writeFile(home.record("text"), "half");
  await project.ok("install", "acme/pdf", "-g");
  expect(await rowsOf("install", "other/pdf", "-g", "--as", "pdf-b")).toMatchObject([{ same_name: ["pdf"] }]);
});

test("folders of --dir are by account, and nothing is said of them", async () => {
  await project.ok("install", "acme/pdf", "--dir", "out");
  expect(await rowsOf("install", "other/pdf", "--dir", "out")).toMatchObject([{ same_name: [], notes: [] }]);
});
