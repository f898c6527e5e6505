import { expect, test } from "vitest";
import { dataOfRun, type Lab, openLab } from "./testing/lab.ts";
import { paste } from "./testing/paste.ts";

/** 0.1.0 is out and the registry does not know of it; the pak has changed since. */
async function openUntold(path = ""): Promise<Lab> {
  const lab = await openLab({ path });
  dataOfRun(await lab.publish(["--skip-registry", "--json"]));
  await lab.repo.write({ [path === "" ? "notes.md" : `${path}/notes.md`]: "more\n" });
  await lab.repo.commit("More");
  return lab;
}

const versionsOf = ({ registry }: Lab): string[] => registry.releases.map(({ version }) => version).sort();
const gitOf = (stderr: string): string[] =>
  stderr.split("\n").flatMap((line) => /^ *git (?:--\S+ )*(\S+)/.exec(line)?.[1] ?? []);

test.each(["", "skills/pdf"])(
  "the next release of the pak in %j announces the one that was never announced",
  async (path) => {
    const lab = await openUntold(path);
    const tag = path === "" ? "v0.1.0" : "pdf--v0.1.0";
    const dry = dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json"]));
    expect(dry["notes"]).toEqual([`${tag} is out, but the registry was never told of it: it is announced, too`]);
    const run = await lab.publish(["--bump", "patch"]);
    expect(run.exit, run.stderr).toBe(0);
    expect(run.stdout).toContain(`✓ indexed: ${tag}, too`);
    expect(versionsOf(lab)).toEqual(["0.1.0", "0.1.1"]);
    expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("3");
  },
);

test("pasted, the commands of the dry run announce both", async () => {
  const lab = await openUntold();
  const { commands } = dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json"])) as {
    commands: string[];
  };
  expect(commands.slice(-2)).toEqual(["paks publish . --yes", "paks publish . --version=0.1.0 --yes"]);
  await paste(lab, commands.join("\n"));
  expect(versionsOf(lab)).toEqual(["0.1.0", "0.1.1"]);
});

test("an earlier release that the registry refuses is a note, and the new one is out all the same", async () => {
  const lab = await openUntold();
  lab.registry.override = ({ method, path, body }) =>
    method === "POST" && path === "/api/index" && body.includes("v0.1.0")
      ? { status: 409, body: { error: { code: "BINDING_CONFLICT", message: "Bound elsewhere.", hint: "A hint." } } }
      : undefined;
  const data = dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(data).toMatchObject({ version: "0.1.1", state: "indexed", verified: true });
  expect(data["notes"]).toContainEqual(expect.stringContaining("v0.1.0: Bound elsewhere."));
  expect(versionsOf(lab)).toEqual(["0.1.1"]);
});

test.each([
  ["a lightweight tag", ["--lightweight"]],
  ["another account's tag", ["--account=other"]],
])("%s is announced by nobody", async (_what, flags) => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--skip-registry", "--json", ...flags]));
  await lab.repo.write({ "notes.md": "more\n" });
  await lab.repo.commit("More");
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ state: "indexed", notes: [] });
  expect(versionsOf(lab)).toEqual(["0.1.1"]);
});

test("where the last release is recorded one request is made, and not one git process", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--json"]));
  await lab.repo.write({ "notes.md": "more\n" });
  await lab.repo.commit("More");
  lab.registry.requests.splice(0);
  const run = await lab.publish(["--bump", "patch", "--verbose"]);
  expect(run.exit, run.stderr).toBe(0);
  expect(gitOf(run.stderr)).toHaveLength(12);
  const asked = lab.registry.requests.map(({ method, path }) => `${method} ${path}`);
  expect(asked.filter((line) => line.startsWith("GET /api/paks"))).toEqual(["GET /api/paks/acme/pdf/versions/0.1.0"]);
  expect(lab.registry.announced()).toBe(1);
});
