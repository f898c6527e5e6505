import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { createToken } from "@paks/db";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skillText } from "./harness/journey.ts";
import { evil, serveEvilRegistry } from "./hostile/evil-registry.ts";
import { writeFiles } from "./hostile/files.ts";
import { expectCode, expectHarmless, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { workRepository } from "./hostile/tags.ts";

let hostile: HostileLab;
let registry: Awaited<ReturnType<typeof serveEvilRegistry>>;
beforeAll(async () => {
  hostile = await openHostileLab();
  registry = await serveEvilRegistry();
});
afterAll(async () => {
  await registry.close();
  await hostile.close();
});

// Every command of this suite is held to it: `hostile.paks` looks at all that it prints.
test("what the suite calls harmless is", () => {
  expectHarmless("✗ “Straße” 日本語 \u{1F600} e\u0301\n  next line\n");
  for (const character of evil.replaceAll(/[\p{L}\p{N}\p{P}\p{S}\p{M} ]/gu, ""))
    expect(() => expectHarmless(`a${character}b`), JSON.stringify(character)).toThrow(/raw control/);
});

const commands: readonly (readonly string[])[] = [
  ["info", "acme/evil"],
  ["info", "acme/evil@1.0.0", "--versions"],
  ["info", "acme/evil", "--full", "--format", "yaml"],
  ["info", "acme/evil", "--full"],
  ["search", "evil"],
  ["search", "evil", "--detailed"],
  ["search", "evil", "--format", "yaml"],
  ["status", "acme/evil"],
  ["status", "https://github.com/acme/evil"],
  ["whoami"],
  ["install", "acme/evil", "--agent", "claude-code"],
  ["doctor"],
];

describe.concurrent("a registry whose words are meant to hurt the terminal", () => {
  const project = () => hostile.lab.folder("projects/evil");
  const run = async (argv: readonly string[], base: string) => {
    // `doctor` writes to see whether it can: into a home of its own.
    const home = await hostile.lab.folder("other-home");
    const env = {
      HOME: home,
      XDG_CONFIG_HOME: home,
      PAKS_REGISTRY: registry.url + base,
      PAKS_TOKEN: createToken().token,
    };
    return hostile.paks(await project(), argv, env);
  };

  test.each(commands)("paks %s %s", async (...argv) => {
    for (const base of ["", "/error"]) {
      for (const more of [[], ["--verbose"], ["--json"]]) {
        const finished = await run([...argv, ...more], base);
        expect([0, 3, 4, 5, 7, 8, 10], finished.stderr).toContain(finished.exitCode);
      }
    }
  });

  test("programs get the text as it is, escaped as JSON", async () => {
    const { stdout } = await run(["info", "acme/evil", "--json"], "");
    expect((JSON.parse(stdout) as { pak: { description: string } }).pak.description).toBe(evil);
  });
});

test.each([
  ["an argument", ["install", `acme/${evil.replaceAll("\0", "")}`]],
  ["a command", [evil.replaceAll("\0", "")]],
  ["a flag", ["list", `--${evil.replaceAll("\0", "")}`]],
  ["a value", ["install", "./x", "--agent", evil.replaceAll("\0", "")]],
  ["a folder", ["validate", evil.replaceAll("\0", "")]],
  ["a registry", ["search", "x", "--registry", `https://x/${evil.replaceAll("\0", "")}`]],
])("%s that was pasted with escapes is shown without", async (_, argv) => {
  const finished = await hostile.paks(await hostile.lab.folder("projects/typed"), argv);
  expect(finished.exitCode).toBeGreaterThan(0);
});

const fileName = "a\u001B[31m\u202Eb\u0007.md";

test("file names, branches and titles of the author's own repository", async () => {
  const work = await workRepository(hostile.lab, "author", { "SKILL.md": skillText("author", "0.1.0") });
  await writeFiles(work.dir, { [fileName]: "x\n" });
  await work.git("switch", "-q", "-c", "b\u202E\u200Bc");
  expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "DIRTY_WORK_TREE");
  expectCode(await hostile.paks(work.dir, ["validate"]), "UNSAFE_PATH");
  await work.commit(`Title ${evil.replaceAll("\0", "")}`);
  expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "UNSAFE_PATH");
  await work.git("rm", "-q", fileName);
  await work.commit("Away");
  const planned = await hostile.paks(work.dir, ["publish", "--bump", "patch", "--dry-run"]);
  expectCode(planned, "ok");
  await work.remove();
});

test.each([
  ["that refuses a push", "exit 1", "PUSH_REJECTED"],
  ["that accepts it", "exit 0", "ok"],
] as const)("what a git host %s says is shown without its escapes", async (_, end, code) => {
  const name = `push-${code === "ok" ? "good" : "bad"}`;
  const work = await workRepository(hostile.lab, name, { "SKILL.md": skillText(name, "0.1.0") });
  const hook = join(hostile.lab.gitRoot, `${name}.git`, "hooks", "pre-receive");
  const words = evil.replaceAll(/[\0']/g, "");
  await writeFiles(join(hook, ".."), {
    "pre-receive": `#!/bin/sh\ncat > /dev/null\nprintf '%s\\n' '${words} SAID' >&2\n${end}\n`,
  });
  await chmod(hook, 0o755);
  const finished = await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes", "--verbose"]);
  expectCode(finished, code);
  await work.remove();
});

test("the registry's own log is harmless too, and nothing is left", async () => {
  const releases = (await hostile.finish()).releases;
  expect(releases).toEqual(["acme/push-good@0.1.1"]);
});
