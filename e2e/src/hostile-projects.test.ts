import { chmod, lstat, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorCode } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skillText } from "./harness/journey.ts";
import { run } from "./harness/run.ts";
import { type Files, listFolder, writeFiles } from "./hostile/files.ts";
import { codeOf, expectCode, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { tagFiles, type Work, workRepository } from "./hostile/tags.ts";

let hostile: HostileLab;
/** A good release to install. */
let good: string;
beforeAll(async () => {
  hostile = await openHostileLab();
  const { repository, tag } = await tagFiles(hostile.lab, "good", { "SKILL.md": skillText("good", "1.0.0") });
  good = `${repository}#${tag}`;
});
afterAll(() => hostile.close());

const project = (name: string) => hostile.lab.folder(join("projects", name, "project"));
const install = (folder: string, ...more: string[]) =>
  hostile.paks(folder, ["install", good, "--agent", "claude-code", ...more]);

interface Row {
  readonly name: string;
  readonly code: ErrorCode | "ok";
  readonly files: Files;
  /** What no list of files can say. */
  readonly make: (dir: string, work: Work) => Promise<unknown>;
}
const row = (name: string, code: ErrorCode | "ok", files: Files, make: Row["make"] = () => Promise.resolve()): Row => ({
  name,
  code,
  files,
  make,
});
const link =
  (target: () => string, name = "a.md"): Row["make"] =>
  async (dir) =>
    symlink(target(), join(dir, name));

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n";
const many = (count: number): Files =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`d/${i}.md`, "x\n"]));

const rows: readonly Row[] = [
  row(
    "link-out",
    "SYMLINK_NOT_ALLOWED",
    {},
    link(() => join(hostile.canary, "keep.txt")),
  ),
  row(
    "link-folder",
    "SYMLINK_NOT_ALLOWED",
    {},
    link(() => hostile.canary, "d"),
  ),
  row(
    "link-device",
    "SYMLINK_NOT_ALLOWED",
    {},
    link(() => "/dev/zero"),
  ),
  row(
    "link-nowhere",
    "SYMLINK_NOT_ALLOWED",
    {},
    link(() => "nowhere"),
  ),
  row("lfs-pointer", "LFS_NOT_SUPPORTED", { "a.bin": pointer }),
  row("large-file", "TOO_LARGE", { "a.bin": Buffer.alloc(2 * 1024 * 1024 + 1, "a") }),
  row("many-files", "TOO_MANY_FILES", many(1000)),
  row("escape", "UNSAFE_PATH", { "a\u001B[31m.md": "x" }),
  row("bidi", "UNSAFE_PATH", { "a\u202Eb.md": "x" }),
  row("backslash", "UNSAFE_PATH", { "..\\..\\x": "x" }),
  row("device", "UNSAFE_PATH", { "aux.md": "x" }),
  row("colon", "UNSAFE_PATH", { "a:b": "x" }),
  row("trailing-dot", "UNSAFE_PATH", { "a.": "x" }),
  row("case-twins", "CASE_COLLISION", { "A.md": "1", "a.md": "2" }),
  row("setuid", "ok", { "run.sh": "echo\n" }, (dir) => chmod(join(dir, "run.sh"), 0o6755)),
];

