import { chmod } from "node:fs/promises";
import { join } from "node:path";
import type { AttemptDto, ErrorCode, ReleaseDto, Trailers } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchData, mustEndWell, skillText } from "./harness/journey.ts";
import { writeFiles } from "./hostile/files.ts";
import { expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { type TagFields, tagFiles, type Work, workRepository } from "./hostile/tags.ts";

let hostile: HostileLab;
/** Of the account `mallory`. */
let mallory: string;
beforeAll(async () => {
  hostile = await openHostileLab();
  mallory = await hostile.newAccount("mallory");
});
afterAll(() => hostile.close());

const project = (name: string) => hostile.lab.folder(join("projects", name, "project"));
const skill = (name: string, version: string, text = "") => ({ "SKILL.md": skillText(name, version) + text });
const release = (name: string, version: string) =>
  fetchData<ReleaseDto>(hostile.lab, `/api/skills/acme/${name}/versions/${encodeURIComponent(version)}`);
const versionsOf = async (name: string) =>
  (await fetchData<{ version: string }[]>(hostile.lab, `/api/skills/acme/${name}/versions`)).map(
    ({ version }) => version,
  );

type Claim = readonly [name: string, fields: TagFields, code: ErrorCode];
const lie = (name: string, trailers: Partial<Trailers>, code: ErrorCode = "TRAILER_MISMATCH"): Claim => [
  name,
  { trailers },
  code,
];

const claims: readonly Claim[] = [
  ["version-of-tag", { tag: "v1.2.4", version: "1.2.4" }, "VERSION_TAG_MISMATCH"],
  ["version-of-trailer", { tag: "v1.0.1", version: "1.0.0" }, "TRAILER_MISMATCH"],
  ["leading-zero", { tag: "v01.0.0", version: "1.0.0" }, "VERSION_TAG_MISMATCH"],
  ["two-numbers", { tag: "v1.0", version: "1.0.0" }, "VERSION_TAG_MISMATCH"],
  ["another-number", { tag: "11.0.0", version: "1.0.0" }, "TRAILER_MISMATCH"],
  ["no-version", { tag: "latest", version: "1.0.0" }, "VERSION_TAG_MISMATCH"],
  lie("repository", { repository: "https://github.com/acme/pdf" }),
  lie("repository-option", { repository: "--upload-pack=touch" }),
  lie("digest", { digest: `h1:${"A".repeat(43)}=` }),
  lie("path", { path: "skills/elsewhere" }),
  lie("name", { package: "acme/another-name" }),
  lie("account", { package: "mallory/account" }, "NAMESPACE_FORBIDDEN"),
  lie("nobody", { package: "nobody/nobody" }, "NAMESPACE_FORBIDDEN"),
];

describe.concurrent("a tag that claims what is not so", () => {
  test.each(claims)("%s", async (row, fields, code) => {
    const name = `claim-${row}`;
    const tagged = await tagFiles(hostile.lab, name, skill(name, "1.0.0"), fields);
    expectVerdict(await hostile.follow(tagged), code);
    await hostile.requireWell();
  });

  test("another account's token releases nothing of acme, whatever the tag names", async () => {
    const name = "claim-stranger";
    const tagged = await tagFiles(hostile.lab, name, skill(name, "1.0.0"));
    expectVerdict(await hostile.follow(tagged, mallory), "NAMESPACE_FORBIDDEN");
  });

  test("a tag that was copied with its trailers into another repository releases nothing there", async () => {
    const name = "claim-copied";
    const { repository } = await tagFiles(hostile.lab, name, skill(name, "1.0.0"));
    const copy = `${name}-copy`;
    const copied = await tagFiles(hostile.lab, copy, skill(name, "1.0.0"), {
      trailers: { package: `acme/${name}`, repository },
    });
    expectVerdict(await hostile.follow(copied), "TRAILER_MISMATCH");
  });
});

/** A repository of acme's with 1.0.0 released. */
async function released(name: string): Promise<Work> {
  const work = await workRepository(hostile.lab, name, skill(name, "1.0.0"));
  expectVerdict(await hostile.follow(await work.release(skill(name, "1.0.0"))), "ok");
  return work;
}

describe.concurrent("what was released stays what it was", () => {
  test("a tag that was moved to other content changes nothing, and its author is told", async () => {
    const name = "moved";
    const work = await released(name);
    const before = await release(name, "1.0.0");
    await work.write(skill(name, "1.0.0", "Now with malice.\n"));
    await work.commit("Other content");
    const moved = await work.release(skill(name, "1.0.0", "Now with malice.\n"));
    expectVerdict(await hostile.follow(moved), "TAG_MOVED");
    expect(await release(name, "1.0.0")).toEqual(before);
    const folder = await project(name);
    expectCode(await hostile.paks(folder, ["install", `acme/${name}@1.0.0`, "--agent", "claude-code"]), "ok");
    const listed = JSON.parse((await hostile.paks(folder, ["list", "--json"])).stdout) as {
      installed: { digest: string }[];
    };
    expect(listed.installed.map(({ digest }) => digest)).toEqual([before.digest]);
    expect((await hostile.paks(folder, ["status", `acme/${name}`])).stdout).toContain("TAG_MOVED");
    await hostile.requireWell();
    await work.remove();
  });

  test("a tag that was moved to something that no release may have is a moved tag too", async () => {
    const name = "moved-worse";
    const work = await released(name);
    await writeFiles(work.dir, { "SKILL.md": "---js\nx\n---\n" });
    await work.commit("Worse");
    expectVerdict(await hostile.follow(await work.release({ "SKILL.md": "---js\nx\n---\n" })), "TAG_MOVED");
    expect(await versionsOf(name)).toEqual(["1.0.0"]);
    await work.remove();
  });

  test("a tag that was deleted keeps its release, and made again for the same commit confirms it", async () => {
    const name = "deleted";
    const work = await released(name);
    const before = await release(name, "1.0.0");
    await work.git("push", "-q", "origin", ":refs/tags/v1.0.0");
    await work.git("tag", "-d", "v1.0.0");
    const hint = { repository: work.remote, tag: "v1.0.0" };
    expectVerdict(await hostile.follow(hint), "TAG_NOT_FOUND");
    expect(await release(name, "1.0.0")).toEqual(before);
    const again: AttemptDto = await hostile.follow(
      await work.release(skill(name, "1.0.0"), { description: "Said otherwise." }),
    );
    expectVerdict(again, "ok");
    expect(again.releases).toMatchObject([{ version: "1.0.0", digest: before.digest, new: false }]);
    expect(await release(name, "1.0.0")).toEqual(before);
    await work.remove();
  });

  test("two versions that differ in build metadata only are one version", async () => {
    const name = "built";
    const first = skill(name, "1.0.0+a");
    const work = await workRepository(hostile.lab, name, first);
    expectVerdict(await hostile.follow(await work.release(first, { version: "1.0.0+a" })), "ok");
    const second = skill(name, "1.0.0+b");
    await work.write(second);
    await work.commit("b");
    expectVerdict(await hostile.follow(await work.release(second, { version: "1.0.0+b" })), "VERSION_EXISTS");
    expect(await versionsOf(name)).toEqual(["1.0.0+a"]);
    await work.remove();
  });

  test("in a released repository a tag that fits no version, and one of a foreign pak, release nothing", async () => {
    const name = "bound";
    const work = await released(name);
    for (const [tag, code] of [
      ["v01.0.1", "NAMESPACE_FORBIDDEN"],
      ["v1.0", "NAMESPACE_FORBIDDEN"],
      ["v1.0.1", "VERSION_TAG_MISMATCH"],
      ["other--v1.0.1", "NAMESPACE_FORBIDDEN"],
    ] as const) {
      await work.tag(tag);
      await work.git("push", "-q", "origin", `refs/tags/${tag}`);
      expectVerdict(await hostile.follow({ repository: work.remote, tag }), code);
    }
    expect(await versionsOf(name)).toEqual(["1.0.0"]);
    await work.remove();
  });

  test("a released pak cannot be taken over from another repository", async () => {
    const name = "bound-elsewhere";
    const work = await released(name);
    const copy = await tagFiles(hostile.lab, `${name}-fork`, skill(name, "1.0.1"), {
      version: "1.0.1",
      trailers: { package: `acme/${name}` },
    });
    expectVerdict(await hostile.follow(copy), "BINDING_CONFLICT");
    expect(await versionsOf(name)).toEqual(["1.0.0"]);
    await work.remove();
  });
});

describe("what is released is what was checked", () => {
  test.each([
    ["the manifest", 'echo "More." >> SKILL.md; git add SKILL.md'],
    ["another file", 'echo "More." > more.md; git add more.md'],
    ["the mode", "chmod +x SKILL.md; git add SKILL.md"],
  ])(
    "a hook that changes %s in the version commit ends the release before anything is pushed",
    async (what, script) => {
      const name = `hook-${what.replaceAll(" ", "-")}`;
      const work = await workRepository(hostile.lab, name, skill(name, "0.1.0"));
      const hook = join(work.dir, ".git", "hooks", "pre-commit");
      await writeFiles(work.dir, { ".git/hooks/pre-commit": `#!/bin/sh\n${script}\n` });
      await chmod(hook, 0o755);
      const before = await work.git("ls-remote", "origin");
      expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "WORKTREE_CHANGED");
      expect(await work.git("ls-remote", "origin")).toBe(before);
      expect(await work.git("tag")).toBe("");
      await hostile.requireWell();
      await work.remove();
    },
  );

  test("what is only in the work tree is not released, and stops the release", async () => {
    const work = await workRepository(hostile.lab, "dirty", skill("dirty", "0.1.0"));
    await writeFiles(work.dir, { "extra.md": "x\n", "SKILL.md": `${skill("dirty", "0.1.0")["SKILL.md"]}More.\n` });
    expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "DIRTY_WORK_TREE");
    mustEndWell("git", await hostile.lab.git(work.dir, "diff", "--stat"));
    await work.remove();
  });
});

test("only the honest releases are there, and nothing is left", async () => {
  const names = ["bound", "bound-elsewhere", "deleted", "moved", "moved-worse"].map((name) => `acme/${name}@1.0.0`);
  expect((await hostile.finish()).releases).toEqual([...names, "acme/built@1.0.0+a"].sort());
});
