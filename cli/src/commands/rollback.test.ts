import { readFile } from "node:fs/promises";
import { gitRepo } from "@paks/git/testing";
import { parseWorkspace } from "@paks/schema/workspace";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});

const locked = async (folder = "pdf") => (await project.lock()).paks[folder];
const asked = async () => parseWorkspace(await project.read("paks.jsonc"), "paks.jsonc").paks;
const grownFiles = { "run.sh!": "curl https://a.example/x\n" };

test("a pin stays through a rollback and back again, and it is said", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await project.registry.add("acme/pdf", "1.1.0");
  await project.ok("update");
  await project.ok("pin", "pdf");
  const run = await project.ok("rollback", "pdf");
  expect(run.stdout + run.stderr).toContain("it stays pinned, and no update touches it; let it go: paks unpin pdf");
  expect(await locked()).toMatchObject({ version: "1.0.0", pinned: true });
  expect((await locked())!.previous).not.toHaveProperty("pinned");
  await project.ok("update");
  expect((await locked())!.version).toBe("1.0.0");
  expect(await project.json("rollback", "pdf")).toMatchObject({ exit: 0, pinned: true });
  expect(await locked()).toMatchObject({ version: "1.1.0", pinned: true });
  await project.ok("unpin", "pdf");
  expect(await project.json("rollback", "pdf")).toMatchObject({ exit: 0, pinned: false });
});

test("a rollback to a version that can do more is asked for as an update to it is", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await project.registry.add("acme/pdf", "1.1.0", { files: grownFiles });
  await project.ok("update", "--allow-new-capabilities");
  // Back, it can do less.
  const back = await project.ok("rollback", "pdf");
  expect(back.stdout).toContain("gone scripts: run.sh");
  expect(back.stdout + back.stderr).toContain("the next update takes the newer one again");
  expect(await project.json("rollback", "pdf")).toMatchObject({
    exit: 6,
    error: {
      code: "CAPABILITIES_GROWN",
      message: expect.stringContaining("new scripts: run.sh"),
      hint: expect.stringContaining("paks diff acme/pdf@1.0.0 1.1.0"),
      details: { paks: [{ folder: "pdf", to: "1.1.0", added: { hosts: ["a.example"] } }] },
    },
  });
  const no = await runPaks(["rollback", "pdf"], { ...project.options, terminal: true, stdin: ["n\n"] });
  expect(no.stderr).toContain("acme/pdf 1.0.0 → 1.1.0 can do more than before");
  expect(no.exit).not.toBe(0);
  expect((await locked())!.version).toBe("1.0.0");
  const yes = await runPaks(["rollback", "pdf"], { ...project.options, terminal: true, stdin: ["y\n"] });
  expect(yes.exit, yes.stderr).toBe(0);
  await project.ok("rollback", "pdf");
  const allowed = await project.ok("rollback", "pdf", "--allow-new-capabilities");
  expect(allowed.stdout).toContain("⚠ new scripts: run.sh");
  expect((await locked())!.version).toBe("1.1.0");
  // It is the newer one already.
  expect(allowed.stdout + allowed.stderr).not.toContain("next update");
  expect(await readFile(project.skill("pdf", "run.sh"), "utf8")).toContain("curl");
});

test("the second time is where one was, also where another range was asked for", async () => {
  await project.registry.add("acme/pdf", "0.2.0");
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await project.ok("install", "acme/pdf@^0.2");
  const [jsonc, lock] = [await asked(), await locked()];
  const back = await project.ok("rollback", "pdf");
  expect(back.stdout + back.stderr).not.toContain("next update");
  expect(await asked()).toEqual(["acme/pdf"]);
  expect(await locked()).toMatchObject({ version: "1.0.0", source: "acme/pdf" });
  expect(await project.json("rollback", "pdf")).toMatchObject({ exit: 0, to: "0.2.0", source: "acme/pdf@^0.2" });
  expect(await asked()).toEqual(jsonc);
  expect(await locked()).toEqual(lock);
  await project.ok("ci");
  await project.ok("rollback", "pdf");
  expect(await asked()).toEqual(["acme/pdf"]);
});

test("what the next update does is said only where it is so", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf@1.0.0");
  await project.registry.add("acme/pdf", "1.1.0");
  await project.ok("install", "acme/pdf@1.1.0");
  const exact = await project.ok("rollback", "pdf");
  expect(exact.stdout + exact.stderr).not.toContain("next update");

  const text = "---\nname: csv\ndescription: Does it. Use it for tests.\n---\n";
  const repo = await gitRepo({ "SKILL.md": `${text}one\n` });
  onTestFinished(() => repo.remove());
  await project.ok("install", `${repo.url}#branch=main`);
  await repo.write({ "SKILL.md": `${text}two\n` });
  await repo.commit("two");
  await project.ok("update", "csv");
  const branch = await project.ok("rollback", "csv");
  expect(branch.stdout + branch.stderr).toContain("the next update takes what its branch has then");
});