describe.concurrent("a folder on the author's disk", () => {
  test.each(rows)("$name: validate, install and publish say $code", async ({ name, code, files, make }) => {
    const pak = `disk-${name}`;
    const work = await workRepository(hostile.lab, pak, { "SKILL.md": skillText(pak, "1.0.0"), ...files });
    await make(work.dir, work);
    await work.commit("All of it");
    await work.git("push", "-q", "origin", "main");
    const folder = await project(pak);
    expectCode(await hostile.paks(work.dir, ["validate"]), code);
    expectCode(await hostile.paks(folder, ["install", work.dir, "--agent", "claude-code"]), code);
    expectCode(await hostile.paks(work.dir, ["publish", "--yes", "--dry-run"]), code);
    const written = await listFolder(folder);
    expect(written.length > 0).toBe(code === "ok");
    await hostile.requireWell();
    await work.remove();
  });

  test("a manifest that is a link to what never ends is not read", async () => {
    const work = await workRepository(hostile.lab, "disk-endless", { "README.md": "x\n" });
    await symlink("/dev/zero", join(work.dir, "SKILL.md"));
    await work.commit("Endless");
    expectCode(await hostile.paks(work.dir, ["validate"]), "SYMLINK_NOT_ALLOWED");
    const finished = await hostile.paks(work.dir, ["publish", "--version", "1.0.0", "--yes"]);
    expect(finished.exitCode).toBe(5);
    expect(finished.stderr).toContain("SYMLINK_NOT_ALLOWED");
    await work.remove();
  });

  test("a second manifest by another spelling is refused", async () => {
    const work = await workRepository(hostile.lab, "disk-twins", {
      "SKILL.md": skillText("a", "1.0.0"),
      "skill.md": "x",
    });
    const elsewhere = await project("disk-twins-of");
    for (const [cwd, argv] of [
      [work.dir, ["validate"]],
      [work.dir, ["publish", "--version", "1.0.0", "--yes"]],
      [elsewhere, ["install", work.dir]],
    ] as const)
      expect(["AMBIGUOUS_MANIFEST", "CASE_COLLISION"]).toContain(codeOf(await hostile.paks(cwd, argv)));
    await work.remove();
  });

  test("a pipe is no file", async () => {
    const folder = await project("disk-pipe");
    await writeFiles(join(folder, "a"), { "SKILL.md": skillText("a", "1.0.0") });
    const made = await run("mkfifo", [join(folder, "a", "pipe")], { cwd: folder, env: hostile.lab.env() });
    expect(made.exitCode).toBe(0);
    expect(codeOf(await hostile.paks(folder, ["validate", "a"]))).not.toBe("ok");
    expect(codeOf(await hostile.paks(folder, ["install", "./a", "--agent", "claude-code"]))).not.toBe("ok");
  });

  test("set-user-id bits are not installed", async () => {
    const folder = await project("disk-setuid-installed");
    await writeFiles(join(folder, "a"), { "SKILL.md": skillText("a", "1.0.0"), "run.sh": "echo\n" });
    await chmod(join(folder, "a", "run.sh"), 0o6777);
    expectCode(await hostile.paks(folder, ["install", "./a", "--agent", "claude-code"]), "ok");
    expect((await lstat(join(folder, ".agents/skills/a/run.sh"))).mode & 0o7777).toBe(0o755);
  });
});

test("a submodule in the author's repository is refused where it is committed, and its URL never used", async () => {
  const work = await workRepository(hostile.lab, "disk-submodule", {
    "SKILL.md": skillText("disk-submodule", "1.0.0"),
  });
  await work.write({ ".gitmodules": `[submodule "a"]\n\tpath = a\n\turl = ext::sh -c touch% ${hostile.pwned}\n` });
  await work.git("update-index", "--add", "--cacheinfo", `160000,${await work.git("rev-parse", "HEAD")},a`);
  await work.git("add", ".gitmodules");
  await work.git("commit", "-q", "-m", "Submodule");
  await work.git("push", "-q", "origin", "main");
  const finished = await hostile.paks(work.dir, ["publish", "--yes"]);
  expect(finished.stderr).toContain("SUBMODULE_NOT_SUPPORTED");
  expect(finished.exitCode).toBeGreaterThan(0);
  await hostile.requireWell();
  await work.remove();
});

