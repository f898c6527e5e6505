import { expect, test } from "vitest";
import type { StubAnswer, StubRequest } from "../testing/index.ts";
import { dataOfRun, type Lab, openLab, skillText } from "./testing/lab.ts";

const needing = (dependencies: string, name?: string): string =>
  skillText("0.1.0", name).replace("metadata:", `dependencies: ${dependencies}\nmetadata:`);

const row = {
  ...{ version: "0.2.3", digest: `h1:${"A".repeat(43)}=`, tag: "v0.2.3", commit: "0".repeat(40) },
  yanked: false,
};
const versions = [{ ...row, released_at: "2026-11-20T23:00:00Z" }];

/** `GET /api/versions` as the registry answers it: it has acme/csv-tools 0.2.3 alone. */
function answerMany({ method, path }: StubRequest): StubAnswer | undefined {
  if (method !== "GET" || !path.startsWith("/api/versions?paks=")) return undefined;
  const asked = decodeURIComponent(path.slice("/api/versions?paks=".length)).split(",");
  return { body: { data: asked.map(answerOne) } };
}

function answerOne(pak: string) {
  const error = { code: "PAK_NOT_FOUND", message: `There is no pak ${pak}.` };
  if (!pak.startsWith("acme/csv-tools")) return { pak, error };
  return { pak, repository: null, versions, ...(pak.includes("@") ? { release: releaseOf(pak) } : {}) };
}

const releaseOf = (pak: string) =>
  pak.endsWith("@^0.2")
    ? {
        ...{ account: "acme", name: "csv-tools", version: "0.2.3", kind: "skill", digest: `h1:${"A".repeat(43)}=` },
        ...{ tag: "v0.2.3", commit: "0".repeat(40), tag_object: "0".repeat(40), tree: "0".repeat(40), path: "" },
        ...{ repository: "https://example.com/x", archive_sha256: "0".repeat(64), archive_bytes: 1, file_count: 1 },
        ...{ total_bytes: 1, evidence: "token", released_at: "2026-11-20T23:00:00Z", yanked: false },
        ...{ manifest: {}, warnings: [] },
      }
    : null;

async function openNeeding(dependencies: string): Promise<Lab> {
  const lab = await openLab({ files: { "SKILL.md": needing(dependencies) } });
  lab.registry.override = answerMany;
  return lab;
}

const asked = ({ registry }: Lab): string[] =>
  registry.requests.filter(({ path }) => path.includes("csv-tools") || path.includes("nope")).map(({ path }) => path);

const warnings = (data: Record<string, unknown>): string[] =>
  (data["warnings"] as { code: string; field?: string; message: string }[])
    .filter(({ field }) => field === "dependencies" || field?.startsWith("dependencies."))
    .filter(({ code }) => code.startsWith("DEPENDENCY_"))
    .map(({ code, message }) => `${code} ${message}`);

test("what the registry does not know is said before the release, with one request", async () => {
  const lab = await openNeeding("[acme/csv-tools@^0.2, acme/nope@^1]");
  const data = dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json"]));
  expect(warnings(data)).toEqual([
    `DEPENDENCY_NOT_FOUND ${lab.registry.url} knows no pak acme/nope, which this one depends on.`,
  ]);
  expect(asked(lab)).toHaveLength(1);
  const run = await lab.publish(["--bump", "patch"]);
  expect(run.exit).toBe(0);
  expect(run.stdout).toContain("knows no pak acme/nope");
});

test("of one dependency too it is said, and a pak without a fitting release is told from an unknown one", async () => {
  const lab = await openNeeding("[acme/csv-tools@^3]");
  const data = dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json"]));
  expect(warnings(data)).toEqual([
    `DEPENDENCY_NO_RELEASE ${lab.registry.url} has no release of acme/csv-tools that fits ^3, which this pak depends on.`,
  ]);
  expect(asked(lab)).toHaveLength(1);
});

test("nobody is asked where no registry is told, nor about what is out already", async () => {
  const lab = await openNeeding("[acme/csv-tools@^0.2, acme/nope@^1]");
  await lab.publish(["--skip-registry", "--dry-run"]);
  await lab.publish(["--no-push", "--dry-run"]);
  expect(asked(lab)).toEqual([]);
  dataOfRun(await lab.publish(["--json"]));
  const before = asked(lab).length;
  expect(warnings(dataOfRun(await lab.publish(["--json"])))).toEqual([]);
  expect(asked(lab)).toHaveLength(before);
});

test("a registry that cannot say it stops no release", async () => {
  const lab = await openNeeding("[acme/csv-tools@^0.2, acme/nope@^1]");
  lab.registry.override = ({ path }) =>
    path.startsWith("/api/versions")
      ? { status: 403, body: { error: { code: "FORBIDDEN", message: "Not for you." } } }
      : undefined;
  const data = dataOfRun(await lab.publish(["--json"]));
  expect(warnings(data)).toEqual([
    "DEPENDENCY_UNCHECKED Whether acme/csv-tools@^0.2 can be installed, which this pak depends on, could not be asked: Not for you.",
    "DEPENDENCY_UNCHECKED Whether acme/nope@^1 can be installed, which this pak depends on, could not be asked: Not for you.",
  ]);
});

test("several paks ask once together, and do not miss what is released with them", async () => {
  const lab = await openLab({
    path: "skills/pdf",
    files: {
      "skills/pdf/SKILL.md": needing("[acme/csv@^1, acme/csv-tools@^0.2]"),
      "skills/csv/SKILL.md": needing("[acme/nope@^1]", "csv"),
    },
  });
  lab.registry.override = answerMany;
  const run = await lab.paks(["publish", "--all", "--bump", "patch", "--dry-run"]);
  expect(run.stdout).toContain(`⚠ acme/csv: ${lab.registry.url} knows no pak acme/nope`);
  expect(run.stdout.match(/knows no pak/g)).toHaveLength(1);
  expect(asked(lab)).toHaveLength(1);
});
