import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { makeRelease } from "../testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0", { files: { "run.sh!": "echo\n", "notes.md": "a\n" } });
  await project.registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc", "--agent", "claude-code");
});

interface Problems {
  readonly problems: { readonly code: string; readonly folder: string | null; readonly paths: string[] }[];
}
const codes = ({ problems }: Problems) => problems.map(({ code, folder }) => `${folder ?? "–"} ${code}`);
const verify = (...flags: string[]) => project.json<Problems>("verify", ...flags);
const editRecord = async (folder: string, change: (record: Record<string, unknown>) => void) => {
  const path = project.skill(".paks", `${folder}.json`);
  const record = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  change(record);
  await writeFile(path, JSON.stringify(record));
};

test("what is as it was installed is said to be, and that the registry agrees", async () => {
  const run = await project.ok("verify");
  expect(run.stdout.trim()).toBe("✓ 2 paks are as installed; 2 also against the registry's record");
  expect(await verify("--offline")).toMatchObject({ exit: 0, ok: true, paks: [{ registry: "skipped" }, {}] });
  project.registry.down = { status: 410, code: "TAKEN_DOWN" };
  expect((await project.ok("verify", "--offline")).stdout).toContain("the registry was not asked");
});

test("edits, missing folders, links and executable bits are drift: 9", async () => {
  await writeFile(project.skill("pdf", "notes.md"), "b\n");
  await writeFile(project.skill("pdf", "more.md"), "");
  let run = await verify();
  expect(run).toMatchObject({ exit: 9, ok: false, problems: [{ code: "DRIFT", paths: ["more.md", "notes.md"] }] });
  expect(run.problems[0]).toMatchObject({ hint: expect.stringContaining("See what: paks diff pdf.") });
  await project.ok("diff", "pdf");

  await writeFile(project.skill("pdf", "notes.md"), "a\n");
  await rm(project.skill("pdf", "more.md"));
  await chmod(project.skill("pdf", "run.sh"), 0o644);
  await rm(join(project.cwd, ".claude", "skills", "doc"));
  run = await verify();
  expect(run.exit).toBe(9);
  expect(run.problems.map(({ paths }) => paths)).toEqual([[join(project.cwd, ".claude", "skills", "doc")], ["run.sh"]]);

  await rm(project.skill("doc"), { recursive: true });
  expect(codes(await verify("doc"))).toEqual(["doc DRIFT"]);
  await project.write("paks.jsonc", '{ "paks": ["acme/pdf", "acme/doc", "acme/more"] }');
  expect(codes(await verify())).toContain("– DRIFT");
});

test("bytes that are other than the release's are 7, however well they hide", async () => {
  const other = await makeRelease("acme/pdf", "1.0.0", { files: { "notes.md": "evil\n" } });
  // Installed files and record agree with each other, lock and registry do not.
  await rm(project.skill("pdf"), { recursive: true });
  const elsewhere = await makeProject();
  elsewhere.registry.releases.set("acme/pdf@1.0.0", other);
  await elsewhere.ok("install", "acme/pdf");
  const { cp } = await import("node:fs/promises");
  await cp(elsewhere.skill("pdf"), project.skill("pdf"), { recursive: true });
  const forged = JSON.parse(await readFile(elsewhere.skill(".paks", "pdf.json"), "utf8")) as Record<string, unknown>;
  await editRecord("pdf", (record) => Object.assign(record, { files: forged["files"], digest: forged["digest"] }));
  expect(await verify("--offline")).toMatchObject({ exit: 7 });
  expect(codes(await verify("--offline"))).toEqual(["pdf LOCKFILE_MISMATCH"]);
  // The lock too: only the registry knows.
  await project.editLock((paks) => {
    Object.assign(paks["pdf"]!, { digest: other.dto.digest, files: other.dto.file_count });
  });
  expect((await verify("--offline")).exit).toBe(0);
  const run = await verify();
  expect(codes(run)).toEqual(["pdf INTEGRITY_MISMATCH"]);
  expect(run.exit).toBe(7);
});

test("a record whose files do not add up to its digest is 7", async () => {
  await editRecord("doc", (record) => (record["digest"] = `h1:${"A".repeat(43)}=`));
  const run = await verify("--offline", "doc");
  expect(run.exit).toBe(7);
  expect(codes(run)).toContain("doc INTEGRITY_MISMATCH");
});

test("a registry that says otherwise than when it was installed is 7", async () => {
  project.registry.get("acme/doc@1.0.0").dto.commit = "9".repeat(40);
  const run = await verify();
  expect(codes(run)).toEqual(["doc INTEGRITY_MISMATCH"]);
  expect(run.exit).toBe(7);
});

test("a registry that does not know the release, or another pak's, or nothing, is said with its code", async () => {
  const doc = project.registry.get("acme/doc@1.0.0");
  project.registry.releases.delete("acme/doc@1.0.0");
  expect(await verify()).toMatchObject({ exit: 3, problems: [{ code: "VERSION_NOT_FOUND", folder: "doc" }] });
  project.registry.releases.set("acme/doc@1.0.0", { ...doc, dto: { ...doc.dto, version: "1.0.0+x" } });
  expect(await verify()).toMatchObject({ exit: 7, problems: [{ code: "INTEGRITY_MISMATCH", folder: "doc" }] });
});