test("programs that the repository's configuration names for looking at it are not run", async () => {
  const name = "configured";
  const work = await workRepository(hostile.lab, name, {
    "SKILL.md": skillText(name, "0.1.0"),
    ".gitattributes": "* diff=evil\n",
  });
  const touch = `touch ${hostile.pwned}; cat`;
  for (const key of [
    "core.fsmonitor",
    "diff.external",
    "diff.evil.textconv",
    "diff.evil.command",
    "core.pager",
    "core.editor",
    "sequence.editor",
    "core.alternateRefsCommand",
  ])
    await work.git("config", key, touch);
  expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "ok");
  expectCode(await hostile.paks(work.dir, ["status"]), "ok");
  expectCode(await hostile.paks(work.dir, ["validate"]), "ok");
  await hostile.requireWell();
  await work.remove();
});

describe("a project that came from a stranger", () => {
  const places = [".agents", ".agents/skills", ".claude", ".claude/skills", ".agents/skills/.paks"];
  test.each(places)("with %s as a link elsewhere: nothing is written, moved or removed there", async (place) => {
    const folder = await project(`link-${place.replaceAll(/\W/g, "")}`);
    await mkdir(join(folder, place, ".."), { recursive: true });
    await symlink(hostile.canary, join(folder, place));
    expectCode(await install(folder), "UNSAFE_TARGET");
    expectCode(await install(folder, "--force"), "UNSAFE_TARGET");
    await hostile.paks(folder, ["list"]);
    await hostile.paks(folder, ["remove", "good", "--force"]);
    await hostile.requireWell();
  });

  test("with the pak's own folder as a link: refused, and with --force only the link is put aside", async () => {
    const folder = await project("link-pak");
    await mkdir(join(folder, ".agents/skills"), { recursive: true });
    await symlink(hostile.canary, join(folder, ".agents/skills/good"));
    expectCode(await install(folder), "ALREADY_EXISTS");
    expectCode(await install(folder, "--force"), "ok");
    await hostile.requireWell();
  });

  const evil = (more: object) =>
    JSON.stringify({
      record_version: 1,
      folder: "good",
      name: "good",
      version: "1.0.0",
      digest: `h1:${"A".repeat(43)}=`,
      origin: { type: "local", path: "/x" },
      files: [],
      links: [join(hostile.canary, "keep.txt")],
      installed_at: "2026-01-01T00:00:00Z",
      ...more,
    });

  test("with records of its own: what they name elsewhere is neither removed nor replaced", async () => {
    for (const folder of ["../../../../../canary", hostile.canary, ".."]) {
      const stranger = await project(`record-${folder.length}`);
      await writeFiles(join(stranger, ".agents/skills/.paks"), { "good.json": evil({ folder }) });
      // A record that cannot be read is a row that says so: it must not hide the others.
      const listed = await hostile.paks(stranger, ["list"]);
      expectCode(listed, "ok");
      expect(listed.stdout).toContain("broken: INTEGRITY_MISMATCH");
      expectCode(await hostile.paks(stranger, ["remove", "good"]), "INTEGRITY_MISMATCH");
      await hostile.requireWell();
      expectCode(await hostile.paks(stranger, ["remove", "good", "--force"]), "ok");
      await hostile.requireWell();
    }
  });

  test("with the traces of a command that never ran: nothing of the user's is moved into it", async () => {
    const stranger = await project("intent");
    const intent = JSON.stringify({ folder: "good", aside: hostile.canary, record: JSON.parse(evil({})) as object });
    await writeFiles(join(stranger, ".agents/skills/.paks/work/x"), { "intent.json": intent });
    expectCode(await hostile.paks(stranger, ["list"]), "ok");
    await hostile.requireWell();
    const linked = await project("work-link");
    await mkdir(join(linked, ".agents/skills/.paks"), { recursive: true });
    await symlink(hostile.canary, join(linked, ".agents/skills/.paks/work"));
    for (const argv of [["list"], ["remove", "good"]]) expectCode(await hostile.paks(linked, argv), "UNSAFE_TARGET");
    expectCode(await install(linked), "UNSAFE_TARGET");
    await hostile.requireWell();
  });
});

test("only what was published is recorded, and nothing is left", async () => {
  expect((await hostile.finish()).releases).toEqual(["acme/configured@0.1.1"]);
});