test("local drift weighs more than a registry that cannot be asked, other bytes weigh more than drift", async () => {
  project.registry.down = { status: 403, code: "FORBIDDEN" };
  await writeFile(project.skill("pdf", "notes.md"), "b\n");
  expect(await verify()).toMatchObject({ exit: 4 });
  await writeFile(project.skill(".paks", "doc.json"), "{");
  expect(await verify()).toMatchObject({ exit: 7 });
});

test("a lock that sends paks to a stranger's registry is refused, and the stranger is not asked", async () => {
  const stranger = await makeProject();
  await editRecord("doc", (record) => Object.assign(record["origin"] as object, { registry: stranger.registry.url }));
  await project.editLock((paks) =>
    Object.assign(paks["doc"]!["resolved"] as object, { registry: stranger.registry.url }),
  );
  const run = await verify();
  expect(codes(run)).toEqual(["doc LOCKFILE_MISMATCH"]);
  expect(run.exit).toBe(7);
  expect((await project.json("audit")).exit).toBe(7);
  await project.paks("outdated");
  await project.paks("update");
  expect(stranger.registry.requests).toEqual([]);
});

test("hostile text of records, locks and registries reaches no terminal", async () => {
  const evil = "\u001b]0;owned\u0007\u202e";
  await editRecord("doc", (record) => (record["version"] = `1.0.0${evil}`));
  await project.editLock((paks) => (paks["pdf"]!["source"] = `acme/pdf${evil}`));
  for (const command of ["list", "verify", "audit", "outdated", "update"]) {
    for (const flags of [[], ["--json"]]) {
      const run = await project.paks(command, ...flags);
      expect(run.stdout + run.stderr, command).not.toMatch(/[\u001b\u0007\u202e]/);
    }
  }
});

test("audit: nothing to say, or what and how grave", async () => {
  expect((await project.ok("audit")).stdout).toContain("Nothing to say against 2 paks.");
  expect(await project.json("audit", "--licenses", "MIT")).toMatchObject({
    exit: 5,
    findings: [{ code: "LICENSE_NOT_ALLOWED" }, { code: "LICENSE_NOT_ALLOWED" }],
  });
  await project.ok("audit", "--licenses", "MIT,apache-2.0");
  project.registry.get("acme/doc@1.0.0").dto.yanked = true;
  expect(await project.json("audit")).toMatchObject({
    exit: 9,
    ok: false,
    findings: [{ code: "YANKED", folder: "doc" }],
  });
  project.registry.releases.delete("acme/doc@1.0.0");
  expect(await project.json("audit")).toMatchObject({ exit: 3, findings: [{ code: "VERSION_NOT_FOUND" }] });
  project.registry.get("acme/pdf@1.0.0").dto.digest = `h1:${"A".repeat(43)}=`;
  expect(await project.json("audit")).toMatchObject({ exit: 7 });
});

test("audit: deprecated and moved as far as the registry says so are warnings, and count with --strict", async () => {
  project.registry.more.set("acme/doc", { deprecated: "Use acme/docs.", repository: "https://git.example/new/doc" });
  const run = await project.json("audit");
  expect(run).toMatchObject({
    exit: 0,
    findings: [
      { code: "DEPRECATED", severity: "warning" },
      { code: "MOVED", severity: "warning" },
    ],
  });
  expect((await project.paks("audit", "--strict")).exit).toBe(9);
  project.registry.down = { status: 410, code: "TAKEN_DOWN" };
  expect(await project.json("audit")).toMatchObject({
    exit: 3,
    findings: [{ code: "TAKEN_DOWN" }, { code: "TAKEN_DOWN" }],
  });
});

test("audit: a pak without a licence is told of, and offline only licences are looked at", async () => {
  await project.registry.add("acme/free", "1.0.0", { license: null });
  await project.ok("install", "acme/free");
  project.registry.down = { status: 410, code: "TAKEN_DOWN" };
  expect(await project.json("audit", "--offline")).toMatchObject({
    exit: 0,
    offline: true,
    findings: [{ code: "NO_LICENSE" }],
  });
  expect((await project.paks("audit", "--offline", "--licenses", "Apache-2.0")).exit).toBe(5);
});

test("diff: two releases, a version of the same pak, and edits of what is installed", async () => {
  await project.registry.add("acme/doc", "1.1.0", { files: { "run.sh": "curl https://a.example\n" } });
  const run = await project.ok("diff", "acme/doc@1.0.0", "1.1.0");
  expect(run.stdout).toContain('-version: "1.0.0"\n+version: "1.1.0"');
  expect(run.stdout).toContain("⚠ new scripts: run.sh");
  expect(await project.json("diff", "acme/doc@1.0.0", "acme/doc@1.1.0")).toMatchObject({
    files: [
      { path: "SKILL.md", change: "changed" },
      { path: "run.sh", change: "added" },
    ],
    capabilities: { grown: true, added: { scripts: ["run.sh"], hosts: ["a.example"] } },
  });
  expect((await project.ok("diff", "doc")).stdout).toContain("hold the same files");
  await writeFile(project.skill("doc", "SKILL.md"), "mine\n");
  expect((await project.ok("diff", "doc")).stdout).toContain("+mine");
  expect((await project.ok("diff", "doc", "--name-only")).stdout.trim()).toBe("M SKILL.md");
});
